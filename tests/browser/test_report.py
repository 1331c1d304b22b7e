"""The page that `lamina report` writes, in a real browser: nothing is refused, it fits, and it is accessible."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from lamina import DeepClassifier
from lamina.cli.main import main

AXE = Path(__file__).parents[2] / "build" / "axe.min.js"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report with every kind of picture, and with findings."""
    place = tmp_path_factory.mktemp("report")
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(300, 3)), columns=["a", "<b>", "c"])
    X["y"] = np.where(X["a"] + X["c"] > 0, "yes", "no")
    X.to_csv(place / "rows.csv", index=False)
    model = DeepClassifier(preset="sklearn", max_iter=8, learning_rate_init=1.0, early_stopping=True, random_state=0)
    model.fit(place / "rows.csv", target="y").save(place / "m.lamina")
    words = ["report", place / "m.lamina", place / "rows.csv", "--out", place / "page.html"]
    assert main([str(word) for word in words]) == 0
    return (place / "page.html").read_text(encoding="utf-8")


@pytest.fixture
def report(page, written):
    page.set_content(written)
    return page


@pytest.mark.parametrize("width", [1280, 820, 400])
def test_it_is_no_wider_than_the_window(report, width):
    report.set_viewport_size({"width": width, "height": 900})
    assert report.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_accessible(report, scheme):
    if not AXE.is_file():
        pytest.fail("axe-core is not there: make build/axe.min.js")
    report.emulate_media(color_scheme=scheme)
    for one in report.locator("summary").all():
        one.click()  # the tables behind the pictures, without a script of the page
    report.evaluate(AXE.read_text())
    found = report.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")["violations"]
    assert [(one["id"], node["html"][:120]) for one in found for node in one["nodes"]] == []


def test_pictures_follow_the_scheme_of_the_page(report):
    """The text of a picture has the colour of the text around it."""
    colours = []
    for scheme in ("light", "dark"):
        report.emulate_media(color_scheme=scheme)
        text, around = (report.locator(one).first for one in ("svg text", "h1"))
        drawn = text.evaluate("one => getComputedStyle(one).fill")
        assert drawn == around.evaluate("one => getComputedStyle(one).color")
        colours.append(drawn)
    assert len(set(colours)) == 2


def test_on_paper_the_links_and_what_is_folded_are_left_out(report):
    report.emulate_media(media="print", color_scheme="dark")
    expect(report.locator("nav")).not_to_be_visible()
    assert report.locator("body").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(255, 255, 255)"
