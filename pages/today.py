"""Today: how the baskets moved against the indices, which members moved them, and what happened overnight."""

import streamlit as st

from basketwatch.app import controls, data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(seen, who, _here):
    from basketwatch.views import basket, today

    def draw(inner: str) -> None:
        st.html(block(inner, green_up=who.green_up))

    draw(today.benchmarks(seen, who.lang))
    for column, view in zip(st.columns(max(1, len(seen.baskets))), seen.baskets, strict=False):
        with column.container(border=True, height="stretch", key=f"card_{view.basket.id}"):
            st.page_link(
                controls.FOLDER / "basket.py",
                label=plain(today.title(view, who.lang)),
                query_params={"basket": view.basket.id},
            )
            draw(today.card(seen, view, who.lang))
            valuation_link(seen, view, who)
            draw(today.movers(seen, view, who.lang))
    left, right = st.columns([59, 41])
    with left.container(border=True, height="stretch"):
        title, choice = st.columns([5, 4], vertical_alignment="center")
        with title:
            draw(heading(say("map_title", who.lang), say("map_note", who.lang)))
        with choice:
            shown = pick_basket(seen, who)
        if shown:
            draw(today.chain_map(seen, shown, who.lang))
    with right.container(border=True, height="stretch", key="feed"):
        feed(seen, who)
    with st.container(border=True, key="overnight"):
        draw(heading(say("overnight", who.lang)) + today.overnight(seen, who.lang) + basket.beside(seen, who.lang))


def feed(seen, who):
    """What is unusual: new since the reader's last look first, then the loudest; each line leads to its stock."""
    from basketwatch.views import flags

    st.html(flags.STYLE)
    found = flags.feed(seen, who.lang, data.last_look(), green_up=who.green_up)
    st.html(block(heading(say("feed_title", who.lang), found.note)))
    if found.quiet:
        st.html(block(flags.quiet(found)))
    for line in found.lines:
        st.page_link(controls.FOLDER / f"{line.page}.py", label=line.label, query_params=line.query, help=line.hint)
    with st.container(horizontal=True, key="feed_more"):
        for line in found.more:
            st.page_link(controls.FOLDER / f"{line.page}.py", label=line.label, query_params=line.query)


def valuation_link(seen, view, who):
    """The basket's PE in a line that leads to its chart and ledger."""
    from basketwatch.views import pe

    found = seen.basket_valuations.get(view.basket.id)
    if found:
        with st.container(key=f"pe_{view.basket.id}"):
            controls.valuation_link(f"{pe.card_line(found, who.lang)} ›", basket=view.basket.id)


def pick_basket(seen, who):
    """Which basket the map shows."""
    names = {v.basket.id: v.basket.short[who.lang] for v in seen.baskets}
    chosen = controls.choice("map", names, say("choose_basket", who.lang))
    return seen.basket(chosen) if chosen else None


frame.frame()
frame.page("today", body)
