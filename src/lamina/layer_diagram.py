"""The layers of a fitted network as blocks of scikit-learn's diagram: what a notebook and `estimator_html_repr` show.

scikit-learn asks an estimator for its block by the method `_sk_visual_block_`, and reads the attributes below.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lamina.equations.network import Network


@dataclass(frozen=True)
class Block:
    """A box of the diagram, or several below one another; scikit-learn escapes what is written in them.

    Attributes
    ----------
    kind : {"single", "serial"}
    estimators : what a single box stands for, or the boxes
    names : title of a single box, or of each
    name_details : what a box shows when it is opened, or each
    name_caption : what stands below the title of a single box
    dash_wrapped : whether a dashed line is drawn around several
    """

    kind: str
    estimators: Any
    names: Any
    name_details: Any
    name_caption: str | None = None
    doc_link_label: str | None = None
    dash_wrapped: bool = True

    def _sk_visual_block_(self) -> "Block":
        return self


def of_estimator(estimator: Any, network: Network | None) -> Block:
    """Return the block of an estimator: its layers, or a single box before it is fitted."""
    if network is None:
        return Block("single", estimator, type(estimator).__name__, str(estimator))
    return _below_one_another(network.blueprint())


def _below_one_another(entries: Sequence[Mapping[str, Any]]) -> Block:
    boxes: list[tuple[str, str | None, Block]] = []  # title, details, block
    for together in _together(entries):
        first, title = together[0], ", ".join(map(_title, together))
        if "chain" in first:
            boxes.append((title, None, _below_one_another(first["chain"])))
        else:
            details = "\n".join(f"{a['name']} ({a['rows']}, {a['columns']})" for a in first.get("arrays", ()))
            boxes.append((title, details, Block("single", None, title, details, _caption(first))))
    titles, details_of, blocks = (list(column) for column in zip(*boxes, strict=True))
    return Block("serial", blocks, titles, details_of)


def _together(entries: Sequence[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    """Yield the layers of each box: one with parameters, and those without, like its activation, that follow it."""
    found: list[Mapping[str, Any]] = []
    for entry in entries:
        opens = entry["kind"] == "loss" or entry["arrays"] or "chain" in entry or entry["inputs"] != entry["units"]
        if found and (opens or "chain" in found[0]):
            yield found
            found = []
        found.append(entry)
    if found:
        yield found


def _title(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "loss":
        return f"loss: {entry['name'].replace('_', ' ')}"
    return str(entry.get("function", entry["kind"])).replace("_", " ")


def _caption(entry: Mapping[str, Any]) -> str:
    if entry["kind"] == "loss":
        return ""
    size = sum(array["rows"] * array["columns"] for array in entry["arrays"])
    return f"{entry['inputs']} → {entry['units']}" + (f", {size:,} parameters" if size else "")
