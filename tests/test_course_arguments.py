"""What a beginner gives the course's functions by mistake, and what they say: found, expected, what to do."""

import pydoc
import re
import warnings

import numpy as np
import pytest

from lamina import course
from lamina.errors import DataError, DataWarning, SettingError

X, Y, P = np.random.RandomState(40).randn(3, 5), np.array([[0, 1, 1, 0, 1]]), course.initialize_parameters_he([3, 4, 1])
W, b = P["W1"], P["b1"]
AL, CACHES = course.L_model_forward(X, P)
G = course.L_model_backward(AL, Y, CACHES)
V = course.initialize_velocity(P)
LINEAR, Z = CACHES[0]
dA = G["dA1"]
DEEP = course.initialize_parameters_he([3, 4, 2, 1])
DROPPED = course.forward_propagation_with_dropout(X, DEEP)[1]


def without(arrays, *names):
    return {name: array for name, array in arrays.items() if name not in names}


# function, arguments, what the error says
ARRAYS = [
    ("linear_forward", (X, W, b[:, 0]), "b is (4,), W is (4, 3): expected a column b, (4, 1); is it b.reshape(-1, 1)?"),
    ("linear_forward", (X, W, 0), "b is 0.0, W is (4, 3): expected a column b, (4, 1)"),
    ("linear_forward", (X, W, b.T), "b is (1, 4), W is (4, 3): expected a column b, (4, 1); is it b.reshape(-1, 1)?"),
    ("linear_forward", (X.T, W, b), "A has 5 rows: expected 3; features go down, examples across: is it A.T?"),
    ("linear_forward", (W, X, b), "W is (3, 5), A has 4 rows: expected 5; are A and W swapped?"),
    ("linear_forward", (X, W.T, b), "W is (3, 4), A has 3 rows: expected 4; is it W.T?"),
    ("linear_forward", (X, np.ones((4, 7)), b), "W is (4, 7), A has 3 rows: expected 7"),
    (
        "linear_forward",
        (X[:, 0], W, b),
        "A is (3,): expected (3, m), features down and examples across; one example is A",
    ),
    (
        "linear_forward",
        (X, W[0], b),
        "W is (3,): expected (n, n_prev), a row of weights per unit; one unit is W.reshape",
    ),
    ("linear_forward", ([[1, 2], [3]], W, b), "A has rows of unequal lengths: expected an array"),
    ("linear_forward", ("X", W, b), "A is 'X': expected an array of numbers"),
    ("linear_forward", (None, W, b), "A is None: expected an array of numbers"),
    ("linear_forward", (P, W, b), "A is a dict of W1, b1, W2, b2: expected an array of numbers"),
    (
        "linear_forward",
        (course.relu(X), W, b),
        "A has 2 parts, ((3, 5), (3, 5)): expected one array. A function that ret",
    ),
    ("linear_forward", (X * 1j, W, b), "A is an array of complex numbers: expected an array of numbers"),
    ("linear_forward", ([["a"]], W, b), "A is an array of text: expected an array of numbers"),
    ("linear_forward", ([[None]], W, b), "A is an array of objects such as None: expected an array of numbers"),
    ("relu", (np.ma.masked_array([1.0, 2.0], [False, True]),), "Z has masked numbers: expected none; fill them first"),
    ("sigmoid", ("1",), "Z is '1': expected an array of numbers"),
    ("L_model_forward", (np.ones((5, 2)), P), "W1 is (4, 3), X has 5 rows: expected 3"),
    ("L_model_forward", (X.T, P), "X has 5 rows: expected 3; features go down, examples across: is it X.T?"),
    ("L_model_forward", (X, P | {"W2": np.ones((1, 3))}), "W2 is (1, 3), A1 has 4 rows: expected 3"),
    ("L_model_forward", (X[0], P), "X is (5,): expected (3, m), features down and examples across"),
    ("L_model_forward", (X, P | {"b1": np.ones(4)}), "b1 is (4,), W1 is (4, 3): expected a column b1, (4, 1)"),
    ("L_model_forward", (X, P | {"W1": W.T}), "W1 is (3, 4), X has 3 rows: expected 4; is it W1.T?"),
    ("forward_propagation_with_dropout", (X.T, DEEP), "W1 is (4, 3), X has 5 rows: expected 3; features go down"),
    ("backward_propagation_with_dropout", (X.T, Y, DROPPED, 0.5), "W1 is (4, 3), X has 5 rows: expected 3"),
    ("relu_backward", (X, X.T), "dA is (3, 5), Z is (5, 3): expected the same shape; is it transposed?"),
    ("linear_backward", (Y, LINEAR), "dZ is (1, 5), W A_prev + b is (4, 5): expected the same shape"),
    ("linear_backward", (np.ones((4, 0)), (X[:, :0], W, b)), "dZ is (4, 0): expected at least one example"),
    ("linear_backward", (dA, (W, X, b)), "W is (3, 5), A_prev has 4 rows: expected 5; are A_prev and W swapped?"),
    ("compute_cost", (AL, [1, 0]), "AL is (1, 5), Y is (2,): expected both to be (1, m)"),
    (
        "compute_cost",
        (AL[0], Y[0]),
        "AL is (5,), Y is (5,): expected both to be (1, m), one column per example; is it AL",
    ),
    ("compute_cost", (np.ones((2, 5)) / 2, np.ones((5, 2))), "AL is (2, 5), Y is (5, 2): expected both to be (1, m)"),
    ("compute_cost", (np.empty((1, 0)), []), "AL is (1, 0), Y is (1, 0): expected both to be (1, m)"),
    ("compute_cost", (0.5, 1), "AL is 0.5, Y is 1.0: expected both to be (1, m)"),
    ("compute_cost", (AL, ["yes"] * 5), "Y is an array of text: expected an array of numbers"),
    ("compute_cost_with_regularization", (AL[0], Y, P, 0.1), "AL is (5,), Y is (1, 5): expected both to be (1, m)"),
    ("predict", (P, Y, X), "parameters is (3, 5): expected a dict of W1, b1, ..., WL, bL"),
    ("two_layer_model", (X.T, Y, [3, 4, 1]), "X is (5, 3), layers_dims is (3, 4, 1): expected X of shape (3, m); feat"),
    ("two_layer_model", (X, Y, [4, 3, 1]), "X is (3, 5), layers_dims is (4, 3, 1): expected X of shape (4, m)"),
    (
        "L_layer_model",
        (X, Y, [3, 2]),
        "Y is (1, 5), layers_dims is (3, 2), X has 5 examples: expected Y of shape (2, 5)",
    ),
    ("L_layer_model", (X, Y[:, :3], [3, 1]), "Y is (1, 3), layers_dims is (3, 1), X has 5 examples: expected Y of"),
    ("L_layer_model", (X[:, :0], [], [3, 1]), "X is (3, 0): expected at least one example"),
    ("L_layer_model", (X * np.nan, Y, [3, 1]), "X is nan at [0, 0]: expected finite numbers"),
    ("L_layer_model", (X, Y * np.nan, [3, 1]), "Y is nan at [0, 0]: expected finite numbers"),
    ("gradient_check_n", (P, G, X * np.nan, Y), "X is nan at [0, 0]: expected finite numbers"),
    ("random_mini_batches", (X, [[1, 0]]), "X is (3, 5), Y is (1, 2): expected one column per example in both"),
    ("random_mini_batches", (X, Y.T), "X is (3, 5), Y is (5, 1): expected one column per example in both; is it Y.T?"),
    ("random_mini_batches", (X.T, Y), "X is (5, 3), Y is (1, 5): expected one column per example in both; is it X.T?"),
]

