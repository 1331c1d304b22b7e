"""
An interval instead of a number
===============================

The network learns several quantiles at once.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

districts = pd.read_parquet(datasets.path("california_housing")).sample(4000, random_state=0)
X, y = districts.drop(columns="median_house_value"), districts["median_house_value"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

loss = "quantile(quantiles=(0.1, 0.5, 0.9))"
model = lamina.DeepRegressor(loss=loss, max_iter=15, random_state=0).fit(X_train, y_train)

low, middle, high = model.predict_quantiles(X_test).T  # they never cross
inside = np.mean((low <= y_test) & (y_test <= high))
width, all_values = np.mean(high - low), np.ptp(np.quantile(y_train, [0.1, 0.9]))
print(f"{inside:.0%} of the values lie in their interval; 80 % is what was asked for")
print(f"mean width {width:.3f}; the interval for all values alike, without a model: {all_values:.3f}")
print(f"mean distance from the median {np.mean(np.abs(y_test - middle)):.3f}")

# %%
# A hundred districts, by what is predicted: the interval of each, and what it really was.

rows = np.argsort(middle[:100])
ax = pyplot.subplots(figsize=(9, 4), layout="constrained")[1]
ax.fill_between(range(100), low[rows], high[rows], alpha=0.3, label="80 % interval")
ax.plot(middle[rows], label="median")
ax.plot(y_test.to_numpy()[rows], "k.", label="true value")
ax.set(xlabel="district", ylabel="median house value")
ax.legend()
