// What a column is looked up in, forward and backward side by side, as in equations/embeddings.py: vectors for
// categories, waves for numbers. Both keep the units that they do not replace and put theirs behind.
#pragma once

#include "layers.hpp"

#include <type_traits>

namespace lamina::LAMINA_PATH {

// ---- units that move ----

// Copy n <= P numbers: by 16, 8, 4, 2 and 1, which the compiler does without a loop.
template <class T, int SIZE = P<T>>
LAMINA_INLINE void copy_some(const T* from, T* to, int64_t n) {
    if (n & SIZE) std::memcpy(to, from, SIZE * sizeof(T)), from += SIZE, to += SIZE;
    if constexpr (SIZE > 1) copy_some<T, SIZE / 2>(from, to, n);
}

// Units of value a to where they are in value b; backwards: from their place in b to that in a.
template <class T>
LAMINA_INLINE void move_units(const Place<T>& at, const std::vector<Run>& runs, int64_t a, int64_t b, bool backwards,
                              int64_t i0, int64_t i1) {
    for (const Run& run : runs)
        for (int64_t done = 0, n; done < run.n; done += n) {
            int64_t u = run.from + done, v = run.to + done, x = u % P<T>, y = v % P<T>;
            n = run.n - done;
            if (n > P<T> - x) n = P<T> - x;
            if (n > P<T> - y) n = P<T> - y;
            for (int64_t i = i0; i < i1; i++) {
                T *from = at.at(a + u / P<T>, i) + x, *to = at.at(b + v / P<T>, i) + y;
                backwards ? copy_some(to, from, n) : copy_some(from, to, n);
            }
        }
}
// 0 in the last panel of a value, for the lanes beyond its units.
template <class T>
LAMINA_INLINE void clear_end(const Place<T>& at, int64_t a, int64_t units, int64_t i0, int64_t i1) {
    if (units % P<T> == 0) return;
    for (int64_t i = i0; i < i1; i++) Row<T>::zero().into(at.at(a + units / P<T>, i));
}
template <class T>
LAMINA_INLINE T* unit_of(const Place<T>& at, int64_t a, int64_t u, int64_t i) {
    return at.at(a + u / P<T>, i) + u % P<T>;
}

// ---- embedding: a column that holds the number of a category becomes a column of E ----

// The column of E for example i and the column number c; NaN counts as 0.
template <class T>
LAMINA_INLINE int64_t place_in_E(const Place<T>& at, const Op& op, int64_t c, int64_t i) {
    double x = double(*unit_of(at, op.A_prev, op.columns.units[c], i)), last = double(op.columns.levels[c] - 1);
    x = x > 0 ? x : 0;
    return op.columns.first[c] + int64_t(x < last ? x : last);
}
// The units of A that column c became, a panel of E at a time: f(panel, lane in A, how many).
template <class T, class F>
LAMINA_INLINE void looked_up(const Op& op, int64_t c, int64_t p0, int64_t p1, F f) {
    const int64_t size = op.columns.size, start = op.units - (int64_t(op.columns.units.size()) - c) * size;
    for (int64_t p = p0; p < p1; p++) f(p, start + p * P<T>, size - p * P<T> < P<T> ? size - p * P<T> : P<T>);
}

template <class T>
void embedding_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    const T* E = at.param(op, 0);
    const int64_t all_levels = at.plan.slots[op.slots[0]].columns;
    clear_end(at, op.A, op.units, i0, i1);
    move_units(at, op.columns.kept, op.A_prev, op.A, false, i0, i1);
    for (int64_t c = 0; c < int64_t(op.columns.units.size()); c++)
        for (int64_t i = i0; i < i1; i++) {
            const T* e = E + place_in_E(at, op, c, i) * P<T>;
            looked_up<T>(op, c, 0, panels_of<T>(op.columns.size), [&](int64_t p, int64_t u, int64_t n) {
                const T* from = e + p * all_levels * P<T>;
                int64_t room = P<T> - u % P<T>, here = n < room ? n : room;
                copy_some(from, unit_of(at, op.A, u, i), here);
                if (here < n) copy_some(from + here, unit_of(at, op.A, u + here, i), n - here);
            });
        }
}
// dA_prev = dA where a unit was kept; a category has no slope: 0
template <class T>
void embedding_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    everywhere(at, op.units_prev, i0, i1, [&](int64_t x) { store(at.at(op.dA_prev) + x, Vec<T>{}); });
    move_units(at, op.columns.kept, op.dA_prev, op.dA, true, i0, i1);
}
// Add n <= P numbers to others.
template <class T, int SIZE = P<T>>
LAMINA_INLINE void add_some(const T* from, T* to, int64_t n) {
    if (n & SIZE) {
        for (int j = 0; j < SIZE; j++) to[j] += from[j];
        from += SIZE, to += SIZE;
    }
    if constexpr (SIZE > 1) add_some<T, SIZE / 2>(from, to, n);
}
// dE[:, place] += dA of the looked up units, example after example; for panels [p0, p1) and places [k0, k1) of E.
template <class T>
void embedding_gradients(const Place<T>& at, const Op& op, int64_t m, int64_t p0, int64_t p1, int64_t k0, int64_t k1) {
    T* dE = at.grad(op, 0);
    const int64_t all_levels = at.plan.slots[op.slots[0]].columns;
    for (int64_t p = p0; p < p1; p++) std::memset(dE + (p * all_levels + k0) * P<T>, 0, (k1 - k0) * P<T> * sizeof(T));
    for (int64_t c = 0; c < int64_t(op.columns.units.size()); c++) {
        if (op.columns.first[c] >= k1 || op.columns.first[c] + op.columns.levels[c] <= k0) continue;
        for (int64_t i = 0; i < m; i++) {
            const int64_t place = place_in_E(at, op, c, i);
            if (place < k0 || place >= k1) continue;
            looked_up<T>(op, c, p0, p1, [&](int64_t p, int64_t u, int64_t n) {
                int64_t room = P<T> - u % P<T>, here = n < room ? n : room;
                T* to = dE + (p * all_levels + place) * P<T>;
                add_some(unit_of(at, op.dA, u, i), to, here);
                if (here < n) add_some(unit_of(at, op.dA, u + here, i), to + here, n - here);
            });
        }
    }
}

