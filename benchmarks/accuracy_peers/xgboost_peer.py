"""XGBoost, with its own treatment of categories and missing values. It wants classes as numbers from 0."""

import numpy as np
import pandas as pd
import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder

from .frames import Categories


def version() -> str:
    return f"xgboost {xgboost.__version__}"


class NumberedClasses:
    """A pipeline that ends in XGBClassifier, with any labels."""

    def __init__(self, model: object) -> None:
        self.model, self.labels = model, LabelEncoder()

    def fit(self, X: pd.DataFrame, y: pd.Series) -> "NumberedClasses":
        self.model.fit(X, self.labels.fit_transform(y))
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return self.model.predict_proba(X)

    @property
    def classes_(self) -> np.ndarray:
        return self.labels.classes_


def estimator(task: str, seed: int, threads: int) -> object:
    settings = {"random_state": seed, "n_jobs": threads, "enable_categorical": True}
    if task == "classification":
        return NumberedClasses(make_pipeline(Categories(), xgboost.XGBClassifier(**settings)))
    return make_pipeline(Categories(), xgboost.XGBRegressor(**settings))
