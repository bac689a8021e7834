"""Share: a picture or the words of what is shown, to post in a chat; drawn from data, not from the screen."""

import streamlit as st

from basketwatch.app import controls, frame
from basketwatch.app.sharing import drawn, words
from basketwatch.views.html import block, heading
from basketwatch.words.text import plain, say


def body(snapshot, reader, settings):
    from basketwatch.views import cards

    lang = reader.lang
    left, right = st.columns([56, 44])
    with right:
        what = controls.kept_select("card", cards.choices(snapshot, lang), say("share_what", lang))
        themes = {theme: say(f"share_{theme}", lang) for theme in ("light", "dark")}
        theme = controls.choice(
            "card_theme", themes, say("share_theme", lang), default="dark" if reader.dark else "light"
        )
        look = {"dark": theme == "dark", "green_up": reader.green_up}
    with left.container(border=True), frame.panel(say("share_picture", lang), lang):
        picture = drawn(settings, snapshot, what, lang, "png", **look)
        if picture is None:
            st.info(plain(say("card_no_figures", lang, what=what)))
        else:
            st.image(picture.data, caption=plain(picture.alt), width=540)
    with right:
        downloads(settings, snapshot, what, reader, look, picture)
        said(settings, snapshot, what, lang)


def downloads(settings, snapshot, what, reader, look, picture):
    """The picture as a file; SVG and PDF are drawn when they are asked for."""
    if picture is None:
        return
    name = what.replace(":", "-").replace("^", "")
    with st.container(horizontal=True):
        for suffix in ("png", "svg", "pdf"):
            st.download_button(
                suffix.upper(), lambda suffix=suffix: drawn(settings, snapshot, what, reader.lang, suffix, **look).data,
                f"basketwatch-{name}.{suffix}", on_click="ignore", key=f"card_{suffix}",
            )  # fmt: skip
    for sentence in picture.said:
        st.warning(plain(sentence))


def said(settings, snapshot, what, lang):
    """The same in words: plain, or as Markdown."""
    found = words(settings, snapshot, what, lang)
    if found is None:
        return
    kinds = {kind: say(f"share_{kind}", lang) for kind in ("plain", "markdown")}
    kind = controls.choice("card_words", kinds, say("share_words", lang))
    st.html(block(heading(say("share_words", lang), say("share_copy", lang))))
    st.code(found[kind], language=None, wrap_lines=True)


frame.frame()
frame.page("share", body)
