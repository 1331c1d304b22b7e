"""
How a network learned
=====================

Cost and accuracy of every epoch, on the rows it learned from and on rows held out: it goes on learning the first by
heart when it has long ceased to become better on the second. The weights of the best epoch are kept.
"""

import pandas as pd
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(3000, random_state=0)
X, y = people.drop(columns="income"), people["income"]
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)

# %%
# A plain network is told to go on for 60 epochs, whatever comes of it:

settings = {"preset": "sklearn", "learning_rate_init": 3e-3, "early_stopping": True, "n_iter_no_change": 60}
model = lamina.DeepClassifier(**settings, max_iter=60, random_state=0).fit(X_train, y_train)
model.plot_history()

# %%
# What the last epoch would have cost, and what the best one does:

last, best = model.history_[-1]["validation_cost"], model.history_[model.best_epoch_ - 1]["validation_cost"]
print(f"epoch {model.best_epoch_} was the best: cost {best:.3f} on rows held out, {last:.3f} at the end")
print(f"log loss on new rows {log_loss(y_test, model.predict_proba(X_test)):.3f}")

# %%
# The default recipe stops by itself, and ends with probabilities that fit:

default = lamina.DeepClassifier(random_state=0).fit(X_train, y_train)
print(f"the default: {default.n_iter_} epochs, log loss {log_loss(y_test, default.predict_proba(X_test)):.3f}")
