"""A trace as a file: its arrays in safetensors under their names, and a sealed header that says what they are of."""

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina import sealed_file
from lamina.data import headers
from lamina.equations.network import Network
from lamina.errors import DataError, LaminaError, SealedFileError
from lamina.glassbox.engines import Comparison
from lamina.glassbox.network_equations import Setting, equations
from lamina.glassbox.origins import Origin, Origins
from lamina.glassbox.step_equations import Step
from lamina.glassbox.trace import Trace
from lamina.learning.choices import chosen, spelled
from lamina.learning.hyperparameters import OPTIMISER_CHOICES
from lamina.model_file.blueprints import network_from
from lamina.sealed_file import DAMAGED

FORMAT = 1
LARGEST = 1e300  # of a number in the header: infinity is none of JSON's


def save(trace: Trace, path: str | os.PathLike[str]) -> None:
    """Write a trace to one file, whole or not at all; see `Trace.save`."""
    path = os.path.expanduser(os.fspath(path))
    try:
        header = _header(trace)
        _trace(sealed_file.parsed(sealed_file.text_of(header)), dict(trace.arrays))  # what is written can be read
        sealed_file.write(path, trace.arrays, header)
    except LaminaError as problem:
        raise SealedFileError(f"cannot save this trace: {problem}") from problem
    except (OSError, ValueError) as problem:
        raise SealedFileError(f"cannot write {path!r}: {getattr(problem, 'strerror', None) or problem}.") from problem


def load_trace(path: str | os.PathLike[str]) -> Trace:
    """Return the trace of a file that `Trace.save` wrote.

    Raises
    ------
    lamina.errors.SealedFileError
        The file is truncated, altered, foreign or not there.
    """
    path = os.path.expanduser(os.fspath(path))
    try:
        header, arrays = sealed_file.read(path)
        return _trace(header, arrays)
    except (LaminaError, OSError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as problem:
        text = f"its header lacks {problem}" if isinstance(problem, KeyError) else str(problem)
        raise SealedFileError(f"cannot load {path!r} as a trace: {text[:500]}") from problem


def _header(trace: Trace) -> dict[str, Any]:
    step = trace.setting.step
    return {
        "trace": FORMAT,
        "arrays": list(trace.arrays),
        "blueprint": trace.network.blueprint(),
        "setting": {name: getattr(trace.setting, name) for name in ("training", "targets", "weighted")},
        "step": None if step is None else {**step._asdict(), "optimiser": spelled(step.optimiser)},
        "features": list(trace.origins.features),
        "columns": [one._asdict() for one in trace.origins.columns],
        "outputs": list(trace.origins.outputs),
        "engine": trace.engine,
        "comparisons": [[one.name, *(min(v, LARGEST) for v in one[1:])] for one in trace.comparisons],
    }


def _trace(header: Mapping[str, Any], arrays: dict[str, Any]) -> Trace:
    if "trace" not in header:
        what = "a model: lamina.load reads it" if "blueprint" in header else "no trace"
        raise DataError(f"it holds {what}")
    if header["trace"] != FORMAT:
        raise DataError(f"its format is {header['trace']!r}, this lamina reads format {FORMAT}")
    network, setting = network_from(header["blueprint"]), _setting(header)
    names = headers.texts(header["arrays"], "arrays")
    if set(names) != set(arrays) or len(set(names)) != len(names):
        raise DataError(f"its header and its arrays do not belong together: {DAMAGED}")
    trace = Trace(
        network,
        {name: arrays[name] for name in names},
        setting,
        _origins(header),
        str(header["engine"]),
        tuple(Comparison(str(name), float(off), float(allowed)) for name, off, allowed in header["comparisons"]),
    )
    _check_shapes(trace)
    return trace


def _setting(header: Mapping[str, Any]) -> Setting:
    given, step = header["setting"], header["step"]
    if step is not None:
        rule = chosen("optimizer", step["optimiser"], OPTIMISER_CHOICES)
        rest = {name: float(step[name]) for name in ("rate", "decay", "rounding")}
        apart = {str(name): float(value) for name, value in step["apart"].items()}
        step = Step(rule, number=int(step["number"]), examples=int(step["examples"]), apart=apart, **rest)
    flags = {name: headers.flag(given[name], name) for name in ("training", "targets", "weighted")}
    return Setting(**flags, step=step)


def _origins(header: Mapping[str, Any]) -> Origins:
    columns = tuple(
        Origin(
            str(one["column"]),
            str(one["kind"]),
            str(one["how"]),
            tuple(int(row) for row in one["rows"]),
            tuple(str(value) for value in headers.listed(one["values"], "values")),
        )
        for one in headers.listed(header["columns"], "columns")
    )
    features, outputs = (headers.texts(header[name], name) for name in ("features", "outputs"))
    return Origins(features, columns, outputs)


def _check_shapes(trace: Trace) -> None:
    """Raise a DataError where the arrays are not those of the network: a replay finds wrong numbers only."""
    A0 = trace.arrays.get("A0")
    if A0 is None or A0.ndim != 2 or len(A0) != trace.network.n_inputs or A0.shape[1] % trace.network.members:
        raise DataError("A0 does not fit its network")
    named: Network = trace.network
    for slot in named.slots:
        if trace.arrays.get(slot.name, np.zeros(0)).shape != slot.shape:
            raise DataError(f"{slot.name} does not fit its network")
    for equation in equations(named, trace.setting):
        if missing := [name for name in (equation.result, *equation.statement.inputs) if name not in trace.arrays]:
            raise DataError(f"the array {missing[0]} is missing")
    for site in trace.sites.every:
        if trace.arrays[site.out].shape != (site.units, A0.shape[1]):
            raise DataError(f"{site.out} does not fit its network")
