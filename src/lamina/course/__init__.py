"""The functions that the course's assignments ask learners to write, under
their own names, over `lamina.equations`.

They are those of deeplearning.ai's "Neural Networks and Deep Learning" (week 4)
and "Improving Deep Neural Networks" (weeks 1 and 2). Features go down and
examples across: X is (n_x, m), Y is (1, m), W{l} is (n_l, n_{l-1}), b{l} is
(n_l, 1). dA and dZ are per example, m times the derivative of the cost; the 1/m
stands in dW and db.

No argument is ever changed: what moves is returned anew. Whole numbers are
taken as floats, float32 stays float32. `seed=` gives the numbers that NumPy's
legacy generator gives after `np.random.seed(seed)`, and leaves that generator
alone. What does not fit raises `DataError` or `SettingError`.
"""

from lamina.course.activations import relu, relu_backward, sigmoid, sigmoid_backward
from lamina.course.backward import L_model_backward, linear_activation_backward, linear_backward
from lamina.course.checking import check
from lamina.course.forward import L_model_forward, compute_cost, linear_activation_forward, linear_forward
from lamina.course.gradient_checking import gradient_check_n
from lamina.course.initialisation import (
    initialize_parameters,
    initialize_parameters_deep,
    initialize_parameters_he,
    initialize_parameters_random,
    initialize_parameters_zeros,
)
from lamina.course.models import L_layer_model, predict, two_layer_model
from lamina.course.optimisation import (
    initialize_adam,
    initialize_velocity,
    random_mini_batches,
    update_parameters,
    update_parameters_with_adam,
    update_parameters_with_gd,
    update_parameters_with_momentum,
)
from lamina.course.regularisation import (
    backward_propagation_with_dropout,
    backward_propagation_with_regularization,
    compute_cost_with_regularization,
    forward_propagation_with_dropout,
)

# In the order in which the course asks for them.
__all__ = [  # noqa: RUF022
    # week 4
    "initialize_parameters",
    "initialize_parameters_deep",
    "sigmoid",
    "relu",
    "linear_forward",
    "linear_activation_forward",
    "L_model_forward",
    "compute_cost",
    "sigmoid_backward",
    "relu_backward",
    "linear_backward",
    "linear_activation_backward",
    "L_model_backward",
    "update_parameters",
    "two_layer_model",
    "L_layer_model",
    "predict",
    # improving networks: initialization, regularization, gradient checking, optimization
    "initialize_parameters_zeros",
    "initialize_parameters_random",
    "initialize_parameters_he",
    "compute_cost_with_regularization",
    "backward_propagation_with_regularization",
    "forward_propagation_with_dropout",
    "backward_propagation_with_dropout",
    "gradient_check_n",
    "update_parameters_with_gd",
    "random_mini_batches",
    "initialize_velocity",
    "update_parameters_with_momentum",
    "initialize_adam",
    "update_parameters_with_adam",
    # your own functions
    "check",
]
