"""`lamina.lab`: the same page in a notebook and in a browser."""

import sys
from typing import Any

from lamina.errors import MissingExtraError
from lamina.laboratory.bench import Bench
from lamina.laboratory.notebook.variables import variables
from lamina.laboratory.snapshot import restore

NEEDS = "In a notebook the lab is a widget: pip install 'lamina[notebook]', then restart the kernel."


def lab(
    model: Any = None,
    X: Any = None,
    y: Any = None,
    *,
    params: Any = None,
    browser: bool | None = None,
    port: int = 0,
    height: int = 780,
) -> Any:
    """Open the lab on your own variables: every number of your network, forward and backward.

    In a notebook it is a widget below the cell; elsewhere a page in the browser.

    Parameters
    ----------
    model : DeepClassifier, DeepRegressor, Model, Network or str, optional
        A fitted model is looked at as it is, and trains on from there; an estimator that is not fitted starts from its
        settings. A text is the name of built-in rows ("moons") or a file, as `lamina lab` takes it. Without a model
        and rows, it is the lecture's network.
    X : rows, optional
        As `fit` takes them; for a Network encoded rows, shape (m, n_inputs). A fitted model without rows gets some that
        are made up from what it knows of its columns, and the page says so.
    y : targets, optional
        As `fit` takes them; for a Network encoded targets, shape (m, targets). Without them, those of a fitted model's
        own answers.
    params : array, shape (network.size,), optional
        Of a Network: the parameters to begin with.
    browser : bool, optional
        Whether to open a page in the browser; by default where this is no notebook.
    port : int
        Of the page in the browser; 0 takes a free one.
    height : int
        Of the widget, in pixels.

    Returns
    -------
    LabWidget or Lab
        A widget, or a handle with `url` and `close()`. The model itself does not change; what was learned in the lab is
        `lab.bench.model_at(lab.bench.head)`.

    Raises
    ------
    lamina.errors.SettingError, lamina.errors.DataError
        What was found, what was expected, what to do.
    lamina.errors.MissingExtraError
        The extra `notebook` (or `lab`, for the browser) is not installed.
    """
    notebook = in_notebook() if browser is None else not browser
    kind = _widget() if notebook else None
    opened = variables(model, X, y, params)
    bench = Bench(opened.rows, opened.settings, before=opened.before)
    if opened.state is not None:
        restore(bench, opened.state)
    if kind is not None:
        return kind(bench, height)
    from lamina.laboratory.notebook.served import Lab

    return Lab(bench, port)


def _widget() -> Any:
    try:
        from lamina.laboratory.notebook.widget import LabWidget
    except ImportError:
        raise MissingExtraError(NEEDS) from None
    return LabWidget


def in_notebook() -> bool:
    """Return whether there is a notebook around this: a kernel that shows widgets."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return hasattr(running, "kernel") or ("marimo" in sys.modules and _in_marimo())


def _in_marimo() -> bool:
    running = getattr(sys.modules["marimo"], "running_in_notebook", None)
    return bool(running and running())
