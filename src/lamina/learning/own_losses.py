"""A loss of somebody's own as a setting: a function, or `OwnLoss`, a function with what is known of it.

def log_cosh(A, Y):
    E = A - Y
    return np.log(np.cosh(E)), np.tanh(E)          # L, and its derivative by A

DeepRegressor(loss=log_cosh)
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from inspect import signature
from types import CodeType, MethodType
from typing import Any

import numpy as np

from lamina.equations.own_loss import COMPLEX_STEP, WITH_OUTPUT, FunctionLoss
from lamina.errors import SettingError, nearest

LONGEST_NAME = 60  # characters of a function's name
# What other libraries call the targets, which they hand over first.
NAMES_OF_TARGETS = {"y", "y_true", "ytrue", "true", "target", "targets", "label", "labels", "actual", "observed"}

# The output functions that fit a task; the first is what "auto" means.
OUTPUTS_OF_TASK = {
    "regression": ("identity", "exp"),
    "binary": ("sigmoid",),
    "multilabel": ("sigmoid",),
    "multiclass": ("softmax",),
}


@dataclass(frozen=True, eq=False, repr=False)
class OwnLoss:
    """A loss of your own: a function of predictions and targets that returns the loss and its derivative.

    ``loss=function`` is short for ``loss=OwnLoss(function)``. Before the first step the derivative is compared with
    central differences on rows of the fit; training stops there where it is wrong, and says at which entry.

    Parameters
    ----------
    function : callable
        ``function(A, Y)``, predictions first, both arrays (rows, outputs) of float64. For numbers both are in the units
        of y, and there is an output for each target. For labels A holds probabilities and Y is 0 or 1: one output for
        two classes, else one for each class or label. It returns the pair ``(L, dA)``: L of shape (rows,), a number
        for each row, or (rows, outputs), of which lamina takes the mean over the outputs; and the derivative of L by
        every entry of A, (rows, outputs). What it returns for a row must not depend on other rows. Weights and the mean
        over the rows are lamina's.
    output : {"auto", "identity", "exp", "sigmoid", "softmax"}
        The output function, A[L] of Z[L]. "auto" is the identity for numbers, sigmoid for two classes and for labels
        that are not exclusive, softmax for several classes. "exp" is for numbers above 0.
    of : {"A", "Z"}
        "Z": the function is given Z[L], before the output function, and returns the derivative by Z. So a loss with a
        logarithm of A can be written without overflow. For numbers, Z and Y are then as the network learns them,
        standardised unless ``scale_target=False``.
    derivative : callable or "complex step", optional
        For a function that returns L alone: a function of (A, Y) that returns dA; or "complex step", which evaluates
        the function at A + 1e-30i. That is exact where the function is analytic, made of arithmetic, exp, log and
        powers, and wrong, which the check finds, where it takes np.abs or a real part.
    name : str, optional
        What messages and model files call it; the function's own by default.

    Examples
    --------
    >>> def log_cosh(A, Y):
    ...     E = A - Y
    ...     return np.log(np.cosh(E)), np.tanh(E)
    >>> DeepRegressor(loss=OwnLoss(log_cosh))    # doctest: +SKIP
    """

    function: Callable[..., Any]
    output: str = "auto"
    of: str = "A"
    derivative: Callable[..., Any] | str | None = None
    name: str | None = None

    @property
    def called(self) -> str:
        """The name in messages and model files."""
        function = self.function.func if isinstance(self.function, partial) else self.function
        found = self.name or getattr(function, "__name__", type(function).__name__)
        return "".join(c if c.isprintable() else "?" for c in str(found))[:LONGEST_NAME]

    def __repr__(self) -> str:
        """Return a text that is the same in every process, and another one for another code."""
        own = {"output": "auto", "of": "A", "derivative": None}
        given = {name: getattr(self, name) for name, default in own.items() if getattr(self, name) != default}
        more = "".join(f", {name}={_name_of(value)}" for name, value in given.items())
        return f"OwnLoss({self.called}{more}, code={code_of(self.function, self.derivative)})"

    def check(self) -> "OwnLoss":
        """Return this loss, if it can be one.

        Raises
        ------
        SettingError
            No function, targets as its first parameter, or a word that does not exist.
        """
        if not callable(self.function) or isinstance(self.function, type):
            raise SettingError(f"OwnLoss: function={self.function!r}: expected a function of (A, Y).")
        for name, known in (("output", ("auto", *WITH_OUTPUT)), ("of", ("A", "Z"))):
            if (value := getattr(self, name)) not in known:
                raise SettingError(
                    f"OwnLoss: {name}={value!r}: expected one of {', '.join(known)}.{nearest(value, known)}"
                )
        if self.derivative not in (None, COMPLEX_STEP) and not callable(self.derivative):
            raise SettingError(
                f"OwnLoss: derivative={self.derivative!r}: expected a function of (A, Y) or {COMPLEX_STEP!r}."
            )
        for function in (self.function, self.derivative):
            if callable(function):
                self._check_order(function)
        return self

    def _check_order(self, function: Callable[..., Any]) -> None:
        try:
            names = list(signature(function).parameters)
        except (ValueError, TypeError):  # written in C
            return
        if names and names[0].lower() in NAMES_OF_TARGETS:
            raise SettingError(
                f"loss={self.called}({', '.join(names)}): the targets come first, as in Keras and LightGBM, but lamina "
                "calls loss(A, Y), predictions first, and takes (L, dA) back, not a gradient and a Hessian. Swap them "
                "and name them so."
            )

    def of_task(self, task: str, label_smoothing: float = 0.0) -> FunctionLoss:
        """Return the loss that the network has.

        Raises
        ------
        SettingError
            The output function does not fit the task.
        """
        output = OUTPUTS_OF_TASK[task][0] if self.output == "auto" else self.output
        check_output(self.called, output, task)
        return FunctionLoss(self.called, output, label_smoothing, self.function, self.of, self.derivative)


def check_output(called: str, output: str, task: str) -> None:
    """Raise a SettingError where an output function does not fit a task."""
    fitting = OUTPUTS_OF_TASK[task]
    if output not in fitting:
        expected = " or ".join(fitting)
        raise SettingError(
            f"loss={called}: output={output!r} does not fit a {task} target: expected {expected}, or 'auto'."
        )


def own_loss_of(value: Any) -> OwnLoss | None:
    """Return the loss of somebody's own that a setting means; None where it is one of the table."""
    if isinstance(value, OwnLoss):
        return value.check()
    if callable(value) and not isinstance(value, type):
        return OwnLoss(value).check()
    return None


