"""Every function that the doctor can check."""

from __future__ import annotations

from lamina.glassbox.doctor import activation_mistakes as activations
from lamina.glassbox.doctor import adam_mistakes as adam
from lamina.glassbox.doctor import cases, views
from lamina.glassbox.doctor import cost_mistakes as costs
from lamina.glassbox.doctor import dropout_forward_mistakes as dropout_forward
from lamina.glassbox.doctor import gradient_check_mistakes as gradient_check
from lamina.glassbox.doctor import layer_mistakes as layers
from lamina.glassbox.doctor import linear_backward_mistakes as linear_backward
from lamina.glassbox.doctor import linear_forward_mistakes as linear_forward
from lamina.glassbox.doctor import memory_mistakes as memories
from lamina.glassbox.doctor import mini_batch_mistakes as mini_batches
from lamina.glassbox.doctor import model_backward_mistakes as model_backward
from lamina.glassbox.doctor import model_forward_mistakes as model_forward
from lamina.glassbox.doctor import start_mistakes as starts
from lamina.glassbox.doctor import three_layer_mistakes as three_layers
from lamina.glassbox.doctor import training_mistakes as training
from lamina.glassbox.doctor import update_mistakes as updates
from lamina.glassbox.doctor.exercise import Exercise, loose

MODEL = ("X", "Y", "layers_dims", "learning_rate", "num_iterations", "print_cost")
TWO, DEEP = ((4, 3, 1), (2, 3, 1)), ((4, 3, 2, 1), (2, 3, 1))
PARAMETERS = "a dict of W1, b1, ..., WL, bL"

