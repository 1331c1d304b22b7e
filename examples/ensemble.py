"""
Eight networks in one
=====================

They share most of their weights, and predict together. Their mean is steadier than one of them. It costs time rather
than parameters, and wants epochs enough to learn.
"""

import numpy as np
import pandas as pd
from matplotlib import pyplot
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(4000, random_state=0)
X, y = people.drop(columns="income"), people["income"]

ax = pyplot.subplots(figsize=(6, 4), layout="constrained")[1]
for members in (1, 8):
    losses = []
    for seed in range(3):
        X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=1000, random_state=seed)
        model = lamina.DeepClassifier(n_members=members, hidden_layer_sizes=(64,), max_iter=20, random_state=seed)
        losses.append(log_loss(y_test, model.fit(X_train, y_train).predict_proba(X_test)))
    print(f"n_members={members}: log loss {np.mean(losses):.4f}, {model.summary().parameters:,} parameters")
    ax.plot(["a", "b", "c"], losses, "o-", label=f"{members} member{'s' if members > 1 else ''}")
ax.set(xlabel="split of the rows", ylabel="log loss on the rows left out", ylim=(0, None))
ax.legend()
