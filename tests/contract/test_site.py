"""What the site promises without Sphinx: every page is reached, names from elsewhere are right, links have a form.

`make docs` builds it, with every warning an error, and follows the links within it.
"""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sklearn.neural_network import MLPClassifier, MLPRegressor

from lamina.learning.foreign_names import SETTING_OF
from lamina.learning.hyperparameters import SETTINGS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SITE = DOCS / "site" / "pages"
MADE = ("reference/", "gallery/", "changelog")  # by the build
TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```", re.MULTILINE | re.DOTALL)
OTHERWISE = {("scikit-learn", "learning_rate")}  # a schedule there, a number everywhere else
CODE = re.compile(r"`([^`]+)`")
NAMES = {one.name for one in SETTINGS}
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md")), *sorted(SITE.glob("*.md"))]


def place_of(name: str) -> Path:
    return next((folder / f"{name}.md" for folder in (SITE, DOCS) if (folder / f"{name}.md").is_file()), DOCS / name)


def reached(name: str, found: set[str]) -> set[str]:
    """Every page that the lists of pages lead to from one on."""
    if name not in found and not name.startswith(MADE):
        found.add(name)
        for block in TOCTREE.findall(place_of(name).read_text(encoding="utf-8")):
            for line in block.splitlines():
                entry = re.sub(r".*<(.+)>$", r"\1", line.strip())
                if entry and not entry.startswith(":"):
                    reached(entry, found)
    return found


def test_every_page_is_reached_from_the_start_page():
    missing = {page.stem for page in PAGES[2:]} - reached("index", set())
    assert not missing, (
        f"not in a toctree of docs/site/pages: {', '.join(sorted(missing))}; guides.md is the usual place"
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_to_elsewhere_have_the_form_of_an_address(page):
    for link in re.findall(r"\]\((https?:[^)]*)\)", page.read_text(encoding="utf-8")):
        parts = urlsplit(link)
        assert "." in parts.netloc, link
        assert not re.search(r"[\s<>\"]", link), link


def rows_of(heading: str) -> list[list[str]]:
    text = (DOCS / "coming-from.md").read_text(encoding="utf-8")
    section = text[text.index(f"\n## {heading}") :].split("\n## ")[1]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]


@pytest.mark.parametrize("heading", ["scikit-learn", "Keras", "LightGBM"])
def test_a_name_from_elsewhere_is_what_the_library_answers_it_with(heading):
    seen = 0
    for there, here, _ in rows_of(heading):
        ours = [text.partition("=")[0] for text in CODE.findall(here)]
        for name in CODE.findall(there):
            known = SETTING_OF.get(name.lower().replace("_", ""))
            if known is not None and name not in NAMES and (heading, name) not in OTHERWISE:
                seen += 1
                assert known.partition("=")[0] in ours, f"{name} is {known} by foreign_names.py, {here} on the page"
    assert seen >= 5


def test_every_setting_of_the_perceptron_of_scikit_learn_is_in_the_table():
    named = {name for there, _, _ in rows_of("scikit-learn") for name in CODE.findall(there)}
    assert named == {*MLPClassifier().get_params(), *MLPRegressor().get_params()}


def test_what_is_the_same_there_is_a_setting_here():
    same = [name for there, here, _ in rows_of("scikit-learn") if here == "the same" for name in CODE.findall(there)]
    assert same
    assert set(same) <= NAMES


def test_examples_begin_with_a_title_for_the_gallery():
    for example in (ROOT / "examples").glob("*.py"):
        quotes, title, line = example.read_text(encoding="utf-8").splitlines()[:3]
        assert (quotes, line) == ('"""', "=" * len(title)), example.name
