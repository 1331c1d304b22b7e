// Waves for numbers, forward and backward side by side, as in equations/embeddings.py. The units that come in are kept,
// and the new ones are put behind them.
#pragma once

#include <type_traits>

#include "embeddings.hpp"

namespace lamina::LAMINA_PATH {

// ---- periodic: every chosen number x brings V cos(2 pi F x + phi) + c ----
//
// Lanes are numbers. X and U are values of their own: the numbers side by side, and the new units (later dU), those of
// all numbers before the second of any. Members of a row that are alike have the same waves: these are computed for the
// first of them, and the gradients are found from the sum of their dU.

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
// Do f(j0, count) for some of the outputs at a time, `count` of them, which the compiler knows.
template <class F, int MOST = 4>
LAMINA_INLINE void by_outputs(int64_t outputs, F f, int64_t j0 = 0) {
    if constexpr (MOST > 0) {
        for (; outputs - j0 >= MOST; j0 += MOST) f(j0, std::integral_constant<int, MOST>{});
        by_outputs<F, MOST - 1>(outputs, f, j0);
    }
}
// The place of U for output j of panel p.
template <class T>
LAMINA_INLINE int64_t U_of(const Op& op, int64_t j, int64_t p) {
    return op.columns.U + j * panels_of<T>(int64_t(op.columns.units.size())) + p;
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
        for (int j = 0; j < N; j++) dU[j] = load(at.panel(U_of<T>(op, j0 + j, p), i) + r * WIDE<T>);
    }
    LAMINA_INLINE Vec<T> sum() const {
        Vec<T> s = V[0] * dU[0];
#pragma GCC unroll 4
        for (int j = 1; j < N; j++) s = fma(V[j], dU[j], s);
        return s;
    }
};

// Put a sum over some examples into a row of a gradient, which starts with the first examples.
template <class T>
LAMINA_INLINE void add_up(T* gradient, Vec<T> sum, bool first) {
    store(gradient, first ? sum : load(gradient) + sum);
}

struct Periodic : LayerDefaults {
    enum { F, phi, V, c };
    static constexpr Names settings{"columns", "frequencies", "outputs", "rate_factor"}; // the last: in their factors
    static constexpr bool whole_panels = true;
    static constexpr int passes = 3; // the waves are computed again for the gradients
    static void check(const Layer& layer, const Plan&) {
        layer.columns(), layer.count("frequencies"), layer.count("outputs");
    }
    static int64_t width(const Layer& layer) {
        return layer.units_prev + int64_t(layer.columns().size()) * layer.count("outputs");
    }
    static Shapes shapes(const Layer& layer) {
        const int64_t numbers = int64_t(layer.columns().size());
        const int64_t frequencies = layer.count("frequencies"), outputs = layer.count("outputs");
        return {{"F", numbers, frequencies},
                {"phi", numbers, frequencies},
                {"V", numbers, frequencies * outputs},
                {"c", numbers, outputs}};
    }
    static void place(const Layer& layer, Op& op, Places& places) {
        Columns& c = op.columns;
        c.units = layer.columns(), c.frequencies = layer.count("frequencies"), c.outputs = layer.count("outputs");
        const int64_t numbers = int64_t(c.units.size());
        c.kept.push_back({0, 0, layer.units_prev});
        c.X = places.value(numbers), c.U = places.values_for(c.outputs, numbers);
        for (int64_t i = 0, n; i < numbers; i += n) {
            for (n = 1; i + n < numbers && c.units[i + n] == c.units[i] + n;) n++;
            c.chosen.push_back({c.units[i], i, n});
        }
        for (int64_t j = 0; j < c.outputs; j++)
            c.made.push_back({j * places.panels(numbers) * places.plan.P, layer.units_prev + j * numbers, numbers});
    }
    static double work(const Op& op, int panel) {
        const int64_t numbers = int64_t(op.columns.units.size()), lanes = (numbers + panel - 1) / panel * panel;
        return double(lanes) * double(op.columns.frequencies) * (12 + double(op.columns.outputs)) / double(op.alike);
    }
    static double gradient_work(const Op& op, int64_t, int64_t) { // measured, for it is no product
        return double(op.columns.frequencies) * (40 + 4. * double(op.columns.outputs)) / double(op.alike);
    }

