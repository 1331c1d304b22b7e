"""Who reads and who trains: a module each, with the same two functions.

    versions()              -> which releases do the work
    run(job, ended, **options) -> a function from the test file to probabilities, or None where nothing was learned

`ended()` is called after every pass over the rows. All networks are the same: columns scaled to mean 0 and deviation 1,
categories as indicator columns (the 49 most frequent and one for the others), one hidden layer of relu, Adam at 1e-3.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple


@dataclass(frozen=True)
class Job:
    """What is to be done, the same for everybody."""

    parquet: Path
    csv: Path | None
    target: str
    rows: int  # to learn from
    test: Path
    passes: int
    threads: int
    hidden: int = 64
    batch: int = 512
    most_levels: int = 50  # of a category, those without a column of their own counted as one
    rate: float = 1e-3
    seed: int = 0

    @property
    def files(self) -> list[str]:
        """The files of training rows, in order."""
        return [str(path) for path in sorted(self.parquet.glob("*.parquet"))]


class Contender(NamedTuple):
    """A way to go through the rows."""

    module: str
    options: Mapping[str, Any] = MappingProxyType({})
    kind: str = "network"  # network, trees, or reading: what it comes to
    passes: int | None = None  # where a row is so dear that one is enough
    most_rows: int | None = None  # of which the speed is measured, for the same reason


CONTENDERS = {
    "read: pyarrow": Contender("reading", {}, "reading"),
    "read and encode: lamina": Contender("lamina_peer", {"way": "encode"}, "reading"),
    "lamina, streamed Parquet": Contender("lamina_peer", {"way": "stream"}),
    "lamina, streamed CSV": Contender("lamina_peer", {"way": "csv"}),
    "lamina, in memory": Contender("lamina_peer", {"way": "memory"}),
    "scikit-learn, partial_fit": Contender("scikit_learn"),
    "PyTorch, blocks, 0 workers": Contender("pytorch", {"workers": 0}),
    "PyTorch, blocks, 2 workers": Contender("pytorch", {"workers": 2}),
    "PyTorch, row by row": Contender("pytorch", {"workers": 0, "row_by_row": True}, passes=1, most_rows=300_000),
    "LightGBM, Sequence": Contender("lightgbm_peer", {}, "trees"),
    "XGBoost, external memory": Contender("xgboost_peer", {}, "trees"),
}
