// Parameters in panels: from and to Python's flat vector, the end of a gradient, and the update.
//
// Each function does what one job carries; which thread has which jobs is training.hpp's affair.
#pragma once

#include "calls.hpp"
#include "examples.hpp"
#include "optimisers.hpp"
#include "rounded.hpp"

namespace lamina::LAMINA_PATH {

// ---- between Python's flat vector and panels ----

// Do f(slot, k0, k1) for what a job carries: its rows of the op's first slot and, with the first of them, the others.
template <class F>
LAMINA_INLINE void slots_of(const Plan& plan, const Job& job, F f) {
    const Op& op = plan.ops[job.op];
    f(plan.slots[op.slots[0]], job.k0, job.k1);
    for (int i = 1; i < 4 && job.k0 == 0; i++)
        if (op.slots[i] >= 0) f(plan.slots[op.slots[i]], int64_t(0), plan.slots[op.slots[i]].columns);
}

template <class T>
void pack(const Plan& plan, const Job& job, const T* flat, T* packed) {
    slots_of(plan, job, [&](const Slot& W, int64_t k0, int64_t k1) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t k = k0; k < k1; k += P<T>)
                transpose_corner<T>(flat + W.flat + p * P<T> * W.columns + k, W.columns, least(P<T>, W.rows - p * P<T>),
                                    least(P<T>, k1 - k), packed + W.place + (p * W.columns + k) * P<T>, P<T>);
    });
}
template <class T>
void unpack(const Plan& plan, const Job& job, const T* packed, T* flat) {
    slots_of(plan, job, [&](const Slot& W, int64_t k0, int64_t k1) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t k = k0; k < k1; k += P<T>) {
                const T* from = packed + W.place + (p * W.columns + k) * P<T>;
                T* to = flat + W.flat + p * P<T> * W.columns + k;
                int64_t units = least(P<T>, W.rows - p * P<T>), wide = least(P<T>, k1 - k);
                if (units == P<T> && wide == P<T>)
                    transpose_block<T>(from, P<T>, to, W.columns);
                else
                    for (int64_t u = 0; u < units; u++)
                        for (int64_t j = 0; j < wide; j++) to[u * W.columns + j] = from[j * P<T> + u];
            }
    });
}
// What products need of W beside it: panels of W itself from those of its transpose, for dA_prev = Wᵀ dZ; pairs.
template <class T>
void transpose(const Plan& plan, const Job& job, const T* params, T* transposed) {
    const Slot& W = plan.slots[plan.ops[job.op].slots[0]];
    if constexpr (sizeof(T) == sizeof(float))
        if (W.pairs >= 0) return pair_job(W, job, params, transposed);
    if (W.transposed < 0) return;
    for (int64_t p = job.p0; p < job.p1; p++)
        for (int64_t k = job.k0; k < job.k1; k += P<T>) {
            const T* from = params + W.place + (p * W.columns + k) * P<T>; // rows k.., columns p * P..
            T* to = transposed + W.transposed + (k / P<T> * W.rows + p * P<T>)*P<T>;
            transpose_corner<T>(from, P<T>, least(P<T>, job.k1 - k), least(P<T>, W.rows - p * P<T>), to, P<T>);
        }
}

template <class T>
void pack_all(const Plan& plan, const T* flat, T* packed) {
    for (const Job& job : plan.jobs) {
        pack(plan, job, flat, packed);
        if constexpr (sizeof(T) == sizeof(float))
            if (const Slot& W = plan.slots[plan.ops[job.op].slots[0]]; W.pairs >= 0) pair_packed(W, job, packed);
    }
}

// ---- the end of a gradient ----

// Do f(slot, place, n) for every stretch of the arena that a job owns.
template <class T, class F>
LAMINA_INLINE void stretches(const Plan& plan, const Job& job, F f) {
    slots_of(plan, job, [&](const Slot& s, int64_t k0, int64_t k1) {
        if (s.columns == 1) return f(s, s.place + job.p0 * P<T>, (job.p1 - job.p0) * P<T>);
        for (int64_t p = job.p0; p < job.p1; p++) f(s, s.place + (p * s.columns + k0) * P<T>, (k1 - k0) * P<T>);
    });
}

// Sums over a job's parameters.
struct Sums {
    double g2, W2, W1; // Σ g², Σ W², Σ |W|
    double finite;     // 0, or NaN where a gradient is not finite

    LAMINA_INLINE void add(const Sums& more) { g2 += more.g2, W2 += more.W2, W1 += more.W1, finite += more.finite; }
};

