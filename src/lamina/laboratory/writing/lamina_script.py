"""A script in lamina: a fit that is traced, where settings say it all; else the same steps on a network, by number."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.equations.network import Network
from lamina.equations.slots import GROUPS
from lamina.laboratory.writing.episode import Episode
from lamina.laboratory.writing.episode_code import (
    constants_code,
    library_order,
    parameters_code,
    printing,
    rates_code,
    rows_code,
    varies,
)
from lamina.laboratory.writing.line import INDENT, wrapped
from lamina.laboratory.writing.literals import Numbers
from lamina.laboratory.writing.script import Script
from lamina.learning.hyperparameters import settings_for
from lamina.learning.recipe import CONSTANT
from lamina.learning.run import Task

ESTIMATORS: Mapping[Task, str] = {"classifier": "DeepClassifier", "regressor": "DeepRegressor"}


@dataclass(frozen=True)
class Fit:
    """How an episode would be had from a fit.

    Attributes
    ----------
    task : {"classifier", "regressor"}
    settings : mapping
        As they are given to the estimator.
    rows : sequence of str
        The lines that make the rows.
    arguments : str
        What `fit` is given: "X, y".
    """

    task: Task
    settings: Mapping[str, Any]
    rows: Sequence[str]
    arguments: str


def lamina_script(episode: Episode, fit: Fit | None = None) -> Script:
    """Return the steps of an episode as a script in lamina.

    Parameters
    ----------
    episode : Episode
    fit : Fit, optional
        Where the episode begins with a fit, and nothing was changed by hand since.
    """
    if fit is not None and _from_settings(episode, fit):
        return Script("lamina", _fitted(episode, fit))
    return _by_number(episode)


# ---- from settings ----


def _from_settings(episode: Episode, fit: Fit) -> bool:
    """Return whether a fit takes these very steps, and the one that is shown after them."""
    plain = all(_is_plain(value) for value in fit.settings.values())
    reached = _constant(episode) or episode.last // episode.batches < episode.recipe.epochs
    return plain and reached and episode.first == 0 == episode.place and not episode.edits


def _is_plain(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | bool)


def _constant(episode: Episode) -> bool:
    """Return whether no schedule depends on how many epochs are planned."""
    recipe = episode.recipe
    return recipe.schedule == recipe.decay_schedule == recipe.dropout_schedule == CONSTANT


def _fitted(episode: Episode, fit: Fit) -> str:
    known = settings_for(fit.task)
    chosen = {name: value for name, value in fit.settings.items() if value != known[name].default}
    chosen["random_state"] = episode.recipe.seed
    if _constant(episode):
        chosen["max_iter"] = episode.last // episode.batches + 1  # the page's step is one of the last epoch's
    name = ESTIMATORS[fit.task]
    lines = [
        f'"""A network of {episode.heading} in lamina, and its derivatives at step {episode.last:,}."""',
        "",
        *["import numpy as np", ""] * any("np." in line for line in fit.rows),
        f"from lamina import {name}",
        "",
        *fit.rows,
        "",
        f"LAST = {episode.last}  # the step that is shown",
        f"model = {name}(",
        *(f"{INDENT}{setting}={value!r}," for setting, value in chosen.items()),
        ")",
        f"model.fit({fit.arguments}, trace=[LAST])",
        "",
        "step = model.traces_[LAST]  # every array by its name; print(step), print(step.equations())",
        'cost = step["cost"]',
        *_names(episode.network),
        "parameters = {name: step[name] for name in names}",
        'grads = {f"d{name}": step[f"d{name}"] for name in names if f"d{name}" in step}',
        "",
        *printing(),
    ]
    return "\n".join(lines) + "\n"


def _names(network: Network) -> list[str]:
    names = [f'"{slot.name}"' for slot in sorted(network.slots)]
    line = f"names = [{', '.join(names)}]"
    return [line] if len(line) < 100 else ["names = [", f"{wrapped(names, INDENT)},", "]"]


# ---- by number ----


def _by_number(episode: Episode) -> Script:
    numbers, (imports, order) = Numbers(), library_order(episode)
    data = [
        *constants_code(episode),
        "",
        *rows_code(episode, numbers),
        "",
        *parameters_code(episode, numbers),
        *rates_code(episode),
        "",
        *_network(episode),
        *_vector(episode, numbers),
    ]
    lines = [
        f'"""A network of {episode.heading} in lamina, and its derivatives at step {episode.last:,}.',
        "",
        f"It begins with the parameters of step {episode.first:,}, as numbers.",
        '"""',
        "",
        "import numpy as np",
        "",
        *sorted([*imports, *_imports(episode)]),
        "",
        *numbers.loading,
        *data,
        *order,
        "",
        *_loop(episode),
        "",
        *printing(),
    ]
    return Script("lamina", "\n".join(lines) + "\n", numbers.files())


