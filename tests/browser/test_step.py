"""The stepper in a real browser: what is lit and written is what the engine has, when it has it."""

import re

import pytest
from playwright.sync_api import expect


def ask(page, question, **arguments):
    """Ask the engine, past the stepper."""
    return page.evaluate(
        "([question, it]) => import('lab/talk.js').then((talk) => talk.ask(question, it))", [question, arguments]
    )


@pytest.fixture
def step(opened):
    opened.evaluate("location.hash = 'step'")
    expect(opened.locator(".picture .cell").first).not_to_be_empty()
    return opened


def to_line(page, result):
    page.locator(f"button.entry[data-result={result}]").click()
    expect(page.locator(".entry[aria-current]")).to_have_attribute("data-result", result)


def cell(page, array, i, j):
    return page.locator(f".picture [data-array={array}] .cell[data-r='{i}'][data-c='{j}']")


def shows(one, value):
    """Wait until a cell has this number, to its last digit."""
    text = one.page.evaluate("value => String(value)", value)
    expect(one).to_have_attribute("title", re.compile(rf" = {re.escape(text)}$"))


def numbers(text):
    return float(text.replace("−", "-").strip("()"))


def test_an_entry_of_dW_lights_the_products_that_the_engine_adds_up(step):
    to_line(step, "dW1")
    cell(step, "dW1", 1, 2).click()
    found = ask(step, "entry", step=0, name="dW1", index=[1, 2])
    expect(step.locator(".worked .total")).to_have_attribute(
        "title", step.evaluate("value => String(value)", found["value"])
    )
    expect(step.locator(".worked .agrees")).to_be_visible()
    step.locator(".worked .more").click()
    terms = step.locator(".worked .term")
    expect(terms).to_have_count(found["sums"][0]["count"])
    assert found["sums"][0]["count"] == 12
    for k, term in enumerate(found["sums"][0]["terms"]):
        shown = terms.nth(k).locator(".numbers").inner_text().split(" × ")
        assert [numbers(one) for one in shown] == pytest.approx([one["value"] for one in term["factors"]], rel=1e-3)
    lit = step.locator(".picture [data-array=dZ1] .cell.lit")
    assert {one.get_attribute("data-r") for one in lit.all()} == {"1"}
    terms.nth(2).hover()
    strong = step.locator(".picture .cell.strong")
    expect(strong).to_have_count(2)
    factors = found["sums"][0]["terms"][2]["factors"]
    assert {one.get_attribute("title").split(" = ")[0] for one in strong.all()} == {one["text"] for one in factors}


def test_nothing_is_shown_before_it_is_computed(step):
    to_line(step, "A1")
    expect(step.locator(".boxes [data-array=Z1]")).to_have_class(re.compile("done"))
    for name in ("Z2", "cost", "dW1", "W1_new"):
        expect(step.locator(f".boxes [data-array={name}]")).to_have_class(re.compile("empty"))
    step.locator(".everything summary").click()
    row = step.locator(".everything tbody tr", has_text="dW1").first
    expect(row).to_contain_text("not computed yet", use_inner_text=True)


def test_another_step_shows_only_its_own_numbers(step):
    to_line(step, "Z1")
    before = cell(step, "Z1", 0, 0).inner_text()
    step.get_by_role("button", name="one step forward").click()
    expect(step.locator(".where")).to_contain_text("step 1")
    value = ask(step, "array", step=1, name="Z1")["values"][0][0]
    shows(cell(step, "Z1", 0, 0), value)
    assert numbers(cell(step, "Z1", 0, 0).inner_text()) == pytest.approx(value, abs=5e-5)
    assert cell(step, "Z1", 0, 0).inner_text() != before


def test_arrow_keys_walk_through_lines_and_steps(step):
    step.locator("#stage").focus()
    step.keyboard.press("End")
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "b3_new")
    step.keyboard.press("ArrowRight")  # into the next step, which is taken for it
    expect(step.locator(".where")).to_contain_text("step 1 of 1")
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "Z1")
    step.keyboard.press("ArrowRight")
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "A1")
    step.keyboard.press("ArrowDown")
    expect(step.locator(".where")).to_contain_text("step 0 of 1")
    step.keyboard.press("Home")
    step.keyboard.press("ArrowLeft")  # there is nothing before it
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "Z1")


