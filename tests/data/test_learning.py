"""Rows that arrive in batches teach what they teach at once; and that is what the parts are known to learn."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lamina.data.encoding import samples
from lamina.data.encoding.encoder import Encoder
from lamina.data.encoding.jagged import is_jagged
from lamina.data.encoding.learning import learn_encoder
from lamina.data.encoding.numbers import SCALINGS
from lamina.data.encoding.splines import fit_spline
from lamina.data.learning import learn
from lamina.data.tables.sources import read
from lamina.data.tables.table import Batch
from lamina.data.targets import Labels, Numbers
from lamina.errors import ColumnError, DataError, DataWarning

SETTINGS = {
    "scaling": "standard",
    "missing": "encode",
    "max_categories": 50,
    "min_frequency": 1,
    "embed_above": None,
    "categorical": (),
    "dates": "number",
    "splines": None,
    "scale_target": True,
    "clamp": False,
    "class_weight": None,
}
RNG = np.random.default_rng(8)
N = 400
FRAME = pd.DataFrame(
    {
        "gain": np.where(RNG.random(N) < 0.1, np.nan, RNG.choice([0.0, 3.0, 9.0, 11.5], N)),
        "age": RNG.normal(40, 10, N),
        "town": RNG.choice(["Bern", "Basel", "Chur", "Genf", None], N, p=[0.4, 0.3, 0.1, 0.05, 0.15]),
        "owner": RNG.random(N) < 0.5,
        "built": pd.Series(pd.date_range("1990-01-01", periods=N, freq="51h")).where(RNG.random(N) < 0.9),
        "zip": RNG.integers(0, 9, N),
    }
)
TABLE = read(FRAME)
WEIGHTS = {"none": None, "whole": RNG.integers(1, 5, N).astype(float), "any": RNG.gamma(2, 1, N)}
TARGETS = {
    "regressor": RNG.normal(5, 2, N),
    "two": RNG.normal(5, 2, (N, 2)),
    "binary": RNG.choice(["no", "yes"], N, p=[0.8, 0.2]),
    "classes": RNG.integers(3, 9, N),
    "labels": RNG.integers(0, 2, (N, 3)),
}
CUTS = st.lists(st.integers(0, N), max_size=6).map(sorted)


def batches(table, y, weights, cuts=()):
    """The rows, cut before these row numbers; some batches may be empty."""
    for a, b in zip([0, *cuts], [*cuts, table.n_rows], strict=True):
        yield Batch(table.take(slice(a, b)), y[a:b], None if weights is None else weights[a:b], a)


def learned(y, weights, cuts=(), table=TABLE, **changed):
    kinds = {k: v for k, v in changed.items() if k in ("classes", "log_link")}
    settings = SETTINGS | {k: v for k, v in changed.items() if k not in kinds}
    task = "regressor" if y.dtype.kind == "f" else "classifier"
    return learn(batches(table, y, weights, cuts), settings, task, **kinds)


def assert_near(one, two):
    """The same JSON, but for the rounding of numbers."""
    if isinstance(one, dict):
        assert list(one) == list(two)
        for key in one:
            assert_near(one[key], two[key])
    elif isinstance(one, list) and all(isinstance(x, float) for x in [*one, *two]):
        np.testing.assert_allclose(one, two, rtol=1e-11, atol=1e-11)  # a year less the first year keeps 13 digits
    elif isinstance(one, list):
        assert len(one) == len(two)
        for a, b in zip(one, two, strict=True):
            assert_near(a, b)
    else:
        assert one == two


@given(
    CUTS,
    st.sampled_from(list(WEIGHTS)),
    st.sampled_from(SCALINGS),
    st.sampled_from(["number", "parts", "cyclic"]),
    st.sampled_from(
        [
            {},
            {"max_categories": 3, "min_frequency": 30},
            {"embed_above": 3, "categorical": ("zip",)},
            {"splines": ["gain", 1]},
        ]
    ),
)
def test_columns_are_learned_alike_however_rows_are_cut(cuts, weights, scaling, dates, changed):
    weights, y = WEIGHTS[weights], TARGETS["regressor"]
    with pytest.warns(DataWarning) if "max_categories" in changed else _nothing():
        whole = learned(y, weights, scaling=scaling, dates=dates, **changed).encoder
        parts = learned(y, weights, cuts, scaling=scaling, dates=dates, **changed).encoder
    assert_near(parts.to_header(), whole.to_header())
    assert parts.to_header()["categories"] == whole.to_header()["categories"]
    assert parts.to_header()["splines"] == whole.to_header()["splines"]
    if scaling in ("robust", "quantile") and weights is not WEIGHTS["any"]:
        assert parts.to_header() == whole.to_header()
    np.testing.assert_allclose(parts.encode(TABLE, np.float64), whole.encode(TABLE, np.float64), rtol=1e-9, atol=1e-9)


@given(CUTS, st.sampled_from(list(WEIGHTS)), st.sampled_from(list(TARGETS)), st.booleans())
def test_targets_and_class_weights_are_learned_alike_however_rows_are_cut(cuts, weights, kind, clamp):
    y, weights = TARGETS[kind], WEIGHTS[weights]
    changed = {"clamp": clamp, "class_weight": "balanced"}
    whole, parts = learned(y, weights, **changed), learned(y, weights, cuts, **changed)
    assert (parts.n, type(parts.target)) == (N, type(whole.target))
    assert_near(parts.target.to_header(), whole.target.to_header())
    if kind in ("regressor", "two"):
        assert whole.class_factors is None
        assert parts.target.to_header()["range"] == whole.target.to_header()["range"]
        linked = [learned(np.abs(y), weights, some, log_link=True).target.to_header() for some in ((), cuts)]
        assert_near(*linked)
        return
    assert parts.target.to_header() == whole.target.to_header()
    np.testing.assert_allclose(parts.class_factors, whole.class_factors, rtol=1e-13)
    if weights is not WEIGHTS["any"]:
        np.testing.assert_array_equal(parts.class_factors, whole.class_factors)


class _nothing:
    def __enter__(self):
        return self

    def __exit__(self, *_):
        return False


@pytest.mark.parametrize("weights", WEIGHTS)
@pytest.mark.parametrize("scaling", SCALINGS)
def test_one_batch_teaches_what_the_parts_learn(weights, scaling):
    w = WEIGHTS[weights]
    numbers = learned(TARGETS["regressor"], w, scaling=scaling, clamp=True, splines="gain")
    alone = learn_encoder(TABLE, w, scaling=scaling, splines=["gain"])
    assert numbers.encoder.to_header() == alone.to_header()
    assert numbers.target.to_header() == Numbers.fit(TARGETS["regressor"], w, clamp=True).to_header()
    classes = learned(TARGETS["classes"], w)
    assert classes.target.to_header() == Labels.fit(TARGETS["classes"]).to_header()


@pytest.mark.parametrize("weights", WEIGHTS)
def test_under_a_logarithmic_link_targets_are_divided_by_their_mean(weights):
    y, w = np.abs(TARGETS["two"]), WEIGHTS[weights]
    target = learned(y, w, log_link=True).target
    np.testing.assert_array_equal(target.scale, np.average(y, axis=0, weights=w))
    assert target.location.tolist() == [0, 0]
    assert learned(np.zeros(N), w, log_link=True).target.scale.tolist() == [1]
    assert learned(y, w, log_link=True, scale_target=False).target.scale.tolist() == [1, 1]


def test_weights_of_any_size_are_a_matter_of_ratio():
    """Where they are less than 1 in the mean; of more, 1 is a row."""
    y, w = TARGETS["regressor"], WEIGHTS["any"] / 64
    plain = learned(y, w, (100, 250), scaling="quantile")
    tiny = learned(y, w * 2.0**-90, (100, 250), scaling="quantile")
    assert tiny.encoder.to_header() == plain.encoder.to_header()
    np.testing.assert_allclose(tiny.target.scale, plain.target.scale, rtol=1e-13)
    for factor in (2.0**90, 2.0**900, 2.0**-900):
        assert learned(y, w * factor).encoder.to_header() == learned(y, w).encoder.to_header()
    mixed = np.where(np.arange(N) < 100, 2.0**900, 1.0)
    with pytest.raises(DataError, match=r"weights near 2\*\*901 .* and near 2\*\*0 in others"):
        learned(y, mixed, (100,))


def test_classes_that_are_known_beforehand():
    y = np.array([3, 5, 3, 3])
    table = TABLE.take(slice(0, 4))
    found = learned(y, None, (2,), table, classes=[3, 4, 5], class_weight="balanced")
    assert found.target.classes.tolist() == [3, 4, 5]
    np.testing.assert_allclose(found.class_factors[[0, 2]], [4 / (2 * 3), 4 / 2])
    with pytest.raises(DataError, match="unknown class 5 in row 1: the classes are 3, 4"):
        learned(y, None, (2,), table, classes=[3, 4])


def test_a_class_that_only_a_later_batch_has():
    y = np.array(["b", "b", "a", "longer"])
    found = learned(y, None, (2, 3), TABLE.take(slice(0, 4)))
    assert (found.target.task, found.target.classes.tolist()) == ("multiclass", ["a", "b", "longer"])


def test_nearly_a_class_per_row_is_suspicious_in_batches_too():
    y = np.arange(30)
    with pytest.warns(DataWarning, match="30 different classes in 30 rows"):
        learned(y, None, (10,), TABLE.take(slice(0, 30)))


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (list, "training rows expected, found none"),
        (lambda: [Batch(TABLE.take([]), TARGETS["regressor"][:0])], "training rows expected, found none"),
        (lambda: [Batch(TABLE)], "targets expected beside the rows, found none"),
        (lambda: [Batch(TABLE, TARGETS["regressor"][:3])], "400 rows, but 3 targets"),
        (
            lambda: [Batch(TABLE, TARGETS["regressor"]), Batch(TABLE, TARGETS["two"])],
            "the same number of targets expected in all batches",
        ),
    ],
)
def test_batches_that_cannot_be_learned_from(made, message):
    with pytest.raises(DataError, match=message):
        learn(made(), SETTINGS, "regressor")


def test_labels_of_two_kinds():
    with pytest.raises(DataError, match="labels of one kind expected in all batches of rows, found 'no' and 3"):
        learn([Batch(TABLE, TARGETS["binary"]), Batch(TABLE, TARGETS["classes"])], SETTINGS, "classifier")
    with pytest.raises(DataError, match="the same number of labels expected in all batches"):
        learn([Batch(TABLE, TARGETS["labels"]), Batch(TABLE, TARGETS["classes"])], SETTINGS, "classifier")


def test_a_later_batch_with_other_columns():
    y = TARGETS["regressor"]
    with pytest.raises(ColumnError, match="missing: zip"):
        learn([Batch(TABLE, y), Batch(TABLE.drop("zip"), y)], SETTINGS, "regressor")
    other = Batch(TABLE.select(reversed(TABLE.names)), y, None, N)
    again = learn([Batch(TABLE, y), other], SETTINGS, "regressor")
    assert again.encoder.names_in == TABLE.names


def test_splines_are_refused_before_any_row_is_looked_at():
    with pytest.raises(ColumnError, match="splines: column 'town' holds no numbers"):
        learned(TARGETS["regressor"], None, splines=["town"])


# ---- jagged columns and splines, of one batch and of a sample ----


def spiked(n, seed=3):
    """A column whose single values decide, one that says nothing, and labels."""
    rng = np.random.default_rng(seed)
    x = np.where(rng.random(n) < 0.9, 0, rng.integers(1, 40, n)).astype(float)
    x[rng.random(n) < 0.05] = np.nan
    chance = np.where(np.isin(x, [0]), 0.2, np.where(x % 2 == 0, 0.95, 0.05))
    return read({"noise": rng.normal(size=n), "gain": x}), (rng.random(n) < chance).astype(np.int64)


@pytest.mark.parametrize("cuts", [(), (1500,), (700, 2000, 2001)])
def test_jagged_columns_are_found_in_batches_as_at_once(cuts):
    table, y = spiked(4000)
    encoder = learned(y, None, cuts, table, splines="jagged").encoder
    assert [spline.at for spline in encoder.splines] == [1]
    x = table.column("gain")
    assert is_jagged(x, y[:, None])
    expected = fit_spline(1, x)
    np.testing.assert_array_equal(encoder.splines[0].knots, expected.knots)
    np.testing.assert_array_equal(encoder.splines[0].factor, expected.factor)


def test_of_many_rows_in_batches_a_sample_decides_and_does_not_depend_on_the_cuts():
    table, y = spiked(30_000)
    found = [
        learned(y, None, cuts, table, splines="jagged").encoder.to_header()["splines"]
        for cuts in ((15_000,), (1, 29_999), tuple(range(4000, 30_000, 4000)))
    ]
    assert [spline["at"] for spline in found[0]] == [1]
    assert found[0] == found[1] == found[2]
    whole = learned(y, None, (), table, splines="jagged").encoder.splines[0]
    np.testing.assert_array_equal(found[0][0]["knots"], whole.knots)
    np.testing.assert_allclose(found[0][0]["mean"], whole.mean, atol=0.01)


def test_rows_that_are_left_out_change_no_others_number():
    """As where validation rows are held out of every batch of a stream."""
    table, y = spiked(45_000)
    kept = np.random.default_rng(1).random(45_000) < 0.9
    found = []
    for step in (7000, 20_000):
        parts = [slice(a, a + step) for a in range(0, 45_000, step)]
        rows = (Batch(table.take(part).take(kept[part]), y[part][kept[part]], None, part.start) for part in parts)
        found.append(learn(rows, SETTINGS | {"splines": "jagged"}, "classifier").encoder.to_header())
    assert found[0]["splines"] == found[1]["splines"]


def test_targets_are_encoded_as_far_as_a_column_with_gaps_needs_them():
    """A column whose first 15,000 of 25,000 rows are missing: 10,000 later rows say whether it is jagged."""
    table, y = spiked(25_000)
    x = np.where(np.arange(25_000) < 15_000, np.nan, table.column("gain"))
    encoder = learned(y, None, (), read({"gain": x}), splines="jagged").encoder
    assert [spline.at for spline in encoder.splines] == [0]


def test_a_sample_is_of_bounded_size_and_draws_on_all_rows(monkeypatch):
    monkeypatch.setattr(samples, "SAMPLE_ROWS", 1000)
    n = 50_000
    x, w = np.arange(float(n)), np.arange(1.0, n + 1)
    table = read({"other": ["a"] * n, "x": x})
    found = None
    for a in range(0, n, 9000):
        part = slice(a, a + 9000)
        here = samples.RowSample.of(Batch(table.take(part), x[part], w[part], a), (1,))
        found = here if found is None else found.joined(here)
    numbers = found.numbers(0)
    assert len(numbers) == 1000
    assert (np.diff(numbers) > 0).all()  # in the order of the rows, none twice
    np.testing.assert_array_equal(found.y, numbers)
    np.testing.assert_array_equal(found.weights, numbers + 1)
    tenths = np.bincount((numbers * 10 // n).astype(int), minlength=10)
    assert (np.abs(tenths - 100) < 40).all()  # over four standard deviations


def test_runs_of_rows_may_join_in_any_order():
    table, y = spiked(30_000)
    parts = [
        samples.RowSample.of(Batch(table.take(part), y[part], None, part.start), (1,))
        for part in (slice(0, 9000), slice(9000, 20_000), slice(20_000, None))
    ]
    one = parts[0].joined(parts[1]).joined(parts[2])
    two = parts[2].joined(parts[1].joined(parts[0]))
    np.testing.assert_array_equal(one.numbers(0), two.numbers(0))
    np.testing.assert_array_equal(one.y, two.y)


def test_without_targets_nothing_is_jagged():
    table, _ = spiked(2000)
    with pytest.raises(DataError, match=r'splines="jagged".* look at the targets'):
        learn_encoder(table, splines="jagged")


@pytest.mark.parametrize("cuts", [(), (100,)])
def test_a_table_without_numbers_has_no_jagged_columns(cuts):
    table = TABLE.select(["town", "built"])
    assert learned(TARGETS["regressor"], None, cuts, table, splines="jagged").encoder.splines == ()


def test_the_learned_encoder_is_json():
    encoder = learned(TARGETS["regressor"], None, (50,), splines="gain").encoder
    back = Encoder.from_header(json.loads(json.dumps(encoder.to_header(), allow_nan=False)))
    np.testing.assert_array_equal(back.encode(TABLE), encoder.encode(TABLE))
