"""Streamlit and the server; a file here may import views, analysis, files, words and the store for reading, never refresh or sources."""
