"""The table of settings: every default fits, every range is kept, and the message says what to do."""

import inspect
import math

import numpy as np
import pytest

from lamina import DeepClassifier, DeepRegressor
from lamina.equations.layers import BatchNorm, Dense, Residual
from lamina.equations.optimisers import Adam
from lamina.errors import SettingError
from lamina.learning.hyperparameters import SETTINGS, automatic_batch_size, check, seed_from, settings_for

ESTIMATORS = {"classifier": DeepClassifier, "regressor": DeepRegressor}
TABLE = {one.name: one for one in SETTINGS}


@pytest.mark.parametrize("one", SETTINGS, ids=lambda one: one.name)
def test_every_default_passes_its_own_check_and_has_help(one):
    one.kind.check(one.name, one.default)
    assert one.help.endswith(".")
    assert one.kind.text


def test_names_are_unique():
    assert len(TABLE) == len(SETTINGS)


@pytest.mark.parametrize("task", ESTIMATORS)
def test_the_constructor_is_the_table(task):
    """scikit-learn reads the signature; so does everybody's editor."""
    arguments = dict(inspect.signature(ESTIMATORS[task]).parameters)
    assert {name: argument.default for name, argument in arguments.items()} == {
        name: one.default for name, one in settings_for(task).items()
    }
    assert ESTIMATORS[task]().get_params() == {name: argument.default for name, argument in arguments.items()}
    for name, one in settings_for(task).items():
        assert f"{name} : {one.kind.text}" in ESTIMATORS[task].__doc__
        assert one.help in ESTIMATORS[task].__doc__


def test_what_is_for_one_task_only():
    both = settings_for("classifier").keys() & settings_for("regressor").keys()
    assert settings_for("classifier").keys() - both == {"label_smoothing", "class_weight", "calibrate"}
    assert settings_for("regressor").keys() - both == {"scale_target", "clamp"}


def test_an_unknown_setting_suggests_the_nearest():
    with pytest.raises(SettingError, match=r"regressor has no setting 'learning_rate'.*'learning_rate_init'"):
        check({"learning_rate": 0.1}, "regressor")
    with pytest.raises(SettingError, match="class_weight is only for a classifier"):
        check({"class_weight": None}, "regressor")
    with pytest.raises(TypeError, match=r"DeepRegressor has no setting 'hidden'\. Did you mean 'hidden_layer_sizes'"):
        DeepRegressor(hidden=3)


GOOD = [
    ("hidden_layer_sizes", 5),
    ("hidden_layer_sizes", ()),
    ("hidden_layer_sizes", [np.int64(3), 2]),
    ("hidden_layer_sizes", np.array([3, 2])),
    ("hidden_layer_sizes", (8, Residual([Dense(8)]), BatchNorm(), Dense(4, "tanh"))),
    ("activation", ["relu", "tanh"]),
    ("normalization", "batch"),
    ("dropout", 0),
    ("dropout", np.float64(0.5)),
    ("loss", "huber(delta=2)"),
    ("optimizer", Adam(beta1=0.5)),
    ("learning_rate_init", np.float32(0.5)),
    ("batch_size", np.int32(7)),
    ("verbose", 2),
    ("verbose", True),
    ("tol", 0),
    ("categorical", ["zip", 3]),
    ("categorical", "zip"),
    ("categorical", 0),
    ("embed_above", 9),
]


@pytest.mark.parametrize(("name", "value"), GOOD, ids=lambda value: str(value)[:30])
def test_what_fits(name, value):
    check({name: value}, "regressor")


