// A network as plain numbers: what the blueprint says, and where everything lies. Made once, read by every step.
//
// Lengths of activations are counted in panels (matrix.hpp): a value of w units takes ceil(w / P) panels of as many
// rows as a step has examples. Places of parameters are counted in elements.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lamina {

enum class Function { identity, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, mish, softplus, hard_swish };
inline constexpr const char* function_names[] = {"identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu",
                                                 "selu",     "gelu",    "silu", "mish", "softplus",   "hard_swish"};

enum class Loss {
    binary_log_loss,
    categorical_log_loss,
    squared_error,
    absolute_error,
    huber,
    quantile,
    poisson,
    gamma
};
inline constexpr const char* loss_names[] = {"binary_log_loss", "categorical_log_loss",
                                             "squared_error",   "absolute_error",
                                             "huber",           "quantile",
                                             "poisson",         "gamma"};

enum class Rule { gradient_descent, momentum, nesterov, rmsprop, adam, adamw, lion };
inline constexpr const char* rule_names[] = {
    "gradient_descent", "momentum", "nesterov", "rmsprop", "adam", "adamw", "lion"};
inline constexpr int remembered[] = {0, 1, 1, 1, 2, 2, 1}; // arrays of memory

// A residual is two of these: where its skip leaves (open) and where it comes back (close).
enum class Kind {
    linear,
    activation,
    dropout,
    layer_norm,
    batch_norm,
    scale,
    parametric_activation,
    embedding,
    periodic,
    member_scale,
    member_choice,
    open,
    close
};
inline constexpr const char* kind_names[] = {
    "linear",    "activation", "dropout",      "layer_norm",    "batch_norm", "scale", "parametric_activation",
    "embedding", "periodic",   "member_scale", "member_choice", "residual"};

// One array of parameters.
struct Slot {
    int64_t flat;          // offset in Python's flat vector
    int64_t rows, columns; // W is (units, units_prev), most others (units, 1)
    int64_t place, size;   // in the arena: panels of its transpose, ceil(rows / P) x columns x P
    int64_t second = -1;   // place of W itself in panels, ceil(units_prev / P) x units x P: for dA_prev = Wᵀ dZ
    double rate, decay;    // factors of its group
    bool weight, statistic;
};

// Units [from, from + n) of one value that are [to, to + n) of another.
struct Run {
    int64_t from, to, n;
};

// What an embedding or a periodic layer does to columns, and where the units go.
struct Columns {
    std::vector<int64_t> units;         // of A_prev, increasing
    std::vector<int64_t> levels, first; // of an embedding: how many, and where those of a column start in E
    int64_t size = 0;                   // of an embedding
    int64_t frequencies = 0, outputs = 0;
    std::vector<Run> kept;         // A_prev -> A
    std::vector<Run> chosen, made; // of a periodic layer: A_prev -> X, U -> A
    int64_t X = -1, U = -1;        // values: the numbers side by side; their first new units, their second, ...
};

// One layer, or one end of a residual. A, A_prev: places of values; dA, dA_prev: of their derivatives; in panels.
struct Op {
    Kind kind;
    int64_t units_prev, units;
    int64_t members = 1;
    Function function = Function::identity;
    double rate = 0, epsilon = 0, momentum = 0;
    uint32_t layer = 0;              // its word in the random counter
    int slots[4] = {-1, -1, -1, -1}; // W b | gamma beta mean var | s | alpha | R | E | F phi V c
    int64_t A_prev, A, dA_prev, dA;
    int64_t skip = 0, d_skip = 0;     // of a residual: the value that went round, and its derivative
    int64_t cache = -1, cache_2 = -1; // A_hat, inv_std; D; g(Z)
    int64_t per_unit = -1;            // batch mean, inv_std, var: three vectors per unit
    bool relu = false;                // linear: A = relu(Z) at once; the activation that follows has nothing to do
    bool d_relu = false;              // linear: dZ = dA_prev * relu' of the activation below at once
    bool done_forward = false, done_backward = false; // an activation that a linear layer takes over
    bool back = true;                                 // whether anything below it is trained, so that dA_prev is wanted
    Columns columns;
};

// A piece of work on parameters: panels [p0, p1) and rows [k0, k1) of op's first slot and, with its first rows, those
// panels of the others.
struct Job {
    int op;
    int64_t p0, p1, k0, k1;
    double work;
};

struct Plan {
    int P; // elements of a panel's row: 16 in single precision, 8 in double
    int64_t n_inputs, n_outputs, targets;
    int64_t members = 1;        // examples that a row makes, one after the other: example e is of member e % members
    int64_t flat_size, trained; // of Python's vector: all of it, and what the optimiser moves
    std::vector<Slot> slots;
    std::vector<Op> ops;
    std::vector<Job> jobs;
    Loss loss;
    double label_smoothing = 0, delta = 1, l1 = 0, l2 = 0;
    std::vector<double> quantiles;
    int64_t Z, dZ;         // of the last layer
    int64_t value_panels;  // of all values when predicting
    int64_t panels;        // of everything when training
    int64_t size, seconds; // elements of the parameters and of the second copies in the arena
    int64_t unit_size;     // elements of what batch normalisation keeps per unit
    bool has_batch_norm = false;
    bool has_dropout = false;
    double highest_rate = 0; // of dropout
    double work;             // multiply-adds of a training step, per example
    double forward_work;     // of a prediction, per example
    int first_trained;       // the first op with parameters
};

struct Optimiser {
    Rule rule;
    double beta1 = 0, beta2 = 0, epsilon = 0, dampening = 0, weight_decay = 0, clip_norm = 0;
    bool clips = false;
};

} // namespace lamina
