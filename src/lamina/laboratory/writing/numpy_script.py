"""A script in NumPy alone: the rows, the start, forward, cost, backward, update and the loop, all written out."""

from collections.abc import Iterator
from importlib.metadata import version

import numpy as np

from lamina.equations.network import Network
from lamina.laboratory.writing.episode import Episode
from lamina.laboratory.writing.episode_code import (
    constants_code,
    edits_code,
    order_code,
    parameters_code,
    printing,
    rates_code,
    rows_code,
    varies,
)
from lamina.laboratory.writing.line import INDENT
from lamina.laboratory.writing.literals import Numbers
from lamina.laboratory.writing.network_code import NetworkCode, network_code, weights_of
from lamina.laboratory.writing.random_code import KEPT, PHILOX, SHUFFLED
from lamina.laboratory.writing.rule_code import counts
from lamina.laboratory.writing.script import Script
from lamina.laboratory.writing.update_code import decays, update_code


def numpy_script(episode: Episode) -> Script:
    """Return the steps of an episode as a script that needs nothing but NumPy.

    Raises
    ------
    SettingError
        The network has a part that has no NumPy in the tables.
    """
    numbers = Numbers()
    code = network_code(episode.network, weighted=episode.weights is not None)
    data = [*constants_code(episode), *_penalty(episode.network), "", *rows_code(episode, numbers), ""]
    data += [*parameters_code(episode, numbers), *_memory(episode, numbers), *rates_code(episode)]
    sections = [
        _docstring(episode),
        "\n".join(["import math", ""] * code.needs_math + ["import numpy as np", "", *numbers.loading]),
        "\n".join(data),
    ]
    parts = [
        *_random(episode, code),
        *code.helpers,
        *code.functions,
        *_penalty_slope(episode.network),
        update_code(episode),
    ]
    return Script(
        "numpy", "\n".join(sections) + "\n\n\n" + "\n\n\n".join([*parts, _main(episode, code)]) + "\n", numbers.files()
    )


def _docstring(episode: Episode) -> str:
    rule = episode.recipe.optimiser.kind.replace("_", " ")
    steps = f": {episode.steps:,} step{'s' * (episode.steps != 1)} of {rule}" if episode.steps else ""
    lines = [
        f'"""A network of {episode.heading}{steps}, and the derivatives at step {episode.last:,}.',
        "",
        "It needs NumPy only. Names and shapes are the lecture's: examples are columns, A0 is X transposed.",
        f"These are the numbers of lamina {version('lamina')}, to all digits but the last few of {_digits(episode)}:",
        "sums may be added up in another order.",
        '"""',
    ]
    return "\n".join(lines) + "\n"


def _digits(episode: Episode) -> int:
    return 16 if episode.params.dtype == np.float64 else 7


def _penalty(network: Network) -> Iterator[str]:
    if network.l2 or network.l1:
        yield f"LAMBDA, LAMBDA_1 = {network.l2!r}, {network.l1!r}" if network.l1 else f"LAMBDA = {network.l2!r}"
        yield f"WEIGHTS = {tuple(weights_of(network))!r}"


def _memory(episode: Episode, numbers: Numbers) -> Iterator[str]:
    network = episode.network
    roles = episode.recipe.optimiser.remembers
    if not roles:
        return
    if not episode.memory.any():
        zeros = ", ".join(["np.zeros_like(p)"] * len(roles))
        yield f"memory = {{name: [{zeros}] for name, p in parameters.items()}}  # {', '.join(roles)}"
        return
    yield f"memory = {{  # of the optimiser: {', '.join(roles)}"
    rows = [network.named(row) for row in episode.memory]
    for name in rows[0]:
        listed = ", ".join(numbers.text(f"{role}_{name}", row[name], 12) for role, row in zip(roles, rows, strict=True))
        yield f'{INDENT}"{name}": [{listed}],'
    yield "}"


def _random(episode: Episode, code: NetworkCode) -> list[str]:
    shuffle = [SHUFFLED] if episode.recipe.shuffle else []
    draws = [KEPT] if code.draws else []
    parts = [PHILOX, *shuffle, *draws] if shuffle or draws else []
    order = "shuffled(epoch)" if episode.recipe.shuffle else "np.arange(M)"
    rows = order_code(episode, order)
    return [*parts, "\n".join(rows)] if rows else parts


def _penalty_slope(network: Network) -> list[str]:
    if not network.l2 and not network.l1:
        return []
    lines = ["def add_penalty(grads, parameters):", f'{INDENT}"""Add the slope of the penalty to dW of every layer."""']
    terms = ["LAMBDA / M * parameters[W]"] * bool(network.l2) + ["LAMBDA_1 / M * np.sign(parameters[W])"] * bool(
        network.l1
    )
    lines += [f"{INDENT}for W in WEIGHTS:", f'{INDENT * 2}grads["d" + W] = grads["d" + W] + {" + ".join(terms)}']
    return ["\n".join(lines)]


def _main(episode: Episode, code: NetworkCode) -> str:
    drops = code.draws and bool((episode.dropouts != 1).any())
    members, weighted = episode.network.members, episode.weights is not None
    rule = episode.recipe.optimiser
    at = "[rows]" if not episode.whole else ""
    twice = "np.repeat({}, " + str(members) + ", axis=1)" if members > 1 else "{}"

    lines = ["for step in range(FIRST, LAST + 1):"]
    lines += [f"{INDENT}rows = rows_of(step)"] if at else []
    lines.append(f"{INDENT}A0, Y0 = {twice.format(f'X{at}.T')}, {twice.format(f'Y{at}.T')}  # examples are columns")
    lines += [f"{INDENT}w = {twice.format(f'w_of_rows{at}[None]')}"] if weighted else []
    lines += edits_code(episode)
    step = ", step" * code.draws + ", dropouts[step - FIRST]" * drops
    lines.append(f"{INDENT}ZL, AL, cache = forward(A0, parameters{step})")
    w = ", w" * weighted
    lines.append(f"{INDENT}cost = cost_of(ZL, Y0, parameters{w})")
    lines.append(f"{INDENT}grads = backward(AL, Y0, cache, parameters{w})")
    if episode.network.l2 or episode.network.l1:
        lines.append(f"{INDENT}add_penalty(grads, parameters)")
    rate = "rates[step - FIRST]" if varies(episode.rates) else "LEARNING_RATE"
    decay = ", decays[step - FIRST]" * decays(episode)
    lines.append(f"{INDENT}if step < LAST:")
    memory = ", memory" * bool(rule.remembers)
    lines.append(f"{INDENT * 2}update(parameters, grads{memory}, {rate}{', step + 1' * counts(rule)}{decay})")
    return "\n".join([*lines, "", *printing()])