BAD = [
    ("hidden_layer_sizes", (8, 0), r"hidden_layer_sizes=\(8, 0\): 0 is not a hidden layer; expected a list of whole"),
    ("hidden_layer_sizes", (8, True), "True is not a hidden layer"),
    ("hidden_layer_sizes", (2.5,), "2.5 is not a hidden layer"),
    ("hidden_layer_sizes", (8, "relu"), "'relu' is not a hidden layer"),
    ("hidden_layer_sizes", -1, "-1 is not a hidden layer"),
    ("hidden_layer_sizes", "64", "hidden_layer_sizes='64': expected a list"),
    ("hidden_layer_sizes", 2.5, "hidden_layer_sizes=2.5: expected a list"),
    ("hidden_layer_sizes", None, "hidden_layer_sizes=None: expected a list"),
    ("activation", "rellu", r"activation='rellu': expected one of identity, .*Did you mean 'relu'\?"),
    ("activation", ["relu", "tahn"], "Did you mean 'tanh'"),
    ("activation", ["auto", "relu"], "expected one of identity"),
    ("activation", [["relu"]], "expected one of identity"),
    ("activation", 5, "activation=5: expected one of identity"),
    ("normalization", "batchnorm", "normalization='batchnorm': expected one of None, 'layer', 'batch'. Did you mean"),
    ("normalization", True, "normalization=True: expected one of None"),
    ("dropout", 1, r"dropout=1: expected a number in \[0, 1\)"),
    ("dropout", True, "dropout=True: expected a number"),
    ("dropout", "0.5", "dropout='0.5': expected a number"),
    ("dropout", 1j, "dropout=1j: expected a number"),
    ("initializer", "he", "initializer='he': expected one of 'auto', 'suited'"),
    ("loss", "mse", "loss='mse': expected one of binary_log_loss"),
    ("loss", None, "loss=None: expected one of"),
    ("alpha", -1e-9, "alpha=-1e-09: expected a number of at least 0"),
    ("alpha", math.nan, "alpha=nan: expected a number of at least 0"),
    ("l1", math.inf, "l1=inf: expected a number of at least 0"),
    ("learning_rate_init", 0, "learning_rate_init=0: expected a number above 0"),
    ("schedule", "cosin", "schedule='cosin': expected one of constant.*Did you mean 'cosine'"),
    ("batch_size", 0, "batch_size=0: expected a whole number of at least 1 or 'auto'"),
    ("batch_size", 1.5, "batch_size=1.5: expected a whole number of at least 1 or 'auto'"),
    ("batch_size", "all", "batch_size='all': expected a whole number of at least 1 or 'auto'"),
    ("batch_size", None, "batch_size=None"),
    ("max_iter", 0, "max_iter=0: expected a whole number of at least 1"),
    ("max_iter", 10**400, "expected a whole number of at least 1"),
    ("shuffle", 1, "shuffle=1: expected one of True, False"),
    ("early_stopping", "yes", "early_stopping='yes': expected one of 'auto', True, False"),
    ("validation_fraction", 0, r"validation_fraction=0: expected a number in \(0, 1\)"),
    ("validation_fraction", 1, r"validation_fraction=1: expected a number in \(0, 1\)"),
    ("n_iter_no_change", 0, "n_iter_no_change=0: expected a whole number of at least 1"),
    ("tol", -1, "tol=-1: expected a number of at least 0"),
    (
        "scaling",
        "minimax",
        "scaling='minimax': expected one of 'auto', 'suited', 'robust', .*Did you mean 'minmax'",
    ),
    ("dates", "year", "dates='year': expected one of 'auto', 'number', 'parts', 'cyclic'"),
    ("embed_above", 1, "embed_above=1: expected a whole number of at least 2 or 'auto' or None"),
    ("min_frequency", 0, "min_frequency=0: expected a whole number of at least 1"),
    ("categorical", (1.5,), r"categorical=\(1.5,\): expected a list of names or positions of columns, or None"),
    ("categorical", (-1,), "expected a list of names or positions"),
    ("categorical", (True,), "expected a list of names or positions"),
    ("categorical", True, "expected a list of names or positions"),
    ("categorical", 2.5, "expected a list of names or positions"),
    ("clamp", 1, "clamp=1: expected one of True, False"),
    ("missing", "drop", "missing='drop': expected one of 'encode', 'raise'"),
    ("max_categories", 1, "max_categories=1: expected a whole number of at least 2"),
    ("verbose", -1, "verbose=-1: expected a whole number of at least 0"),
    ("verbose", "yes", "verbose='yes'"),
    ("dtype", "float16", "dtype='float16': expected one of 'float32', 'float64', 'bfloat16'. Did you mean"),
    ("engine", "gpu", "engine='gpu': expected one of 'auto', 'equations', 'kernels', 'torch'"),
    ("device", "gpu", "device='gpu': expected 'auto', 'cpu'"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD, ids=lambda value: str(value)[:25])
def test_what_does_not_fit(name, value, message):
    """Through the estimator, so that nothing else is complained of before."""
    with pytest.raises(SettingError, match=message):
        DeepRegressor(**{name: value}).fit(np.arange(12.0).reshape(6, 2), np.arange(6.0))


@pytest.mark.parametrize("name", ["label_smoothing"])
def test_what_does_not_fit_a_classifier(name):
    with pytest.raises(SettingError, match=r"label_smoothing=1.0: expected a number in \[0, 1\)"):
        check({name: 1.0}, "classifier")


def test_numpys_scalars_and_arrays_are_taken_for_what_they_are():
    """As a grid of settings made with numpy has them."""
    X, y = np.arange(12.0).reshape(6, 2), np.arange(6.0)
    grid = {"shuffle": np.bool_(False), "dtype": np.str_("float64"), "hidden_layer_sizes": np.array([3, 2])}
    model = DeepRegressor(max_iter=2, random_state=np.int64(0), activation=np.array(["relu", "tanh"]), **grid).fit(X, y)
    assert model.coefs_[0].dtype == np.float64
    assert model.model_.settings["hidden_layer_sizes"] == [3, 2]
    assert type(model.model_.settings["shuffle"]) is bool


@pytest.mark.parametrize(
    ("n", "size"),
    [(0, 0), (1, 1), (31, 31), (2000, 32), (4096, 64), (10_000, 128), (16_384, 256), (10**7, 256)],
)
def test_automatic_batch_size(n, size):
    """n/64 as a power of two, from 32 to 256, never more than n."""
    assert automatic_batch_size(n) == size


def test_seeds():
    assert seed_from(7) == seed_from(np.int64(7)) == 7
    assert seed_from(2**63 - 1) == 2**63 - 1
    assert seed_from(None) != seed_from(None)
    for kind in (np.random.RandomState, np.random.default_rng):
        one, two = kind(3), kind(3)
        assert seed_from(one) == seed_from(two)
        assert seed_from(one) != seed_from(kind(3))  # the generator went on


@pytest.mark.parametrize("value", [-1, 2**63, 1.5, "42"])
def test_what_is_no_seed(value):
    with pytest.raises(SettingError, match=r"random_state=.*expected"):
        seed_from(value)
