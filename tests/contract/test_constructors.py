"""The constructors: what type checkers see is what runs, and a wrong name is answered with the right one."""

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.base import clone
from sklearn.neural_network import MLPClassifier

from lamina import DeepClassifier, DeepRegressor
from lamina.errors import SettingError
from lamina.learning import hyperparameters
from lamina.learning.foreign_names import FOREIGN, SETTING_OF, meant
from lamina.learning.hyperparameters import SETTINGS, settings_for

ROOT = Path(__file__).parents[2]
TYPED = Path(__file__).parent / "typed"
STUB = ROOT / "src" / "lamina" / "constructors.pyi"
CHECKERS = {
    "mypy": ["mypy", "--strict", "--config-file", "", "--cache-dir", os.devnull],
    "pyright": ["pyright", "--pythonpath", sys.executable],
}
LINE = re.compile(r"wrong_calls\.py:(\d+):.*error", re.MULTILINE)


# ---- the stub ----


def test_the_stub_is_what_the_table_gives():
    """Where this fails: `make stubs`."""
    made = subprocess.run(
        [sys.executable, "-c", "import stubs; print(stubs.stub(), end='')"],
        cwd=ROOT / "tools",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"],
        input=made,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert STUB.read_text(encoding="utf-8") == formatted


@pytest.mark.parametrize("estimator", [DeepClassifier, DeepRegressor])
def test_the_stub_has_the_arguments_and_defaults_that_run(estimator):
    name = next(base.__name__ for base in estimator.__mro__ if base.__name__.endswith("Settings"))
    (found,) = (one for one in ast.parse(STUB.read_text()).body if isinstance(one, ast.ClassDef) and one.name == name)
    (init,) = (one for one in found.body if isinstance(one, ast.FunctionDef))
    seen = [
        (one.arg, ast.literal_eval(value)) for one, value in zip(init.args.args[1:], init.args.defaults, strict=True)
    ]
    seen += [(o.arg, ast.literal_eval(v)) for o, v in zip(init.args.kwonlyargs, init.args.kw_defaults, strict=True)]
    runs = inspect.signature(estimator).parameters.values()
    assert seen == [(one.name, one.default) for one in runs]
    assert len(init.args.args) - 1 == sum(one.kind is one.POSITIONAL_OR_KEYWORD for one in runs)


@pytest.mark.slow
@pytest.mark.parametrize("checker", CHECKERS)
def test_type_checkers_know_every_setting(checker):
    command = [sys.executable, "-m", *CHECKERS[checker]]
    right = subprocess.run([*command, "right_calls.py"], cwd=TYPED, capture_output=True, text=True)
    assert right.returncode == 0, right.stdout
    wrong = subprocess.run([*command, "wrong_calls.py"], cwd=TYPED, capture_output=True, text=True)
    calls = [n for n, line in enumerate((TYPED / "wrong_calls.py").read_text().splitlines(), 1) if "(" in line]
    assert {int(n) for n in LINE.findall(wrong.stdout)} == set(calls), wrong.stdout


# ---- what may be given how ----


def test_by_position_as_scikit_learns_perceptron():
    taken = [p.name for p in inspect.signature(MLPClassifier).parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD]
    model = DeepClassifier((100, 50), "tanh", max_iter=3)
    assert {name: getattr(model, name) for name in taken} == {"hidden_layer_sizes": (100, 50), "activation": "tanh"}
    assert clone(model).get_params() == model.get_params()
    assert (
        model.get_params() == DeepClassifier(hidden_layer_sizes=(100, 50), activation="tanh", max_iter=3).get_params()
    )


def test_more_by_position_than_that():
    with pytest.raises(TypeError, match=r"DeepRegressor takes hidden_layer_sizes and activation by position.*found 3"):
        DeepRegressor((3,), "relu", "adam")


def test_the_same_by_position_and_by_name():
    with pytest.raises(TypeError, match="DeepRegressor got activation twice"):
        DeepRegressor((3,), "relu", activation="tanh")


# ---- names of other libraries ----


def test_every_foreign_name_leads_to_a_setting_and_is_none():
    known = {one.name for one in SETTINGS}
    for other, setting in SETTING_OF.items():
        assert other not in known
        assert setting.partition("=")[0] in known
    for setting, others in FOREIGN.items():
        assert {SETTING_OF[other.replace("_", "")] for other in others} == {setting}, "a name stands there twice"


def test_what_a_foreign_name_proposes_can_be_used():
    for name in FOREIGN:
        if "=" in name:
            setting, _, value = name.partition("=")
            hyperparameters.check({setting: ast.literal_eval(value)}, "regressor")


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("epochs", "max_iter"),
        ("lr", "learning_rate_init"),
        ("LR", "learning_rate_init"),
        ("learningRate", "learning_rate_init"),
        ("units", "hidden_layer_sizes"),
        ("layers", "hidden_layer_sizes"),
        ("batch", "batch_size"),
        ("solver", "optimizer"),
        ("patience", "n_iter_no_change"),
        ("seed", "random_state"),
        ("max_itr", "max_iter"),
        ("drop_out", "dropout"),
        ("normalisation", "normalization"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(name, answer):
    for estimator in (DeepClassifier, DeepRegressor):
        with pytest.raises(TypeError, match=f"{estimator.__name__} has no setting '{name}'. Did you mean '{answer}'"):
            estimator(**{name: 3})
        with pytest.raises(ValueError, match=f"Did you mean '{answer}'"):
            estimator().set_params(**{name: 3})
    with pytest.raises(SettingError, match=f"Did you mean '{answer}'"):
        hyperparameters.check({name: 3}, "classifier")


def test_a_name_like_no_other_gets_the_list():
    with pytest.raises(TypeError, match=r"no setting 'qqqq'\. It has preset, hidden_layer_sizes, .*engine, device\."):
        DeepClassifier(qqqq=1)


def test_a_setting_of_the_other_task():
    with pytest.raises(TypeError, match="class_weight is only for a classifier, and DeepRegressor is a regressor"):
        DeepRegressor(class_weight="balanced")
    assert meant("class_weights", settings_for("regressor")) == ""
