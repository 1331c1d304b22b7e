// Vectors that categories are looked up in, forward and backward side by side, as in equations/embeddings.py. Units
// that are not replaced are kept, and the new ones are put behind them.
#pragma once

#include <numeric>

#include "layers.hpp"

namespace lamina::LAMINA_PATH {

// ---- units that move ----

// Copy n <= P numbers: by 16, 8, 4, 2 and 1, which the compiler does without a loop.
template <class T, int SIZE = P<T>>
LAMINA_INLINE void copy_units(const T* from, T* to, int64_t n) {
    if (n & SIZE) std::memcpy(to, from, SIZE * sizeof(T)), from += SIZE, to += SIZE;
    if constexpr (SIZE > 1) copy_units<T, SIZE / 2>(from, to, n);
}

// Do f(i, end) for the groups of neighbours [i, end) that `alike` examples of a row make in rows [i0, i1); at either
// end a group may be cut.
template <class T, class F>
LAMINA_INLINE void by_row(const Place<T>& at, int64_t alike, int64_t i0, int64_t i1, F f) {
    for (int64_t i = i0, end = i0 + alike - (at.first + i0) % alike; i < i1; i = end, end += alike)
        f(i, end < i1 ? end : i1);
}

// Units of value a to where they are in value b; backwards: from their place in b to that in a. Of examples that are
// alike, a has the first.
template <class T>
LAMINA_INLINE void move_units(const Place<T>& at, const std::vector<Run>& runs, int64_t a, int64_t b, bool backwards,
                              int64_t i0, int64_t i1, int64_t alike = 1) {
    for (const Run& run : runs)
        for (int64_t done = 0, n; done < run.n; done += n) {
            int64_t u = run.from + done, v = run.to + done, x = u % P<T>, y = v % P<T>;
            n = run.n - done;
            if (n > P<T> - x) n = P<T> - x;
            if (n > P<T> - y) n = P<T> - y;
            by_row(at, alike, i0, i1, [&](int64_t first, int64_t end) {
                T* from = at.panel(a + u / P<T>, first) + x;
                for (int64_t i = first; i < end; i++) {
                    T* to = at.panel(b + v / P<T>, i) + y;
                    backwards ? copy_units(to, from, n) : copy_units(from, to, n);
                }
            });
        }
}
// 0 in the last panel of a value, for the lanes beyond its units.
template <class T>
LAMINA_INLINE void clear_end(const Place<T>& at, int64_t a, int64_t units, int64_t i0, int64_t i1) {
    if (units % P<T> == 0) return;
    for (int64_t i = i0; i < i1; i++) Row<T>::zero().into(at.panel(a + units / P<T>, i));
}
template <class T>
LAMINA_INLINE T* unit_of(const Place<T>& at, int64_t a, int64_t u, int64_t i) {
    return at.panel(a + u / P<T>, i) + u % P<T>;
}

// Add n <= P numbers to others.
template <class T, int SIZE = P<T>>
LAMINA_INLINE void add_units(const T* from, T* to, int64_t n) {
    if (n & SIZE) {
        for (int j = 0; j < SIZE; j++) to[j] += from[j];
        from += SIZE, to += SIZE;
    }
    if constexpr (SIZE > 1) add_units<T, SIZE / 2>(from, to, n);
}

// ---- embedding: a column that holds the number of a category becomes a column of E ----

struct Embedding : LayerDefaults {
    enum { E };
    static constexpr Names settings{"columns", "levels", "size", "rate_factor"}; // the last stands in the factors of E
    static void check(const Layer& layer, const Plan&) {
        layer.count("size");
        const auto& levels = layer.list("levels");
        expect(levels.size() == layer.columns().size(), "levels of " + layer.kind);
        for (int64_t count : levels) expect(count > 0 && count < Layer::MOST, "levels of " + layer.kind);
    }
    static int64_t width(const Layer& layer) {
        return layer.units_prev + int64_t(layer.columns().size()) * (layer.count("size") - 1);
    }
    static Shapes shapes(const Layer& layer) {
        const auto& levels = layer.list("levels");
        return {{"E", layer.count("size"), std::accumulate(levels.begin(), levels.end(), int64_t(0))}};
    }
    static void place(const Layer& layer, Op& op, Places&) {
        Columns& c = op.columns;
        c.units = layer.columns(), c.levels = layer.list("levels"), c.size = layer.count("size");
        int64_t next = 0, to = 0, levels = 0;
        for (size_t i = 0; i <= c.units.size(); i++) {
            int64_t end = i < c.units.size() ? c.units[i] : layer.units_prev;
            if (end > next) c.kept.push_back({next, to, end - next});
            to += end - next, next = end + 1;
            if (i < c.units.size()) c.first.push_back(Places::take(levels, c.levels[i]));
        }
    }
    // Measured, where the gradient is no product.
    static double gradient_work(const Op& op, int64_t k0, int64_t k1) {
        const Columns& c = op.columns;
        double columns = 0;
        for (size_t i = 0; i < c.units.size(); i++) columns += c.first[i] < k1 && c.first[i] + c.levels[i] > k0;
        return 12 * columns + double(k1 - k0) / 8;
    }

