// Vectors of the processor, and matrix products.
//
// Matrices lie in panels: 64 bytes wide (16 floats, 8 doubles), row after row, panel beside panel. For an array of
// examples (m, units) that is
//
//     panel 0: units 0..15 of example 0, of example 1, ...      panel 1: units 16..31 of example 0, ...
//
// so a row of a panel is one cache line, and a product walks through contiguous memory whatever the shapes are. Every
// element of a product is one chain of fused multiply-adds in the order of the index that is summed over. How many
// elements are computed side by side, and by which thread, changes nothing.
#pragma once

#include <cstdint>
#include <cstring>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#ifndef LAMINA_PATH
#error "compile through path.cpp, which names the instruction set"
#endif

namespace lamina::LAMINA_PATH {

#define LAMINA_INLINE inline __attribute__((always_inline))

#if defined(__AVX512F__)
inline constexpr int BYTES = 64, TILE_ROWS = 12;
#elif defined(__AVX2__)
inline constexpr int BYTES = 32, TILE_ROWS = 6;
#else
inline constexpr int BYTES = 16, TILE_ROWS = 5;
#endif

template <class T>
struct Lanes;
template <>
struct Lanes<float> {
    typedef float V __attribute__((vector_size(BYTES)));
    typedef int32_t I __attribute__((vector_size(BYTES)));
    typedef float Loose __attribute__((vector_size(BYTES), aligned(4), may_alias));
};
template <>
struct Lanes<double> {
    typedef double V __attribute__((vector_size(BYTES)));
    typedef int64_t I __attribute__((vector_size(BYTES)));
    typedef double Loose __attribute__((vector_size(BYTES), aligned(8), may_alias));
};
template <class T>
using Vec = typename Lanes<T>::V; // one register of T
template <class T>
using Int = typename Lanes<T>::I; // one register of integers as wide as T

template <class T>
inline constexpr int WIDE = BYTES / sizeof(T); // elements of a register
template <class T>
inline constexpr int P = 64 / sizeof(T); // elements of a panel's row
template <class T>
inline constexpr int NV = P<T> / WIDE<T>; // registers of a panel's row

template <class T>
LAMINA_INLINE Vec<T> load(const T* p) {
    return *reinterpret_cast<const typename Lanes<T>::Loose*>(p);
}
template <class T>
LAMINA_INLINE void store(T* p, Vec<T> v) {
    *reinterpret_cast<typename Lanes<T>::Loose*>(p) = v;
}
template <class T>
LAMINA_INLINE Vec<T> all(T x) {
    return x - Vec<T>{}; // not a sum: 0 + -0 is 0
}

// The compiler may not fuse a product and a sum by itself (-ffp-contract=off): where it does would depend on the path.
#if defined(__AVX512F__)
LAMINA_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
    return _mm512_fmadd_ps(a, b, c);
}
LAMINA_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return _mm512_fmadd_pd(a, b, c);
}
LAMINA_INLINE Vec<float> sqrt(Vec<float> a) {
    return _mm512_sqrt_ps(a);
}
LAMINA_INLINE Vec<double> sqrt(Vec<double> a) {
    return _mm512_sqrt_pd(a);
}
#elif defined(__AVX2__)
LAMINA_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
    return _mm256_fmadd_ps(a, b, c);
}
LAMINA_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return _mm256_fmadd_pd(a, b, c);
}
LAMINA_INLINE Vec<float> sqrt(Vec<float> a) {
    return _mm256_sqrt_ps(a);
}
LAMINA_INLINE Vec<double> sqrt(Vec<double> a) {
    return _mm256_sqrt_pd(a);
}
#elif defined(__aarch64__)
LAMINA_INLINE Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c) {
    return vfmaq_f32(c, a, b);
}
LAMINA_INLINE Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c) {
    return vfmaq_f64(c, a, b);
}
LAMINA_INLINE Vec<float> sqrt(Vec<float> a) {
    return vsqrtq_f32(a);
}
LAMINA_INLINE Vec<double> sqrt(Vec<double> a) {
    return vsqrtq_f64(a);
}
#elif defined(LAMINA_NOTHING_RUNS) // compile.cpp: asks the layers' structs, but computes nothing
Vec<float> fma(Vec<float> a, Vec<float> b, Vec<float> c);
Vec<double> fma(Vec<double> a, Vec<double> b, Vec<double> c);
Vec<float> sqrt(Vec<float> a);
Vec<double> sqrt(Vec<double> a);
#else
#error "needs fused multiply-add"
#endif

