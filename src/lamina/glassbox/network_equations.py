"""All equations of one network, in the order in which they are computed: forward, cost, backward, update."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.equations.layers import Residual
from lamina.equations.network import Network
from lamina.equations.own_loss import FunctionLoss
from lamina.errors import SettingError
from lamina.glassbox.activation_equations import ACTIVATION_EQUATIONS
from lamina.glassbox.entries.rules import (
    function_at,
    mean_of_examples,
    mean_of_members,
    of_all,
    scaled,
    softmax_at,
    sum_over_rows,
)
from lamina.glassbox.equation import Equation, Statement, Value, copied, latex_of, plain, short_latex, summed
from lamina.glassbox.layer_equations import LAYER_EQUATIONS
from lamina.glassbox.loss_equations import (
    LOSS_EQUATIONS,
    OUTPUT_EQUATIONS,
    Phrase,
    latex_Y,
    mean_text,
    smooth_text,
    smoothed,
)
from lamina.glassbox.site import Site
from lamina.glassbox.sites import Sites, sites_of
from lamina.glassbox.step_equations import Step, update_equations


@dataclass(frozen=True)
class Setting:
    """What decides the equations of a pass, besides the network.

    Attributes
    ----------
    training : bool
        Whether dropout draws and batch normalisation looks at the batch.
    targets, weighted : bool
        Whether there are targets, and weights of the rows.
    step : Step or None
        Of one step of training: the penalty counts, and the parameters move.
    """

    training: bool = False
    targets: bool = True
    weighted: bool = False
    step: Step | None = None


def equations(network: Network, setting: Setting) -> tuple[Equation, ...]:
    """Return every equation of a pass through a network.

    Raises
    ------
    SettingError
        A part of it has no equations in the tables.
    """
    check_known(network)
    sites = sites_of(network, setting.training)
    found = [*_forward(network, sites)]
    if setting.targets:
        found += [*_cost(network, sites, setting), *_backward(network, sites, setting)]
    if setting.step is not None:
        gradients = {one.result: one.statement for one in found}
        found += update_equations(network, sites, setting.step, gradients)
    return tuple(found)


def check_known(network: Network) -> None:
    """Raise a SettingError that names the parts that have no equations: those that somebody added to the library."""
    if isinstance(network.loss, FunctionLoss):
        raise SettingError(
            f"the glass box has no equations for the loss {network.loss.called}, a function of somebody's own. "
            "A trace without targets, trace(X), shows the way forward."
        )
    layers = [network.layer_at(path) for path in network.numbers]
    functions = [str(layer.function) for layer in layers if hasattr(layer, "function")]
    missing = [
        *(f"layer {layer.kind}" for layer in layers if layer.kind not in {*LAYER_EQUATIONS, Residual.kind}),
        *(f"activation {name}" for name in functions if name not in ACTIVATION_EQUATIONS),
        *(f"loss {network.loss.kind}" for _ in [0] if network.loss.kind not in LOSS_EQUATIONS),
    ]
    if missing:
        raise SettingError(
            f"the glass box has no equations for {', '.join(dict.fromkeys(missing))}: add a row to the tables in "
            "lamina/glassbox (layer_equations.py and carrying.py, activation_equations.py, loss_equations.py)."
        )


# ---- forward ----


def _forward(network: Network, sites: Sites) -> Iterator[Equation]:
    for site in sites.every:
        yield Equation(site.out, _forward_of(site), "forward", what_of(site))
    rule, Z = OUTPUT_EQUATIONS[network.loss.output_name], sites.Z

    def compute(a: Any) -> Value:
        return rule.compute(a[Z])

    told = rule.text(Z)
    terms = softmax_at(told, Z, compute) if rule.of_all_outputs else function_at(told, (Z,), compute)
    statement = Statement(rule.text(Z), rule.latex(latex_of(Z)), (Z,), compute, terms)
    yield Equation(sites.A, statement, "forward", network.loss.output_name)
    if network.members > 1:
        A, members = sites.A, network.members
        yield Equation(
            f"{A}_mean",
            Statement(
                f"mean of {A} over the {members} members",
                rf"\frac{{1}}{{{members}}} \sum_{{\text{{members}}}} {latex_of(A)}",
                (A,),
                lambda a: plain(a[A].reshape(len(a[A]), -1, members).mean(axis=2)),
                mean_of_members(A, members),
            ),
            "forward",
            "members",
        )


def what_of(site: Site) -> str:
    """Return what a layer is called: its activation, or its kind."""
    return str(getattr(site.layer, "function", site.layer.kind.replace("_", " ")))


def _forward_of(site: Site) -> Statement:
    if site.layer.kind != "residual":
        return LAYER_EQUATIONS[site.layer.kind].forward(site)
    return summed(copied(site.before), copied(site.chain[-1].out if site.chain else site.before))


# ---- cost ----


def _cost(network: Network, sites: Sites, setting: Setting) -> Iterator[Equation]:
    rule, loss, k = LOSS_EQUATIONS[network.loss.kind], network.loss, network.n_outputs
    text, latex = mean_text(k, rule.sums, *_spelled(rule.loss, loss, sites.A, k))
    array = {"Z": sites.Z, "A": sites.A}[rule.loss.of]

    def losses(a: Any) -> Value:
        found = rule.loss.compute(loss, a[array], smoothed(loss, a["Y"]))
        share = 1 if rule.sums else k
        return Value(found.value.sum(axis=0, keepdims=True) / share, found.size.sum(axis=0, keepdims=True) / share)

    def of_outputs(a: Any) -> Value:
        return rule.loss.compute(loss, a[array], smoothed(loss, a["Y"]))

    terms = None
    if _in_own_rows(loss):
        one_output, share = _spelled(rule.loss, loss, sites.A, k)[0], 1 if rule.sums else k
        terms = sum_over_rows(one_output, (array, "Y"), of_outputs, share, "classes" if rule.sums else "outputs")
    yield Equation("loss", Statement(text, latex, (array, "Y"), losses, terms), "cost", loss.kind)
    yield Equation("cost", _mean_cost(network, setting), "cost", "cost")


def _in_own_rows(loss: Any) -> bool:
    """Return whether the target of every output stands in the output's own row; of several quantiles it does not."""
    return len(getattr(loss, "quantiles", ())) < 2


