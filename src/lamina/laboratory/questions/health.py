"""How the run has fared so far: signs of each layer over time, and what is wrong with it."""

from typing import Any

from lamina.laboratory.bench import Bench
from lamina.laboratory.health import SIGNS, Health, moments
from lamina.laboratory.mending import remedies


def health(bench: Bench, step: int) -> Any:
    """Return the vital signs of each layer up to a step, and the findings with what would mend them."""
    run, state = bench.state_at(step)
    kept = _kept(bench)
    with bench.lock:
        steps = moments(bench.recording.steps, step)
        states = [bench.state_at(one) for one in steps]
    looks = [kept.look(*one) for one in states]
    layers = range(len(looks[-1]["weight"]))
    found = []
    for finding in kept.diagnosis(run, state):
        since = kept.since(finding.name, states)
        mend = [remedy._asdict() for remedy in remedies(finding, run.settings, run.task)]
        found.append({**finding.to_dict(), "since": since, "remedies": mend})
    return {
        "step": step,
        "steps": steps,
        "layers": [
            {"layer": number + 1, **{sign: [_of(look, sign, number) for look in looks] for sign in SIGNS}}
            for number in layers
        ],
        "findings": found,
    }


def _of(look: Any, sign: str, layer: int) -> Any:
    values = look.get(sign)
    return None if values is None or layer >= len(values) else values[layer]


def _kept(bench: Bench) -> Health:
    """Return what was seen of the runs since the last start."""
    with bench.lock:
        key = (bench.counts["rows"], bench.counts["start"])
        if bench.kept.get("health", (None,))[0] != key:
            bench.kept["health"] = key, Health()
        found: Health = bench.kept["health"][1]
        return found
