"""Calls that type checkers must refuse, each in one line; test_constructors.py hands this file to them."""

from lamina import DeepClassifier, DeepRegressor

DeepClassifier(nonsense=1)
DeepClassifier(epochs=3)
DeepClassifier(max_iter="many")
DeepClassifier(max_iter=2.5)
DeepRegressor(class_weight="balanced")
DeepClassifier(activation="rleu")
DeepClassifier((3,), "relu", 7)
DeepClassifier("100")
DeepRegressor(scaling="robots")
DeepRegressor(shuffle="yes")
DeepRegressor(early_stopping=None)
DeepRegressor(random_state="0")
