"""Try an installed wheel: a script that needs nothing but the wheel and what it declares."""

import numpy as np

from lamina import DeepClassifier, native

if native.REASON:
    raise SystemExit(f"the kernels do not run: {native.REASON}")
X = np.random.default_rng(0).normal(size=(400, 5))
y = X[:, 0] > 0
model = DeepClassifier(hidden_layer_sizes=(16,), max_iter=30, random_state=0, engine="kernels").fit(X, y)
score = model.score(X, y)
if score < 0.9:
    raise SystemExit(f"it does not learn: {score:.3f} right")
print(f"kernels by {native.threads()} threads, {score:.3f} right")
