"""The same network as lamina builds it: its starting weights, its rows, and whether the peers' answers are right."""

import numpy as np
from tasks import SEED, Case, Task

from lamina.equations import verbs
from lamina.equations.layers import Dense, Linear
from lamina.equations.losses import LOSSES
from lamina.equations.network import Network
from lamina.learning.initialisers import starting_parameters

Layers = list[tuple[np.ndarray, np.ndarray]]

WATCHED_ROWS = 2048  # the cost is measured over so many


def network_of(case: Case) -> Network:
    inputs, *hidden, outputs = case.widths
    layers = [*(Dense(units, case.activation) for units in hidden), Linear(outputs)]
    return Network(inputs, layers, LOSSES[case.loss]())


def flat(network: Network, layers: Layers) -> np.ndarray:
    """Return the flat vector of parameters that holds these W and b."""
    params = np.zeros(network.size, np.float32)
    named = network.named(params)
    for number, (W, b) in enumerate(layers, start=1):
        named[f"W{number}"][:], named[f"b{number}"][:, 0] = W, b
    return params


def unflattened(network: Network, params: np.ndarray) -> list[np.ndarray]:
    """Return copies of W1, b1, W2, b2, ...; shapes (units, units_prev) and (units,)."""
    named = network.named(params.copy())
    numbers = range(1, len(named) // 2 + 1)
    return [array for l in numbers for array in (named[f"W{l}"], named[f"b{l}"][:, 0])]  # noqa: E741


def task_of(case: Case) -> Task:
    """Draw rows, targets that depend on them, the order of the rows, and lamina's starting weights."""
    rng = np.random.default_rng(SEED)
    X = rng.standard_normal((case.rows, case.widths[0]), dtype=np.float32)
    teacher = rng.standard_normal((case.widths[0], case.widths[-1])) / np.sqrt(case.widths[0])
    scores = X @ teacher.astype(np.float32)
    scores += 0.5 * rng.standard_normal(scores.shape, dtype=np.float32)
    Y = {"binary_log_loss": scores > 0, "squared_error": np.tanh(scores)}.get(case.loss)
    if Y is None:  # one-hot
        Y = scores.argmax(axis=1)[:, None] == np.arange(scores.shape[1])
    order = np.arange(case.rows)
    np.random.RandomState(SEED).shuffle(order)
    network = network_of(case)
    params = unflattened(network, starting_parameters(network, "suited", SEED, np.float32))
    layers = list(zip(params[::2], params[1::2], strict=True))
    return Task(case, X, np.ascontiguousarray(Y, np.float32), order.reshape(case.steps, case.batch), layers)


def cost(task: Task, layers: Layers) -> float:
    """Return the cost by the equations in double precision, over the first rows."""
    network, rows = network_of(task.case), slice(0, WATCHED_ROWS)
    params = flat(network, layers).astype(np.float64)
    return verbs.cost(network, params, task.X[rows].astype(np.float64), task.Y[rows].astype(np.float64))


def error(task: Task, answer: np.ndarray) -> float:
    """Return how far predictions are from the equations': the largest difference, or the share of other labels."""
    network = network_of(task.case)
    params, rows = flat(network, task.layers), slice(-WATCHED_ROWS, None)
    A = verbs.predict(network, params.astype(np.float64), task.X[rows])
    if task.case.work != "estimator":
        return float(np.abs(A - answer[rows].reshape(A.shape)).max())
    labels = A[:, 0] > 0.5 if A.shape[1] == 1 else A.argmax(axis=1)
    return float(np.mean(labels != answer[rows]))
