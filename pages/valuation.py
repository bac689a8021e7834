"""Valuation: dear or cheap against which of its own years, what stands behind the number, and everything side by side."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(seen, who, here):
    from basketwatch.views import valuation

    names = valuation.subjects(seen, who.lang)
    if not any(one.bands for one in seen.valuations.values()):
        st.info(plain(say("pe_empty", who.lang)))
    if not names:
        return
    left, right = st.columns([60, 40])
    with left:
        frame.part(here, who, lambda: detail(seen, names, who, here))
    with right:
        board(seen, who)


def detail(seen, names, who, here):
    """One series: the controls, what it says in words, the chart, every window, the ledger."""
    from basketwatch.views import charts, pe, valuation

    subject, lang = controls.subject(names, who.lang), who.lang
    with st.container(horizontal=True, gap="small"):
        labels = {w: say(f"pe_window_{w}", lang) for w in valuation.SHOWN}
        window = controls.choice("pe_window", labels, say("pe_window", lang), default=pe.USUAL)
        looks = {k: say(f"pe_chart_{k}", lang) for k in valuation.looks(subject)}
        look = controls.choice("pe_chart", looks, say("pe_chart", lang))
        every = valuation.choices(seen, subject, lang)
        which = controls.choice("pe_series", every, say("pe_series", lang)) if len(every) > 1 else next(iter(every))
    opened = read(seen, subject, which, lang, here)
    st.html(block(valuation.head(opened, window, lang) + valuation.words(opened, window, lang)))
    figure = valuation.chart(opened, window, look, lang, dark=who.dark)
    if figure is None:
        st.info(plain(say("pe_no_channel" if len(opened.history) else "pe_no_chart", lang)))
    else:
        st.plotly_chart(figure, config=charts.CONFIG, theme=None, key="band", alt=f"{opened.name} PE")
        st.caption(plain(valuation.chart_note(opened, window, look, lang)))
    behind(seen, opened, window, lang)


def read(seen, subject, which, lang, here):
    """The series with its stored history."""
    from basketwatch.views import valuation

    if subject in seen.basket_valuations:
        return valuation.open_basket(seen, subject, which, lang)
    histories = data.histories_of(here, seen.valuations[subject].key.ticker, seen)
    closes = data.closes_of(here, subject, seen.version)
    return valuation.open_series(seen, subject, which, histories, closes, lang)


def behind(seen, opened, window, lang):
    """Every window of the series, and where its numbers come from; for a basket member by member."""
    from basketwatch.views import pe, valuation

    left, right = st.columns(2)
    left.html(block(valuation.windows(opened.bands, window, lang)))
    right.html(block(heading(say("pe_ledger", lang)) + opened.ledger))
    view = seen.basket(opened.subject)
    if view:
        with st.expander(say("pe_members", lang)):
            st.html(block(pe.members(seen, list(view.table.index), lang)))


def board(seen, who):
    """Everything with a PE; a row opens it."""
    from basketwatch.app import columns as tables
    from basketwatch.views import valuation

    frame, columns = tables.board(seen, who.lang, dark=who.dark)

    def opened():
        rows = st.session_state["board"]["selection"]["rows"]
        if rows:
            st.session_state[controls.SUBJECT] = st.session_state["_row"] = frame.index[rows[0]]

    st.html(block(heading(say("pe_board", who.lang), say("pe_board_note", who.lang))))
    st.dataframe(
        frame, hide_index=True, placeholder="–", row_height=30, column_config=columns, on_select=opened, key="board",
        selection_mode="single-row", height=min(38 + 30 * len(frame.index), 820), alt=say("pe_board", who.lang),
    )  # fmt: skip
    row = st.session_state.get("_row")
    if row and row == st.session_state.get(controls.SUBJECT):
        with st.container(key="board_open"):
            st.html(block(valuation.to_top(frame.data.loc[row, "name"], who.lang)))


frame.frame()
frame.page("valuation", body)
