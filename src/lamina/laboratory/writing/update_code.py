"""The step of an optimiser as a function of NumPy."""

from collections.abc import Iterator

from lamina.laboratory.writing.episode import Episode
from lamina.laboratory.writing.line import INDENT
from lamina.laboratory.writing.rule_code import MATRIX_CODE, counts, rule_lines

INSIDE = INDENT * 2


def decays(episode: Episode) -> bool:
    """Return whether weight decay has a schedule."""
    return bool((episode.decays != 1).any()) and bool(_shrinks(episode))


def update_code(episode: Episode) -> str:
    """Return the function `update`."""
    rule = episode.recipe.optimiser
    arguments = [
        *("parameters", "grads"),
        *["memory"] * bool(rule.remembers),
        "rate",
        *["t"] * counts(rule),
        *["decay"] * decays(episode),
    ]
    lines = [
        f"def update({', '.join(arguments)}):",
        f'{INDENT}"""Take one step of {rule.kind.replace("_", " ")}, in place."""',
        *_norm(episode),
        f"{INDENT}for name, p in parameters.items():",
        f'{INSIDE}g = grads["d" + name]',
        *(f"{INSIDE}{line}" for line in _moving(episode)),
    ]
    return "\n".join(lines)


def _still(episode: Episode) -> tuple[str, ...]:
    """Return the arrays that no optimiser moves: running values."""
    return tuple(slot.name for slot in episode.network.slots if slot.group == "statistics")


def _shrinks(episode: Episode) -> dict[str, float]:
    decay = episode.recipe.optimiser.weight_decay
    return {slot.name: slot.decay for slot in episode.network.slots if slot.decay and decay}


def _norm(episode: Episode) -> Iterator[str]:
    still = _still(episode)
    if episode.recipe.optimiser.clip_norm is None:
        return
    moved = f"(g for name, g in grads.items() if name[1:] not in {still!r})" if still else "grads.values()"
    yield f"{INDENT}norm = np.sqrt(sum(np.sum(g * g) for g in {moved}))"


def _moving(episode: Episode) -> Iterator[str]:
    """Yield the lines that move one array."""
    rule, still, shrinks = episode.recipe.optimiser, _still(episode), _shrinks(episode)
    moved = [slot for slot in episode.network.slots if slot.group != "statistics"]
    factors = {slot.name: slot.rate for slot in moved if slot.rate != 1}
    if still:
        yield f"if name in {still!r}:  # running values"
        yield f"{INDENT}p -= g"
        yield f"{INDENT}continue"
    if rule.clip_norm is not None:
        yield f"g = g * ({rule.clip_norm!r} / max(norm, {rule.clip_norm!r}))  # never longer than this"
    if rule.remembers:
        yield f"{', '.join(rule.remembers)}{',' * (len(rule.remembers) == 1)} = memory[name]"
    *before, direction = rule_lines(rule)
    hidden = tuple(slot.name for slot in moved if slot in episode.network.hidden_matrices)
    if rule.kind in MATRIX_CODE and hidden:
        *whole, direction_of_all = rule_lines(rule, MATRIX_CODE)
        yield f"if name in {hidden!r}:  # hidden matrices, moved whole"
        yield from (f"{INDENT}{line}" for line in [*whole, f"d = {direction_of_all}"])
        yield "else:"
        yield from (f"{INDENT}{line}" for line in [*before, f"d = {direction}"])
        before, direction = [], "d"
    yield from before
    if shrinks:
        factor = f"{rule.weight_decay!r}{' * decay' * decays(episode)} * {shrinks!r}.get(name, 0.0)"
        yield f"d = {direction} + {factor} * p  # weight decay"
        direction = "d"
    rate = f"rate * {factors!r}.get(name, 1.0)" if factors else "rate"
    yield f"p -= {rate} * {direction}"
