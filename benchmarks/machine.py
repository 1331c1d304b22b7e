"""The machine: its name, and what it can do at the most."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

HERE = Path(__file__).parent


def processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def described() -> dict[str, Any]:
    """Return the processor's name, family and model (cloud machines hide the name), and its instruction sets."""
    facts = {"model name": platform.processor() or platform.machine(), "cpu family": "", "model": "", "flags": ""}
    if (cpuinfo := Path("/proc/cpuinfo")).exists():
        for line in cpuinfo.read_text(encoding="utf-8").split("\n\n")[0].splitlines():
            name, _, value = line.partition(":")
            facts[name.strip()] = value.strip()
    number = f" (family {facts['cpu family']}, model {facts['model']})" if facts["model"] else ""
    sets = [name for name in ("avx2", "fma", "avx512f", "avx512_vnni") if name in facts["flags"].split()]
    return {
        "processor": facts["model name"] + number,
        "instructions": sets,
        "processors": processors(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def measured(threads: Sequence[int]) -> dict[str, float]:
    """Return {"gflops": ..., "gigabytes": ...} per second, at the best of these numbers of threads.

    They are multiply-adds in registers, each two operations, and the triad. Empty where no C++ compiler works.
    """
    compiler = os.environ.get("CXX") or shutil.which("c++") or "clang++"
    flags = ["-O3", "-march=native", "-std=c++20", "-ffp-contract=fast", "-pthread"]
    with TemporaryDirectory() as folder:
        program = Path(folder) / "machine"
        try:
            subprocess.run([compiler, *flags, HERE / "machine.cpp", "-o", program], check=True)
        except (OSError, subprocess.CalledProcessError):
            return {}
        runs = [subprocess.run([program, str(n)], check=True, capture_output=True, text=True).stdout for n in threads]
    found = [json.loads(line) for line in runs]
    return {name: max(one[name] for one in found) for name in ("gflops", "gigabytes")}


def commit() -> str:
    """Return the commit's short hash, with a + where its files have been changed; empty outside a repository."""
    try:
        name, changed = _git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name + ("+" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(HERE), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()