def _imports(episode: Episode) -> Iterator[str]:
    network, rule = episode.network, episode.recipe.optimiser
    yield "from lamina import Network"
    yield "from lamina.engine import choose"
    yield "from lamina.equations import verbs"
    yield "from lamina.equations.steps import Steps"
    kinds = {type(network.layer_at(path)).__name__ for path in network.numbers}
    yield f"from lamina.equations.layers import {', '.join(sorted(kinds))}"
    yield f"from lamina.equations.losses import {type(network.loss).__name__}"
    yield f"from lamina.equations.optimisers import {type(rule).__name__}"
    if _groups(network):
        yield "from lamina.equations.slots import Group"


def _groups(network: Network) -> dict[str, Any]:
    return {name: group for name, group in network.groups.items() if group != GROUPS.get(name)}


def _network(episode: Episode) -> Iterator[str]:
    network = episode.network
    yield "network = Network("
    yield f"{INDENT}{network.n_inputs},"
    yield f"{INDENT}["
    yield from (f"{INDENT * 2}{layer!r}," for layer in network.layers)
    yield f"{INDENT}],"
    yield f"{INDENT}{network.loss!r},"
    for name in ("l1", "l2"):
        if getattr(network, name):
            yield f"{INDENT}{name}={getattr(network, name)!r},"
    if _groups(network):
        yield f"{INDENT}groups={_groups(network)!r},"
    if network.members > 1:
        yield f"{INDENT}members={network.members},"
    yield ")"
    yield f"optimiser = {episode.recipe.optimiser!r}"
    yield 'engine = choose(network, "auto", optimiser)'


def _vector(episode: Episode, numbers: Numbers) -> Iterator[str]:
    kind = f", np.{episode.params.dtype}"
    yield f"params = np.zeros(network.size{kind})  # all parameters, one after the other"
    yield "for name, array in network.named(params).items():"
    yield f"{INDENT}array[:] = parameters[name]"
    if episode.memory.any():
        yield f"memory = {numbers.text('memory', episode.memory, 9)}  # of the optimiser"
    else:
        yield f"memory = np.zeros({episode.memory.shape}{kind})  # of the optimiser"


def _loop(episode: Episode) -> Iterator[str]:
    recipe = episode.recipe
    rows = "np.arange(M)" if episode.whole else "rows_of(step)"
    rate = "rates[step - FIRST]" if varies(episode.rates) else "LEARNING_RATE"
    seed = recipe.seed if not (recipe.shuffle or episode.drops) else "SEED"
    weights = "None" if episode.weights is None else "w_of_rows"
    more = ""
    for name in ("decays", "dropouts"):
        if (getattr(episode, name) != 1).any():
            more += f", {name}=[{name}[step - FIRST]]"
    yield "for step in range(FIRST, LAST):"
    yield f"{INDENT}how = Steps({recipe.batch_size}, [{rate}]{more}, seed={seed}, step=step, examples=M)"
    yield (f"{INDENT}engine.train_steps(network, optimiser, params, memory, X, Y, {weights}, {rows}, how)")
    yield ""
    yield from _at_the_end(episode, rows.replace("step", "LAST"), str(seed), weights)


def _at_the_end(episode: Episode, rows: str, seed: str, weights: str) -> Iterator[str]:
    yield f"rows = {rows}"
    if episode.edits:
        yield "# Numbers that were changed by hand."
        for name, row, column, value in episode.edits:
            place = f"X[rows[{column}], {row}]" if name == "A0" else f'network.named(params)["{name}"][{row}, {column}]'
            yield f"{place} = {value!r}"
    dropout = ", dropout=dropouts[-1]" if (episode.dropouts != 1).any() else ""
    w = "None" if episode.weights is None else "w_of_rows[rows]"
    yield f"batch = X[rows], Y[rows], {w}"
    yield f"cost, slope = verbs.gradients(network, params, *batch, seed={seed}, step=LAST{dropout})"
    if episode.network.l2 or episode.network.l1:
        yield "cost += verbs.penalty(network, params, M)"
        yield 'slope[network.spans["weights"]] += verbs.d_penalty(network, params, M)'
    yield "parameters = network.named(params)"
    yield 'grads = {f"d{name}": array for name, array in network.named(slope).items()}'
