"""The page as a whole: it loads, is complete without the network, says when the server is gone, and is for everyone."""

import re
import signal
from pathlib import Path

import pytest
from playwright.sync_api import expect

AXE = Path(__file__).parents[2] / "build" / "axe.min.js"
JUDGE = """async () => {
  const found = (await axe.run(document, { resultTypes: ["violations"] })).violations;
  const typeset = (node) => document.querySelector(node.target[0])?.querySelector(".katex");
  // A formula has no text that could be compared with a name; what it says is in the name alone.
  const judged = (one, node) => one.id !== "label-content-name-mismatch" || !typeset(node);
  return found.filter((one) => ["serious", "critical"].includes(one.impact)).map((one) => ({ id: one.id, help: one.help,
    impact: one.impact, nodes: one.nodes.filter((node) => judged(one, node)).map((node) => node.html.slice(0, 160)) }));
}"""
MARKUP = "<img src=x onerror=alert(1)>"


ATTACK = """async (lab) => {
  const ask = (path, options) => fetch(lab + path, { credentials: "include", ...options });
  const done = { sent: 0, refused: 0 };
  const tries = [
    ask("/ask/play", { method: "POST", mode: "no-cors", body: "{}" }),
    ask("/ask/play", { method: "POST", mode: "no-cors", body: new URLSearchParams({ a: 1 }) }),
    ask("/ask/play", { method: "POST", body: "{}" }),
    ask("/ask/play", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }),
    ask("/ask/now", { method: "POST", body: "{}", headers: { "Content-Type": "application/json" } }),
    ask("/", {}),
  ];
  for (const one of tries) await one.then(() => { done.sent += 1; }, () => { done.refused += 1; });
  for (const tag of ["img", "script", "iframe"]) {
    const element = document.createElement(tag);
    element.src = lab + "/static/page/main.js";
    document.body.append(element);
  }
  const form = document.createElement("form");
  Object.assign(form, { action: lab + "/ask/play", method: "POST", target: "other" });
  document.body.append(form);
  form.submit();
  await new Promise((resolve) => setTimeout(resolve, 500));
  return done;
}"""
NOW = """() => fetch("ask/now", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" })
  .then((answer) => answer.json())"""


def views(page):
    """The names of the views, from the tabs."""
    return page.eval_on_selector_all("[data-view]:is(a)", "(all) => all.map((one) => one.dataset.view)")


def show(page, view):
    """Open a view by its tab and wait until nothing more is asked."""
    page.click(f"a[data-view={view}]")
    expect(page.locator(f"#stage[data-view={view}]")).to_contain_text(re.compile(r"\S"))
    settle(page)


def settle(page):
    """Wait until nothing has been asked for half a second."""
    page.evaluate(
        """async () => {
          for (let before = -1, now = 0; before !== now; ) {
            before = now;
            await new Promise((resolve) => setTimeout(resolve, 500));
            now = performance.getEntriesByType("resource").length;
          }
        }"""
    )


def test_it_shows_the_network_at_once(looked_at, capsys):
    """The time is printed and not judged: a busy machine says nothing about the page."""
    seen = looked_at.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime")
    with capsys.disabled():
        print(f"\nfirst paint of the lab's page after {seen:.0f} ms")
    expect(looked_at.locator("nav.tabs a")).not_to_have_count(0)
    expect(looked_at.locator("nav.bar .where")).to_contain_text("step 0")
    assert "lamina lab" in looked_at.title()


def test_the_token_leaves_the_address_and_is_not_on_the_page(looked_at, shared_lab):
    token = shared_lab.address.partition("token=")[2]
    assert token not in looked_at.url
    assert token not in looked_at.content()
    assert looked_at.evaluate("document.cookie") == ""


def test_nothing_is_asked_of_other_machines(shared_lab, page):
    """`page` complains of any; here it is seen that there were requests at all, and every kind of file among them."""
    asked = []
    page.on("request", lambda one: asked.append(one.url))
    page.goto(shared_lab.address)
    page.wait_for_selector("#stage[data-view]")
    assert all(url.startswith((shared_lab.origin, "data:", "blob:")) for url in asked)
    assert {"js", "css", "svg"} <= {url.rpartition(".")[2] for url in asked}