def _mean_cost(network: Network, setting: Setting) -> Statement:
    read = ("loss", "w") if setting.weighted else ("loss",)

    def compute(a: Any) -> Value:
        return plain(np.mean(np.prod([a[name] for name in read], axis=0)))

    w = r"w \odot " if setting.weighted else ""
    mean = Statement(
        f"(1/m) Σ {'w * ' * setting.weighted}loss",
        rf"\frac{{1}}{{m}} \sum_i {w}\mathcal{{L}}",
        read,
        compute,
        mean_of_examples(*read),
    )
    return mean if setting.step is None else _with_penalty(mean, network, setting.step)


def _with_penalty(mean: Statement, network: Network, step: Step) -> Statement:
    W = tuple(slot.name for slot in network.slots if slot.group == "weights")
    found = mean
    for factor, text, latex, of in (
        (network.l2 / (2 * step.examples), "Σ {}²", r"\sum W^2", np.square),
        (network.l1 / step.examples, "Σ |{}|", r"\sum |W|", np.abs),
    ):
        if factor:
            found = summed(found, _norm(W, factor, text, latex, of))
    return found


def _norm(W: tuple[str, ...], factor: float, text: str, latex: str, of: Callable[[Any], Any]) -> Statement:
    """Return a factor times the sum of a function of all weights."""
    return Statement(
        f"{factor:.4g} {text.format('W')}",
        f"{short_latex(factor)} {latex}",
        W,
        lambda a: plain(np.asarray(factor * sum(of(a[name]).sum() for name in W))),
        of_all(factor, text, W, of),
    )


