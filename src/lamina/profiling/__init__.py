"""What a table is like, before anything is trained on it: one pass over its rows, by summaries that join."""
