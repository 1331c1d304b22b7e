// Vectors of the processor, and the panels that matrices lie in. The only file that knows the processor.
//
// Matrices lie in panels: 64 bytes wide (16 floats, 8 doubles), row after row, panel beside panel. For an array of
// examples (m, units) that is
//
//     panel 0: units 0..15 of example 0, of example 1, ...      panel 1: units 16..31 of example 0, ...
//
// so a row of a panel is one cache line, and a product walks through contiguous memory whatever the shapes are.
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

// The bytes of a register; and the tile of a product, rows by panels, that stays in registers (products.hpp).
#if defined(__AVX512F__)
inline constexpr int BYTES = 64, TILE_ROWS = 8, TILE_PANELS = 2; // 16 of 32 registers
#elif defined(__AVX2__)
inline constexpr int BYTES = 32, TILE_ROWS = 6, TILE_PANELS = 1; // 12 of 16
#else
inline constexpr int BYTES = 16, TILE_ROWS = 5, TILE_PANELS = 1; // 20 of 32
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

// Where x > 0, by its bits: denormal numbers too, while `FlushDenormals` lives and comparisons take them for 0.
template <class T>
LAMINA_INLINE Int<T> positive(Vec<T> x) {
    return (Int<T>(x) > 0) & (x == x); // NaN is not
}

// Two numbers of bfloat16, one above the other: the operands of a product that takes two of the index it sums over at
// once. bfloat16 is the upper half of a float.
struct Pair {
    uint32_t bits;
};
template <>
struct Lanes<Pair> {
    typedef uint32_t V __attribute__((vector_size(BYTES)));
    typedef uint32_t Loose __attribute__((vector_size(BYTES), aligned(4), may_alias));
};
template <>
LAMINA_INLINE Vec<Pair> all(Pair x) {
    return x.bits - Vec<Pair>{};
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
// a > b ? a : b and a < b ? a : b in one instruction; the compiler takes two.
LAMINA_INLINE Vec<float> max(Vec<float> a, Vec<float> b) {
    return _mm512_max_ps(a, b);
}
LAMINA_INLINE Vec<double> max(Vec<double> a, Vec<double> b) {
    return _mm512_max_pd(a, b);
}
LAMINA_INLINE Vec<float> min(Vec<float> a, Vec<float> b) {
    return _mm512_min_ps(a, b);
}
LAMINA_INLINE Vec<double> min(Vec<double> a, Vec<double> b) {
    return _mm512_min_pd(a, b);
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

// A matrix in panels: where the first lies, and how far apart they are.
template <class T>
struct Panels {
    T* first;
    int64_t apart;

    LAMINA_INLINE T* at(int64_t panel, int64_t row = 0) const { return first + panel * apart + row * P<T>; }
    LAMINA_INLINE operator Panels<const T>() const { return {first, apart}; }
    LAMINA_INLINE Panels from(int64_t panel, int64_t row = 0) const { return {at(panel, row), apart}; }
};

// ---- pairs of bfloat16 ----
//
// Rounded to the nearest, a tie to the even one; below the smallest normal float is 0, NaN stays NaN. c + a b takes the
// upper products first, each added with one rounding, and gives 0 for what is below the smallest normal float. So does
// the instruction of AVX512_BF16; elsewhere two multiply-adds do it, while `FlushDenormals` lives.

#if defined(__AVX512BF16__)
LAMINA_INLINE Vec<float> fma(Vec<Pair> a, Vec<Pair> b, Vec<float> c) {
    return _mm512_dpbf16_ps(c, (__m512bh)a, (__m512bh)b);
}
LAMINA_INLINE Vec<Pair> pairs(Vec<float> lower, Vec<float> upper) {
    const __m512i halves = (__m512i)_mm512_cvtne2ps_pbh(upper, lower);
    const __m512i side_by_side = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7,
                                                  22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    return (Vec<Pair>)_mm512_permutexvar_epi16(side_by_side, halves);
}
// The 8 pairs of neighbours in a row of a panel.
LAMINA_INLINE void neighbours(const float* row, Pair* to) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh(load(row)));
}
struct FlushDenormals {
    LAMINA_INLINE FlushDenormals() {}
};
#else
LAMINA_INLINE Vec<float> fma(Vec<Pair> a, Vec<Pair> b, Vec<float> c) {
    c = fma(Vec<float>(a & 0xFFFF0000u), Vec<float>(b & 0xFFFF0000u), c);
    return fma(Vec<float>(a << 16), Vec<float>(b << 16), c);
}
LAMINA_INLINE Vec<Pair> rounded(Vec<float> x) {
    const Vec<Pair> bits = Vec<Pair>(x), upper = bits >> 16, kind = bits & 0x7F800000u;
    const Vec<Pair> nearest = (bits + 0x7FFFu + (upper & 1)) >> 16;
    return x != x ? upper | 0x40u : kind == 0 ? upper & 0x8000u : nearest;
}
LAMINA_INLINE Vec<Pair> pairs(Vec<float> lower, Vec<float> upper) {
    return rounded(lower) | rounded(upper) << 16;
}
LAMINA_INLINE void neighbours(const float* row, Pair* to) {
    Pair halves[P<float>];
    for (int i = 0; i < P<float>; i += WIDE<float>) store(halves + i, rounded(load(row + i)));
    for (int j = 0; j < P<float> / 2; j++) to[j].bits = halves[2 * j].bits | halves[2 * j + 1].bits << 16;
}
class FlushDenormals { // while this lives, of the thread
#if defined(__AVX2__)
    const uint32_t before = _mm_getcsr();

