"""`lamina.lab`: the page on a learner's own variables, in a notebook or in a browser."""