DICTIONARIES = [
    ("L_model_forward", (X, without(P, "b2")), "parameters has W1, b1, W2: expected W1, b1, ..., WL, bL; missing: b2"),
    (
        "L_model_forward",
        (X, without(DEEP, "W2", "b2")),
        "parameters has W1, b1, W3, b3: expected W1, b1, ..., WL, bL; mis",
    ),
    ("L_model_forward", (X, {}), "parameters has nothing: expected W1, b1, ..., WL, bL; missing: W1, b1"),
    (
        "L_model_forward",
        (X, P | {"L": 2}),
        "parameters has W1, b1, W2, b2, L: expected W1, b1, ..., WL, bL; unknown: L",
    ),
    (
        "L_model_forward",
        (X, {"W0": W, "b0": b}),
        "parameters has W0, b0: expected W1, b1, ..., WL, bL; layers are count",
    ),
    ("L_model_forward", (X, {"w1": W, "b1": b}), "parameters has w1, b1: expected W1, b1, ..., WL, bL; missing: W1"),
    ("L_model_forward", (X, list(P.values())), "parameters is ((4, 3), (4, 1), (1, 4), (1, 1)): expected a dict of W1"),
    ("L_model_forward", (X, P | {"W1": "w"}), "W1 is 'w': expected an array of numbers"),
    ("update_parameters", (G, P, 0.1), "expected W1, b1, ..., WL, bL; these are gradients"),
    (
        "update_parameters",
        (P, P, 0.1),
        "grads has no 'dW1': expected one array for every parameter, it has W1, b1, W2, b2. Th",
    ),
    (
        "update_parameters",
        (P, without(G, "db1"), 0.1),
        "grads has no 'db1': expected one array for every parameter, it has",
    ),
    ("update_parameters", (P, [1, 2], 0.1), "grads is [1, 2]: expected a dict of dW1, db1, ..., dWL, dbL"),
    (
        "update_parameters",
        (P, G | {"dW1": np.ones((3, 4))}, 0.1),
        "dW1 of grads is (3, 4), W1 is (4, 3): expected the sa",
    ),
    (
        "update_parameters",
        (P, G | {"db1": np.ones(4)}, 0.1),
        "db1 of grads is (4,), b1 is (4, 1): expected the same shape; np",
    ),
    (
        "update_parameters_with_momentum",
        (P, G, {}, 0.9, 0.1),
        "v has no 'dW1': expected one array for every parameter, it",
    ),
    ("update_parameters_with_momentum", (P, G, 0, 0.9, 0.1), "v is 0: expected a dict of dW1, db1, ..., dWL, dbL"),
    ("update_parameters_with_adam", (P, G, V, {}, 1), "s has no 'dW1'"),
    ("gradient_check_n", (P, {}, X, Y), "gradients has no 'dW1'"),
    ("forward_propagation_with_dropout", (X, P), "parameters has W1, b1, W2, b2: expected W1, b1, W2, b2, W3, b3"),
]