typedef uint32_t Words __attribute__((vector_size(32)));
typedef uint64_t Pairs __attribute__((vector_size(32)));

// The products of the lower halves of pairs of words.
LAMINA_INLINE Pairs lower_product(Pairs a, Pairs b) {
#if defined(__AVX2__)
    return Pairs(_mm256_mul_epu32(__m256i(a), __m256i(b)));
#else
    return (a & 0xFFFFFFFF) * (b & 0xFFFFFFFF);
#endif
}
// Lanes of two vectors: 0 to 7 are those of the first.
template <uint32_t... LANES>
LAMINA_INLINE Words picked(Words a, Words b) {
#if defined(__clang__)
    return __builtin_shufflevector(a, b, LANES...);
#else
    return __builtin_shuffle(a, b, Words{LANES...});
#endif
}

template <class V>
LAMINA_INLINE V max(V a, V b) { // NaN of b passes
    return a > b ? a : b;
}
template <class V>
LAMINA_INLINE V min(V a, V b) { // NaN of b passes
    return a < b ? a : b;
}

// One row of a panel, held in registers.
template <class T>
struct Row {
    Vec<T> v[NV<T>];

    static LAMINA_INLINE Row of(const T* p) {
        Row r;
        for (int j = 0; j < NV<T>; j++) r.v[j] = load(p + j * WIDE<T>);
        return r;
    }
    static LAMINA_INLINE Row zero() { return Row{}; }
    LAMINA_INLINE void into(T* p) const {
        for (int j = 0; j < NV<T>; j++) store(p + j * WIDE<T>, v[j]);
    }
    // Σ of the lanes by halves: lane i + lane i + P/2, and so on, the same for every width of register.
    LAMINA_INLINE T sum() const {
        T x[P<T>];
        into(x);
        for (int half = P<T> / 2; half; half /= 2)
            for (int i = 0; i < half; i++) x[i] += x[i + half];
        return x[0];
    }
};

// ---- products ----
//
//     across   C[i][:] = start + Σ_k a[i][k] B[k][:]      the rows of C are examples: Z = W A_prev + b, dA_prev = Wᵀ dZ
//     outer    C[r][:] = start + Σ_i a[i][r] B[i][:]      the rows of C are units_prev: dW = dZ A_prevᵀ
//
// B and C are panels. `link` is the chain both consist of: a block of MR rows of C stays in registers.

template <class T, int MR>
struct Tile {
    Vec<T> c[MR][NV<T>];

