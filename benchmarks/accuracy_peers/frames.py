"""From a frame of numbers and text to what a library takes. Everything is learned from the training rows."""

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = make_column_selector(dtype_include="number")
TEXTS = make_column_selector(dtype_exclude="number")


class Categories(TransformerMixin, BaseEstimator):
    """Text as pandas' categories, those of the training rows; a text that they lack becomes missing."""

    def fit(self, X: pd.DataFrame, y: object = None) -> "Categories":
        self.texts_ = {name: pd.Index(X[name].dropna().unique()).sort_values() for name in TEXTS(X)}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        columns = {name: pd.Categorical(X[name], categories=known) for name, known in self.texts_.items()}
        return _plain_names(X.assign(**columns))


class Words(TransformerMixin, BaseEstimator):
    """Text as it is, a missing one as the word "missing"; on request numbers too are filled, with the median."""

    def __init__(self, fill_numbers: bool = False) -> None:
        self.fill_numbers = fill_numbers

    def fit(self, X: pd.DataFrame, y: object = None) -> "Words":
        self.texts_ = TEXTS(X)
        self.medians_ = X[NUMBERS(X)].median() if self.fill_numbers else {}
        return self

    def transform(self, X: pd.DataFrame) -> pd.DataFrame:
        columns = {name: X[name].astype(object).where(X[name].notna(), "missing") for name in self.texts_}
        return _plain_names(X.assign(**columns).fillna(dict(self.medians_)))


def without_dates(X: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with a date as numbers: days since 1970, and the parts of it that lamina looks at."""
    for name in X.select_dtypes("datetime").columns:
        date, at = X[name], X.columns.get_loc(name)
        parts = {"year": date.dt.year, "month": date.dt.month, "weekday": date.dt.day_of_week, "hour": date.dt.hour}
        X = X.assign(**{name: (date - pd.Timestamp(0)) / pd.Timedelta(days=1)})
        for k, (part, numbers) in enumerate(parts.items()):
            X.insert(at + 1 + k, f"{name} {part}", numbers)
    return X


def _plain_names(X: pd.DataFrame) -> pd.DataFrame:
    """Number the columns: some libraries stumble over blanks and brackets."""
    return X.set_axis([f"c{i}" for i in range(X.shape[1])], axis=1)


def dense(scaled: bool) -> object:
    """Return a transformer to a matrix: median for missing numbers, one-hot for text, numbers scaled or as they are."""
    steps = [SimpleImputer(strategy="median"), *([StandardScaler()] if scaled else [])]
    words = OneHotEncoder(handle_unknown="ignore", sparse_output=False, dtype=np.float64)
    return make_column_transformer((make_pipeline(*steps), NUMBERS), (words, TEXTS))
