"""What a reader sees, without Streamlit; a file here may import analysis, domain and words, never store, files or sources."""
