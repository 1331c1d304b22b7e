"""lamina, given the frame as it is."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import lamina
from lamina.estimators import DeepClassifier, DeepRegressor

TAKES_DATES = True


def version() -> str:
    """Return the release and a hash of the sources: a result is measured again when a line of them changes."""
    package = Path(lamina.__file__).parent
    sources = sorted(file for end in ("py", "cpp", "hpp") for file in package.rglob(f"*.{end}"))
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in sources)).hexdigest()
    return f"lamina {lamina.__version__} {digest[:8]}"


def estimator(task: str, seed: int, threads: int, **settings: Any) -> object:
    model = DeepClassifier if task == "classification" else DeepRegressor
    return model(random_state=seed, **settings)


def fit_with(model: Any, X: pd.DataFrame, y: pd.Series, held: np.ndarray, groups: np.ndarray | None) -> None:
    if model.n_bags > 1:  # each is validated on rows of its own: whole groups, but of no one time
        model.fit(X, y, **({} if groups is None else {"groups": groups}))
    else:
        model.fit(X[~held], y[~held], X_val=X[held], y_val=y[held])
