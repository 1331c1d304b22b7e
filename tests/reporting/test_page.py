"""The page: it loads nothing, shows what users wrote as text, and says something of every kind of model."""

import re
import sys
import warnings
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import lamina
from lamina import DeepClassifier, DeepRegressor
from lamina.errors import MissingExtraError
from lamina.model_file import load, save
from lamina.reporting.elements import element, markup, number, table
from lamina.reporting.of_model import chosen_by_preset
from lamina.reporting.page import page_of
from lamina.reporting.pictures import check_drawing
from lamina.reporting.subject import Subject
from read_pages import Page

SMALL = {"preset": "sklearn", "hidden_layer_sizes": (6,), "max_iter": 4, "random_state": 0}
ODD = ["<script>alert(1)</script>", 'a & "b"', "$x_1$ \\frac{", "line\nbreak\x00\u202eback"]


def rows(n=120, seed=0):
    X = pd.DataFrame(np.random.default_rng(seed).normal(size=(n, 4)), columns=ODD)
    return X, X[ODD[0]] > 0


def subject_of(model, **more):
    fitted = getattr(model, "model_", model)
    return Subject(fitted, "m.lamina", fitted.target_name, fitted.diagnose(), str, **more)


def page_about(model, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return page_of(subject_of(model, **more))


def fitted(kind, X, y, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind(**SMALL | settings).fit(X, y)


def check_alone(source):
    """Nothing is fetched, nothing runs, and no name stands twice."""
    page = Page(source)
    policy = [one["content"] for one in page.all("meta") if one.get("http-equiv") == "Content-Security-Policy"]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]
    for tag, attributes in page.tags:
        assert tag not in {"script", "link", "iframe", "img", "object", "image", "foreignobject", "base"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name != "src"
            assert name not in {"href", "xlink:href"} or value.startswith("#")
    assert "@import" not in source
    assert set(re.findall(r"url\((.)", source)) <= {"#"}
    names = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(names) == len(set(names))
    used = re.findall(r'href="#([^"]*)"|url\(#([^)]*)\)', source)
    assert {a or b for a, b in used} <= set(names)
    return page


def test_what_users_wrote_is_text():
    X, y = rows()
    source = page_about(fitted(DeepClassifier, X, pd.Series(np.where(y, "<b>yes", "no'\"&"), name="y")))
    page = check_alone(source)
    assert "<script>alert(1)</script>" in page.text
    assert 'a & "b"' in page.text
    assert "<b>yes" in page.text
    assert "b" not in {tag for tag, _ in page.tags}
    assert "\x00" not in source


def test_markup_alone_is_not_escaped_again():
    cell = element("td", "<i>", title='"<')
    assert cell == '<td title="&quot;&lt;">&lt;i&gt;</td>'
    assert markup(cell, "&", None) == f"{cell}&amp;"
    assert "<b>" not in table(["<b>"], [["<b>", "<b>"]], "<b>")


def test_numbers_of_unpaired_surrogates_and_controls_can_be_written():
    assert element("p", "a\ud800\x07b").encode("utf-8") == "<p>a\ufffd\ufffdb</p>".encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [(48842, "48,842"), (0.5, "0.5000"), (1234.567, "1,234.57"), (1e-5, "1.00e-05"), (float("nan"), "not finite")],
)
def test_numbers(value, text):
    assert number(value) == text


def of_two():
    return fitted(DeepClassifier, *rows())


def of_numbers():
    X, _ = rows()
    return fitted(DeepRegressor, X, X[ODD[1]])


def of_quantiles():
    X, _ = rows()
    return fitted(DeepRegressor, X, X[ODD[1]], loss="quantile(quantiles=(0.9, 0.1))")


def of_several_numbers():
    X, _ = rows()
    return fitted(DeepRegressor, X, X[ODD[:2]])


def of_labels():
    X, y = rows()
    return fitted(DeepClassifier, X.to_numpy(), np.stack([y, ~y, y], axis=1).astype(int))


def of_one_class():
    X, _ = rows()
    return fitted(DeepClassifier, X, np.ones(len(X), int))


def of_many_classes():
    X, _ = rows(900)
    return fitted(DeepClassifier, X, np.arange(900) % 100)


def of_many_columns():
    X = np.random.default_rng(0).normal(size=(60, 500))
    return fitted(DeepRegressor, X, X[:, 3])


def of_many_layers():
    return fitted(DeepClassifier, *rows(), hidden_layer_sizes=(3,) * 50)


def of_lbfgs():
    return fitted(DeepClassifier, *rows(), optimizer="lbfgs")


def of_a_partial_fit():
    X, y = rows()
    return DeepClassifier(**SMALL).partial_fit(X, y, classes=[False, True])


def with_held_out_rows():
    return fitted(DeepClassifier, *rows(), early_stopping=True, normalization="batch", schedule="cosine")


MODELS = [of_two, of_numbers, of_quantiles, of_several_numbers, of_labels, of_one_class, of_many_classes]
MODELS += [of_many_columns, of_many_layers, of_lbfgs, of_a_partial_fit, with_held_out_rows]


@pytest.mark.parametrize("model", MODELS, ids=lambda make: make.__name__)
def test_every_kind_of_model_has_a_page(model):
    page = check_alone(page_about(model()))
    assert "How to reproduce it" in page.text
    assert "lamina.Deep" in page.code[-1]


def test_a_model_without_a_record_says_so():
    bare = replace(of_two().model_, history=[], signs=None, scores={}, best_epoch=0, stopped="")
    text = check_alone(page_about(bare)).text
    assert "holds no record of its epochs" in text
    assert "holds no looks at its layers" in text
    assert "by the number of rows, which the model does not keep" in text


def test_values_that_are_not_finite_are_said_not_drawn():
    model = of_two().model_
    empty = dict.fromkeys(("validation_cost", "score", "validation_score", "learning_rate"))
    text = check_alone(page_about(replace(model, history=[{"epoch": 1, "cost": float("nan"), **empty}]))).text
    assert "No epoch ended with a finite cost" in text


@pytest.mark.parametrize("preset", ["auto", "td", "sklearn", "course"])
@pytest.mark.parametrize("n", [50, 300])
def test_what_the_preset_chose_is_what_the_fit_used(preset, n):
    """Against the settings of the estimator, which knows the rows; the model knows what its file keeps."""
    X, y = rows(n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator = DeepClassifier(preset=preset, max_iter=1, random_state=0).fit(X, y)
    chosen = chosen_by_preset(estimator.model_)
    assert chosen
    assert {name: estimator.settings_[name] for name in chosen} == chosen


def test_python_trains_the_same_model_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, y = rows()
    pd.DataFrame(X.to_numpy(), columns=list("abcd")).assign(y=np.where(y, "yes", "no")).to_csv(
        "training.csv", index=False
    )
    layers = (lamina.Dense(5, "tanh"), lamina.Residual([lamina.Dense(5, "relu")]))
    settings = {"optimizer": "adamw(weight_decay=0.1)", "class_weight": {"yes": 2.0, "no": 1.0}, "early_stopping": True}
    model = DeepClassifier(**SMALL | settings | {"hidden_layer_sizes": layers})
    model.fit("training.csv", target="y").save("m.lamina")
    before = load("m.lamina")
    (tmp_path / "m.lamina").unlink()
    exec(Page(page_about(before)).code[-1], {})
    np.testing.assert_array_equal(load("m.lamina").params, before.params)


def test_a_model_file_makes_the_page_of_its_model(tmp_path):
    model = of_two().model_
    save(model, tmp_path / "m.lamina")
    assert page_about(load(tmp_path / "m.lamina")) == page_about(model)


def test_without_matplotlib_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lamina\[plot\]'"):
        check_drawing()
