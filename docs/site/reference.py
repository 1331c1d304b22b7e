"""The reference of the library: a page for every public name, and lists of them, from what the package exports."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any

import lamina
from lamina.equations.layers import LAYERS
from lamina.equations.losses import LOSSES
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.learning.schedules import SCHEDULES


def pages() -> dict[str, str]:
    """Return the pages by name."""
    found = {"reference/api.rst": index()}
    for page, (title, text, names) in lists().items():
        found[f"reference/{page}.rst"] = listing(title, text, names)
        found |= {f"reference/api/{name}.rst": part(name) if is_part(page, name) else one(name) for name in names}
    return found


def index() -> str:
    """Return the page that leads to the lists."""
    every = lists()
    lines = [
        heading("Python API", "="),
        API,
        "",
        ".. toctree::",
        "   :hidden:",
        "",
        *(f"   {page}" for page in every),
        "",
    ]
    for page, (title, text, names) in every.items():
        lines += [heading(title, "-"), f"{text} :doc:`All of them <{page}>`.", "", ", ".join(map(link, names)), ""]
    return "\n".join(lines)


def listing(title: str, text: str, names: list[str]) -> str:
    """Return a page with a table of names and what each is."""
    lines = [heading(title, "="), text, "", ".. list-table::", "   :widths: 35 65", ""]
    for name in names:
        lines += [f"   * - {link(name)}", f"     - {summary(named(name))}"]
    return "\n".join(
        [*lines, "", ".. toctree::", "   :hidden:", "", *(f"   {short(name)} <api/{name}>" for name in names), ""]
    )


def one(name: str) -> str:
    """Return the page of a class, a function or an error."""
    found = named(name)
    if not inspect.isclass(found):
        return "\n".join([heading(short(name), "="), f".. autofunction:: {name}", "", *examples(name)])
    kind = "autoexception" if issubclass(found, BaseException) else "autoclass"
    bases = ["   :show-inheritance:"] if kind == "autoexception" else []
    lines = [heading(short(name), "="), f".. {kind}:: {name}", *bases, ""]
    members = list(methods(found))
    if members:
        lines += [heading("Methods", "-")]
        lines += [f".. auto{what}:: {name}.{member}\n" for member, what in members]
    return "\n".join([*lines, *examples(name)])


def examples(name: str) -> list[str]:
    """Return the pictures of the examples that use a name, where there are such."""
    used = any(re.search(rf"\b{re.escape(name)}\b", file.read_text(encoding="utf-8")) for file in EXAMPLES)
    return [heading("Examples", "-"), f".. minigallery:: {name}", ""] if used else []


def is_part(page: str, name: str) -> bool:
    """Tell whether a name is that of a class which a setting takes by name."""
    return page in OF_PARTS and name != "lamina.Network"


def part(name: str) -> str:
    """Return the page of a class that is given by name in a setting, with its own settings."""
    lines = [heading(short(name), "="), f".. autoclass:: {name}", ""]
    settings = [one for one in fields(named(name)) if one.init]
    if settings:
        lines += [heading("Settings", "-"), ".. list-table::", "   :widths: 30 70", ""]
        lines += [f"   * - ``{one.name}``\n     - {default(one)}" for one in settings]
    return "\n".join([*lines, ""])


def default(one: Field[Any]) -> str:
    """Say what a setting is by default."""
    return "must be given" if one.default is MISSING else f"``{one.default!r}`` by default"


def methods(owner: type) -> Iterator[tuple[str, str]]:
    """Yield the public methods that are lamina's own and say something, with what Sphinx calls them."""
    for name, value in inspect.getmembers(owner):
        if name.startswith("_") or REQUEST.fullmatch(name) or not is_ours(owner, name):
            continue
        static = inspect.getattr_static(owner, name)
        if isinstance(static, property | cached_property):
            yield name, "property"
        elif inspect.isroutine(value) and inspect.getdoc(value):
            yield name, "method"


def is_ours(owner: type, name: str) -> bool:
    """Tell whether a name of a class is defined in this package."""
    home = next((one for one in owner.__mro__ if name in vars(one)), object)
    return home.__module__.split(".")[0] == "lamina"


def named(name: str) -> Any:
    """Return what a full name stands for."""
    module, _, last = name.rpartition(".")
    return getattr(import_module(module), last)


def summary(found: Any) -> str:
    """Return the first sentence of a docstring."""
    return " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split()).replace("|", "\\|")


