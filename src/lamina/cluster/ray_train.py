"""Workers of a Ray cluster, started by Ray Train: anew after a fault, and with another number where machines left."""

import logging
import os
import sys
import tempfile
import threading
import warnings
from contextlib import ExitStack
from typing import Any

from lamina.cluster.board import Board, News, Outcome
from lamina.cluster.places import Place
from lamina.cluster.ray_worker import work_in_worker
from lamina.cluster.waiting import seconds_to_wait
from lamina.errors import ClusterError, MissingExtraError, SettingError

LOOPBACK = "127.0.0.1"
OBJECT_STORE_BYTES = 2**28  # of a cluster on this machine: rows in memory go through it
MOST_FAULTS = 8
MOST_WORKERS = 1000  # where no number is asked for
SECONDS_BETWEEN_COUNTS = 30.0  # of the machines, while the workers work; that some came costs a new start
SECONDS_BETWEEN_LOOKS = 0.2
SECONDS_TO_END = 30.0

# Before Ray is imported: it reports nothing home, and the workers' health is looked at often.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_TRAIN_V2_ENABLED": "1",
    "RAY_CHDIR_TO_TRIAL_DIR": "0",
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.5",
    "RAY_TRAIN_ENABLE_PRINT_PATCH": "0",
    "RAY_TRAIN_METRICS_ENABLED": "0",
    # What Ray writes on stdout of lost workers and machines is left out: it is said in our words. Of memory it is not.
    "RAY_DEDUP_LOGS_SKIP_REGEX": "(?s)^(?!.*killed due to memory pressure)",
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",
}
LOCAL_ENVIRONMENT = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # else it listens beyond loopback


def run(place: Place, work: Any, shown: Any = None) -> Any:
    """Run `work(group)` in the workers of a Ray cluster; see `launching.launched`."""
    with ExitStack() as stack:
        ray = _opened(place, stack)
        workers, cores = _shares(ray, place)
        board = _board(ray)
        looking = stack.enter_context(shown) if shown is not None else None
        scratch = None if place.address else stack.enter_context(tempfile.TemporaryDirectory(prefix="lamina-ray-"))
        config = {"board": board, "work": work, "folder": os.getcwd(), "storage": scratch, "program": sys.argv[0]}
        config |= {"scratch": scratch and f"{scratch}/run", "host": LOOPBACK if place.address is None else ""}
        config["together"] = place.together
        _check_sendable(work)
        training = _Training(_trainer(place, workers, cores, config))
        outcome = _watched(ray, board, training, looking)
    if outcome.problem is not None:
        raise outcome.problem
    return outcome.result


