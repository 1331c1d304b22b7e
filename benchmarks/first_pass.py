"""Seconds of the first pass over a stream, with one worker and with two: what is learned of columns, by summaries.

    python benchmarks/first_pass.py [--rows 3000000]

Each worker has one thread; workers are processes of MPI on this machine. The least of three passes counts; the seconds
of the processor stand beside it, since a machine that does other things shows in the difference.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from hashlib import blake2b
from pathlib import Path

import numpy as np

FILES, PASSES = 6, 3
SETTINGS = {
    "missing": "encode",
    "max_categories": 50,
    "min_frequency": 1,
    "embed_above": None,
    "categorical": [],
    "dates": "auto",
    "splines": "jagged",
}


def write(folder, n):
    """Rows of 16 columns: 8 of fractions, 4 of whole numbers, 4 of text, one of them with 5,000 levels."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rng = np.random.default_rng(0)
    cities = np.array([f"city {i}" for i in range(5000)])
    for k in range(FILES):
        m = n // FILES
        columns = {f"x{j}": rng.normal(size=m).astype(np.float32) for j in range(8)}
        columns |= {f"k{j}": rng.integers(0, 1000, m) for j in range(4)}
        columns |= {f"w{j}": rng.choice(np.array(["a", "b", "c", "dd"]), m) for j in range(3)}
        columns |= {"city": cities[rng.integers(0, 5000, m)]}
        columns |= {"y": np.where(columns["x0"] + columns["k0"] / 500 > 1, "yes", "no")}
        pq.write_table(pa.table(columns), folder / f"{k}.parquet", row_group_size=100_000)


def passed(group, folder, scaling):
    """Print what the passes of a worker took, and a word for what was learned."""
    from lamina.data.roles import Roles
    from lamina.data.streaming.rows_streamed import RowsStreamed
    from lamina.data.streaming.streamed_source import StreamedSource
    from lamina.data.tables.row_streams import rows_of

    warnings.simplefilter("ignore")  # of a column of many levels
    source, found = StreamedSource(rows_of(folder), Roles("y")), []
    for _ in range(PASSES):
        rows = RowsStreamed(source, "classifier", group).hold_out(0.1, 0, None)
        began, busy = time.perf_counter(), time.process_time()
        columns = rows.learn({**SETTINGS, "scaling": scaling})
        found.append((time.perf_counter() - began, time.process_time() - busy))
    seconds, busy = min(found)
    word = blake2b(repr(columns.encoder.to_header()).encode(), digest_size=8).hexdigest()
    everyone = [json.loads(one) for one in group.told(json.dumps([busy, word]).encode())]
    if group.rank == 0:
        print(json.dumps({"seconds": seconds, "busy": [one for one, _ in everyone], "words": [w for _, w in everyone]}))


def measured(size, folder, scaling):
    """Return what so many workers print."""
    few = {"OMP_NUM_THREADS": "1", "LAMINA_NUM_THREADS": "1"}
    root = {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
    own = Path(sys.executable).parent / "mpiexec"
    start = [own if own.exists() else "mpiexec", "--oversubscribe", "-n", str(size)] if size > 1 else []
    command = [*map(str, start), sys.executable, __file__, "--folder", str(folder), "--scaling", scaling]
    command += ["--workers", str(size)]
    done = subprocess.run(command, env={**os.environ, **few, **root}, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    parser.add_argument("--scaling", help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        from functools import partial

        from lamina.cluster.launching import launched

        where = "mpi" if options.workers > 1 else "local[1]"
        launched(where, partial(passed, folder=options.folder, scaling=options.scaling))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.rows)
        for scaling in ("standard", "quantile"):
            one, two = (measured(size, folder, scaling) for size in (1, 2))
            same = "the same encoder" if len({*one["words"], *two["words"]}) == 1 else "ANOTHER ENCODER"
            busy = ", ".join(f"{one:.1f}" for one in [*one["busy"], *two["busy"]])
            alone, together = one["seconds"], two["seconds"]
            print(
                f"{options.rows:,} rows, {scaling}: {alone:.1f} s with one worker, {together:.1f} s with two "
                f"({alone / together:.2f} times; busy {busy} s), {same}"
            )


if __name__ == "__main__":
    main()
