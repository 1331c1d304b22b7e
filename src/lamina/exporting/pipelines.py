"""A converter for skl2onnx, so that it exports pipelines, searches and stacks in which estimators of lamina stand.

It follows the conventions of skl2onnx: labels are text or int64; probabilities (in a list of dicts, unless
`options={"zipmap": False}` is given) and predicted numbers, (rows, targets), have the type of the numbers that come in.
"""

from typing import Any

import numpy as np

from lamina.data.targets import Labels
from lamina.errors import ExportError, MissingExtraError
from lamina.exporting.answer_nodes import answers
from lamina.exporting.columns import kinds_of
from lamina.exporting.graphs import ML, ML_OPSET, OPSET, TEXT, Graph, Value, beside, onnx_library, where
from lamina.exporting.network_nodes import logits_of, output_of
from lamina.exporting.onnx_model import ended
from lamina.model import Model

# What skl2onnx calls the types of inputs.
TYPES: dict[str, np.dtype[Any]] = {
    "FloatTensorType": np.dtype(np.float32),
    "DoubleTensorType": np.dtype(np.float64),
    "Int64TensorType": np.dtype(np.int64),
    "Int32TensorType": np.dtype(np.int32),
    "BooleanTensorType": np.dtype(np.bool_),
    "StringTensorType": TEXT,
}


def register_skl2onnx() -> None:
    """Let skl2onnx convert `DeepClassifier` and `DeepRegressor`, alone and inside of pipelines.

    Raises
    ------
    MissingExtraError
        skl2onnx is not installed.
    """
    try:
        from skl2onnx import update_registered_converter
    except ImportError:
        raise MissingExtraError("pipelines are converted by skl2onnx: pip install skl2onnx") from None
    from lamina.estimators import DeepClassifier, DeepRegressor

    zipmap = {"zipmap": [True, False, "columns"], "nocl": [True, False], "output_class_labels": [False, True]}
    scores = {"raw_scores": [True, False]}  # what CalibratedClassifierCV takes
    known = {"options": zipmap | scores}
    update_registered_converter(DeepClassifier, "LaminaDeepClassifier", _types_of_labels, _convert, **known)
    update_registered_converter(DeepRegressor, "LaminaDeepRegressor", _types_of_numbers, _convert)


def _types_of_labels(operator: Any) -> None:
    """Say which types and shapes come out of a classifier."""
    from skl2onnx.common import data_types

    target = operator.raw_operator.model_.target
    label = data_types.StringTensorType if target.classes.dtype.kind == "U" else data_types.Int64TensorType
    n = len(target.classes)
    operator.outputs[0].type = label([None, n] if target.task == "multilabel" else [None])
    operator.outputs[1].type = type(data_types.guess_tensor_type(operator.inputs[0].type))([None, n])


def _types_of_numbers(operator: Any) -> None:
    """Say which type and shape come out of a regressor."""
    from skl2onnx.common.data_types import guess_tensor_type

    number = type(guess_tensor_type(operator.inputs[0].type))
    operator.outputs[0].type = number([None, operator.raw_operator.model_.network.n_outputs])


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes of one estimator to those of skl2onnx."""
    model: Model = operator.raw_operator.model_
    if container.target_opset_onnx < OPSET:
        raise ExportError(f"target_opset={container.target_opset_onnx}: lamina needs opset {OPSET} or newer")
    graph = Graph(set(), prefix=f"{scope.get_unique_operator_name('lamina')}/")
    Z, refused = ended(model, graph, _columns(graph, operator.inputs, model))
    found = [value for _, value, _ in answers(model, output_of(model.network, Z), refused)]
    if not isinstance(model.target, Labels):
        found = [found[0].shaped(-1, model.network.n_outputs)]
    elif container.get_options(operator.raw_operator, {"raw_scores": False})["raw_scores"]:
        found[1] = where(refused, np.nan, _scores(model.target, logits_of(model.network, Z)))
    for value, output in zip(found, operator.outputs, strict=True):
        typed = value.as_type(TYPES[type(output.type).__name__])
        graph.nodes.append(onnx_library().helper.make_node("Identity", [typed.name], [output.full_name]))
    _hand_over(graph, container)


def _scores(target: Labels, Z: Value) -> Value:
    """Return what `decision_function` gives, a column for each class; of two classes the first has the opposite."""
    return beside([-Z, Z]) if target.n_outputs < len(target.classes) else Z


def _columns(graph: Graph, inputs: Any, model: Model) -> list[Value]:
    """Return the columns out of what comes in: a matrix, or several inputs of one or more columns."""
    kinds, values = kinds_of(model.encoder), []
    for one in inputs:
        name = type(one.type).__name__
        if name not in TYPES:
            raise ExportError(f"input {one.raw_name!r} is of the type {name}: expected one of {', '.join(TYPES)}")
        values.append(Value(graph, one.full_name, TYPES[name]))
    if len(values) == 1 and "text" not in kinds and values[0].dtype != TEXT:
        return [values[0].as_type(np.float64)]
    widths = [len(kinds) if len(values) == 1 else (*one.type.shape, 1)[1] for one in inputs]
    if sum(width or 1 for width in widths) != len(kinds):
        raise ExportError(f"the estimator was trained on {len(kinds)} columns, and {sum(widths)} come in")
    single = [
        value if width == 1 else value.at([j])
        for value, width in zip(values, widths, strict=True)
        for j in range(width or 1)
    ]
    for kind, value, name in zip(kinds, single, model.encoder.names_in, strict=True):
        if (kind == "text") != (value.dtype == TEXT):
            held, here = ("text", "numbers") if kind == "text" else ("numbers", "text")
            raise ExportError(f"column {name!r} held {held} in training, and {here} come in")
    return [value if value.dtype == TEXT else value.as_type(np.float64) for value in single]


def _hand_over(graph: Graph, container: Any) -> None:
    helper = onnx_library().helper
    for constant in graph.constants:
        if constant.string_data:
            container.add_initializer(constant.name, constant.data_type, constant.dims, list(constant.string_data))
        else:
            container.add_initializer(constant.name, constant.data_type, None, constant)
    for node in graph.nodes:
        attributes = {one.name: helper.get_attribute_value(one) for one in node.attribute}
        attributes |= {"op_version": ML_OPSET} if node.domain == ML else {}  # else the newest that is asked for
        names = list(node.input), list(node.output)
        container.add_node(node.op_type, *names, op_domain=node.domain, name=node.name, **attributes)
