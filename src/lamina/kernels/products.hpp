// Matrix products:
//
//     across   C[i][:] = start + Σ_k a[i][k] B[k][:]      the rows of C are examples: Z = W A_prev + b, dA_prev = Wᵀ dZ
//     outer    C[k][:] = start + Σ_i a[i][k] B[i][:]      the rows of C are units_prev: dW = dZ A_prevᵀ
//
// a, B and C lie in panels. A tile of C stays in registers, some rows by one or two panels; so each load of B serves
// for all its rows, and each number of a for all its panels.
//
// Every element of a product is one chain of fused multiply-adds in the order of the index that is summed over. How
// many elements are computed side by side, where a sum is interrupted to go on later, and which thread does it changes
// nothing.
//
// Elements E of a and B are numbers T, or Pairs of bfloat16: then k and i count pairs, and a link of the chain is two
// multiply-adds.
#pragma once

#include <type_traits>

#include "matrix.hpp"

namespace lamina::LAMINA_PATH {

template <class E>
using Operand = Panels<const std::type_identity_t<E>>; // E is what the caller says, or T

template <class T, int MR, int NP>
struct Tile {
    static constexpr int N = NP * NV<T>; // registers of a row
    Vec<T> c[MR][N];

    // Do f(register, where it belongs) for the tile of a matrix whose rows lie `row` apart.
    template <class U, class F>
    LAMINA_INLINE void each(Panels<U> M, int64_t row, F f) {
#pragma GCC unroll 8
        for (int p = 0; p < NP; p++) {
            U* at = M.at(p);
            asm("" : "+r"(at)); // one address for all rows, or the compiler keeps one for each
#pragma GCC unroll 16
            for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
                for (int j = 0; j < NV<T>; j++) f(c[r][p * NV<T> + j], at + r * row + j * WIDE<T>);
        }
    }
    LAMINA_INLINE void zero() {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int x = 0; x < N; x++) c[r][x] = Vec<T>{};
    }
    LAMINA_INLINE void from(Panels<const T> C, int64_t row) {
        each(C, row, [](Vec<T>& c, const T* x) { c = load(x); });
    }
    LAMINA_INLINE void into(Panels<T> C, int64_t row = P<T>) {
        each(C, row, [](Vec<T> c, T* x) { store(x, c); });
    }
    LAMINA_INLINE void relu() {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int x = 0; x < N; x++) c[r][x] = max(Vec<T>{}, c[r][x]);
    }
    LAMINA_INLINE void d_relu(Panels<const T> A) {
        each(A, P<T>, [](Vec<T>& c, const T* a) { c *= positive<T>(load(a)) ? all(T(1)) : Vec<T>{}; });
    }
    // c[r] += a[r * ROW + k * STEP] B[k] for k = 0 .. n-1
    template <int ROW, int STEP, class E>
    LAMINA_INLINE void link(const E* a, Panels<const E> B, int64_t n) {
        for (int64_t k = 0; k < n; k++, a += STEP, B.first += P<T>) {
            Vec<E> b[N];
#pragma GCC unroll 8
            for (int x = 0; x < N; x++) b[x] = load(B.first + x / NV<T> * B.apart + x % NV<T> * WIDE<T>);
#pragma GCC unroll 16
            for (int r = 0; r < MR; r++) {
                const Vec<E> s = all(a[r * ROW]);
#pragma GCC unroll 8
                for (int x = 0; x < N; x++) c[r][x] = fma(s, b[x], c[r][x]);
            }
        }
    }
};

// How the sum starts, and what is done to it in the end: A = relu(Z), or dZ = dA relu'(Z) with A beside C.
enum class Start { zero, bias, go_on };
template <class T>
struct Finish {
    bool relu = false;
    const T* d_relu = nullptr; // A, as C lies
};

