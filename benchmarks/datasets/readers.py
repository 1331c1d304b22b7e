"""From the files of a package to a frame: numbers as numbers, categories as text, missing as missing.

A reader takes the files' bytes and returns all columns, the target among them. What it leaves out, it says why.
"""

import io
import zipfile
from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from . import ordered_readers


def parquet(data: bytes) -> pd.DataFrame:
    return pd.read_parquet(io.BytesIO(data))


def csv(data: bytes, *, without: tuple[str, ...] = (), known: str = "", **options) -> pd.DataFrame:
    """Read CSV; leave out the columns `without` and the rows in which the target `known` is missing."""
    frame = pd.read_csv(io.BytesIO(data), **options).drop(columns=list(without))
    return frame.dropna(subset=[known]) if known else frame


def keel(data: bytes, names: tuple[str, ...]) -> pd.DataFrame:
    """Read one of KEEL's files: no header, the target last. One name stands for all columns but the target."""
    frame = pd.read_csv(io.BytesIO(data), header=None, skipinitialspace=True, na_values=["?", "<null>"])
    if len(names) == 2:
        names = (*(f"{names[0]}_{i + 1}" for i in range(frame.shape[1] - 1)), names[1])
    return frame.set_axis(list(names), axis=1)


def log_of(frame: pd.DataFrame, column: str, name: str) -> pd.DataFrame:
    """Replace a positive column by its natural logarithm."""
    return frame.drop(columns=column).assign(**{name: np.log(frame[column].astype(float))})


def nycflights(data: bytes) -> pd.DataFrame:
    """Read flights: what is known before departure, and whether they came in over 15 minutes late.

    Cancelled and diverted flights have no arrival delay and are left out; so are the times and delays of the day
    itself, the year (always 2013) and the tail number (4,000 values).
    """
    with zipfile.ZipFile(io.BytesIO(data)) as folder:
        frame = pd.read_csv(io.BytesIO(folder.read("nycflights.csv"))).dropna(subset=["arr_delay"])
    weekday = pd.to_datetime(frame[["year", "month", "day"]]).dt.day_name()
    late = (frame["arr_delay"] > 15).astype("int8")
    of_the_day = ["dep_time", "dep_delay", "arr_time", "arr_delay", "air_time"]
    return frame.drop(columns=["year", "tailnum", *of_the_day]).assign(weekday=weekday, late=late)


def mnist(training: bytes, test: bytes) -> pd.DataFrame:
    """Read the training part, then the test part; `1x2` is the second pixel of the first line."""
    parts = [pd.read_csv(io.BytesIO(part), dtype="uint8") for part in (training, test)]
    frame = pd.concat(parts, ignore_index=True)
    return frame.set_axis(["label", *(f"pixel_{name.replace('x', '_')}" for name in frame.columns[1:])], axis=1)


def diamonds(data: bytes) -> pd.DataFrame:
    return log_of(csv(data), "price", "log_price")


def texas_housing(data: bytes) -> pd.DataFrame:
    """Read house sales; `volume` is left out (with `sales` it gives the mean price), `date` repeats year and month."""
    return log_of(csv(data, without=("volume", "date"), known="median"), "median", "log_median")


def ames(data: bytes) -> pd.DataFrame:
    """Read the pickled frame (pickle runs code: the SHA-256 was found right). Leave out the two row numbers."""
    frame = pd.read_pickle(io.BytesIO(data), compression="bz2")
    return log_of(frame.drop(columns=["Order", "PID"]), "SalePrice", "log_price")


def plain_numbers(data: bytes, names: tuple[str, ...], skip: int, compression: str | None = None) -> pd.DataFrame:
    frame = pd.read_csv(io.BytesIO(data), header=None, skiprows=skip, compression=compression)
    if len(names) == 2:
        names = (*(f"{names[0]}_{i + 1}" for i in range(frame.shape[1] - 1)), names[1])
    return frame.set_axis(list(names), axis=1)


def diabetes(features: bytes, target: bytes) -> pd.DataFrame:
    columns = ["age", "sex", "bmi", "blood_pressure", "s1", "s2", "s3", "s4", "s5", "s6"]
    read = partial(pd.read_csv, header=None, sep=r"\s+", compression="gzip")
    frame = read(io.BytesIO(features)).set_axis(columns, axis=1)
    return frame.assign(progression=read(io.BytesIO(target))[0])


_LETTER = "x_box y_box width high onpix x_bar y_bar x2bar y2bar xybar x2ybr xy2br x_ege xegvy y_ege yegvx letter"
_MAGIC = "length width size conc conc1 asym m3_long m3_trans alpha dist particle"
_MARKETING = """sex marital_status age education occupation years_in_area dual_income household under_18 householder
    home ethnic language income"""
_CONTRACEPTIVE = """wife_age wife_education husband_education children wife_islam wife_works husband_occupation
    living_standard media method"""
_GERMAN = """status duration history purpose amount savings employment rate personal debtors residence property age
    plans housing credits job liable telephone foreign credit"""
# Free text, nearly every row its own value; and what was known only afterwards.
_TITANIC = ("name", "ticket", "cabin", "home.dest", "boat", "body")

READERS: dict[str, Callable[..., pd.DataFrame]] = {
    "adult": parquet,
    "nycflights": nycflights,
    "mnist": mnist,
    "letter": partial(keel, names=tuple(_LETTER.split())),
    "magic": partial(keel, names=tuple(_MAGIC.split())),
    "marketing": partial(keel, names=tuple(_MARKETING.split())),
    "satimage": partial(keel, names=("pixel", "ground")),
    "phoneme": partial(keel, names=("harmonic", "oral")),
    "spambase": partial(keel, names=("share", "spam")),
    "splice": partial(keel, names=("base", "junction")),
    "digits": partial(plain_numbers, names=("pixel", "digit"), skip=0, compression="gzip"),
    "contraceptive": partial(keel, names=tuple(_CONTRACEPTIVE.split())),
    "titanic": partial(csv, without=_TITANIC, na_values="?"),
    "juice": csv,
    "german": partial(keel, names=tuple(_GERMAN.split())),
    "breast_cancer": partial(plain_numbers, names=("measure", "benign"), skip=1),
    "wine": partial(plain_numbers, names=("measure", "cultivar"), skip=1),
    "diamonds": diamonds,
    "california_housing": parquet,
    "bikeshare": partial(csv, without=("casual", "registered")),  # their sum is the target
    "texas_housing": texas_housing,
    "wage": partial(csv, without=("logwage",)),
    "ames": ames,
    "diabetes": diabetes,
    "auto": partial(csv, without=("name",)),  # nearly every row its own value
    "hitters": partial(csv, known="Salary"),
    **ordered_readers.READERS,
}
