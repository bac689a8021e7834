"""Edit: who is in a basket, why and since when; a draft first, then the difference in words, then the file."""

from basketwatch.app import frame
from basketwatch.words.text import say


def body(store, reader, settings):
    from basketwatch.app.editor import grid

    with frame.panel(say("page_edit", reader.lang), reader.lang):
        grid.draw(store, reader, settings)


frame.frame()
frame.page_of_files("edit", body)
