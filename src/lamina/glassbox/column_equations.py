"""What the layers that columns of tables need compute: embeddings, and the members of an ensemble."""

from typing import Any

import numpy as np

from lamina.glassbox.equation import Array, Statement, Value, latex_of, plain, transposed
from lamina.glassbox.site import Site, per_example

# ---- embeddings of categories ----


def _places(layer: Any, A: Array) -> Array:
    """Return which column of E each embedded number means, (columns, m)."""
    levels = np.array(layer.levels)
    chosen = np.nan_to_num(A[list(layer.columns)]).clip(0, levels[:, None] - 1).astype(int)
    return (np.cumsum(levels) - levels)[:, None] + chosen


def _kept(layer: Any, n: int) -> list[int]:
    return [j for j in range(n) if j not in layer.columns]


def embedding(at: Site) -> Statement:
    E, A, layer = at.p["E"], at.before, at.layer
    places, kept = f"rows {_listed(layer.columns)} of {A}", f"the other rows of {A}"

    def compute(a: Any) -> Value:
        looked_up = [a[E][:, own] for own in _places(layer, a[A])]  # (size, m) for each column
        return plain(np.concatenate([a[A][_kept(layer, len(a[A]))], *looked_up]))

    return Statement(
        f"[{kept}; the columns of {E} at {places}]",
        rf"\left[({latex_of(A)})_{{\text{{others}}}};\ ({latex_of(E)})_{{:,\,A_{{{_listed(layer.columns)}}}}}\right]",
        (A, E),
        compute,
    )


def _listed(columns: Any, most: int = 6) -> str:
    return ", ".join(map(str, columns[:most])) + (f", ... ({len(columns)} in all)" if len(columns) > most else "")


def embedding_back(at: Site) -> Statement:
    dA, A, layer = f"d{at.out}", at.before, at.layer

    def compute(a: Any) -> Value:
        back = np.zeros(a[A].shape)
        kept = _kept(layer, len(back))
        back[kept] = a[dA][: len(kept)]
        return plain(back)

    return Statement(
        f"the rows of {dA} that were kept; 0 for a category, which has no slope",
        rf"({latex_of(dA)})_{{\text{{others}}}},\ 0\ \text{{for a category}}",
        (dA, A),
        compute,
    )


def embedding_gradients(at: Site) -> dict[str, Statement]:
    dA, A, E, layer = f"d{at.out}", at.before, at.p["E"], at.layer

    def compute(a: Any) -> Value:
        dE, size = np.zeros(a[E].shape), np.zeros(a[E].shape)
        own = a[dA][len(_kept(layer, len(a[A]))) :].reshape(len(layer.columns), layer.size, -1)
        for places, part in zip(_places(layer, a[A]), own, strict=True):
            for level in np.unique(places):
                dE[:, level] += part[:, places == level].sum(axis=1)
                size[:, level] += np.abs(part[:, places == level]).sum(axis=1)
        return per_example(Value(dE, size), a[dA])

    return {
        "E": Statement(
            f"(1/m) Σ {dA} of the examples that looked each column up",
            rf"\frac{{1}}{{m}} \sum_{{i\,:\,\text{{looked up}}}} {latex_of(dA)}",
            (dA, A),
            compute,
        )
    }


# ---- periodic embeddings of numbers ----


def _angles(at: Site, a: Any) -> tuple[Array, Array]:
    """Return x (numbers, 1, m) and the angles (numbers, frequencies, m)."""
    x = a[at.before][list(at.layer.columns)][:, None, :]
    return x, 2 * np.pi * a[at.p["F"]][:, :, None] * x + a[at.p["phi"]][:, :, None]


def _V(at: Site, a: Any) -> Array:
    return a[at.p["V"]].reshape(len(at.layer.columns), at.layer.outputs, at.layer.frequencies)


def _new_units(at: Site, values: Array) -> Array:
    """Return (numbers, outputs, m) as rows: the first unit of every number, then the second of each."""
    return values.transpose(1, 0, 2).reshape(-1, values.shape[2])


