"""imbalanced-learn's own checks of estimators, and its ensembles."""

import numpy as np
import pytest
from imblearn.ensemble import BalancedBaggingClassifier, EasyEnsembleClassifier
from imblearn.over_sampling import RandomOverSampler
from imblearn.pipeline import make_pipeline
from imblearn.utils.estimator_checks import estimator_checks_generator
from sklearn.model_selection import GridSearchCV

from lamina import DeepClassifier

QUICK = {"preset": "sklearn", "hidden_layer_sizes": (8,), "max_iter": 8, "learning_rate_init": 0.1, "random_state": 0}
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 3))
RARE = X[:, 0] > 1.2


CHECKS = [
    (estimator, check)
    for estimator, check in estimator_checks_generator(DeepClassifier(**QUICK))
    if "multilabel" not in str(check)  # asks that several labels are refused: these are learned
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_check(estimator, check):
    check(estimator)


@pytest.mark.parametrize("kind", [BalancedBaggingClassifier, EasyEnsembleClassifier])
def test_ensembles(kind):
    model = kind(n_estimators=2, estimator=DeepClassifier(**QUICK), random_state=0).fit(X, RARE)
    assert model.predict(X)[RARE].mean() > 0.8


def test_a_search_over_a_sampler_and_a_network():
    pipeline = make_pipeline(RandomOverSampler(random_state=0), DeepClassifier(**QUICK))
    grid = {"randomoversampler__sampling_strategy": [0.5, 1.0], "deepclassifier__alpha": [0.0, 0.1]}
    search = GridSearchCV(pipeline, grid, cv=2, scoring="balanced_accuracy", error_score="raise").fit(X, RARE)
    assert search.best_score_ > 0.8