    template <class T>
    static Waves<T, const T*> waves(const Place<T>& at, const Op& op, int64_t p) {
        return {op, p, at.param(op, F), at.param(op, phi), at.param(op, V), at.param(op, c)};
    }
    template <class T>
    static Waves<T, T*> wave_gradients(const Place<T>& at, const Op& op, int64_t p) {
        return {op, p, at.grad(op, F), at.grad(op, phi), at.grad(op, V), at.grad(op, c)};
    }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const Columns& columns = op.columns;
        const int64_t numbers = int64_t(columns.units.size());
        clear_end(at, columns.X, numbers, i0, i1);
        move_units(at, columns.chosen, op.A_prev, columns.X, false, i0, i1);
        for (int64_t p = 0; p < panels_of<T>(numbers); p++) {
            const auto w = waves(at, op, p);
            by_outputs(w.outputs, [&](int64_t j0, auto count) {
                constexpr int n = count;
                by_row(at, op.alike, i0, i1, [&](int64_t i, int64_t) {
                    Row<T> x = Row<T>::of(at.panel(columns.X + p, i)), U[n];
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
                    for (int j = 0; j < n; j++) U[j].into(at.panel(U_of<T>(op, j0 + j, p), i));
                });
            });
        }
        clear_end(at, op.A, op.units, i0, i1);
        move_units(at, columns.kept, op.A_prev, op.A, false, i0, i1);
        move_units(at, columns.made, columns.U, op.A, false, i0, i1, op.alike);
    }

    // dU side by side, 0 beyond the numbers
    template <class T>
    static void prepare(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        for (int64_t j = 0; j < op.columns.outputs; j++)
            clear_end(at, U_of<T>(op, j, 0), int64_t(op.columns.units.size()), i0, i1);
        move_units(at, op.columns.made, op.columns.U, op.dA, true, i0, i1);
    }
    // dA_prev = dA + 2 pi Σ_k F dangle at the numbers, with dangle = -sin(angle) Σ_j V dU
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const Columns& columns = op.columns;
        const int64_t numbers = int64_t(columns.units.size());
        clear_end(at, op.dA_prev, op.units_prev, i0, i1);
        move_units(at, columns.kept, op.dA_prev, op.dA, true, i0, i1);
        for (int64_t p = 0; p < panels_of<T>(numbers); p++) {
            const auto w = waves(at, op, p);
            by_outputs(w.outputs, [&](int64_t j0, auto count) {
                for (int64_t i = i0; i < i1; i++) {
                    Row<T> x = Row<T>::of(at.panel(columns.X + p, i)), minus;
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

    // X and Σ dU of the examples that are alike, for one panel of numbers, one after the other where those of all
    // examples were; gives how many.
    template <class T>
    static int64_t joined(const Place<T>& at, const Op& op, int64_t p) {
        if (op.alike == 1) return at.here;
        int64_t count = 0;
        by_row(at, op.alike, 0, at.here, [&](int64_t first, int64_t end) {
            Row<T>::of(at.panel(op.columns.X + p, first)).into(at.panel(op.columns.X + p, count));
            for (int64_t j = 0; j < op.columns.outputs; j++) {
                const int64_t dU = U_of<T>(op, j, p);
                Row<T> sum = Row<T>::of(at.panel(dU, first));
                for (int64_t i = first + 1; i < end; i++) {
                    Row<T> more = Row<T>::of(at.panel(dU, i));
                    for (int r = 0; r < NV<T>; r++) sum.v[r] += more.v[r];
                }
                sum.into(at.panel(dU, count));
            }
            count++;
        });
        return count;
    }

    // dF = 2 pi Σ dangle X, dphi = Σ dangle, dV = Σ dU cos(angle), dc = Σ dU, for one panel of numbers; the waves are
    // computed again. Sums over examples are in pieces, as in `over_examples`.
    template <class T>
    static void gradients_of(const Place<T>& at, const Op& op, int64_t p) {
        const auto w = waves(at, op, p);
        const auto d = wave_gradients(at, op, p);
        const int64_t rows = joined(at, op, p);
        for (int64_t j = 0; j < w.outputs; j++)
            over_examples<T>(rows, [&](int64_t i) {
                return Row<T>::of(at.panel(U_of<T>(op, j, p), i));
            }).into(d.c + j * P<T>);
        for (int64_t i0 = 0; i0 < rows; i0 += ROWS_OF_A_SUM) {
            const int64_t i1 = i0 + ROWS_OF_A_SUM < rows ? i0 + ROWS_OF_A_SUM : rows;
            by_outputs(w.outputs, [&](int64_t j0, auto count) {
                constexpr int n = count;
                for (int64_t k = 0; k < w.frequencies; k++)
                    for (int r = 0; r < NV<T>; r++) {
                        const int64_t lane = k * P<T> + r * WIDE<T>;
                        Above<T, n> above;
                        above.weights(w, j0, k, r);
                        Vec<T> dF{}, dphi{}, dV[n] = {};
                        for (int64_t i = i0; i < i1; i++) {
                            Vec<T> x = load(at.panel(op.columns.X + p, i) + r * WIDE<T>);
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
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1; p++) gradients_of(at, op, p);
    }
};

} // namespace lamina::LAMINA_PATH
