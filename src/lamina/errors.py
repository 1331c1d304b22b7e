"""Every error and warning of lamina.

    LaminaError
    ├── SettingError      (ValueError)    a setting is outside its range, or its value is not a known name
    ├── DataError         (ValueError)    rows, columns, targets or weights that cannot be used
    │   ├── ColumnError                   missing, extra, duplicate or mistyped columns; names the column
    │   │   └── ColumnTypeError (TypeError)   a column of objects other than numbers, text, booleans or dates
    │   └── FileError                     a table file that is missing, empty or malformed; names the line
    │       └── NoRowsError               a table file of columns without rows; knows their names
    ├── SealedFileError   (ValueError)    not a lamina file, or no file: the cause of the two below it
    │   └── DamagedFileError              a lamina file that is truncated or altered
    ├── ModelFileError    (ValueError)    a model file that is truncated, altered, too new, or not a model file
    ├── ExportError       (ValueError)    a model that another format cannot express, or whose file cannot be written
    ├── CheckpointError   (RuntimeError)  a checkpoint folder in use, of another run, damaged or not writable
    ├── ClusterError      (RuntimeError)  workers that left, do not answer, differ from one another, or never came
    ├── TuningError       (RuntimeError)  a search of which no trial finished, or a storage of another search
    ├── TrackingError     (RuntimeError)  a tracker, such as MLflow, that cannot begin
    ├── DivergenceError   (RuntimeError)  training diverged (non-finite numbers) before any epoch finished
    ├── EngineError       (RuntimeError)  the requested engine cannot run this network
    └── MissingExtraError (ImportError)   an optional library is missing; says what to install

    LaminaWarning (UserWarning)
    ├── CheckpointWarning                 a checkpoint is damaged; the one before it was used
    ├── DataWarning                       the data can be used, but perhaps not as intended
    ├── DiagnosisWarning                  training goes wrong beyond doubt; `diagnose` says more
    ├── DivergenceWarning                 training diverged (non-finite numbers); the best weights were kept
    ├── InterruptedWarning                a signal ended training early; the best weights so far were kept
    ├── TrackingWarning                   a tracker failed while training went on
    ├── EngineWarning                     the fast engine cannot run this network; names what is missing
    └── VersionWarning                    an estimator was pickled by another release; names both

A message says what was found, what was expected, and what to do.
"""

import difflib
from collections.abc import Iterable

# How alike a name must be to be the one that was meant: 2 * equal letters / all letters of both.
LIKE_ENOUGH, LIKE_WHATEVER_ITS_CASE = 0.6, 0.75


class LaminaError(Exception):
    """Base class of all lamina errors."""


class SettingError(LaminaError, ValueError):
    """A setting is outside its range, or its value is not a known name."""


class DataError(LaminaError, ValueError):
    """Rows, columns, targets or weights that cannot be used."""


class ColumnError(DataError):
    """Missing, extra, duplicate or mistyped columns."""


class ColumnTypeError(ColumnError, TypeError):
    """A column of objects other than numbers, text, booleans or dates."""


class FileError(DataError):
    """A table file that is missing, empty or malformed."""


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
    """Not a lamina file, or no file at all; the error raised from it says which file, and what to do."""


class DamagedFileError(SealedFileError):
    """A lamina file that is truncated, or was altered after it was written."""


class ModelFileError(LaminaError, ValueError):
    """A model file that is truncated, altered, newer than this version, or not a model file."""


class ExportError(LaminaError, ValueError):
    """A model that another format cannot express, or whose file cannot be written."""


class CheckpointError(LaminaError, RuntimeError):
    """A checkpoint folder that is in use, of another run, damaged or not writable."""


class ClusterError(LaminaError, RuntimeError):
    """Workers that left, do not answer in time, differ from one another, or never came."""


class TuningError(LaminaError, RuntimeError):
    """A search in which no trial finished, or a storage that is damaged, not writable or of another search."""


class TrackingError(LaminaError, RuntimeError):
    """A tracker, such as MLflow, cannot begin: nothing was trained."""


class DivergenceError(LaminaError, RuntimeError):
    """Training diverged (non-finite numbers) before any epoch finished."""


class EngineError(LaminaError, RuntimeError):
    """The requested engine cannot run this network."""


class MissingExtraError(LaminaError, ImportError):
    """An optional library is needed but not installed."""


class LaminaWarning(UserWarning):
    """Base class of all lamina warnings."""


class CheckpointWarning(LaminaWarning):
    """A checkpoint is damaged; the one before it was used."""


class DataWarning(LaminaWarning):
    """The data can be used, but perhaps not as intended."""


class DiagnosisWarning(LaminaWarning):
    """Training goes wrong beyond doubt; `diagnose` says more."""


class DivergenceWarning(LaminaWarning):
    """Training diverged (non-finite numbers); the best weights were kept."""


class InterruptedWarning(LaminaWarning):
    """Ctrl-C or a terminating signal ended training early; the best weights so far were kept."""


class TrackingWarning(LaminaWarning):
    """A tracker failed while training went on: it is told no more."""


class EngineWarning(LaminaWarning):
    """The fast engine cannot run this network."""


class VersionWarning(LaminaWarning):
    """An estimator was pickled by another release."""


def nearest(name: object, known: Iterable[object]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known name, whatever its case, or an empty string."""
    lower = {str(one).lower(): str(one) for one in reversed(list(known))}
    text = str(name)
    close = difflib.get_close_matches(text.lower(), lower, n=1, cutoff=LIKE_WHATEVER_ITS_CASE)
    same = difflib.get_close_matches(text, lower.values(), n=1, cutoff=LIKE_ENOUGH)
    found = [lower[one] for one in close] or same
    return f" Did you mean {found[0]!r}?" if found else ""
