"""
Dirty columns
=============

skrub's tabular_pipeline around a network: what it does to dirty columns, beside the network's own encoder.
"""

import warnings

import numpy as np
import pandas as pd
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from skrub import TableVectorizer, tabular_pipeline

import lamina
from lamina.data import datasets

warnings.filterwarnings("ignore", "Found unknown categories")  # of rare spellings, in the rows that are scored
people = pd.read_parquet(datasets.path("adult")).sample(1500, random_state=0)
X, y = people.drop(columns=["income", "fnlwgt", "native_country"]), people["income"]
# Jobs as people write them: of the same meaning, and hardly two the same.
rng = np.random.default_rng(0)
forms = ("{}", "{} (full time)", "senior {}", "{}, retired", "asst. {}", "{} II")
X["job"] = [rng.choice(forms).format(str(job).lower()) + f" #{rng.integers(40)}" for job in X.pop("occupation")]

network = lamina.DeepClassifier(hidden_layer_sizes=(64,), max_iter=10, random_state=0)
models = {
    "the network alone": network,
    "TableVectorizer": make_pipeline(TableVectorizer(), network),
    "tabular_pipeline": tabular_pipeline(network),
}
for name, model in models.items():
    print(f"{name:18} accuracy {cross_val_score(model, X, y, cv=3).mean():.3f}")
print("With text of many spellings skrub's StringEncoder sees words; with clean columns the network needs no help.")
