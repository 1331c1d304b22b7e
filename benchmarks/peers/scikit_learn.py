"""scikit-learn: `partial_fit` of the multi-layer perceptron, which is a pass; float32 because the rows are.

It draws the order of every pass from `random_state` anew: the order that the others are given.
"""

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor
from tasks import SEED, NotOfferedError, Task, Work, calls, expect_float32, expect_plain, in_blocks

ACTIVATIONS = {"relu": "relu", "tanh": "tanh"}


def about() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


def training(task: Task) -> Work:
    expect_float32(task)
    y = task.labels()

    def run(estimator: MLPClassifier | MLPRegressor) -> MLPClassifier | MLPRegressor:
        for _ in range(task.case.passes):
            estimator.partial_fit(task.X, y)
        return estimator

    def answer(estimator: MLPClassifier | MLPRegressor) -> list[np.ndarray]:
        layers = zip(estimator.coefs_, estimator.intercepts_, strict=True)
        return [array for W, b in layers for array in (W.T, b)]

    return Work(lambda: _estimator(task), run, answer)


def predicting(task: Task) -> Work:
    estimator = _estimator(task)
    if task.case.work == "estimator":
        return calls(task, estimator.predict)
    expect_plain(task)
    column = slice(1, 2) if task.Y.shape[1] == 1 else slice(None)  # the second class is the network's one output
    return calls(task, in_blocks(lambda X: estimator.predict_proba(X)[:, column], 8192))


def _estimator(task: Task) -> MLPClassifier | MLPRegressor:
    """Return an estimator with the starting weights, its optimiser yet to be made."""
    case = task.case
    if case.activation not in ACTIVATIONS:
        raise NotOfferedError(f"no {case.activation}")
    kind = MLPRegressor if case.loss == "squared_error" else MLPClassifier
    estimator = kind(
        hidden_layer_sizes=case.widths[1:-1],
        activation=ACTIVATIONS[case.activation],
        alpha=0,
        batch_size=case.batch,
        learning_rate_init=case.rate,
        random_state=SEED,
    )
    y, some = task.labels(), slice(0, case.batch)
    classes = {} if kind is MLPRegressor else {"classes": np.unique(y)}
    estimator.partial_fit(task.X[some], y[some], **classes)
    for W, b, (W_start, b_start) in zip(estimator.coefs_, estimator.intercepts_, task.layers, strict=True):
        W[:], b[:] = W_start.T, b_start
    del estimator._optimizer  # Adam begins with the next call
    estimator.t_ = 0
    return estimator