// ---- periodic: every chosen number x brings V cos(2 pi F x + phi) + c ----
//
// Lanes are numbers. X and U are values of their own: the numbers side by side, and the new units (later dU), those of
// all numbers before the second of any.

// The arrays of one panel of numbers: rows of F and phi, `frequencies` rows of V for each output, rows of c.
template <class T, class Pointer>
struct Waves {
    Pointer F, phi, V, c;
    const int64_t frequencies, outputs;

    Waves(const Op& op, int64_t p, Pointer F, Pointer phi, Pointer V, Pointer c)
        : F(F + p * op.columns.frequencies * P<T>), phi(phi + p * op.columns.frequencies * P<T>),
          V(V + p * op.columns.frequencies * op.columns.outputs * P<T>), c(c + p * op.columns.outputs * P<T>),
          frequencies(op.columns.frequencies), outputs(op.columns.outputs) {}
    LAMINA_INLINE Pointer v(int64_t j, int64_t k) const { return V + (j * frequencies + k) * P<T>; }
    // 2 pi F x + phi
    LAMINA_INLINE Vec<T> angle(int64_t k, int r, Vec<T> x) const {
        const int64_t lane = k * P<T> + r * WIDE<T>;
        return fma(two_pi * load(F + lane), x, load(phi + lane));
    }
    static constexpr T two_pi = T(6.283185307179586477);
};
template <class T>
Waves<T, const T*> waves(const Place<T>& at, const Op& op, int64_t p) {
    return {op, p, at.param(op, 0), at.param(op, 1), at.param(op, 2), at.param(op, 3)};
}
template <class T>
Waves<T, T*> wave_gradients(const Place<T>& at, const Op& op, int64_t p) {
    return {op, p, at.grad(op, 0), at.grad(op, 1), at.grad(op, 2), at.grad(op, 3)};
}

