"""Chain: a value chain from left to right, and what is expected of it."""

import streamlit as st

from basketwatch.app import controls, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say


def body(snapshot, reader, settings):
    from basketwatch.analysis import chain as measured
    from basketwatch.views import chain as view
    from basketwatch.views import outlook

    lang = reader.lang
    st.html(view.STYLE + outlook.STYLE)
    names = view.labels(snapshot, lang)
    if not names:
        st.info(plain(say("chain_none", lang)))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = controls.choice("chain", names, say("chain_choose", lang), always=True)
        colours = {w: say(f"chain_by_{w}", lang) for w in (*view.WINDOWS, view.PE)}
        colour = controls.choice("colour", colours, say("chain_colour", lang))
        chain = next(c for c in snapshot.universe.chains if c.id == chosen)
        places = measured.places(snapshot, chain)
        known = view.statuses(places, lang)
        status = controls.choice("status", known, say("chain_status", lang)) if len(known) > 1 else ""
    with frame.panel(names[chosen], lang):
        for part in (
            view.legend(snapshot, places, colour, lang),
            view.map_of(snapshot, chain, places, colour, status, lang),
        ):
            st.html(block(part, green_up=reader.green_up))
    expected(snapshot, chain, reader)


def expected(snapshot, chain, reader):
    """Milestones, forecasts, sizes, risks and days."""
    from basketwatch.domain import markets
    from basketwatch.views import outlook

    lang, today = reader.lang, snapshot.now.astimezone(markets.zone_of("CN")).date()
    if outlook.is_empty(chain):
        st.caption(plain(say("chain_no_outlook", lang, file=f"sector_maps/{chain.id}.toml")))
    else:
        left, right = st.columns([58, 42])
        with left.container(border=True, height="stretch"), frame.panel(say("milestones_title", lang), lang):
            title = block(heading(say("milestones_title", lang), say("chain_quoted", lang)))
            st.html(title + block(outlook.timeline(chain, today, lang) + outlook.told(snapshot, chain, today, lang)))
            panel("risks_title", outlook.risks(chain.outlook.risks, lang), lang)
        with right.container(border=True, height="stretch"), frame.panel(say("forecasts_title", lang), lang):
            forecasts(chain, reader)
            for number, size in enumerate(chain.outlook.sizes):
                sized(chain, number, size, lang)
    with frame.panel(say("macro_title", lang), lang):
        panel("macro_title", outlook.macro(snapshot.universe.macro, snapshot.calendars, today, lang), lang)


def panel(title, inner, lang):
    """A heading over finished markup; nothing where there is none."""
    if inner:
        st.html(block(heading(say(title, lang)) + inner))


def forecasts(chain, reader):
    """The lines that can be drawn, all values in words, and what does not fit together."""
    from basketwatch.views import charts, outlook
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


def sized(chain, number, size, lang):
    """A market's size; its inputs can be changed to see what they come to, and nothing is saved."""
    from basketwatch.views import outlook

    panel("sizes_title", outlook.size(size, [factor.value for factor in size.factors], lang), lang)
    with st.expander(say("size_try", lang)):
        values = [
            st.number_input(
                plain(f.name[lang]), min_value=0.0, value=float(f.value), key=f"size_{chain.id}_{number}_{n}"
            )
            for n, f in enumerate(size.factors)
        ]
        low, high = size.computed(tuple(values))
        st.html(block(f"<b>{escape(outlook.number(low))}–{escape(outlook.number(high))} {escape(size.unit[lang])}</b>"))


frame.frame()
frame.page("chain", body)
