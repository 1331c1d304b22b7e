"""scikit-learn's own checks of an estimator, over a grid of modes; none may fail by our fault."""

import pytest
import sklearn
from sklearn.utils.estimator_checks import parametrize_with_checks

from lamina import DeepClassifier, DeepRegressor
from lamina.equations.optimisers import AdamW
from plain_network import PLAIN

# Small and quick, and good enough for the checks that ask for a score.
QUICK = PLAIN | {"hidden_layer_sizes": (8,), "max_iter": 8, "learning_rate_init": 0.1, "random_state": 0}

MODES = [
    {},
    {"optimizer": "lbfgs", "max_iter": 25},
    {"optimizer": "nesterov", "batch_size": 1, "learning_rate_init": 0.005, "max_iter": 3},
    {"optimizer": "momentum", "batch_size": 5, "learning_rate_init": 0.02, "max_iter": 6},
    {"optimizer": AdamW(clip_norm=1.0), "shuffle": False},
    {"optimizer": "rmsprop", "l1": 0.01, "alpha": 0.1},
    {"early_stopping": True, "validation_fraction": 0.2},
    {"dtype": "float64"},
    {"dropout": 0.2, "max_iter": 15},
    {"normalization": "layer"},
    {"normalization": "batch"},
    {"hidden_layer_sizes": (8, 6), "activation": ("tanh", "gelu")},
    {"hidden_layer_sizes": ()},
    {"missing": "raise"},
    {"schedule": "cosine(warmup=2)"},
    # A second fit goes on from the first and many checks ask for the same outcome: here both end at the one optimum.
    {"warm_start": True, "hidden_layer_sizes": (), "optimizer": "lbfgs", "alpha": 1.0, "tol": 1e-7, "max_iter": 100},
]
OF_A_CLASSIFIER = [{"scoring": "accuracy"}, {"class_weight": "balanced"}]
OF_A_REGRESSOR = [
    {"scoring": "r2"},
    {"loss": "huber(delta=0.5)"},
    {"loss": "quantile", "max_iter": 15},
]


# What users run: every setting at its default, but for size and time.
BY_DEFAULT = {"hidden_layer_sizes": (16, 16), "max_iter": 30, "random_state": 0}


def modes():
    for kind, own in ((DeepClassifier, OF_A_CLASSIFIER), (DeepRegressor, OF_A_REGRESSOR)):
        yield kind(**BY_DEFAULT)
        yield kind(**BY_DEFAULT, n_members=3, early_stopping=True)
        yield kind(**QUICK, n_bags=3)
        yield from (kind(**{**QUICK, **mode}) for mode in MODES + own)


def faults_of_the_checks(estimator):
    """Return the checks with a fault of their own: one of 1.6 subtracts fractions from whole numbers in place."""
    faulty = sklearn.__version__.startswith("1.6.") and estimator.missing == "raise"
    return {"check_positive_only_tag_during_fit": "mended in scikit-learn 1.7"} if faulty else {}


@pytest.mark.filterwarnings("ignore::lamina.errors.DataWarning")  # constant columns, more batch than rows
@parametrize_with_checks(list(modes()), expected_failed_checks=faults_of_the_checks)
def test_check(estimator, check):
    check(estimator)
