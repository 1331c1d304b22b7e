"""The learner's process: load the code, call its functions on the cases, and report what came back, line by line.

Run as ``python -m lamina.glassbox.doctor.worker``; `sandbox` starts it. The task and the jobs
come on stdin; every answer is one line of JSON on what was stdout. The learner's own streams lead nowhere.
"""

from __future__ import annotations

import ast
import base64
import builtins
import copy
import io
import json
import os
import pickle
import signal
import sys
import time
import types
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np

from lamina.glassbox.doctor import solutions
from lamina.glassbox.doctor.course_modules import install
from lamina.glassbox.doctor.described import described_functions
from lamina.glassbox.doctor.explained import explained
from lamina.glassbox.doctor.recording import generator_state, recorded, seed
from lamina.glassbox.doctor.wire import packed, unpacked

IMPORTING = 30.0  # seconds that an import may take
LARGEST_FILE = 64 << 20  # bytes
PROCESSOR = 4  # seconds of the processor for each second of the clock, and as many more: libraries have threads


class TimeUp(BaseException):
    """The time of a call is up."""


class Stopped(BaseException):
    """The learner's code asked for something that it cannot have here; the text says what."""


class Printed(io.TextIOBase):
    """A stdout that counts what is written to it."""

    count = 0

    def write(self, text: str) -> int:
        Printed.count += len(text)
        return len(text)


def main() -> None:
    """Load what the first line says, then answer every job of the lines that follow."""
    answers, jobs = os.fdopen(os.dup(1), "w", encoding="utf-8"), os.fdopen(os.dup(0), "r", encoding="utf-8")
    task = json.loads(jobs.readline())
    _lock_up(task)

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    functions = Functions(task, answer)
    for line in jobs:
        answer(functions.done(json.loads(line), lambda: answer({"alive": True})))
    os._exit(0)  # threads and handlers of the learner's code are not waited for


def _lock_up(task: dict[str, Any]) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    sys.stdout = sys.stderr = Printed()
    sys.stdin = io.StringIO()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    _limit_memory(task["memory"])
    _limit_files()
    if hasattr(signal, "SIGALRM"):
        signal.signal(signal.SIGALRM, _time_up)
    builtins.input = _refusing(
        "input() asks somebody at the keyboard, and nobody is there: take the values as arguments"
    )
    for name in (
        "fork",
        "forkpty",
        "system",
        "popen",
        "posix_spawn",
        "posix_spawnp",
        "execv",
        "execve",
        "kill",
        "killpg",
    ):
        if hasattr(os, name):
            setattr(os, name, _refusing(f"os.{name}() starts or ends processes, which an exercise has no need of"))
    sys.addaudithook(_without_programs)
    os.chdir(task["folder"])
    sys.path += [
        task["folder"],
        *task.get("paths", []),
    ]  # behind Python's own: a random.py beside the file is no random
    install()


def _without_programs(event: str, _: Any) -> None:
    """Start no other program: it could outlive this process. Libraries that look for one go on without."""
    if event == "subprocess.Popen":
        raise PermissionError("other programs cannot be started here, which an exercise has no need of")


def _limit_memory(most: int) -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    with open("/proc/self/statm", encoding="ascii") if os.path.exists("/proc/self/statm") else io.StringIO("0") as file:
        now = int(file.read().split()[0]) * 4096
    for limit in (resource.RLIMIT_AS, resource.RLIMIT_DATA):
        try:
            hard = resource.getrlimit(limit)[1]
            most_allowed = now + most if hard == resource.RLIM_INFINITY else min(now + most, hard)
            resource.setrlimit(limit, (most_allowed, hard))
        except (ValueError, OSError):
            continue
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _limit_files() -> None:
    """The largest file that can be written; beyond it a write fails with "File too large"."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def _limit_processor(seconds: float) -> None:
    """The time of the processor from now on: it ends even what no signal handler can, when nobody waits any more."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        used = time.process_time()
        most = int(used + PROCESSOR * seconds + PROCESSOR)
        resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _time_up(*_: Any) -> None:
    raise TimeUp


def _refusing(why: str) -> Callable[..., Any]:
    def refuse(*_: Any, **__: Any) -> Any:
        raise Stopped(why)

    return refuse


