"""What is taken home from the page: scripts, and states that open again."""

import json
import re

import pytest
from playwright.sync_api import expect


@pytest.fixture
def trained(opened):
    """The lesson after three steps."""
    forward = opened.get_by_role("button", name="one step forward")
    for step in (1, 2, 3):
        forward.click()
        opened.locator(".where b", has_text=f"step {step}").wait_for()
    return opened


def dialog_of(page):
    page.get_by_role("button", name="Take home").click()
    return page.get_by_role("dialog")


def test_a_step_as_python_in_three_dialects(trained):
    dialog = dialog_of(trained)
    for name, word in (
        ("the course's functions", "L_model_forward"),
        ("lamina", "DeepClassifier"),
        ("plain NumPy", "def backward("),
    ):
        dialog.get_by_role("button", name=name, exact=True).click()
        dialog.locator(".script", has_text=word).wait_for()
    with trained.expect_download() as download:
        dialog.get_by_role("button", name="save as a file").click()
    assert download.value.suggested_filename == "step_3.py"
    code = download.value.path().read_text()
    compile(code, "step_3.py", "exec")
    assert "FIRST, LAST = 0, 3" in code


def test_what_is_copied_is_the_script(trained):
    trained.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = dialog_of(trained)
    dialog.locator(".script", has_text="DeepClassifier").wait_for()
    dialog.get_by_role("button", name="copy", exact=True).click()
    dialog.get_by_text("The script is copied.").wait_for()
    assert trained.evaluate("navigator.clipboard.readText()") == dialog.locator(".script").inner_text()


def test_what_a_dialect_lacks_is_said_in_its_place(start_lab, page, faults):
    page.goto(start_lab("moons").address)
    dialog = dialog_of(page)
    dialog.get_by_role("button", name="the course's functions").click()
    dialog.get_by_text("they have no hidden layers of tanh").wait_for()
    expect(dialog.get_by_role("button", name="copy", exact=True)).to_be_disabled()
    faults[:] = [one for one in faults if "status of 422" not in one]


def test_a_state_is_saved_and_opened_again(trained, start_lab, tmp_path):
    trained.goto(re.sub("#.*", "", trained.url) + "#numbers")
    cost = trained.locator(".where").inner_text()
    trained.get_by_role("button", name="one step back").click()
    trained.locator(".where b", has_text="step 2").wait_for()
    dialog = dialog_of(trained)
    with trained.expect_download() as download:
        dialog.get_by_role("button", name="save the state").click()
    state = json.loads(download.value.path().read_text())
    assert (state["rows"]["name"], state["step"], state["view"]) == ("lesson", 2, "numbers")
    assert "cost" in cost
    other = start_lab("xor")
    trained.goto(other.address)
    with trained.expect_file_chooser() as chooser:
        dialog_of(trained).get_by_label("a state of the lab").click()
    chooser.value.set_files(download.value.path())
    trained.locator(".where b", has_text="step 2").wait_for()
    trained.locator("main[data-view=numbers]").wait_for()
    (tmp_path / "state.json").write_bytes(download.value.path().read_bytes())
    again = start_lab("state.json")
    trained.goto(again.address)
    trained.locator(".where b", has_text="step 2").wait_for()


def test_a_link_opens_the_state_in_any_lab(trained, start_lab):
    trained.context.grant_permissions(["clipboard-read", "clipboard-write"])
    dialog = dialog_of(trained)
    dialog.get_by_role("button", name="copy a link").click()
    dialog.get_by_text("The link is copied").wait_for()
    link = trained.evaluate("navigator.clipboard.readText()")
    trained.goto(start_lab("moons").address)
    trained.locator(".where b").wait_for()
    trained.evaluate("(hash) => { location.hash = hash; }", link[link.index("#") :])
    trained.locator(".where b", has_text="step 3").wait_for()
    assert "#open" not in trained.url


@pytest.mark.parametrize("content", ['{"format": "lamina lab 9"}', "no JSON", '{"format": "lamina lab 1", "rows": {}}'])
def test_a_file_that_is_no_state_is_refused_in_a_sentence(opened, faults, tmp_path, content):
    (tmp_path / "bad.json").write_text(content)
    dialog = dialog_of(opened)
    dialog.get_by_label("a state of the lab").set_input_files(tmp_path / "bad.json")
    said = dialog.get_by_role("status").filter(has_text=re.compile("no state of the lab|rows: expected"))
    said.wait_for()
    faults[:] = [one for one in faults if "status of 422" not in one]
