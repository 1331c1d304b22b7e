// What a layer works with: places of values, parameters and gradients; sums over units and over examples.
#pragma once

#include "elementary.hpp"
#include "plan.hpp"
#include "threads.hpp"

namespace lamina::LAMINA_PATH {

// Where everything is, for some examples of a batch.
template <class T>
struct Place {
    const Plan& plan;
    T* values; // panels, `stride` elements apart
    int64_t stride;
    const T* params;     // in panels
    const T* transposed; // W itself in panels, for dA_prev
    T* grads;
    T* per_unit;
    Team* team = nullptr; // the threads that share the examples; null when predicting
    int thread = 0;
    int64_t m = 1;     // examples of the whole batch: the m of 1/m
    int64_t here = 1;  // examples of it that are here, in rows [0, here)
    int64_t first = 0; // number within the whole batch of the example in row 0
    uint64_t seed = 0;
    int64_t step = 0;
    double dropout = 1; // what the rates of dropout are multiplied by

    // Then there are no draws, batch normalisation uses its running values, and nothing is kept for the way back.
    LAMINA_INLINE bool predicting() const { return !team; }
    LAMINA_INLINE T* panel(int64_t panel, int64_t row = 0) const { return values + panel * stride + row * P<T>; }
    LAMINA_INLINE Panels<T> value(int64_t panel, int64_t row = 0) const { return {this->panel(panel, row), stride}; }
    LAMINA_INLINE const T* param(const Op& op, int i) const { return params + plan.slots[op.slots[i]].place; }
    LAMINA_INLINE T* grad(const Op& op, int i) const { return grads + plan.slots[op.slots[i]].place; }
};

template <class T>
LAMINA_INLINE int64_t panels_of(int64_t units) {
    return (units + P<T> - 1) / P<T>;
}

// 1 in the lanes of panel p that hold units, 0 beyond.
template <class T>
LAMINA_INLINE Row<T> within(int64_t units, int64_t p) {
    T x[P<T>];
    for (int64_t u = 0; u < P<T>; u++) x[u] = p * P<T> + u < units ? T(1) : T(0);
    return Row<T>::of(x);
}

// Do f(offset) for every register of all panels of a value, rows [i0, i1); f gets the offset from the value's place.
template <class T, class F>
LAMINA_INLINE void everywhere(const Place<T>& at, int64_t units, int64_t i0, int64_t i1, F f) {
    for (int64_t p = 0; p < panels_of<T>(units); p++)
        for (int64_t x = p * at.stride + i0 * P<T>; x < p * at.stride + i1 * P<T>; x += WIDE<T>) f(x);
}

// ---- sums over units ----

// Σ over the units of f(panel) for one example; f gives a Row.
template <class T, class F>
LAMINA_INLINE T over_units(int64_t units, F f) {
    Row<T> sum = Row<T>::zero();
    for (int64_t p = 0; p < panels_of<T>(units); p++) {
        Row<T> row = f(p);
        if ((p + 1) * P<T> > units) {
            Row<T> mask = within<T>(units, p);
            for (int j = 0; j < NV<T>; j++) row.v[j] = mask.v[j] != T(0) ? row.v[j] : Vec<T>{};
        }
        for (int j = 0; j < NV<T>; j++) sum.v[j] += row.v[j];
    }
    return sum.sum();
}

// ---- sums over examples ----

// Σ over rows [0, n) of f(row), for one panel: in pieces of so many rows, one after the other.
inline constexpr int64_t ROWS_OF_A_SUM = 256;
template <class T, class F>
LAMINA_INLINE Row<T> over_examples(int64_t n, F f) {
    Row<T> sum = Row<T>::zero();
    for (int64_t i = 0; i < n; i += ROWS_OF_A_SUM) {
        Row<T> part = Row<T>::zero();
        for (int64_t e = i; e < n && e < i + ROWS_OF_A_SUM; e++) {
            Row<T> row = f(e);
            for (int j = 0; j < NV<T>; j++) part.v[j] += row.v[j];
        }
        for (int j = 0; j < NV<T>; j++) sum.v[j] += part.v[j];
    }
    return sum;
}
// Σ over the examples of one panel, and of the product of two
template <class T>
LAMINA_INLINE Row<T> sum_of(const Place<T>& at, int64_t a) {
    return over_examples<T>(at.here, [&](int64_t i) { return Row<T>::of(at.panel(a, i)); });
}
template <class T>
LAMINA_INLINE Row<T> sum_of_product(const Place<T>& at, int64_t a, int64_t b) {
    return over_examples<T>(at.here, [&](int64_t i) {
        Row<T> x = Row<T>::of(at.panel(a, i)), y = Row<T>::of(at.panel(b, i));
        for (int j = 0; j < NV<T>; j++) x.v[j] *= y.v[j];
        return x;
    });
}

} // namespace lamina::LAMINA_PATH