EXERCISES = (
    Exercise("sigmoid", ("Z",), "A, Z", activations.SIGMOID, cases.of_Z, views.activation,
        activations.SIGMOID_MISTAKES),
    Exercise("relu", ("Z",), "A, Z", activations.RELU, cases.of_Z, views.activation, activations.RELU_MISTAKES),
    Exercise("softmax", ("Z",), "A", activations.SOFTMAX, cases.of_softmax, views.softmax,
        activations.SOFTMAX_MISTAKES),
    Exercise("sigmoid_backward", ("dA", "cache"), "dZ", activations.SIGMOID_BACKWARD, cases.of_dA, views.one("dZ"),
        activations.SIGMOID_BACKWARD_MISTAKES),
    Exercise("relu_backward", ("dA", "cache"), "dZ", activations.RELU_BACKWARD, cases.of_dA, views.one("dZ"),
        activations.RELU_BACKWARD_MISTAKES),
    Exercise("initialize_parameters", ("n_x", "n_h", "n_y"), PARAMETERS, starts.SMALL_OF_THREE, cases.of_three_sizes,
        views.start,
        starts.SMALL_MISTAKES, tolerance=loose, draws=True),
    Exercise("initialize_parameters_deep", ("layer_dims",), PARAMETERS, starts.SMALL, cases.of_sizes, views.start,
        starts.SMALL_MISTAKES, tolerance=loose, draws=True, also_right=starts.DEEP_ALTERNATIVES),
    Exercise("initialize_parameters_zeros", ("layers_dims",), PARAMETERS, starts.ZERO, cases.of_sizes, views.start,
        starts.ZERO_MISTAKES, tolerance=loose, draws=True),
    Exercise("initialize_parameters_random", ("layers_dims",), PARAMETERS, starts.LARGE, cases.of_sizes, views.start,
        starts.LARGE_MISTAKES, tolerance=loose, draws=True),
    Exercise("initialize_parameters_he", ("layers_dims",), PARAMETERS, starts.HE, cases.of_sizes, views.start,
        starts.HE_MISTAKES, tolerance=loose, draws=True),
    Exercise("linear_forward", ("A", "W", "b"), "Z, (A, W, b)", linear_forward.LINEAR_FORWARD, cases.of_A_W_b,
        views.with_cache("Z", "Z, (A, W, b)"), linear_forward.LINEAR_FORWARD_MISTAKES),
    Exercise("linear_activation_forward", ("A_prev", "W", "b", "activation"), "A, ((A_prev, W, b), Z)",
        layers.LINEAR_ACTIVATION_FORWARD, cases.of_activation, views.with_cache("A", "A, ((A_prev, W, b), Z)"),
        layers.FORWARD_MISTAKES),
    Exercise("L_model_forward", ("X", "parameters"), "AL, caches", model_forward.L_MODEL_FORWARD,
        cases.of_X_and_parameters,
        views.forward,
        model_forward.L_MODEL_FORWARD_MISTAKES),
    Exercise("compute_cost", ("AL", "Y"), "the cost, one number", costs.COMPUTE_COST, cases.of_AL_and_Y, views.cost,
        costs.COMPUTE_COST_MISTAKES),
    Exercise("linear_backward", ("dZ", "cache"), "dA_prev, dW, db", linear_backward.LINEAR_BACKWARD, cases.of_dZ,
        views.several("dA_prev", "dW", "db"), linear_backward.LINEAR_BACKWARD_MISTAKES),
    Exercise("linear_activation_backward", ("dA", "cache", "activation"), "dA_prev, dW, db",
        layers.LINEAR_ACTIVATION_BACKWARD,
        cases.of_dA_and_cache, views.several("dA_prev", "dW", "db"), layers.BACKWARD_MISTAKES),
    Exercise("L_model_backward", ("AL", "Y", "caches"), "a dict of dA0, dW1, db1, ...", model_backward.L_MODEL_BACKWARD,
        cases.of_caches,
        views.gradients, model_backward.L_MODEL_BACKWARD_MISTAKES, optional=("dA",)),
    Exercise("update_parameters", ("params", "grads", "learning_rate"), PARAMETERS, updates.UPDATE, cases.of_grads,
        views.named(),
        updates.UPDATE_MISTAKES, may_change=("params",)),
    Exercise("two_layer_model", MODEL, "parameters, costs", training.TRAINING, lambda: cases.of_training(TWO),
        views.trained,
        training.TRAINING_MISTAKES),
    Exercise("L_layer_model", MODEL, "parameters, costs", training.TRAINING, lambda: cases.of_training(DEEP),
        views.trained,
        training.TRAINING_MISTAKES),
    Exercise("predict", ("X", "y", "parameters"), "p, 0 and 1", model_forward.PREDICT, cases.of_prediction,
        views.one("p"),
        model_forward.PREDICT_MISTAKES),
    Exercise("compute_cost_with_regularization", ("A3", "Y", "parameters", "lambd"), "the cost, one number",
        costs.REGULARIZED_COST,
        cases.of_regularized_cost, views.cost, costs.REGULARIZED_COST_MISTAKES),
    Exercise("backward_propagation_with_regularization", ("X", "Y", "cache", "lambd"), "a dict of dW1, db1, ...",
        three_layers.REGULARIZED_BACKWARD, cases.of_regularized_backward, views.three_layers,
        three_layers.REGULARIZED_BACKWARD_MISTAKES,
        optional=("dA", "dZ")),
    Exercise("forward_propagation_with_dropout", ("X", "parameters", "keep_prob"), "A3, (Z1, D1, A1, W1, b1, ..., b3)",
        dropout_forward.DROPOUT_FORWARD, cases.of_dropout_forward, views.dropped,
        dropout_forward.DROPOUT_FORWARD_MISTAKES, tolerance=loose,
        draws=True),
    Exercise("backward_propagation_with_dropout", ("X", "Y", "cache", "keep_prob"), "a dict of dW1, db1, ...",
        three_layers.DROPOUT_BACKWARD, cases.of_dropout_backward, views.three_layers,
        three_layers.DROPOUT_BACKWARD_MISTAKES,
        optional=("dA", "dZ")),
    Exercise("gradient_check_n", ("parameters", "gradients", "X", "Y", "epsilon"), "the difference, one number",
        gradient_check.GRADIENT_CHECK, cases.of_gradient_check, views.difference,
        gradient_check.GRADIENT_CHECK_MISTAKES),
    Exercise("update_parameters_with_gd", ("parameters", "grads", "learning_rate"), PARAMETERS, updates.UPDATE,
        cases.of_grads,
        views.named(), updates.UPDATE_MISTAKES, may_change=("parameters",)),
    Exercise("random_mini_batches", ("X", "Y", "mini_batch_size"), "a list of pairs (mini_batch_X, mini_batch_Y)",
        mini_batches.MINI_BATCHES, cases.of_examples, views.mini_batches, mini_batches.MINI_BATCH_MISTAKES,
        draws=True),
    Exercise("initialize_velocity", ("parameters",), "v, a dict of dW1, db1, ...", memories.VELOCITY,
        cases.of_parameters,
        views.memory("v"), memories.VELOCITY_MISTAKES),
    Exercise("update_parameters_with_momentum", ("parameters", "grads", "v", "beta", "learning_rate"), "parameters, v",
        updates.MOMENTUM, cases.of_momentum, views.with_memory("v"), updates.MOMENTUM_MISTAKES,
        may_change=("parameters",
        "v")),
    Exercise("initialize_adam", ("parameters",), "v, s", memories.ADAM_MEMORY, cases.of_parameters, views.memory("v",
        "s"),
        memories.ADAM_MEMORY_MISTAKES),
    Exercise("update_parameters_with_adam",
        ("parameters", "grads", "v", "s", "t", "learning_rate", "beta1", "beta2", "epsilon"),
        "parameters, v, s, v_corrected, s_corrected", adam.ADAM, cases.of_adam,
        views.with_memory("v", "s", "v_corrected", "s_corrected"), adam.ADAM_MISTAKES, optional=("v_corrected",
        "s_corrected"),
        may_change=("parameters", "v", "s")),
)  # fmt: skip

BY_NAME = {exercise.name: exercise for exercise in EXERCISES}
