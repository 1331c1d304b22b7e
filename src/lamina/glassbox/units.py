"""What the rows of each array stand for: features by name, units by number, outputs by what they mean."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lamina.equations.affine import Affine
from lamina.equations.layers import Residual
from lamina.glassbox.equation import number_of
from lamina.glassbox.origins import Origins
from lamina.glassbox.site import Site
from lamina.glassbox.sites import Sites

MIXES = ("linear", "rounded_linear", "residual", "member_choice")  # after one of these a row is a feature no longer


def features_of(sites: Sites, origins: Origins, n_inputs: int) -> dict[str, tuple[str, ...]]:
    """Return the names of the rows of every array in which a row still is one feature: A0, and what keeps them apart.

    Parameters
    ----------
    sites : Sites
    origins : Origins
    n_inputs : int
        Rows of A[0].
    """
    names = origins.features or tuple(f"x{j}" for j in range(n_inputs))
    found = {"A0": names}
    for site in sites.chain:
        if site.layer.kind in MIXES or isinstance(site.layer, Residual):
            break
        names = _after(site.layer, names)
        found[site.out] = names
    return found


def _after(layer: Any, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the rows that a layer gives, from those of the rows that it gets."""
    if layer.kind == "embedding":
        kept = [name for j, name in enumerate(names) if j not in layer.columns]
        return (*kept, *(f"{names[j]}[{k}]" for j in layer.columns for k in range(layer.size)))
    if layer.kind == "periodic":
        return (*names, *(f"{names[j]} wave {k + 1}" for k in range(layer.outputs) for j in layer.columns))
    return tuple(names)


def axes_of(sites: Sites, members: int) -> Mapping[str, tuple[str, str]]:
    """Return what the two axes of every array of a pass mean, by its name; derivatives are as what they are by."""
    examples = "examples" if members == 1 else "examples x members"
    found = {"A0": ("features", examples)}
    rows = {"A0": "features"}
    for site in sites.every:
        rows[site.out] = _rows(site, rows.get(site.before, "features"), sites)
        found[site.out] = rows[site.out], examples
        if site.mask:
            found[site.mask] = rows[site.out], examples
        for role, name in site.p.items():
            found[name] = _of_role(role, site, rows[site.before], rows[site.out])
    outputs = rows[sites.Z]
    found |= {sites.A: (outputs, examples), f"{sites.A}_mean": (outputs, "examples")}
    return found | {"Y": ("targets", examples), "w": ("1", examples), "loss": ("1", examples)}


def _rows(site: Site, before: str, sites: Sites) -> str:
    if site.out == sites.Z:
        return "outputs"
    if isinstance(site.layer, Affine):
        return f"units of layer {site.number}"
    if site.layer.kind == "member_choice":
        return "units of the member"
    if site.layer.kind in ("embedding", "periodic"):
        return "features, embedded"
    return before


def _of_role(role: str, site: Site, before: str, after: str) -> tuple[str, str]:
    """Return what the axes of a layer's own array mean."""
    special = {
        "W": (after, before),
        "R": (after, "members"),
        "E": ("learned numbers", "levels"),
        "F": ("embedded numbers", "waves"),
        "phi": ("embedded numbers", "waves"),
        "V": ("embedded numbers", "new units x waves"),
        "c": ("embedded numbers", "new units"),
    }
    return special.get(role, (after, "1"))


def described(name: str) -> str:
    """Return the array whose axes this one has: "W1" of "dW1", "v_W1" and "W1_new"."""
    plain = re.sub(r"^[vs]_|_new$", "", name)
    return plain[1:] if plain.startswith("d") and number_of(plain) is not None else plain
