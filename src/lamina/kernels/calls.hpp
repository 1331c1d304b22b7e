// What a verb is asked to do, as plain pointers, and the table of functions that do it on one instruction set.
#pragma once

#include "plan.hpp"
#include "threads.hpp"

namespace lamina {

// gradients and train_steps. Rows of X are n_inputs long, rows of Y `targets`.
template <class T>
struct Training {
    const Plan* plan;
    Optimiser optimiser{};
    T* params = nullptr; // flat, as Python has it
    T* grads = nullptr;  // flat; where it is given, the gradient goes there and nothing moves
    T* memory = nullptr; // flat, one stretch of flat_size after the other
    const T* X = nullptr;
    const T* Y = nullptr;
    const T* weights = nullptr;
    const int64_t* order = nullptr;    // row numbers; without it the rows are taken as they come
    int64_t rows = 0;                  // of X
    int64_t count = 0;                 // of order, or of rows
    int64_t batch_size = 0, steps = 0; // of rows
    const double* rates = nullptr;
    const double *decays = nullptr, *dropouts = nullptr; // factors of each step; without them 1
    double* costs = nullptr;
    int64_t examples = 0;
    uint64_t seed = 0;
    int64_t step = 0;
    void* arena = nullptr;       // of training_bytes()
    int64_t (*poll)() = nullptr; // now and then on the calling thread; not 0: stop
    // results
    int64_t done = 0;
    std::atomic<bool> stop{false};
};

// predict and cost.
template <class T>
struct Prediction {
    const Plan* plan;
    const T* params; // in panels (`packed`)
    const T* X;
    int64_t rows;
    T* A = nullptr;       // (rows, n_outputs)
    const T* Y = nullptr; // with it: the cost instead of A
    const T* weights = nullptr;
    double* block_sums = nullptr; // Σ w L of every block of rows
    void* arena;                  // of prediction_bytes(threads)
    int threads;
};

template <class T>
struct Update {
    const Plan* plan;
    Optimiser optimiser;
    T* params;
    const T* grads;
    T* memory;
    double rate, decay;
    int64_t step;
};

template <class T>
struct Verbs {
    void (*train)(void* training, Team& team, int thread);
    void (*predict)(void* prediction, Team& team, int thread);
    void (*pack)(const Plan& plan, const T* flat, T* packed);
    void (*update)(const Update<T>& update);
    void (*evaluate)(int function, const T* x, T* y, int64_t n); // elementary functions, for the tests
};

struct Path {
    const char* name;
    Verbs<float> single;
    Verbs<double> twofold;
    template <class T>
    const Verbs<T>& verbs() const {
        if constexpr (sizeof(T) == 4)
            return single;
        else
            return twofold;
    }
};

// Examples of a batch of so many rows that go through the network together; sums over more are cut here and joined in
// order.
inline int64_t chunk_rows(const Plan& plan, int64_t batch) {
    int64_t examples = batch * plan.members, limit = plan.has_batch_norm ? examples : 1024;
    return examples < limit ? examples : limit;
}
// Rows between two panels: so that panels do not compete for the same places in the caches.
inline int64_t padded_rows(int64_t rows) {
    return rows < 128 ? rows : (rows + 127) / 128 * 128 + 64;
}
// Examples that are predicted together; of a cost, those whose sum is joined first. A row's members stay together.
inline constexpr int64_t BLOCK = 96;
inline int64_t rows_at_once(const Plan& plan) {
    return plan.members < BLOCK ? BLOCK / plan.members : 1;
}

// The parts of a training arena, in elements of T from its start.
struct Parts {
    int64_t params, grads, chunk_grads, first, second, seconds, per_unit, losses, scratch, scratch_size, partials,
        values, bytes;
};
inline Parts training_parts(const Plan& plan, int64_t batch, int itemsize, int memories, int threads) {
    int64_t line = 64 / itemsize, next = 0;
    auto take = [&](int64_t n) {
        int64_t start = next;
        next += (n + line - 1) / line * line;
        return start;
    };
    Parts p;
    int64_t chunk = chunk_rows(plan, batch);
    p.params = take(plan.size);
    p.grads = take(plan.size);
    p.chunk_grads = take(chunk < batch * plan.members ? plan.size : 0);
    p.first = take(memories > 0 ? plan.size : 0);
    p.second = take(memories > 1 ? plan.size : 0);
    p.seconds = take(plan.seconds);
    p.per_unit = take(plan.unit_size);
    p.losses = take(chunk + line);
    p.scratch_size = (2 * plan.n_outputs + plan.targets + 2 + 2 * line) * line;
    p.scratch = take(p.scratch_size * threads);
    p.partials = take(int64_t(plan.jobs.size()) * 4 * 8 / itemsize);
    p.values = take(plan.panels * padded_rows(chunk) * line);
    p.bytes = next * itemsize;
    return p;
}
inline int64_t prediction_elements(const Plan& plan, int64_t rows, int itemsize) { // of one thread
    int64_t line = 64 / itemsize, block = (rows < rows_at_once(plan) ? rows : rows_at_once(plan)) * plan.members;
    return (plan.value_panels * block + 2 * plan.n_outputs + plan.targets + 2 + 2 * line) * line;
}

} // namespace lamina
