"""The lesson in a browser: read by keyboard, predicted and revealed, with the engine's numbers; on to the stepper."""

import re

import pytest
from playwright.sync_api import expect

from lab_process import lab_process
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import answer


@pytest.fixture(scope="module")
def told():
    """The lesson as the engine tells it, by the names of the stops."""
    found = answer(Bench(built_in("lesson")), "lesson", {"step": 0})
    return found | {"by_name": {stop["name"]: stop for stop in found["stops"]}}


@pytest.fixture(scope="module")
def quiet_lab(tmp_path_factory):
    """A lab for all tests that only look."""
    with lab_process(folder=tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def lesson(quiet_lab, page):
    page.goto(quiet_lab.address)
    page.wait_for_selector("[data-stop=repeat]")
    return page


def stop(page, name):
    return page.locator(f"[data-stop={name}]")


def test_all_twelve_stops_can_be_read_without_a_click(lesson, told):
    expect(lesson.locator("[data-stop]")).to_have_count(12)
    shown = " ".join(lesson.locator(".revealed").all_inner_texts())
    expect(lesson.locator(".revealed:visible")).to_have_count(12)
    for number in ("−0.3209", "0.7938", "−1.898", "−0.04947", "0.2641", "0.01238"):
        assert number in shown, number
    expect(lesson.locator(".telling")).not_to_contain_text("$", use_inner_text=True)
    expect(lesson.locator(".katex-error")).to_have_count(0)
    for name, array in told["arrays"].items():
        sheet = lesson.locator(f"figure[data-array='{name}']").first
        if sheet.count():
            titles = sheet.locator(".array-cell").evaluate_all("all => all.map((one) => one.title)")
            values = sorted(float(title.split(" = ")[1]) for title in titles)
            assert values == sorted(value for row in array["values"] for value in row), name


def test_the_stops_are_gone_through_by_keyboard(lesson):
    lesson.keyboard.press("ArrowRight")
    expect(lesson.locator("#stop-inputs")).to_be_focused()
    lesson.keyboard.press("ArrowRight")
    expect(lesson.locator("#stop-linear")).to_be_focused()
    expect(lesson.locator(".stops a[aria-current=step]")).to_have_text(
        re.compile(r"Z = W A \+ b$"), use_inner_text=True
    )
    lesson.keyboard.press("ArrowLeft")
    expect(lesson.locator("#stop-inputs")).to_be_focused()
    lesson.locator(".stops a", has_text="The cost").press("Enter")
    expect(lesson.locator("#stop-cost")).to_be_focused()
    assert lesson.url.endswith("#lesson/cost")


def test_predict_then_reveal(lesson, told):
    lesson.get_by_role("button", name="Predict first").press("Enter")
    expect(lesson.locator(".revealed:visible")).to_have_count(0)
    shapes = stop(lesson, "shapes")
    asked = told["by_name"]["shapes"]["questions"][0]["choices"]
    wrong, right = next(one for one in asked if not one["right"]), next(one for one in asked if one["right"])
    shapes.get_by_role("button", name=wrong["text"], exact=True).press("Space")
    expect(shapes.locator(".reply")).to_have_text(
        re.compile(r"^Not this\. This is the transpose\."), use_inner_text=True
    )
    shapes.get_by_role("button", name=right["text"], exact=True).press("Space")
    expect(shapes.locator(".reply")).to_have_text(re.compile(r"^Yes\. "), use_inner_text=True)
    expect(shapes.locator(".revealed")).to_be_visible()
    expect(lesson.locator(".done")).to_have_text("1 of 12 predicted", use_inner_text=True)


def test_a_number_is_typed_and_confusions_are_named(lesson, told):
    lesson.get_by_role("button", name="Predict first").click()
    linear = stop(lesson, "linear")
    cell = linear.locator("figure[data-array='Z1'] .array-cell").first
    assert cell.evaluate("one => getComputedStyle(one).color") == "rgba(0, 0, 0, 0)"
    field, reply = linear.get_by_label("your number"), linear.locator(".reply").first
    field.fill("much")
    field.press("Enter")
    expect(reply).to_have_text(re.compile(r"^Type a number"), use_inner_text=True)
    confusion = told["by_name"]["linear"]["questions"][0]["confusions"][0]
    field.fill(f"{confusion['value']:.4f}")
    field.press("Enter")
    expect(reply).to_have_text(f"Not this. {confusion['why']}", use_inner_text=True)
    field.fill("−0,32")
    field.press("Enter")
    expect(reply).to_have_text(re.compile(r"^Yes\. "), use_inner_text=True)
    linear.get_by_role("button", name="It stops with an error").click()
    expect(linear.locator(".revealed")).to_be_visible()
    expect(cell).to_have_text("−0.321", use_inner_text=True)


def test_what_was_predicted_is_remembered_in_this_tab(lesson):
    lesson.get_by_role("button", name="Predict first").click()
    stop(lesson, "repeat").get_by_role("button", name="lower").click()
    lesson.reload()
    lesson.wait_for_selector("[data-stop=repeat]")
    expect(lesson.get_by_role("button", name="Predict first")).to_have_attribute("aria-pressed", "true")
    expect(stop(lesson, "repeat").get_by_role("button", name="lower")).to_have_attribute("aria-pressed", "true")
    expect(stop(lesson, "repeat").locator(".reply").first).to_have_text(re.compile(r"^Yes\. "), use_inner_text=True)


def test_an_entry_of_a_product_shows_what_meets(lesson, told):
    linear = stop(lesson, "linear")
    linear.get_by_role("grid").focus()
    lesson.keyboard.press("ArrowRight")
    lesson.keyboard.press("ArrowRight")
    lesson.keyboard.press("ArrowDown")
    value = f"{told['arrays']['Z1']['values'][1][2]:.6g}"
    expect(linear.locator(".marked-entry")).to_have_text(
        f"Z1[1, 2] = {value}: row 1 of W1 meets column 2 of A0, and b1[1] is added.", use_inner_text=True
    )
    lit = linear.locator("figure[data-array='A0'] .array-lit").evaluate_all("all => all.map((one) => one.title)")
    assert [title.split(" = ")[0] for title in lit] == [f"A0[{i}, 2]" for i in range(5)]


def test_on_to_the_stepper_and_to_the_gradient_check(lesson):
    stop(lesson, "gradients").get_by_role("button", name="See it in the stepper").click()
    lesson.wait_for_selector(".stepper .current")
    expect(lesson.locator(".stepper .current")).to_contain_text("dW")
    lesson.go_back()
    lesson.wait_for_selector("[data-stop=repeat]")
    stop(lesson, "repeat").get_by_role("button", name="Nudge a weight").click()
    lesson.wait_for_selector(".check .uplot")
    expect(lesson.locator(".check select").first).to_have_value("W3")


def test_numbers_of_another_step_and_of_another_network(opened):
    lesson = opened
    lesson.wait_for_selector("[data-stop=repeat]")
    lesson.get_by_role("button", name="one step forward").click()
    follow = lesson.get_by_role("button", name=re.compile("Numbers of the slider's step"))
    follow.click()
    expect(stop(lesson, "linear").locator(".revealed")).to_contain_text("−0.3202")
    follow.click()
    expect(stop(lesson, "linear").locator(".revealed")).to_contain_text("−0.3209")
    lesson.evaluate("import('lab/talk.js').then(({ ask }) => ask('open', { name: 'xor' }))")
    foreign = lesson.get_by_role("button", name="Put the lecture's example on the table")
    foreign.wait_for()
    foreign.click()
    foreign.wait_for(state="detached")
    expect(lesson.locator("[data-stop]")).to_have_count(12)


@pytest.mark.parametrize("width", [1280, 820])
def test_nothing_is_wider_than_the_page(lesson, width):
    lesson.set_viewport_size({"width": width, "height": 720})
    assert lesson.evaluate("document.documentElement.scrollWidth") <= width
