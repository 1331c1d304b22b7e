"""skrub's pipelines keep what a network needs of a table; fairlearn's reductions weigh rows."""

import numpy as np
import pandas as pd
import pytest
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, GridSearch
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from skrub import TableVectorizer, tabular_pipeline

from lamina import DeepClassifier, DeepRegressor

QUICK = {"hidden_layer_sizes": (16,), "n_members": 1, "max_iter": 15, "random_state": 0}
rng = np.random.default_rng(0)
N = 300
FRAME = pd.DataFrame(
    {
        "town": rng.choice(["Lima", "Oslo", "Rome"], N),
        "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, N), unit="D"),
        "size": np.where(rng.random(N) < 0.1, np.nan, rng.normal(50, 10, N)),
    }
)
Y = (FRAME["town"] == "Lima") * 20 + FRAME["size"].fillna(50)


@pytest.mark.parametrize("make", [tabular_pipeline, lambda model: make_pipeline(TableVectorizer(), model)])
def test_a_pipeline_of_skrub(make):
    model = make(DeepRegressor(**QUICK)).fit(FRAME, Y)
    assert model.score(FRAME, Y) > 0.8
    assert model[:-1].transform(FRAME).shape[1] == model[-1].n_features_in_


def test_thresholds_for_two_groups():
    y, group = (Y > 60).astype(int), FRAME["town"] == "Lima"
    model = DeepClassifier(**QUICK).fit(FRAME, y)
    fair = ThresholdOptimizer(
        estimator=model, constraints="demographic_parity", prefit=True, predict_method="predict_proba"
    )
    fair.fit(FRAME, y, sensitive_features=group)
    rates = [fair.predict(FRAME, sensitive_features=group, random_state=0)[group == side].mean() for side in (0, 1)]
    plain = [model.predict(FRAME)[group == side].mean() for side in (0, 1)]
    assert abs(rates[1] - rates[0]) < 0.5 * abs(plain[1] - plain[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of pandas, for what fairlearn does
def test_reductions_weigh_the_rows():
    y, group = (Y > 60).astype(int), FRAME["town"] == "Lima"
    search = GridSearch(DeepClassifier(**QUICK), DemographicParity(), grid_size=3).fit(
        FRAME, y, sensitive_features=group
    )
    apart = [abs(np.diff([p.predict(FRAME)[group == side].mean() for side in (0, 1)])[0]) for p in search.predictors_]
    plain = clone(DeepClassifier(**QUICK)).fit(FRAME, y).predict(FRAME)
    assert min(apart) < abs(plain[group == 1].mean() - plain[group == 0].mean())
