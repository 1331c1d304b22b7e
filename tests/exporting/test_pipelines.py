"""Pipelines with an estimator of lamina at their end, exported by skl2onnx and run by onnxruntime."""

import numpy as np
import pandas as pd
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import BaggingClassifier, StackingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from lamina.errors import ExportError
from lamina.estimators import DeepClassifier, DeepRegressor
from lamina.exporting import register_skl2onnx
from onnx_runs import session_of

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
M = 200
RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {"age": RNG.normal(40, 10, M), "hours": RNG.integers(1, 80, M) * 1.0, "work": RNG.choice(["a", "b", "c"], M)}
)
FRAME.loc[::9, "age"] = np.nan
RICH = np.where((FRAME["work"] == "a") ^ (FRAME["age"] > 40), "rich", "poor")
QUICK = {"max_iter": 3, "random_state": 0, "hidden_layer_sizes": (16,)}


@pytest.fixture(autouse=True, scope="module")
def registered():
    register_skl2onnx()
    register_skl2onnx()  # twice is no fault


def converted(pipeline, types, zipmap=False, **more):
    from skl2onnx import convert_sklearn

    options = {} if zipmap or not hasattr(pipeline, "classes_") else {"options": {id(pipeline): {"zipmap": False}}}
    return session_of(convert_sklearn(pipeline, initial_types=types, **options, **more))


def columns_of_frame():
    from skl2onnx.common.data_types import DoubleTensorType, StringTensorType

    double, text = DoubleTensorType([None, 1]), StringTensorType([None, 1])
    feed = {name: FRAME[[name]].to_numpy(object if name == "work" else np.float64) for name in FRAME}
    return [(name, text if name == "work" else double) for name in FRAME], feed


def transformer():
    return ColumnTransformer([("n", StandardScaler(), ["age", "hours"]), ("t", OneHotEncoder(), ["work"])])


def test_a_pipeline_with_a_column_transformer():
    pipeline = Pipeline([("columns", transformer()), ("net", DeepClassifier(**QUICK))]).fit(FRAME, RICH)
    types, feed = columns_of_frame()
    label, probabilities = converted(pipeline, types).run(None, feed)
    np.testing.assert_array_equal(label, pipeline.predict(FRAME))
    np.testing.assert_allclose(probabilities, pipeline.predict_proba(FRAME), rtol=0, atol=1e-5)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("targets", [1, 2])
def test_a_regressor_gives_what_came_in(dtype, targets):
    from skl2onnx import to_onnx

    X = RNG.normal(size=(M, 4)).astype(dtype)
    y = X[:, :targets] @ np.eye(targets) * 100 + 5000
    pipeline = make_pipeline(StandardScaler(), DeepRegressor(**QUICK)).fit(X, y[:, 0] if targets == 1 else y)
    (found,) = session_of(to_onnx(pipeline, X[:1])).run(None, {"X": X})
    assert (found.dtype, found.shape) == (dtype, (M, targets))
    np.testing.assert_allclose(found.reshape(-1), pipeline.predict(X).reshape(-1), rtol=1e-5)


def test_probabilities_in_a_list_of_dicts():
    """As skl2onnx has it by default, for single precision only."""
    from skl2onnx.common.data_types import FloatTensorType

    X = RNG.normal(size=(M, 2)).astype(np.float32)
    net = DeepClassifier(**QUICK).fit(X, np.where(X[:, 0] > 0, "rich", "poor"))
    maps = converted(net, [("X", FloatTensorType([None, 2]))], zipmap=True).run(None, {"X": X})[1]
    expected = dict(zip(["poor", "rich"], net.predict_proba(X[:1])[0], strict=True))
    assert maps[0] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("classes", [2, 3])
def test_searches_stacks_and_calibrated_estimators(classes, members):
    from skl2onnx import to_onnx

    X = RNG.normal(size=(M, 3))
    y = np.digitize(X[:, 0], np.linspace(-1, 1, classes + 1)[1:-1])
    net = make_pipeline(StandardScaler(), DeepClassifier(**QUICK, n_members=members))
    bare = DeepClassifier(**QUICK, n_members=members)
    for whole in (
        GridSearchCV(net, {"deepclassifier__max_iter": [1, 2]}, cv=2),
        StackingClassifier([("net", net), ("line", LogisticRegression())], cv=2),
        BaggingClassifier(bare, 2, random_state=0),
        CalibratedClassifierCV(bare, cv=2),
    ):
        whole.fit(X, y)
        session = session_of(to_onnx(whole, X[:1], options={id(whole): {"zipmap": False}}))
        probabilities = session.run(None, {"X": X})[1]
        np.testing.assert_allclose(probabilities, whole.predict_proba(X), rtol=0, atol=1e-4, err_msg=str(whole))


def test_an_estimator_alone_with_its_own_text_column():
    from skl2onnx.common.data_types import StringTensorType

    X = FRAME[["work"]].assign(other=RNG.choice(["u", "v"], M))
    net = DeepClassifier(**QUICK).fit(X, RICH)
    session = converted(net, [("X", StringTensorType([None, 2]))])
    np.testing.assert_allclose(session.run(None, {"X": X.to_numpy(object)})[1], net.predict_proba(X), rtol=0, atol=1e-5)


@pytest.mark.parametrize("classes", [[3, 5, 9], [False, True], [0.0, 1.0]])
def test_labels_that_are_numbers_become_whole_ones(classes):
    from skl2onnx.common.data_types import DoubleTensorType

    X, y = RNG.normal(size=(M, 2)), np.array(classes * M)[:M]
    net = DeepClassifier(**QUICK).fit(X, y)
    label, _ = converted(net, [("X", DoubleTensorType([None, 2]))]).run(None, {"X": X})
    assert label.dtype == np.int64
    np.testing.assert_array_equal(label, net.predict(X).astype(np.int64))


def test_what_does_not_fit_is_said():
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    X = RNG.normal(size=(M, 2))
    net = DeepClassifier(**QUICK).fit(X, RICH)
    with pytest.raises(ExportError, match="target_opset=15: lamina needs opset 18"):
        converted(net, [("X", FloatTensorType([None, 2]))], target_opset=15)
    with pytest.raises(ExportError, match="column 'x0' held numbers in training, and text come"):
        converted(net, [("X", StringTensorType([None, 2]))])
