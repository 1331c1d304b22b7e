"""Rows to the body of an answer: JSON, tensors of the Open Inference Protocol, an Arrow stream."""

import json
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lamina.data.targets import Labels
from lamina.errors import SettingError
from lamina.serving.asking import Asked
from lamina.serving.catalogue import Served
from lamina.serving.refusals import Refused

LABEL, NUMBERS, PROBABILITIES = "label", "prediction", "probabilities"
DATATYPES = {"U": "BYTES", "b": "BOOL", "f": "FP64", "i": "INT64", "u": "UINT64"}


def output_of(asked: Asked, served: Served) -> NDArray[np.float64]:
    """Return A[L] of the rows, shape (m, n_outputs): the same bits for a row alone and among others."""
    if asked.single:
        return served.predictor.output(asked.rows)
    return served.model.output(asked.rows)


def as_json(asked: Asked, served: Served) -> bytes:
    """Return predictions, and for labels the probability of each class."""
    A, model = output_of(asked, served), served.model
    answer = {"model": served.name, "version": served.version, "predictions": model.decoded(A).tolist()}
    if isinstance(model.target, Labels):
        answer |= {"classes": model.target.classes.tolist(), "probabilities": model.probabilities(A).tolist()}
    if "coverage" in asked.more:
        answer |= _covering(A, served, asked.more["coverage"])
    return written(answer)


def _covering(A: NDArray[np.float64], served: Served, coverage: Any) -> dict[str, Any]:
    """Return intervals, or sets of labels, that hold what is predicted with a probability."""
    model = served.model
    try:
        if not isinstance(model.target, Labels):
            return {"intervals": model.intervals(A, coverage).tolist()}
        classes = model.target.classes
        return {"sets": [classes[one].tolist() for one in model.label_sets(A, coverage)]}
    except SettingError as problem:
        raise Refused(422, str(problem)) from None


def as_tensors(asked: Asked, served: Served) -> bytes:
    """Return the outputs that were asked for, all by default."""
    A, model = output_of(asked, served), served.model
    found = {first_output(served): model.decoded(A)}
    if isinstance(model.target, Labels):
        found[PROBABILITIES] = model.probabilities(A)
    wanted = asked.more.get("outputs") or [{"name": name} for name in found]
    names: list[Any] = (
        [one.get("name") if isinstance(one, dict) else one for one in wanted] if isinstance(wanted, list) else [0]
    )
    unknown = [name for name in names if not isinstance(name, str) or name not in found]
    if unknown:
        raise Refused(400, f"There is no output {json.dumps(unknown[0])[:60]}. There are: {', '.join(found)}.")
    outputs = [
        {"name": name, "datatype": DATATYPES[y.dtype.kind], "shape": list(y.shape), "data": y.ravel().tolist()}
        for name, y in ((name, found[name]) for name in names)
    ]
    answer = {"model_name": served.name, "model_version": served.version, "outputs": outputs}
    if isinstance(asked.more.get("id"), str):
        answer["id"] = asked.more["id"]
    return written(answer)


def first_output(served: Served) -> str:
    """Return what predictions are called among the outputs."""
    return LABEL if isinstance(served.model.target, Labels) else NUMBERS


def as_arrow(asked: Asked, served: Served) -> bytes:
    """Return an Arrow IPC stream: the target's column, and one for the probability of each class."""
    import pyarrow as pa

    A, model = output_of(asked, served), served.model
    y, name = model.decoded(A), model.target_name
    wide = y.reshape(len(y), -1)
    names = [name] if y.ndim == 1 else [f"{name}[{j}]" for j in range(wide.shape[1])]
    columns = [pa.array(column.tolist()) for column in wide.T]
    if isinstance(model.target, Labels):
        names += [f"{name}={label}" for label in model.target.classes]
        columns += [pa.array(column) for column in np.ascontiguousarray(model.probabilities(A).T)]
    table = pa.table(columns, names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def written(answer: Any) -> bytes:
    """Return plain values as JSON; numbers that JSON lacks become null."""
    try:
        return json.dumps(answer, allow_nan=False, separators=(",", ":")).encode()
    except ValueError:
        return json.dumps(_finite(answer), allow_nan=False, separators=(",", ":")).encode()


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list) else value