IS_LINEAR, IS_LAYER = "(A_prev, W, b), of linear_forward", "((A_prev, W, b), Z), of linear_activation_forward"
IS_LIST = "the list of the caches of all layers, of L_model_forward"

THE_CACHES = [
    (
        "linear_backward",
        (dA, CACHES[0]),
        f"the cache is {IS_LAYER}: expected {IS_LINEAR}; take its first part, cache[0]",
    ),
    (
        "linear_backward",
        (dA, CACHES),
        f"the cache is {IS_LIST}: expected {IS_LINEAR}; take that of layer l, caches[l - 1]",
    ),
    ("linear_backward", (dA, Z), f"the cache is one array: expected {IS_LINEAR}"),
    ("linear_backward", (dA, LINEAR[:2]), f"the cache is two arrays: expected {IS_LINEAR}"),
    ("linear_backward", (dA, (*LINEAR, Z)), "the cache is ((3, 5), (4, 3), (4, 1), (4, 5)): expected (A_prev, W, b)"),
    ("linear_backward", (dA, P), f"the cache is a dict of W1, b1, W2, b2: expected {IS_LINEAR}"),
    ("linear_backward", (dA, None), f"the cache is None: expected {IS_LINEAR}"),
    (
        "linear_activation_backward",
        (dA, LINEAR, "relu"),
        f"the cache is {IS_LINEAR}: expected {IS_LAYER}; with it, call l",
    ),
    (
        "linear_activation_backward",
        (dA, CACHES, "relu"),
        f"the cache is {IS_LIST}: expected {IS_LAYER}; take that of layer",
    ),
    ("linear_activation_backward", (dA, Z, "relu"), f"the cache is one array: expected {IS_LAYER}"),
    (
        "linear_activation_backward",
        (dA, (Z, LINEAR), "relu"),
        "the cache is ((4, 5), ((3, 5), (4, 3), (4, 1))): expected",
    ),
    ("linear_activation_backward", (dA, CACHES[1], "relu"), "dA is (4, 5), Z is (1, 5): expected the same shape"),
    (
        "relu_backward",
        (dA, CACHES[0]),
        f"the cache is {IS_LAYER}: expected Z alone, as relu returns it beside A; take its",
    ),
    (
        "relu_backward",
        (dA, LINEAR),
        f"the cache is {IS_LINEAR}: expected Z alone, as relu returns it beside A; it holds no",
    ),
    (
        "relu_backward",
        (dA, course.relu(Z)),
        "the cache is two arrays: expected Z alone, as relu returns it beside A; if",
    ),
    (
        "sigmoid_backward",
        (dA, CACHES),
        f"the cache is {IS_LIST}: expected Z alone, as sigmoid returns it beside A; take",
    ),
    ("L_model_backward", (AL, Y, []), "caches is empty: expected one cache per layer"),
    ("L_model_backward", (AL, Y, CACHES[0]), f"caches is {IS_LAYER}: expected a list with the cache of every layer"),
    (
        "L_model_backward",
        (AL, Y, P),
        "caches is a dict of W1, b1, W2, b2: expected a list with the cache of every layer",
    ),
    ("L_model_backward", (AL, Y, [c[0] for c in CACHES]), f"caches[0] is {IS_LINEAR}: expected {IS_LAYER}"),
    (
        "L_model_backward",
        (AL, Y, CACHES[::-1]),
        "A_prev of caches[1] is (3, 5), Z of caches[0] is (1, 5): expected the s",
    ),
    ("L_model_backward", ([[0.5]], [[1]], CACHES), "AL is (1, 1), Z of the last cache is (1, 5)"),
    ("backward_propagation_with_regularization", (X, Y, DROPPED, 0.1), "cache has 14 arrays: expected 12: Z1, A1, W1"),
    ("backward_propagation_with_dropout", (X, Y, CACHES, 0.5), "cache has 2 arrays: expected 14: Z1, D1, A1, W1"),
    ("backward_propagation_with_dropout", (X, Y, P, 0.5), "cache is a dict of W1, b1, W2, b2: expected 14: Z1, D1"),
]

