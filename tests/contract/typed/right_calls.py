"""Calls that type checkers must let pass; test_constructors.py hands this file to them, and nothing runs it."""

import numpy as np

import lamina
from lamina import BatchNorm, DeepClassifier, DeepRegressor, Dense, Residual
from lamina.equations.optimisers import Adam
from lamina.equations.regression_losses import Huber

DeepClassifier()
DeepClassifier((100,), "relu", max_iter=3, learning_rate_init=0.01, random_state=np.random.RandomState(0))
DeepClassifier(hidden_layer_sizes=[64, Residual([Dense(64, "silu")]), BatchNorm()], activation=["relu", "tanh"])
DeepClassifier(optimizer=Adam(beta1=0.8), schedule="cosine", class_weight={"yes": 2.0}, embed_above=None)
DeepRegressor(loss={"kind": "huber", "delta": 2.0}, clamp=True, categorical=["a", 3], early_stopping=True)
DeepRegressor(hidden_layer_sizes=64, alpha=1, verbose=True, max_time=10, loss=Huber(), scoring="r2")
sizes: tuple[int, ...] = (3, 4)
lamina.DeepClassifier(sizes, max_iter="auto").fit([[1.0]], [1]).predict([[2.0]])
most: float | None = DeepRegressor().max_time
