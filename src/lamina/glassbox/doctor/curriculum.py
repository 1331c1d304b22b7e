"""The functions as exercises: in which order, and what each is to do."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

from lamina.glassbox.doctor import solutions

HEADER = '''"""The functions of backprop, to be written.

Features go down and examples across: X is (n_x, m), Y is (1, m), W{l} is (n_l, n_{l-1}), b{l} is (n_l, 1).
dA and dZ are per example; the 1/m stands in dW and db.
"""

import numpy as np
'''


@dataclass(frozen=True)
class Part:
    """A part of the course, with what each of its functions is to do."""

    title: str
    functions: dict[str, str]


def starting_file() -> str:
    """Return the text of a file with every function to be written."""
    parts = [HEADER]
    for part in PARTS:
        parts.append(f"# ---- {part.title} ----\n")
        parts += [_to_be_written(name, task) for name, task in part.functions.items()]
    return "\n\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def _to_be_written(name: str, task: str) -> str:
    signature = inspect.signature(getattr(solutions, name))
    plain = signature.replace(
        parameters=[one.replace(annotation=inspect.Parameter.empty) for one in signature.parameters.values()],
        return_annotation=inspect.Signature.empty,
    )
    return f'def {name}{plain}:\n    """{task}"""\n    raise NotImplementedError\n'


PARTS = (
    Part("Activations", {
        "sigmoid": "Return A = 1 / (1 + e^-Z) and the cache Z.",
        "relu": "Return A = max(0, Z) and the cache Z.",
        }),
    Part("Start", {
        "initialize_parameters": "Return a dict of W1 (n_h, n_x), b1, W2 (n_y, n_h), b2: W = 0.01 N(0, 1), b = 0.",
        "initialize_parameters_deep": "Return a dict of W1, b1, ..., WL, bL: W = 0.01 N(0, 1), b = 0.",
        }),
    Part("Forward", {
        "linear_forward": "Return Z = W A + b and the cache (A, W, b).",
        "linear_activation_forward": 'Return A = g(W A_prev + b) and the cache ((A_prev, W, b), Z); '
        'activation is "sigmoid" or "relu".',
        "L_model_forward": "relu in layers 1 to L-1, then a sigmoid: return AL and the list of all caches.",
        "compute_cost": "Return J = -(1/m) sum(Y log(AL) + (1 - Y) log(1 - AL)), one number.",
        }),
    Part("Backward", {
        "sigmoid_backward": "Return dZ = dA * g'(Z) for the sigmoid; the cache is Z.",
        "relu_backward": "Return dZ = dA * g'(Z) for relu, 0 where Z <= 0; the cache is Z.",
        "linear_backward": "Return dA_prev, dW, db; the cache is (A_prev, W, b).",
        "linear_activation_backward": "Return dA_prev, dW, db; the cache is ((A_prev, W, b), Z).",
        "L_model_backward": "Return a dict of dA0, dW1, db1, ..., dA{L-1}, dWL, dbL.",
        }),
    Part("Training", {
        "update_parameters": "Return the parameters after one step of gradient descent.",
        "two_layer_model": "Train two layers from initialize_parameters: return parameters, costs.",
        "L_layer_model": "Train L layers from initialize_parameters_deep: return parameters, costs.",
        "predict": "Return 1.0 where AL > 0.5, else 0.0; y is there to print the accuracy, if you like.",
        }),
    Part("Improving networks: initialization", {
        "initialize_parameters_zeros": "W = 0, b = 0: see what does not happen.",
        "initialize_parameters_random": "W = 10 N(0, 1), b = 0: see what happens.",
        "initialize_parameters_he": "W = sqrt(2 / n_prev) N(0, 1), b = 0.",
        }),
    Part("Improving networks: regularization, for three layers", {
        "compute_cost_with_regularization": "Return the cross-entropy + (lambd / 2m) times the sum of all squared W.",
        "backward_propagation_with_regularization": "The cache is (Z1, A1, W1, b1, ..., b3): return a dict of dZ3, dW3"
        ", db3, dA2, dZ2, ..., db1.",
        "forward_propagation_with_dropout": "Return A3 and the cache (Z1, D1, A1, W1, b1, Z2, D2, ..., W3, b3).",
        "backward_propagation_with_dropout": "The cache is that of forward: return a dict of dZ3, dW3, ..., db1.",
        }),
    Part("Improving networks: gradient checking", {
        "gradient_check_n": "Return |grad - approx| / (|grad| + |approx|); J = compute_cost of L_model_forward.",
    }),
    Part("Improving networks: optimization", {
        "update_parameters_with_gd": "Return the parameters after one step of gradient descent.",
        "random_mini_batches": "Shuffle X and Y alike: return a list of (mini_batch_X, mini_batch_Y).",
        "initialize_velocity": "Return v: zeros like every parameter, under dW1, db1, ...",
        "update_parameters_with_momentum": "v = beta v + (1 - beta) dW, W = W - learning_rate v: return parameters, v.",
        "initialize_adam": "Return v and s: zeros like every parameter, under dW1, db1, ...",
        "update_parameters_with_adam": "Take step t of Adam, from 1: return parameters, v, s, v_corrected, "
        "s_corrected.",
        }),
    Part("Several classes", {
        "softmax": "Return A = e^Z / sum(e^Z) over the units of each example; large Z must not overflow.",
        }),
)  # fmt: skip
