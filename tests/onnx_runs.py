"""Exported models, run by onnxruntime."""

import numpy as np
import onnx
import onnxruntime

from lamina.data.targets import Labels
from lamina.exporting import onnx_inputs, onnx_model
from lamina.exporting.columns import Columns, inputs_of, kinds_of
from lamina.exporting.encoder_nodes import encoded
from lamina.exporting.graphs import ML, ML_OPSET, OPSET, Graph, Value, element_type
from lamina.model import Model

CLOSE = 1e-5  # of probabilities; of numbers in units of their spread


def session_of(made):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])


def ran(model, X, inputs="columns"):
    """What onnxruntime makes of rows, by the name of the output."""
    session = session_of(onnx_model(model, inputs=inputs))
    names = [one.name for one in session.get_outputs()]
    return dict(zip(names, session.run(None, onnx_inputs(model, X, inputs=inputs)), strict=True))


def agree(model, X, inputs="columns", close=CLOSE):
    """Hold onnxruntime against lamina on these rows."""
    found, expected = ran(model, X, inputs), model.predict(X)
    if isinstance(model.target, Labels):
        assert list(found) == ["label", "probabilities"]
        probabilities = model.predict_proba(X)
        assert found["probabilities"].shape == probabilities.shape
        np.testing.assert_allclose(found["probabilities"], probabilities, rtol=0, atol=close)
        assert found["label"].shape == expected.shape
        np.testing.assert_array_equal(found["label"], expected)
        return
    (numbers,) = found.values()
    assert numbers.shape == expected.shape
    spread = max(float(np.std(expected)), float(np.mean(model.target.scale)), 1e-300)
    np.testing.assert_allclose(numbers, expected, rtol=close, atol=close * spread)


def encoded_by_onnx(encoder, X=None, dtype=np.float64, feed=None):
    """A[0] by onnxruntime, and which rows the encoder would refuse."""
    listed = inputs_of(encoder, "columns")
    graph = Graph({one.name for one in listed}, prefix="lamina/")
    columns = Columns(graph, [Value(graph, one.name, one.dtype) for one in listed], kinds_of(encoder))
    outputs = encoded(encoder, columns, dtype)
    helper = onnx.helper
    infos = [helper.make_tensor_value_info(one.name, element_type(one.dtype), None) for one in (*listed, *outputs)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "encoder", infos[:-2], infos[-2:], graph.constants),
        opset_imports=[helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)],
        ir_version=8,
    )
    feed = onnx_inputs(Model(None, np.zeros(0), encoder, None), X) if feed is None else feed
    return session_of(made).run(None, feed)