def periodic(at: Site) -> Statement:
    F, phi, V, c, A = (*(at.p[role] for role in ("F", "phi", "V", "c")), at.before)

    def compute(a: Any) -> Value:
        _, angle = _angles(at, a)
        waves = np.stack([(v @ np.cos(one)) for v, one in zip(_V(at, a), angle, strict=True)])
        U = waves + a[c][:, :, None]
        turned = np.abs(_V(at, a)) @ (1 + np.abs(angle))  # an angle is rounded in proportion to itself
        size = turned + np.abs(a[c])[:, :, None]
        return Value(np.concatenate([a[A], _new_units(at, U)]), np.concatenate([np.abs(a[A]), _new_units(at, size)]))

    x = f"rows {_listed(at.layer.columns)} of {A}"
    return Statement(
        f"[{A}; {V} cos(2π {F} x + {phi}) + {c} for each x in {x}]",
        rf"\left[{latex_of(A)};\ {latex_of(V)} \cos(2\pi\, {latex_of(F)} x + {latex_of(phi)}) + {latex_of(c)}\right]",
        (A, F, phi, V, c),
        compute,
    )


def _back_to_angles(at: Site, a: Any) -> tuple[Value, Array]:
    """Return dangle (numbers, frequencies, m) and dU (numbers, outputs, m)."""
    numbers, outputs = len(at.layer.columns), at.layer.outputs
    dU = a[f"d{at.out}"][at.inputs :].reshape(outputs, numbers, -1).transpose(1, 0, 2)
    _, angle = _angles(at, a)
    through = np.stack([v.T @ one for v, one in zip(_V(at, a), dU, strict=True)])
    size = np.stack([np.abs(v).T @ np.abs(one) for v, one in zip(_V(at, a), dU, strict=True)])
    return Value(-np.sin(angle) * through, size * (1 + np.abs(angle))), dU


def periodic_back(at: Site) -> Statement:
    dA, F, rows = f"d{at.out}", at.p["F"], list(at.layer.columns)

    def compute(a: Any) -> Value:
        dangle, _ = _back_to_angles(at, a)
        value = a[dA][: at.inputs].copy()
        size = np.abs(value)
        value[rows] += 2 * np.pi * (a[F][:, :, None] * dangle.value).sum(axis=1)
        size[rows] += 2 * np.pi * (np.abs(a[F])[:, :, None] * dangle.size).sum(axis=1)
        return Value(value, size)

    names = tuple(at.p[role] for role in ("F", "phi", "V"))
    return Statement(
        f"{dA} of {at.before}, and for each x - 2π Σ {F} * sin(2π {F} x + {names[1]}) * ({names[2]}ᵀ {dA})",
        rf"{latex_of(dA)} - 2\pi \sum {latex_of(F)} \sin(2\pi\, {latex_of(F)} x + {latex_of(names[1])})"
        rf"\, {transposed(names[2])} {latex_of(dA)}",
        (dA, at.before, *names),
        compute,
    )


