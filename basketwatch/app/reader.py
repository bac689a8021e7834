"""Who reads: language and colours, and the settings of this server."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from basketwatch import clock
from basketwatch.app.data import demo_market
from basketwatch.settings import read_settings

if TYPE_CHECKING:
    from basketwatch.settings import Settings


@dataclass(frozen=True)
class Reader:
    """How this reader wants to see the pages."""

    lang: str
    green_up: bool

    @property
    def dark(self) -> bool:
        return st.context.theme.type == "dark"


def current_reader() -> Reader:
    """Language (the reader's choice, else BASKETWATCH_LANG, else the browser's) and colour convention."""
    chosen = st.session_state.get("choice_lang") or st.query_params.get("lang")
    up = st.session_state.get("choice_up") or st.query_params.get("up")
    return Reader(chosen if chosen in ("zh", "en") else own_language(), up == "green")


def own_language() -> str:
    wanted = os.environ.get("BASKETWATCH_LANG") or st.context.locale or "en"
    return "zh" if wanted.lower().startswith("zh") else "en"


def current_settings() -> Settings:
    """Settings of this reader: the server's, or the demo market's where this reader asked to see it."""
    wanted = st.query_params.get("demo") == "1" or st.session_state.get("demo", False)
    if not wanted or read_settings().demo:
        clock.hold(None)
        return read_settings()
    st.session_state["demo"] = True
    settings = read_settings(demo=True)
    clock.hold(demo_market(settings))
    return settings