  public:
    FlushDenormals() { _mm_setcsr(before | 0x8040); } // those that come and those that go
    ~FlushDenormals() { _mm_setcsr(before); }
#elif defined(__aarch64__)
    uint64_t before;

  public:
    FlushDenormals() {
        asm volatile("mrs %0, fpcr" : "=r"(before));
        asm volatile("msr fpcr, %0" ::"r"(before | 1ull << 24));
    }
    ~FlushDenormals() { asm volatile("msr fpcr, %0" ::"r"(before)); }
#else
  public:
    FlushDenormals() {}
#endif
    FlushDenormals(const FlushDenormals&) = delete;
};
#endif

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
template <>
LAMINA_INLINE void transpose_block<Pair>(const Pair* a, int64_t a_row, Pair* b, int64_t b_row) {
    transpose_block<float>(reinterpret_cast<const float*>(a), a_row, reinterpret_cast<float*>(b), b_row);
}
#endif
// b[j][i] = a[i][j] for P rows of half as many pairs.
LAMINA_INLINE void transpose_halves(const Pair* a, Pair* b) {
    constexpr int half = P<float> / 2;
#if defined(__AVX2__)
    for (int i = 0; i < P<float>; i += half)
        transpose_8x8(reinterpret_cast<const float*>(a + i * half), half, reinterpret_cast<float*>(b + i), P<float>);
#else
    for (int i = 0; i < P<float>; i++)
        for (int j = 0; j < half; j++) b[j * P<float> + i] = a[i * half + j];
#endif
}

// b[j][i] = a[i][j] for the corner of `rows` by `columns` of a block; what is beyond it in b becomes 0.
template <class T>
LAMINA_INLINE void transpose_corner(const T* a, int64_t a_row, int64_t rows, int64_t columns, T* b, int64_t b_row) {
    if (rows == P<T> && columns == P<T>) return transpose_block(a, a_row, b, b_row);
    for (int64_t j = 0; j < columns; j++)
        for (int64_t i = 0; i < P<T>; i++) b[j * b_row + i] = i < rows ? a[i * a_row + j] : T(0);
}

} // namespace lamina::LAMINA_PATH
