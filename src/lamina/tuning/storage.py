"""Where trials are kept: in memory, or in a file that several processes share and that outlives them."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.exceptions import DuplicatedStudyError
from optuna.storages import BaseStorage, InMemoryStorage, JournalStorage, RDBStorage, get_storage
from optuna.storages.journal import JournalFileBackend, JournalFileSymlinkLock
from optuna.study import Study

from lamina.errors import TuningError
from lamina.tracking import with_text_keys
from lamina.tuning.sampling import Sampler, pruner

STUDY = "lamina"
SQLITE = (".db", ".sqlite", ".sqlite3")
SECONDS_TO_BEGIN = 10.0
TIMES_TO_BEGIN = 5


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Optuna from writing to stderr, and say its errors in our words."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def storage_at(place: Any) -> BaseStorage:
    """Return the storage in a file, or at a URL as Optuna has them; None: in memory.

    Raises
    ------
    TuningError
        The file cannot be read or written, or is none of a search.
    """
    if place is None:
        return InMemoryStorage()
    text = os.fspath(place)
    try:
        if "://" in text:
            return get_storage(text)
        path = Path(text).expanduser().absolute()
        if path.is_dir() or not path.parent.is_dir():
            what = "is a folder" if path.is_dir() else f"there is no folder {str(path.parent)!r}"
            raise TuningError(f"storage {text!r}: {what}; expected a file, such as study.log or study.db")
        if path.suffix.lower() in SQLITE:
            return _database(path)
        lock = JournalFileSymlinkLock(str(path))
        _mend(path, lock)
        return JournalStorage(JournalFileBackend(str(path), lock_obj=lock))
    except TuningError:
        raise
    except Exception as problem:  # of Optuna, of SQLAlchemy, of the system
        raise _unusable(text, problem) from problem


def _database(path: Path) -> RDBStorage:
    """Return the storage in an SQLite file; of processes that begin one at the same moment, one has to wait."""
    for left in range(TIMES_TO_BEGIN, 0, -1):
        try:
            return RDBStorage(f"sqlite:///{path}", engine_kwargs={"connect_args": {"timeout": 60}})
        except Exception:
            if left == 1:
                raise
            time.sleep(0.3)
    raise AssertionError


def _unusable(place: str, problem: Exception) -> TuningError:
    first = str(problem).strip().partition("\n")[0] or type(problem).__name__
    return TuningError(f"storage {place!r} cannot be used as one of a search: {first}. Name another file")


def _mend(path: Path, lock: JournalFileSymlinkLock) -> None:
    """Take a line that was not written to its end off a journal: the disk was full, or the machine went down."""
    if not path.exists() or not path.stat().st_size:
        return
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return
    lock.acquire()
    try:
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if not whole or not whole.startswith(b"{"):
            raise TuningError(f"storage {str(path)!r} is no journal of a search: name another file")
        os.truncate(path, len(whole))
    finally:
        lock.release()


def study_in(
    storage: BaseStorage,
    place: Any,
    identity: Mapping[str, str],
    seed: int | None,
    start: Any,
    direction: Literal["minimize", "maximize"],
) -> tuple[Study, int]:
    """Return the study of a storage, begun if it is new, and its seed.

    Parameters
    ----------
    storage : BaseStorage
    place : path or None
        Of the storage, for messages.
    identity : mapping of str to str
        What the search is over.
    seed : int or None
        None: that of the study, or a drawn one.
    start : dict
        Optuna's values of the first trial: the defaults.
    direction : {"minimize", "maximize"}

    Raises
    ------
    TuningError
        It is a study of another search.
    """
    drawn = int.from_bytes(os.urandom(6)) if seed is None else seed
    try:
        try:
            study = optuna.create_study(storage=storage, study_name=STUDY, direction=direction)
            is_new = True
        except DuplicatedStudyError:
            study, is_new = optuna.load_study(storage=storage, study_name=STUDY), False
        if not is_new and not _is_begun(study):
            is_new = True  # whoever created it was killed
    except TuningError:
        raise
    except Exception as problem:
        raise _unusable(str(place), problem) from problem
    if is_new:
        study.set_user_attr("seed", drawn)
        study.enqueue_trial(start, user_attrs={"defaults": True})
        study.set_user_attr("identity", dict(identity))
    known = study.user_attrs
    _check_same(known["identity"], identity, place)
    if seed is not None and known["seed"] != seed:
        raise TuningError(
            f"storage {str(place)!r} holds a search with the seed {known['seed']}, and random_state is {seed}: leave "
            "it out, or name another file"
        )
    study.sampler, study.pruner = Sampler(known["seed"]), pruner()
    return study, int(known["seed"])


def _is_begun(study: Study) -> bool:
    until = time.monotonic() + SECONDS_TO_BEGIN
    while "identity" not in study.user_attrs:
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _check_same(known: Mapping[str, str], here: Mapping[str, str], place: Any) -> None:
    differ = [name for name in here if known.get(name) != here[name]]
    if not differ:
        return
    if "rows" in differ:
        raise TuningError(f"storage {str(place)!r} holds a search over other rows: restore them, or name another file")
    name = differ[0]
    raise TuningError(
        f"storage {str(place)!r} holds another search: {name} was {known.get(name)}, and is {here[name]} now. Ask for "
        "the same again, or name another file"
    )


def identity_text(value: Any) -> str:
    """Return a value as a line that two processes agree on."""
    return json.dumps(with_text_keys(value), sort_keys=True, default=str)