@pytest.mark.provokes_faults
def test_the_policy_forbids_what_an_attacker_would_try(looked_at):
    """Inline scripts, inline styles, eval, other machines, and frames."""
    tried = looked_at.evaluate(
        """async () => {
          const said = [];
          document.addEventListener("securitypolicyviolation", (one) => said.push(one.effectiveDirective));
          const script = document.createElement("script");
          script.textContent = "globalThis.stolen = 1";
          document.body.append(script);
          const holder = document.createElement("div");
          document.body.append(holder);
          holder.innerHTML = '<p style="color: red">x</p><img src="x" onerror="globalThis.stolen = 1">';
          await new Promise((resolve) => setTimeout(resolve)); // the debugger itself may evaluate, a later task may not
          try { eval("globalThis.stolen = 1"); } catch {}
          await fetch("https://example.org/").catch(() => {});
          const frame = document.createElement("iframe");
          frame.src = location.href;
          document.body.append(frame);
          await new Promise((resolve) => setTimeout(resolve, 300));
          return { said, stolen: globalThis.stolen };
        }"""
    )
    assert tried["stolen"] is None
    assert {"script-src-elem", "script-src-attr", "style-src-attr", "script-src", "connect-src", "frame-src"} <= set(
        tried["said"]
    )


@pytest.mark.provokes_faults
@pytest.mark.parametrize("where", ["http://127.0.0.1:4999", "http://evil.example:4999"])
def test_a_page_from_elsewhere_cannot_drive_it(opened, lab, where):
    """One at another port of this machine is even sent the cookie along."""
    page = opened.context.new_page()
    page.route(f"{where}/**", lambda route: route.fulfill(body="<h1>Prizes!</h1>", content_type="text/html"))
    page.goto(f"{where}/prizes")
    answers = page.evaluate(ATTACK, lab.origin)
    assert answers == {"sent": 0, "refused": 6}  # the browser shows it nothing; whether it did something is seen here
    assert opened.evaluate(NOW)["head"] == 0


@pytest.mark.provokes_faults
def test_a_name_that_is_pointed_at_this_machine_is_refused(lab, page):
    """DNS rebinding: for the browser the lab is then the attacker's own site, token and all."""
    answer = page.goto(lab.address.replace("127.0.0.1", "evil.example"))
    assert answer.status == 421
    assert "a name that is not its own" in page.content()


@pytest.mark.provokes_faults
def test_the_server_gone_is_said_and_the_page_comes_back_with_it(page, start_lab):
    """With the same port and token, as after a crash; the page starts anew, for the lab did."""
    fixed = ["--token", "0123456789abcdef"]
    first = start_lab(*fixed)
    page.goto(first.address)
    page.wait_for_selector("#stage[data-view]")
    first.stop(signal.SIGKILL)
    expect(page.locator("header .line")).to_contain_text("does not answer")
    page.click("[aria-label='one step forward']")
    expect(page.locator(".notes")).to_contain_text("does not answer")
    start_lab("xor", "--port", str(first.port), *fixed)
    expect(page.locator("header .line")).to_be_empty()
    page.wait_for_selector("#stage[data-view]")
    page.click("[aria-label='one step forward']")
    expect(page.locator("nav.bar .where")).to_contain_text("step 1")


@pytest.mark.provokes_faults
def test_another_lab_on_this_port_says_which_address_to_open(page, start_lab):
    """A new token: the page cannot know it."""
    first = start_lab()
    page.goto(first.address)
    page.wait_for_selector("#stage[data-view]")
    first.stop(signal.SIGKILL)
    second = start_lab("--port", str(first.port))
    expect(page.locator("header .line")).to_contain_text("open the whole address")
    page.goto(second.address)
    page.wait_for_selector("#stage[data-view]")
    expect(page.locator("header .line")).to_be_empty()


def test_a_tab_that_is_not_seen_keeps_no_connection(looked_at):
    """Browsers open six connections to a server; with more tabs than that, none would be answered."""
    hide = """(hidden) => { Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
                            document.dispatchEvent(new Event("visibilitychange")); }"""
    with looked_at.expect_event("requestfailed", lambda one: one.url.endswith("/events")):
        looked_at.evaluate(hide, True)
    with looked_at.expect_request("**/events"):
        looked_at.evaluate(hide, False)


