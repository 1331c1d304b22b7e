// The layers of a dense network, forward and backward side by side, as in equations/layers.py.
//
//     forward    Z = W A_prev + b                 A = g(Z)
//     backward   dZ = dA * g'(Z)
//                dW = (1/m) dZ A_prevᵀ            db = (1/m) Σ dZ over the examples
//                dA_prev = Wᵀ dZ
//
// dZ of the last layer comes with the 1/m in it, so no 1/m stands here.
//
// A layer is a struct. What it says of itself (its settings, width, shapes, ...) is asked once, by compile.cpp, and has
// its defaults in compile.hpp. The rest works on rows [i0, i1) of the examples:
//
//     forward(at, op, i0, i1)      A from A_prev
//     prepare(at, op, i0, i1)      on the way back, before the other two: what both need
//     backward(at, op, i0, i1)     dA_prev from dA; only where something before the layer is trained
//     gradients(at, op, job)       of its parameters, over all rows, for the panels and rows of the job
#pragma once

#include "activations.hpp"
#include "compile.hpp"
#include "place.hpp"
#include "products.hpp"
#include "random.hpp"

namespace lamina::LAMINA_PATH {

// ---- Z = W A_prev + b ----

struct Linear : LayerDefaults {
    enum { W, b };
    static constexpr Names settings{"ntk"}; // which stands in the factors of W
    static constexpr bool free_A = true, transposed = true;
    static int64_t width(const Layer& layer) { return layer.units; }
    static Shapes shapes(const Layer& layer) { return {{"W", layer.units, layer.units_prev}, {"b", layer.units, 1}}; }
    static double work(const Op& op, int) { return double(op.units) * double(op.units_prev); }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        across<T>(at.value(op.A_prev, i0), {at.param(op, W), op.units_prev * P<T>}, at.param(op, b), op.units_prev,
                  op.units, i1 - i0, at.value(op.A, i0), {op.relu, nullptr});
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const T* transposed = at.transposed + at.plan.slots[op.slots[W]].transposed;
        across<T>(at.value(op.dA, i0), {transposed, op.units * P<T>}, nullptr, op.units, op.units_prev, i1 - i0,
                  at.value(op.dA_prev, i0), {false, op.d_relu ? at.panel(op.A_prev, i0) : nullptr});
    }
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        outer<T>(at.value(op.A_prev), at.value(op.dA), at.here, op.units, job.k0, job.k1, job.p0, job.p1,
                 {at.grad(op, W), op.units_prev * P<T>});
        db(at, op, job);
    }
    template <class T>
    static void db(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1 && job.k0 == 0; p++) sum_of(at, op.dA + p).into(at.grad(op, b) + p * P<T>);
    }
};

// ---- A = g(Z) ----

struct Activation : LayerDefaults {
    static constexpr Names settings{"function"};
    static constexpr bool over_dA = true;
    static bool is_identity(const Op& op) { return op.function == Function::identity; }
    static bool over_Z(const Op& op) {
        return with_activation<float>(op.function, [](auto g) { return !g.needs_Z; });
    }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (op.done_forward) return;
        with_activation<T>(op.function, [&](auto g) {
            const T* Z = at.panel(op.A_prev);
            T* A = at.panel(op.A);
            everywhere(at, op.units, i0, i1, [&](int64_t x) { store(A + x, g.g(load(Z + x))); });
        });
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (op.done_backward) return;
        with_activation<T>(op.function, [&](auto g) {
            const T *Z = at.panel(op.A_prev), *A = at.panel(op.A), *dA = at.panel(op.dA);
            T* dZ = at.panel(op.dA_prev);
            everywhere(at, op.units, i0, i1,
                       [&](int64_t x) { store(dZ + x, load(dA + x) * g.dg(load(Z + x), load(A + x))); });
        });
    }
};

// ---- dropout: A = A_prev D / (1 - rate) ----

struct Dropout : LayerDefaults {
    enum { rate };
    static constexpr Names settings{"rate"};
    static constexpr bool over_dA = true, members_differ = true;
    static void check(const Layer& layer, const Plan&) {
        const double rate = layer.number("rate");
        expect(rate >= 0 && rate < 1, "rate of dropout");
    }
    static void place(const Layer& layer, Op& op, Places& places) {
        const double rate = layer.number("rate");
        op.caches[0] = places.extra(op.units); // D
        if (rate > places.plan.highest_rate) places.plan.highest_rate = rate;
    }

