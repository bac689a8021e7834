"""The lower half of the Chain page: what people expect of a chain, quoted and held against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from basketwatch.app import frame
from basketwatch.domain import markets
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say

if TYPE_CHECKING:
    from basketwatch.analysis.snapshot import Snapshot
    from basketwatch.app.reader import Reader
    from basketwatch.domain.model import Chain
    from basketwatch.domain.outlook import Size


def draw(snapshot: Snapshot, chain: Chain, reader: Reader) -> None:
    """Milestones, forecasts, sizes, risks and days."""
    from basketwatch.views.chain import outlook

    lang, today = reader.lang, snapshot.now.astimezone(markets.zone_of("CN")).date()
    if outlook.is_empty(chain):
        st.caption(plain(say("chain_no_outlook", lang, file=f"sector_maps/{chain.id}.toml")))
    else:
        left, right = st.columns([58, 42])
        with left.container(border=True, height="stretch"), frame.panel(say("milestones_title", lang), lang):
            title = block(heading(say("milestones_title", lang), say("chain_quoted", lang)))
            st.html(title + block(outlook.timeline(chain, today, lang) + outlook.told(snapshot, chain, today, lang)))
            _panel("risks_title", outlook.risks(chain.outlook.risks, lang), lang)
        with right.container(border=True, height="stretch"), frame.panel(say("forecasts_title", lang), lang):
            _forecasts(chain, reader)
            for number, size in enumerate(chain.outlook.sizes):
                _sized(chain, number, size, lang)
    with frame.panel(say("macro_title", lang), lang):
        _panel("macro_title", outlook.macro(snapshot.universe.macro, snapshot.calendars, today, lang), lang)


def _panel(title: str, inner: str, lang: str) -> None:
    """A heading over finished markup; nothing where there is none."""
    if inner:
        st.html(block(heading(say(title, lang)) + inner))


def _forecasts(chain: Chain, reader: Reader) -> None:
    """The lines that can be drawn, all values in words, and what does not fit together."""
    from basketwatch.views import charts
    from basketwatch.views.chain import outlook
    from basketwatch.views.charts import outlook as figures

    lang, rows = reader.lang, outlook.drawable(chain)
    if not chain.outlook.forecasts:
        return
    note = say("forecasts_log", lang)
    st.html(block(heading(say("forecasts_title", lang), f"{rows[0].unit[lang]} · {note}" if rows else "")))
    if rows:
        title = say("forecasts_title", lang)
        st.plotly_chart(
            figures.forecasts(rows, lang, dark=reader.dark),
            config=charts.CONFIG,
            theme=None,
            key="forecasts",
            alt=title,
        )
    st.html(block(outlook.doubts(chain, lang) + outlook.forecasts(chain, lang)))


def _sized(chain: Chain, number: int, size: Size, lang: str) -> None:
    """A market's size; its inputs can be changed to see what they come to, and nothing is saved."""
    from basketwatch.views.chain import outlook

    _panel("sizes_title", outlook.size(size, [factor.value for factor in size.factors], lang), lang)
    with st.expander(say("size_try", lang)):
        values = [
            st.number_input(
                plain(f.name[lang]), min_value=0.0, value=float(f.value), key=f"size_{chain.id}_{number}_{n}"
            )
            for n, f in enumerate(size.factors)
        ]
        low, high = size.computed(tuple(values))
        st.html(block(f"<b>{escape(outlook.number(low))}–{escape(outlook.number(high))} {escape(size.unit[lang])}</b>"))
