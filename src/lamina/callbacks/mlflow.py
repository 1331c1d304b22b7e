"""MLflow: a run for every fit."""

from collections.abc import Mapping
from typing import Any

from lamina.callbacks.tracked import Tracked
from lamina.tracking.mlflow_runs import MLflowRuns


class MLflow(Tracked):
    """Log every fit as a run of MLflow: its settings, its numbers after every epoch, how it ended, and its model.

    Where the run goes, MLflow decides: `mlflow.set_tracking_uri`, `mlflow.set_experiment`, MLFLOW_TRACKING_URI. A fit
    within an active run is logged into that run, which whoever began it ends; any other begins one and ends it:
    FINISHED, FAILED after an error, KILLED after Ctrl-C or a signal. Set on a search and on its estimator, the fits of
    the search are runs within that of the search, also in other processes.

    The model is the artifact ``model.lamina`` (of other estimators ``model.joblib``, a pickle).

    Parameters
    ----------
    experiment : str, optional
        Created if it is new.
    run_name : str, optional
        The name of the class by default.
    tags : mapping, optional
    model : bool, default=True
        Whether the model is an artifact of the run. Of a search it is the best one; its parts have none.
    scoring, X_val, y_val : optional
        Scores to log besides what the estimator records. As in `Log`.

    Raises
    ------
    lamina.errors.MissingExtraError
        MLflow is not installed, or scikit-learn is older than 1.9.
    lamina.errors.TrackingError
        From a fit, before it trains: MLflow cannot begin a run.

    Warns
    -----
    lamina.errors.TrackingWarning
        Something could not be logged on the way. The fit goes on, and its run stays as it is.
    """

    def __init__(
        self,
        experiment: str | None = None,
        *,
        run_name: str | None = None,
        tags: Mapping[str, Any] | None = None,
        model: bool = True,
        scoring: Any = None,
        X_val: Any = None,
        y_val: Any = None,
    ) -> None:
        tracker = MLflowRuns(experiment=experiment, run_name=run_name, tags=dict(tags or {}))
        super().__init__(tracker, scoring, X_val, y_val, keeps_model=model)