def link(name: str) -> str:
    """Return a link to the page of a name, without the package before it."""
    role = "func" if not inspect.isclass(named(name)) else "exc" if issubclass(named(name), BaseException) else "class"
    return f":py:{role}:`{short(name)} <{name}>`"


def short(name: str) -> str:
    """Return a name as it is shown: with the package that it is imported from, where that is one to know by name."""
    return name.removeprefix("lamina.") if name.count(".") < 3 else name.rpartition(".")[2]


def heading(text: str, line: str) -> str:
    """Return a heading of reStructuredText."""
    return f"{text}\n{line * len(text)}\n"


def public(names: str) -> list[str]:
    """Return the full names of what the package itself exports."""
    return [f"lamina.{name}" for name in names.split()]


def full(table: Mapping[str, type]) -> list[str]:
    """Return the full names of the classes in a table of parts: the public ones where there are such."""
    return [
        f"lamina.{one.__name__}" if one.__name__ in lamina.__all__ else f"{one.__module__}.{one.__name__}"
        for one in table.values()
    ]


def exported(package: str) -> list[str]:
    """Return the full names of what a package exports."""
    return [f"lamina.{package}.{name}" for name in import_module(f"lamina.{package}").__all__]


def errors() -> list[str]:
    """Return all errors and warnings, in the order of their file."""
    from lamina import errors as module

    found = (one for one in vars(module).values() if inspect.isclass(one) and issubclass(one, BaseException))
    return [f"lamina.errors.{one.__name__}" for one in found if one.__module__ == "lamina.errors"]


def lists() -> dict[str, tuple[str, str, list[str]]]:
    """Return the lists by page: title, a sentence, names. What no list names comes with the questions to a model."""
    found = {page: (title, text, list(names)) for page, (title, text, names) in CHOSEN.items()}
    seen = {name for _, _, names in found.values() for name in names}
    others = (one for one in public(" ".join(lamina.__all__)) if one not in seen and not one.endswith("__"))
    found["afterwards"][2].extend(one for one in others if not inspect.ismodule(named(one)))
    return found


EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
OF_PARTS = ("networks", "losses", "optimisers", "schedules")
REQUEST = re.compile("set_[a-z_]+_request")  # scikit-learn makes them
API = "Every public name, by what it is for. What a name needs is loaded when it is first used."

RESULTS = [
    *("lamina.model.Summary", "lamina.plots.LearningCurveDisplay", "lamina.rate_sweep.LearningRateSweep"),
    *("lamina.explaining.Explanation", "lamina.learning.diagnosis.findings.Diagnosis"),
    *("lamina.learning.gradient_check.GradientCheck", "lamina.glassbox.equations_of.NetworkEquations"),
    *("lamina.glassbox.ledger.Ledger", "lamina.glassbox.replay.Replay", "lamina.glassbox.slopes.Slopes"),
    "lamina.glassbox.why.Why",
]
CHOSEN = {
    "models": (
        "Models",
        "Train, predict, save and load.",
        public("DeepClassifier DeepRegressor Model load save RowPredictor rows_of Cluster tune Search"),
    ),
    "afterwards": (
        "Questions to a model",
        "Which columns matter, what was computed, what goes wrong.",
        public("explain trace Trace load_trace equations_of gradient_check lab"),
    ),
    "networks": (
        "Networks and layers",
        "A stack of layers and a loss over one flat vector of parameters.",
        ["lamina.Network", "lamina.Dense", *full({k: v for k, v in LAYERS.items() if v.__name__ != "Dense"})],
    ),
    "losses": ("Losses", "By name in the setting ``loss``; the equations are on :doc:`equations`.", full(LOSSES)),
    "optimisers": ("Optimisers", "By name in the setting ``optimizer``.", full(OPTIMISER_CHOICES)),
    "schedules": (
        "Schedules",
        "By name in the settings ``schedule``, ``decay_schedule``, ``dropout_schedule``.",
        full(SCHEDULES),
    ),
    "callbacks": (
        "Callbacks",
        "For any estimator with scikit-learn's callbacks (:doc:`/callbacks`).",
        exported("callbacks"),
    ),
    "course": (
        "The course's functions",
        "In the order in which the course asks for them (:doc:`/course`).",
        exported("course"),
    ),
    "exporting": ("ONNX", "Models as graphs (:doc:`/onnx`).", exported("exporting")),
    "results": ("What calls return", "Each prints itself, and some draw.", RESULTS),
    "errors": ("Errors and warnings", "A message says what was found, what was expected, and what to do.", errors()),
}