// One tile of `across`: K of the summed index.
template <class T, int MR, int NP, class E>
__attribute__((noinline)) void across_tile(Start start, Finish<T> finish, const T* bias, Panels<const E> a,
                                           Panels<const E> B, int64_t K, Panels<T> C) {
    Tile<T, MR, NP> tile;
    if (start == Start::zero)
        tile.zero();
    else if (start == Start::bias)
        tile.from({bias, P<T>}, 0);
    else
        tile.from({C.first, C.apart}, P<T>);
    for (; K >= P<T>; K -= P<T>, a = a.from(1), B = B.from(0, P<T>)) tile.template link<P<T>, 1>(a.first, B, P<T>);
    tile.template link<P<T>, 1>(a.first, B, K);
    if (finish.relu) tile.relu();
    if (finish.d_relu) tile.d_relu({finish.d_relu, C.apart});
    tile.into(C);
}

// One tile of `outer`: m of the summed index.
template <class T, int MR, int NP, class E>
__attribute__((noinline)) void outer_tile(Start start, const E* a, Panels<const E> B, int64_t m, Panels<T> C) {
    Tile<T, MR, NP> tile;
    if (start == Start::zero)
        tile.zero();
    else
        tile.from({C.first, C.apart}, P<T>);
    tile.template link<1, P<T>>(a, B, m);
    tile.into(C);
}

// One row of C, several panels at once: a single chain would wait for itself. For the prediction of one row.
template <class T, int NP, class E>
void across_row(const T* bias, Panels<const E> a, Panels<const E> B, int64_t K, Panels<T> C, bool relu) {
    Tile<T, 1, NP> tile;
    bias ? tile.from({bias, P<T>}, 0) : tile.zero();
    for (int64_t k = 0; k < K; k += P<T>, a = a.from(1), B = B.from(0, P<T>))
        tile.template link<P<T>, 1>(a.first, B, K - k < P<T> ? K - k : P<T>);
    if (relu) tile.relu();
    tile.into(C);
}

// Call f with a number of 1 .. MOST as a constant.
template <int MOST, class F>
LAMINA_INLINE void with_constant(int64_t number, F f) {
    if constexpr (MOST > 1)
        if (number < MOST) return with_constant<MOST - 1>(number, f);
    f(std::integral_constant<int, MOST>{});
}

// How many rows the next tile takes: as few tiles as possible, as equal as possible.
LAMINA_INLINE int next_rows(int64_t left) {
    if (left <= TILE_ROWS) return int(left);
    if (left >= TILE_ROWS * (TILE_ROWS - 1)) return TILE_ROWS; // the rest can still be cut into this or one less
    int64_t tiles = (left + TILE_ROWS - 1) / TILE_ROWS;
    return int((left + tiles - 1) / tiles);
}

// How much of the summed index is taken at a time, so that what a panel of B needs stays in the L1 cache (across), or
// what A's and B's panels need in the L2 cache (outer): pieces of about so many, as equal as possible. (Where they are
// cut changes nothing: a sum goes on from what is stored.)
inline constexpr int64_t DEEP_ACROSS = 256, DEEP_OUTER = 512;
template <class T>
LAMINA_INLINE int64_t next_deep(int64_t left, int64_t deep) {
    const int64_t most = deep + deep / 4;
    if (left <= most) return left;
    int64_t pieces = (left + most - 1) / most;
    return ((left + pieces - 1) / pieces + P<T> - 1) / P<T> * P<T>;
}

// Bring `lines` rows of some panels nearer ahead of time: into all caches (3), or no nearer than L2 (2).
template <int CACHE, class T>
LAMINA_INLINE void fetch(Panels<T> panels, int64_t wide, int64_t lines) {
    for (int64_t p = 0; p < wide; p++)
        for (int64_t i = 0; i < lines; i++) __builtin_prefetch(panels.at(p, i), 0, CACHE);
}
inline constexpr int64_t NEAR_ACROSS = 16 << 10, NEAR_OUTER = 512 << 10; // bytes of B, and of A, that are near anyhow

// A panel that holds only so many units, or fewer, would be padding for the most part: what is multiplied there is
// computed the other way round, with the numbers of a panel of `a` side by side.
inline constexpr int FEW = 4;

