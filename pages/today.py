"""Today: how the baskets moved against the indices, which members moved them, and what happened overnight."""

import streamlit as st

from basketwatch import ui
from basketwatch.markup import block, heading
from basketwatch.text import plain, say


def body(seen, who, _here):
    from basketwatch import panels

    def draw(inner: str) -> None:
        st.html(block(inner, green_up=who.green_up))

    draw(panels.benchmarks(seen, who.lang))
    for column, view in zip(st.columns(max(1, len(seen.baskets))), seen.baskets, strict=False):
        with column.container(border=True, height="stretch", key=f"card_{view.basket.id}"):
            st.page_link(
                ui.FOLDER / "basket.py",
                label=plain(panels.title(view, who.lang)),
                query_params={"basket": view.basket.id},
            )
            draw(panels.card(seen, view, who.lang))
    left, right = st.columns([64, 36])
    with left.container(border=True, height="stretch"):
        title, choice = st.columns([5, 4], vertical_alignment="center")
        with title:
            draw(heading(say("map_title", who.lang), say("map_note", who.lang)))
        with choice:
            shown = pick_basket(seen, who)
        if shown:
            draw(panels.chain_map(seen, shown, who.lang))
    with right.container(border=True, height="stretch"):
        inner = panels.overnight(seen, who.lang) + panels.beside(seen, who.lang)
        draw(heading(say("overnight", who.lang)) + inner)


def pick_basket(seen, who):
    """Which basket the map shows."""
    names = {v.basket.id: v.basket.short[who.lang] for v in seen.baskets}
    chosen = ui.choice("map", names, say("choose_basket", who.lang))
    return seen.basket(chosen) if chosen else None


ui.frame()
ui.page("today", body)
