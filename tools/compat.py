"""Run tests with other versions than the locked ones: `make lowest`, `make compat`.

A cell of the matrix is an interpreter and the libraries beside it. Its environment lies in build/compat/ and is used
again until what it is made of changes. The package in it is a wheel of build/wheels, as users get it. A line is printed
for each cell; what its tests said is in build/compat/CELL.log.
"""

import hashlib
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import interpreters

ROOT = Path(__file__).parents[1]
PLACE = ROOT / "build" / "compat"
UV = Path(sys.executable).parent / "uv"
LOWEST = ROOT / "requirements" / "lowest.lock"
SHOWN = ("numpy", "scipy", "scikit-learn", "pandas", "pyarrow", "narwhals")


@dataclass(frozen=True)
class Cell:
    """An interpreter, and the libraries that are held to a version; the others are the newest that fit."""

    python: str
    held: tuple[str, ...] = ()
    lock: Path | None = None  # instead: exactly these

    def installation(self, folder: Path) -> list[list[str | Path]]:
        """Return the arguments of `uv pip install`, call by call."""
        if self.lock:
            return [["--require-hashes", "-r", self.lock]]
        (folder / "held.txt").write_text("\n".join(self.held))
        return [["-r", ROOT / "pyproject.toml", "--extra", "dev", "--constraint", folder / "held.txt"]]

    def made_of(self) -> str:
        """Return a digest that changes where the environment must be made anew."""
        text = repr(self) + (ROOT / "pyproject.toml").read_text() + (self.lock.read_text() if self.lock else "")
        return hashlib.sha256(text.encode()).hexdigest()


def environment(name: str, cell: Cell, python: Path) -> Path:
    """Return the folder of a cell's environment, making or renewing it where that is needed."""
    folder = PLACE / name
    stamp = folder / "made-of"
    if not stamp.exists() or stamp.read_text() != cell.made_of():
        called(UV, "venv", "--quiet", "--clear", "--seed", "--python", python, folder)
        for arguments in cell.installation(folder):
            called(UV, "pip", "install", "--quiet", "--python", folder, *arguments)
        stamp.write_text(cell.made_of())
    of_newer = cell.python != "3.11"
    (wheel,) = (ROOT / "build" / "wheels").glob("*-cp312-abi3-*.whl" if of_newer else "*-cp311-cp311-*.whl")
    called(UV, "pip", "install", "--quiet", "--python", folder, "--no-deps", "--reinstall-package", "lamina", wheel)
    return folder


def called(*command: str | Path) -> str:
    """Return what a command printed; leave with its own words where it fails."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unmade(f"{' '.join(map(str, command[:4]))}: {done.stderr.strip()}")
    return done.stdout


class Unmade(Exception):
    """An environment that could not be made."""


def outcome(name: str, cell: Cell, tests: list[str]) -> tuple[bool, str]:
    """Run the tests of a cell; return whether all is well, and its line of the summary."""
    python = interpreters.found(cell.python, UV)
    if python is None:
        return True, f"NOT RUN: no Python {cell.python} here, and uv could not fetch one"
    try:
        folder = environment(name, cell, python)
    except Unmade as problem:
        return False, f"no environment: {problem}"
    start = time.monotonic()
    command = [folder / "bin/python", "-m", "pytest", "-q", "-n", "auto", "--dist", "worksteal", *NOT_THESE, *tests]
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": ""}
    with (PLACE / f"{name}.log").open("w") as log:
        done = subprocess.run(command, cwd=ROOT, stdout=log, stderr=log, env=os.environ | one_thread, check=False)
    lines = (PLACE / f"{name}.log").read_text().rstrip().splitlines()
    said = re.sub(r"=+|in [\d.]+s.*", "", lines[-1] if lines else "nothing").strip()
    return done.returncode == 0, f"{versions(folder)}: {said} in {time.monotonic() - start:.0f} s"


def versions(folder: Path) -> str:
    """Return what is in an environment, as far as it matters here."""
    script = "import sys; from importlib.metadata import version as v; print('Python', sys.version.split()[0], end='')"
    return called(folder / "bin/python", "-c", f"{script}\nfor p in {SHOWN}: print(f', {{p}} {{v(p)}}', end='')")


def main(names: list[str]) -> None:
    """Run the cells by name, or all of them."""
    unknown = [name for name in names if name not in CELLS]
    if unknown:
        raise SystemExit(f"no cell {', '.join(unknown)}: there are {', '.join(CELLS)}")
    PLACE.mkdir(parents=True, exist_ok=True)
    failed = []
    for name in names or CELLS:
        well, line = outcome(name, CELLS[name], TESTS)
        print(f"{'ok  ' if well else 'FAIL'} {name:<24} {line}", flush=True)
        if not well:
            failed.append(name)
    if failed:
        raise SystemExit(f"see {', '.join(f'build/compat/{name}.log' for name in failed)}")


# What libraries and interpreters can break: not the maths, the course, or pages.
TESTS = [
    "tests/test_estimators.py",
    "tests/test_data_frames.py",
    "tests/test_bad_input.py",
    "tests/test_scores.py",
    "tests/test_model.py",
    "tests/test_one_row.py",
    "tests/test_transaction.py",
    "tests/callbacks",
    "tests/data",
    "tests/exporting",
    "tests/model_file",
    "tests/serving",
    "tests/kernels/test_safety.py",
    "tests/cli/test_train.py",
    "tests/cli/test_predict.py",
    "tests/contract/test_callbacks.py",
    "tests/contract/test_engines_agree.py",
    "tests/contract/test_import.py",
    "tests/contract/test_sklearn_checks.py",
    "tests/contract/test_sklearn_tools.py",
]
NOT_THESE = ["-m", "not slow"]

# Each release of a library stands in at least one cell, and old ones beside new ones.
CELLS = {
    "lowest": Cell("3.11", lock=LOWEST),
    "scikit-learn-1.6": Cell("3.11", ("scikit-learn==1.6.*", "numpy==2.0.*", "pandas==2.2.*")),
    "scikit-learn-1.7": Cell("3.12", ("scikit-learn==1.7.*", "numpy==2.1.*", "pandas==2.3.*")),
    "scikit-learn-1.8": Cell("3.13", ("scikit-learn==1.8.*", "numpy==2.3.*", "pandas==2.3.*")),
    "scikit-learn-1.9": Cell("3.13", ("scikit-learn==1.9.*", "numpy==2.4.*", "pandas==3.*")),
    "old-learn-new-frames": Cell("3.12", ("scikit-learn==1.6.*", "numpy==2.2.*", "pandas==3.*")),
    "new-learn-old-frames": Cell("3.12", ("scikit-learn==1.9.*", "numpy==2.1.*", "pandas==2.2.*")),
    "newest": Cell("3.14"),
}

if __name__ == "__main__":
    main(sys.argv[1:])
