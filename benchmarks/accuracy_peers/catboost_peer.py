"""CatBoost, with its own treatment of categories and of missing numbers; a missing text is the word "missing"."""

import catboost
import numpy as np
import pandas as pd

from .frames import Words


def version() -> str:
    return f"catboost {catboost.__version__}"


class OnWords:
    """CatBoost on a frame; it has to be told which columns are text."""

    def __init__(self, model: catboost.CatBoost) -> None:
        self.model, self.words = model, Words()

    def fit(self, X: pd.DataFrame, y: pd.Series) -> "OnWords":
        at = [X.columns.get_loc(name) for name in self.words.fit(X).texts_]
        self.model.fit(self.words.transform(X), y, cat_features=at)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.model.predict_proba(self.words.transform(X))

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.model.predict(self.words.transform(X))

    @property
    def classes_(self) -> np.ndarray:
        return self.model.classes_


def estimator(task: str, seed: int, threads: int) -> object:
    model = catboost.CatBoostClassifier if task == "classification" else catboost.CatBoostRegressor
    return OnWords(model(random_seed=seed, thread_count=threads, verbose=False, allow_writing_files=False))
