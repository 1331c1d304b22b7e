"""What all the callbacks do with scikit-learn's tasks: the methods that they need not have, and where a task stands."""

import os
import pathlib
from importlib.metadata import version
from typing import Any

from lamina.errors import MissingExtraError, SettingError

TaskPath = tuple[Any, ...]  # the run, then the number of each task from the outermost to this one


class Callback:
    """The hooks of scikit-learn's protocol that do nothing.

    Raises
    ------
    lamina.errors.MissingExtraError
        scikit-learn is older than its callbacks.
    """

    def __init__(self) -> None:
        try:
            import sklearn.callback  # noqa: F401
        except ImportError:
            raise MissingExtraError(
                f"{type(self).__name__} needs the callbacks of scikit-learn 1.9, found scikit-learn "
                f"{version('scikit-learn')}: pip install 'scikit-learn>=1.9'"
            ) from None

    def setup(self, estimator: Any, context: Any) -> None:
        """Begin a fit: scikit-learn calls it."""

    def teardown(self, estimator: Any, context: Any) -> None:
        """End a fit, also one that failed: scikit-learn calls it."""

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        """Begin a task: scikit-learn calls it."""


def path_of(context: Any) -> TaskPath:
    """Return where a task stands; no other task of the program stands there."""
    if context.parent is None:
        return (context.root_uuid, context.task_id)
    return (*path_of(context.parent), context.task_id)


def is_whole_fit(context: Any) -> bool:
    """Return whether the task is the fit of an estimator, alone or within that of another, and no iteration of it."""
    return context.parent is None or context.source_task_name is not None


def fit_of(context: Any) -> Any:
    """Return the task of the estimator's whole fit that this one belongs to."""
    return context if is_whole_fit(context) else fit_of(context.parent)


def writable(path: str | os.PathLike[str]) -> pathlib.Path:
    """Return a path that a file can have; relative ones from here, wherever the fit may run.

    Raises
    ------
    SettingError
        Its folder does not exist, or it is a folder itself.
    """
    found = pathlib.Path(path).absolute()
    if found.is_dir():
        raise SettingError(f"path={os.fspath(path)!r}: this is a folder; expected a file name.")
    if not found.parent.is_dir():
        raise SettingError(f"path={os.fspath(path)!r}: no folder {os.fspath(found.parent)!r}. Create it first.")
    return found