def periodic_gradients(at: Site) -> dict[str, Statement]:
    dA, (F, phi, V) = f"d{at.out}", (at.p[role] for role in ("F", "phi", "V"))
    read = (dA, at.before, F, phi, V)

    def d_frequencies(a: Any) -> Value:
        (dangle, _), (x, _) = _back_to_angles(at, a), _angles(at, a)
        sums = Value(2 * np.pi * (dangle.value * x).sum(axis=2), 2 * np.pi * (dangle.size * np.abs(x)).sum(axis=2))
        return per_example(sums, a[dA])

    def d_shifts(a: Any) -> Value:
        dangle, _ = _back_to_angles(at, a)
        return per_example(Value(dangle.value.sum(axis=2), dangle.size.sum(axis=2)), a[dA])

    def d_factors(a: Any) -> Value:
        (_, dU), (_, angle) = _back_to_angles(at, a), _angles(at, a)
        value = np.stack([one @ np.cos(turn).T for one, turn in zip(dU, angle, strict=True)])
        size = np.stack([np.abs(one) @ (1 + np.abs(turn)).T for one, turn in zip(dU, angle, strict=True)])
        return per_example(Value(value.reshape(len(value), -1), size.reshape(len(size), -1)), a[dA])

    def d_offsets(a: Any) -> Value:
        _, dU = _back_to_angles(at, a)
        return per_example(Value(dU.sum(axis=2), np.abs(dU).sum(axis=2)), a[dA])

    wave = rf"2\pi\, {latex_of(F)} x + {latex_of(phi)}"
    sine, d = f"sin(2π {F} x + {phi})", latex_of(dA)
    mean = r"\frac{1}{m} \sum_i"
    back = f"{transposed(V)} {d}"
    return {
        "F": Statement(
            f"-(1/m) Σ 2π x {sine} * ({V}ᵀ {dA})", rf"-{mean} 2\pi x \sin({wave})\, {back}", read, d_frequencies
        ),
        "phi": Statement(f"-(1/m) Σ {sine} * ({V}ᵀ {dA})", rf"-{mean} \sin({wave})\, {back}", read, d_shifts),
        "V": Statement(f"(1/m) Σ {dA} cos(2π {F} x + {phi})ᵀ", rf"{mean} {d} \cos({wave})^{{\top}}", read, d_factors),
        "c": Statement(f"(1/m) Σ {dA}", rf"{mean} {d}", (dA,), d_offsets),
    }


# ---- members ----


def _of_each(R: Array, A: Array) -> Array:
    """Return the column of R that belongs to each example, (units, m)."""
    return R[:, np.arange(A.shape[1]) % R.shape[1]]


def member_scale(at: Site) -> Statement:
    return _scaled(at, at.before)


def member_scale_back(at: Site) -> Statement:
    return _scaled(at, f"d{at.out}")


def _scaled(at: Site, name: str) -> Statement:
    R = at.p["R"]
    return Statement(
        f"{R}[:, member] * {name}",
        rf"({latex_of(R)})_{{:,\,\text{{member}}}} \odot {latex_of(name)}",
        (R, name),
        lambda a: plain(_of_each(a[R], a[name]) * a[name]),
    )


def member_scale_gradients(at: Site) -> dict[str, Statement]:
    dA, A, members = f"d{at.out}", at.before, at.layer.members

    def compute(a: Any) -> Value:
        each = a[dA] * a[A]
        own = [each[:, j::members] for j in range(members)]
        value, size = (np.stack([of(one).sum(axis=1) for one in own], axis=1) for of in (np.asarray, np.abs))
        return per_example(Value(value, size), a[dA])

    return {
        "R": Statement(
            f"(1/m) Σ {dA} * {A} over each member's examples",
            rf"\frac{{1}}{{m}} \sum_{{i\,:\,\text{{member}}}} {latex_of(dA)} \odot {latex_of(A)}",
            (dA, A),
            compute,
        )
    }


def member_choice(at: Site) -> Statement:
    A, units = at.before, at.units

    def compute(a: Any) -> Value:
        examples = np.arange(a[A].shape[1])
        first = examples % at.layer.members * units
        return plain(np.stack([a[A][first + u, examples] for u in range(units)]))

    return Statement(
        f"of {A} the {units} row{'s' * (units > 1)} of each example's member",
        rf"({latex_of(A)})_{{\text{{member}}}}",
        (A,),
        compute,
    )


def member_choice_back(at: Site) -> Statement:
    dA, units = f"d{at.out}", at.units

    def compute(a: Any) -> Value:
        examples = np.arange(a[dA].shape[1])
        back = np.zeros((at.inputs, len(examples)))
        for u in range(units):
            back[examples % at.layer.members * units + u, examples] = a[dA][u]
        return plain(back)

    return Statement(
        f"{dA} in the rows of each example's member, 0 elsewhere",
        rf"{latex_of(dA)}\ \text{{in the rows of the member}}",
        (dA,),
        compute,
    )
