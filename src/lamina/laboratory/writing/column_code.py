"""What the layers before the first linear one compute, as lines of NumPy: embeddings, periodic features, members."""

from typing import Any

import numpy as np

from lamina.glassbox.site import Site
from lamina.laboratory.writing.line import Line

# ---- embeddings of categories ----


def embedding(at: Site, path: Any) -> list[Line]:
    layer, A, out = at.layer, at.before, at.out
    levels = np.array(layer.levels)
    first = (np.cumsum(levels) - levels)[:, None].tolist()
    return [
        Line(f"level_{out}", f"np.clip({A}[{list(layer.columns)}], 0, {(levels - 1)[:, None].tolist()})"),
        Line(f"at_{out}", f"level_{out}.astype(int) + {first}", "the column of E of every category"),
        Line(
            f"found_{out}",
            f"{at.p['E']}[:, at_{out}].transpose(1, 0, 2).reshape(-1, {A}.shape[1])",
            f"({len(layer.columns) * layer.size}, m)",
        ),
        Line(out, f"np.concatenate([np.delete({A}, {list(layer.columns)}, axis=0), found_{out}])", f"({at.units}, m)"),
    ]


def embedding_back(at: Site) -> list[Line]:
    kept = [j for j in range(at.inputs) if j not in at.layer.columns]
    d = f"d{at.before}"
    return [
        Line(d, f"np.zeros(({at.inputs}, d{at.out}.shape[1]), d{at.out}.dtype)", "a category has no slope: 0"),
        Line(f"{d}[{kept}]", f"d{at.out}[:{len(kept)}]"),
    ]


def embedding_gradients(at: Site) -> list[Line]:
    layer, out, E = at.layer, at.out, at.p["E"]
    behind = at.units - len(layer.columns) * layer.size
    shape = f"({len(layer.columns)}, {layer.size}, m)"
    return [
        Line(f"own_{out}", f"d{out}[{behind}:].reshape{shape}", f"{shape}"),
        Line(
            f"d{E}",
            f"sum_by_column(np.zeros_like({E}), at_{out}, own_{out}) / m",
            "a category gets the sum of its examples",
        ),
    ]


SUM_BY_COLUMN = '''def sum_by_column(dE, at, dfound):
    """Add to every column of E the derivatives of the examples that looked it up."""
    for columns, d in zip(at, dfound):
        np.add.at(dE.T, columns, d.T)
    return dE'''

# ---- periodic features of numbers ----


def periodic(at: Site, path: Any) -> list[Line]:
    layer, A, out, p = at.layer, at.before, at.out, at.p
    columns = list(layer.columns)
    angle = f"2 * np.pi * {p['F']}[:, :, None] * X_{out}[:, None, :] + {p['phi']}[:, :, None]"
    return [
        Line(f"X_{out}", f"{A}[{columns}]", f"({len(columns)}, m): the numbers"),
        Line(f"angle_{out}", angle, f"({len(columns)}, {layer.frequencies}, m)"),
        _V(at),
        Line(
            f"U_{out}",
            f"np.einsum('njk,nkm->jnm', V_{out}, np.cos(angle_{out})) + {p['c']}.T[:, :, None]",
            f"({layer.outputs}, {len(columns)}, m)",
        ),
        Line(out, f"np.concatenate([{A}, U_{out}.reshape(-1, {A}.shape[1])])", f"({at.units}, m)"),
    ]


def _V(at: Site) -> Line:
    layer = at.layer
    shape = f"({len(layer.columns)}, {layer.outputs}, {layer.frequencies})"
    return Line(f"V_{at.out}", f"{at.p['V']}.reshape{shape}")


def _angles(at: Site) -> list[Line]:
    layer, out = at.layer, at.out
    behind = at.units - len(layer.columns) * layer.outputs
    return [
        Line(f"dU_{out}", f"d{out}[{behind}:].reshape({layer.outputs}, {len(layer.columns)}, m)"),
        Line(f"dangle_{out}", f"-np.sin(angle_{out}) * np.einsum('njk,jnm->nkm', V_{out}, dU_{out})"),
    ]


def periodic_back(at: Site) -> list[Line]:
    out, d, columns = at.out, f"d{at.before}", list(at.layer.columns)
    slope = f"2 * np.pi * np.einsum('nk,nkm->nm', {at.p['F']}, dangle_{out})"
    return [
        *_angles(at),
        Line(d, f"d{out}[:{at.inputs}].copy()"),
        Line(f"{d}[{columns}]", f"{d}[{columns}] + {slope}"),
    ]


def periodic_gradients(at: Site) -> list[Line]:
    out, p, n = at.out, at.p, len(at.layer.columns)
    return [
        *_angles(at),
        Line(f"d{p['F']}", f"2 * np.pi * np.einsum('nkm,nm->nk', dangle_{out}, X_{out}) / m"),
        Line(f"d{p['phi']}", f"dangle_{out}.sum(axis=2) / m"),
        Line(f"d{p['V']}", f"np.einsum('jnm,nkm->njk', dU_{out}, np.cos(angle_{out})).reshape({n}, -1) / m"),
        Line(f"d{p['c']}", f"dU_{out}.sum(axis=2).T / m"),
    ]


# ---- members of an ensemble ----


def member_scale(at: Site, path: Any) -> list[Line]:
    return [
        Line(
            f"factor_{at.out}",
            f"np.tile({at.p['R']}, {at.before}.shape[1] // {at.layer.members})",
            "each member has its own factors",
        ),
        Line(at.out, f"factor_{at.out} * {at.before}", f"({at.units}, m)"),
    ]


def member_scale_back(at: Site) -> list[Line]:
    return [Line(f"d{at.before}", f"factor_{at.out} * d{at.out}", f"({at.units}, m)")]


def member_scale_gradients(at: Site) -> list[Line]:
    R, k = at.p["R"], at.layer.members
    return [Line(f"d{R}", f"(d{at.out} * {at.before}).reshape({at.units}, -1, {k}).sum(axis=1) / m")]


def member_choice(at: Site, path: Any) -> list[Line]:
    k, out = at.layer.members, at.out
    return [
        Line(f"e_{out}", f"np.arange({at.before}.shape[1])", f"example e belongs to member e % {k}"),
        Line(
            out,
            f"{at.before}.reshape({k}, {at.units}, -1)[e_{out} % {k}, :, e_{out}].T",
            f"({at.units}, m): of the outputs for all members, its own",
        ),
    ]


def member_choice_back(at: Site) -> list[Line]:
    k, out, d = at.layer.members, at.out, f"d{at.before}"
    return [
        Line(f"own_{out}", f"np.zeros(({k}, {at.units}, d{out}.shape[1]), d{out}.dtype)"),
        Line(f"own_{out}[e_{out} % {k}, :, e_{out}]", f"d{out}.T"),
        Line(d, f"own_{out}.reshape({at.inputs}, -1)", f"({at.inputs}, m)"),
    ]