def _opened(place: Place, stack: ExitStack) -> Any:
    """Return Ray, connected: to a cluster of this process on this machine, or to the one that is named."""
    for name, value in (ENVIRONMENT | ({} if place.address else LOCAL_ENVIRONMENT)).items():
        os.environ.setdefault(name, value)
    wait = str(seconds_to_wait())
    os.environ.setdefault("RAY_TRAIN_COLLECTIVE_TIMEOUT_S", wait)
    os.environ.setdefault("RAY_TRAIN_WORKER_HEALTH_CHECK_TIMEOUT_S", wait)
    try:
        import ray
        import ray.train
    except ImportError as problem:
        raise MissingExtraError(f"a Ray cluster needs Ray ({problem}): pip install 'lamina[cluster]'") from problem
    if ray.is_initialized():
        return ray
    own = {name: value for name, value in os.environ.items() if name.startswith("LAMINA_")}  # on every machine
    quiet: dict[str, Any] = {"runtime_env": {"env_vars": own}} if place.address and own else {}
    quiet |= {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": True}
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        if place.address is None:
            here = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            cores = max(here, place.workers or 1)
            closed: dict[str, Any] = {
                "include_dashboard": False,
                "_node_ip_address": LOOPBACK,
                "object_store_memory": OBJECT_STORE_BYTES,
            }
            ray.init(address="local", num_cpus=cores, **closed, **quiet)
        else:
            ray.init(address=place.address, **quiet)
    except (ConnectionError, RuntimeError, ValueError) as problem:
        why = str(problem).partition(". Please")[0]
        raise ClusterError(
            f"no Ray cluster at {place.address or 'this machine'}: {why}. Start one with `ray start --head`, or "
            "use cluster='local[2]'"
        ) from problem
    stack.callback(ray.shutdown)
    return ray


def _shares(ray: Any, place: Place) -> tuple[int, int]:
    """Return how many workers there are, and how many cores each has: one for each machine, unless more are asked."""
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    machines = [cores for cores in machines if cores]
    if not machines:
        raise ClusterError("the Ray cluster has no cores to work with")
    workers = place.workers or len(machines)
    cores = next((k for k in range(max(machines), 0, -1) if sum(m // k for m in machines) >= workers), 0)
    if not cores:
        raise ClusterError(
            f"{workers} workers are asked for, and the Ray cluster has {sum(machines)} cores: ask for fewer, "
            "or add machines"
        )
    return workers, cores


def _board(ray: Any) -> Any:
    """Return the board, an actor on this machine."""
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    return ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote()


def _trainer(place: Place, workers: int, cores: int, config: dict[str, Any]) -> Any:
    from ray.train.v2.api.config import FailureConfig, RunConfig, ScalingConfig
    from ray.train.v2.api.data_parallel_trainer import DataParallelTrainer

    logging.getLogger("ray.train").setLevel(logging.CRITICAL)
    most = place.workers or MOST_WORKERS  # machines go for good, and others come
    scaling = ScalingConfig(
        num_workers=workers if place.address is None else (1, most),
        resources_per_worker={"CPU": cores},
        placement_strategy="SPREAD",
        elastic_resize_monitor_interval_s=SECONDS_BETWEEN_COUNTS,
    )
    how = RunConfig(storage_path=config["storage"], failure_config=FailureConfig(max_failures=MOST_FAULTS))
    return DataParallelTrainer(work_in_worker, train_loop_config=config, scaling_config=scaling, run_config=how)


class _Training:
    """Ray Train in a thread: the main thread looks at the board, and takes signals."""

    def __init__(self, trainer: Any) -> None:
        self.problem: BaseException | None = None
        self._trainer = trainer
        self._thread = threading.Thread(target=self._run, name="lamina ray train", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._trainer.fit()
        except BaseException as problem:
            self.problem = problem

    def ended(self, seconds: float) -> bool:
        """Wait for its end, so long; return whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()


def _watched(ray: Any, board: Any, training: _Training, shown: Any) -> Outcome:
    """Look at the board until the end, and return the outcome; Ctrl-C asks the workers to stop."""
    from lamina.interrupts import Interrupts

    asked = ""
    with Interrupts(ending=True) as wish:
        while True:
            over = training.ended(SECONDS_BETWEEN_LOOKS)
            if wish.asked and not asked:
                asked = wish.asked
                board.ask.remote(asked)
            news: News = ray.get(board.take.remote(), timeout=seconds_to_wait())
            _tell(news)
            if shown is not None:
                shown.update(news)
            if news.outcome is not None:
                training.ended(SECONDS_TO_END if news.outcome.problem is None else 0)
                return news.outcome
            if over:
                return Outcome(problem=_lost(training.problem, news.starts))


def _tell(news: News) -> None:
    """Say here what the first worker said."""
    for stream, text in news.text:
        (sys.stdout if stream == "out" else sys.stderr).write(text)
    for warning in news.warnings:
        warnings.warn(warning, stacklevel=2)


def _check_sendable(work: Any) -> None:
    """Raise a SettingError where the work cannot be sent to other processes."""
    from ray import cloudpickle

    try:
        cloudpickle.dumps(work)
    except Exception as problem:
        raise SettingError(
            f"what is to be done cannot be sent to the workers: {problem}. Rows are arrays, data frames or names of "
            "files there, a scorer is a function of a module"
        ) from problem


def _lost(problem: BaseException | None, starts: int) -> ClusterError:
    lines = [line.strip() for line in str(problem).splitlines() if line.strip()]
    why = lines[-1] if lines else "no reason given"
    return ClusterError(
        f"the workers were started {starts} times, and lost each time ({why}). Start the same call again: with a "
        "checkpoint it resumes from the newest one"
    )
