"""The page as one file, opened without a server: everything in it, nothing from elsewhere, no dead buttons."""

import pytest
from playwright.sync_api import expect

from lamina.laboratory.bench import Bench
from lamina.laboratory.exporting.one_file import one_file
from lamina.laboratory.exporting.recorded import recorded_answers
from lamina.laboratory.lab_rows import built_in

STEPS = [0, 1, 2, 5, 9]


@pytest.fixture(scope="module")
def bench():
    bench = Bench(built_in("lesson"))
    bench.play(9, wait=True)
    return bench


@pytest.fixture(scope="module")
def exported(bench, tmp_path_factory):
    file = tmp_path_factory.mktemp("exported") / "page.html"
    file.write_text(one_file(recorded_answers(bench, STEPS)), encoding="utf-8")
    return file


@pytest.fixture
def course_site(exported, page):
    page.goto(exported.as_uri())
    page.locator(".where b").wait_for()
    return page


def test_it_says_what_it_is_and_starts_at_the_first_step(course_site):
    course_site.get_by_text("Recorded: 5 of the steps 0 to 9").wait_for()
    expect(course_site.locator(".where b")).to_have_text("step 0", use_inner_text=True)
    expect(course_site.get_by_role("button", name="train", exact=True)).to_have_count(0)


def test_the_recorded_steps_are_gone_through_in_both_directions(course_site, bench):
    course_site.goto(course_site.url.split("#")[0] + "#numbers")
    forward, back = (course_site.get_by_role("button", name=f"one step {way}") for way in ("forward", "back"))
    for step in STEPS[1:]:
        forward.click()
        course_site.locator(".where b", has_text=f"step {step}").wait_for()
    forward.click()
    expect(course_site.locator(".where b")).to_have_text("step 9", use_inner_text=True)
    heading = course_site.get_by_role("heading", name="Step 9")
    heading.wait_for()
    norm = (
        course_site.locator("tr", has=course_site.get_by_role("rowheader", name="dW1", exact=True)).locator("td").last
    )
    entry = next(one for one in bench.trace_at(9).table().entries if one.name == "dW1")
    assert float(norm.inner_text().replace("−", "-")) == pytest.approx(entry.norm, rel=1e-3)
    for step in reversed(STEPS[:-1]):
        back.click()
        course_site.locator(".where b", has_text=f"step {step}").wait_for()


def test_every_view_is_there_without_an_error(course_site):
    for name in course_site.locator(".tabs a").all_inner_texts():
        course_site.locator(".tabs a", has_text=name).click()
        course_site.wait_for_timeout(600)
        assert course_site.locator("main").inner_text().strip()
        assert course_site.locator(".note.trouble").all_inner_texts() == [], name


def test_a_mistake_is_made_and_the_quiz_is_answered(course_site):
    course_site.locator(".tabs a[data-view=mistakes]").click()
    course_site.locator("details[data-function=linear_forward] summary").click()
    boxes = course_site.locator("details[data-function=linear_forward] input")
    for k in (0, 1):  # recorded each alone
        boxes.nth(k).check()
        course_site.locator(".chip").wait_for()
        expect(course_site.locator(".chip")).to_have_count(1)
    course_site.get_by_role("button", name="Which mistake is this?").click()
    course_site.locator("[data-choice='0']").click()
    course_site.get_by_role("button", name="next question").wait_for()
    expect(course_site.locator(".note.trouble")).to_have_count(0)


def test_what_one_entry_is_made_of(course_site, bench):
    answer = course_site.evaluate(
        """async () => (await import("lab/talk.js")).ask("entry", { step: 9, name: "dW1", index: [1, 2], edits: [] })"""
    )
    assert answer["value"] == bench.trace_at(9)["dW1"][1, 2]
    assert len(answer["sums"][0]["terms"]) == 12


def test_a_step_is_copied_as_python(course_site):
    course_site.get_by_role("button", name="Take home").click()
    dialog = course_site.get_by_role("dialog")
    dialog.get_by_role("button", name="plain NumPy").click()
    dialog.locator(".script", has_text="def backward(").wait_for()


def test_what_was_not_recorded_is_said(course_site):
    answer = course_site.evaluate(
        """async () => { try { await (await import("lab/talk.js")).ask("trace", {step: 4}); return "answered"; }
        catch (problem) { return problem.message; } }"""
    )
    assert "pip install 'lamina[lab]'" in answer


def test_nothing_but_its_own_scripts_may_run(course_site, faults):
    ran = course_site.evaluate(
        """() => { const one = document.createElement("script"); one.textContent = "globalThis.ran = true";
        document.body.append(one); return globalThis.ran === true; }"""
    )
    assert not ran
    assert any("Content Security Policy" in one for one in faults)
    faults.clear()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_dark_and_light_at_the_width_of_a_tablet(exported, browser, theme):
    context = browser.new_context(viewport={"width": 820, "height": 900}, color_scheme=theme)
    page = context.new_page()
    page.goto(exported.as_uri())
    page.locator(".where b").wait_for()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark == "rgb(20, 24, 30)") == (theme == "dark")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
