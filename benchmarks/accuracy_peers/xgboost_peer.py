"""XGBoost, with its own treatment of categories and missing values. It wants classes as numbers from 0."""

import xgboost
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder

from .frames import Categories


def version() -> str:
    return f"xgboost {xgboost.__version__}"


class NumberedClasses(xgboost.XGBClassifier):
    """XGBClassifier with any labels."""

    def fit(self, X: object, y: object) -> "NumberedClasses":
        self.labels = LabelEncoder().fit(y)
        return super().fit(X, self.labels.transform(y))

    @property
    def classes_(self) -> object:
        return self.labels.classes_


def estimator(task: str, seed: int, threads: int) -> object:
    model = NumberedClasses if task == "classification" else xgboost.XGBRegressor
    return make_pipeline(Categories(), model(random_state=seed, n_jobs=threads, enable_categorical=True))
