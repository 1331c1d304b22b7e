"""Columns in, A[0] out: a table of encodings, each learned by summaries that join."""
