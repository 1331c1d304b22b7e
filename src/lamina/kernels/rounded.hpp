// Z = W A_prev + b from operands in bfloat16, forward and backward: W, A_prev and dZ are rounded, sums are float32.
//
//     forward    Z = W A_prev + b          pairs of units_prev
//     backward   dA_prev = Wᵀ dZ           pairs of units
//     gradients  dW = dZ A_prevᵀ           pairs of examples
//
// A product takes two of the index that it sums over at once (matrix.hpp), so each operand lies in pairs along it:
// A_prev and dZ once in pairs of units and once in pairs of examples. W stays as it is in float32; its pairs are made
// anew after each update. Where a number is odd, the last pair is filled with 0.
#pragma once

#include "examples.hpp"
#include "layers.hpp"

namespace lamina::LAMINA_PATH {

// ---- into pairs ----

LAMINA_INLINE Panels<Pair> as_pairs(Panels<float> panels) {
    return {reinterpret_cast<Pair*>(panels.first), panels.apart};
}
LAMINA_INLINE Panels<const Pair> as_pairs(const float* first, int64_t apart) {
    return {reinterpret_cast<const Pair*>(first), apart};
}

LAMINA_INLINE void pair_rows(const float* row, const float* next, Pair* to) { // without a next row: with 0
    for (int j = 0; j < P<float>; j += WIDE<float>)
        store(to + j, pairs(load(row + j), next ? load(next + j) : Vec<float>{}));
}

// Rows [i0, i1) of a value, so many units wide, in pairs of units, panel beside half a panel.
inline void pair_units(Panels<const float> from, int64_t units, int64_t i0, int64_t i1, Panels<Pair> to) {
    constexpr int half = P<float> / 2;
    for (int64_t p = 0; p < panels_of<float>(units); p++) {
        Pair* pairs = to.at(p / 2, i0) + p % 2 * half;
        for (int64_t i = i0; i < i1; i++) neighbours(from.at(p, i), pairs + (i - i0) * P<float>);
    }
    if (units % 2)
        for (int64_t i = i0; i < i1; i++) to.at(units / 2 / P<float>, i)[units / 2 % P<float>].bits &= 0xFFFF;
}
// The same rows in pairs of rows; i0 is even.
inline void pair_examples(Panels<const float> from, int64_t units, int64_t i0, int64_t i1, Panels<Pair> to) {
    for (int64_t p = 0; p < panels_of<float>(units); p++)
        for (int64_t i = i0; i < i1; i += 2)
            pair_rows(from.at(p, i), i + 1 < i1 ? from.at(p, i + 1) : nullptr, to.at(p, i / 2));
}

// Some rows of a panel of W's transpose, up to P of them, in pairs of rows. It may be done in place.
inline void pair_rows_of(const float* panel, int64_t rows, Pair* to) {
    for (int64_t k = 0; k < rows; k += 2)
        pair_rows(panel + k * P<float>, k + 1 < rows ? panel + (k + 1) * P<float> : nullptr, to + k / 2 * P<float>);
}
// The same rows as panels of W itself in pairs of its units: a block of `rows` by `units` transposed.
inline void pair_transposed(const float* panel, int64_t rows, int64_t units, Pair* to) {
    constexpr int half = P<float> / 2;
    alignas(64) Pair block[P<float>][half] = {};
    for (int64_t k = 0; k < rows; k++) neighbours(panel + k * P<float>, block[k]);
    if (units % 2)
        for (int64_t k = 0; k < rows; k++) block[k][units / 2].bits &= 0xFFFF;
    if (units > P<float> - 2) return transpose_halves(block[0], to);
    for (int64_t u = 0; u < (units + 1) / 2; u++)
        for (int k = 0; k < P<float>; k++) to[u * P<float> + k] = block[k][u];
}

// ---- the layer ----

struct RoundedLinear : Linear {
    static constexpr bool pairs = true;
    static int64_t links(int64_t n) { return (n + 1) / 2; }
    static void check(const Layer& layer, const Plan& plan) {
        expect(plan.P == P<float>, layer.kind + " rounds float32 to bfloat16, so it takes parameters of float32");
    }
    enum { A_prev_by_examples, dZ_by_units, dZ_by_examples }; // its caches
    static void place(const Layer& layer, Op& op, Places& places) {
        op.pairs = places.value(links(layer.units_prev));
        op.caches[A_prev_by_examples] = places.extra(layer.units_prev);
        op.caches[dZ_by_units] = places.extra(links(layer.units));
        op.caches[dZ_by_examples] = places.extra(layer.units);
    }

