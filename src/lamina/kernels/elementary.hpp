// exp, log, tanh, erf, sin, cos and their relatives as polynomials in fused multiply-adds, for a whole register at a
// time.
//
// Right to a few units in the last place over the whole range of floats (tests/kernels measures it), the same bits in
// every lane and on every instruction set. Series are Taylor's where the reduced argument is small enough for them.
#pragma once

#include "matrix.hpp"

namespace lamina::LAMINA_PATH {

template <class T>
struct Format; // how a floating-point number is made
template <>
struct Format<float> {
    static constexpr int mantissa = 23, bias = 127;
    static constexpr int32_t low_bits = 0x7FFFFF;
    static constexpr float round = 0x1.8p23f, log2e = 0x1.715476p0f, ln2_hi = 0x1.62e430p-1f, ln2_lo = -0x1.05c610p-29f;
    static constexpr float exp_high = 89, exp_low = -104, tiny = 0x1p-126f, up = 0x1p24f, largest = 0x1.fffffep127f;
    static constexpr int up_bits = 24;
    // log of the largest number, and the next number below it
    static constexpr float exp_top = 0x1.62e42ep6f;
    // pi/2 in three parts, 2/pi, and where an angle that is left is cut
    static constexpr float quarter_hi = 0x1.921fb6p0f, quarter_mid = -0x1.777a5cp-25f, quarter_lo = -0x1.ee59dap-50f,
                           quarters = 0x1.45f306p-1f, longest = 1.1f;
};
template <>
struct Format<double> {
    static constexpr int mantissa = 52, bias = 1023;
    static constexpr int64_t low_bits = 0xFFFFFFFFFFFFFll;
    static constexpr double round = 0x1.8p52, log2e = 0x1.71547652b82fep0, ln2_hi = 0x1.62e42fefa39efp-1,
                            ln2_lo = 0x1.abc9e3b39803fp-56;
    static constexpr double exp_high = 710, exp_low = -746, tiny = 0x1p-1022, up = 0x1p54,
                            largest = 0x1.fffffffffffffp1023;
    static constexpr int up_bits = 54;
    static constexpr double exp_top = 0x1.62e42fefa39eep9;
    static constexpr double quarter_hi = 0x1.921fb54442d18p0, quarter_mid = 0x1.1a62633145c07p-54,
                            quarter_lo = -0x1.f1976b7ed8fbcp-110, quarters = 0x1.45f306dc9c883p-1, longest = 1.1;
};

// c[0] + c[1] x + ... + c[N-1] x^(N-1)
template <class T, int N>
LAMINA_INLINE Vec<T> polynomial(const T (&c)[N], Vec<T> x) {
    Vec<T> y = all(c[N - 1]);
#pragma GCC unroll 32
    for (int i = N - 2; i >= 0; i--) y = fma(y, x, all(c[i]));
    return y;
}

template <class T>
struct Series;
template <>
struct Series<float> {
    static constexpr float exp[] = {0.5f, 1 / 6.f, 1 / 24.f, 1 / 120.f, 1 / 720.f, 1 / 5040.f}; // 1/2! ..
    static constexpr float sin[] = {-1 / 6.f, 1 / 120.f, -1 / 5040.f, 1 / 362880.f};            // -1/3! ..
    static constexpr float cos[] = {1 / 24.f, -1 / 720.f, 1 / 40320.f, -1 / 3628800.f};         // 1/4! ..
    static constexpr float atanh_log[] = {1 / 3.f, 1 / 5.f, 1 / 7.f, 1 / 9.f, 1 / 11.f};        // |s| < 0.172
    static constexpr float atanh_log1p[] = {1 / 3.f,  1 / 5.f,  1 / 7.f,  1 / 9.f,
                                            1 / 11.f, 1 / 13.f, 1 / 15.f, 1 / 17.f}; // |s| <= 1/3
    // 2/sqrt(pi) (-1)^n / (n! (2n + 1))
    static constexpr float erf[] = {1.1283791671f,    -0.37612638903f,    0.11283791671f,    -0.026866170645f,
                                    0.0052239776255f, -0.00085483270234f, 0.00012055332982f, -1.4925650358e-5f,
                                    1.6462114365e-6f, -1.6365844691e-7f,  1.4807192816e-8f};
    // e^(x^2) erfc(x) by t = (x - far) / (x + far) for x of 1 .. 6; interpolated at Chebyshev's points
    static constexpr float far = 2;
    static constexpr float erfc[] = {0.25539567667f,     -0.42718585013f,    0.24165811264f,
                                     -0.078978365509f,   0.0037355845297f,   0.0069921918779f,
                                     -0.00087580533770f, -0.00093065143655f, 0.00014296429533f};
    static constexpr float erf_high = 4;
};
template <>
struct Series<double> {
    static constexpr double exp[] = {1. / 2,       1. / 6,        1. / 24,        1. / 120,
                                     1. / 720,     1. / 5040,     1. / 40320,     1. / 362880,
                                     1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800};
    static constexpr double sin[] = {-1. / 6,        1. / 120,        -1. / 5040,          1. / 362880,
                                     -1. / 39916800, 1. / 6227020800, -1. / 1307674368000, 1. / 355687428096000};
    static constexpr double cos[] = {1. / 24,        -1. / 720,         1. / 40320,         -1. / 3628800,
                                     1. / 479001600, -1. / 87178291200, 1. / 20922789888000};
    static constexpr double atanh_log[] = {1. / 3,  1. / 5,  1. / 7,  1. / 9,  1. / 11,
                                           1. / 13, 1. / 15, 1. / 17, 1. / 19, 1. / 21};
    static constexpr double atanh_log1p[] = {1. / 3,  1. / 5,  1. / 7,  1. / 9,  1. / 11, 1. / 13, 1. / 15, 1. / 17,
                                             1. / 19, 1. / 21, 1. / 23, 1. / 25, 1. / 27, 1. / 29, 1. / 31, 1. / 33};
    static constexpr double erf[] = {
        1.12837916709551257,     -0.376126389031837525,    0.112837916709551257,    -0.0268661706451312518,
        0.00522397762544218784,  -0.000854832702345085283, 0.000120553329817896643, -0.000014925650358406251,
        1.64621143658892474e-6,  -1.63658446912349243e-7,  1.48071928158792172e-8,  -1.22905553017179274e-9,
        9.42275906465041097e-11, -6.71136685516411038e-12, 4.46322426328647734e-13, -2.78351620721092135e-14,
        1.63426140953671519e-15, -9.06397084280867248e-17, 4.76334804051506812e-18};
    static constexpr double far = 3;
    static constexpr double erfc[] = {
        0.17900115118138994237,     -0.32623356004303699416,    0.24560380171233672387,     -0.15011593650082877572,
        0.071665837197252479202,    -0.024392499315740817291,   0.0042691363679641834281,   0.00070774638188658003966,
        -0.00059706277718837695511, 0.000045255397624556943569, 0.000064066600059748080614, -0.000012851128933870189913,
        -8.0357178104535962218e-6,  2.0137684677502937556e-6,   1.3450753097108053433e-6,   6.1874074547997035029e-8};
    static constexpr double erf_high = 6;
};

// 2^n for whole n within the range of normal numbers.
template <class T>
LAMINA_INLINE Vec<T> power_of_two(Int<T> n) {
    return (Vec<T>)((n + Format<T>::bias) << Format<T>::mantissa);
}

// x = n ln 2 + r with |r| <= ln 2 / 2; gives e^r - 1 and n.
template <class T>
struct Reduced {
    Vec<T> e; // e^r - 1
    Int<T> n;

