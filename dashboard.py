"""The Streamlit entry: draws the frame and runs the page that the reader chose."""

from basketwatch.app import frame

frame.run_app()
