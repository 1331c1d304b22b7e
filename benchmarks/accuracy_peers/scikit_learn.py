"""scikit-learn: the multi-layer perceptron on raw and on scaled columns, and histogram gradient boosting."""

import sklearn
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline

from .frames import Categories, dense


def version() -> str:
    return f"scikit-learn {sklearn.__version__}"


def estimator(task: str, seed: int, threads: int, kind: str) -> object:
    if kind == "boosting":
        model = HistGradientBoostingClassifier if task == "classification" else HistGradientBoostingRegressor
        return make_pipeline(Categories(), model(random_state=seed))
    model = MLPClassifier if task == "classification" else MLPRegressor
    return make_pipeline(dense(scaled=kind == "scaled"), model(random_state=seed))
