"""Chain: a value chain from left to right, and what is expected of it."""

import streamlit as st

from basketwatch.app import controls, expected, frame
from basketwatch.app.editor import map_text
from basketwatch.views.html import block
from basketwatch.words.text import plain, say


def body(snapshot, reader, settings):
    from basketwatch.analysis import chain as measured
    from basketwatch.views import chain as view
    from basketwatch.views.chain import outlook

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
    expected.draw(snapshot, chain, reader)
    map_text.draw(settings, chain.id, lang)


frame.frame()
frame.page("chain", body)