    explicit LAMINA_INLINE Reduced(Vec<T> x) {
        using F = Format<T>;
        Vec<T> shifted = fma(x, all(F::log2e), all(F::round));
        n = (Int<T>)shifted - (Int<T>)all(F::round);
        Vec<T> whole = shifted - F::round;
        Vec<T> r = fma(-whole, all(F::ln2_lo), fma(-whole, all(F::ln2_hi), x));
        e = fma(r * r, polynomial(Series<T>::exp, r), r);
    }
};

template <class T>
LAMINA_INLINE Vec<T> held(Vec<T> x, T low, T high) { // NaN passes
    return min(all(high), max(all(low), x));
}

// e^x
template <class T>
LAMINA_INLINE Vec<T> exp(Vec<T> x) {
    Reduced<T> d(held(x, Format<T>::exp_low, Format<T>::exp_high));
    Int<T> half = d.n >> 1; // in two steps, so that numbers below the normal ones come out right
    return (d.e + T(1)) * power_of_two<T>(half) * power_of_two<T>(d.n - half);
}

// e^x for x <= 0; numbers below the normal ones become 0.
template <class T>
LAMINA_INLINE Vec<T> exp_of_negative(Vec<T> x) {
    constexpr T low = T(1 - Format<T>::bias) * T(0.69314718055994530942);
    Reduced<T> d(max(all(low), x));
    Vec<T> y = (d.e + T(1)) * power_of_two<T>(d.n);
    return x < low ? Vec<T>{} : y;
}

// e^x - 1
template <class T>
LAMINA_INLINE Vec<T> expm1(Vec<T> x) {
    Vec<T> h = held(x, T(-40), Format<T>::exp_high);
    Reduced<T> d(h);
    Int<T> half = d.n >> 1;
    Vec<T> a = power_of_two<T>(half), b = power_of_two<T>(d.n - half);
    Vec<T> s = a * b;
    Vec<T> y = d.n > Format<T>::bias - 1 ? (d.e + T(1)) * a * b : fma(d.e, s, s - T(1));
    return y;
}

// 2 atanh(s) = log((1 + s) / (1 - s))
template <class T, int N>
LAMINA_INLINE Vec<T> twice_atanh(Vec<T> s, const T (&series)[N]) {
    Vec<T> q = s * s;
    return fma(s * q, T(2) * polynomial(series, q), T(2) * s);
}

// log(x); -inf of 0, NaN of negative numbers
template <class T>
LAMINA_INLINE Vec<T> log(Vec<T> x) {
    using F = Format<T>;
    auto below = x < F::tiny;
    Vec<T> scaled = below ? x * F::up : x;
    Int<T> bits = (Int<T>)scaled;
    Int<T> one = (Int<T>)all(T(1));
    Int<T> offset = bits - (Int<T>)all(T(0.70710678118654752440)); // so that the fraction is sqrt(1/2) .. sqrt(2)
    Int<T> n = offset >> F::mantissa;
    Vec<T> f = (Vec<T>)(bits - (n << F::mantissa));
    (void)one;
    Vec<T> count = __builtin_convertvector(below ? n - F::up_bits : n, Vec<T>);
    Vec<T> y = twice_atanh<T>((f - T(1)) / (f + T(1)), Series<T>::atanh_log);
    y = fma(count, all(F::ln2_hi), fma(count, all(F::ln2_lo), y));
    const T inf = T(__builtin_inf());
    y = x < inf ? y : x; // inf and NaN
    y = x == T(0) ? all(-inf) : y;
    return x < T(0) ? all(T(__builtin_nan(""))) : y;
}

// log(1 + t) for t of 0 .. 1
template <class T>
LAMINA_INLINE Vec<T> log1p_of_fraction(Vec<T> t) {
    return twice_atanh<T>(t / (t + T(2)), Series<T>::atanh_log1p);
}

template <class T>
LAMINA_INLINE Vec<T> magnitude(Vec<T> x) {
    return (Vec<T>)((Int<T>)x & ~((Int<T>)all(T(-0.0))));
}
template <class T>
LAMINA_INLINE Vec<T> with_sign(Vec<T> size, Vec<T> x) {
    return (Vec<T>)((Int<T>)size | ((Int<T>)x & (Int<T>)all(T(-0.0))));
}

// (e^2x - 1) / (e^2x + 1)
template <class T>
LAMINA_INLINE Vec<T> tanh(Vec<T> x) {
    Vec<T> e = expm1<T>(min(all(T(40)), T(2) * magnitude<T>(x)));
    return with_sign<T>(e / (e + T(2)), x);
}

// erf(x): its own series up to 1, then 1 - e^(-x^2) (e^(x^2) erfc(x))
template <class T>
LAMINA_INLINE Vec<T> erf(Vec<T> x) {
    Vec<T> a = min(all(Series<T>::erf_high), magnitude<T>(x));
    Vec<T> square = a * a;
    Vec<T> near = a * polynomial(Series<T>::erf, square);
    Vec<T> lost = fma(a, a, -square); // what rounding took from the square
    Vec<T> e = exp_of_negative<T>(-square);
    e = fma(-e, lost, e);
    Vec<T> t = (a - Series<T>::far) / (a + Series<T>::far);
    Vec<T> beyond = fma(-e, polynomial(Series<T>::erfc, t), all(T(1)));
    return with_sign<T>(a < T(1) ? near : beyond, x);
}

// An angle x = n pi/2 + r with |r| about pi/4 at most, as the sine and cosine of r. The three parts of pi/2 hold for n
// below 2^22 (2^51 in double precision). Beyond, the next number is half a radian away: what comes is some sine and
// cosine, never more than 1.
template <class T>
struct Turned {
    Vec<T> s, c; // of r
    Int<T> n;

