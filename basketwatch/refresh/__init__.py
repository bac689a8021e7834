"""One run of a refresh: ask, check, keep, judge; a file here may import sources, store, files, analysis and words."""
