"""The report: one page that says what a model is, how it learned, and how good it is on given rows."""