SETTINGS = [
    ("linear_activation_forward", (*LINEAR, "reul"), "activation is 'reul': expected one of identity, sigmoid"),
    ("linear_activation_forward", (*LINEAR, "reul"), "Did you mean 'relu'?"),
    ("linear_activation_forward", (*LINEAR, "RELU"), "Did you mean 'relu'?"),
    ("linear_activation_forward", (*LINEAR, " Sigmoid"), "Did you mean 'sigmoid'?"),
    ("linear_activation_forward", (*LINEAR, np.tanh), "activation is a ufunc: expected one of identity, sigmoid"),
    ("linear_activation_backward", (dA, CACHES[0], None), "activation is None: expected one of identity, sigmoid"),
    (
        "linear_activation_backward",
        (dA, "relu", CACHES[0]),
        "activation is (((3, 5), (4, 3), (4, 1)), (4, 5)): expected",
    ),
    ("two_layer_model", (X, Y, (3, 4, 2, 1)), "layers_dims is (3, 4, 2, 1): expected (n_x, n_h, n_y)"),
    ("two_layer_model", (X, Y, (3, 4, 1), -1), "learning_rate is -1: expected a number of at least 0"),
    ("two_layer_model", (X, Y, (3, 4, 1), 100, 0.1), "num_iterations is 0.1: expected a whole number, at least 0"),
    ("L_layer_model", (X, Y, P), "layers_dims is a dict of W1, b1, W2, b2: expected sizes n_x, ..., n_y"),
    ("initialize_parameters_deep", ([3],), "layer_dims is (3,): expected sizes n_x, ..., n_y, at least two whole"),
    ("initialize_parameters_deep", (3,), "layer_dims is 3: expected sizes n_x, ..., n_y"),
    ("initialize_parameters_deep", ("341",), "layer_dims is '341': expected sizes n_x, ..., n_y"),
    ("initialize_parameters_he", ([3, 2.5, 1],), "layers_dims is (3, 2.5, 1): expected sizes n_x, ..., n_y"),
    ("initialize_parameters_he", ((X.shape, 1),), "layers_dims is ((3, 5), 1): expected sizes n_x, ..., n_y"),
    ("initialize_parameters", (3, 0, 1), "n_h is 0: expected a whole number, at least 1"),
    ("initialize_parameters", ("3", 4, 1), "n_x is '3': expected a whole number, at least 1"),
    ("forward_propagation_with_dropout", (X, DEEP, 0), "keep_prob is 0: expected a probability above 0, at most 1"),
    ("backward_propagation_with_dropout", (X, Y, DROPPED, 50), "keep_prob is 50: expected a probability above 0"),
    ("compute_cost_with_regularization", (AL, Y, 0.1, P), "lambd is a dict of W1, b1, W2, b2: expected a number of at"),
    ("compute_cost_with_regularization", (AL, Y, P, -1), "lambd is -1: expected a number of at least 0"),
    ("random_mini_batches", (X, Y, 0), "mini_batch_size is 0: expected a whole number, at least 1"),
    ("random_mini_batches", (X, Y, 2, -1), "seed is -1: expected None or a whole number from 0 to 2**32 - 1"),
    ("update_parameters", (P, G, "0.1"), "learning_rate is '0.1': expected a number of at least 0"),
    ("update_parameters", (P, G, np.complex64(1)), "learning_rate is (1+0j): expected a number of at least 0"),
    ("update_parameters", (P, G, [[1], [1, 2]]), "learning_rate is [[1], [1, 2]]: expected a number of at least 0"),
    ("update_parameters", (P, G, np.nan), "learning_rate is nan: expected a number of at least 0"),
    ("update_parameters_with_momentum", (P, G, V, 1, 0.1), "beta is 1: expected a number from 0 to below 1"),
    ("update_parameters_with_adam", (P, G, V, V, 0), "t is 0: expected the number of this step, counted from 1"),
    ("update_parameters_with_adam", (P, G, V, V, 1, 0.1, 1.0), "beta1 is 1.0: expected a number from 0 to below 1"),
    ("update_parameters_with_adam", (P, G, V, V, 1, 0.1, 0.9, 0.9, -1), "epsilon is -1: expected a number above 0"),
    ("gradient_check_n", (P, G, X, Y, 0), "epsilon is 0: expected a number above 0"),
]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "arguments", "message"), ARRAYS + DICTIONARIES + THE_CACHES)
def test_what_does_not_fit_is_said(name, arguments, message):
    with pytest.raises(DataError, match=re.escape(message)):
        getattr(course, name)(*arguments)


