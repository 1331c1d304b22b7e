"""A minimal estimator of scikit-learn's protocol, written without lamina: it walks through given values."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator

try:
    from sklearn.callback import CallbackSupportMixin, with_callbacks
except ImportError:  # scikit-learn before 1.9: only what is said of it can be tested
    CallbackSupportMixin, with_callbacks = type("Nothing", (), {}), lambda method: method
    collect_ignore = ["test_early_stopping.py", "test_checkpoint.py", "test_log.py"]


class Walk(CallbackSupportMixin, BaseEstimator):
    """After iteration k it predicts values[k] for every row; its error is its distance from y."""

    def __init__(self, values=(3.0, 2.0, 1.0, 0.0), history=False):
        self.values = values
        self.history = history

    @with_callbacks
    def fit(self, X, y):
        context = self._init_callback_context(max_subtasks=len(self.values))
        context.call_on_fit_task_begin(estimator=self, X=X, y=y)
        for k in range(len(self.values)):
            inner = context.subcontext(task_name="iteration")
            inner.call_on_fit_task_begin(estimator=self, X=X, y=y)
            self._state(k)
            now = lambda: dict(vars(self))  # noqa: E731
            if inner.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes=now):
                break
        context.call_on_fit_task_end(estimator=self, X=X, y=y, reconstruction_attributes={})
        return self

    def _state(self, k):
        self.value_, self.n_iter_ = float(self.values[k]), k + 1
        self.curve_ = [float(value) for value in self.values[: k + 1]]
        if self.history:
            self.history_ = [{"epoch": n + 1, "error": float(self.values[n])} for n in range(k + 1)]

    def predict(self, X):
        return np.full(len(X), self.value_)

    def score(self, X, y):
        return -float(np.abs(self.predict(X) - y).mean())


@pytest.fixture
def walk():
    return Walk


@pytest.fixture
def rows():
    return np.zeros((5, 2)), np.zeros(5)