// Do f(j0, count) for some of the outputs at a time, `count` of them, which the compiler knows.
template <class F, int MOST = 4>
LAMINA_INLINE void some_outputs(int64_t outputs, F f, int64_t j0 = 0) {
    if constexpr (MOST > 0) {
        for (; outputs - j0 >= MOST; j0 += MOST) f(j0, std::integral_constant<int, MOST>{});
        some_outputs<F, MOST - 1>(outputs, f, j0);
    }
}
// The place of U for output j of panel p.
template <class T>
LAMINA_INLINE int64_t U_of(const Op& op, int64_t j, int64_t p) {
    return op.columns.U + j * panels_of<T>(int64_t(op.columns.units.size())) + p;
}

template <class T>
void periodic_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    const Columns& columns = op.columns;
    const int64_t numbers = int64_t(columns.units.size());
    clear_end(at, columns.X, numbers, i0, i1);
    move_units(at, columns.chosen, op.A_prev, columns.X, false, i0, i1);
    for (int64_t p = 0; p < panels_of<T>(numbers); p++) {
        const auto w = waves(at, op, p);
        some_outputs(w.outputs, [&](int64_t j0, auto count) {
            constexpr int n = count;
            for (int64_t i = i0; i < i1; i++) {
                Row<T> x = Row<T>::of(at.at(columns.X + p, i)), U[n];
#pragma GCC unroll 4
                for (int j = 0; j < n; j++) U[j] = Row<T>::of(w.c + (j0 + j) * P<T>);
                for (int64_t k = 0; k < w.frequencies; k++)
#pragma GCC unroll 4
                    for (int r = 0; r < NV<T>; r++) {
                        Vec<T> wave = Turned<T>(w.angle(k, r, x.v[r])).cos();
#pragma GCC unroll 4
                        for (int j = 0; j < n; j++)
                            U[j].v[r] = fma(load(w.v(j0 + j, k) + r * WIDE<T>), wave, U[j].v[r]);
                    }
#pragma GCC unroll 4
                for (int j = 0; j < n; j++) U[j].into(at.at(U_of<T>(op, j0 + j, p), i));
            }
        });
    }
    clear_end(at, op.A, op.units, i0, i1);
    move_units(at, columns.kept, op.A_prev, op.A, false, i0, i1);
    move_units(at, columns.made, columns.U, op.A, false, i0, i1);
}

// Of one wave and some of the outputs: Σ_j V dU, what the derivative of the wave is multiplied by.
template <class T, int N>
struct Above {
    Vec<T> V[N], dU[N];

    LAMINA_INLINE void weights(const Waves<T, const T*>& w, int64_t j0, int64_t k, int r) {
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) V[j] = load(w.v(j0 + j, k) + r * WIDE<T>);
    }
    LAMINA_INLINE void derivatives(const Place<T>& at, const Op& op, int64_t j0, int64_t p, int r, int64_t i) {
#pragma GCC unroll 4
        for (int j = 0; j < N; j++) dU[j] = load(at.at(U_of<T>(op, j0 + j, p), i) + r * WIDE<T>);
    }
    LAMINA_INLINE Vec<T> sum() const {
        Vec<T> s = V[0] * dU[0];
#pragma GCC unroll 4
        for (int j = 1; j < N; j++) s = fma(V[j], dU[j], s);
        return s;
    }
};

