"""The page as one file, as text: whole, and with the answers that the engine gives."""

import base64
import gzip
import json
import re

import pytest

from lamina.cli.main import main
from lamina.laboratory.bench import Bench
from lamina.laboratory.exporting.one_file import in_script, one_file
from lamina.laboratory.exporting.recorded import chosen_steps, detailed_steps, key, recorded_answers
from lamina.laboratory.lab_rows import built_in
from lamina.laboratory.page_files import files, hash_of
from lamina.laboratory.questions import answer


@pytest.fixture(scope="module")
def bench():
    found = Bench(built_in("lesson"))
    found.play(8, wait=True)
    return found


@pytest.fixture(scope="module")
def recorded(bench):
    return json.loads(recorded_answers(bench, [0, 8], practice=False))


def unpacked(recorded, group):
    return json.loads(gzip.decompress(base64.b64decode(recorded["packed"][group])))


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("trace", {"step": 8}),
        ("lines", {"step": 0}),
        ("entry", {"step": 8, "name": "dW1", "index": [2, 3]}),
        ("unit", {"step": 0, "layer": 2, "unit": 3}),
        ("slopes", {"step": 0, "name": "b3", "row": 0, "column": 0}),
        ("python", {"step": 8, "dialect": "numpy"}),
    ],
)
def test_a_recorded_answer_is_the_engines(bench, recorded, name, arguments):
    found = unpacked(recorded, str(arguments["step"]))[key(name, arguments)]
    assert found["answer"] == json.loads(json.dumps(answer(bench, name, arguments)))


def test_an_error_is_recorded_as_a_sentence():
    moons = Bench(built_in("moons"))
    found = unpacked(json.loads(recorded_answers(moons, [0], practice=False)), "0")
    assert "no hidden layers of tanh" in found[key("python", {"step": 0, "dialect": "course"})]["error"]


def test_questions_have_one_text_however_they_are_asked():
    assert key("trace", {"step": 3, "edits": [], "x": None}) == 'trace {"step":3}'
    assert key("slopes", {"step": 1, "by": 0.5, "name": "W1"}) == 'slopes {"by":0.5,"name":"W1","step":1}'


@pytest.mark.parametrize("head", [1, 5, 30, 1000, 100_000])
def test_the_first_steps_are_recorded_and_ever_fewer(head):
    steps = chosen_steps(head)
    assert steps[: min(6, head)] == list(range(min(6, head)))
    assert steps == sorted(set(steps))
    assert steps[-1] == head
    assert len(steps) < 50
    assert detailed_steps(steps)[-1] == head


def test_the_document_needs_nothing_from_elsewhere(recorded):
    html = one_file(json.dumps(recorded), title="a <b> & c")
    assert "<title>a &lt;b&gt; &amp; c</title>" in html
    head = re.sub(r"<(script|style).*?</\1>", "", html, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!data:)', head) == []
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)[1]
    assert re.findall(r"url\((?!data:)", style) == []
    assert "@import" not in style


def test_the_policy_names_what_is_in_the_document():
    html = one_file('{"a": "</script><script>alert(1)</script>"}')
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1]
    assert "unsafe" not in policy
    run = re.findall(r"<script(?: type=\"(?:importmap|module)\")?>(.*?)</script>", html, re.DOTALL)
    assert len(run) == 4
    assert all(hash_of(one) in policy for one in run)
    assert "alert(1)</script>" not in html
    assert json.loads(in_script('"</script>"')) == "</script>"


def test_every_module_of_the_page_is_within_it():
    places = json.loads(re.search(r'<script type="importmap">(.*?)</script>', one_file(), re.DOTALL)[1])["imports"]
    modules = {
        name.removeprefix("page/"): file for name, file in files().items() if name.endswith(".js") and "page/" in name
    }
    assert set(places) == {f"lab/{name}" for name in modules}
    for name, file in modules.items():
        assert base64.b64decode(places[f"lab/{name}"].partition("base64,")[2]) == file.read_bytes()


def test_mistakes_and_a_quiz_are_recorded(bench, monkeypatch):
    monkeypatch.setattr("lamina.laboratory.exporting.recorded.MISTAKES_OF_A_FUNCTION", 0)
    monkeypatch.setattr("lamina.laboratory.exporting.recorded.SEEDS", 1)
    found = unpacked(json.loads(recorded_answers(bench, [0])), "")
    shown = [one["key"] for of in found[key("mistakes", {})]["answer"]["functions"] for one in of["mistakes"]]
    assert len(shown) == 1  # the one with which the view begins
    broken = found[key("break_it", {"rows": "circles", "keys": shown, "at": 0})]["answer"]
    assert broken["wrong"]["costs"] != broken["right"]["costs"]
    choices = [{"rows": "circles", "seed": 0, "choice": k} for k in range(4)]
    assert [found[key("quiz_answer", one)]["answer"]["right"] for one in choices].count(True) == 1


def test_the_command_writes_the_page_whole_or_not_at_all(tmp_path, capsys):
    page = tmp_path / "page.html"
    page.write_text("old")
    assert main(["lab", "--export", str(page), "--steps", "0"]) == 1
    assert "expected a number from 1 to" in capsys.readouterr().err
    assert page.read_text() == "old"
    assert main(["lab", "--export", str(tmp_path / "no" / "x.html")]) == 1
    assert "there is no folder" in capsys.readouterr().err
    assert main(["lab", "--export", str(page), "--steps", "2"]) == 0
    assert "one file that needs no server; 3 of the steps 0 to 2" in capsys.readouterr().out
    assert 1_000_000 < page.stat().st_size < 6_000_000
    assert [one.name for one in tmp_path.iterdir()] == ["page.html"]
