"""The gradient check in a browser: an entry is chosen, nudged by typing and by dragging; numbers as the engine's."""

import pytest
from playwright.sync_api import expect

from lab_process import lab_process
from lamina.laboratory.bench import Bench
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.questions import answer


@pytest.fixture(scope="module")
def quiet_lab(tmp_path_factory):
    """A lab for all tests that only look."""
    with lab_process(folder=tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def check(quiet_lab, page):
    page.goto(f"{quiet_lab.address}#slopes/W1/2/3")
    page.wait_for_selector(".check .slope-list")
    return page


def shown(page):
    """The numbers under the curve, as the page shows them."""
    terms, values = (page.locator(f".slope-list {tag}").all_inner_texts() for tag in ("dt", "dd"))
    return dict(zip(terms, (float(one.replace("−", "-")) for one in values), strict=True))


def slopes(**asked):
    return answer(Bench(built_in("lesson")), "slopes", {"step": 0, **asked})


def test_the_numbers_are_the_engines(check):
    engine, page = slopes(name="W1", row=2, column=3, by=0.5), shown(check)
    assert page["derivative, dW1[2, 3]"] == pytest.approx(engine["analytic"], rel=1e-7)
    assert page["two-sided slope"] == pytest.approx(engine["chosen"]["two_sided"], rel=1e-7)
    assert page["one-sided slope"] == pytest.approx(engine["chosen"]["right"], rel=1e-7)
    expect(check.locator(".findings")).to_contain_text(f"{engine['n_kinks']} kinks on this curve", use_inner_text=True)
    expect(check.locator(".findings")).to_contain_text(engine["verdict"], use_inner_text=True)


def test_a_typed_nudge(check):
    field = check.get_by_label("eps", exact=True)
    field.fill("1e-4")
    field.press("Enter")
    expect(check.locator(".cause")).to_contain_text("0.0001")
    engine = slopes(name="W1", row=2, column=3, by=1e-4)["chosen"]
    assert shown(check)["two-sided slope"] == pytest.approx(engine["two_sided"], rel=1e-7)
    field.fill("nothing")
    field.press("Enter")
    expect(field).to_have_value("0.0001")


def test_a_nudge_by_dragging_on_the_curve(check):
    check.locator(".nudged .u-over").wait_for()
    box = check.locator(".nudged .u-over").bounding_box()
    x = lambda away: box["x"] + box["width"] * (0.5 + away / 2)  # noqa: E731 - the curve goes 1 to either side
    check.mouse.move(x(0.5), box["y"] + 60)
    check.mouse.down()
    check.mouse.move(x(0.4), box["y"] + 60)
    check.mouse.move(x(0.2), box["y"] + 60)
    check.mouse.up()
    assert float(check.get_by_label("eps", exact=True).input_value()) == pytest.approx(0.2, abs=0.01)


def test_an_entry_is_chosen_by_click_and_by_keys(check):
    check.locator("figure[data-array='W1'] .array-cell").nth(0).click()
    expect(check.locator(".slope-list dt").first).to_have_text("derivative, dW1[0, 0]")
    check.locator(".check [role=grid]").focus()
    check.keyboard.press("ArrowDown")
    expect(check.locator(".slope-list dt").first).to_have_text("derivative, dW1[1, 0]")
    check.locator(".check select").first.select_option("A0")
    row = check.get_by_role("spinbutton", name="row")
    expect(row).to_have_attribute("max", "4")
    row.fill("99")
    row.press("Tab")
    expect(check.locator(".slope-list dt").first).to_have_text("derivative, dA0[4, 0] / m")
    expect(row).to_have_value("4")


def test_the_table_behind_the_pictures(check):
    check.locator(".errors details summary").click()
    rows = check.locator(".errors tbody tr")
    expect(rows).to_have_count(12)
    engine = slopes(name="W1", row=2, column=3)["nudges"]
    for k in (0, 5, 11):
        cells = rows.nth(k).locator("th, td").all_inner_texts()
        assert float(cells[1].replace("−", "-")) == pytest.approx(engine[k]["J_above"], rel=1e-11)
        assert cells[-1].startswith(engine[k]["rules"])


def test_the_step_is_followed(lab, page):
    check = page
    check.goto(f"{lab.address}#slopes/W1/2/3")
    check.get_by_role("button", name="one step forward").click()
    expect(check.locator(".nudged h2")).to_contain_text("at step 1")
    bench = Bench(built_in("lesson"))
    bench.play(1, wait=True)
    engine = answer(bench, "slopes", {"step": 1, "name": "W1", "row": 2, "column": 3})
    for _ in range(50):  # the heading changes at once, the numbers when they have come
        if shown(check)["derivative, dW1[2, 3]"] == pytest.approx(engine["analytic"], rel=1e-7):
            return
        check.wait_for_timeout(100)
    assert shown(check)["derivative, dW1[2, 3]"] == pytest.approx(engine["analytic"], rel=1e-7)


@pytest.mark.parametrize("width", [1280, 820])
def test_nothing_is_wider_than_the_page(check, width):
    check.set_viewport_size({"width": width, "height": 720})
    check.wait_for_timeout(300)
    assert check.evaluate("document.documentElement.scrollWidth") <= width
