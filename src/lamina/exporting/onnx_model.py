"""A model as an ONNX graph, with its encoder: columns in, answers out; checked, described, and written to a file."""

import json
import os
from importlib.metadata import version
from typing import Any

import numpy as np

from lamina.data.targets import Labels
from lamina.equations.losses import Quantile
from lamina.errors import ExportError, SettingError, nearest
from lamina.exporting.answer_nodes import answers, plain_classes
from lamina.exporting.columns import LAYOUTS, MEANING, Columns, Input, Layout, inputs_of, kinds_of
from lamina.exporting.encoder_nodes import encoded
from lamina.exporting.graphs import ML, ML_OPSET, OPSET, Graph, Value, element_type, onnx_library
from lamina.exporting.network_nodes import last_layer, output_of
from lamina.model import Model
from lamina.sealed_file import replacing

IR_VERSION = 8  # of the file format, that of opset 18
LARGEST_FILE = 2**31 - 2**20  # what protobuf holds, and some room for the rest


def to_onnx(model: Model, path: str | os.PathLike[str], *, inputs: Layout = "columns") -> None:
    """Write a model, with its encoder, to an ONNX file of opset 18.

    Parameters
    ----------
    model : Model
    path : path
        `~` is the home folder. An old file there is replaced in one step; after any error it is as it was.
    inputs : {"columns", "matrix"}
        An input of shape (rows, 1) for each training column, under its name; or a single one, `X` of shape (rows,
        columns), where no column is text.

    Raises
    ------
    ExportError
        The model holds what ONNX cannot express, or the file cannot be written.
    SettingError
        `inputs` is neither.
    MissingExtraError
        The library onnx is not installed.
    """
    path = os.path.expanduser(os.fspath(path))
    content = onnx_model(model, inputs=inputs).SerializeToString()
    try:
        with replacing(path) as file:
            file.write(content)
    except (OSError, ValueError) as problem:
        why = getattr(problem, "strerror", None) or problem
        kept = " The old file is unchanged." if os.path.isfile(path) else ""
        raise ExportError(f"cannot write {path!r}: {why}.{kept}") from problem


def onnx_model(model: Model, *, inputs: Layout = "columns") -> Any:
    """Return the `onnx.ModelProto` that `to_onnx` writes, checked by `onnx.checker`.

    Raises
    ------
    ExportError, SettingError, MissingExtraError
        As `to_onnx`.
    """
    if inputs not in LAYOUTS:
        raise SettingError(f"inputs={inputs!r}: expected one of {', '.join(LAYOUTS)}.{nearest(inputs, LAYOUTS)}")
    onnx = onnx_library()
    _check_size(model)
    listed = inputs_of(model.encoder, inputs)
    try:
        made = _made(model, listed)
    except UnicodeEncodeError as problem:
        text = problem.object[: problem.end]
        raise ExportError(f"an ONNX file holds valid Unicode only, and a label, level or name is {text!r}") from problem
    try:
        onnx.checker.check_model(made, full_check=True)
    except Exception as problem:  # the checker's errors have no class in common
        raise ExportError(f"what was made of this model is no valid ONNX: {problem}") from problem
    return made


def _made(model: Model, listed: list[Input]) -> Any:
    helper = onnx_library().helper
    graph = Graph({one.name for one in listed}, prefix="lamina/")
    values = [Value(graph, one.name, one.dtype) for one in listed]
    outputs = [_output(graph, *answer) for answer in answered(model, graph, values)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "lamina", [_input(one) for one in listed], outputs, graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=IR_VERSION,
        producer_name="lamina",
        producer_version=version("lamina"),
        doc_string=f"Predicts {model.target_name!r} from columns as they are: encoding included.",
    )
    helper.set_model_props(made, described(model))
    return made


def answered(model: Model, graph: Graph, values: list[Value]) -> list[tuple[str, Value, Any]]:
    """Add all nodes from columns to answers; return these by name, each with its shape."""
    Z, refused = ended(model, graph, values)
    return answers(model, output_of(model.network, Z), refused)


def ended(model: Model, graph: Graph, values: list[Value]) -> tuple[list[Value], Value]:
    """Add the nodes from columns to Z[L]; return that of each bag, and which rows have no answer."""
    A, refused = encoded(model.encoder, Columns(graph, values, kinds_of(model.encoder)), model.params.dtype)
    return [last_layer(model.network, params, A) for params in np.atleast_2d(model.params)], refused


def described(model: Model) -> dict[str, str]:
    """Return the metadata of the file: JSON, but for plain text."""
    kinds = zip(model.encoder.names_in, kinds_of(model.encoder), strict=True)
    found = {
        "lamina": version("lamina"),
        "target": model.target_name,
        "task": model.target.task if isinstance(model.target, Labels) else "regression",
        "columns": json.dumps([{"name": name, "kind": kind} for name, kind in kinds], ensure_ascii=False),
        "missing": "encoded" if model.encoder.inputs.missing == "encode" else "refused: NaN is predicted",
    }
    if isinstance(model.target, Labels):
        found["classes"] = json.dumps(plain_classes(model.target).tolist(), ensure_ascii=False)
    if isinstance(model.network.loss, Quantile):
        found["quantiles"] = json.dumps(list(model.network.loss.quantiles))
    return found


def _input(one: Input) -> Any:
    doc = MEANING[one.kind] if one.width == 1 else f"{one.width} columns in the order of training; {MEANING['number']}"
    return onnx_library().helper.make_tensor_value_info(
        one.name, element_type(one.dtype), ["rows", one.width], doc_string=doc
    )


def _output(graph: Graph, name: str, value: Value, shape: Any) -> Any:
    """Give an answer its name, that of an input with "_" behind it; return it as an output."""
    name = name if name else "y"
    while name in graph.taken:
        name += "_"
    graph.taken.add(name)
    onnx = onnx_library()
    graph.nodes.append(onnx.helper.make_node("Identity", [value.name], [name], name=f"{graph.prefix}{name}_output"))
    return onnx.helper.make_tensor_value_info(name, element_type(value.dtype), list(shape))


def _check_size(model: Model) -> None:
    if model.params.nbytes > LARGEST_FILE:
        size = model.params.nbytes / 2**30
        raise ExportError(f"this model has {size:.1f} GiB of parameters, and an ONNX file holds less than 2 GiB")
    if not np.isfinite(model.params).all():
        raise ExportError("its parameters hold NaN or infinity, so it predicts nothing: train again")
