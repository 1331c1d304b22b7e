"""A script: a fit on a Ray cluster that is there, `python elastic.py ADDRESS EPOCHS`; a line of JSON for what happens.

The first line has the bits of a group of one. Epochs are slow while there is a file "slow" in the folder.
"""

import json
import sys
import time
from functools import partial
from pathlib import Path

from faults import work


class Told:
    """Says how often the workers were started, how many they are, and in which epoch they all are."""

    def __init__(self):
        self._last = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return

    def update(self, news):
        epochs = [one["epoch"] for one in news.facts.values()]
        now = {"starts": news.starts, "workers": len(epochs), "epoch": min(epochs, default=0)}
        if now != self._last:
            self._last = now
            print(json.dumps(now), flush=True)


def main(address, epochs):
    from lamina.cluster.launching import launched

    print(json.dumps(launched("local[1]", partial(work, pause=0, epochs=int(epochs)))), flush=True)
    began = time.monotonic()
    found = launched(address, partial(work, epochs=int(epochs), place=str(Path.cwd() / "run")), shown=Told())
    print(json.dumps({**found, "seconds": round(time.monotonic() - began, 1)}), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
