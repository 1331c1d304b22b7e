"""How the test libraries behave in every test."""

import os
import signal

from hypothesis import settings

os.environ.setdefault("MPLBACKEND", "Agg")  # plots without a screen

# No deadline: a busy machine says nothing about the code. In CI the same examples every time.
settings.register_profile("lamina", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("lamina")

# A shell that runs the tests in the background has SIGINT ignored, in them and in the processes that they start.
signal.signal(signal.SIGINT, signal.default_int_handler)
