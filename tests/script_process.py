"""Scripts that the lab wrote, run in a process of their own."""

import subprocess
import sys
from typing import NamedTuple

import numpy as np

RUN_ALL = """
import runpy, sys, io, contextlib, os
import numpy as np
for folder in sys.argv[1:]:
    os.chdir(folder)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        found = runpy.run_path("script.py")
    np.savez("found.npz", **found["parameters"], **found["grads"], cost=found["cost"])
    open("out.txt", "w").write(out.getvalue())
print([name for name in sys.modules if name.split(".")[0] in ("lamina", "scipy")])
"""


class Ran(NamedTuple):
    """What a script left."""

    arrays: dict  # its parameters, derivatives and cost
    printed: str


def run_scripts(scripts, folder):
    """Run scripts, pairs of code and files, one after the other in one fresh process.

    Returns
    -------
    list of Ran
    list of str
        Which modules of lamina and SciPy were imported.
    """
    places = []
    for k, (code, files) in enumerate(scripts):
        place = folder / str(k)
        place.mkdir()
        (place / "script.py").write_text(code, encoding="utf-8")
        for name, content in files.items():
            (place / name).write_bytes(content)
        places.append(place)
    words = [sys.executable, "-c", RUN_ALL, *map(str, places)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = [Ran(dict(np.load(place / "found.npz")), (place / "out.txt").read_text()) for place in places]
    return found, eval(done.stdout)