@pytest.fixture
def judged(looked_at):
    """A function that returns what axe-core finds on the page as it is, but for trifles."""
    if not AXE.is_file():
        pytest.fail("axe-core is not there: make build/axe.min.js")
    looked_at.evaluate(AXE.read_text())  # by the debugger, which no policy holds back

    def judge():
        found = looked_at.evaluate(JUDGE)
        return [f"{one['impact']}: {one['help']} ({one['id']}): {one['nodes']}" for one in found if one["nodes"]]

    return judge


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible(looked_at, judged, scheme):
    looked_at.emulate_media(color_scheme=scheme)
    assert views(looked_at)
    found = []
    for view in views(looked_at):
        show(looked_at, view)
        found += [f"{view}: {fault}" for fault in judged()]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(820, 1180), (1280, 720)])
def test_no_view_is_wider_than_the_screen(looked_at, size, scheme):
    looked_at.set_viewport_size({"width": size[0], "height": size[1]})
    looked_at.emulate_media(color_scheme=scheme)
    wide = {}
    for view in views(looked_at):
        show(looked_at, view)
        width = looked_at.evaluate("document.documentElement.scrollWidth")
        if width > size[0]:
            wide[view] = width
    assert wide == {}


def test_the_switch_for_dark_and_light_is_remembered(looked_at):
    looked_at.emulate_media(color_scheme="light")
    before = looked_at.evaluate("getComputedStyle(document.body).backgroundColor")
    looked_at.click(".theme")
    after = looked_at.evaluate("getComputedStyle(document.body).backgroundColor")
    assert after != before
    looked_at.reload()
    looked_at.wait_for_selector("#stage[data-view]")
    assert looked_at.evaluate("getComputedStyle(document.body).backgroundColor") == after


def test_it_is_used_by_keyboard_alone(looked_at):
    """From the top: a link past the tabs, the tabs, the view, and every control with a visible focus."""
    looked_at.keyboard.press("Tab")
    assert looked_at.evaluate("document.activeElement.textContent") == "to the view"
    looked_at.keyboard.press("Enter")
    expect(looked_at.locator("#stage")).to_be_focused()
    names = set()
    for _ in range(40):
        looked_at.keyboard.press("Tab")
        seen = looked_at.evaluate(
            """() => { const one = document.activeElement; const style = getComputedStyle(one);
                       return [one.tagName, style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0]; }"""
        )
        names.add(seen[0])
        assert seen[1] or seen[0] in {"BODY", "MAIN"}, seen
    assert "BUTTON" in names


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("holiday.png", b"\x89PNG\r\n\x1a\n" + bytes(500), "is no table file"),
        ("rows.parquet", b"PAR1 but not really", "rows.parquet"),
        ("empty.csv", b"", "empty"),
        (f"{MARKUP}.csv", b"", MARKUP),
    ],
)
@pytest.mark.provokes_faults
def test_a_wrong_file_is_said_and_what_was_there_stays(looked_at, name, content, said):
    """The answer has the status 422, which a browser notes in its console."""
    looked_at.click("a[data-view=train]")
    looked_at.set_input_files("#own-file", {"name": name, "mimeType": "text/csv", "buffer": content})
    expect(looked_at.locator(".notes")).to_contain_text(said)
    looked_at.click("a[data-view=numbers]")
    expect(looked_at.locator("#stage")).to_contain_text("12 rows")
    expect(looked_at.locator("#stage img, .notes img")).to_have_count(0)


def test_names_of_columns_are_text(looked_at):
    rows = f"{MARKUP},b,<b>y</b>\n" + "".join(f"{k % 7},{k % 5},{k % 2}\n" for k in range(40))
    looked_at.click("a[data-view=train]")
    looked_at.set_input_files("#own-file", {"name": "t.csv", "mimeType": "text/csv", "buffer": rows.encode()})
    expect(looked_at.locator("#stage")).to_contain_text("<b>y</b>")
    expect(looked_at.locator("#stage img, #stage b").filter(has_text="y")).to_have_count(0)
    expect(looked_at.locator("img")).to_have_count(0)
