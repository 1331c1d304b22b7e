"""What normalisations compute: over the units of each example, or over the examples of a batch."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from lamina.glassbox.equation import Array, Statement, Value, latex_of, plain, power_of_ten
from lamina.glassbox.site import LayerEquations, Site, column_mean, mean_over_examples


class Normalised(NamedTuple):
    """(A - mean) / sqrt(var + epsilon), and how much rounding can move it."""

    A_hat: Array
    inv_std: Array
    size: Array


def _normalised(A: Array, mean: Array, var: Array, epsilon: float) -> Normalised:
    inv_std = 1 / np.sqrt(var + epsilon)
    A_hat = (A - mean) * inv_std
    size = np.abs(A_hat) + (np.abs(A) + np.abs(mean)) * inv_std  # what the difference loses
    return Normalised(A_hat, inv_std, size * (1 + np.abs(mean) * inv_std))


def _by_example(at: Site, a: Any) -> Normalised:
    A = a[at.before]
    mean = A.mean(axis=0)
    found = _normalised(A, mean, ((A - mean) ** 2).mean(axis=0), at.layer.epsilon)
    return found._replace(size=np.broadcast_to(found.size.max(axis=0), A.shape))


def _by_unit(at: Site, a: Any) -> Normalised:
    A = a[at.before]
    if not at.training:
        return _normalised(A, a[at.p["mean"]], a[at.p["var"]], at.layer.epsilon)
    mean = A.mean(axis=1, keepdims=True)
    found = _normalised(A, mean, ((A - mean) ** 2).mean(axis=1, keepdims=True), at.layer.epsilon)
    return found._replace(size=np.broadcast_to(found.size.max(axis=1, keepdims=True), A.shape))


def _normalisation(normal: Callable[[Site, Any], Normalised]) -> Callable[[Site], Statement]:
    def forward(at: Site) -> Statement:
        gamma, beta, A, eps = at.p["gamma"], at.p["beta"], at.before, at.layer.epsilon
        (mean, var), (m, v) = _moments(at)

        def compute(a: Any) -> Value:
            found = normal(at, a)
            return Value(a[gamma] * found.A_hat + a[beta], np.abs(a[gamma]) * found.size + np.abs(a[beta]))

        return Statement(
            f"{gamma} * ({A} - {mean}) / sqrt({var} + {eps:g}) + {beta}",
            rf"{latex_of(gamma)} \odot \frac{{{latex_of(A)} - {m}}}{{\sqrt{{{v} + {power_of_ten(eps)}}}}}"
            f" + {latex_of(beta)}",
            (gamma, A, beta, *_statistics(at)),
            compute,
            stretched=(gamma, beta, *_statistics(at)),
        )

    return forward


def _moments(at: Site) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return mean and variance in text and in LaTeX: of the numbers at hand, or the running ones."""
    if running := _statistics(at):
        return (running[0], running[1]), (latex_of(running[0]), latex_of(running[1]))
    A = latex_of(at.before)
    return (f"mean({at.before})", f"var({at.before})"), (rf"\mathrm{{mean}}({A})", rf"\mathrm{{var}}({A})")


def _statistics(at: Site) -> tuple[str, ...]:
    return (at.p["mean"], at.p["var"]) if "mean" in at.p and not at.training else ()


def _normalisation_back(normal: Callable[[Site, Any], Normalised], axis: int) -> Callable[[Site], Statement]:
    def back(at: Site) -> Statement:
        gamma, dA = at.p["gamma"], f"d{at.out}"
        g, d = latex_of(gamma), latex_of(dA)
        std = f"sqrt({_moments(at)[0][1]} + {at.layer.epsilon:g})"
        if _statistics(at):  # they do not depend on these examples
            return Statement(
                f"{gamma} * {dA} / {std}",
                rf"{g} \odot {d} / \sqrt{{{latex_of(at.p['var'])} + {power_of_ten(at.layer.epsilon)}}}",
                (gamma, dA, at.p["var"]),
                lambda a: plain(a[gamma] * a[dA] / np.sqrt(a[at.p["var"]] + at.layer.epsilon)),
                stretched=(gamma, at.p["var"]),
            )

        def compute(a: Any) -> Value:
            found, dA_hat = normal(at, a), a[gamma] * a[dA]
            A_hat, mean = found.A_hat, {"axis": axis, "keepdims": True}
            value = found.inv_std * (dA_hat - dA_hat.mean(**mean) - A_hat * (dA_hat * A_hat).mean(**mean))
            of_terms = np.abs(dA_hat) + np.abs(dA_hat).mean(**mean) * (1 + found.size**2)
            return Value(value, found.inv_std * of_terms)

        over = "units" if axis == 0 else "examples"
        return Statement(
            f"(dÂ - mean(dÂ) - Â * mean(dÂ * Â)) / {std}, dÂ = {gamma} * {dA}, Â as normalised, means over the {over}",
            rf"\frac{{d\hat A - \overline{{d\hat A}} - \hat A \odot \overline{{d\hat A \odot \hat A}}}}"
            rf"{{\sqrt{{\mathrm{{var}}({latex_of(at.before)}) + {power_of_ten(at.layer.epsilon)}}}}},"
            rf"\ d\hat A = {g} \odot {d}",
            (gamma, dA, at.before),
            compute,
            stretched=(gamma,),
        )

    return back


def _normalisation_gradients(normal: Callable[[Site, Any], Normalised]) -> Callable[[Site], dict[str, Statement]]:
    def gradients(at: Site) -> dict[str, Statement]:
        dA = f"d{at.out}"

        def d_gamma(a: Any) -> Value:
            found = normal(at, a)
            return Value(column_mean(a[dA] * found.A_hat).value, column_mean(np.abs(a[dA]) * found.size).value)

        text, latex = f"(1/m) Σ {dA} * Â", rf"\frac{{1}}{{m}} \sum_i {latex_of(dA)} \odot \hat A"
        return {
            "gamma": Statement(text, latex, (dA, at.before, *_statistics(at)), d_gamma),
            "beta": mean_over_examples(dA),
        }

    return gradients


def _of_norm(normal: Callable[[Site, Any], Normalised], axis: int) -> LayerEquations:
    return LayerEquations(_normalisation(normal), _normalisation_back(normal, axis), _normalisation_gradients(normal))


layer_norm = _of_norm(_by_example, 0)
batch_norm = _of_norm(_by_unit, 1)