@pytest.mark.parametrize(("name", "arguments", "message"), SETTINGS)
def test_a_setting_out_of_range_is_said(name, arguments, message):
    with pytest.raises(SettingError, match=re.escape(message)):
        getattr(course, name)(*arguments)


def test_the_accuracy_needs_labels():
    with pytest.raises(DataError, match="y is None: expected labels"):
        course.predict(X, None, P, print_accuracy=True)
    with pytest.raises(DataError, match=re.escape("AL is (1, 5), Y is (1,)")):
        course.predict(X, [1], P, print_accuracy=True)


def test_names_are_found_as_they_are_meant():
    with pytest.raises(
        DataError, match=r"grads has no 'db1': expected one array for every parameter, it has dW1, dW2$"
    ):
        course.update_parameters(P, {"dW1": G["dW1"], "dW2": G["dW2"]}, 0.1)
    with pytest.raises(DataError, match=r"grads has no 'db1'.* Is it 'd_b1'\?$"):
        course.update_parameters(P, {"dW1": G["dW1"], "d_b1": G["db1"]}, 0.1)


# ---- what is taken, and said ----


@pytest.mark.parametrize(
    ("labels", "said"), [([-1, 1, 1], "Y holds -1: "), ([0, 2, 2], "Y holds 2: "), ([1, 255, 0], "Y holds 255: ")]
)
def test_labels_that_are_neither_0_nor_1(labels, said, capsys):
    A3, W1 = np.array([[0.2, 0.5, 0.7]]), np.ones((1, 3))
    with pytest.warns(DataWarning, match=f"{said}expected labels of 0 and 1; the cost can then fall below 0"):
        course.compute_cost(A3, labels)
    for name, arguments in {
        "L_layer_model": (np.eye(3), labels, [3, 2, 1], 0.1, 3),
        "compute_cost_with_regularization": (A3, labels, {"W1": W1, "b1": [[0]]}, 0.1),
        "L_model_backward": (A3, labels, [((np.eye(3), W1, [[0]]), A3)]),
        "backward_propagation_with_dropout": (X, np.resize(labels, 5), DROPPED, 0.5),
    }.items():
        with pytest.warns(DataWarning, match=said) as heard, np.errstate(all="ignore"):
            getattr(course, name)(*arguments)
        assert {warning.filename for warning in heard} == {__file__}
    with pytest.warns(DataWarning, match=said):
        course.predict(np.eye(3), labels, {"W1": W1, "b1": [[0]]}, print_accuracy=True)
    assert capsys.readouterr().out.startswith("Accuracy: 0.")


