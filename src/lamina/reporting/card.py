"""A model card: Markdown with YAML metadata, as Hugging Face and skops read it."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from lamina.data.encoding.descriptions import columns
from lamina.data.target_values import plain
from lamina.data.targets import Labels
from lamina.equations.losses import Quantile
from lamina.errors import DataError, SettingError, nearest
from lamina.learning.diagnosis.findings import Diagnosis
from lamina.model import Model
from lamina.reporting.again import in_python
from lamina.reporting.elements import counted, number
from lamina.reporting.of_model import as_written, chosen_by_preset, what_it_is

HELD_OUT = "held-out rows"
OTHERS = "rows that it did not learn from"
MOST_COLUMNS = 200  # lines of the table
CONTROLS = dict.fromkeys((*range(32), *range(127, 160), 8232, 8233), " ")
MARKUP = re.compile(r"([\\`*_\[\]<>|#~$&])")

Scores = Sequence[tuple[str, float]]


class Words(NamedTuple):
    """What only its author knows of a model; `about` and `limits` are Markdown."""

    name: str = ""
    license: str = ""  # an identifier, such as bsd-3-clause
    about: str = ""
    limits: str = ""


NO_WORDS = Words()


def model_card(model: Model, X: Any = None, y: Any = None, **words: str) -> str:
    """Return the card of a model; see `lamina.Model.model_card`."""
    found: Scores = tuple(model.scores.items())
    where = HELD_OUT
    if X is not None:
        if y is None:
            raise DataError("X without y: a card needs the answers of the rows that it has scores on.")
        found, where = scores_on(model, X, y), OTHERS
    return card_of(model, model.target_name, found, where, model.diagnose(), _known(words))


def _known(words: dict[str, str]) -> Words:
    for word in words:
        if word not in Words._fields:
            known = ", ".join(Words._fields)
            raise SettingError(f"model_card({word}=...): expected {known}.{nearest(word, Words._fields)}")
    return Words(**words)


def card_of(
    model: Model, target: str, scores: Scores, where: str, diagnosis: Diagnosis, words: Words = NO_WORDS
) -> str:
    """Return the card of a model on the column `target`, with scores on rows that are called `where`."""
    title, file = words.name or f"A model of {target}", f"{words.name or 'model'}.lamina"
    shown = [(what.removeprefix("validation_"), value) for what, value in scores]
    finite = [(what, float(value)) for what, value in shown if np.isfinite(value)]
    sections = {
        "What it is": [text(what_it_is(model)), *([words.about] if words.about else [])],
        "How to load it": list(_loading(model, file)),
        "Scores": list(_scores(finite, where)),
        "Columns": list(_columns(model, target)),
        "How it was trained": list(_training(model, target, file)),
        "Limits": list(_limits(finite, diagnosis, words.limits)),
    }
    body = [f"# {text(title)}", *(part for head, parts in sections.items() for part in (f"## {head}", *parts))]
    return f"{_metadata(model, title, words.license, finite, where)}\n" + "\n\n".join(body) + "\n"


def scores_on(model: Model, X: Any, y: Any) -> list[tuple[str, float]]:
    """Return the scores of a model on rows, by the names that scikit-learn has for them."""
    from sklearn import metrics

    y, predicted = plain(y), model.predict(X)
    if not isinstance(model.target, Labels):
        found = [("r2", model.score(X, y))]
        if isinstance(model.network.loss, Quantile):
            return found
        error = {"rmse": metrics.root_mean_squared_error, "mae": metrics.mean_absolute_error}
        return [*found, *((name, float(measure(y, predicted))) for name, measure in error.items())]
    found = [("accuracy", model.score(X, y))]
    if model.target.task != "multilabel":
        found.append(("f1_macro", float(metrics.f1_score(y, predicted, average="macro"))))
        known = np.isin(y, model.target.classes).all()
        if known:
            P = model.predict_proba(X)
            found.append(("log_loss", float(metrics.log_loss(y, P, labels=model.target.classes))))
    return found


# ---- metadata ----


def _metadata(model: Model, title: str, licence: str, scores: Scores, where: str) -> str:
    """Return the YAML between its rules; a text in JSON is one in YAML."""
    kind = "tabular-classification" if isinstance(model.target, Labels) else "tabular-regression"
    lines = ["---", "library_name: lamina", f"pipeline_tag: {kind}", "tags:", "- lamina", "- tabular", f"- {kind}"]
    if licence:
        lines.append(f"license: {_quoted(licence)}")
    if scores:
        lines += ["model-index:", f"- name: {_quoted(title)}", "  results:"]
        lines += ["  - task:", f"      type: {kind}", "    dataset:", "      type: tabular"]
        lines += [f"      name: {_quoted(where)}", "    metrics:"]
        for what, value in scores:
            plain_name = what.lower().replace(" ", "_")
            lines += [f"    - type: {_quoted(plain_name)}", f"      name: {_quoted(what)}"]
            lines += [f"      value: {_in_yaml(value)}"]
    return "\n".join([*lines, "---", ""])


def _quoted(value: str) -> str:
    whole = value.translate(CONTROLS).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return json.dumps(whole, ensure_ascii=False)


def _in_yaml(value: float) -> str:
    """Return a number: one with an exponent needs a point, or YAML takes it for text."""
    text = repr(value)
    return text if "e" not in text or "." in text else text.replace("e", ".0e")


# ---- sections ----


def _loading(model: Model, file: str) -> Iterator[str]:
    yield "With [lamina](https://pypi.org/project/lamina/), from its model file, which holds numbers and no code:"
    call = "predict_proba" if isinstance(model.target, Labels) else "predict"
    columns = "a data frame, a file or a dict with the columns below" if model.encoder.named else "an array"
    yield _code(f"import lamina\n\nmodel = lamina.load({file!r})\nmodel.{call}(X)  # X: {columns}")


def _scores(scores: Scores, where: str) -> Iterator[str]:
    if not scores:
        yield "There were no held-out rows: how good it is on new rows is not known."
        return
    yield f"On {text(where)}:"
    yield _table(("score", "value"), [(what, number(value)) for what, value in scores])
    if where == HELD_OUT:
        yield "Training was stopped by these rows, so the scores are a little too good."


def _columns(model: Model, target: str) -> Iterator[str]:
    found = list(columns(model.encoder))
    yield f"The target is {text(repr(target))}. {counted(len(found), 'column')} in:"
    yield _table(("column", "kind", "as features"), found[:MOST_COLUMNS])
    if len(found) > MOST_COLUMNS:
        yield f"And {len(found) - MOST_COLUMNS:,} more."


def _training(model: Model, target: str, file: str) -> Iterator[str]:
    summary, kept = model.summary(), f" The weights of epoch {model.best_epoch} were kept." if model.best_epoch else ""
    ended = f" Training ended because: {text(model.stopped)}." if model.stopped else ""
    yield f"{counted(len(model.history), 'epoch')}.{kept}{ended}"
    yield f"{counted(summary.parameters, 'parameter')}; loss: {summary.loss}."
    settings = {name: as_written(value) for name, value in model.settings.items()}
    chosen = {name: f"{as_written(value)} (preset)" for name, value in chosen_by_preset(model).items()}
    yield _table(("setting", "value"), [*settings.items(), *chosen.items()])
    yield "To train it again:"
    yield _code(in_python(model, target, file).code)


def _limits(scores: Scores, diagnosis: Diagnosis, more: str) -> Iterator[str]:
    if more:
        yield more
    yield (
        "It knows what its training rows said, and nothing of why. Rows of another time, place or way of measuring may "
        "differ from them, and no score above tells how it does there."
    )
    points = [] if scores else ["It was not tried on rows that it did not learn from."]
    points += [text(f"{one.seen} {one.cause}".strip()) for one in diagnosis]
    if points:
        yield "\n".join(f"- {one}" for one in points)


# ---- Markdown ----


def text(value: Any) -> str:
    """Return a text that Markdown shows as it is, on one line."""
    return MARKUP.sub(r"\\\1", _plain(value))


def _plain(value: Any) -> str:
    return str(value).translate(CONTROLS)


def _table(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    lines = [heads, ["---"] * len(heads), *([text(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _code(lines: str) -> str:
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", lines)), default=0))
    return f"{fence}python\n{lines}\n{fence}"
