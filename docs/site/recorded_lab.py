"""The lab as one file, for the tutorial: what `lamina lab --export` writes, made again when the lab has changed."""

import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "src" / "lamina"
STEPS = 100


def write(file: Path) -> None:
    """Write the file unless it is newer than everything that it is made by."""
    if file.is_file() and file.stat().st_mtime > newest():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    words = ["lab", "--export", str(file), "--steps", str(STEPS)]
    subprocess.run([sys.executable, "-m", "lamina.cli.main", *words], check=True, stdout=subprocess.DEVNULL)


def newest() -> float:
    """Return when the package was last changed."""
    return max(one.stat().st_mtime for one in PACKAGE.rglob("*") if one.suffix in {".py", ".js", ".css", ".html"})
