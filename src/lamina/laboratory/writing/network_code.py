"""A network as three functions of NumPy, with the lecture's names: forward, cost_of and backward."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from lamina.equations import rounding
from lamina.equations.activations import ACTIVATIONS
from lamina.equations.network import Network
from lamina.equations.slots import Path
from lamina.errors import SettingError
from lamina.glassbox.site import Site
from lamina.glassbox.sites import Sites, sites_of
from lamina.laboratory.writing.column_code import SUM_BY_COLUMN
from lamina.laboratory.writing.layer_code import LAYER_CODE
from lamina.laboratory.writing.line import INDENT, WIDTH, Line, needed, packed, text_of, unpacked, wrapped
from lamina.laboratory.writing.loss_code import LOSS_CODE, OUTPUT_CODE, SOFTMAX, filled, targets_code
from lamina.laboratory.writing.sources import IN_NUMPY, functions


class NetworkCode(NamedTuple):
    """The functions of a network, and what they need."""

    helpers: list[str]  # activations and others, each a piece of code
    functions: list[str]  # forward, cost_of, backward
    draws: bool  # whether forward draws what dropout keeps
    needs_math: bool


def network_code(network: Network, *, weighted: bool) -> NetworkCode:
    """Return the functions of a network.

    Raises
    ------
    SettingError
        A part of it has no code in the tables.
    """
    _check_known(network)
    sites = sites_of(network, training=True)
    L = sites.A
    forward = [*_forward(sites.chain, ()), Line(L, OUTPUT_CODE[network.loss.output_name].format(Z=sites.Z))]
    derivatives = [f"d{slot.name}" for slot in sorted(network.slots)]
    backward = needed([*_start(network, sites, weighted), *_backward(sites.chain)], derivatives)
    kept = [name for name in ["A0", *(line.target for line in forward)] if name in _reads(backward) and name != L]
    parameters = [slot.name for slot in sorted(network.slots)]
    forward = needed(forward, [L, sites.Z, *kept])
    draws = any("kept(" in line.code for line in forward)
    pieces = [
        _function_forward(forward, parameters, sites, kept, draws),
        _function_cost(network, sites, weighted),
        _function_backward(backward, parameters, kept, sites, derivatives, weighted),
    ]
    helpers = _helpers([*forward, *backward])
    return NetworkCode(helpers, pieces, draws, any("math." in one for one in helpers))


def _check_known(network: Network) -> None:
    kinds = [network.layer_at(path).kind for path in network.numbers]
    missing = [f"layer {kind}" for kind in kinds if kind not in {*LAYER_CODE, "residual"}]
    missing += [f"loss {network.loss.kind}"] * (network.loss.kind not in LOSS_CODE)
    if missing:
        raise SettingError(
            f"there is no NumPy for {', '.join(dict.fromkeys(missing))}: add a row to the tables in "
            "lamina/laboratory/writing (layer_code.py, loss_code.py)."
        )


def _forward(chain: Sequence[Site], path: Path) -> Iterator[Line]:
    for i, site in enumerate(chain):
        if site.layer.kind != "residual":
            yield from LAYER_CODE[site.layer.kind].forward(site, (*path, i))
            continue
        yield from _forward(site.chain, (*path, i))
        inner = site.chain[-1].out if site.chain else site.before
        yield Line(site.out, f"{site.before} + {inner}", "a skip")


def _start(network: Network, sites: Sites, weighted: bool) -> Iterator[Line]:
    loss, k = network.loss, network.n_outputs
    names = {"A": sites.A, "Z": sites.Z, "Y": "Y"}
    target = targets_code(loss, "Y", k)
    if target != "Y":
        yield Line("Y", target, "what is learned in place of the targets")
    code = LOSS_CODE[loss.kind]
    dZ = filled(code.dZ, loss, names, k)
    if k > 1 and not code.summed:
        dZ = f"({dZ}) / {k}"
    if weighted:
        dZ = f"w * ({dZ})"
    beside = f"({k}, m): d{sites.A} * g'({sites.Z}), which is simply this"
    yield Line(f"d{sites.Z}", dZ, beside)


def _backward(chain: Sequence[Site]) -> Iterator[Line]:
    for site in reversed(chain):
        if site.layer.kind != "residual":
            code = LAYER_CODE[site.layer.kind]
            yield from code.gradients(site)
            yield from code.backward(site)
            continue
        if site.chain:
            yield Line(f"d{site.chain[-1].out}", f"d{site.out}", "a skip: both ways get the same")
            yield from _backward(site.chain)
            yield Line(f"d{site.before}", f"d{site.out} + d{site.before}", "and their derivatives add up")
        else:
            yield Line(f"d{site.before}", f"d{site.out} + d{site.out}")


def _reads(lines: Sequence[Line]) -> set[str]:
    return {name for line in lines for name in line.reads}


def _helpers(lines: Sequence[Line]) -> list[str]:
    used = _reads(lines)
    found = functions(name for name in _all_activations() if name in used)
    constants = [text for text in found.values() if not text.startswith("def ")]
    helpers = ["\n".join(constants)] if constants else []
    helpers += [text for text in found.values() if text.startswith("def ")]
    helpers += [SOFTMAX] if "softmax" in used else []
    helpers += list(functions(["bfloat16"], rounding).values()) if "bfloat16" in used else []
    helpers += [SUM_BY_COLUMN] if "sum_by_column" in used else []
    return helpers


def _all_activations() -> list[str]:
    names = [one.__name__ for pair in ACTIVATIONS.values() for one in pair]
    return list(dict.fromkeys([*names, *IN_NUMPY]))


# ---- the functions ----


def _function_forward(
    lines: Sequence[Line], parameters: Sequence[str], sites: Sites, kept: Sequence[str], draws: bool
) -> str:
    used = _reads(lines)
    arguments = "A0, parameters, step, dropout=1.0" if draws else "A0, parameters"
    body = [f"def forward({arguments}):", f'{INDENT}"""Return {sites.Z}, {sites.A}, and what the way back needs."""']
    body.append(_from_parameters([name for name in parameters if name in used]))
    if "m" in used:
        body.append(f"{INDENT}m = A0.shape[1]")
    body += text_of(lines, INDENT)
    body.append(f"{INDENT}return {sites.Z}, {sites.A}, {packed(kept)}")
    return "\n".join(body)


def _from_parameters(names: Sequence[str]) -> str:
    listed = ", ".join(f'"{name}"' for name in names)
    one = unpacked(names, f"(parameters[name] for name in ({listed}{',' * (len(names) == 1)}))")
    return one if len(one.split("\n")[-1]) <= WIDTH else "\n".join(f'{INDENT}{n} = parameters["{n}"]' for n in names)


def _function_cost(network: Network, sites: Sites, weighted: bool) -> str:
    loss, k, code = network.loss, network.n_outputs, LOSS_CODE[network.loss.kind]
    names = {"A": sites.A, "Z": sites.Z, "Y": "Y"}
    losses = filled(code.losses, loss, names, k)
    losses = losses if code.summed else f"np.mean({losses}, axis=0)"
    lines = [
        f"def cost_of({sites.Z}, Y, parameters{', w' * weighted}):",
        f'{INDENT}"""J = (1/m) Σ {"w " * weighted}{code.formula}{_penalty_text(network)}, written in {sites.Z}."""',
    ]
    target = targets_code(loss, "Y", k)
    lines += [f"{INDENT}Y = {target}"] if target != "Y" else []
    lines.append(f"{INDENT}losses = {losses}  # (m,)")
    mean = "np.mean(w * losses)" if weighted else "np.mean(losses)"
    lines.append(f"{INDENT}return {mean}{_penalty_code(network)}")
    return "\n".join(lines)


def weights_of(network: Network) -> list[str]:
    """Return the names of the matrices that the penalty is of."""
    return [slot.name for slot in network.slots if slot.group == "weights"]


def _penalty_text(network: Network) -> str:
    return " + (lambda/2m) Σ W²" * bool(network.l2) + " + (lambda/m) Σ |W|" * bool(network.l1)


def _penalty_code(network: Network) -> str:
    code = ""
    if network.l2:
        code += " + LAMBDA / (2 * M) * sum(np.sum(parameters[W] ** 2) for W in WEIGHTS)"
    if network.l1:
        code += " + LAMBDA_1 / M * sum(np.sum(np.abs(parameters[W])) for W in WEIGHTS)"
    return code


def _function_backward(
    lines: Sequence[Line],
    parameters: Sequence[str],
    kept: Sequence[str],
    sites: Sites,
    derivatives: Sequence[str],
    weighted: bool,
) -> str:
    used = _reads(lines)
    body = [
        f"def backward({sites.A}, Y, cache, parameters{', w' * weighted}):",
        f'{INDENT}"""Return the derivative of the cost by every array, from the last layer to the first."""',
        unpacked(kept, "cache"),
    ]
    own = [name for name in parameters if name in used]
    body += [_from_parameters(own)] if own else []
    body.append(f"{INDENT}m = A0.shape[1]" if "A0" in kept else f"{INDENT}m = {sites.A}.shape[1]")
    body += text_of(lines, INDENT)
    entries = [f'"{name}": {name}' for name in derivatives]
    inside = wrapped(entries, INDENT * 2)
    one = f"{INDENT}return {{{', '.join(entries)}}}"
    body.append(one if len(one) <= WIDTH else f"{INDENT}return {{\n{inside},\n{INDENT}}}")
    return "\n".join(body)