    // The column of E for example i and the column number c; NaN counts as 0.
    template <class T>
    static LAMINA_INLINE int64_t place_in_E(const Place<T>& at, const Op& op, int64_t c, int64_t i) {
        double x = double(*unit_of(at, op.A_prev, op.columns.units[c], i)), last = double(op.columns.levels[c] - 1);
        x = x > 0 ? x : 0;
        return op.columns.first[c] + int64_t(x < last ? x : last);
    }
    // The units of A that column c became, a panel of E at a time: f(panel, lane in A, how many).
    template <class T, class F>
    static LAMINA_INLINE void each_place(const Op& op, int64_t c, int64_t p0, int64_t p1, F f) {
        const int64_t size = op.columns.size, start = op.units - (int64_t(op.columns.units.size()) - c) * size;
        for (int64_t p = p0; p < p1; p++) f(p, start + p * P<T>, size - p * P<T> < P<T> ? size - p * P<T> : P<T>);
    }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const T* vectors = at.param(op, E);
        const int64_t all_levels = at.plan.slots[op.slots[E]].columns;
        clear_end(at, op.A, op.units, i0, i1);
        move_units(at, op.columns.kept, op.A_prev, op.A, false, i0, i1);
        for (int64_t c = 0; c < int64_t(op.columns.units.size()); c++)
            for (int64_t i = i0; i < i1; i++) {
                const T* e = vectors + place_in_E(at, op, c, i) * P<T>;
                each_place<T>(op, c, 0, panels_of<T>(op.columns.size), [&](int64_t p, int64_t u, int64_t n) {
                    const T* from = e + p * all_levels * P<T>;
                    int64_t room = P<T> - u % P<T>, here = n < room ? n : room;
                    copy_units(from, unit_of(at, op.A, u, i), here);
                    if (here < n) copy_units(from + here, unit_of(at, op.A, u + here, i), n - here);
                });
            }
    }
    // dA_prev = dA where a unit was kept; a category has no slope: 0
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        everywhere(at, op.units_prev, i0, i1, [&](int64_t x) { store(at.panel(op.dA_prev) + x, Vec<T>{}); });
        move_units(at, op.columns.kept, op.dA_prev, op.dA, true, i0, i1);
    }
    // dE[:, place] += dA of the looked up units, example after example; for panels [p0, p1) and places [k0, k1) of E.
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        T* dE = at.grad(op, E);
        const int64_t p0 = job.p0, p1 = job.p1, k0 = job.k0, k1 = job.k1;
        const int64_t all_levels = at.plan.slots[op.slots[E]].columns;
        for (int64_t p = p0; p < p1; p++)
            std::memset(dE + (p * all_levels + k0) * P<T>, 0, (k1 - k0) * P<T> * sizeof(T));
        for (int64_t c = 0; c < int64_t(op.columns.units.size()); c++) {
            if (op.columns.first[c] >= k1 || op.columns.first[c] + op.columns.levels[c] <= k0) continue;
            for (int64_t i = 0; i < at.here; i++) {
                const int64_t place = place_in_E(at, op, c, i);
                if (place < k0 || place >= k1) continue;
                each_place<T>(op, c, p0, p1, [&](int64_t p, int64_t u, int64_t n) {
                    int64_t room = P<T> - u % P<T>, here = n < room ? n : room;
                    T* to = dE + (p * all_levels + place) * P<T>;
                    add_units(unit_of(at, op.dA, u, i), to, here);
                    if (here < n) add_units(unit_of(at, op.dA, u + here, i), to + here, n - here);
                });
            }
        }
    }
};

} // namespace lamina::LAMINA_PATH
