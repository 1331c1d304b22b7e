"""The site of `make docs` in a real browser: wide, on a phone, in the dark. It is looked at where it has been built."""

import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import expect

BUILD = Path(__file__).parents[2] / "build"
SITE, AXE = BUILD / "site" / "html", BUILD / "axe.min.js"
KINDS = (  # of pages: by hand, of docs/, with formulas, of the gallery, from docstrings and from tables
    *("index.html", "guides.html", "lecture.html", "tutorial.html", "doctor.html", "reference/equations.html"),
    *("gallery/index.html", "gallery/depth.html", "reference/api.html", "reference/api/lamina.DeepClassifier.html"),
    *("reference/settings.html", "reference/presets.html", "reference/commands/train.html"),
)


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *what):
        pass


@pytest.fixture(scope="module")
def address():
    if not (SITE / "index.html").is_file():
        (pytest.fail if "CI" in os.environ else pytest.skip)("the site is not built: make docs")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "dark")])
def test_pages_fit_and_are_accessible(page, address, width, scheme):
    page.set_viewport_size({"width": width, "height": 850})
    page.emulate_media(color_scheme=scheme)
    found = []
    for name in KINDS:
        page.goto(f"{address}/{name}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        found += [f"{name} is {wide} wide in a window of {width}"] if wide > width else []
        if AXE.is_file():
            page.evaluate(AXE.read_text())
            judged = page.evaluate("() => axe.run(document, { resultTypes: ['violations'], iframes: false })")
            found += [f"{name}: {one['id']} {one['nodes'][0]['html'][:120]}" for one in judged["violations"]]
    assert found == []


def test_search_finds_a_setting(page, address):
    page.goto(f"{address}/index.html")
    page.get_by_role("button", name="Search").first.click()
    page.locator("dialog input[type=search]").fill("learning_rate_init")
    page.keyboard.press("Enter")
    expect(page.locator("#search-results a", has_text="Settings").first).to_be_visible(timeout=20_000)


def test_formulas_are_set(page, address):
    page.goto(f"{address}/reference/equations.html")
    expect(page.locator(".formula .katex").first).to_be_visible()
    expect(page.locator(".formula:not(:has(.katex)), .katex-error")).to_have_count(0)


def test_the_recorded_lab_runs_within_the_page(page, address):
    page.goto(f"{address}/lecture.html")
    expect(page.frame_locator("iframe.lab").get_by_text("Recorded:")).to_be_visible()
