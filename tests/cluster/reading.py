"""A script: the second worker's files are gone after an epoch of a fit; what is said. `reading.py ray|mpi`."""

import json
import sys
from pathlib import Path

import numpy as np

FILES, ROWS = 24, 125


def write_files(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    folder.mkdir()
    rng = np.random.default_rng(0)
    for k in range(FILES):
        X = rng.normal(size=(ROWS, 3))
        pq.write_table(pa.table({"a": X[:, 0], "b": X[:, 1], "y": X[:, 0] * X[:, 1]}), folder / f"{k:02}.parquet")


def work(group):
    """Each worker has files of its own, of the same rows."""
    from lamina.data.roles import Roles
    from lamina.data.streaming.streamed_source import StreamedSource
    from lamina.data.tables.row_streams import rows_of
    from lamina.fitting import prepare
    from lamina.learning.training import train

    folder = Path(str(group.rank))
    write_files(folder)
    settings = {"hidden_layer_sizes": (8,), "random_state": 0, "max_iter": 50, "batch_size": 512}
    source = StreamedSource(rows_of(str(folder)), Roles("y"))
    run, state = prepare(source, roles=Roles("y"), settings=settings, task="regressor", group=group)
    for progress in train(run, state):
        if progress.epoch == 1 and group.rank == 1:
            for file in folder.iterdir():
                file.unlink()
    return "it went on"


def main(kind):
    from lamina.cluster.launching import launched
    from lamina.errors import LaminaError

    try:
        said = launched("mpi" if kind == "mpi" else "local[2]", work)
    except LaminaError as problem:
        said = f"{type(problem).__name__}: {problem}"
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