    template <class T>
    static LAMINA_INLINE double rate_of(const Place<T>& at, const Op& op) {
        return op.settings[rate] * at.dropout;
    }
    template <class T>
    static LAMINA_INLINE void drop(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0, int64_t i1) {
        const T *D = at.panel(op.caches[0]), *a = at.panel(from);
        T* b = at.panel(to);
        const Vec<T> scale = all(T(1 / (1 - rate_of(at, op))));
        everywhere(at, op.units, i0, i1,
                   [&](int64_t x) { store(b + x, load(D + x) != T(0) ? load(a + x) * scale : Vec<T>{}); });
    }
    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (at.predicting())
            return everywhere(at, op.units, i0, i1,
                              [&](int64_t x) { store(at.panel(op.A) + x, load(at.panel(op.A_prev) + x)); });
        double threshold = __builtin_rint(rate_of(at, op) * 0x1p16); // half to even, as Python rounds
        uint16_t least = uint16_t(threshold < 0xFFFF ? threshold : 0xFFFF);
        for (int64_t p = 0; p < panels_of<T>(op.units); p++)
            for (int64_t i = i0; i < i1; i += 4)
                kept<T>(op.units, at.first + i, i1 - i, p, least, op.layer, uint32_t(at.step), at.seed,
                        at.panel(op.caches[0] + p, i));
        drop(at, op, op.A_prev, op.A, i0, i1);
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        drop(at, op, op.dA, op.dA_prev, i0, i1);
    }
};

// ---- scale: A = s A_prev; backward dA_prev = s dA ----

struct Scale : LayerDefaults {
    enum { s };
    static constexpr Names settings{"rate_factor"}; // which stands in the factors of s
    static Shapes shapes(const Layer& layer) { return {{"s", layer.units, 1}}; }

    template <class T>
    static LAMINA_INLINE void scale(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0,
                                    int64_t i1) {
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            Row<T> factor = Row<T>::of(at.param(op, s) + p * P<T>);
            for (int64_t i = i0; i < i1; i++) {
                Row<T> x = Row<T>::of(at.panel(from + p, i));
                for (int j = 0; j < NV<T>; j++) x.v[j] *= factor.v[j];
                x.into(at.panel(to + p, i));
            }
        }
    }
    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        scale(at, op, op.A_prev, op.A, i0, i1);
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        scale(at, op, op.dA, op.dA_prev, i0, i1);
    }
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1; p++)
            sum_of_product(at, op.dA + p, op.A_prev + p).into(at.grad(op, s) + p * P<T>);
    }
};

// ---- parametric activation: A = Z + mix (G - Z) with G = g(Z); backward dZ = dA (1 + mix (g'(Z) - 1)) ----

struct ParametricActivation : LayerDefaults {
    enum { mix };
    static constexpr Names settings{"function", "rate_factor"}; // the second stands in the factors of mix
    static Shapes shapes(const Layer& layer) { return {{"mix", layer.units, 1}}; }
    static void place(const Layer&, Op& op, Places& places) { op.caches[0] = places.extra(op.units); } // G

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const bool keep = !at.predicting();
        with_activation<T>(op.function, [&](auto g) {
            for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
                const Row<T> share = Row<T>::of(at.param(op, mix) + p * P<T>);
                for (int64_t i = i0; i < i1; i++) {
                    Row<T> Z = Row<T>::of(at.panel(op.A_prev + p, i)), G, A;
                    for (int j = 0; j < NV<T>; j++) {
                        G.v[j] = g.g(Z.v[j]);
                        A.v[j] = fma(share.v[j], G.v[j] - Z.v[j], Z.v[j]);
                    }
                    if (keep) G.into(at.panel(op.caches[0] + p, i));
                    A.into(at.panel(op.A + p, i));
                }
            }
        });
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        with_activation<T>(op.function, [&](auto g) {
            for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
                const Row<T> share = Row<T>::of(at.param(op, mix) + p * P<T>);
                for (int64_t i = i0; i < i1; i++) {
                    Row<T> Z = Row<T>::of(at.panel(op.A_prev + p, i)), G = Row<T>::of(at.panel(op.caches[0] + p, i)),
                           d = Row<T>::of(at.panel(op.dA + p, i));
                    for (int j = 0; j < NV<T>; j++) d.v[j] *= fma(share.v[j], g.dg(Z.v[j], G.v[j]) - T(1), all(T(1)));
                    d.into(at.panel(op.dA_prev + p, i));
                }
            }
        });
    }
    // dmix = Σ dA (G - Z)
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1; p++)
            over_examples<T>(at.here, [&](int64_t i) {
                Row<T> d = Row<T>::of(at.panel(op.dA + p, i)), G = Row<T>::of(at.panel(op.caches[0] + p, i)),
                       Z = Row<T>::of(at.panel(op.A_prev + p, i));
                for (int j = 0; j < NV<T>; j++) d.v[j] *= G.v[j] - Z.v[j];
                return d;
            }).into(at.grad(op, mix) + p * P<T>);
    }
};

// ---- residual: A = A_prev + chain(A_prev) ----
//
// Its chain stands between two ops: where the skip leaves, and where it returns.

struct Residual : LayerDefaults {
    static constexpr Names settings{"chain"};

    template <class T>
    static LAMINA_INLINE void add(const Place<T>& at, const Op& op, int64_t a, int64_t b, int64_t sum, int64_t i0,
                                  int64_t i1) {
        everywhere(at, op.units, i0, i1,
                   [&](int64_t x) { store(at.panel(sum) + x, load(at.panel(a) + x) + load(at.panel(b) + x)); });
    }
    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (op.returns) add(at, op, op.skip, op.A_prev, op.A, i0, i1);
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (!op.returns) add(at, op, op.dA_prev, op.d_skip, op.dA_prev, i0, i1);
    }
};

} // namespace lamina::LAMINA_PATH
