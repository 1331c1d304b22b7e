"""
What made one prediction
========================

What made one prediction: lamina.contributions by gradients, beside shap's values, which come from predictions.
"""

import time

import numpy as np
import pandas as pd
import shap
from matplotlib import pyplot

import lamina
from lamina.data import datasets

districts = pd.read_parquet(datasets.path("california_housing")).sample(1500, random_state=0).astype(float)
X, y = districts.drop(columns="median_house_value"), districts["median_house_value"]
model = lamina.DeepRegressor(hidden_layer_sizes=(64,), max_iter=15, random_state=0).fit(X, y)
rows, background = X[:4], X[100:150]

start = time.perf_counter()
ours = lamina.contributions(model, rows, background)
print(f"by gradients, {time.perf_counter() - start:.1f} s: they add up to {np.abs(ours.gap).max():.2g}")
print(lamina.contributions(model, rows[:1], background))

start = time.perf_counter()
explainer = shap.KernelExplainer(lambda A: model.predict(pd.DataFrame(A, columns=X.columns)), background)
theirs = explainer.shap_values(rows, silent=True)
print(f"by shap's KernelExplainer, {time.perf_counter() - start:.1f} s")
correlation = np.corrcoef(ours.values.ravel(), theirs.ravel())[0, 1]
print(
    f"the two share cost along ways and over orders of columns, and say nearly the same: correlation {correlation:.3f}"
)

# The same in shap's pictures.
explanation = shap.Explanation(ours.values, ours.base, rows.to_numpy(), feature_names=list(ours.columns))
shap.plots.waterfall(explanation[0], show=False)
pyplot.savefig("waterfall.png", bbox_inches="tight")