    explicit LAMINA_INLINE Turned(Vec<T> x) {
        using F = Format<T>;
        Vec<T> shifted = fma(x, all(F::quarters), all(F::round));
        n = (Int<T>)shifted; // its last two bits
        Vec<T> whole = shifted - F::round;
        Vec<T> r = fma(-whole, all(F::quarter_mid), fma(-whole, all(F::quarter_hi), x));
        r = held<T>(fma(-whole, all(F::quarter_lo), r), -F::longest, F::longest);
        Vec<T> q = r * r;
        s = fma(r * q, polynomial(Series<T>::sin, q), r);
        c = fma(q * q, polynomial(Series<T>::cos, q), fma(q, all(T(-0.5)), all(T(1))));
    }
    // s, c, -s, -c for n = 0, 1, 2, 3
    LAMINA_INLINE Vec<T> sin() const { return turned((n & 1) != 0 ? c : s, n & 2); }
    // c, -s, -c, s
    LAMINA_INLINE Vec<T> cos() const { return turned((n & 1) != 0 ? s : c, (n & 2) ^ ((n & 1) << 1)); }

  private:
    static LAMINA_INLINE Vec<T> turned(Vec<T> y, Int<T> by) { // by two quarters, or none
        return (Vec<T>)((Int<T>)y ^ (by << (8 * int(sizeof(T)) - 2)));
    }
};

} // namespace lamina::LAMINA_PATH
