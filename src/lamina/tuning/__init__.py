"""A search over settings, on Optuna: `lamina.tune` ([tuning](tuning.md)).

asked.py       what a search is asked for, checked
space.py       where values lie: from the table of settings
folds.py       which rows a trial learns from, and which it is scored on
measures.py    what trials are compared by
trials.py      one trial: the one loop, told to Optuna epoch by epoch
sampling.py    which settings are tried next, and which trials end early
storage.py     where trials are kept; lost.py: what becomes of those whose process is gone
workers.py     this process, or several
tracked.py     what trackers are told; records.py: what people are
searching.py   all of it together; results.py: what was found
"""

from lamina.tuning.results import Search
from lamina.tuning.searching import tune

__all__ = ["Search", "tune"]
