"""
What a layer sees
=================

Two spirals, and where a network takes them: in the inputs they wind around each other, and the layers pull them apart
until a straight line divides them. ``transform(X, layer=...)`` gives A of any layer.
"""

import numpy as np
from matplotlib import pyplot
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression

import lamina

rng = np.random.default_rng(0)
y = np.repeat([0, 1], 400)
turn = 3.5 * np.sqrt(rng.uniform(0.02, 1, 800)) * np.pi
X = np.stack([np.cos(turn + np.pi * y), np.sin(turn + np.pi * y)], axis=1) * turn[:, None] + rng.normal(
    0, 0.15, (800, 2)
)

settings = {"preset": "sklearn", "activation": "tanh", "learning_rate_init": 0.01, "max_iter": 500, "batch_size": 100}
model = lamina.DeepClassifier((32, 32, 32), **settings, random_state=0).fit(X, y)
print(f"the network has {model.score(X, y):.1%} of the rows right")

# %%
# Each layer has 32 units: what is drawn are its two principal components. How well a line divides the points is how
# well logistic regression does on all 32.

figure, axes = pyplot.subplots(1, 4, figsize=(12, 3.2), layout="constrained")
for layer, ax in enumerate(axes):
    A = model.transform(X, layer=layer)
    right = LogisticRegression(max_iter=2000).fit(A, y).score(A, y)
    ax.scatter(*PCA(2).fit_transform(A).T, c=y, cmap="coolwarm", s=6)
    ax.set(title=f"A{layer}: a line has {right:.0%}", xticks=[], yticks=[])
    print(f"A{layer}, {A.shape[1]} numbers a row: logistic regression has {right:.1%} right")
