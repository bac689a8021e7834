"""The least that Streamlit can show: a title."""

from __future__ import annotations

import streamlit as st

st.title("One line")