// `across` for a single panel of so many units and whole panels' worth of rows: P examples side by side, a register for
// each unit.
template <class T, int UNITS, class E>
__attribute__((noinline)) void across_few(Panels<const E> a, const E* B, const T* bias, int64_t K, int64_t rows, T* C,
                                          bool relu) {
    for (int64_t i = 0; i < rows; i += P<T>, C += P<T> * P<T>) {
        Row<T> sums[UNITS];
        for (int u = 0; u < UNITS; u++)
            for (int j = 0; j < NV<T>; j++) sums[u].v[j] = bias ? all(bias[u]) : Vec<T>{};
        for (int64_t k = 0; k < K; k += P<T>) {
            E side_by_side[P<T> * P<T>];
            transpose_block<E>(a.at(k / P<T>, i), P<T>, side_by_side, P<T>);
            for (int64_t x = 0; x < P<T> && k + x < K; x++) {
                const Row<E> ax = Row<E>::of(side_by_side + x * P<T>);
#pragma GCC unroll 4
                for (int u = 0; u < UNITS; u++)
#pragma GCC unroll 8
                    for (int j = 0; j < NV<T>; j++)
                        sums[u].v[j] = fma(ax.v[j], all(B[(k + x) * P<T> + u]), sums[u].v[j]);
            }
        }
        T units[UNITS][P<T>];
        for (int u = 0; u < UNITS; u++) {
            for (int j = 0; j < NV<T>; j++)
                if (relu) sums[u].v[j] = max(Vec<T>{}, sums[u].v[j]);
            sums[u].into(units[u]);
        }
        for (int e = 0; e < P<T>; e++) {
            Row<T>::zero().into(C + e * P<T>);
            for (int u = 0; u < UNITS; u++) C[e * P<T> + u] = units[u][e];
        }
    }
}

// C = bias + a B for `rows` examples and so many units; K is the index that is summed over. Without a bias the sum
// starts at zero.
template <class T, class E = T>
void across(Operand<E> a, Operand<E> B, const T* bias, int64_t K, int64_t units, int64_t rows, Panels<T> C,
            Finish<T> finish) {
    if (rows == 0) return; // a thread without examples, where all wait for all: the batch has fewer than threads
    int64_t panels = (units + P<T> - 1) / P<T>;
    if (rows == 1 && !finish.d_relu) {
        for (int64_t p = 0, wide; p < panels; p += wide) {
            wide = panels - p < 4 ? panels - p : 4;
            with_constant<4>(wide, [&](auto n) {
                across_row<T, n>(bias ? bias + p * P<T> : nullptr, a, B.from(p), K, C.from(p), finish.relu);
            });
        }
        return;
    }
    const int64_t last = panels - 1, left = units - last * P<T>, whole = rows - rows % P<T>;
    if (left <= FEW && whole && !finish.d_relu) {
        const T* b = bias ? bias + last * P<T> : nullptr;
        with_constant<FEW>(left,
                           [&](auto n) { across_few<T, n>(a, B.at(last), b, K, whole, C.at(last), finish.relu); });
        if (whole < rows)
            across<T, E>(a.from(0, whole), B.from(last), b, K, left, rows - whole, C.from(last, whole), finish);
        if (!(panels = last)) return;
    }
    const bool far = panels * K * 64 > NEAR_ACROSS;
    for (int64_t k = 0, deep; k < K; k += deep) {
        deep = next_deep<T>(K - k, DEEP_ACROSS);
        const int64_t lines = far ? (deep * TILE_ROWS + rows - 1) / rows : 0;
        for (int64_t p = 0, wide; p < panels; p += wide) {
            wide = panels - p < TILE_PANELS ? panels - p : TILE_PANELS;
            const T* bp = bias ? bias + p * P<T> : nullptr;
            Start start = k ? Start::go_on : bias ? Start::bias : Start::zero;
            Panels<const E> Bp = B.from(p, k), next = p + wide < panels ? B.from(p + wide, k) : B.from(0, k + deep);
            for (int64_t i = 0, n; i < rows; i += n) {
                n = next_rows(rows - i);
                Panels<T> Ci = C.from(p, i);
                if (far) { // while these panels are multiplied, the next come
                    fetch<2>(next, wide, lines);
                    fetch<3>(Ci.from(wide), wide, n);
                    next = next.from(0, lines);
                }
                Finish<T> f;
                if (k + deep == K) f = {finish.relu, finish.d_relu ? finish.d_relu + (Ci.first - C.first) : nullptr};
                with_constant<TILE_PANELS>(wide, [&](auto np) {
                    with_constant<TILE_ROWS>(
                        n, [&](auto mr) { across_tile<T, mr, np>(start, f, bp, a.from(k / P<T>, i), Bp, deep, Ci); });
                });
            }
        }
    }
}

