"""The Streamlit entry: draws the frame and runs the page that the reader chose."""

from basketwatch import ui

ui.run_app()