# ---- telling one function from another ----


def code_of(*functions: Any) -> str:
    """Return a word that changes with the code of functions, their defaults and what they enclose; not with globals."""
    text = repr([_described(one, 0) for one in functions])
    return blake2b(re.sub(r" at 0x[0-9a-fA-F]+", "", text).encode("utf-8", "replace"), digest_size=4).hexdigest()


DEEPEST = 8


def _described(value: Any, depth: int) -> Any:
    if depth > DEEPEST:
        return "..."
    if isinstance(value, CodeType):
        return value.co_code.hex(), value.co_names, [_described(one, depth + 1) for one in value.co_consts]
    if isinstance(value, partial):
        parts = [value.func, *value.args, *sorted(value.keywords.items())]
        return [_described(one, depth + 1) for one in parts]
    if isinstance(value, tuple | list):
        return [_described(one, depth + 1) for one in value]
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, blake2b(np.ascontiguousarray(value).tobytes()).hexdigest()
    if isinstance(value, set | frozenset):  # whose order is another one in every process
        return sorted(repr(_described(one, depth + 1)) for one in value)
    if isinstance(value, dict):
        return sorted((repr(key), repr(_described(one, depth + 1))) for key, one in value.items())
    if isinstance(value, MethodType):
        return _described([value.__func__, getattr(value.__self__, "__dict__", {})], depth + 1)
    code = getattr(value, "__code__", None)
    if code is not None:
        enclosed = [cell.cell_contents for cell in value.__closure__ or ()]
        parts = [code, value.__defaults__, sorted((value.__kwdefaults__ or {}).items()), enclosed]
        return [_described(one, depth + 1) for one in parts]
    if callable(value) and hasattr(value, "__dict__") and not isinstance(value, type):
        return _described([type(value).__call__, sorted(vars(value).items())], depth + 1)
    return repr(value)


def _name_of(value: Any) -> str:
    return getattr(value, "__name__", repr(value))