def test_a_number_is_dragged_and_what_depends_on_it_follows(step):
    to_line(step, "Z1")
    place = cell(step, "W1", 0, 0).bounding_box()
    step.mouse.move(place["x"] + 10, place["y"] + 10)
    step.mouse.down()
    step.mouse.move(place["x"] + 60, place["y"] + 10)
    step.mouse.up()
    expect(cell(step, "W1", 0, 0)).to_have_class(re.compile("edited"))
    before = ask(step, "array", step=0, name="W1")["values"][0][0]
    changed = numbers(cell(step, "W1", 0, 0).get_attribute("title").split(" = ")[1])
    assert changed == pytest.approx(before + 0.5, abs=1e-6)
    value = ask(step, "array", step=0, name="Z1", edits=[["W1", 0, 0, changed]])["values"][0][0]
    shows(cell(step, "Z1", 0, 0), value)
    step.get_by_role("button", name="put back 1 number").click()
    shows(cell(step, "W1", 0, 0), before)


def test_a_number_is_typed(step):
    to_line(step, "Z1")
    cell(step, "A0", 2, 1).dblclick()
    step.keyboard.type("0.25")
    step.keyboard.press("Enter")
    shows(cell(step, "A0", 2, 1), 0.25)
    value = ask(step, "array", step=0, name="Z1", edits=[["A0", 2, 1, 0.25]])["values"][3][1]
    shows(cell(step, "Z1", 3, 1), value)


def test_one_example_is_a_term_of_the_batch(step):
    step.get_by_role("button", name="one example").click()
    to_line(step, "dW1")
    step.get_by_role("button", name="next example").click()
    value = ask(step, "share", step=0, name="dW1", example=1)["values"][3][0]
    shows(cell(step, "dW1", 3, 0), value)
    expect(step.locator(".picture [data-array=dZ1] .cell")).to_have_count(4)


def test_the_grid_is_walked_with_the_keyboard(step):
    to_line(step, "Z1")
    step.locator(".picture [data-array=Z1] .window").focus()
    step.keyboard.press("ArrowDown")
    step.keyboard.press("ArrowRight")
    expect(step.locator(".reading")).to_have_text(re.compile(r"^Z1\[1, 1\] = "), use_inner_text=True)
    step.keyboard.press("Enter")
    expect(step.locator(".worked h3")).to_contain_text("Z1[1, 1]")
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "Z1")
    step.keyboard.press("Escape")
    step.keyboard.press("ArrowRight")
    expect(step.locator(".entry[aria-current]")).to_have_attribute("data-result", "A1")


def test_large_arrays_are_drawn_where_one_looks(step):
    ask(step, "change", settings={"hidden_layer_sizes": [300, 200]})
    to_line(step, "Z2")
    expect(step.locator(".ledger")).to_contain_text("200 × 300")
    window = step.locator(".picture [data-array=W2] .window")
    expect(cell(step, "W2", 0, 0)).not_to_be_empty()
    assert step.locator(".picture .cell").count() < 1000
    window.evaluate("one => one.scrollTo(140 * 54, 120 * 25)")
    value = ask(step, "array", step=0, name="W2", rows=[120, 121], columns=[140, 141])["values"][0][0]
    shows(cell(step, "W2", 120, 140), value)


def test_while_it_trains_every_picture_is_of_one_step(step):
    to_line(step, "Z1")
    step.get_by_label("pace of the training").select_option(label="medium")
    step.get_by_role("button", name="train").click()
    seen = """() => [document.querySelector(".tools .part").textContent,
        document.querySelector(".picture [data-array=Z1] .cell")?.title]"""
    pictures = [step.evaluate(seen) for _ in range(6) if not step.wait_for_timeout(300)]
    step.get_by_role("button", name="pause").click()
    assert len({part for part, _ in pictures}) > 1
    for part, title in pictures:
        number = int(re.match(r"step ([\d,]+)", part)[1].replace(",", ""))
        value = ask(step, "array", step=number, name="Z1")["values"][0][0]
        assert float(title.split(" = ")[1]) == value
