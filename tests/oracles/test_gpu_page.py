"""The Python blocks of docs/gpu.md run where torch is, with whatever device there is; and its benchmark has a look."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words, folder):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "error"}
    return subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_python_blocks_run(tmp_path):
    text = (ROOT / "docs" / "gpu.md").read_text(encoding="utf-8")
    code = "\n\n".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    done = run("-c", code, folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) > 0.9


def test_the_benchmark_without_a_gpu(tmp_path):
    done = run(str(ROOT / "benchmarks" / "gpu.py"), "--device", "cpu", "--quick", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    for dtype in ("float64", "float32"):
        found = re.search(rf"{dtype}: agrees in (\d+) networks", done.stdout)
        assert found
        assert int(found[1]) >= 28
    assert re.search(r"batch +256: cpu wins ", done.stdout)