// `outer` for a panel of few units: units by panels of a.
template <class T, int UNITS, int NP, class E>
void outer_few(Panels<const E> a, Panels<const E> B, int64_t m, int64_t rows, T* C) {
    Tile<T, UNITS, NP> tile;
    tile.zero();
    tile.template link<1, P<T>>(B.first, a, m);
    T sums[UNITS * NP * P<T>];
    tile.into({sums, P<T>}, NP * P<T>);
    for (int64_t k = 0; k < rows; k++, C += P<T>) {
        Row<T>::zero().into(C);
        for (int u = 0; u < UNITS; u++) C[u] = sums[u * NP * P<T> + k];
    }
}
template <class T, class E>
void outer_few(int units, Panels<const E> a, Panels<const E> B, int64_t m, int64_t k0, int64_t k1, Panels<T> C) {
    for (int64_t k = k0, rows; k < k1; k += rows) {
        rows = k1 - k < 4 * P<T> ? k1 - k : 4 * P<T>;
        with_constant<FEW>(units, [&](auto n) {
            with_constant<4>((rows + P<T> - 1) / P<T>,
                             [&](auto np) { outer_few<T, n, np>(a.from(k / P<T>), B, m, rows, C.at(0, k)); });
        });
    }
}

// Rows [k0, k1) and panels [p0, p1) of C, whose width is so many `units`, summed over m examples.
template <class T, class E = T>
void outer(Operand<E> a, Operand<E> B, int64_t m, int64_t units, int64_t k0, int64_t k1, int64_t p0, int64_t p1,
           Panels<T> C) {
    if (const int64_t left = units - (p1 - 1) * P<T>; left <= FEW) {
        p1--;
        outer_few<T>(int(left), a, B.from(p1), m, k0, k1, C.from(p1));
        if (p0 == p1) return;
    }
    const bool far = (k1 - k0) * m * int64_t(sizeof(T)) > NEAR_OUTER;
    for (int64_t i = 0, deep; i < m; i += deep) {
        deep = next_deep<T>(m - i, DEEP_OUTER);
        const int64_t lines = far ? (deep * TILE_ROWS + (p1 - p0) * P<T> - 1) / ((p1 - p0) * P<T>) : 0;
        Start start = i ? Start::go_on : Start::zero;
        for (int64_t k = k0; k < k1; k += P<T>) {
            const E* ak = a.at(k / P<T>, i);
            Panels<const E> next = a.from(k / P<T> + 1, i);
            const int64_t rows = k1 - k < P<T> ? k1 - k : P<T>;
            for (int64_t p = p0, wide; p < p1; p += wide) {
                wide = p1 - p < TILE_PANELS ? p1 - p : TILE_PANELS;
                for (int64_t r = 0, n; r < rows; r += n) {
                    n = next_rows(rows - r);
                    if (far) { // while this panel of A is multiplied, the next comes
                        fetch<2>(next, 1, lines * wide);
                        next = next.from(0, lines * wide);
                    }
                    with_constant<TILE_PANELS>(wide, [&](auto np) {
                        with_constant<TILE_ROWS>(n, [&](auto mr) {
                            outer_tile<T, mr, np>(start, ak + r, B.from(p, i), deep, C.from(p, k + r));
                        });
                    });
                }
            }
        }
    }
}

} // namespace lamina::LAMINA_PATH
