"""`course.check`: a function of this process, for a test cell of a notebook."""

import numpy as np
import pytest

from lamina import course
from lamina.errors import DataError, SettingError

offset = 1.0


def halved(array, m):
    return array / m


def backward(dZ, cache):
    A_prev, W, _ = cache
    m = A_prev.shape[1]
    dW = halved(dZ @ A_prev.T, m)
    db = np.sum(dZ, axis=1) / m
    return W.T @ dZ, dW, db


def global_relu(Z):
    return np.maximum(0, Z) * offset + offset - 0.5, Z


def test_a_right_function_is_true():
    report = course.check("relu", lambda Z: (np.maximum(0, Z), Z))
    assert report
    assert repr(report) == "relu: right"


def test_a_wrong_one_is_false_and_says_why():
    report = course.check("linear_backward", backward)
    assert not report
    (finding,) = report.findings
    assert finding.name == "keepdims-missing"
    assert "np.sum(dZ, axis=1)" in finding.code
    assert "keepdims=True is missing" in repr(report)
    assert report.as_dict()["findings"][0]["line"] == finding.line


def test_hints_have_three_rungs():
    told = {hint: repr(course.check("linear_backward", backward, hint=hint)) for hint in (1, 2, 3)}
    assert "Look at db." in told[1]
    assert all("keepdims" not in text for text in told.values() if "equation" not in text)
    assert "equation" not in told[1]
    assert "equation" in told[2]
    assert "np.sum(dZ, axis=1)" not in told[2]
    assert "np.sum(dZ, axis=1)" in told[3]


def test_the_solution_is_shown_when_asked_for_only():
    assert "keepdims=True) / m" not in repr(course.check("linear_backward", backward))
    assert "keepdims=True) / m" in repr(course.check("linear_backward", backward, solution=True))
    assert "return" not in repr(course.check("relu", lambda Z: (np.maximum(0, Z), Z), solution=True))


def test_a_value_from_outside_is_named():
    (finding,) = course.check("relu", global_relu).findings
    assert finding.name == "global-for-argument"
    assert "offset" in finding.sentence


def test_the_same_answer_every_time():
    assert repr(course.check("linear_backward", backward)) == repr(course.check("linear_backward", backward))


def test_nothing_here_is_changed():
    seen = []

    def relu(Z):
        seen.append(1)
        return np.maximum(0, Z), Z

    assert course.check("relu", relu)
    assert seen == []


@pytest.mark.parametrize(
    ("name", "function", "error", "message"),
    [
        ("linear_bakward", backward, SettingError, "Did you mean 'linear_backward'"),
        ("linear_backward", 3, DataError, "expected a function"),
    ],
)
def test_what_cannot_be_checked_is_refused(name, function, error, message):
    with pytest.raises(error, match=message):
        course.check(name, function)


def test_an_unknown_hint_is_refused():
    with pytest.raises(SettingError, match="expected 1"):
        course.check("relu", backward, hint=4)
