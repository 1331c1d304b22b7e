"""
Do probabilities hold?
======================

Of the rows that a model gives 80 %, 80 % should be positive. A network that learns for long becomes too sure of itself.
The default recipe keeps the weights of the best epoch, and divides Z of the last layer by a temperature found on the
rows held out.
"""

import pandas as pd
from matplotlib import pyplot
from sklearn.calibration import CalibrationDisplay
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(12000, random_state=0)
X, y = people.drop(columns="income"), people["income"]
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=3000, random_state=0)

long = {"preset": "sklearn", "learning_rate_init": 3e-3, "max_iter": 60}
models = {"60 epochs, whatever comes of it": long, "the default": {}}
axes = pyplot.subplots(figsize=(5.5, 5), layout="constrained")[1]
for name, settings in models.items():
    model = lamina.DeepClassifier(**settings, random_state=0).fit(X_train, y_train)
    CalibrationDisplay.from_estimator(model, X_test, y_test, n_bins=10, strategy="quantile", name=name, ax=axes)
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name}: accuracy {model.score(X_test, y_test):.3f}, log loss {loss:.3f}")
