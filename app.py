"""The server: pages, routes and headers on one port. `streamlit run app.py`, or `python -m core serve`."""

from pathlib import Path

import streamlit as st

from core.api.asgi import ROUTES, careful, middleware
from core.security.single_sign_on import streamlit_secrets
from core.settings import read_settings
from pages._broken import broken

app = st.App(
    str(Path(__file__).resolve().parent / "pages" / "_shell.py"),
    secrets=streamlit_secrets(read_settings()),
    routes=ROUTES,
    lifespan=careful(st.get_option),
    middleware=middleware(),
    on_script_error=broken,
)