    LAMINA_INLINE void start(const T* C, int64_t stride) {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) c[r][j] = load(C + r * stride + j * WIDE<T>);
    }
    LAMINA_INLINE void zero() {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) c[r][j] = Vec<T>{};
    }
    LAMINA_INLINE void into(T* C) const {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) store(C + r * P<T> + j * WIDE<T>, c[r][j]);
    }
    LAMINA_INLINE void relu() {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) c[r][j] = max(Vec<T>{}, c[r][j]);
    }
    LAMINA_INLINE void d_relu(const T* A) {
#pragma GCC unroll 16
        for (int r = 0; r < MR; r++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) c[r][j] *= load(A + r * P<T> + j * WIDE<T>) > T(0) ? all(T(1)) : Vec<T>{};
    }
    // c[r] += a[r * ROW + k * STEP] B[k] for k = 0 .. n-1
    template <int ROW, int STEP>
    LAMINA_INLINE void link(const T* a, const T* B, int64_t n) {
        for (int64_t k = 0; k < n; k++) {
            Vec<T> b[NV<T>];
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) b[j] = load(B + j * WIDE<T>);
#pragma GCC unroll 16
            for (int r = 0; r < MR; r++) {
                Vec<T> s = all(a[r * ROW]);
#pragma GCC unroll 8
                for (int j = 0; j < NV<T>; j++) c[r][j] = fma(s, b[j], c[r][j]);
            }
            a += STEP;
            B += P<T>;
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

// One tile of `across`: K of the summed index, `a` in panels `a_panel` elements apart.
template <class T, int MR>
void across_tile(Start start, Finish<T> finish, const T* bias, const T* a, int64_t a_panel, const T* B, int64_t K,
                 T* C) {
    Tile<T, MR> tile;
    if (start == Start::zero)
        tile.zero();
    else if (start == Start::bias)
        tile.start(bias, 0);
    else
        tile.start(C, P<T>);
    for (; K >= P<T>; K -= P<T>) {
        tile.template link<P<T>, 1>(a, B, P<T>);
        a += a_panel;
        B += P<T> * P<T>;
    }
    tile.template link<P<T>, 1>(a, B, K);
    if (finish.relu) tile.relu();
    if (finish.d_relu) tile.d_relu(finish.d_relu);
    tile.into(C);
}

// One row of C, several panels at once: a single chain would wait for itself. For the prediction of one row.
template <class T, int PANELS>
void across_panels(const T* a, int64_t a_panel, const T* B, const T* bias, int64_t K, T* C, int64_t c_panel,
                   bool relu) {
    Vec<T> c[PANELS][NV<T>];
#pragma GCC unroll 4
    for (int p = 0; p < PANELS; p++)
#pragma GCC unroll 8
        for (int j = 0; j < NV<T>; j++) c[p][j] = bias ? load(bias + p * P<T> + j * WIDE<T>) : Vec<T>{};
    for (int64_t k = 0; k < K; k++, B += P<T>) {
        Vec<T> s = all(a[k / P<T> * a_panel + k % P<T>]);
#pragma GCC unroll 4
        for (int p = 0; p < PANELS; p++)
#pragma GCC unroll 8
            for (int j = 0; j < NV<T>; j++) c[p][j] = fma(s, load(B + p * K * P<T> + j * WIDE<T>), c[p][j]);
    }
#pragma GCC unroll 4
    for (int p = 0; p < PANELS; p++)
#pragma GCC unroll 8
        for (int j = 0; j < NV<T>; j++) store(C + p * c_panel + j * WIDE<T>, relu ? max(Vec<T>{}, c[p][j]) : c[p][j]);
}

template <class T, int MR>
void outer_tile(Start start, const T* a, const T* B, int64_t m, T* C) {
    Tile<T, MR> tile;
    if (start == Start::zero)
        tile.zero();
    else
        tile.start(C, P<T>);
    tile.template link<1, P<T>>(a, B, m);
    tile.into(C);
}

template <class T, int MR = TILE_ROWS>
LAMINA_INLINE void across_rows(int rows, Start s, Finish<T> f, const T* bias, const T* a, int64_t a_panel, const T* B,
                               int64_t K, T* C) {
    if constexpr (MR > 0) {
        if (rows == MR)
            across_tile<T, MR>(s, f, bias, a, a_panel, B, K, C);
        else
            across_rows<T, MR - 1>(rows, s, f, bias, a, a_panel, B, K, C);
    }
}
template <class T, int MR = TILE_ROWS>
LAMINA_INLINE void outer_rows(int rows, Start s, const T* a, const T* B, int64_t m, T* C) {
    if constexpr (MR > 0) {
        if (rows == MR)
            outer_tile<T, MR>(s, a, B, m, C);
        else
            outer_rows<T, MR - 1>(rows, s, a, B, m, C);
    }
}

// How many rows the next tile takes: as few tiles as possible, as equal as possible.
LAMINA_INLINE int next_rows(int64_t left) {
    if (left <= TILE_ROWS) return int(left);
    if (left >= TILE_ROWS * (TILE_ROWS - 1)) return TILE_ROWS; // the rest can still be cut into this or one less
    int64_t tiles = (left + TILE_ROWS - 1) / TILE_ROWS;
    return int((left + tiles - 1) / tiles);
}

// How much of the summed index is taken at a time, so that what a panel of B needs stays in the L1 cache (across), or
// what A's and B's panels need in the L2 cache (outer): pieces of about `deep`, as equal as possible. (Where they are
// cut changes nothing: a sum goes on from what is stored.)
inline constexpr int64_t DEEP = 256, DEEP_OUTER = 512;
template <class T>
LAMINA_INLINE int64_t next_deep(int64_t left, int64_t deep) {
    const int64_t most = deep + deep / 4;
    if (left <= most) return left;
    int64_t pieces = (left + most - 1) / most;
    return ((left + pieces - 1) / pieces + P<T> - 1) / P<T> * P<T>;
}

// Bring `lines` rows of a panel nearer ahead of time: into all caches (3), or no nearer than L2 (2).
template <int CACHE, class T>
LAMINA_INLINE void fetch(const T* panel, int64_t lines) {
    for (; lines > 0; lines--, panel += P<T>) __builtin_prefetch(panel, 0, CACHE);
}
inline constexpr int64_t NEAR_ACROSS = 16 << 10, NEAR_OUTER = 512 << 10; // bytes of B, and of A, that are near anyhow

// C = bias + a B for `rows` examples and all panels of C. a: (rows, K) in panels `a_panel` apart; B: panels of K rows;
// C: panels `c_panel` apart. Without a bias the sum starts at zero.
template <class T>
void across(const T* a, int64_t a_panel, const T* B, const T* bias, int64_t K, int64_t panels, int64_t rows, T* C,
            int64_t c_panel, Finish<T> finish) {
    if (rows == 1 && !finish.d_relu) {
        int64_t p = 0;
        auto strips_of = [&](auto f, int n) {
            for (; p + n <= panels; p += n)
                f(a, a_panel, B + p * K * P<T>, bias ? bias + p * P<T> : nullptr, K, C + p * c_panel, c_panel,
                  finish.relu);
        };
        strips_of(across_panels<T, 4>, 4);
        strips_of(across_panels<T, 2>, 2);
        strips_of(across_panels<T, 1>, 1);
        return;
    }
    const bool far = panels * K * 64 > NEAR_ACROSS;
    for (int64_t k = 0, deep; k < K; k += deep) {
        deep = next_deep<T>(K - k, DEEP);
        const int64_t lines = far ? (deep * TILE_ROWS + rows - 1) / rows : 0;
        for (int64_t p = 0; p < panels; p++) {
            const T *Bp = B + (p * K + k) * P<T>, *next = p + 1 < panels ? Bp + K * P<T> : B + (k + deep) * P<T>;
            const T* bp = bias ? bias + p * P<T> : nullptr;
            Start start = k ? Start::go_on : bias ? Start::bias : Start::zero;
            for (int64_t i = 0; i < rows;) {
                int n = next_rows(rows - i);
                int64_t c = p * c_panel + i * P<T>;
                if (far) { // while this panel is multiplied, the next comes
                    fetch<3>(next, lines);
                    fetch<3>(C + c + c_panel, n);
                    next += lines * P<T>;
                }
                Finish<T> f;
                if (k + deep == K) f = {finish.relu, finish.d_relu ? finish.d_relu + c : nullptr};
                across_rows<T>(n, start, f, bp, a + k / P<T> * a_panel + i * P<T>, a_panel, Bp, deep, C + c);
                i += n;
            }
        }
    }
}

// C[k][:] = Σ over m examples of a[i][k] B[i][:] for k of [k0, k1) and panels [p0, p1). C: panels of K rows.
template <class T>
void outer(const T* a, int64_t a_panel, const T* B, int64_t b_panel, int64_t m, int64_t K, int64_t k0, int64_t k1,
           int64_t p0, int64_t p1, T* C) {
    const bool far = (k1 - k0) * m * int64_t(sizeof(T)) > NEAR_OUTER;
    for (int64_t i = 0, deep; i < m; i += deep) {
        deep = next_deep<T>(m - i, DEEP_OUTER);
        const int64_t lines = far ? (deep * TILE_ROWS + (p1 - p0) * P<T> - 1) / ((p1 - p0) * P<T>) : 0;
        Start start = i ? Start::go_on : Start::zero;
        for (int64_t k = k0; k < k1; k += P<T>) {
            const T* ak = a + k / P<T> * a_panel + i * P<T>;
            int64_t wide = k1 - k < P<T> ? k1 - k : P<T>;
            const T* next = ak + a_panel;
            for (int64_t p = p0; p < p1; p++)
                for (int64_t r = 0; r < wide;) {
                    int n = next_rows(wide - r);
                    if (far) { // while this panel of A is multiplied, the next comes
                        fetch<2>(next, lines);
                        next += lines * P<T>;
                    }
                    outer_rows<T>(n, start, ak + r, B + p * b_panel + i * P<T>, deep, C + (p * K + k + r) * P<T>);
                    r += n;
                }
        }
    }
}

// ---- transposes ----

// b[j][i] = a[i][j] for a block of P by P; rows of a lie `a_row` apart, those of b `b_row`.
template <class T>
LAMINA_INLINE void transpose_block(const T* a, int64_t a_row, T* b, int64_t b_row) {
    for (int64_t i = 0; i < P<T>; i++)
        for (int64_t j = 0; j < P<T>; j++) b[j * b_row + i] = a[i * a_row + j];
}

#if defined(__AVX2__)
LAMINA_INLINE void transpose_8x8(const float* a, int64_t a_row, float* b, int64_t b_row) {
    __m256 r[8], t[8];
#pragma GCC unroll 8
    for (int i = 0; i < 4; i++) { // rows i and i + 4 side by side, so that only cheap shuffles within halves remain
        r[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a + i * a_row)),
                                    _mm_loadu_ps(a + (i + 4) * a_row), 1);
        r[i + 4] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(a + i * a_row + 4)),
                                        _mm_loadu_ps(a + (i + 4) * a_row + 4), 1);
    }
