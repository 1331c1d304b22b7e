"""
A data frame as it is
=====================

A data frame with missing values and text goes straight in.
"""

import pandas as pd
from sklearn.metrics import RocCurveDisplay, log_loss
from sklearn.model_selection import train_test_split

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).sample(3000, random_state=0)
X, y = people.drop(columns="income"), people["income"]
print(X[["age", "workclass", "occupation"]].head(3))
print(f"{X.isna().any(axis=1).mean():.0%} of the rows miss something")

X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = lamina.DeepClassifier(max_iter=10, random_state=0).fit(X_train, y_train)
print(f"accuracy {model.score(X_test, y_test):.3f}")
print(f"log loss {log_loss(y_test, model.predict_proba(X_test)):.3f}")
RocCurveDisplay.from_estimator(model, X_test, y_test, plot_chance_level=True)

model.save("income.lamina")  # a file that any program with lamina can use, and the command line
loaded = lamina.load("income.lamina")
assert (loaded.predict(X_test) == model.predict(X_test)).all()
