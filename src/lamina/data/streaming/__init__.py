"""Rows that are not in memory, on their way to examples."""
