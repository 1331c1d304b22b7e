"""What one example adds to an array that is a mean over the examples: its term of the sum, before the 1/m."""

from typing import Any

import numpy as np

from lamina.glassbox.entries.terms import Array
from lamina.glassbox.equation import Equation
from lamina.glassbox.units import axes_of, described


def adds_up_examples(trace: Any, equation: Equation) -> bool:
    """Return whether an array is `(1/m) Σ` over the examples, apart from a penalty.

    Parameters
    ----------
    trace : Trace
    equation : Equation
        The one that gives the array.
    """
    rule = equation.statement.terms
    if rule is None or 0 in trace.arrays[equation.result].shape or trace.m == 0:
        return False
    sums = rule(trace.arrays, (0,) * trace.arrays[equation.result].ndim)
    return any(one.over == "examples" for one in sums)


def term_of_example(trace: Any, equation: Equation, example: int) -> Array:
    """Return one example's term of such a sum: their mean over all examples is the array, less its penalty.

    Parameters
    ----------
    trace : Trace
    equation : Equation
    example : int
    """
    axes = axes_of(trace.sites, trace.network.members)
    alone = {}
    for name in equation.statement.inputs:
        array = np.asarray(trace.arrays[name], np.float64)
        of_examples = axes.get(described(name), ("", ""))[-1].startswith("examples")
        alone[name] = array[:, example : example + 1] if of_examples else np.zeros_like(array)  # of the penalty
    with np.errstate(all="ignore"):
        return np.asarray(equation.statement.compute(alone).value)
