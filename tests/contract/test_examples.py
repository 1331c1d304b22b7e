"""Every script of examples/ runs, in a folder of its own, without a warning, and says something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"
# They need Ray, and the libraries around scikit-learn: tests/cluster, tests/ecosystem.
ELSEWHERE = {"cluster.py", "oversampling.py", "shap_values.py", "skrub_tables.py", "fairness.py"}
ALL = sorted(EXAMPLES.glob("*.py"))
SCRIPTS = [file for file in ALL if file.name not in ELSEWHERE]
WRITES = {"tables.py": {"income.lamina"}, "importance.py": {"permutation.png", "dependence.png", "explanation.png"}}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_it_runs(script, tmp_path):
    done = subprocess.run(
        [sys.executable, script],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "Agg", "PYTHONWARNINGS": "error"},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout
    assert {file.name for file in tmp_path.iterdir()} == WRITES.get(script.name, set())
    assert all(file.stat().st_size > 1000 for file in tmp_path.iterdir())


def test_the_list_names_every_script():
    text = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert SCRIPTS
    assert [script.name for script in ALL if f"| [{script.name}]({script.name}) |" not in text] == []
