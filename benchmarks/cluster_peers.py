"""What others do with the same files on a cluster of this machine: `python cluster_peers.py NAME JOB`.

    torch      Ray Train with DistributedDataParallel, half of the row groups each, as data_peers/pytorch.py
    xgboost    XGBoost's collective in Ray Train's workers, half of the row groups each

Each worker has one core. A line of JSON says the rows, and the seconds of a pass or of all rounds, without the start.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_TRAIN_V2_ENABLED": "1", "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
HERE = str(Path(__file__).parent)


class Share:
    """A worker's part of the rows, on a core of its own: every n-th row group of the files."""

    def __init__(self, given: dict[str, Any]) -> None:
        sys.path.insert(0, HERE)
        import pyarrow.dataset
        import ray.train
        from data_peers import Job

        context = ray.train.get_context()
        self.rank, self.size = context.get_world_rank(), context.get_world_size()
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[self.rank % len(cores)]})
        names = ("target", "rows", "passes", "batch", "hidden")
        path, self._found = Path(given["parquet"]), Path(given["storage"]) / "found.json"
        self.job = Job(parquet=path, csv=None, test=path, threads=1, **{name: given[name] for name in names})
        fragments = pyarrow.dataset.dataset(self.job.files).get_fragments()
        groups = [group for fragment in fragments for group in fragment.split_by_row_group()]
        parts = [groups[k :: self.size] for k in range(self.size)]
        counts = [sum(group.row_groups[0].num_rows for group in part) for part in parts]
        self.n = min(*counts, self.job.rows // self.size)  # as many in each: all take as many steps
        self._groups = parts[self.rank]

    def told(self, **found: Any) -> None:
        """The first worker writes what it found."""
        if self.rank == 0:
            self._found.write_text(json.dumps({**found, "rows": self.n * self.size}), encoding="utf-8")

    def __iter__(self) -> Iterator[Any]:
        from data_peers.columns import BLOCK_ROWS

        left = self.n
        for group in self._groups:
            for batch in group.to_batches(batch_size=BLOCK_ROWS):
                if left and batch.num_rows:
                    yield batch.slice(0, left)
                    left -= min(batch.num_rows, left)


def torch_worker(given: dict[str, Any]) -> None:
    """Train by DistributedDataParallel, passes over this worker's rows."""
    share = Share(given)
    import numpy as np
    import ray.train.torch
    import torch
    from data_peers.by_hand import Encoding
    from torch import nn

    torch.set_num_threads(1)
    job, own = share.job, share.job.batch // share.size
    began = time.perf_counter()
    encoding = Encoding.learned(job)  # over all rows, in each
    learned = time.perf_counter() - began
    model = nn.Sequential(nn.Linear(encoding.width, job.hidden), nn.ReLU(), nn.Linear(job.hidden, 1))
    model = ray.train.torch.prepare_model(model)
    optimiser, loss = torch.optim.Adam(model.parameters(), lr=job.rate, fused=True), nn.BCEWithLogitsLoss()
    seconds = []
    for _ in range(job.passes):
        began, steps = time.perf_counter(), share.n // own
        for batch in share:
            X, y = torch.from_numpy(encoding.rows(batch)), torch.from_numpy(encoding.labels(batch).astype(np.float32))
            for chosen in torch.randperm(len(X)).split(own):
                if steps and len(chosen) == own:
                    steps -= 1
                    optimiser.zero_grad()
                    loss(model(X[chosen])[:, 0], y[chosen]).backward()
                    optimiser.step()
        seconds.append(time.perf_counter() - began)
        for _ in range(steps):  # a worker whose blocks end unevenly: the others wait for its steps
            optimiser.zero_grad()
            loss(model(X[:own])[:, 0], y[:own]).backward()
            optimiser.step()
    share.told(seconds=min(seconds), first=learned)


def xgboost_worker(given: dict[str, Any]) -> None:
    """Grow trees over the rows of all workers."""
    share = Share(given)
    import numpy as np
    import xgboost
    from data_peers.columns import labels_of
    from data_peers.trees import ROUNDS, Codes
    from data_peers.xgboost_peer import kinds

    began = time.perf_counter()
    codes, _ = Codes.learned(share.job)
    parts = [(codes.rows(batch), labels_of(share.job, batch)) for batch in share]
    X, y = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    with xgboost.collective.CommunicatorContext(**given["tracker"]):
        data = xgboost.QuantileDMatrix(X, y, feature_types=kinds(codes), enable_categorical=True, nthread=1)
        learned = time.perf_counter() - began
        began = time.perf_counter()
        xgboost.train({"objective": "binary:logistic", "nthread": 1}, data, ROUNDS)
        seconds = time.perf_counter() - began
    share.told(seconds=seconds, first=learned, rounds=ROUNDS)


def main(name: str, job: dict[str, Any]) -> None:
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    import ray
    from ray.train import RunConfig, ScalingConfig
    from ray.train.torch import TorchTrainer
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    ray.init(address="local", num_cpus=2, include_dashboard=False, _node_ip_address="127.0.0.1", log_to_driver=False)
    scaling = ScalingConfig(num_workers=2, resources_per_worker={"CPU": 1})
    how: dict[str, Any] = {"scaling_config": scaling, "run_config": RunConfig(storage_path=job["storage"])}
    if name == "torch":
        trainer = TorchTrainer(torch_worker, train_loop_config=job, **how)
    else:
        from xgboost import RabitTracker

        tracker = RabitTracker(n_workers=2, host_ip="127.0.0.1")
        tracker.start()
        job = {**job, "tracker": tracker.worker_args()}
        trainer = DataParallelTrainer(xgboost_worker, train_loop_config=job, **how)
    trainer.fit()
    print((Path(job["storage"]) / "found.json").read_text(encoding="utf-8"), file=channel, flush=True)
    ray.shutdown()


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
