"""What others make of ours: Hugging Face reads the card, skops reads it, and dumps and loads the estimators."""

import shutil
from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

import lamina
from lamina import Activation, Dense, LayerNorm, Residual, Scale
from lamina.exporting import skops_types

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

rng = np.random.default_rng(0)
ROWS = pd.DataFrame(
    {
        "n": rng.normal(size=150),
        "town": rng.choice(["x", "y"], 150),
        "day": pd.date_range("2020-01-01", periods=150),
    }
)
Y = ROWS["n"].to_numpy() + rng.normal(size=150)
QUICK = {"max_iter": 2, "hidden_layer_sizes": (4,), "random_state": 0}


@pytest.fixture(scope="module", params=["classifier", "regressor", "members", "layers"])
def fitted(request):
    if request.param == "classifier":
        return lamina.DeepClassifier(**QUICK, early_stopping=True).fit(ROWS, Y > 0)
    layers = (Dense(4, "gelu"), Residual((Dense(4), LayerNorm(), Activation("mish"))), Scale())
    more = {
        "members": {"n_members": 2, "normalization": "batch", "optimizer": "adam", "warm_start": True},
        "layers": {"hidden_layer_sizes": layers, "n_members": 1, "optimizer": lamina.Lion(), "loss": "huber"},
    }.get(request.param, {})
    return lamina.DeepRegressor(**QUICK | more).fit(ROWS, Y)


def test_hugging_face_reads_the_card(fitted):
    hub = pytest.importorskip("huggingface_hub")
    y = fitted.predict(ROWS)
    card = hub.ModelCard(fitted.model_card(ROWS, y, name="of: people", license="mit"))
    assert (card.data.library_name, card.data.license) == ("lamina", "mit")
    assert card.data.pipeline_tag in ("tabular-classification", "tabular-regression")
    assert card.data.model_name == "of: people"
    perfect = {one.metric_type: one.metric_value for one in card.data.eval_results}
    assert perfect.get("accuracy", perfect.get("r2")) == 1
    assert "## How to load it" in card.text
    again = hub.ModelCard(str(card))
    assert again.data.to_dict() == card.data.to_dict()


def test_skops_reads_the_card(fitted, tmp_path):
    card = pytest.importorskip("skops.card")
    if shutil.which("pandoc") is None:
        pytest.skip("skops needs pandoc to read a card")
    (tmp_path / "card.md").write_text(fitted.model_card(name="people"))
    found = card.parse_modelcard(tmp_path / "card.md")
    assert "lamina.load" in str(found.select("people/How to load it").content)


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a pipeline"])
def test_skops_dumps_and_loads_with_our_types_trusted(fitted, inside, tmp_path):
    io = pytest.importorskip("skops.io")
    model = make_pipeline(fitted) if inside else fitted
    io.dump(model, tmp_path / "model.skops")
    assert set(io.get_untrusted_types(file=tmp_path / "model.skops")) <= set(skops_types())
    loaded = io.load(tmp_path / "model.skops", trusted=skops_types())
    np.testing.assert_array_equal(loaded.predict(ROWS), model.predict(ROWS))


def test_every_trusted_type_is_there_and_says_nothing_of_how_it_is_read():
    """One with a `__reduce__` of its own could be told to run something."""
    for name in skops_types():
        module, _, kind = name.rpartition(".")
        found = getattr(import_module(module), kind)
        assert name == "builtins.frozenset" or name.startswith("lamina.")
        assert name == "builtins.frozenset" or not {"__reduce__", "__reduce_ex__"} & set(vars(found))
