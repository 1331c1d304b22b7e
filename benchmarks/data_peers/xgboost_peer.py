"""XGBoost with its external-memory matrix: it asks for the blocks in turn, and keeps their bins on disk."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import xgboost

from . import Job
from .columns import blocks, labels_of
from .trees import ROUNDS, Codes, predicted


def versions() -> dict[str, str]:
    return {"xgboost": xgboost.__version__}


class Blocks(xgboost.DataIter):
    """The rows, block by block."""

    def __init__(self, job: Job, codes: Codes, folder: str) -> None:
        self.job, self.codes = job, codes
        self.reset()
        super().__init__(cache_prefix=f"{folder}/bins")

    def next(self, input_data: Callable[..., None]) -> bool:
        batch = next(self.left, None)
        if batch is None:
            return False
        input_data(data=self.codes.rows(batch), label=labels_of(self.job, batch), feature_types=kinds(self.codes))
        return True

    def reset(self) -> None:
        self.left = blocks(self.job)


def kinds(codes: Codes) -> list[str]:
    return ["q"] * len(codes.numbers) + ["c"] * len(codes.levels)


def run(job: Job, ended: Callable[[], None]) -> Callable[[Path], np.ndarray]:
    codes, _ = Codes.learned(job)
    settings: dict[str, Any] = {"objective": "binary:logistic", "nthread": job.threads, "seed": job.seed}
    with TemporaryDirectory() as folder:
        data = xgboost.ExtMemQuantileDMatrix(Blocks(job, codes, folder), nthread=job.threads, enable_categorical=True)
        model = xgboost.train(settings, data, ROUNDS)
    ended()

    def predict(X: np.ndarray) -> np.ndarray:
        rows = xgboost.DMatrix(X, feature_types=kinds(codes), enable_categorical=True, nthread=job.threads)
        return model.predict(rows)

    return partial(predicted, codes, predict)
