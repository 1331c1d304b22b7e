"""The benchmark runs, its peers learn the same, and it says so when they do not. Nothing here looks at a time."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def test_peers_reach_the_same_costs_and_predictions(tmp_path):
    options = ["--quick", "--threads", "1", "--repeats", "1", "--peers", "lamina", "scikit-learn"]
    cases = ["tiny-32", "numbers-64", "digits-32", "predict-1", "estimator-1"]
    done = subprocess.run(
        [sys.executable, BENCHMARKS / "bench.py", *options, "--cases", *cases, "--output", tmp_path],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert all(case in done.stdout for case in cases)
    (results,), pictures = tmp_path.glob("*.jsonl"), sorted(tmp_path.glob("*.png"))
    assert [picture.name for picture in pictures] == [f"{results.stem}-start.png", f"{results.stem}.png"]
    run, *lines = (json.loads(line) for line in results.read_text(encoding="utf-8").splitlines())
    starts = [line for line in lines if line["record"] == "cold start"]
    lines = [line for line in lines if line["record"] == "measurement"]
    assert [line["peer"] for line in starts] == ["lamina", "scikit-learn"]
    assert all(line["wall"] >= line["start"] > line["work"] > 0 and line["cpu"] > 0 for line in starts)
    assert {"date", "commit", "processor", "processors", "versions", "blas", "peak"} <= set(run)
    assert {"lamina", "scikit-learn", "numpy"} <= set(run["versions"])
    found = {(line["case"]["name"], line["peer"]): line for line in lines}
    assert set(found) == {(case, peer) for case in cases for peer in ("lamina", "scikit-learn")}
    assert [line["reason"] for line in lines if line["reason"]] == []
    for case in ("tiny-32", "numbers-64", "digits-32"):
        ours, theirs = found[case, "lamina"], found[case, "scikit-learn"]
        assert ours["result"] < 0.8 * ours["cost_at_start"]
        assert theirs["result"] == pytest.approx(ours["result"], rel=2e-3)


@pytest.mark.parametrize(
    ("work", "start", "results", "faults"),
    [
        ("train", 1.0, {"a": 0.5, "b": 0.5001, "c": 0.5}, 0),
        ("train", 1.0, {"a": 0.5, "b": 0.53, "c": 0.5}, 1),
        ("train", 1.0, {"a": 0.5, "b": float("nan"), "c": 0.5}, 1),
        ("train", 1.0, {"a": 0.5, "b": 0.6}, 2),
        ("train", 1.0, {"a": 1.0, "b": 1.0}, 1),  # nobody learned
        ("train", 1.0, {"a": 0.5, "b": None}, 0),  # b has a reason instead
        ("predict", 0.0, {"a": 1e-7, "b": 1e-3}, 1),
        ("predict", 0.0, {"a": float("nan")}, 1),
        ("estimator", 0.0, {"a": 0.0, "b": 0.1}, 1),
    ],
)
def test_other_results_are_found(benchmarks, work, start, results, faults):
    from measuring import disagreements
    from tasks import Case

    case = Case("some", (2, 3, 1), 4, 5, work=work)
    assert len(disagreements(case, start, results)) == faults


def test_a_peer_that_is_not_there_says_why(benchmarks, monkeypatch):
    import runners

    monkeypatch.setitem(runners.PEERS, "nobody", "nobody")
    runner = runners.Runner("nobody", 1)
    try:
        with pytest.raises(runners.PeerError, match=r"No module named 'peers\.nobody'"):
            runner.greet()
    finally:
        runner.close()


def test_a_peer_that_dies_is_a_reason_and_no_hang(benchmarks):
    import runners

    runner = runners.Runner("lamina", 1)
    try:
        runner._process.kill()
        with pytest.raises(runners.PeerError, match="ended"):
            runner.greet()
    finally:
        runner.close()


def test_multiply_adds_are_counted_as_by_hand(benchmarks):
    from tasks import Case

    case = Case("some", (5, 3, 2), batch=4, steps=1)
    forward, backward = 5 * 3 + 3 * 2, (5 * 3 + 3 * 2) + 3 * 2  # dW of both, dA of the hidden layer
    assert case.multiply_adds == 4 * (forward + backward)
