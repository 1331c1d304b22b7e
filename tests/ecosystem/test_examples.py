"""The examples with other libraries run without a warning of ours, and say something: `make ecosystem`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
WRITES = {"oversampling.py": set(), "shap_values.py": {"waterfall.png"}, "skrub_tables.py": set(), "fairness.py": set()}
# What the libraries themselves are warned of by pandas and matplotlib is not for us to mend.
THEIRS = ",".join(f"ignore::{kind}" for kind in ("PendingDeprecationWarning", "DeprecationWarning", "FutureWarning"))


@pytest.mark.parametrize("script", WRITES)
def test_it_runs(script, tmp_path):
    done = subprocess.run(
        [sys.executable, EXAMPLES / script],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": f"error,{THEIRS}"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert {file.name for file in tmp_path.iterdir()} == WRITES[script]
