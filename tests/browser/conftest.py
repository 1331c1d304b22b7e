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
from playwright.sync_api import Browser, Error, Page, expect, sync_playwright

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
    expect.set_options(timeout=20_000)  # milliseconds: a machine that does much else
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found,
            chromium_sandbox=os.getuid() != 0,
            args=["--host-resolver-rules=MAP evil.example 127.0.0.1"],  # a name that an attacker points at this machine
        )
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


@pytest.fixture(scope="module")
def shared_lab(tmp_path_factory) -> Iterator[LabProcess]:
    """`lamina lab`, once for all tests of a file that change nothing on it."""
    with lab_process(folder=tmp_path_factory.mktemp("lab")) as one:
        yield one


@pytest.fixture
def faults() -> list[str]:
    """What went wrong on the page so far: it must be nothing, unless the test is marked `provokes_faults`."""
    return []


@pytest.fixture
def page(browser, faults, request) -> Iterator[Page]:
    """An empty page of 1280 x 720.

    Errors in the console (violations of the content security policy are such), exceptions, and requests to anything but
    this machine make the test fail. A picture of a failed test is left in build/browser.
    """
    context = browser.new_context(viewport={"width": 1280, "height": 720}, reduced_motion="reduce")
    context.set_default_timeout(20_000)  # milliseconds
    one = context.new_page()
    watch(one, faults)
    yield one
    report = request.node.stash.get(REPORT, None)
    judged = request.node.get_closest_marker("provokes_faults") is None
    if (faults and judged) or report is None or report.failed:
        take_picture(one, request.node.nodeid)
    context.close()
    assert not (faults and judged), faults


@pytest.fixture
def opened(lab, page) -> Page:
    """The page of a fresh lab, as a user sees it first."""
    return open_page(page, lab)


@pytest.fixture
def looked_at(shared_lab, page) -> Page:
    """The page of a lab that other tests of the file look at too: nothing on it is to be changed."""
    return open_page(page, shared_lab)


def open_page(page: Page, lab: LabProcess) -> Page:
    """Open the address of a lab, and wait until the first view says something."""
    page.goto(lab.address)
    expect(page.locator("#stage[data-view]")).to_contain_text(re.compile(r"\S"))
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
