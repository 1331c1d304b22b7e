"""Build the source archive and, from it, the wheels of this machine, and examine them: `make wheel`.

The wheels are those that .github/workflows/wheels.yml builds: one for Python 3.11, one for 3.12 and everything newer.
Here they are as portable as this machine's compiler and C library allow; auditwheel finds the tag that says so.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import interpreters

ROOT = Path(__file__).parents[1]
WHEELS = ROOT / "build" / "wheels"
RAW = ROOT / "build" / "raw-wheels"
BIN = Path(sys.executable).parent
SMOKE = ROOT / "tests" / "contract" / "wheel_smoke.py"


def run(*command: str | Path) -> None:
    """Run a command, and leave where it fails."""
    print(">", " ".join(str(part).replace(f"{ROOT}/", "") for part in command), flush=True)
    path = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    if subprocess.run([*map(str, command)], env=os.environ | {"PATH": path}, check=False).returncode:
        raise SystemExit(f"{Path(command[0]).name} failed: its words are above")


def built(pythons: dict[str, Path]) -> list[Path]:
    """Return the source archive and the wheels, each built from it in an empty environment."""
    for folder in (RAW, WHEELS):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    run(BIN / "uv", "build", "--quiet", "--sdist", "--out-dir", RAW, ROOT)
    (source,) = RAW.glob("*.tar.gz")
    for python in pythons.values():
        run(BIN / "uv", "build", "--quiet", "--wheel", "--python", python, "--out-dir", RAW, source)
    for wheel in RAW.glob("*.whl"):
        if sys.platform == "linux":
            run(BIN / "auditwheel", "repair", "--wheel-dir", WHEELS, wheel)
        else:
            shutil.copy(wheel, WHEELS)
    shutil.copy(source, WHEELS)
    return sorted(WHEELS.iterdir())


def examine(files: list[Path]) -> None:
    """Let those judge that know what an index and other machines ask of them."""
    wheels = [file for file in files if file.suffix == ".whl"]
    run(BIN / "twine", "check", "--strict", *files)
    run(BIN / "check-wheel-contents", *wheels)
    for wheel in wheels:
        if "-abi3-" in wheel.name:
            run(BIN / "abi3audit", "--strict", wheel)


def used(version: str, python: Path) -> None:
    """Install the wheel of a version into an empty environment, as a user would, and train with it there."""
    folder = ROOT / "build" / "empty"
    run(BIN / "uv", "venv", "--quiet", "--clear", "--python", python, folder)
    pattern = "*-cp311-cp311-*.whl" if version == "3.11" else "*-cp312-abi3-*.whl"
    (wheel,) = WHEELS.glob(pattern)
    run(BIN / "uv", "pip", "install", "--quiet", "--python", folder, wheel)
    run(folder / "bin" / "python", "-I", SMOKE)
    shutil.rmtree(folder)


def main() -> None:
    """Build with the oldest Python of each kind of wheel, try with every one that is here."""
    here = {version: interpreters.found(version, BIN / "uv") for version in VERSIONS}
    missing = [version for version in BUILDERS if here[version] is None]
    if missing:
        raise SystemExit(f"wheels are built with Python {' and '.join(missing)}, and there is none here")
    examine(built({version: here[version] for version in BUILDERS}))
    for version, python in here.items():
        if python is None:
            print(f"NOT TRIED with Python {version}: there is none here")
        else:
            used(version, python)
    for file in sorted(WHEELS.iterdir()):
        print(f"{file.stat().st_size / 1e6:5.1f} MB  {file.relative_to(ROOT)}")


BUILDERS = ("3.11", "3.12")
VERSIONS = ("3.11", "3.12", "3.13", "3.14")

if __name__ == "__main__":
    main()
