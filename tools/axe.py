"""Fetch axe-core, which judges how accessible a page is, into build/. `make browser` runs it.

For tests only: its licence (MPL-2.0) asks for more than a file in a wheel.
"""

from pathlib import Path

from vendor import Package

AXE = Package(
    "axe-core",
    "4.14.1",
    "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745",
    ("axe.min.js",),
)

if __name__ == "__main__":
    place = Path(__file__).parents[1] / "build"
    place.mkdir(exist_ok=True)
    (place / "axe.min.js").write_bytes(AXE.chosen()["axe.min.js"])
