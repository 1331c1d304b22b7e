"""The exit codes of every command."""

from lamina.interrupts import CTRL_C

DONE = 0
FAILED = 1  # an error in the data, the settings or a file
USAGE = 2  # the command line itself is wrong
SIGNALS = {"SIGHUP": 129, CTRL_C: 130, "SIGTERM": 143}  # 128 and the signal's number
INTERRUPTED = SIGNALS[CTRL_C]
