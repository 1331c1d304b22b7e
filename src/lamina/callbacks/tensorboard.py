"""TensorBoard: event files of every fit."""

import os
from pathlib import Path
from typing import Any

from lamina.callbacks.tracked import Tracked
from lamina.errors import SettingError
from lamina.tracking.tensorboard import EventFiles


class TensorBoard(Tracked):
    """Write what happens in a fit to a folder that TensorBoard shows.

    As Keras has it, training and validation rows are two runs, ``train`` and ``validation``, so that their curves lie
    in one picture. Besides them there are histograms of the weights, W1, b1, ..., the settings as text and in the tab
    of hyperparameters, and how the fit ended. Fits of a search have a folder each within that of the search, where the
    callback is set on both.

    Parameters
    ----------
    folder : path
        Created if it is new. A fit that goes on writes to the same one.
    histograms : int, default=1
        After every so many epochs; 0: none.
    scoring, X_val, y_val : optional
        Scores to write besides what the estimator records. As in `Log`.

    Raises
    ------
    lamina.errors.MissingExtraError
        tensorboardX is not installed, or scikit-learn is older than 1.9.
    lamina.errors.TrackingError
        From a fit, before it trains: the folder cannot be written to.

    Warns
    -----
    lamina.errors.TrackingWarning
        Something could not be written on the way. The fit goes on.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] = "runs",
        *,
        histograms: int = 1,
        scoring: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> None:
        if isinstance(histograms, bool) or not isinstance(histograms, int) or histograms < 0:
            raise SettingError(f"histograms={histograms!r}: expected a number of epochs, or 0 for none.")
        super().__init__(EventFiles(Path(folder).expanduser().absolute(), histograms), scoring, X_val, y_val)
