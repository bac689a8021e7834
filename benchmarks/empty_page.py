"""A page with nothing on it: what Streamlit itself costs a new tab."""

from __future__ import annotations
