"""RealMLP of pytabkit, the variants TD and TD-S. It refuses missing numbers: they are given the median."""

import logging
from importlib.metadata import version as release

import numpy as np
import pandas as pd
import pytabkit
import pytorch_lightning  # noqa: F401  (pytabkit imports it in fit: not to be counted)
from sklearn.pipeline import Pipeline, make_pipeline

from .frames import Words


def version() -> str:
    return f"pytabkit {release('pytabkit')}, torch {release('torch')}"


def estimator(task: str, seed: int, threads: int, variant: str) -> object:
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    kind = "Classifier" if task == "classification" else "Regressor"
    model = getattr(pytabkit, f"RealMLP_{variant}_{kind}")
    return make_pipeline(Words(fill_numbers=True), model(device="cpu", random_state=seed, n_threads=threads))


def fit_with(model: Pipeline, X: pd.DataFrame, y: pd.Series, held: np.ndarray, groups: np.ndarray | None) -> None:
    words, network = model[0].fit(X[~held]), model[-1]
    network.fit(words.transform(X[~held]), y[~held], X_val=words.transform(X[held]), y_val=y[held])
