"""A page as AppTest runs it, and what it wrote."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.stores import PROJECT


def run(page: str, *, cold: bool = False, **query: str) -> AppTest:
    """The page through the entry file (warm) or as the first script of a fresh server (cold)."""
    app = AppTest.from_file(str(PROJECT / (f"pages/{page}.py" if cold else "dashboard.py")), default_timeout=60)
    if page != "today" and not cold:
        app.switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    return app.run()


def html_of(app: AppTest) -> str:
    """All markup of the page."""
    return "\n".join(str(block.proto.body) for block in app.get("html"))
