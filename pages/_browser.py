"""What only the browser itself can do: fetch the session cookie, drop it, and remember a theme."""

import itertools
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest
from streamlit.runtime import Runtime

ORDER = "shell.order"
_numbers = itertools.count(1)

HERE = Path(__file__).resolve().parent
NAME, SCRIPT = "askwell.browser", "browser.js"


def tell(do: str, **what: Any) -> None:
    """Give the browser an order; it is carried out once, when the page is drawn next."""
    st.session_state[ORDER] = {"id": f"{id(st.session_state)}-{next(_numbers)}", "do": do, **what}


def mount() -> None:
    """Draw the invisible part that carries orders out. Call it once on every run.

    Its script is fetched from this server like every other: the pages' policy lets nothing else run.
    """
    script = SCRIPT if _is_served() else (HERE / "browser" / SCRIPT).read_text(encoding="utf-8")
    component = st.components.v2.component(NAME, js=script)
    component(key="shell.browser", data=st.session_state.get(ORDER), height=1)


def _is_served() -> bool:
    """Have the server give the script out; False where there is no server, as when a page is only tried."""
    if not Runtime.exists():
        return False
    parts = get_bidi_component_manager()
    if parts.get_component_asset_root(NAME) is None:
        package, _, name = NAME.partition(".")
        parts.register_from_manifest(ComponentManifest(package, "1", [ComponentConfig(name, "browser")]), HERE)
    return True
