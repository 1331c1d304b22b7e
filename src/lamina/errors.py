"""Everything lamina raises or warns of.

    LaminaError
    ├── SettingError      (ValueError)    a setting is outside its range, or names nothing in its table
    ├── DataError         (ValueError)    rows, columns, targets or weights that cannot be used
    │   ├── ColumnError                   missing, extra, duplicate or mistyped columns; names the column
    │   │   └── ColumnTypeError (TypeError)   a column of objects that are no numbers, text, booleans or dates
    │   └── FileError                     a table file that is absent, empty or broken; names the line
    │       └── NoRowsError               a table file of columns without rows; knows their names
    ├── SealedFileError   (ValueError)    a file of lamina that is foreign or not there: the cause of the next two
    │   └── DamagedFileError              one that is cut off or altered
    ├── ModelFileError    (ValueError)    a model file that is truncated, altered, newer or foreign
    ├── CheckpointError   (RuntimeError)  a folder of checkpoints in use, of another run, damaged or not writable
    ├── DivergenceError   (RuntimeError)  training left the finite numbers before any epoch was good
    ├── EngineError       (RuntimeError)  the engine asked for cannot run this network
    └── MissingExtraError (ImportError)   an optional library is needed; says what to install

    LaminaWarning (UserWarning)
    ├── CheckpointWarning                 a damaged checkpoint; the one before it was taken
    ├── DataWarning                       rows that can be used, but perhaps not as meant
    ├── DivergenceWarning                 training left the finite numbers; the best weights were kept
    ├── InterruptedWarning                a signal ended training early; the best weights so far were kept
    └── EngineWarning                     the fast engine cannot run this network; names what is missing

A message says what was found, what was expected, and what to do.
"""

import difflib
from collections.abc import Iterable

LIKE_ENOUGH = 0.6  # of a name, for it to be the one that was meant: 2 * equal letters / all letters of both


class LaminaError(Exception):
    """Base of every error that lamina raises on purpose."""


class SettingError(LaminaError, ValueError):
    """A setting is outside its range, or names nothing in its table."""


class DataError(LaminaError, ValueError):
    """Rows, columns, targets or weights that cannot be used."""


class ColumnError(DataError):
    """Missing, extra, duplicate or mistyped columns."""


class ColumnTypeError(ColumnError, TypeError):
    """A column of objects that are no numbers, text, booleans or dates."""


class FileError(DataError):
    """A table file that is absent, empty or broken."""


class NoRowsError(FileError):
    """A table file of columns without rows.

    Attributes
    ----------
    names : tuple of str
    """

    def __init__(self, message: str, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.names = tuple(names)


class SealedFileError(LaminaError, ValueError):
    """A file of lamina that is foreign or not there; comes wrapped in what says which file, and what to do."""


class DamagedFileError(SealedFileError):
    """A file of lamina that is cut off, or was altered since it was written."""


class ModelFileError(LaminaError, ValueError):
    """A model file that is truncated, altered, newer than this version or foreign."""


class CheckpointError(LaminaError, RuntimeError):
    """A folder of checkpoints that is in use, of another run, damaged or not writable."""


class DivergenceError(LaminaError, RuntimeError):
    """Training left the finite numbers before any epoch was good."""


class EngineError(LaminaError, RuntimeError):
    """The engine asked for cannot run this network."""


class MissingExtraError(LaminaError, ImportError):
    """An optional library is needed and not installed."""


class LaminaWarning(UserWarning):
    """Base of every warning that lamina gives."""


class CheckpointWarning(LaminaWarning):
    """A checkpoint is damaged; the one before it was taken."""


class DataWarning(LaminaWarning):
    """Rows that can be used, but perhaps not as meant."""


class DivergenceWarning(LaminaWarning):
    """Training left the finite numbers; the best weights were kept."""


class InterruptedWarning(LaminaWarning):
    """Ctrl-C, or a signal that ends a process, ended training early; the best weights so far were kept."""


class EngineWarning(LaminaWarning):
    """The fast engine cannot run this network."""


def nearest(name: object, known: Iterable[object]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known name, or an empty string."""
    names = [str(one) for one in known]
    close = [one for one in names if one.casefold() == str(name).casefold()]
    close = close or difflib.get_close_matches(str(name), names, n=1, cutoff=LIKE_ENOUGH)
    return f" Did you mean {close[0]!r}?" if close else ""
