"""From a trained model, alone or with rows, to its diagnosis."""

from collections.abc import Mapping
from typing import Any, Protocol

from lamina.data.encoding.encoder import Encoder
from lamina.data.examples import examples_of
from lamina.data.learning import Columns
from lamina.data.source import Source, opened
from lamina.data.splitting import Part, canonical_rows
from lamina.data.targets import Labels, Numbers
from lamina.engine import Engine, EngineName, choose
from lamina.equations.network import Network
from lamina.errors import DataError
from lamina.learning.diagnosis.case import Case
from lamina.learning.diagnosis.facts import facts_of, predictions_of
from lamina.learning.diagnosis.findings import Diagnosis, diagnosis_of
from lamina.learning.diagnosis.one_batch import fit_one_batch
from lamina.learning.diagnosis.signs import Signs

WITHOUT_ROWS = (
    "rows",
    "validation_rows",
    "order",
    "twins",
    "overlap",
    "overlap_of",
)  # facts of the training rows alone


class Trained(Protocol):
    """What a diagnosis asks of a model."""

    @property
    def network(self) -> Network: ...
    @property
    def params(self) -> Any: ...
    @property
    def encoder(self) -> Encoder: ...
    @property
    def target(self) -> Labels | Numbers: ...
    @property
    def settings(self) -> Mapping[str, Any]: ...
    @property
    def history(self) -> list[dict[str, Any]]: ...
    @property
    def signs(self) -> Signs | None: ...
    @property
    def best_epoch(self) -> int: ...
    @property
    def stopped(self) -> str: ...
    @property
    def engine(self) -> EngineName: ...
    @property
    def device(self) -> str: ...


def diagnose(model: Trained, X: Any = None, y: Any = None, *, X_val: Any = None, y_val: Any = None) -> Diagnosis:
    """Say what is wrong with the training of a model, the likely cause first.

    Parameters
    ----------
    model : Model
        Trained or loaded.
    X, y : rows and targets, optional
        The training rows, or others like them. With rows, columns and targets are looked at again, and a fresh network
        of the same settings tries to learn a few of them by heart.
    X_val, y_val : optional
        Validation rows, which should not stand among those of X.

    Raises
    ------
    DataError
        X without y, or rows that the model cannot read.
    """
    for rows, targets, names in ((X, y, ("X", "y")), (X_val, y_val, ("X_val", "y_val"))):
        if (rows is None) != (targets is None):
            there, missing = names if targets is None else names[::-1]
            raise DataError(f"{there} was given without {missing}: a diagnosis needs both, or neither.")
    if X is None and X_val is not None:
        raise DataError("X_val was given without X: pass the training rows too, to see whether they share any.")
    signs: Signs = {name: _known(part) for name, part in (model.signs or {}).items()}
    batch: dict[str, Any] = {}
    if X is not None:
        engine = choose(model.network, model.engine, device=model.device)
        signs, batch = _with_rows(model, engine, signs, (X, y), None if X_val is None else (X_val, y_val))
    case = Case(
        network=model.network,
        target=model.target,
        columns=model.encoder.names_in,
        settings=model.settings,
        history=model.history,
        looks=signs.get("looks", ()),
        facts=signs.get("facts", {}),
        predictions=signs.get("predictions", {}),
        recipe=signs.get("recipe", {}),
        best_epoch=model.best_epoch,
        stopped=model.stopped,
        batch=batch,
    )
    return diagnosis_of(case)


def _known(part: Any) -> Any:
    """Return the facts that have a value."""
    return {name: one for name, one in part.items() if one is not None} if isinstance(part, dict) else part


def _with_rows(
    model: Trained, engine: Engine, signs: Signs, rows: tuple[Any, Any], validation: tuple[Any, Any] | None
) -> tuple[Signs, dict[str, Any]]:
    """Return the signs with what these rows say, and how well a batch of them can be fitted."""
    examples = _examples(model, *rows)
    others = None if validation is None else _examples(model, *validation, names=("X_val", "y_val"))
    before = signs.get("facts", {})
    facts = facts_of(examples, others, model.encoder, model.network)
    known = WITHOUT_ROWS if others is None else WITHOUT_ROWS[:3]
    facts |= {name: before[name] for name in known if name in before}
    predictions = predictions_of(model.network, engine, model.params, others or examples)
    batch = fit_one_batch(model, engine, examples, facts.get("rows", examples.n))
    return {**signs, "facts": _known(facts), "predictions": _known(predictions)}, batch


def _examples(model: Trained, X: Any, y: Any, names: tuple[str, str] = ("X", "y")) -> Any:
    """Return rows as examples, in an order that their values decide: a file may be sorted."""
    source = opened(X, y, names=names, reading=model.encoder.reading)
    assert isinstance(source, Source)  # only rows without y are streamed
    Y = model.target.encode(source.y)
    part, _ = canonical_rows(source.table, Y)
    columns = Columns(model.encoder, model.target, None, part.n)
    return examples_of(source, Part(part.rows), columns, model.params.dtype)
