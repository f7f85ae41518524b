"""Each command's words: `bailee X` stands in `X.py`. What it does is imported when it runs, so starting stays quick."""
