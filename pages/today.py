"""Today: how the baskets moved against the indices, which members moved them, and what happened overnight."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(snapshot, reader, _here):
    from basketwatch.views import basket, today

    def draw(inner: str) -> None:
        st.html(block(inner, green_up=reader.green_up))

    with frame.panel(say("panel_benchmarks", reader.lang), reader.lang):
        draw(today.benchmarks(snapshot, reader.lang))
    for column, view in zip(st.columns(max(1, len(snapshot.baskets))), snapshot.baskets, strict=False):
        with (
            column.container(border=True, height="stretch", key=f"card_{view.basket.id}"),
            frame.panel(view.basket.short[reader.lang], reader.lang),
        ):
            st.page_link(
                controls.FOLDER / "basket.py",
                label=plain(today.title(view, reader.lang)),
                query_params={"basket": view.basket.id},
            )
            draw(today.card(snapshot, view, reader.lang))
            valuation_link(snapshot, view, reader)
            draw(today.movers(snapshot, view, reader.lang))
    left, right = st.columns([59, 41])
    with left.container(border=True, height="stretch"), frame.panel(say("map_title", reader.lang), reader.lang):
        title, choice = st.columns([5, 4], vertical_alignment="center")
        with title:
            draw(heading(say("map_title", reader.lang), say("map_note", reader.lang)))
        with choice:
            shown = pick_basket(snapshot, reader)
        if shown:
            draw(today.chain_map(snapshot, shown, reader.lang))
    with (
        right.container(border=True, height="stretch", key="feed"),
        frame.panel(say("feed_title", reader.lang), reader.lang),
    ):
        feed(snapshot, reader)
    with st.container(border=True, key="overnight"), frame.panel(say("overnight", reader.lang), reader.lang):
        draw(
            heading(say("overnight", reader.lang))
            + today.overnight(snapshot, reader.lang)
            + basket.beside(snapshot, reader.lang)
        )


def feed(snapshot, reader):
    """What is unusual: new since the reader's last look first, then the loudest; each line leads to its stock."""
    from basketwatch.views import flags

    st.html(flags.STYLE)
    found = flags.feed(snapshot, reader.lang, data.last_look(), green_up=reader.green_up)
    st.html(block(heading(say("feed_title", reader.lang), found.note)))
    if found.empty_title:
        st.html(block(flags.empty(found)))
    for line in found.lines:
        st.page_link(controls.FOLDER / f"{line.page}.py", label=line.label, query_params=line.query, help=line.hint)
    with st.container(horizontal=True, key="feed_more"):
        for line in found.more:
            st.page_link(controls.FOLDER / f"{line.page}.py", label=line.label, query_params=line.query)


def valuation_link(snapshot, view, reader):
    """The basket's PE in a line that leads to its chart and ledger."""
    from basketwatch.views import pe

    found = snapshot.basket_valuations.get(view.basket.id)
    if found:
        with st.container(key=f"pe_{view.basket.id}"):
            controls.valuation_link(f"{pe.card_line(found, reader.lang)} ›", basket=view.basket.id)


def pick_basket(snapshot, reader):
    """Which basket the map shows."""
    names = {v.basket.id: v.basket.short[reader.lang] for v in snapshot.baskets}
    chosen = controls.choice("map", names, say("choose_basket", reader.lang))
    return snapshot.basket(chosen) if chosen else None


frame.frame()
frame.page("today", body)
