"""How the test libraries behave in every test."""

import os

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # plots without a screen

# No deadline: a busy machine says nothing about the code. In CI the same examples every time.
settings.register_profile("lamina", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lamina")
