"""A report as one page of HTML: it loads nothing, runs nothing, and is read dark, light or printed."""

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

from lamina.reporting.again import in_python
from lamina.reporting.elements import Markup, code, counted, element, markup, number, paragraph, table
from lamina.reporting.of_columns import what_matters
from lamina.reporting.of_diagnosis import diagnosis
from lamina.reporting.of_layers import layers
from lamina.reporting.of_model import cards, data, network, settings, what_it_is
from lamina.reporting.of_rows import scores, wrong
from lamina.reporting.of_training import curves
from lamina.reporting.subject import Subject

POLICY = "default-src 'none'; style-src 'unsafe-inline'"  # nothing is fetched, nothing runs


class Section(NamedTuple):
    """A part of the page."""

    name: str
    title: str
    content: Iterator[Markup]


def page_of(subject: Subject) -> str:
    """Return the report as HTML.

    Raises
    ------
    MissingExtraError
        matplotlib is not installed.
    """
    title = f"{subject.target}: a report on {subject.name}"
    parts = list(_sections(subject))
    links = [element("li", element("a", one.title, href=f"#{one.name}")) for one in parts]
    body = element(
        "body",
        element(
            "header",
            element("h1", title),
            paragraph(what_it_is(subject.model)),
            *(paragraph(f"{name}: {value}.", class_="soft") for name, value in subject.origin[:1]),
            cards(list(_figures(subject))),
            element("nav", element("ul", *links), aria_label="Sections"),
        ),
        element("main", *(element("section", element("h2", p.title), *p.content, id=p.name) for p in parts)),
        element("footer", paragraph("Written by lamina. This page loads nothing from anywhere.", class_="soft")),
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        Markup(f"<style>\n{files('lamina.reporting').joinpath('page.css').read_text(encoding='utf-8')}</style>"),
    )
    return markup(Markup("<!doctype html>\n"), element("html", head, body, lang="en"), Markup("\n"))


def _figures(subject: Subject) -> Iterator[tuple[str, str, str]]:
    """Yield the figures that stand at the top: what, how much, and a word on it."""
    model, tried = subject.model, subject.tried
    if tried is not None and tried.scores:
        for name, value, _ in list(tried.scores)[:3]:
            yield name, number(value), f"on {tried.name}"
    else:
        for name, value in list(model.scores.items())[:2]:
            yield name.removeprefix("validation_").replace("_", " "), number(value), f"on the {model.watched_rows}"
    found = len(subject.diagnosis)
    yield "diagnosis", "healthy" if not found else counted(found, "finding"), ""
    yield "parameters", number(model.summary().parameters), ""
    kept = f"kept: {model.best_epoch}" if model.best_epoch else ""
    yield "epochs", number(len(model.history)), kept


def _sections(subject: Subject) -> Iterator[Section]:
    model, tried = subject.model, subject.tried
    yield Section("diagnosis", "Diagnosis", diagnosis(subject))
    yield Section("scores", "How good it is", scores(subject))
    if tried is not None:
        if tried.worst:
            yield Section("wrong", "The rows that are most wrong", wrong(subject))
        yield Section("columns", "Which columns matter", what_matters(tried))
    yield Section("curves", "How it learned", curves(model))
    yield Section("layers", "The layers over time", layers(model))
    yield Section("data", "The columns", data(model, subject.target))
    yield Section("network", "The network", network(model))
    yield Section("settings", "The settings", settings(model))
    yield Section("again", "How to reproduce it", _again(subject))


def _again(subject: Subject) -> Iterator[Markup]:
    yield paragraph(
        "The same rows in any order, with the same settings and seed, train the same model. The model file keeps ",
        "neither the name of its training file (training.csv stands for it) nor which columns were left out, were ",
        "weights, groups or times, or which file the validation rows came from, if they had one of their own.",
    )
    for one in (*subject.commands, in_python(subject.model, subject.target, subject.name)):
        yield element("h3", one.title)
        yield code(one.code)
    yield table(["what", "value"], subject.origin, "Where this report comes from", left=(0, 1))
