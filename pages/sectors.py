"""Sectors: the 31 Shenwan sectors against the indices and the baskets, one of them close up, and the weekly review."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say


def body(snapshot, reader, settings):
    from basketwatch.views import sectors

    st.html(sectors.STYLE)
    chosen, lang, rows = asked(snapshot, reader), reader.lang, None
    left, right = st.columns([55, 45])
    with left.container(border=True, height="stretch", key="sector_bars"), frame.panel(say("sectors_bars", lang), lang):
        rows, window = bars(snapshot, reader, chosen)
    with right:
        with st.container(border=True, key="sector_card"):
            names = sectors.labels(snapshot, reader.lang)
            st.selectbox(say("sectors_choose", reader.lang), list(names), key="choice_sector", format_func=names.get,
                         label_visibility="collapsed")  # fmt: skip
            with frame.panel(names.get(chosen, chosen), lang):
                st.html(block(sectors.card(snapshot, chosen, lang), green_up=reader.green_up))
        with (
            st.container(border=True, height="stretch", key="review"),
            frame.panel(say("sectors_review", lang), lang),
        ):
            review(snapshot, reader, settings, chosen)
    left, right = st.columns([55, 45])
    with left.container(border=True, height="stretch"), frame.panel(say("panel_rotation", lang), lang):
        drawn(sectors.rotation(snapshot, chosen, lang, dark=reader.dark), "rotation")
    with right.container(border=True, height="stretch"), frame.panel(say("sectors_scatter", lang), lang):
        if rows is not None:
            drawn(sectors.scatter(rows, window, chosen, lang, dark=reader.dark), "scatter")
    with st.expander(say("sectors_table", lang)), frame.panel(say("sectors_table", lang), lang):
        table, columns = sectors.table(snapshot, lang)
        st.dataframe(table, hide_index=True, row_height=30, placeholder="–", column_config=columns)


def asked(snapshot, reader):
    """The sector of the box, else of the URL, else the first of the strip; an unknown one is said."""
    from basketwatch.analysis import weekly

    default, known = weekly.sector_of(snapshot.universe), [s.ticker for s in snapshot.universe.sectors]
    if st.session_state.get("choice_sector") not in known:
        wanted = (st.query_params.get("sector") or default).upper()
        if wanted not in known:
            st.warning(plain(say("sectors_unknown", reader.lang, sector=wanted)))
        st.session_state["choice_sector"] = wanted if wanted in known else default
    chosen = st.session_state["choice_sector"]
    st.query_params["sector"] = chosen
    return chosen


def bars(snapshot, reader, chosen):
    """The sorted bars and their window; a click on a sector's bar opens that sector."""
    from basketwatch.views import sectors

    window = controls.choice("span", sectors.windows(reader.lang), say("sectors_window", reader.lang))
    rows = sectors.board(snapshot, window, reader.lang)
    key = f"bars_{window}_{chosen}"  # a new chart for each sector: nothing stays marked as clicked
    panel = sectors.bars(snapshot, rows, window, chosen, reader.lang, dark=reader.dark, green_up=reader.green_up)
    drawn(panel, key, on_select=lambda: clicked(key, sectors.labels(snapshot, reader.lang)), selection_mode="points")
    st.html(block(sectors.key(reader.lang)))
    return rows, window


def clicked(key, known):
    """Make the clicked bar's sector the chosen one; an index or a basket stays what it is."""
    points = st.session_state[key]["selection"]["points"]
    if points and points[0].get("customdata") in known:
        st.session_state["choice_sector"] = points[0]["customdata"]


def drawn(panel, key, **how):
    """Heading and note, a warning where there is one, and the chart."""
    from basketwatch.views import charts

    if panel.note:
        st.html(block(heading(panel.title, panel.note)))
    if panel.warning:
        st.html(block(f'<span class="amber">{escape(panel.warning)}</span>'))
    st.plotly_chart(panel.figure, config=charts.CONFIG, theme=None, key=key, alt=panel.title, **how)


def review(snapshot, reader, settings, chosen):
    """The weekly review in the reader's language, with a copy button."""
    from basketwatch.views import sectors

    week = sectors.week_of(snapshot)
    then = snapshot if week is None or week.at == snapshot.now else data.past_snapshot(settings, week.at)
    title, text = sectors.review(then, week, chosen, reader.lang)
    st.html(block(heading(title, say("sectors_review_copy", reader.lang))))
    st.code(text, language=None, wrap_lines=True)
    st.html(block(sectors.review_notes(then, week, chosen, reader.lang)))


frame.frame()
frame.page("sectors", body)
