"""Rows of named columns, from wherever they come: memory, files, streams."""
