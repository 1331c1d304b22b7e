"""A network trained by the learner's own functions: their numbers go from one to the next, as in L_layer_model."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lamina.glassbox.doctor import exceptions
from lamina.glassbox.doctor.exercises import BY_NAME
from lamina.glassbox.doctor.sandbox import Sandbox
from lamina.glassbox.doctor.source import Source
from lamina.glassbox.doctor.steps import Named
from lamina.glassbox.doctor.views import described
from lamina.glassbox.doctor.wire import Other, packed, unpacked
from lamina.glassbox.practice.blocks import Chain
from lamina.glassbox.practice.breaking import cost_of

NEEDED = ("L_model_forward", "compute_cost", "L_model_backward", "update_parameters")
STEPS = 60
LONGEST = 5.0  # seconds that it may take


@dataclass
class OwnTraining:
    """What happened.

    Attributes
    ----------
    costs : list of float
        The cost of the parameters before each step and after the last, by the right functions; NaN where they have
        lost their shapes.
    printed : list of float
        The cost of each step by the learner's compute_cost; NaN where that is not one number.
    ended : str
        Why it went no further; empty where it did.
    """

    costs: list[float] = field(default_factory=list)
    printed: list[float] = field(default_factory=list)
    ended: str = ""


class _Ended(Exception):
    """The learner's functions go no further; the text says why."""


def train_by(sandbox: Sandbox, source: Source, chain: Chain) -> OwnTraining:
    """Train the chain's network by the functions that a sandbox has loaded, from the chain's parameters.

    Parameters
    ----------
    sandbox : Sandbox
    source : Source
        What it has loaded; it must define the `NEEDED` functions.
    chain : Chain
    """
    found = OwnTraining()
    learner = _Learner(sandbox, source)
    parameters: Any = {name: np.array(array) for name, array in chain.parameters.items()}
    start = time.monotonic()
    try:
        for _ in range(STEPS):
            found.costs.append(_cost_of(chain, parameters))
            AL, caches = learner.pair("L_model_forward", chain.X, parameters)
            found.printed.append(_number(learner.call("compute_cost", AL, chain.Y)))
            grads = learner.call("L_model_backward", AL, chain.Y, caches)
            parameters = learner.call("update_parameters", parameters, grads, chain.learning_rate)
            if not isinstance(parameters, dict):
                raise _Ended(f"update_parameters returns {described(parameters)}: expected a dict of W1, b1, ...")
            if time.monotonic() - start > LONGEST:
                break
        found.costs.append(_cost_of(chain, parameters))
    except _Ended as problem:
        found.ended = str(problem)
    return found


class _Learner:
    """The functions of one source, called one at a time."""

    def __init__(self, sandbox: Sandbox, source: Source) -> None:
        self.sandbox, self.source = sandbox, source

    def call(self, name: str, *arguments: Any) -> Any:
        """Return what a function returns."""
        job = {"function": name, "replace": {}, "calls": [{"arguments": packed(arguments), "start": None}]}
        answer = self.sandbox.ask(job)
        if not answer.get("calls"):
            raise _Ended(exceptions.ended(answer.get("ended", ""), BY_NAME[name], self.sandbox.seconds).sentence)
        call = answer["calls"][0]
        if "raised" in call:
            known = self.sandbox.loaded.get("defined", {}).get(name, {})
            told = exceptions.finding_of(call["raised"], BY_NAME[name], self.source, "this step", known)
            raise _Ended(f"{name}: {told.sentence.removesuffix(' (Case: this step.)')}")
        returned = unpacked(call["returned"])
        if returned is None or isinstance(returned, Other):
            raise _Ended(f"{name} returns {described(returned)}.")
        return returned

    def pair(self, name: str, *arguments: Any) -> Any:
        """Return the two things that a function returns."""
        returned = self.call(name, *arguments)
        if not isinstance(returned, tuple | list) or len(returned) != 2:
            raise _Ended(f"{name} returns {described(returned)}: expected {BY_NAME[name].returns}.")
        return returned


def _number(value: Any) -> float:
    return float(np.ravel(value)[0]) if isinstance(value, np.ndarray | float | int) and np.size(value) == 1 else np.nan


def _cost_of(chain: Chain, parameters: Named) -> float:
    with np.errstate(all="ignore"):
        return cost_of(chain.X, chain.Y, parameters)
