"""
Equal rates of approval
=======================

Equal rates of approval for two groups: by thresholds after training, and by weights while training (fairlearn).
"""

import warnings

import pandas as pd
from fairlearn.metrics import MetricFrame, demographic_parity_difference, selection_rate
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import DemographicParity, ExponentiatedGradient
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(3000, random_state=0)
X, y, sex = people.drop(columns=["income", "sex"]), (people["income"] == ">50K").astype(int), people["sex"]
X, X_test, y, y_test, sex, sex_test = train_test_split(X, y, sex, random_state=0)


def report(name, predicted):
    rates = MetricFrame(metrics=selection_rate, y_true=y_test, y_pred=predicted, sensitive_features=sex_test).by_group
    apart = demographic_parity_difference(y_test, predicted, sensitive_features=sex_test)
    said = ", ".join(f"{rate:.2f} of {group}" for group, rate in rates.items())
    print(f"{name:22} accuracy {accuracy_score(y_test, predicted):.3f}  approved {said}: {apart:.2f} apart")


network = lamina.DeepClassifier(hidden_layer_sizes=(32,), n_members=1, max_iter=8, random_state=0)
plain = network.fit(X, y)
report("as it is", plain.predict(X_test))

after = ThresholdOptimizer(
    estimator=plain, constraints="demographic_parity", prefit=True, predict_method="predict_proba"
)
after.fit(X, y, sensitive_features=sex)
report("ThresholdOptimizer", after.predict(X_test, sensitive_features=sex_test, random_state=0))

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of pandas, for what fairlearn does
    during = ExponentiatedGradient(network, DemographicParity(), max_iter=5)  # fits with sample_weight, again and again
    during.fit(X, y, sensitive_features=sex)
report("ExponentiatedGradient", during.predict(X_test, random_state=0))
