"""scikit-learn: `partial_fit` of the multi-layer perceptron, one call for every block of rows."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier

from . import Job
from .by_hand import Encoding, predicted
from .columns import blocks


def versions() -> dict[str, str]:
    return {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


def run(job: Job, ended: Callable[[], None]) -> Callable[[Path], np.ndarray]:
    encoding = Encoding.learned(job)
    model = MLPClassifier((job.hidden,), batch_size=job.batch, learning_rate_init=job.rate, random_state=job.seed)
    for _ in range(job.passes):
        for batch in blocks(job):
            model.partial_fit(encoding.rows(batch), encoding.labels(batch), classes=[0, 1])
        ended()
    return partial(predicted, encoding, lambda X: model.predict_proba(X)[:, 1])
