"""
What depth does to a boundary
=============================

Two moons, and networks of no to three hidden layers of eight units. Without one the boundary is a line; the first bends
it, and further ones bend it more than the moons need.
"""

from matplotlib import pyplot
from sklearn.datasets import make_moons
from sklearn.inspection import DecisionBoundaryDisplay

import lamina

X, y = make_moons(300, noise=0.2, random_state=0)
X_new, y_new = make_moons(2000, noise=0.2, random_state=1)

figure, axes = pyplot.subplots(1, 4, figsize=(12, 3.2), layout="constrained", sharex=True, sharey=True)
for depth, ax in enumerate(axes):
    settings = {"preset": "sklearn", "learning_rate_init": 0.01, "activation": "tanh", "max_iter": 300}
    model = lamina.DeepClassifier((8,) * depth, **settings, random_state=0).fit(X, y)
    DecisionBoundaryDisplay.from_estimator(model, X, response_method="predict_proba", cmap="RdBu", alpha=0.7, ax=ax)
    ax.scatter(*X.T, c=y, cmap="RdBu", s=8, edgecolor="k", linewidth=0.3)
    right = model.score(X_new, y_new)
    ax.set(title=f"{depth} hidden: {right:.1%} of new rows", xticks=[], yticks=[])
    print(f"{depth} hidden layers, {model.summary().parameters} parameters: {right:.1%} of new rows right")
