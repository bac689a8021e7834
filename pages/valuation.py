"""Valuation: dear or cheap against which of its own years, what stands behind the number, and everything side by side."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(snapshot, reader, settings):
    from basketwatch.views import valuation

    names = valuation.subjects(snapshot, reader.lang)
    if not any(one.bands for one in snapshot.valuations.values()):
        st.info(plain(say("pe_empty", reader.lang)))
    if not names:
        return
    left, right = st.columns([60, 40])
    with left:
        frame.fragment(
            settings, reader, say("page_valuation", reader.lang), lambda: detail(snapshot, names, reader, settings)
        )
    with right, frame.panel(say("pe_board", reader.lang), reader.lang):
        board(snapshot, reader)


def detail(snapshot, names, reader, settings):
    """One series: the controls, what it says in words, the chart, every window, the ledger."""
    from basketwatch.views import charts, pe, valuation

    subject, lang = controls.subject(names, reader.lang), reader.lang
    with st.container(horizontal=True, gap="small"):
        labels = {w: say(f"pe_window_{w}", lang) for w in valuation.SHOWN}
        window = controls.choice("pe_window", labels, say("pe_window", lang), default=pe.USUAL)
        looks = {k: say(f"pe_chart_{k}", lang) for k in valuation.looks(subject)}
        look = controls.choice("pe_chart", looks, say("pe_chart", lang))
        every = valuation.choices(snapshot, subject, lang)
        which = controls.choice("pe_series", every, say("pe_series", lang)) if len(every) > 1 else next(iter(every))
    series = read(snapshot, subject, which, lang, settings)
    st.html(block(valuation.head(series, window, lang) + valuation.words(series, window, lang)))
    figure = valuation.chart(series, window, look, lang, dark=reader.dark)
    if figure is None:
        st.info(plain(say("pe_no_channel" if len(series.history) else "pe_no_chart", lang)))
    else:
        st.plotly_chart(figure, config=charts.CONFIG, theme=None, key="band", alt=f"{series.name} PE")
        st.caption(plain(valuation.chart_note(series, window, look, lang)))
    behind(snapshot, series, window, lang)


def read(snapshot, subject, which, lang, settings):
    """The series with its stored history."""
    from basketwatch.views import valuation

    if subject in snapshot.basket_valuations:
        return valuation.open_basket(snapshot, subject, which, lang)
    histories = data.histories_of(settings, snapshot.valuations[subject].key.ticker, snapshot)
    closes = data.closes_of(settings, subject, snapshot.version)
    return valuation.open_series(snapshot, subject, which, histories, closes, lang)


def behind(snapshot, series, window, lang):
    """Every window of the series, and where its numbers come from; for a basket member by member."""
    from basketwatch.views import pe, valuation

    left, right = st.columns(2)
    left.html(block(valuation.windows(series.bands, window, lang)))
    right.html(block(heading(say("pe_ledger", lang)) + series.ledger))
    view = snapshot.basket(series.subject)
    if view:
        with st.expander(say("pe_members", lang)):
            st.html(block(pe.members(snapshot, list(view.table.index), lang)))


def board(snapshot, reader):
    """Everything with a PE; a row opens it."""
    from basketwatch.app import columns as tables
    from basketwatch.views import valuation

    frame, columns = tables.board(snapshot, reader.lang, dark=reader.dark)

    def opened():
        rows = st.session_state["board"]["selection"]["rows"]
        if rows:
            st.session_state[controls.SUBJECT] = st.session_state["_row"] = frame.index[rows[0]]

    st.html(block(heading(say("pe_board", reader.lang), say("pe_board_note", reader.lang))))
    st.dataframe(
        frame, hide_index=True, placeholder="–", row_height=30, column_config=columns, on_select=opened, key="board",
        selection_mode="single-row", height=min(38 + 30 * len(frame.index), 820), alt=say("pe_board", reader.lang),
    )  # fmt: skip
    row = st.session_state.get("_row")
    if row and row == st.session_state.get(controls.SUBJECT):
        with st.container(key="board_open"):
            st.html(block(valuation.to_top(frame.data.loc[row, "name"], reader.lang)))


frame.frame()
frame.page("valuation", body)
