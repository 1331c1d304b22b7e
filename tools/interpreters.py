"""Where Pythons are: on the path, in pyenv's folder, in build/ (tools/debian_python.sh), or fetched by uv."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]


def found(version: str, uv: Path) -> Path | None:
    """Return an interpreter of a version like "3.13", or None where the machine has none and uv can fetch none."""
    for place in places(version):
        said = subprocess.run([place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], **QUIETLY)
        if said.returncode == 0 and said.stdout.strip() == version:
            return place
    if subprocess.run([uv, "python", "install", "--quiet", version], **QUIETLY).returncode:
        return None
    said = subprocess.run([uv, "python", "find", "--managed-python", "--quiet", version], **QUIETLY)
    return Path(said.stdout.strip()) if said.returncode == 0 else None


def places(version: str) -> Iterator[Path]:
    """Give the files that may be one. Those of pyenv's `shims` answer only for versions that are switched on."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield Path(on_path)
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob(f"versions/{version}.*/bin/python{version}"))
    yield from ROOT.glob(f"build/python{version}/usr/bin/python{version}")


QUIETLY = {"capture_output": True, "text": True, "check": False}
