"""What the report measures, against scikit-learn, or by hand."""

import numpy as np
import pytest
from sklearn import metrics
from sklearn.calibration import calibration_curve

from lamina.data.targets import Labels, Numbers
from lamina.equations.losses import BinaryLogLoss, CategoricalLogLoss, Quantile, SquaredError
from lamina.reporting import measures
from lamina.reporting.answers import ClassAnswers, NumberAnswers, answers_of, worst_rows


def of_two(n=500, seed=0, levels=None):
    rng = np.random.default_rng(seed)
    p = rng.random(n) if levels is None else rng.choice(levels, n)
    true = (rng.random(n) < p**1.5).astype(int)
    return ClassAnswers(np.stack([1 - p, p], axis=1), true, (p > 0.5).astype(int))


def of_many(n=600, K=7, seed=1):
    rng = np.random.default_rng(seed)
    P = rng.dirichlet(np.ones(K), n)
    true = np.where(rng.random(n) < 0.6, P.argmax(axis=1), rng.integers(0, K - 1, n))  # the last class is rare
    return ClassAnswers(P, true, P.argmax(axis=1))


@pytest.mark.parametrize("answers", [of_two(), of_many()], ids=["two", "many"])
def test_precision_recall_and_f1_are_those_of_sklearn(answers):
    K = answers.P.shape[1]
    counts = measures.confusion(answers)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(answers.true, answers.predicted, labels=range(K)))
    expected = metrics.precision_recall_fscore_support(answers.true, answers.predicted, labels=range(K))
    np.testing.assert_allclose(np.array(measures.per_class(counts)).T, expected)


def test_a_class_without_rows_has_no_recall_and_one_never_predicted_no_precision():
    answers = ClassAnswers(np.eye(3)[[0, 0, 1]], np.array([0, 2, 0]), np.array([0, 0, 1]))
    by_class = measures.per_class(measures.confusion(answers))
    assert by_class[1] == (0.0, None, 0.0, 0)
    assert by_class[2] == (None, 0.0, 0.0, 1)


def test_the_most_frequent_mistakes_come_first():
    answers = of_many()
    found = list(measures.confused(measures.confusion(answers), 5))
    counts = metrics.confusion_matrix(answers.true, answers.predicted)
    np.fill_diagonal(counts, 0)
    assert [n for _, _, n in found] == sorted(counts.ravel().tolist(), reverse=True)[:5]
    assert all(counts[true, predicted] == n for true, predicted, n in found)
    assert not list(measures.confused(np.diag([3, 4]), 5))


@pytest.mark.parametrize("levels", [None, [0.1, 0.4, 0.4001, 0.9]], ids=["any", "ties"])
def test_curves_are_those_of_sklearn(levels):
    answers = of_two(levels=levels)
    swept, score = measures.sweep(answers), answers.P[:, 1]
    assert swept.auc == pytest.approx(metrics.roc_auc_score(answers.true, score))
    assert swept.average_precision == pytest.approx(metrics.average_precision_score(answers.true, score))
    x, y, thresholds = metrics.roc_curve(answers.true, score, drop_intermediate=False)
    np.testing.assert_allclose(np.stack([x, y])[:, 1:], [swept.false_positive_rate, swept.recall])
    np.testing.assert_allclose(thresholds[1:], swept.thresholds)


def test_rows_of_one_class_have_no_curve():
    answers = ClassAnswers(np.full((3, 2), 0.5), np.array([1, 1, 1]), np.array([0, 0, 0]))
    assert measures.sweep(answers) is None


def test_calibration_is_that_of_sklearn_and_the_error_that_of_its_definition():
    answers = of_two()
    found = measures.calibration(answers)
    share, mean = calibration_curve(answers.true, answers.P[:, 1], n_bins=10)
    np.testing.assert_allclose([one.found for one in found.bins], share)
    np.testing.assert_allclose([one.predicted for one in found.bins], mean)
    rows = [one.rows for one in found.bins]
    assert sum(rows) == len(answers.true)
    assert found.error == pytest.approx(np.average(np.abs(share - mean), weights=rows))


def test_calibration_of_several_classes_is_that_of_the_predicted_one():
    answers = of_many()
    share, mean = calibration_curve(answers.true == answers.predicted, answers.P.max(axis=1), n_bins=10)
    found = measures.calibration(answers)
    np.testing.assert_allclose([(one.found, one.predicted) for one in found.bins], np.stack([share, mean], axis=1))


