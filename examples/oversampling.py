"""
A rare class
============

A rare class: rows of it made up by SMOTE in a pipeline, beside weights of the classes, which need no rows.
"""

import pandas as pd
from imblearn.over_sampling import SMOTENC
from imblearn.pipeline import make_pipeline
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_validate

import lamina
from lamina.data import datasets

people = pd.read_parquet(datasets.path("adult")).dropna()
rich, others = people[people["income"] == ">50K"], people[people["income"] != ">50K"]
people = pd.concat([rich.sample(150, random_state=0), others.sample(2850, random_state=0)])  # 5 % of the rare class
X, y = people.drop(columns=["income", "fnlwgt"]), people["income"] == ">50K"
text = X.select_dtypes(exclude="number").columns.tolist()
X = X.astype(dict.fromkeys(text, object))

settings = {"hidden_layer_sizes": (64,), "max_iter": 10, "random_state": 0}
models = {
    "no model": DummyClassifier(),
    "as it is": lamina.DeepClassifier(**settings),
    "class_weight": lamina.DeepClassifier(**settings, class_weight="balanced"),
    "SMOTE": make_pipeline(SMOTENC(text, random_state=0), lamina.DeepClassifier(**settings)),
}
for name, model in models.items():
    found = cross_validate(model, X, y, cv=3, scoring=["balanced_accuracy", "average_precision", "neg_log_loss"])
    print(
        f"{name:12}  balanced accuracy {found['test_balanced_accuracy'].mean():.3f}  "
        f"average precision {found['test_average_precision'].mean():.3f}  "
        f"log loss {-found['test_neg_log_loss'].mean():.3f}"
    )
print("Both find more of the rare class at 0.5; their probabilities are those of a world where it is not rare.")