def _spelled(phrase: Phrase, loss: Any, A: str, classes: int) -> tuple[str, str]:
    return (
        phrase.text(loss, A, smooth_text(loss, "Y", classes)),
        phrase.latex(loss, latex_of(A), latex_Y(loss, classes)),
    )


# ---- backward ----


def _backward(network: Network, sites: Sites, setting: Setting) -> Iterator[Equation]:
    rule = LOSS_EQUATIONS[network.loss.kind]
    yield Equation(f"d{sites.A}", _of_loss(network, sites, rule.dA, setting), "backward", network.loss.kind)
    derivative = {f"d{sites.Z}": _of_loss(network, sites, rule.dZ, setting)} | dict(_derivatives(sites.chain))
    for site in reversed(sites.every):
        yield Equation(f"d{site.out}", derivative[f"d{site.out}"], "backward", what_of(site))
        yield from _gradients(network, site, setting)
    yield Equation("dA0", derivative["dA0"], "backward", "inputs")


def _of_loss(network: Network, sites: Sites, phrase: Phrase, setting: Setting) -> Statement:
    """Return the start of the way back: dA[L], or dZ[L]."""
    loss, k, rule = network.loss, network.n_outputs, LOSS_EQUATIONS[network.loss.kind]
    text, latex = _spelled(phrase, loss, sites.A, k)
    share = 1 if rule.sums else k
    if share > 1:
        text, latex = f"({text}) / {share}", rf"\frac{{1}}{{{share}}} \left({latex}\right)"
    if setting.weighted:
        text, latex = f"w * ({text})", rf"w \odot \left({latex}\right)"

    def compute(a: Any) -> Value:
        found = phrase.compute(loss, a[sites.A], smoothed(loss, a["Y"]))
        factor = (a["w"] if setting.weighted else 1) / share
        return Value(found.value * factor, found.size * np.abs(factor))

    read = (sites.A, "Y", *["w"] * setting.weighted)
    own = function_at(text, read, compute, ("Y",) if loss.kind == "categorical_log_loss" and phrase is rule.dZ else ())
    return Statement(text, latex, read, compute, own if _in_own_rows(loss) else None, ("w",) * setting.weighted)


def _derivatives(chain: Sequence[Site]) -> Iterator[tuple[str, Statement]]:
    """Yield the derivative by what goes into each layer, and by what lies inside residuals."""
    for site in reversed(chain):
        if site.layer.kind != "residual":
            yield f"d{site.before}", LAYER_EQUATIONS[site.layer.kind].backward(site)
            continue
        skip = copied(f"d{site.out}")
        within = {f"d{site.before}": skip} if not site.chain else dict(_derivatives(site.chain))
        if site.chain:
            yield f"d{site.chain[-1].out}", skip
        through = within.pop(f"d{site.before}")
        yield from within.items()
        yield f"d{site.before}", summed(skip, through)


def _gradients(network: Network, site: Site, setting: Setting) -> Iterator[Equation]:
    if site.layer.kind == "residual":
        return
    for role, statement in LAYER_EQUATIONS[site.layer.kind].gradients(site).items():
        found = statement
        if role == "W" and setting.step is not None:
            found = _with_slope_of_penalty(statement, site.p["W"], network, setting.step)
        yield Equation(f"d{site.p[role]}", found, "backward", what_of(site))


def _with_slope_of_penalty(dW: Statement, W: str, network: Network, step: Step) -> Statement:
    found = dW
    for factor, text, latex, of in (
        (network.l2 / step.examples, W, latex_of(W), np.asarray),
        (network.l1 / step.examples, f"sign({W})", rf"\mathrm{{sign}}({latex_of(W)})", np.sign),
    ):
        if factor:
            found = summed(found, _times(factor, W, text, latex, of))
    return found


def _times(factor: float, W: str, text: str, latex: str, of: Callable[[Any], Any]) -> Statement:
    """Return a factor times a function of one array of weights."""
    return Statement(
        f"{factor:.4g} {text}",
        f"{short_latex(factor)} {latex}",
        (W,),
        lambda a: plain(factor * of(a[W])),
        scaled(factor, text, W, of),
    )
