"""The server: pages, routes and headers on one port. `streamlit run app.py`, or `python -m core serve`."""

from pathlib import Path

import streamlit as st

from core.api.asgi import ROUTES, careful, middleware

app = st.App(
    str(Path(__file__).resolve().parent / "pages" / "_shell.py"),
    routes=ROUTES,
    lifespan=careful(st.get_option),
    middleware=middleware(),
)
