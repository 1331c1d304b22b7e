"""TabM (Gorishniy, Kotelnikov, Babenko 2025): the network of the package `tabm`, trained as the example beside it does.

Numbers go through quantiles to a normal and into piecewise-linear embeddings of 48 bins; 32 members of two blocks of
512; AdamW at 0.002 with decay 0.0003, 256 rows a step, gradients clipped at 1; a fifth of the training rows for
validation by accuracy or RMSE, and an end after 16 epochs without a better one. The package holds the network alone.
"""

from copy import deepcopy
from importlib.metadata import version as release
from math import inf
from typing import Any

import numpy as np
import pandas as pd
import rtdl_num_embeddings
import tabm
import torch
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import LabelEncoder, OrdinalEncoder, QuantileTransformer
from torch.nn import functional

from .frames import NUMBERS, TEXTS

BATCH, LOOK_BATCH = 256, 8192
PATIENCE = 16
HELD_OUT = 0.2
BINS = 48
NOISE = 1e-5  # on the training rows of the quantiles, as in the example: many equal numbers
Tensors = tuple[torch.Tensor | None, torch.Tensor | None]


def version() -> str:
    return f"tabm {release('tabm')}, torch {release('torch')}"


def estimator(task: str, seed: int, threads: int) -> object:
    torch.set_num_threads(threads)
    return Classifier(seed) if task == "classification" else Regressor(seed)


def fit_with(model: "Network", X: pd.DataFrame, y: pd.Series, held: np.ndarray, groups: np.ndarray | None) -> None:
    order = np.argsort(held, kind="stable")
    model.fit(X.iloc[order].reset_index(drop=True), y.iloc[order].reset_index(drop=True), held[order])


