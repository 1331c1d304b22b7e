"""Break it on purpose, the quiz, and a learner's file that is edited while the page is open."""

import inspect

import pytest
from playwright.sync_api import expect

from lamina.glassbox.doctor import solutions
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import answer

RIGHT = inspect.getsource(solutions).replace("from __future__ import annotations", "")


@pytest.fixture(scope="module")
def bench():
    """An engine of its own, for the numbers that the page must show."""
    return Bench(built_in("lesson"))


def shown(card):
    """The numbers of the last matrix of a card, to the last digit: titles hold them whole."""
    table = card.locator("table").last
    return [float(one) for one in table.locator("td").evaluate_all("cells => cells.map((one) => one.title)")]


def test_a_mistake_is_switched_on_and_the_gradients_are_the_engines(lab, page, bench):
    page.goto(f"{lab.address}#mistakes")
    page.get_by_role("checkbox").first.wait_for(state="attached")
    page.get_by_label("rows", exact=True).select_option("lesson")
    page.get_by_role("button", name="switch off: dW lacks the factor 1/m.").click()
    page.get_by_text("All gradients of this step are right.").wait_for()
    page.get_by_label("find a mistake").fill("minus belongs to the whole derivative")
    page.get_by_role("checkbox").first.check()
    page.get_by_text("9 of 9 differ").wait_for()
    found = answer(bench, "break_it", {"rows": "lesson", "keys": ["L_model_backward/dAL-sign"]})
    for one in found["wrong"]["gradients"]:
        if one["name"] in ("dW1", "db2", "dW3"):
            card = page.locator(f"[data-array={one['name']}]")
            assert shown(card) == pytest.approx([x for row in one["found"] for x in row], rel=1e-12)
            expect(card).to_contain_text("-1 times what it should be", use_inner_text=True)
            expect(card.locator("td.off")).to_have_count(sum(sum(row) for row in one["differs"]))
    assert "with the mistake from" in page.get_by_role("img", name="The cost over").get_attribute("aria-label")
    page.get_by_text("as a table").click()
    rows = page.get_by_role("region", name="The cost before each step").get_by_role("row")
    rows.nth(4).wait_for()
    third = rows.nth(4).get_by_role("cell").all_inner_texts()
    assert [float(one) for one in third[:2]] == pytest.approx(
        [found[of]["costs"][3] for of in ("right", "wrong")], rel=1e-4
    )


def test_the_layers_and_the_step_are_chosen(lab, page):
    page.goto(f"{lab.address}#mistakes")
    page.get_by_text("3 of 9 differ: dW3, dW2, dW1.").wait_for()
    page.get_by_label("in which layers").select_option(label="in the last layer")
    page.get_by_text("1 of 9 differ: dW3.").wait_for()
    slider = page.get_by_label("step of the gradients")
    slider.focus()
    slider.press("ArrowRight")
    page.get_by_text("step 1", exact=True).wait_for()
    expect(page.get_by_role("img", name="Answers in the plane")).to_have_count(2)


def test_an_exception_is_told(lab, page):
    page.goto(f"{lab.address}#mistakes")
    page.get_by_role("button", name="switch off").click()
    page.get_by_label("find a mistake").fill("keepdims=True")
    page.get_by_role("checkbox").first.check()
    page.get_by_text("It ends at step 1.").wait_for()
    page.get_by_text("b1 has the shape (6, 6): expected (6, 1) after step 0.").wait_for()


def test_a_quiz_is_answered_with_the_keyboard(lab, page):
    page.goto(f"{lab.address}#mistakes")
    page.get_by_role("button", name="Which mistake is this?").click()
    page.locator("[data-choice='3']").wait_for()
    page.keyboard.press("2")
    page.get_by_role("button", name="next question").wait_for()
    right = page.locator(".choices .is-right")
    expect(right).to_have_count(1)
    told = right.locator("span").inner_text().split(" ", 1)[1].strip()
    assert told.removeprefix("\n") in page.locator(".explained").inner_text()
    expect(page.get_by_text("of 1 right so far")).to_have_count(1)
    page.keyboard.press("Enter")  # the next question has the focus
    page.get_by_role("button", name="next question").wait_for(state="detached")
    page.locator("[data-choice='0']:enabled").click()
    page.get_by_text("of 2 right so far").wait_for()


def test_a_learners_file_is_edited_while_the_page_is_open(start_lab, page, tmp_path):
    path = tmp_path / "backprop.py"
    path.write_text(RIGHT)
    page.goto(f"{start_lab(path).address}#code")
    page.get_by_text("23 of 23 blocks right.").wait_for()
    path.write_text(RIGHT.replace("dW = dZ @ A_prev.T / m", "dW = dZ @ A_prev.T"))
    page.locator(".block.first").wait_for()
    expect(page.locator(".block.first")).to_have_attribute("data-key", "linear_backward 3")
    expect(page.locator(".block.wrong")).to_have_count(3)
    page.get_by_role("heading", name="linear_backward in layer 3").wait_for()
    expect(page.locator(".detail")).not_to_contain_text("dW lacks", use_inner_text=True)
    for name, words in (
        ("1 · where to look", "Look at dW."),
        ("2 · the equation", "(1/m) dZ"),
        ("3 · the line", "dW = dZ @ A_prev.T"),
        ("what is wrong", "dW lacks the factor 1/m."),
    ):
        page.get_by_role("button", name=name).click()
        page.locator(".told").get_by_text(words).wait_for()
    page.locator("[data-key='linear_activation_backward 2']").click()
    page.get_by_role("button", name="linear_backward", exact=True).click()
    page.get_by_role("heading", name="linear_backward in layer 3").wait_for()
    page.keyboard.press("Escape")
    page.locator("[data-key='linear_backward 3']").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="linear_activation_backward in layer 3").wait_for()
    path.write_text("def linear_forward(:\n")
    page.get_by_text("backprop.py is not Python: line 1").wait_for()
    path.write_text(RIGHT)
    page.get_by_text("All of it is right").wait_for()


def test_without_a_file_it_says_how_to_begin(lab, page):
    page.goto(f"{lab.address}#code")
    page.get_by_text("lamina course --start").wait_for()
    page.locator("[data-key='linear_backward 2']").click()
    page.get_by_text("what goes in").wait_for()
    expect(page.locator(".block")).to_have_count(23)


def test_the_keyboard_keeps_its_place_among_the_switches(lab, page):
    page.goto(f"{lab.address}#mistakes")
    page.get_by_text("3 of 9 differ").wait_for()
    second = page.get_by_role("checkbox").nth(1)
    second.focus()
    page.keyboard.press("Space")
    page.get_by_text("It ends at step 1.").wait_for()
    assert page.evaluate("document.activeElement.value") == "linear_backward/keepdims-missing"
    page.keyboard.press("Space")
    page.get_by_text("It ends at step 1.").wait_for(state="detached")
