"""A source whose numbers are invented: the demo market; a file here may import domain and the ground."""
