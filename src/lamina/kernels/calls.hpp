// What a verb is asked to do, as plain pointers, and the table of functions that do it on one instruction set.
#pragma once

#include "plan.hpp"
#include "threads.hpp"

namespace lamina {

// What `equations/steps.py` says of the steps of a call.
struct Steps {
    int64_t batch_size; // rows of a step
    int64_t count;      // of steps
    const double* rates = nullptr;
    const double *decays = nullptr, *dropouts = nullptr; // factors of each step; without them 1
    uint64_t seed = 0;
    int64_t step = 0;     // number of the first
    int64_t examples = 1; // of the whole training set, for the penalty

    // `n` of them from number k on.
    Steps some(int64_t k, int64_t n) const {
        auto from = [&](const double* each) { return each ? each + k : nullptr; };
        return {batch_size, n, from(rates), from(decays), from(dropouts), seed, step + k, examples};
    }
};

// train_steps and, with `grads`, gradients. Rows of X are n_inputs long, rows of Y `targets`.
template <class T>
struct Training {
    const Plan* plan;
    Steps steps;
    Optimiser optimiser{};
    T* params = nullptr; // flat, as Python has it
    T* memory = nullptr; // flat, one stretch of flat_size after the other
    const T* X = nullptr;
    const T* Y = nullptr;
    const T* weights = nullptr;
    int64_t rows = 0;               // of X
    const int64_t* order = nullptr; // row numbers; without it the rows are taken as they come
    int64_t count = 0;              // of order, or of rows
    double* costs = nullptr;
    T* grads = nullptr;            // flat; the gradient goes there, nothing moves, and no penalty is added
    const T* given = nullptr;      // flat; the gradient of a single step, for which no rows are looked at
    int64_t first = 0, m = 0;      // with grads: the number of the first row within its batch, and the rows of that
    void* arena = nullptr;         // of training_parts().bytes
    bool (*poll)(void*) = nullptr; // now and then by thread 0: whether to stop
    void* asked = nullptr;         // what poll is given

    int memories() const { return grads ? 0 : optimiser.memories(); }
    bool whole() const { return !grads && optimiser.whole(); }
    double work_of_update() const { return whole() ? optimiser.iterations * plan->hidden_work : 0.; } // multiply-adds

    // `n` of its steps from number k on.
    Training some(int64_t k, int64_t n) const {
        Training part = *this;
        const int64_t row = k * steps.batch_size;
        part.steps = steps.some(k, n);
        part.order = order ? order + row : nullptr;
        part.count = count - row;
        part.costs = costs + k;
        return part;
    }
};

// A call under way, and how far it came.
template <class T>
struct TrainingRun {
    const Training<T>& call;
    int64_t done = 0; // steps
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
    void (*train)(void* run, Team& team, int thread);
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
    int64_t examples = batch * plan.members, limit = plan.whole_batch ? examples : 1024;
    return examples < limit ? examples : limit;
}
// Rows between two panels: so that panels do not compete for the same places in the caches.
inline int64_t padded_rows(int64_t rows) {
    return rows < 128 ? rows : (rows + 127) / 128 * 128 + 64;
}
// Examples that are predicted together; of a cost, those whose sum is joined first. A row's members stay together.
inline constexpr int64_t EXAMPLES_PER_BLOCK = 96;
inline int64_t rows_at_once(const Plan& plan) {
    return plan.members < EXAMPLES_PER_BLOCK ? EXAMPLES_PER_BLOCK / plan.members : 1;
}

// The parts of a training arena, in elements of T from its start.
struct Parts {
    int64_t params, grads, chunk_grads, memory[2], transposed, per_unit, losses, scratch, scratch_size, sums, values,
        whole, lengths, bytes;
};
inline Parts training_parts(const Plan& plan, int64_t batch, int itemsize, int memories, bool whole, int threads) {
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
    for (int i = 0; i < 2; i++) p.memory[i] = take(i < memories ? plan.size : 0);
    p.transposed = take(plan.transposed);
    p.per_unit = take(plan.unit_size);
    p.losses = take(chunk + line);
    p.scratch_size = (2 * plan.n_outputs + plan.targets + 2 + 2 * line) * line;
    p.scratch = take(p.scratch_size * threads);
    p.sums = take(int64_t(plan.jobs.size()) * 4 * 8 / itemsize);
    p.whole = take(whole ? plan.hidden_size : 0);
    p.lengths = take(whole ? int64_t(plan.jobs.size()) * 8 / itemsize : 0);
    p.values = take(plan.panels * padded_rows(chunk) * line);
    p.bytes = next * itemsize;
    return p;
}
inline int64_t prediction_elements(const Plan& plan, int64_t rows, int itemsize) { // of one thread
    int64_t line = 64 / itemsize, block = (rows < rows_at_once(plan) ? rows : rows_at_once(plan)) * plan.members;
    return (plan.value_panels * block + 2 * plan.n_outputs + plan.targets + 2 + 2 * line) * line;
}

} // namespace lamina
