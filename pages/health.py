"""Health: which source answers, what is missing, what is wrong in the files."""

import streamlit as st

from basketwatch.app import data, frame
from basketwatch.views.html import block, heading
from basketwatch.words.text import escape


def body(snapshot, reader, settings):
    from basketwatch.views import health

    found = health.look(data.health_of(settings, snapshot), snapshot, reader.lang)
    st.html(block(f'<p class="soft">{escape(found.last_run)}</p>'))
    for title, table, empty in found.tables:
        st.html(block(heading(title)))
        if len(table):
            st.dataframe(
                table, hide_index=True, row_height=30, height="content" if len(table) <= 12 else 400, alt=title
            )
        else:
            st.html(block(f'<p class="soft">{escape(empty)}</p>'))


frame.frame()
frame.page("health", body)
