"""What only the browser itself can do: fetch the session cookie, drop it, and remember a theme."""

import itertools
from typing import Any

import streamlit as st

ORDER = "shell.order"
_numbers = itertools.count(1)

# The theme's place in the browser is Streamlit's own; it is kept for each path a page was loaded from.
_SCRIPT = """
const done = (window.__askwellDone = window.__askwellDone || new Set());
const paths = ["/", "/history", "/models", "/connections", "/admin"];

async function call(path, ticket) {
  await fetch(path, { method: "POST", headers: { "X-Askwell-Ticket": ticket }, credentials: "same-origin" });
}

function remember(theme) {
  for (const path of paths) {
    window.localStorage.setItem(`stActiveTheme-${path}-v2`, JSON.stringify(theme));
  }
}

export default function (component) {
  const order = component.data;
  if (!order || done.has(order.id)) return;
  done.add(order.id);
  if (order.do === "start") call("/session/start", order.ticket);
  if (order.do === "end") call("/session/end", "end").then(() => window.location.assign("/"));
  if (order.do === "theme") { remember(order.theme); window.location.reload(); }
}
"""


def tell(do: str, **what: Any) -> None:
    """Give the browser an order; it is carried out once, when the page is drawn next."""
    st.session_state[ORDER] = {"id": f"{id(st.session_state)}-{next(_numbers)}", "do": do, **what}


def mount() -> None:
    """Draw the invisible part that carries orders out. Call it once on every run."""
    component = st.components.v2.component("askwell_browser", js=_SCRIPT)
    component(key="shell.browser", data=st.session_state.get(ORDER), height=1)
