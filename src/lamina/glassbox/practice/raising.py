"""What an exception among the steps of a program was: in which function, at which step, with which shapes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lamina.glassbox.doctor.steps import Values, run


@dataclass(frozen=True)
class Raised:
    """An exception as the learner would see it.

    Attributes
    ----------
    step : int
        Of the training.
    type, message : str
    function : str
        Where it was raised.
    shapes : dict
        The arrays of that function, each with its shape.
    """

    step: int
    type: str
    message: str
    function: str
    shapes: dict[str, tuple[int, ...]]

    @property
    def sentence(self) -> str:
        """What a traceback would end with; where shapes do not fit, which they are."""
        fit = any(words in self.message for words in ("matmul", "broadcast", "reshape"))
        shapes = ", ".join(f"{name} is {shape}" for name, shape in self.shapes.items())
        said = f"shapes do not fit: {shapes}" if fit and shapes else self.message
        return f"{self.type} in {self.function}: {said}"


def raised_by(problem: BaseException, step: int) -> Raised:
    """Return what an exception says, from the innermost program that was running."""
    function, shapes = "", {}
    trace = problem.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code is run.__code__:
            values = trace.tb_frame.f_locals.get("values")
            function, shapes = trace.tb_frame.f_locals["program"].name, _shapes(values)
        trace = trace.tb_next
    return Raised(step, type(problem).__name__, str(problem), SAID.get(function, function), shapes)


def _shapes(values: Values | None) -> dict[str, tuple[int, ...]]:
    """The arrays by the learner's names; the parts of an expression have none."""
    known = {ARRAYS.get(name, name): value for name, value in vars(values).items()} if values else {}
    return {name: array.shape for name, array in known.items() if isinstance(array, np.ndarray) and name and array.ndim}


# Programs that are parts of a course function.
SAID = {
    "layer_forward": "L_model_forward",
    "layer_backward": "L_model_backward",
    "descent": "update_parameters",
    "update": "update_parameters",
    "start": "initialize_parameters_he",
    "iteration": "L_layer_model",
    "training": "L_layer_model",
}

ARRAYS = {"old": "the parameter", "grad": "its gradient", "given": "Y", "handed": "dA", "product": "", "step": "",
          "dW_sum": "", "db_sum": "", "slope": "g'(Z)", "was": ""}  # fmt: skip
