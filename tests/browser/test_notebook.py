"""The widget in a page that plays the part of a notebook: messages go to the bench and back."""

import json

import pytest

from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in

widget = pytest.importorskip("lamina.laboratory.notebook.widget")

HOST = """<!doctype html><html><body><h1>a notebook</h1><div id="out"></div></body></html>"""
START = """([esm, page]) => {
  const handlers = new Map();
  const model = {
    get: (name) => ({ page, height: 640 })[name],
    on: (event, handler) => handlers.set(event, handler),
    off: (event) => handlers.delete(event),
    send: (message) => globalThis.toKernel(JSON.stringify(message)),
  };
  globalThis.fromKernel = (message) => handlers.get("msg:custom")?.(message);
  return import(URL.createObjectURL(new Blob([esm], { type: "text/javascript" })))
    .then((module) => { globalThis.leave = module.default.render({ model, el: document.getElementById("out") }); });
}"""


class Kernel:
    """A widget whose messages go to a page instead of a notebook's front end."""

    def __init__(self, page):
        self.page, self.said = page, []
        self.bench = Bench(built_in("lesson"))
        self.widget = widget.LabWidget(self.bench)
        self.widget.send = self.said.append
        page.expose_function("toKernel", self.asked)

    def asked(self, text):
        self.widget._asked(None, json.loads(text), None)

    def deliver(self):
        """Hand over what was said since, from the test's own thread."""
        said, self.said[:] = list(self.said), []
        for message in said:
            self.page.evaluate("(message) => globalThis.fromKernel(message)", message)


@pytest.fixture
def notebook(page):
    page.route("http://127.0.0.1:9/", lambda route: route.fulfill(body=HOST, content_type="text/html"))
    kernel = Kernel(page)
    page.goto("http://127.0.0.1:9/")
    page.evaluate(START, [widget.ESM, kernel.widget.page])
    yield kernel
    kernel.widget.close()


def until(kernel, frame, condition):
    """Hand over messages until something stands on the page in the frame."""
    for _ in range(200):
        kernel.deliver()
        if frame.locator(condition).count():
            return
        kernel.page.wait_for_timeout(50)
    raise AssertionError(f"{condition} did not appear")


def test_the_page_is_there_with_the_numbers_of_the_bench(notebook, page):
    frame = page.frame_locator("iframe")
    until(notebook, frame, ".where b >> text=step 0")
    frame.get_by_role("button", name="one step forward").click()
    until(notebook, frame, ".where b >> text=step 1")
    assert notebook.bench.head == 1
    frame.get_by_role("link", name="All numbers").click()
    until(notebook, frame, "main[data-view=numbers] h2 >> text=Step 1")
    frame.get_by_role("button", name="Take home").click()
    until(notebook, frame, ".script >> text=DeepClassifier")


def test_an_error_comes_back_as_a_sentence(notebook, page):
    frame = page.frame_locator("iframe")
    until(notebook, frame, ".where b")
    inside = page.frames[-1]
    inside.evaluate(
        """import("lab/talk.js").then(({ ask }) => ask("trace", { step: 99 }))
        .catch((problem) => { document.title = problem.message; }); null"""
    )
    for _ in range(100):
        notebook.deliver()
        if "the recording has the steps" in inside.title():
            return
        page.wait_for_timeout(50)
    raise AssertionError(inside.title())


def test_the_frame_has_no_rights_in_the_notebook(notebook, page):
    until(notebook, page.frame_locator("iframe"), ".where b")
    inside = page.frames[-1]
    assert (
        inside.evaluate("(() => { try { return parent.document.title; } catch { return 'refused'; } })()") == "refused"
    )
    assert inside.evaluate("(() => { try { return localStorage.length; } catch { return 'refused'; } })()") == "refused"


def test_messages_of_other_frames_are_not_passed_on(notebook, page):
    page.evaluate("postMessage({ lamina: 'ask', id: 'theirs', name: 'restart', arguments: {} }, '*')")
    page.wait_for_timeout(200)
    assert [one for one in notebook.said if one.get("id") == "theirs"] == []
