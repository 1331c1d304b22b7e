"""
Which columns matter
====================

Asked of the model in three ways: by shuffling, by moving one column, and by gradients.
"""

import pandas as pd
from matplotlib import pyplot
from sklearn.inspection import PartialDependenceDisplay, permutation_importance
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(3000, random_state=0)
X, y = people.drop(columns=["income", "fnlwgt"]), people["income"]
X = X.astype({"age": float, "hours_per_week": float})  # partial dependence refuses whole numbers
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = lamina.DeepClassifier(max_iter=10, random_state=0).fit(X_train, y_train)

# How much worse is the score when a column is shuffled?
found = permutation_importance(model, X_test, y_test, scoring="neg_log_loss", n_repeats=3, random_state=0)
worse = pd.Series(found.importances_mean, X.columns).sort_values()
print("log loss rises by", worse[::-1].head(5).round(4), sep="\n")
worse.plot.barh(xlabel="rise of the log loss when shuffled").figure.savefig("permutation.png", bbox_inches="tight")

# What does the model say when one column is set to a value for everybody? scikit-learn sorts the categories of a
# column, which fails where some are missing: in workclass and occupation.
display = PartialDependenceDisplay.from_estimator(
    model,
    X_test[:200],
    ["age", "hours_per_week", "relationship"],
    categorical_features=["relationship"],
    grid_resolution=12,
)
display.figure_.set_size_inches(10, 4)
display.figure_.savefig("dependence.png", bbox_inches="tight")

# Which columns move Z[L], to first order? No shuffling and no scores: one pass over the rows, and no answers needed.
explanation = lamina.explain(model, X_test)
print(explanation)
explanation.plot(pyplot.subplots(layout="constrained")[1]).figure.savefig("explanation.png")
