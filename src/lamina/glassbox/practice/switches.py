"""The known mistakes as switches: which can be made in the training of a network, function by function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from lamina.errors import SettingError, nearest
from lamina.glassbox.doctor.exercises import BY_NAME
from lamina.glassbox.doctor.scopes import within
from lamina.glassbox.doctor.steps import Mistake


@dataclass(frozen=True)
class Switch:
    """A mistake that can be switched on.

    Attributes
    ----------
    key : str
        "linear_backward/1/m-missing-dW"; mistakes of one name are numbered from the second on.
    function : str
        The course's function that holds it.
    mistake : Mistake
    in_some_layers : bool
        Whether it can be made in the last layer or in the hidden layers alone.
    """

    key: str
    function: str
    mistake: Mistake
    in_some_layers: bool


@cache
def switches() -> dict[str, Switch]:
    """Return every switch by its key, in the order in which a network is trained."""
    found: dict[str, Switch] = {}
    for function in FUNCTIONS:
        names: dict[str, int] = {}
        for mistake in _own(function):
            names[mistake.name] = names.get(mistake.name, 0) + 1
            number = f"#{names[mistake.name]}" if names[mistake.name] > 1 else ""
            key = f"{function}/{mistake.name}{number}"
            found[key] = Switch(key, function, mistake, function in IN_EVERY_LAYER)
    return found


def _own(function: str) -> Iterator[Mistake]:
    """The mistakes of a function that those it calls do not have, each once and as made in every layer."""
    told: set[tuple[str, str]] = set()
    inner = {(one.name, one.sentence) for name in CALLED.get(function, ()) for one in BY_NAME[name].mistakes}
    left_out = NOT_DRAWN.get(function, ())
    for mistake in BY_NAME[function].mistakes:
        words = (mistake.sentence, mistake.sign)
        known = words in told or (mistake.name, mistake.sentence) in inner or mistake.name in left_out
        if "(" not in mistake.name and not known:
            told.add(words)
            yield mistake


def switched_on(keys: Iterable[str]) -> tuple[Mistake, ...]:
    """Return the mistakes of these keys; "KEY (last)" and "KEY (hidden)" make one in those layers alone.

    Raises
    ------
    SettingError
        There is no such switch, or it cannot be made in some layers alone.
    """
    return tuple(_one(key) for key in keys)


def _one(key: str) -> Mistake:
    plain, _, scope = key.removesuffix(")").partition(" (")
    known = switches()
    if plain not in known:
        raise SettingError(f"no mistake {plain!r} is known.{nearest(plain, known)}")
    switch = known[plain]
    if not scope:
        return switch.mistake
    if scope not in SCOPES or not switch.in_some_layers:
        able = " and ".join(f"({one})" for one in SCOPES) if switch.in_some_layers else "no layers, for it is made once"
        raise SettingError(f"{plain!r} cannot be made in {scope!r} alone: expected {able}.")
    words, holds = SCOPES[scope]
    return within(switch.mistake, scope, words, holds)


SCOPES = {
    "last": ("in the last layer", lambda s: s.layer == s.L),
    "hidden": ("in the hidden layers", lambda s: s.layer < s.L),
}

FUNCTIONS = (
    "initialize_parameters_he",
    "linear_forward",
    "relu",
    "sigmoid",
    "linear_activation_forward",
    "L_model_forward",
    "compute_cost",
    "L_model_backward",
    "linear_activation_backward",
    "relu_backward",
    "sigmoid_backward",
    "linear_backward",
    "update_parameters",
    "L_layer_model",
)
FAMOUS = (
    "linear_backward/1/m-missing-dW",
    "linear_backward/keepdims-missing",
    "L_model_backward/dAL-sign",
    "L_model_backward/dAL-is-A-Y",
    "relu_backward/gate-inverted",
    "relu_backward/slope-missing",
    "initialize_parameters_he/starts-at-0",
    "initialize_parameters_he/start-of-another-size",
    "L_model_forward/hidden-layers-sigmoid",
    "linear_forward/b-missing",
    "compute_cost/1/m-missing",
    "update_parameters/update-sign",
)
IN_EVERY_LAYER = frozenset(FUNCTIONS) & {
    "linear_forward", "relu", "sigmoid", "linear_activation_forward", "linear_activation_backward", "relu_backward",
    "sigmoid_backward", "linear_backward",
}  # fmt: skip
CALLED = {
    "linear_activation_forward": ("linear_forward", "relu", "sigmoid"),
    "L_model_forward": ("linear_activation_forward",),
    "linear_activation_backward": ("linear_backward", "relu_backward", "sigmoid_backward"),
    "L_model_backward": ("linear_activation_backward",),
    "L_layer_model": ("L_model_forward", "L_model_backward", "update_parameters"),
}
# Of a start the doctor knows the statistics. What is more than a mean and a spread cannot be drawn from them; and He's
# start is the right one here.
NOT_DRAWN = {"initialize_parameters_he": frozenset({"drawn-uniformly", "keys-off-by-one", "start-of-He"})}