def test_real_labels_between_0_and_1_are_allowed():
    with pytest.warns(DataWarning, match=r"Y holds 0\.1: expected labels of 0 and 1; 1 is yes, 0 is no"):
        J = course.compute_cost([[0.2, 0.5]], [0.1, 0])
    assert pytest.approx(-(0.1 * np.log(0.2) + 0.9 * np.log(0.8) + np.log(0.5)) / 2) == J


def test_examples_that_go_down():
    column = np.array([[0.2], [0.5], [0.7]])
    with pytest.warns(DataWarning, match=r"AL is \(3, 1\): taken as 3 output units and one example.*expected \(1, 3\)"):
        J = course.compute_cost(column, [[0], [1], [1]])
    assert pytest.approx(3 * course.compute_cost(column.T, [0, 1, 1])) == J


def test_several_units_and_one_example_are_no_mistake_where_the_caches_say_so():
    parameters = course.initialize_parameters_he([3, 4, 2])
    X1, Y1 = X[:, :1], [[0], [1]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AL1, caches = course.L_model_forward(X1, parameters)
        grads = course.L_model_backward(AL1, Y1, caches)
        assert course.gradient_check_n(parameters, grads, X1, Y1) < 2e-7
        course.L_layer_model(X1, Y1, [3, 4, 2], 0.1, 3)


def test_labels_may_lie_flat_or_stand():
    for labels in (Y[0], Y.T, Y[0].tolist(), Y.astype(bool)):
        assert course.compute_cost(AL, labels) == course.compute_cost(AL, Y)


def test_numbers_that_are_none_are_said_where_they_come_in():
    holed = np.where(np.arange(15).reshape(3, 5) == 7, np.nan, X)
    with pytest.warns(DataWarning, match=r"X is nan at \[1, 2\], and so is what follows from it"):
        course.predict(holed, None, P)
    with pytest.warns(DataWarning, match="dW1 of grads holds NaN or infinity, and so will W1"):
        course.update_parameters(P, G | {"dW1": G["dW1"] * np.nan}, 0.1)


@pytest.mark.parametrize("label", [0, 1])
def test_a_saturated_sigmoid_says_why_it_gives_no_number(label):
    """dA[L] is infinite against the label, and 0/0 with it."""
    AL, cache = course.linear_activation_forward([[1.0]], [[1000.0]], [[0.0]], "sigmoid")
    with np.errstate(divide="ignore", invalid="ignore"):
        dAL = -(label / AL) + (1 - label) / (1 - AL)
    for back in (
        lambda: course.linear_activation_backward(dAL, cache, "sigmoid")[0],
        lambda: course.sigmoid_backward(dAL, cache[1]),
    ):
        with pytest.warns(DataWarning, match=r"dZ is NaN at \[0, 0\]: dA is .* the slope of sigmoid is 0.*A\[L\] - Y"):
            assert np.isnan(back()).all()


# ---- help ----


@pytest.mark.parametrize("name", course.__all__)
def test_help_fits_a_screen(name):
    """24 lines of 80 characters, of which the pager takes one."""
    lines = pydoc.render_doc(getattr(course, name), renderer=pydoc.plaintext).rstrip().splitlines()
    assert sum(max(1, -(-len(line) // 80)) for line in lines) <= 23
    assert max(len(line) for line in lines[3:]) <= 80
    assert "ndarray[tuple" not in "".join(lines)


def test_a_star_takes_the_functions_and_nothing_else():
    names = {}
    exec("from lamina.course import *", names)
    assert "linear_forward" in names
    assert "np" not in names