class Columns:
    """The frame as two arrays: numbers, and whole numbers for texts, of which 0 is one that training lacked."""

    def __init__(self, X: pd.DataFrame) -> None:
        self.numbers = [name for name in NUMBERS(X) if X[name].nunique() > 1]
        self.varying = np.zeros(0, bool)
        self.texts = TEXTS(X)
        self.sizes: list[int] = []
        if self.numbers:
            quantiles = QuantileTransformer(
                n_quantiles=max(min(len(X) // 30, 1000), 10), output_distribution="normal", subsample=10**9
            )
            self.scaled = make_pipeline(SimpleImputer(strategy="median"), quantiles)
            filled = X[self.numbers].fillna(X[self.numbers].median())
            self.scaled.fit(filled + np.random.default_rng(0).normal(0, NOISE, filled.shape))
            self.varying = np.ptp(np.float32(self.scaled.transform(X[self.numbers])), axis=0) > 0
        if self.texts:
            self.places = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2)
            self.places.fit(X[self.texts])
            self.sizes = [len(known) + 2 for known in self.places.categories_]

    def tensors(self, X: pd.DataFrame) -> Tensors:
        numbers = self.scaled.transform(X[self.numbers])[:, self.varying] if self.varying.any() else None
        places = self.places.transform(X[self.texts]) + 2 if self.texts else None
        return (
            None if numbers is None else torch.as_tensor(numbers, dtype=torch.float32),
            None if places is None else torch.as_tensor(places, dtype=torch.long),
        )


class Network:
    """A TabM that learns from tensors; what a target is, the two below know."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def learn(self, X: pd.DataFrame, y: np.ndarray, outputs: int, held: np.ndarray) -> None:
        torch.manual_seed(self.seed)
        learned, held = np.flatnonzero(~held), np.flatnonzero(held)
        self.columns = Columns(X.iloc[learned])
        inputs = self.columns.tensors(X.iloc[learned])
        self.model = tabm.TabM.make(
            n_num_features=int(self.columns.varying.sum()),
            cat_cardinalities=self.columns.sizes,
            d_out=outputs,
            num_embeddings=_embeddings(inputs[0]),
        )
        targets = torch.as_tensor(y[learned])
        optimizer = torch.optim.AdamW(self.model.parameters(), lr=2e-3, weight_decay=3e-4)
        held_frame, held_y = X.iloc[held], y[held]
        best, kept, left = -inf, self.model.state_dict(), PATIENCE
        while left >= 0:
            self.epoch(inputs, targets, optimizer)
            score = self.score(self.outputs(held_frame), held_y)
            left = PATIENCE if score > best else left - 1
            if score > best:
                best, kept = score, deepcopy(self.model.state_dict())
        self.model.load_state_dict(kept)

    def by_chance(self, count: int, of_class: np.ndarray | None = None) -> np.ndarray:
        """Return which rows are for validation: a fifth, of every class if each has two rows."""
        even = of_class if of_class is not None and np.bincount(of_class).min() > 1 else None
        _, held = train_test_split(np.arange(count), test_size=HELD_OUT, random_state=self.seed, stratify=even)
        return np.isin(np.arange(count), held)

    def epoch(self, inputs: Tensors, targets: torch.Tensor, optimizer: torch.optim.Optimizer) -> None:
        self.model.train()
        for at in torch.randperm(len(targets)).split(BATCH):
            optimizer.zero_grad()
            said = self.model(*(None if part is None else part[at] for part in inputs))  # (rows, members, outputs)
            loss = self.loss(said.flatten(0, 1), targets[at].repeat_interleave(self.model.k))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            optimizer.step()

    @torch.inference_mode()
    def outputs(self, X: pd.DataFrame) -> torch.Tensor:
        """Return what every member says, shape (m, members, outputs)."""
        self.model.eval()
        inputs = self.columns.tensors(X)
        rows = torch.arange(len(X)).split(LOOK_BATCH)
        return torch.cat([self.model(*(None if part is None else part[at] for part in inputs)) for at in rows])

    def loss(self, said: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def score(self, said: torch.Tensor, truth: np.ndarray) -> float:
        raise NotImplementedError


class Classifier(Network):
    """Classes; the probabilities of the members are averaged."""

    def fit(self, X: pd.DataFrame, y: pd.Series, held: np.ndarray | None = None) -> "Classifier":
        labels = LabelEncoder()
        numbered = labels.fit_transform(y)
        self.classes_ = labels.classes_
        self.learn(X, numbered, len(self.classes_), self.by_chance(len(X), numbered) if held is None else held)
        return self

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        return functional.softmax(self.outputs(X), dim=-1).mean(1).numpy()

    def loss(self, said: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(said, truth)

    def score(self, said: torch.Tensor, truth: np.ndarray) -> float:
        return float((functional.softmax(said, dim=-1).mean(1).argmax(1).numpy() == truth).mean())


class Regressor(Network):
    """Numbers, standardised; those of the members are averaged."""

    def fit(self, X: pd.DataFrame, y: pd.Series, held: np.ndarray | None = None) -> "Regressor":
        numbers = np.asarray(y, np.float64)
        self.mean, self.deviation = numbers.mean(), numbers.std()
        targets = ((numbers - self.mean) / self.deviation).astype(np.float32)
        self.learn(X, targets, 1, self.by_chance(len(X)) if held is None else held)
        return self

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        return self.outputs(X).mean(1)[:, 0].numpy() * self.deviation + self.mean

    def loss(self, said: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
        return functional.mse_loss(said[:, 0], truth)

    def score(self, said: torch.Tensor, truth: np.ndarray) -> float:
        return -float(np.mean((said.mean(1)[:, 0].numpy() - truth) ** 2))


def _embeddings(numbers: torch.Tensor | None) -> Any:
    if numbers is None:
        return None
    bins = rtdl_num_embeddings.compute_bins(numbers, n_bins=min(BINS, len(numbers) - 1))
    return rtdl_num_embeddings.PiecewiseLinearEmbeddings(bins, 16, activation=False, version="B")
