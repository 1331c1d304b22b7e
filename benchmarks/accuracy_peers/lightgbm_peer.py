"""LightGBM, with its own treatment of categories and missing values."""

import lightgbm
from sklearn.pipeline import make_pipeline

from .frames import Categories


def version() -> str:
    return f"lightgbm {lightgbm.__version__}"


def estimator(task: str, seed: int, threads: int) -> object:
    model = lightgbm.LGBMClassifier if task == "classification" else lightgbm.LGBMRegressor
    return make_pipeline(Categories(), model(random_state=seed, n_jobs=threads, verbose=-1))
