// A network as plain numbers: what the blueprint says, and where everything lies. Made once, read by every step.
//
// Lengths of activations are counted in panels (matrix.hpp): a value of w units takes ceil(w / P) panels of as many
// rows as a step has examples. Places of parameters are counted in elements.
#pragma once

#include <cstdint>
#include <vector>

#include "tables.hpp"

namespace lamina {

// One array of parameters.
struct Slot {
    int64_t flat;            // offset in Python's flat vector
    int64_t rows, columns;   // W is (units, units_prev), most others (units, 1)
    int64_t place, size;     // in the arena: panels of its transpose, ceil(rows / P) x columns x P
    int64_t transposed = -1; // place of Wᵀ for dA_prev = Wᵀ dZ: panels of W itself, ceil(units_prev / P) x units x P
    int64_t pairs = -1;      // place of its panels in pairs of bfloat16, where its products round (rounded.hpp)
    double rate, decay;      // factors of its group
    bool weight, statistic;
    bool hidden = false; // W of a linear layer but the last
};

// A hidden matrix as a rule like Muon works on it, with the shorter side in panels: like W in the arena, or `turned`.
struct Hidden {
    int slot;
    bool turned;
    int64_t longer, shorter;
    int64_t X[2], A, Q; // places in what `Plan::hidden_size` elements hold
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
    Function function = Function::identity;
    double settings[4] = {};         // numbers, in the order in which the layer's struct lists its settings
    uint32_t layer = 0;              // its word in the random counter
    int slots[4] = {-1, -1, -1, -1}; // its arrays, in the order of the struct's shapes
    int64_t A_prev, A, dA_prev, dA;
    int64_t caches[3] = {-1, -1, -1};                 // what the struct keeps for the way back: A_hat, 1/std; D; g(Z)
    int64_t pairs = -1;                               // a value: A_prev in pairs of bfloat16
    int64_t per_unit = -1;                            // batch mean, 1/std, var: three vectors per unit
    int64_t skip = 0, d_skip = 0;                     // of a residual: the value that went round, and its derivative
    bool returns = false;                             // of a residual: where the skip comes back, not where it leaves
    bool relu = false;                                // linear: A = relu(Z) at once; the activation has nothing to do
    bool d_relu = false;                              // linear: dZ = dA_prev * relu' of the activation before, at once
    bool done_forward = false, done_backward = false; // an activation that a linear layer takes over
    bool back = true;                                 // whether anything before it is trained: dA_prev is wanted
    int64_t alike =
        1; // neighbouring examples with the same A_prev: all members of a row, until a layer tells them apart
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
    int64_t Z, dZ;            // of the last layer
    int64_t value_panels;     // of all values when predicting
    int64_t panels;           // of everything when training
    int64_t size, transposed; // elements of the parameters in the arena, and of the transposed weights
    int64_t unit_size;        // elements of what batch normalisation keeps per unit
    bool whole_batch = false; // a layer looks at all examples of a batch at once
    double highest_rate = 0;  // of dropout
    double work;              // multiply-adds of a training step, per example
    double forward_work;      // of a prediction, per example
    int first_trained;        // the first op with parameters
    std::vector<Hidden> hidden;
    int64_t hidden_size = 0; // elements of what hidden matrices that are moved whole need
    double hidden_work = 0;  // multiply-adds of one iteration on all of them
};

struct Optimiser {
    Rule rule;
    double beta1 = 0, beta2 = 0, epsilon = 0, dampening = 0, weight_decay = 0, clip_norm = 0;
    bool clips = false;
    double momentum = 0; // of a rule that moves matrices whole
    int64_t iterations = 0;

    int memories() const { return memories_of[int(rule)]; }
    bool whole() const { return matrices_of[int(rule)] == Matrices::whole; }
};

} // namespace lamina