// Add the penalty's part, for a training set of so many `examples` (0: without it); see whether all is finite; sum
// squares where they are wanted.
template <class T>
Sums finish_gradient(const Plan& plan, const Job& job, const T* params, T* grads, int64_t examples, bool norm) {
    const bool penalty = examples > 0 && (plan.l1 != 0 || plan.l2 != 0);
    const double m = penalty ? double(examples) : 1;
    const Vec<T> l2 = all(T(plan.l2 / m)), l1 = all(T(plan.l1 / m));
    Row<T> finite = Row<T>::zero();
    Sums sums{};
    stretches<T>(plan, job, [&](const Slot& s, int64_t place, int64_t n) {
        T* g = grads + place;
        const T* W = params + place;
        if (penalty && s.weight) {
            Row<T> W2 = Row<T>::zero(), W1 = W2;
            for (int64_t i = 0; i < n; i += P<T>)
                for (int j = 0; j < NV<T>; j++) {
                    const int64_t x = i + j * WIDE<T>;
                    Vec<T> w = load(W + x);
                    store(g + x, fma(l1, sign<T>(w), fma(l2, w, load(g + x))));
                    W2.v[j] = fma(w, w, W2.v[j]);
                    W1.v[j] += magnitude<T>(w);
                }
            sums.W2 += double(W2.sum());
            sums.W1 += double(W1.sum());
        }
        if (norm && !s.statistic) {
            Row<T> g2 = Row<T>::zero();
            for (int64_t i = 0; i < n; i += P<T>)
                for (int j = 0; j < NV<T>; j++) {
                    Vec<T> d = load(g + i + j * WIDE<T>);
                    g2.v[j] = fma(d, d, g2.v[j]);
                }
            sums.g2 += double(g2.sum());
        }
        Row<T> a = Row<T>::zero(),
               b = a; // 0 * g is NaN where g is not finite; two chains, for they wait for themselves
        int64_t i = 0;
        for (; i + 2 * P<T> <= n; i += 2 * P<T>)
            for (int j = 0; j < NV<T>; j++) {
                a.v[j] = fma(load(g + i + j * WIDE<T>), Vec<T>{}, a.v[j]);
                b.v[j] = fma(load(g + i + P<T> + j * WIDE<T>), Vec<T>{}, b.v[j]);
            }
        for (; i < n; i += P<T>)
            for (int j = 0; j < NV<T>; j++) a.v[j] = fma(load(g + i + j * WIDE<T>), Vec<T>{}, a.v[j]);
        for (int j = 0; j < NV<T>; j++) finite.v[j] += a.v[j] + b.v[j];
    });
    sums.finite = double(finite.sum());
    return sums;
}

// ---- the update ----

// Hidden matrices are left where the rule moves them whole: see whole.hpp.
template <class T>
void move(const Plan& plan, const Job& job, const Optimiser& optimiser, const Numbers<T>& numbers, double rate,
          double weight_decay, double shorten, T* params, const T* grads, T* const (&memory)[2]) {
    stretches<T>(plan, job, [&](const Slot& s, int64_t place, int64_t n) {
        if (s.statistic) {
            for (int64_t i = place; i < place + n; i += WIDE<T>) store(params + i, load(params + i) - load(grads + i));
            return;
        }
        if (s.hidden && optimiser.whole()) return;
        Move how{rate * s.rate, weight_decay * s.decay, shorten};
        update<T>(optimiser, numbers, how, params + place, grads + place, memory[0] ? memory[0] + place : nullptr,
                  memory[1] ? memory[1] + place : nullptr, n);
    });
}

// The same on Python's flat vectors, for one gradient of any origin; for rules that move each number by itself.
template <class T>
void update_flat(const Update<T>& call) {
    const Plan& plan = *call.plan;
    double shorten = 1;
    if (call.optimiser.clips) {
        double g2 = 0, clip = call.optimiser.clip_norm;
        for (int64_t i = 0; i < plan.trained; i++) g2 += double(call.grads[i]) * double(call.grads[i]);
        double norm = __builtin_sqrt(g2);
        shorten = clip / (norm > clip ? norm : clip);
    }
    const int memories = call.optimiser.memories();
    const Numbers<T> numbers(call.optimiser, call.step + 1);
    for (const Slot& s : plan.slots) {
        int64_t n = s.rows * s.columns;
        T* p = call.params + s.flat;
        const T* g = call.grads + s.flat;
        if (s.statistic) {
            for (int64_t i = 0; i < n; i++) p[i] -= g[i];
            continue;
        }
        Move how{call.rate * s.rate, call.optimiser.weight_decay * call.decay * s.decay, shorten};
        update<T>(call.optimiser, numbers, how, p, g, memories > 0 ? call.memory + s.flat : nullptr,
                  memories > 1 ? call.memory + plan.flat_size + s.flat : nullptr, n);
    }
}

} // namespace lamina::LAMINA_PATH