    static void forward(const Place<float>& at, const Op& op, int64_t i0, int64_t i1) {
        const FlushDenormals here;
        const Panels<Pair> A_prev = as_pairs(at.value(op.pairs));
        pair_units(at.value(op.A_prev), op.units_prev, i0, i1, A_prev);
        if (!at.predicting())
            pair_examples(at.value(op.A_prev), op.units_prev, i0, i1, cached(at, op, A_prev_by_examples));
        across<float, Pair>(A_prev.from(0, i0), weights(at, op), at.param(op, b), links(op.units_prev), op.units,
                            i1 - i0, at.value(op.A, i0), {op.relu, nullptr});
    }
    static void prepare(const Place<float>& at, const Op& op, int64_t i0, int64_t i1) {
        pair_examples(at.value(op.dA), op.units, i0, i1, cached(at, op, dZ_by_examples));
    }
    static void backward(const Place<float>& at, const Op& op, int64_t i0, int64_t i1) {
        const FlushDenormals here;
        const Panels<Pair> dZ = cached(at, op, dZ_by_units);
        pair_units(at.value(op.dA), op.units, i0, i1, dZ);
        const float* transposed = at.transposed + at.plan.slots[op.slots[W]].transposed;
        across<float, Pair>(dZ.from(0, i0), as_pairs(transposed, links(op.units) * P<float>), nullptr, links(op.units),
                            op.units_prev, i1 - i0, at.value(op.dA_prev, i0),
                            {false, op.d_relu ? at.panel(op.A_prev, i0) : nullptr});
    }
    static void gradients(const Place<float>& at, const Op& op, const Job& job) {
        {
            const FlushDenormals here;
            outer<float, Pair>(cached(at, op, A_prev_by_examples), cached(at, op, dZ_by_examples), links(at.here),
                               op.units, job.k0, job.k1, job.p0, job.p1, {at.grad(op, W), op.units_prev * P<float>});
        }
        db(at, op, job);
    }

    // Never called: `check` lets no plan of double precision have such a layer.
    static void forward(const Place<double>&, const Op&, int64_t, int64_t) {}
    static void prepare(const Place<double>&, const Op&, int64_t, int64_t) {}
    static void backward(const Place<double>&, const Op&, int64_t, int64_t) {}
    static void gradients(const Place<double>&, const Op&, const Job&) {}

  private:
    static Panels<Pair> cached(const Place<float>& at, const Op& op, int which) {
        return as_pairs(at.value(op.caches[which]));
    }
    // The pairs of W: made by `pair_job` when training, by `pair_packed` when predicting, then where W was.
    static Panels<const Pair> weights(const Place<float>& at, const Op& op) {
        if (at.predicting()) return as_pairs(at.param(op, W), op.units_prev * P<float>);
        const Slot& slot = at.plan.slots[op.slots[W]];
        return as_pairs(at.transposed + slot.pairs, links(op.units_prev) * P<float>);
    }
};

// The pairs of a job's weights, anew after each update.
inline void pair_job(const Slot& W, const Job& job, const float* params, float* transposed) {
    Pair* const to = reinterpret_cast<Pair*>(transposed);
    const int64_t columns = RoundedLinear::links(W.columns), rows = RoundedLinear::links(W.rows);
    for (int64_t p = job.p0; p < job.p1; p++)
        for (int64_t k = job.k0; k < job.k1; k += P<float>) {
            const float* from = params + W.place + (p * W.columns + k) * P<float>;
            const int64_t here = least(P<float>, job.k1 - k), units = least(P<float>, W.rows - p * P<float>);
            pair_rows_of(from, here, to + W.pairs + (p * columns + k / 2) * P<float>);
            if (W.transposed >= 0)
                pair_transposed(from, here, units,
                                to + W.transposed + (k / P<float> * rows + p * P<float> / 2) * P<float>);
        }
}
// The pairs of a job's weights in the place of these: predictions need no more.
inline void pair_packed(const Slot& W, const Job& job, float* params) {
    for (int64_t p = job.p0; p < job.p1; p++)
        for (int64_t k = job.k0; k < job.k1; k += P<float>) {
            float* from = params + W.place + p * W.columns * P<float>;
            pair_rows_of(from + k * P<float>, least(P<float>, job.k1 - k),
                         reinterpret_cast<Pair*>(from) + k / 2 * P<float>);
        }
}

} // namespace lamina::LAMINA_PATH
