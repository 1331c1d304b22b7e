"""The model card, read back by hand; Hugging Face's and skops' own readers are in tests/tracking."""

import re

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, f1_score, log_loss, root_mean_squared_error

import lamina
from lamina.errors import DataError, SettingError

rng = np.random.default_rng(0)
ROWS = pd.DataFrame({"a|b": rng.normal(size=200), "town": rng.choice(["x", "y"], 200), "<i>": rng.normal(size=200)})
LABELS = np.where(ROWS["a|b"] + rng.normal(size=200) > 0, "yes: it is", "no")
QUICK = {"max_iter": 3, "hidden_layer_sizes": (4,), "random_state": 0, "early_stopping": True}


@pytest.fixture(scope="module")
def model():
    return lamina.DeepClassifier(**QUICK).fit(ROWS[:150], LABELS[:150])


def values(card):
    found = re.findall(r'    - type: "(\w+)"\n      name: "[^"]*"\n      value: (\S+)', card)
    return {name: float(value) for name, value in found}


def test_scores_on_given_rows_are_scikit_learns(model):
    X, y = ROWS[150:], LABELS[150:]
    found, predicted = values(model.model_card(X, y)), model.predict(X)
    assert found == {
        "accuracy": accuracy_score(y, predicted),
        "f1_macro": f1_score(y, predicted, average="macro"),
        "log_loss": pytest.approx(log_loss(y, model.predict_proba(X))),
    }


def test_without_rows_they_are_those_of_the_rows_that_were_held_out(model):
    card = model.model_card()
    assert values(card) == {name.removeprefix("validation_"): one for name, one in model.model_.scores.items()}
    assert "a little too good" in card


def test_numbers():
    y = ROWS["a|b"].to_numpy()
    model = lamina.DeepRegressor(**QUICK | {"early_stopping": False}).fit(ROWS[:150], y[:150])
    found = values(model.model_card(ROWS[150:], y[150:]))
    assert found["rmse"] == pytest.approx(root_mean_squared_error(y[150:], model.predict(ROWS[150:])))
    assert "how good it is on new rows is not known" in model.model_card()
    assert "pipeline_tag: tabular-regression" in model.model_card()


def test_nothing_that_a_user_wrote_is_markup(model):
    card = model.model_card(name='a"b\n---\n# c', license="mit")
    assert r"| a\|b | number |" in card
    assert r"| \<i\> | number |" in card
    assert card.count("\n---\n") == 1
    assert '\n# a"b --- \\# c\n' in card


def test_its_code_loads_the_model(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model.save("people.lamina")
    (code,) = re.findall(
        r"```python\n(import lamina\n\nmodel = lamina\.load.*?)```", model.model_card(name="people"), re.S
    )
    found = {"X": ROWS}
    exec(code.replace("model.predict_proba", "P = model.predict_proba"), found)
    np.testing.assert_array_equal(found["P"], model.predict_proba(ROWS))


def test_what_cannot_be_is_said(model):
    with pytest.raises(DataError, match="X without y"):
        model.model_card(ROWS)
    with pytest.raises(SettingError, match="Did you mean 'license'"):
        model.model_card(licence="mit")


def test_words_of_the_author_stand_in_it(model):
    card = model.model_card(about="For **showing**.", limits="Not for people.")
    assert card.index("## What it is") < card.index("For **showing**.") < card.index("## How to load it")
    assert card.index("## Limits") < card.index("Not for people.")


def test_several_targets_and_quantiles_have_one_too():
    Y = np.column_stack([ROWS["a|b"], ROWS["<i>"]])
    several = lamina.DeepRegressor(**QUICK).fit(ROWS, Y)
    assert set(values(several.model_card(ROWS, Y))) == {"r2", "rmse", "mae"}
    labels = lamina.DeepClassifier(**QUICK).fit(ROWS, (Y > 0).astype(int))
    assert set(values(labels.model_card(ROWS, (Y > 0).astype(int)))) == {"accuracy"}
    quantiles = lamina.DeepRegressor(**QUICK, loss="quantile(quantiles=(0.1, 0.9))").fit(ROWS, Y[:, 0])
    assert set(values(quantiles.model_card(ROWS, Y[:, 0]))) == {"r2"}


def test_lamina_report_writes_one(model, tmp_path, monkeypatch, capsys):
    from lamina.cli.main import main

    monkeypatch.chdir(tmp_path)
    model.save("people.lamina")
    ROWS[150:].assign(y=LABELS[150:]).to_csv("test.csv", index=False)
    assert main(["report", "people.lamina", "test.csv", "--out", "README.md"]) == 0
    card = (tmp_path / "README.md").read_text()
    assert capsys.readouterr().out.startswith("card: README.md (people.lamina on 50 rows of test.csv;")
    assert values(card)["accuracy"] == model.score(ROWS[150:], LABELS[150:])
    assert "On test.csv:" in card
    assert main(["report", "people.lamina", "--out", "README.md"]) == 0
    assert "On held-out rows:" in (tmp_path / "README.md").read_text()


def test_letters_beyond_the_basic_plane_and_ampersands(model):
    card = model.model_card(ROWS[150:], LABELS[150:], name="churn \U0001f680 a&lt;b")
    assert '- name: "churn \U0001f680 a&lt;b"' in card
    assert "\\&lt;b" in card.split("---\n", 2)[2]
    card.encode("utf-8")
