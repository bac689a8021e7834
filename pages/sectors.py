"""Sectors: the 31 Shenwan sectors against the indices and the baskets, one of them close up, and the weekly review."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape, plain, say


def body(seen, who, here):
    from basketwatch.views import sectors

    st.html(sectors.STYLE)
    chosen = asked(seen, who)
    left, right = st.columns([55, 45])
    with left.container(border=True, height="stretch", key="sector_bars"):
        rows, window = bars(seen, who, chosen)
    with right:
        with st.container(border=True, key="sector_card"):
            names = sectors.labels(seen, who.lang)
            st.selectbox(say("sectors_choose", who.lang), list(names), key="choice_sector", format_func=names.get,
                         label_visibility="collapsed")  # fmt: skip
            st.html(block(sectors.card(seen, chosen, who.lang), green_up=who.green_up))
        with st.container(border=True, height="stretch", key="review"):
            review(seen, who, here, chosen)
    left, right = st.columns([55, 45])
    with left.container(border=True, height="stretch"):
        drawn(sectors.rotation(seen, chosen, who.lang, dark=who.dark), "rotation")
    with right.container(border=True, height="stretch"):
        drawn(sectors.scatter(rows, window, chosen, who.lang, dark=who.dark), "scatter")
    with st.expander(say("sectors_table", who.lang)):
        frame, columns = sectors.table(seen, who.lang)
        st.dataframe(frame, hide_index=True, row_height=30, placeholder="–", column_config=columns)


def asked(seen, who):
    """The sector of the box, else of the URL, else the first of the strip; an unknown one is said."""
    from basketwatch.analysis import weekly

    default, known = weekly.sector_of(seen.house), [s.ticker for s in seen.house.sectors]
    if st.session_state.get("choice_sector") not in known:
        wanted = (st.query_params.get("sector") or default).upper()
        if wanted not in known:
            st.warning(plain(say("sectors_unknown", who.lang, sector=wanted)))
        st.session_state["choice_sector"] = wanted if wanted in known else default
    chosen = st.session_state["choice_sector"]
    st.query_params["sector"] = chosen
    return chosen


def bars(seen, who, chosen):
    """The sorted bars and their window; a click on a sector's bar opens that sector."""
    from basketwatch.views import sectors

    window = controls.choice("span", sectors.windows(who.lang), say("sectors_window", who.lang))
    rows = sectors.board(seen, window, who.lang)
    key = f"bars_{window}_{chosen}"  # a new chart for each sector: nothing stays marked as clicked
    part = sectors.bars(seen, rows, window, chosen, who.lang, dark=who.dark, green_up=who.green_up)
    drawn(part, key, on_select=lambda: clicked(key, sectors.labels(seen, who.lang)), selection_mode="points")
    st.html(block(sectors.key(who.lang)))
    return rows, window


def clicked(key, known):
    """Make the clicked bar's sector the chosen one; an index or a basket stays what it is."""
    points = st.session_state[key]["selection"]["points"]
    if points and points[0].get("customdata") in known:
        st.session_state["choice_sector"] = points[0]["customdata"]


def drawn(part, key, **how):
    """Heading and note, a warning where there is one, and the chart."""
    from basketwatch.views import charts

    if part.note:
        st.html(block(heading(part.title, part.note)))
    if part.warning:
        st.html(block(f'<span class="amber">{escape(part.warning)}</span>'))
    st.plotly_chart(part.figure, config=charts.CONFIG, theme=None, key=key, alt=part.title, **how)


def review(seen, who, here, chosen):
    """The weekly review in the reader's language, with a copy button."""
    from basketwatch.views import sectors

    week = sectors.week_of(seen)
    then = seen if week is None or week.at == seen.now else data.past_picture(here, week.at)
    title, text = sectors.review(then, week, chosen, who.lang)
    st.html(block(heading(title, say("sectors_review_copy", who.lang))))
    st.code(text, language=None, wrap_lines=True)
    st.html(block(sectors.review_notes(then, week, chosen, who.lang)))


frame.frame()
frame.page("sectors", body)
