"""ONNX Runtime: predictions only."""

import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from tasks import NotOfferedError, Task, Work, calls, expect_plain, in_blocks

ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh"}


def about() -> dict[str, str]:
    return {"onnxruntime": onnxruntime.__version__}


def training(task: Task) -> Work:
    raise NotOfferedError("predicts only")


def predicting(task: Task) -> Work:
    expect_plain(task)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = task.threads
    session = onnxruntime.InferenceSession(_model(task).SerializeToString(), options, ["CPUExecutionProvider"])
    return calls(task, in_blocks(lambda X: session.run(None, {"X": X})[0], 8192))


def _model(task: Task) -> onnx.ModelProto:
    nodes, arrays, last = [], [], len(task.layers)
    output = "Sigmoid" if task.case.loss == "binary_log_loss" else "Softmax"
    for l, (W, b) in enumerate(task.layers, start=1):  # noqa: E741
        A_prev, A = "X" if l == 1 else f"A{l - 1}", "A" if l == last else f"A{l}"
        function = output if l == last else ACTIVATIONS[task.case.activation]
        arrays += [numpy_helper.from_array(W, f"W{l}"), numpy_helper.from_array(b, f"b{l}")]
        nodes += [
            helper.make_node("Gemm", [A_prev, f"W{l}", f"b{l}"], [f"Z{l}"], transB=1),
            helper.make_node(function, [f"Z{l}"], [A]),
        ]
    X = helper.make_tensor_value_info("X", TensorProto.FLOAT, ["m", task.case.widths[0]])
    A = helper.make_tensor_value_info("A", TensorProto.FLOAT, ["m", task.case.widths[-1]])
    graph = helper.make_graph(nodes, "network", [X], [A], arrays)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
