"""The callee is blamed, and not the caller; what a learner's other functions return is respected."""

import pytest

from lamina.glassbox.doctor import examine

CHAIN = """
import numpy as np


def relu_backward(dA, cache):
    return dA * (cache > 0)


def sigmoid_backward(dA, cache):
    s = 1 / (1 + np.exp(-cache))
    return dA * s * (1 - s)


def linear_backward(dZ, cache):
    A_prev, W, b = cache
    m = A_prev.shape[1]
    return W.T @ dZ, dZ @ A_prev.T, dZ.sum(axis=1, keepdims=True) / m


def linear_activation_backward(dA, cache, activation):
    dZ = relu_backward(dA, cache[1]) if activation == "relu" else sigmoid_backward(dA, cache[1])
    return linear_backward(dZ, cache[0])


def L_model_backward(AL, Y, caches):
    grads, L = {}, len(caches)
    dA = -(Y / AL) + (1 - Y) / (1 - AL)
    for l in range(L, 0, -1):
        back = linear_activation_backward(dA, caches[l - 1], "sigmoid" if l == L else "relu")
        dA, grads[f"dW{l}"], grads[f"db{l}"] = back
        grads[f"dA{l - 1}"] = dA
    return grads
"""


def examined(tmp_path, text):
    path = tmp_path / "answers.py"
    path.write_text(text)
    return examine(path)


def test_a_right_caller_of_a_wrong_function_is_right(tmp_path):
    report = examined(tmp_path, CHAIN)
    assert [one.name for one in report["linear_backward"].findings] == ["1/m-missing-dW"]
    for caller in ("linear_activation_backward", "L_model_backward"):
        assert report[caller].passed
        assert report[caller].blamed == ("linear_backward",)
        assert "linear_backward, which is not right" in repr(report[caller])
    assert not report.passed


def test_a_wrong_caller_of_a_wrong_function_has_its_own_mistake(tmp_path):
    wrong = CHAIN.replace("dA = -(Y / AL) + (1 - Y) / (1 - AL)", "dA = Y / AL - (1 - Y) / (1 - AL)")
    report = examined(tmp_path, wrong)
    (finding,) = report["L_model_backward"].findings
    assert finding.name == "dAL-sign"
    assert "dA = Y / AL" in finding.code


def test_an_argument_changed_by_the_callee_is_the_callees(tmp_path):
    text = CHAIN.replace("dZ @ A_prev.T,", "dZ @ A_prev.T / m,").replace(
        "    return dA * (cache > 0)\n", "    dA[cache <= 0] = 0\n    return dA\n"
    )
    report = examined(tmp_path, text)
    (finding,) = report["relu_backward"].findings
    assert finding.name == "changes-its-argument"
    assert finding.code == "dA[cache <= 0] = 0"
    assert report["linear_activation_backward"].passed
    assert report["linear_activation_backward"].blamed == ("relu_backward",)


def test_activations_that_return_a_alone_are_called_as_they_are(tmp_path):
    text = """
import numpy as np

def sigmoid(Z):
    return 1 / (1 + np.exp(-Z))

def relu(Z):
    return np.abs(Z)

def linear_activation_forward(A_prev, W, b, activation):
    Z = W @ A_prev + b
    A = sigmoid(Z) if activation == "sigmoid" else relu(Z)
    return A, ((A_prev, W, b), Z)
"""
    report = examined(tmp_path, text)
    assert report["sigmoid"].passed
    assert not report["relu"].passed
    assert report["linear_activation_forward"].passed
    assert report["linear_activation_forward"].blamed == ("relu",)


@pytest.mark.parametrize(
    ("body", "name", "words"),
    [
        ("return W @ A_prev + b, (A, W, b)", "undefined-name", "neither an argument (A, W, b)"),
        ("return np.dot(W, A.T).T @ b, (A, W, b)", "shapes-do-not-fit", ": W is (4, 3), A is (3, 5). ("),
        ("return W['W1'], A", "index-out-of-range", "index"),
        ("return math.exp(A), A", "import-missing", "import math"),
        ("Z = W @ A + b", "returns-something-else", "Is a return missing?"),
        ("if activation: Z = 1\n    return Z, A", "undefined-name", "activation"),
    ],
)
def test_exceptions_are_told_in_the_learners_terms(tmp_path, body, name, words):
    report = examined(tmp_path, f"import numpy as np\n\n\ndef linear_forward(A, W, b):\n    {body}\n")
    (finding,) = report["linear_forward"].findings
    assert finding.name == name
    assert words in finding.sentence


def test_arguments_in_another_order_and_too_few_are_named(tmp_path):
    report = examined(
        tmp_path,
        "import numpy as np\n\n\ndef linear_forward(W, A, b):\n    return W @ A + b, (A, W, b)\n\n\n"
        "def compute_cost(AL):\n    return 0\n",
    )
    assert report["linear_forward"].findings[0].name == "arguments-in-another-order"
    assert report["compute_cost"].findings[0].name == "other-arguments"


def test_an_unknown_mistake_is_told_with_its_place_and_ratio(tmp_path):
    report = examined(
        tmp_path,
        "import numpy as np\n\n\ndef linear_backward(dZ, cache):\n    A_prev, W, b = cache\n    m = A_prev.shape[1]\n"
        "    dW = 1.7 * dZ @ A_prev.T / m\n    return W.T @ dZ, dW, dZ.sum(1, keepdims=True) / m\n",
    )
    (finding,) = report["linear_backward"].findings
    assert finding.name == "unknown"
    assert "I don't recognise this mistake. dW is off everywhere" in finding.sentence
    assert "1.7 times what it should be" in finding.sentence
    assert finding.line == 7