#pragma GCC unroll 2
    for (int h = 0; h < 8; h += 4) {
        t[h] = _mm256_unpacklo_ps(r[h], r[h + 1]);
        t[h + 1] = _mm256_unpackhi_ps(r[h], r[h + 1]);
        t[h + 2] = _mm256_unpacklo_ps(r[h + 2], r[h + 3]);
        t[h + 3] = _mm256_unpackhi_ps(r[h + 2], r[h + 3]);
        _mm256_storeu_ps(b + (h + 0) * b_row, _mm256_shuffle_ps(t[h], t[h + 2], 0x44));
        _mm256_storeu_ps(b + (h + 1) * b_row, _mm256_shuffle_ps(t[h], t[h + 2], 0xEE));
        _mm256_storeu_ps(b + (h + 2) * b_row, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0x44));
        _mm256_storeu_ps(b + (h + 3) * b_row, _mm256_shuffle_ps(t[h + 1], t[h + 3], 0xEE));
    }
}
template <>
LAMINA_INLINE void transpose_block<float>(const float* a, int64_t a_row, float* b, int64_t b_row) {
    for (int i = 0; i < 16; i += 8)
        for (int j = 0; j < 16; j += 8) transpose_8x8(a + i * a_row + j, a_row, b + j * b_row + i, b_row);
}
#endif

// b[j][i] = a[i][j] for the corner of `rows` by `columns` of a block; what is beyond it in b becomes 0.
template <class T>
LAMINA_INLINE void transpose_corner(const T* a, int64_t a_row, int64_t rows, int64_t columns, T* b, int64_t b_row) {
    if (rows == P<T> && columns == P<T>) return transpose_block(a, a_row, b, b_row);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < P<T>; i++) b[j * b_row + i] = i < rows ? a[i * a_row + j] : T(0);
}

} // namespace lamina::LAMINA_PATH
