"""A loss that is somebody's own function of predictions and targets: what the network asks of it, and its checks.

The function says how wrong a prediction is and how that changes with it; the way from Z[L] to A[L] stays one of the
table's. So a model file needs the name of the output function only, and predicts without the function.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss
from lamina.equations.regression_losses import Poisson, SquaredError
from lamina.equations.types import Array, Loss, OneUnitPerTarget
from lamina.errors import LaminaError, SettingError

COMPLEX_STEP = "complex step"
STEP = 1e-30  # of a complex step: nothing is subtracted, so it may be as small as the type can tell
NOT_STORED = {"stored": False}  # of a field: it stays out of a blueprint
ROUNDINGS = 4  # of a target on its way to the network and back

# A loss of the table with each output function: it has the way from Z to A and back.
WITH_OUTPUT: dict[str, Loss] = {
    loss.output_name: loss for loss in (SquaredError(), Poisson(), BinaryLogLoss(), CategoricalLogLoss())
}


@dataclass(frozen=True)
class FunctionLoss(OneUnitPerTarget):
    """A loss given as a function; `lamina.OwnLoss` says what the function gets and returns.

    Attributes
    ----------
    called : str
        The function's name.
    output_name : str
        A[L] of Z[L]: "identity", "exp", "sigmoid" or "softmax".
    label_smoothing : float
        How much of each label the function is given spread over all.
    formula : callable, optional
        None in a model that was loaded: a file holds no code.
    of : {"A", "Z"}
        What the function is given first.
    derivative : callable or "complex step", optional
        Where the function does not return it.
    location, scale : tuple of float
        A and Y in the units of y are `A * scale + location`; one number for each target, or none.
    """

    kind: ClassVar[str] = "own_loss"
    called: str = "loss"
    output_name: str = "identity"
    label_smoothing: float = 0.0
    formula: Callable[..., Any] | None = field(default=None, metadata=NOT_STORED)
    of: str = field(default="A", metadata=NOT_STORED)
    derivative: Any = field(default=None, metadata=NOT_STORED)
    location: tuple[float, ...] = field(default=(), metadata=NOT_STORED)
    scale: tuple[float, ...] = field(default=(), metadata=NOT_STORED)

    @property
    def stand_in(self) -> Loss:
        """A loss of the table with the same output function: all that predictions need."""
        return WITH_OUTPUT[self.output_name]

    def output(self, Z: Array) -> Array:
        return self.stand_in.output(Z)

    def link(self, A: Array) -> Array:
        return self.stand_in.link(A)

    def sample_targets(self, rng: np.random.Generator, m: int, k: int) -> Array:
        return self.stand_in.sample_targets(rng, m, k)

    def losses(self, Z: Array, Y: Array) -> Array:
        return self.value(*self.given(Z, Y)).astype(Z.dtype)

    def dZ(self, Z: Array, Y: Array) -> Array:
        P, rows = self.given(Z, Y)
        d = self.slope(P, rows).T  # (units, m)
        if self.of == "A":
            d = self._chained(self.output(Z), d * (np.array(self.scale)[:, None] if self.scale else 1.0))
        return np.asarray(d, Z.dtype)

    def _chained(self, A: Array, dA: Array) -> Array:
        """dZ = dA g'(Z), of each output function; of softmax the whole Jacobian."""
        if self.output_name == "softmax":
            return np.asarray(A * (dA - np.sum(A * dA, axis=0)))
        slope = {"identity": np.ones_like(A), "exp": A, "sigmoid": A * (1 - A)}[self.output_name]
        return np.asarray(slope * dA)

    # ---- what the function gets ----

    def given(self, Z: Array, Y: Array) -> tuple[Array, Array]:
        """Return what the function is given: A (or Z) and Y as rows, (m, outputs), in double precision."""
        P, Y = (np.array(one, np.float64) for one in (self.output(Z) if self.of == "A" else Z, self._smooth(Y)))
        if self.of == "A" and self.scale:
            scale, location = np.array(self.scale)[:, None], np.array(self.location)[:, None]
            P, Y = P * scale + location, in_units_of_y(Y, scale, location)
        return P.T.copy(), Y.T.copy()

    def _smooth(self, Y: Array) -> Array:
        loss: Any = self.stand_in
        return replace(loss, label_smoothing=self.label_smoothing).smooth(Y) if self.label_smoothing else Y

    # ---- what it returns ----

    def value(self, P: Array, Y: Array) -> Array:
        """Return L of every row, (m,): the mean over its outputs."""
        L = self._L(self._first(self._call(self._known, P, Y)), P)
        return L.mean(axis=1) if L.ndim == 2 else L

    def L_by_output(self, P: Array, Y: Array) -> bool:
        """Return whether the function gives a number for each output, and the mean of them is the row's."""
        return self._L(self._first(self._call(self._known, P, Y)), P).ndim == 2

    def slope(self, P: Array, Y: Array) -> Array:
        """Return the derivative of L by P, (m, outputs)."""
        if self.derivative == COMPLEX_STEP:
            return self._by_complex_steps(P, Y)
        found = self._call(self._known, P, Y)
        L = self._L(self._first(found), P)
        d = found[1] if isinstance(found, tuple) else None
        if self.derivative is not None:
            d = self._call(self.derivative, P, Y)
        if d is None:
            raise SettingError(
                f"{self._me} returned L alone: expected the pair (L, d{self.of}). Return both, or pass the derivative: "
                "lamina.OwnLoss(function, derivative=...). Of a function made of arithmetic, exp, log and powers, "
                f"derivative={COMPLEX_STEP!r} finds it."
            )
        d = self._numbers(f"d{self.of}", d)
        if d.shape != P.shape and not (P.shape[1] == 1 and d.shape == (len(P),)):
            raise SettingError(
                f"{self._me} returned d{self.of} of shape {d.shape}: expected {P.shape}, the derivative of L by every "
                f"entry of {self.of} (rows, outputs)."
            )
        return d.reshape(P.shape) / (P.shape[1] if L.ndim == 2 else 1)

    def _by_complex_steps(self, P: Array, Y: Array) -> Array:
        """Im L(P + i h) / h of one output after another: no difference is taken, so no digit is lost."""
        d = np.empty_like(P)
        for j in range(P.shape[1]):
            nudged: Any = P.astype(np.complex128)
            nudged[:, j] += 1j * STEP
            L = np.asarray(self._first(self._call(self._known, nudged, Y)))
            if not np.iscomplexobj(L) or L.shape not in ((len(P),), P.shape):
                raise SettingError(
                    f"{self._me} cannot be differentiated by complex steps: of complex numbers it returned {L.dtype} "
                    f"of shape {L.shape}. np.abs, np.sign and casts lose the step: return the pair (L, d{self.of})."
                )
            d[:, j] = (L.mean(axis=1) if L.ndim == 2 else L).imag / STEP
        return d

    @property
    def _me(self) -> str:
        return f"loss={self.called}"

    def _known(self, P: Array, Y: Array) -> Any:
        if self.formula is None:
            raise SettingError(
                f"this model was trained with {self.called}, a loss of somebody's own, and a model file holds no code: "
                "it predicts, but what needs its loss needs the function. An estimator of it, DeepRegressor.from_model "
                f"or DeepClassifier.from_model, takes it: set_params(loss={self.called}, warm_start=True).fit(X, y)."
            )
        return self.formula(P, Y)

    def _call(self, function: Callable[..., Any], P: Array, Y: Array) -> Any:
        try:
            with np.errstate(all="ignore"):  # what is not finite is said by whoever looks at it
                return function(P.copy(), Y.copy())
        except LaminaError:
            raise
        except Exception as problem:
            raise SettingError(
                f"{self._me} raised {type(problem).__name__}: {problem}. It was given {self.of} of shape {P.shape} and "
                f"Y of shape {Y.shape}, rows by outputs."
            ) from problem

    def _first(self, found: Any) -> Any:
        if not isinstance(found, tuple):
            return found
        if len(found) != 2:
            raise SettingError(f"{self._me} returned {len(found)} values: expected the pair (L, d{self.of}).")
        return found[0]

    def _L(self, found: Any, P: Array) -> Array:
        L = self._numbers("L", found)
        if L.shape not in ((len(P),), P.shape):
            mean = " Leave the mean over the rows to lamina, which weighs them." if L.ndim == 0 else ""
            raise SettingError(
                f"{self._me} returned L of shape {L.shape}: expected ({len(P)},), a number for each row, or {P.shape}, "
                f"one for each row and output.{mean}"
            )
        return L

    def _numbers(self, what: str, found: Any) -> Array:
        try:
            array = np.asarray(found)
        except ValueError:  # lists of different lengths
            array = np.asarray(None)
        if array.dtype.kind not in "fiub":
            raise SettingError(
                f"{self._me} returned {what} as {type(found).__name__} of {array.dtype}: expected an array of numbers."
            )
        return array.astype(np.float64)


def in_units_of_y(Y: Array, scale: Array, location: Array) -> Array:
    """Return targets as they were: what rounding has moved off a whole number, 0 above all, is put back."""
    y = Y * scale + location
    moved = ROUNDINGS * (np.finfo(np.float32).eps * np.abs(Y * scale) + np.finfo(np.float64).eps * np.abs(location))
    return np.where(np.abs(y - np.rint(y)) <= moved, np.rint(y), y)