def test_probabilities_that_come_true_have_no_error_and_sure_ones_stay_in_the_last_bin():
    p = np.repeat([0.25, 1.0], 4)
    true = np.array([1, 0, 0, 0, 1, 1, 1, 1])
    found = measures.calibration(ClassAnswers(np.stack([1 - p, p], axis=1), true, (p > 0.5).astype(int)))
    assert found.error == 0
    assert [(one.low, one.rows) for one in found.bins] == [(0.2, 4), (0.9, 4)]


def test_the_interval_of_a_share_is_the_root_of_the_score_test():
    """Wilson's ends are where the observed share lies 1.96 standard deviations of the end itself away."""
    for share, n in ((0.3, 50), (0.0, 10), (1.0, 7)):
        for end in measures.wilson(share, n):
            away = abs(share - end)
            assert away == pytest.approx(1.959964 * np.sqrt(end * (1 - end) / n), abs=1e-9)


def test_residuals_by_prediction_hold_every_row_once():
    rng = np.random.default_rng(0)
    answers = NumberAnswers(rng.normal(size=1000), rng.normal(size=1000).round(1))
    bins = measures.residual_bins(answers)
    assert sum(one.rows for one in bins) == 1000
    assert np.average([one.mean for one in bins], weights=[one.rows for one in bins]) == pytest.approx(
        answers.residual.mean()
    )
    assert np.all(np.diff([one.predicted for one in bins]) > 0)
    assert all(one.low <= one.median <= one.high for one in bins)


def test_a_constant_prediction_is_one_group():
    answers = NumberAnswers(np.arange(5.0), np.zeros(5))
    (only,) = measures.residual_bins(answers)
    assert (only.rows, only.mean, only.median) == (5, 2.0, 2.0)


def test_answers_of_two_classes_are_those_of_the_labels():
    target = Labels.fit(np.array(["no", "yes"]))
    A = np.array([[0.2], [0.9]])
    answers = answers_of(target, BinaryLogLoss(), A, target.encode(np.array(["yes", "yes"])))
    np.testing.assert_allclose(answers.P, [[0.8, 0.2], [0.1, 0.9]])
    assert target.classes[answers.predicted].tolist() == ["no", "yes"]
    assert worst_rows(answers.badness(), 1).tolist() == [0]


def test_answers_of_more_classes_sum_to_one():
    target = Labels.fit(np.arange(3))
    A = np.array([[0.2, 0.2, 0.4]])
    answers = answers_of(target, CategoricalLogLoss(), A, target.encode(np.array([1])))
    np.testing.assert_allclose(answers.P, [[0.25, 0.25, 0.5]])
    assert (answers.true.tolist(), answers.predicted.tolist()) == ([1], [2])


def test_answers_of_numbers_are_in_their_units():
    y = np.array([10.0, 20.0, 60.0])
    target = Numbers.fit(y)
    answers = answers_of(target, SquaredError(), np.zeros((3, 1)), target.encode(y))
    np.testing.assert_allclose(answers.residual, y - y.mean())
    assert worst_rows(answers.badness(), 2).tolist() == [2, 0]


def test_quantiles_stand_by_level_and_the_middle_one_is_the_prediction():
    y = np.array([1.0, 2.0, 3.0, 4.0])
    target, loss = Numbers.fit(y, standardise=False), Quantile(quantiles=(0.9, 0.1, 0.5))
    A = np.stack([y + 1, y - 1, y + 0.25], axis=1)
    answers = answers_of(target, loss, A, target.encode(y))
    assert answers.levels == (0.1, 0.5, 0.9)
    np.testing.assert_allclose(answers.residual, -0.25)
    assert measures.coverage(answers) == [(0.1, 0.0), (0.5, 1.0), (0.9, 1.0)]
    losses = [metrics.mean_pinball_loss(y, A[:, j], alpha=q) for j, q in enumerate(loss.quantiles)]
    np.testing.assert_allclose(answers.badness(), sum(losses))


def test_thinning_keeps_both_ends():
    assert measures.thinned(3, 10).tolist() == [0, 1, 2]
    some = measures.thinned(1000, 7)
    assert (len(some), some[0], some[-1]) == (7, 0, 999)