// dU, for the gradients; dA_prev = dA + 2 pi Σ_k F dangle at the numbers, with dangle = -sin(angle) Σ_j V dU
template <class T>
void periodic_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    const Columns& columns = op.columns;
    const int64_t numbers = int64_t(columns.units.size());
    move_units(at, columns.made, columns.U, op.dA, true, i0, i1);
    if (!op.back) return;
    clear_end(at, op.dA_prev, op.units_prev, i0, i1);
    move_units(at, columns.kept, op.dA_prev, op.dA, true, i0, i1);
    for (int64_t p = 0; p < panels_of<T>(numbers); p++) {
        const auto w = waves(at, op, p);
        some_outputs(w.outputs, [&](int64_t j0, auto count) {
            for (int64_t i = i0; i < i1; i++) {
                Row<T> x = Row<T>::of(at.at(columns.X + p, i)), minus;
                for (int r = 0; r < NV<T>; r++) {
                    Above<T, count> above;
                    above.derivatives(at, op, j0, p, r, i);
                    Vec<T> sum{};
                    for (int64_t k = 0; k < w.frequencies; k++) {
                        above.weights(w, j0, k, r);
                        Vec<T> dangle = Turned<T>(w.angle(k, r, x.v[r])).sin() * above.sum();
                        sum = fma(load(w.F + k * P<T> + r * WIDE<T>), dangle, sum);
                    }
                    minus.v[r] = w.two_pi * sum;
                }
                T lanes[P<T>];
                minus.into(lanes);
                for (int64_t l = 0; l < P<T> && p * P<T> + l < numbers; l++)
                    *unit_of(at, op.dA_prev, columns.units[p * P<T> + l], i) -= lanes[l];
            }
        });
    }
}

// Put a sum over some examples into a row of a gradient, which starts with the first examples.
template <class T>
LAMINA_INLINE void add_up(T* gradient, Vec<T> sum, bool first) {
    store(gradient, first ? sum : load(gradient) + sum);
}

// dF = 2 pi Σ dangle X, dphi = Σ dangle, dV = Σ dU cos(angle), dc = Σ dU, for one panel of numbers; the waves are
// computed again. Sums over examples are in pieces, as in `over_examples`.
template <class T>
void periodic_gradients(const Place<T>& at, const Op& op, int64_t m, int64_t p) {
    const auto w = waves(at, op, p);
    const auto d = wave_gradients(at, op, p);
    for (int64_t j = 0; j < w.outputs; j++) sum_of(at, m, U_of<T>(op, j, p)).into(d.c + j * P<T>);
    for (int64_t i0 = 0; i0 < m; i0 += DEEP) {
        const int64_t i1 = i0 + DEEP < m ? i0 + DEEP : m;
        some_outputs(w.outputs, [&](int64_t j0, auto count) {
            constexpr int n = count;
            for (int64_t k = 0; k < w.frequencies; k++)
                for (int r = 0; r < NV<T>; r++) {
                    const int64_t lane = k * P<T> + r * WIDE<T>;
                    Above<T, n> above;
                    above.weights(w, j0, k, r);
                    Vec<T> dF{}, dphi{}, dV[n] = {};
                    for (int64_t i = i0; i < i1; i++) {
                        Vec<T> x = load(at.at(op.columns.X + p, i) + r * WIDE<T>);
                        const Turned<T> wave(w.angle(k, r, x));
                        above.derivatives(at, op, j0, p, r, i);
                        Vec<T> dangle = -wave.sin() * above.sum(), cosine = wave.cos();
                        dF = fma(dangle, x, dF);
                        dphi += dangle;
#pragma GCC unroll 4
                        for (int j = 0; j < n; j++) dV[j] = fma(above.dU[j], cosine, dV[j]);
                    }
                    const bool first = i0 == 0;
                    add_up<T>(d.F + lane, w.two_pi * dF, first && j0 == 0);
                    add_up<T>(d.phi + lane, dphi, first && j0 == 0);
#pragma GCC unroll 4
                    for (int j = 0; j < n; j++) add_up<T>(d.v(j0 + j, k) + r * WIDE<T>, dV[j], first);
                }
        });
    }
}

} // namespace lamina::LAMINA_PATH