def within(seconds: float, do: Callable[[], Any]) -> Any:
    """Call, and raise `TimeUp` inside it after that time, where the system can."""
    if not hasattr(signal, "setitimer"):
        return do()
    _limit_processor(seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        return do()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Functions:
    """The functions of one source, and how they are called."""

    def __init__(self, task: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> None:
        self.seconds: float = task["seconds"]
        self.files: set[str] = set()
        if "pickled" in task:
            self.space = self._unpickled(task, answer)
        else:
            self.space = self._executed(task, answer)

    # ---- loading ----

    def _unpickled(self, task: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        try:
            function = pickle.loads(base64.b64decode(task["pickled"]))
        except Exception as problem:
            answer({"unloadable": f"{type(problem).__name__}: {problem}"})
            os._exit(0)
        space: dict[str, Any] = getattr(function, "__globals__", {})
        space[task["name"]] = function
        plain = [one for one in [function, *space.values()] if isinstance(one, types.FunctionType)]
        self.files = {one.__code__.co_filename for one in plain if one.__globals__ is space}
        only = {task["name"]: described_functions(space)[task["name"]]} if plain else {}
        answer({"loaded": {"failures": [], "defined": only or {task["name"]: {}}}})
        return space

    def _executed(self, task: dict[str, Any], answer: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        cells, main, only_definitions = task["cells"], task["main"], task.get("only definitions", False)
        space: dict[str, Any] = {"__name__": main, "__builtins__": {**vars(builtins), **_fallbacks()}}
        failures, late, start = [], only_definitions, time.monotonic()
        for cell in cells:
            self.files.add(cell["name"])
            tree = _Unasserted().visit(ast.parse(cell["code"]))
            for statement in tree.body:
                late = late or time.monotonic() - start > 3 * self.seconds
                if late and not _defines(statement):
                    continue
                code = compile(ast.Module([statement], []), cell["name"], "exec", dont_inherit=True)
                try:
                    is_import = isinstance(statement, ast.Import | ast.ImportFrom)
                    within(max(IMPORTING, self.seconds) if is_import else self.seconds, partial(exec, code, space))
                except BaseException as problem:
                    late = late or isinstance(problem, TimeUp)
                    failures.append(explained(problem, self.files) | {"cell": cell["name"], "at": statement.lineno})
        answer({"loaded": {"failures": failures, "defined": described_functions(space), "late": late}})
        return space

    # ---- calling ----

    def done(self, job: dict[str, Any], alive: Callable[[], None]) -> dict[str, Any]:
        """Call one function on its cases, with others replaced meanwhile by the course's."""
        replaced = {name: _stand_in(name, how) for name, how in job["replace"].items()}
        function = self.space.get(job["function"])
        if not callable(function):
            return {"missing": True}
        spaces = [self.space, *_other_spaces(function, self.space)]
        before = [{name: space.get(name, MISSING) for name in replaced} for space in spaces]
        for space in spaces:
            space.update(replaced)
        try:
            calls = []
            for call in job["calls"]:
                calls.append(self._called(function, call, job))
                alive()
                if calls[-1].get("raised", {}).get("type") in ("TimeUp", "Stopped"):
                    break  # the others would take as long
            return {"calls": calls}
        finally:
            for space, names in zip(spaces, before, strict=True):
                for name, one in names.items():
                    if one is MISSING:
                        space.pop(name, None)
                    else:
                        space[name] = one

    def _called(self, function: Any, call: dict[str, Any], job: dict[str, Any]) -> dict[str, Any]:
        solutions.START = unpacked(call.get("start"))
        if job.get("record"):
            return {"record": recorded(function, unpacked(call["arguments"]), self.files, self.seconds, within)}
        first = self._once(function, call["arguments"])
        if first["answer"].get("raised"):
            return first["answer"]
        second = self._once(function, call["arguments"])
        answer: dict[str, Any] = first["answer"]
        answer["same again"] = first["answer"].get("returned") == second["answer"].get("returned")
        return answer

    def _once(self, function: Any, arguments: Any) -> dict[str, Any]:
        given = unpacked(arguments)
        kept = copy.deepcopy(given)
        seed()
        state, printed = generator_state(), Printed.count
        try:
            returned = within(self.seconds, lambda: function(*given))
            answer: dict[str, Any] = {"returned": packed(returned)}
        except BaseException as problem:
            return {"answer": {"raised": explained(problem, self.files)}}
        answer["changed"] = _changed(kept, given)
        answer["drew"] = generator_state() != state
        answer["printed"] = Printed.count - printed
        return {"answer": answer}


def _stand_in(name: str, how: str) -> Any:
    """Return the course's function; "A alone": without its cache; "start": parameters that are given."""
    function = getattr(solutions, name)
    if how == "A alone":
        return lambda Z: function(Z)[0]
    return solutions.given_start if how == "start" else function


def _fallbacks() -> dict[str, Any]:
    """Return what the course's notebooks find already defined."""
    functions = {name: getattr(solutions, name) for name in solutions.NAMES}
    return {**functions, **solutions.GIVEN, "display": lambda *_: None, "get_ipython": lambda: Quiet()}


class Quiet:
    """Stands for IPython: does nothing, whatever it is asked."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_, **__: None


def _other_spaces(function: Any, space: dict[str, Any]) -> list[dict[str, Any]]:
    """The globals of the function, where they are not those of the source: it was imported from elsewhere."""
    theirs = getattr(function, "__globals__", space)
    return [] if theirs is space else [theirs]


def _changed(before: Any, after: Any, path: tuple[Any, ...] = ()) -> list[list[Any]]:
    """Return the places of arguments that are not what they were, and how they changed: "in place" or "rebound"."""
    if isinstance(before, np.ndarray):
        same = isinstance(after, np.ndarray) and before.shape == after.shape and before.tobytes() == after.tobytes()
        return [] if same else [[list(map(str, path)), "in place"]]
    if isinstance(before, tuple | list):
        if len(before) != len(after):
            return [[list(map(str, path)), "in place"]]
        return [one for k, part in enumerate(before) for one in _changed(part, after[k], (*path, k))]
    if isinstance(before, dict):
        found = [one for k in before if k in after for one in _changed(before[k], after[k], (*path, k))]
        return found + ([[list(map(str, path)), "keys"]] if set(before) != set(after) else [])
    return []


class _Unasserted(ast.NodeTransformer):
    """Takes the assertions out: the doctor sees the numbers that they would hide."""

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)


def _defines(statement: ast.stmt) -> bool:
    """Whether a statement only defines: functions, imports, and names of what needs no call."""
    if isinstance(statement, ast.Assign):
        return not any(isinstance(node, ast.Call) for node in ast.walk(statement))
    return isinstance(statement, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom)


MISSING = object()

if __name__ == "__main__":
    main()
