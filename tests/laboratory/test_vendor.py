"""The libraries of the page: whole, licensed, small, and nothing in them that would ask another machine."""

import re
from pathlib import Path

import pytest

import lamina

LABORATORY = Path(lamina.__file__).parent / "laboratory"
VENDOR = LABORATORY / "vendor"
SERVED = [file for name in ("page", "vendor") for file in (LABORATORY / name).rglob("*") if file.is_file()]


def test_everything_that_the_page_loads_is_under_a_megabyte_and_a_half():
    sizes = {file.name: file.stat().st_size for file in SERVED}
    assert {"katex.min.js", "katex.min.css", "uPlot.iife.min.js", "uPlot.min.css"} <= set(sizes)
    assert sum(sizes.values()) < 1_500_000, sizes


@pytest.mark.parametrize("sheet", sorted(VENDOR.glob("*.css")), ids=lambda file: file.name)
def test_a_style_sheet_finds_its_fonts_beside_it(sheet):
    urls = re.findall(r"url\(([^)]*)\)", sheet.read_text())
    assert {url for url in urls if not (VENDOR / url).is_file()} == set()
    assert {Path(url).suffix for url in urls} <= {".woff2"}


def test_every_font_is_used_and_is_one():
    fonts = set(VENDOR.glob("*.woff2"))
    used = {VENDOR / url for sheet in VENDOR.glob("*.css") for url in re.findall(r"url\(([^)]*)\)", sheet.read_text())}
    assert fonts == used != set()
    assert {file.read_bytes()[:4] for file in fonts} == {b"wOF2"}


@pytest.mark.parametrize("library", ["katex", "uplot"])
def test_each_library_has_its_licence_beside_it(library):
    text = (VENDOR / f"{library}-LICENSE.txt").read_text()
    assert "Copyright" in text
    assert "Permission is hereby granted" in text


def test_scripts_need_no_eval_and_no_source_map():
    """What the content security policy forbids, and what developers' tools would ask the server for in vain."""
    for script in VENDOR.glob("*.js"):
        assert not re.search(r"\beval\(|new Function\(|sourceMappingURL", script.read_text()), script.name
