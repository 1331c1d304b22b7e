"""
Which learning rate
===================

A short training at each of a range of rates: too small a rate learns nothing in it, too large a one diverges. What is
suggested is the lowest rate that is about as good as the best.
"""

import pandas as pd
from sklearn.model_selection import cross_val_score

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(2000, random_state=0)
X, y = people.drop(columns="income"), people["income"]

model = lamina.DeepClassifier(preset="sklearn", max_iter=15, random_state=0)
found = model.find_learning_rate(X, y)
print(found)
found.plot()

# %%
# A whole training, with the suggested rate and with others:

for rate in (found.suggestion / 100, found.suggestion, found.suggestion * 100):
    losses = -cross_val_score(model.set_params(learning_rate_init=rate), X, y, cv=3, scoring="neg_log_loss")
    print(f"learning_rate_init={rate:<8.2g} log loss {losses.mean():.3f}")
