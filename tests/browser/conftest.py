"""A browser, the lab in a process of its own, and a page that complains of everything that went wrong on it.

`make browser` runs these tests; plain `make test` leaves the folder out.
"""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

from lab_process import LabProcess, lab_process

PICTURES = Path(__file__).parents[2] / "build" / "browser"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REPORT = pytest.StashKey[pytest.TestReport]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Keep the report of the test itself, so that `page` knows at its end whether to take a picture."""
    report = yield
    if report.when == "call":
        item.stash[REPORT] = report
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's chromium, without a window."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        reason = f"no browser: none of {', '.join(NAMES)} is installed (on Debian: apt-get install chromium)"
        (pytest.fail if "CI" in os.environ else pytest.skip)(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, chromium_sandbox=os.getuid() != 0)
        yield running
        running.close()


@pytest.fixture
def start_lab(tmp_path) -> Iterator[Callable[..., LabProcess]]:
    """A function that starts `lamina lab` with the arguments it is given; each is stopped after the test."""
    with ExitStack() as stack:
        yield lambda *arguments: stack.enter_context(lab_process(*arguments, folder=tmp_path))


@pytest.fixture
def lab(start_lab) -> LabProcess:
    """`lamina lab` without arguments, fresh for each test; `lab.address` is what a user would open."""
    return start_lab()


@pytest.fixture
def faults() -> list[str]:
    """What went wrong on the page so far; it must be empty at the end. A test that provokes an error clears it."""
    return []


@pytest.fixture
def page(browser, faults, request) -> Iterator[Page]:
    """An empty page of 1280 x 720.

    Errors in the console (violations of the content security policy are such), exceptions, and requests to anything but
    this machine make the test fail. A picture of a failed test is left in build/browser.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    context.set_default_timeout(20_000)
    one = context.new_page()
    watch(one, faults)
    yield one
    report = request.node.stash.get(REPORT, None)
    if faults or report is None or report.failed:
        take_picture(one, request.node.nodeid)
    context.close()
    assert faults == []


@pytest.fixture
def opened(lab, page) -> Page:
    """The page of a fresh lab, as a user sees it first."""
    page.goto(lab.address)
    return page


def watch(page: Page, faults: list[str]) -> None:
    """Add to the faults whatever the page does wrong from now on."""
    page.on("console", lambda said: said.type in {"error", "warning"} and faults.append(f"console: {said.text}"))
    page.on("pageerror", lambda error: faults.append(f"exception: {error}"))
    page.on("request", lambda one: elsewhere(one.url) and faults.append(f"a request to another machine: {one.url}"))


def elsewhere(url: str) -> bool:
    """Tell whether an address leads off this machine."""
    parts = urlsplit(url)
    return parts.scheme not in {"data", "blob", "file"} and parts.hostname not in {"127.0.0.1", "localhost"}


def take_picture(page: Page, name: str) -> None:
    """Leave a picture of the page in build/browser."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with suppress(Error):  # a page that crashed
        page.screenshot(path=PICTURES / f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')}.png")
