"""lamina evaluate: its numbers are scikit-learn's."""

from pathlib import Path

import numpy as np
import pandas
import pytest
from sklearn import metrics

import lamina as package
from lamina.cli import rows as module
from lamina.cli.scores import Answers, baseline_name
from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, Quantile, SquaredError


@pytest.fixture(autouse=True)
def _here(trained, monkeypatch):
    monkeypatch.chdir(trained)


def new_rows():
    return pandas.read_csv("new.csv", parse_dates=["since"])


def test_a_classifier(lamina):
    rows, model = new_rows(), package.load("income.lamina")
    P, y, predicted = model.predict_proba(rows), rows.income, model.predict(rows)
    found = lamina("evaluate", "income.lamina", "new.csv", "--json").json
    assert found["rows"] == 80
    assert found["classes"] == ["high", "low"]
    assert found["confusion"] == metrics.confusion_matrix(y, predicted).tolist()
    assert found["scores"] == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, predicted),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, predicted),
            "log_loss": metrics.log_loss(y, P),
            "roc_auc": metrics.roc_auc_score(y == "low", P[:, 1]),
        }
    )


def test_a_regressor_with_weights(lamina):
    rows, model = new_rows(), package.load("price.lamina")
    w, y, predicted = rows.price, rows.price, model.predict(rows)
    found = lamina("evaluate", "price.lamina", "new.csv", "--json", "--weights", "price").json
    assert set(found) == {"model", "file", "rows", "scores", "left_out"}
    assert found["scores"] == pytest.approx(
        {
            "rmse": metrics.root_mean_squared_error(y, predicted, sample_weight=w),
            "mae": metrics.mean_absolute_error(y, predicted, sample_weight=w),
            "r2": metrics.r2_score(y, predicted, sample_weight=w),
        }
    )


def test_many_pieces_are_one_table(lamina, monkeypatch):
    whole = lamina("evaluate", "income.lamina", "new.csv").out
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 9)
    assert lamina("evaluate", "income.lamina", "new.csv").out == whole


def test_what_people_read(lamina):
    lines = lamina("evaluate", "income.lamina", "new.csv").out.splitlines()
    assert lines[0] == "income.lamina on 80 rows of new.csv, target 'income':"
    assert [line.split()[0] for line in lines if line.startswith((" accuracy", " balanced", " log", " ROC"))] == (
        ["accuracy", "balanced", "log", "ROC"]
    )
    assert "rows are the true classes, columns the predicted ones:" in lines


def test_rows_without_the_answers(lamina, tmp_path):
    new_rows().rename(columns={"income": "incom"}).to_csv(tmp_path / "r.csv", index=False)
    assert lamina("evaluate", "income.lamina", tmp_path / "r.csv").err == (
        f"error: the target: {tmp_path / 'r.csv'} has no column 'income'. Did you mean 'incom'? "
        "It has age, town, member, since, incom, price\n"
    )
    assert "has no column 'prize'. Did you mean 'price'?" in (
        lamina("evaluate", "income.lamina", "new.csv", "--weights", "prize").err
    )


def test_a_class_that_was_never_seen(lamina, tmp_path):
    new_rows().replace({"income": {"low": "middle"}}).to_csv(tmp_path / "r.csv", index=False)
    code, _, err = lamina("evaluate", "income.lamina", tmp_path / "r.csv")
    assert code == 1
    assert ", column 'income': unknown class 'middle'" in err
    assert "the classes are 'high', 'low'" in err


def test_labels_that_look_like_numbers_are_read_as_in_training(lamina, tmp_path, monkeypatch):
    """Classes "1" and "x" of training; a file in which all are "1" holds text all the same."""
    (tmp_path / "a.csv").write_text("v,y\n" + "1,1\n2,x\n" * 20)
    (tmp_path / "b.csv").write_text("v,y\n1,1\n1,1\n")
    monkeypatch.chdir(tmp_path)
    assert lamina("train", "a.csv", "--target", "y", "--max-iter", "50", "--hidden-layer-sizes", "8").code == 0
    found = lamina("evaluate", "a.lamina", "b.csv", "--json").json
    assert found["scores"]["accuracy"] == 1
    assert "roc_auc" not in found["scores"]  # one class alone cannot be told from another


# ---- the measures themselves ----

rng = np.random.default_rng(0)


def test_several_classes_against_scikit_learn():
    target = Labels("multiclass", np.array(["a", "b", "c"]))
    P = rng.dirichlet(np.ones(3), 50)
    y, w = np.arange(50) % 3, rng.random(50)
    found = Answers(target, CategoricalLogLoss(), P, np.eye(3)[y], w).measured().scores
    assert found == pytest.approx(
        {
            "accuracy": metrics.accuracy_score(y, P.argmax(1), sample_weight=w),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, P.argmax(1), sample_weight=w),
            "log_loss": metrics.log_loss(y, P, sample_weight=w),
            "roc_auc": metrics.roc_auc_score(y, P, multi_class="ovr", sample_weight=w),
        }
    )


