// Rows in, losses out: A[0] in panels, and dZ[L] from what the last layer gives.
#pragma once

#include "losses.hpp"
#include "place.hpp"

namespace lamina::LAMINA_PATH {

LAMINA_INLINE int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

// A[0] of rows [i0, i1): row `example(i)` of X.
template <class T, class Example>
LAMINA_INLINE void take_rows(const Place<T>& at, const T* X, int64_t rows, int64_t i0, int64_t i1, Example example) {
    const int64_t n = at.plan.n_inputs, whole = n / P<T>, rest = n % P<T>;
    const Row<T> mask = within<T>(n, whole);
    for (int64_t i = i0; i < i1; i++) {
        int64_t e = example(i);
        const T* x = X + e * n;
        for (int64_t p = 0; p < whole; p++) Row<T>::of(x + p * P<T>).into(at.panel(p, i));
        if (!rest) continue;
        T* to = at.panel(whole, i);
        if (rows - e > P<T>) { // what is read beyond the row are the next rows
            Row<T> r = Row<T>::of(x + whole * P<T>);
            for (int j = 0; j < NV<T>; j++) r.v[j] = mask.v[j] != T(0) ? r.v[j] : Vec<T>{};
            r.into(to);
        } else {
            for (int64_t u = 0; u < P<T>; u++) to[u] = u < rest ? x[whole * P<T> + u] : T(0);
        }
    }
}

// Bring a row of X, or of Y, nearer ahead of time: what the processor does not guess. It guesses the end of a long row.
template <class T>
LAMINA_INLINE void fetch_row(const T* rows, int64_t n, int64_t row) {
    const T *x = rows + row * n, *end = x + least(n, 4 * P<T>);
    for (; x < end; x += P<T>) __builtin_prefetch(x, 0, 2);
    __builtin_prefetch(end - 1, 0, 2);
}

// Targets and weights of P examples side by side; of `n` examples, the others repeat the last.
template <class T, class Example>
LAMINA_INLINE void take_targets(const Plan& plan, const T* Y, const T* weights, int64_t i, int64_t n, Example example,
                                T* Y_side_by_side, T* w) {
    for (int64_t e = 0; e < P<T>; e++) {
        int64_t row = example(i + (e < n ? e : n - 1));
        for (int64_t t = 0; t < plan.targets; t++) Y_side_by_side[t * P<T> + e] = Y[row * plan.targets + t];
        w[e] = weights ? weights[row] : T(1);
    }
}

// w L of rows [i0, i1) into `losses` and, where wanted, dZ = w dL/dZ / m into the place of the last layer's dZ.
template <class T, class Example>
void take_losses(const Place<T>& at, const T* Y, const T* weights, int64_t i0, int64_t i1, Example example, T* scratch,
                 T* losses, bool derivative) {
    const Plan& plan = at.plan;
    T *Z = scratch, *dZ = Z + plan.n_outputs * P<T>, *Y_ = dZ + plan.n_outputs * P<T>, *w = Y_ + plan.targets * P<T>;
    T* L = w + P<T>;
    with_loss<T>(plan.loss, [&](auto loss) {
        for (int64_t i = i0; i < i1; i += P<T>) {
            int64_t n = least(P<T>, i1 - i);
            from_panels<T>(at.panel(plan.Z), at.stride, i, n, plan.n_outputs, Z);
            take_targets<T>(plan, Y, weights, i, n, example, Y_, w);
            for (int j = 0; j < P<T>; j += WIDE<T>) {
                Column<T> c{plan, Z + j, Y_ + j};
                store(L + j, load(w + j) * loss.losses(c));
                if (!derivative) continue;
                loss.dZ(c, dZ + j);
                const Vec<T> share = load(w + j) / T(at.m);
                for (int64_t u = 0; u < plan.n_outputs; u++) store(dZ + u * P<T> + j, load(dZ + u * P<T> + j) * share);
            }
            for (int64_t e = 0; e < n; e++) losses[i + e] = L[e];
            if (derivative) to_panels<T>(dZ, plan.n_outputs, n, at.panel(plan.dZ), at.stride, i);
        }
    });
}

// Σ in double precision, in four chains joined in order.
template <class T>
double total(const T* x, int64_t n) {
    double s[4] = {};
    for (int64_t i = 0; i < n; i++) s[i % 4] += double(x[i]);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

} // namespace lamina::LAMINA_PATH
