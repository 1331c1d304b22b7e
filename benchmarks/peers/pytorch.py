"""PyTorch, eager: functions over a list of tensors (modules cost time), batches by index_select, fused Adam."""

import numpy as np
import torch
from tasks import Task, Work, calls, expect_plain, in_blocks
from torch.nn import functional

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "gelu": functional.gelu}
Tensors = list[torch.Tensor]


def about() -> dict[str, str]:
    return {"torch": torch.__version__}


def training(task: Task) -> Work:
    torch.set_num_threads(task.threads)
    X, Y, order = tensors(task)
    loss = loss_of(task)

    def start() -> tuple[Tensors, torch.optim.Optimizer]:
        p = [tensor.requires_grad_() for tensor in parameters(task)]
        return p, torch.optim.Adam(p, lr=task.case.rate, fused=True)

    def run(state: tuple[Tensors, torch.optim.Optimizer]) -> Tensors:
        p, adam = state
        for _ in range(task.case.passes):
            for rows in order:
                adam.zero_grad()
                loss(p, X.index_select(0, rows), Y.index_select(0, rows)).backward()
                adam.step()
        return p

    return Work(start, run, arrays)


def predicting(task: Task) -> Work:
    torch.set_num_threads(task.threads)
    output, p = output_of(task), parameters(task)  # none asks for a gradient: inference_mode would only cost time

    def predict(X: np.ndarray) -> np.ndarray:
        return output(p, torch.from_numpy(X)).numpy()

    return calls(task, in_blocks(predict, 8192))


# ---- the network, for pytorch_compiled.py too ----


def tensors(task: Task) -> tuple[torch.Tensor, torch.Tensor, Tensors]:
    """Return X, Y (class numbers, where it is one-hot) and the batches' rows."""
    one_hot = task.case.loss == "categorical_log_loss"
    Y = torch.from_numpy(task.labels() if one_hot else task.Y)
    return torch.from_numpy(task.X), Y, list(torch.from_numpy(task.order))


def parameters(task: Task) -> Tensors:
    """Return copies of W, b, W, b, ..."""
    return [torch.from_numpy(array.copy()) for layer in task.layers for array in layer]


def arrays(p: Tensors) -> list[np.ndarray]:
    return [tensor.detach().numpy() for tensor in p]


def forward_of(task: Task):
    g = ACTIVATIONS[task.case.activation]

    def forward(p: Tensors, A: torch.Tensor) -> torch.Tensor:
        for W, b in zip(p[:-2:2], p[1:-2:2], strict=True):
            A = g(functional.linear(A, W, b))
        return functional.linear(A, p[-2], p[-1])

    return forward


def loss_of(task: Task):
    forward = forward_of(task)
    of_Z = {
        "binary_log_loss": functional.binary_cross_entropy_with_logits,
        "categorical_log_loss": functional.cross_entropy,
        "squared_error": lambda Z, Y: functional.mse_loss(Z, Y) / 2,
    }[task.case.loss]
    if task.case.operands == "float32":
        return lambda p, X, Y: of_Z(forward(p, X), Y)

    def mixed(p: Tensors, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
        with torch.autocast("cpu", torch.bfloat16):  # weights stay float32
            return of_Z(forward(p, X), Y)

    return mixed


def output_of(task: Task):
    expect_plain(task)
    forward = forward_of(task)
    of_Z = torch.sigmoid if task.case.loss == "binary_log_loss" else lambda Z: torch.softmax(Z, dim=1)
    return lambda p, X: of_Z(forward(p, X))