def test_quantiles_are_measured_in_the_target_s_units():
    target = Numbers(np.array([10.0]), np.array([2.0]), True)
    A, Y = rng.normal(size=(40, 2)), rng.normal(size=(40, 1))
    found = Answers(target, Quantile((0.1, 0.9)), A, Y).measured().scores
    y = Y[:, 0] * 2 + 10
    for j, q in enumerate((0.1, 0.9)):
        guess = A[:, j] * 2 + 10
        assert found[f"pinball_{q}"] == pytest.approx(metrics.mean_pinball_loss(y, guess, alpha=q))
        assert found[f"share_below_{q}"] == pytest.approx(np.mean(y <= guess))


def test_the_baseline_of_labels_is_a_dummy_classifier():
    from sklearn.dummy import DummyClassifier

    target = Labels("binary", np.array(["n", "y"]))
    known, Y = np.arange(30)[:, None] % 3 == 0, np.arange(20)[:, None] % 4 == 0
    learned = Answers(target, BinaryLogLoss(), known, known)
    found = Answers(target, BinaryLogLoss(), Y * 0.5, Y).constant(learned).measured().scores
    dummy = DummyClassifier(strategy="prior").fit(known, known[:, 0])
    assert found["accuracy"] == dummy.score(Y, Y[:, 0])
    assert found["log_loss"] == pytest.approx(metrics.log_loss(Y[:, 0], dummy.predict_proba(Y)))
    assert baseline_name(target, BinaryLogLoss()) == "majority class"


@pytest.mark.parametrize("weights", [None, np.arange(1.0, 31)])
def test_the_baseline_of_numbers_is_a_dummy_regressor(weights):
    from sklearn.dummy import DummyRegressor

    target = Numbers(np.array([5.0]), np.array([3.0]), True)
    known, Y = rng.normal(size=(30, 1)), rng.normal(size=(20, 1))
    learned = Answers(target, SquaredError(), known, known, weights)
    found = Answers(target, SquaredError(), Y, Y).constant(learned).measured().scores
    y = target.decode(Y)
    guess = DummyRegressor().fit(known, target.decode(known), weights).predict(Y)
    assert found["rmse"] == pytest.approx(metrics.root_mean_squared_error(y, guess))
    assert baseline_name(target, SquaredError()) == "mean"


def test_the_baseline_of_quantiles():
    target, loss = Numbers(np.zeros(1), np.ones(1), True), Quantile((0.1, 0.9))
    known, Y = np.arange(1.0, 11)[:, None], np.zeros((3, 1))
    constant = Answers(target, loss, np.zeros((3, 2)), Y).constant(Answers(target, loss, known, known))
    assert constant.A.tolist() == [[1.0, 9.0]] * 3


def test_a_score_that_is_left_out_is_named_with_the_reason(lamina, tmp_path):
    lines = Path("new.csv").read_text().splitlines()
    only = [line for line in lines[1:] if ",high," in line]
    (tmp_path / "h.csv").write_text("\n".join([lines[0], *only]))
    done = lamina("evaluate", "income.lamina", tmp_path / "h.csv")
    assert done.code == 0
    assert "no ROC AUC: no row is of class low" in done.out
    assert lamina("evaluate", "income.lamina", tmp_path / "h.csv", "--json").json["left_out"] == {
        "roc_auc": "no row is of class low"
    }
    assert "no ROC AUC" not in lamina("evaluate", "income.lamina", "new.csv").out
    (tmp_path / "one.csv").write_text("\n".join(lines[:2]))
    done = lamina("evaluate", "price.lamina", tmp_path / "one.csv")
    assert "no R2: there is one row only" in done.out


def test_classes_whose_rows_have_no_weight_are_absent(lamina, tmp_path):
    lines = Path("new.csv").read_text().splitlines()
    text = [f"{lines[0]},w", *(f"{line},{int(',high,' in line)}" for line in lines[1:])]
    (tmp_path / "w.csv").write_text("\n".join(text))
    found = lamina("evaluate", "income.lamina", tmp_path / "w.csv", "--weights", "w", "--json").json
    assert found["left_out"] == {"roc_auc": "no row is of class low"}
    assert "roc_auc" not in found["scores"]


def test_a_model_of_one_class(lamina, tmp_path):
    (tmp_path / "a.csv").write_text("x,y\n" + "".join(f"{i},yes\n" for i in range(20)))
    quick = ("--preset", "sklearn", "--max-iter", "1", "--hidden-layer-sizes", "2")
    assert lamina("train", tmp_path / "a.csv", "--target", "y", "--out", tmp_path / "a.lamina", *quick).code == 0
    found = lamina("evaluate", tmp_path / "a.lamina", tmp_path / "a.csv", "--json").json
    assert found["scores"] == {"accuracy": 1}
    assert found["confusion"] == [[20]]
    assert found["left_out"] == dict.fromkeys(
        ("balanced_accuracy", "log_loss", "roc_auc"), "the model knows the class yes only"
    )
    done = lamina("evaluate", tmp_path / "a.lamina", tmp_path / "a.csv")
    assert "no balanced accuracy, log loss, ROC AUC: the model knows the class yes only" in done.out
