// The activations g and their derivatives g', one struct per row of the table in equations/activations.py.
//
//     g(Z) -> A      dg(Z, A) -> g'(Z)      needs_Z: whether dg reads Z (if not, A may take the place of Z)
#pragma once

#include "elementary.hpp"
#include "tables.hpp"

namespace lamina::LAMINA_PATH {

template <class T>
struct Identity {
    using V = Vec<T>;
    static constexpr bool needs_Z = false;
    static LAMINA_INLINE V g(V Z) { return Z; }
    static LAMINA_INLINE V dg(V, V) { return all(T(1)); }
};

template <class T>
struct Sigmoid {
    using V = Vec<T>;
    static constexpr bool needs_Z = false;
    // 1 / (1 + e^-Z), with e^-|Z| on both sides
    static LAMINA_INLINE V g(V Z) {
        V e = exp<T>(-magnitude<T>(Z));
        return (Z < T(0) ? e : all(T(1))) / (T(1) + e);
    }
    static LAMINA_INLINE V dg(V, V A) { return A * (T(1) - A); }
};

template <class T>
struct Tanh {
    using V = Vec<T>;
    static constexpr bool needs_Z = false;
    static LAMINA_INLINE V g(V Z) { return tanh<T>(Z); }
    static LAMINA_INLINE V dg(V, V A) { return T(1) - A * A; }
};

template <class T>
struct Relu {
    using V = Vec<T>;
    static constexpr bool needs_Z = false;
    static LAMINA_INLINE V g(V Z) { return max(V{}, Z); }
    static LAMINA_INLINE V dg(V, V A) { return A > T(0) ? all(T(1)) : V{}; }
};

template <class T>
struct LeakyRelu {
    using V = Vec<T>;
    static constexpr bool needs_Z = true; // a tiny negative Z gives A = -0
    static constexpr T slope = T(0.01);
    static LAMINA_INLINE V g(V Z) { return Z > T(0) ? Z : slope * Z; }
    static LAMINA_INLINE V dg(V Z, V) { return Z > T(0) ? all(T(1)) : all(slope); }
};

template <class T>
struct Elu {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static LAMINA_INLINE V g(V Z) { return Z > T(0) ? Z : expm1<T>(min(V{}, Z)); }
    static LAMINA_INLINE V dg(V Z, V A) { return Z > T(0) ? all(T(1)) : A + T(1); }
};

template <class T>
struct Selu {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static constexpr T alpha = T(1.6732632423543772), scale = T(1.0507009873554805);
    static LAMINA_INLINE V g(V Z) {
        V low = min(all(Format<T>::largest / 2), Z); // scale times the largest number would overflow
        return scale * (Z > T(0) ? low : alpha * expm1<T>(min(V{}, Z)));
    }
    static LAMINA_INLINE V dg(V Z, V A) {
        return Z > T(0) ? all(scale) : A + T(1.0507009873554805 * 1.6732632423543772);
    }
};

template <class T>
struct Gelu {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static constexpr T sqrt_half = T(0.7071067811865476), inv_sqrt_2pi = T(0.3989422804014327);
    static LAMINA_INLINE V phi(V Z) { return T(0.5) * (T(1) + erf<T>(Z * sqrt_half)); }
    static LAMINA_INLINE V g(V Z) { return Z * phi(Z); }
    // Phi(Z) + Z phi(Z)
    static LAMINA_INLINE V dg(V Z, V) {
        V near = held<T>(Z, T(-40), T(40));
        return phi(Z) + near * (inv_sqrt_2pi * exp<T>(T(-0.5) * near * near));
    }
};

template <class T>
struct Silu {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static LAMINA_INLINE V g(V Z) { return Z * Sigmoid<T>::g(Z); }
    // s + A (1 - s)
    static LAMINA_INLINE V dg(V Z, V A) { return Sigmoid<T>::g(Z) + A * Sigmoid<T>::g(-Z); }
};

template <class T>
struct Softplus {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    // log(1 + e^Z) = max(Z, 0) + log(1 + e^-|Z|)
    static LAMINA_INLINE V g(V Z) { return max(V{}, Z) + log1p_of_fraction<T>(exp<T>(-magnitude<T>(Z))); }
    static LAMINA_INLINE V dg(V Z, V) { return Sigmoid<T>::g(Z); }
};

template <class T>
struct Mish {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static LAMINA_INLINE V g(V Z) { return Z * tanh<T>(Softplus<T>::g(Z)); }
    // t + Z (1 - t^2) sigmoid(Z), with t = tanh(softplus(Z))
    static LAMINA_INLINE V dg(V Z, V) {
        V t = tanh<T>(Softplus<T>::g(Z));
        return t + held<T>(Z, T(-100), T(100)) * (T(1) - t * t) * Sigmoid<T>::g(Z);
    }
};

template <class T>
struct HardSwish {
    using V = Vec<T>;
    static constexpr bool needs_Z = true;
    static LAMINA_INLINE V g(V Z) { return Z * (held<T>(Z + T(3), T(0), T(6)) / T(6)); }
    static LAMINA_INLINE V dg(V Z, V) {
        V middle = held<T>(Z, T(-3), T(3)) / T(3) + T(0.5);
        return Z <= T(-3) ? V{} : Z >= T(3) ? all(T(1)) : middle;
    }
};

// Call `use` with the struct of a function.
template <class T, class Use>
LAMINA_INLINE auto with_activation(Function function, Use use) {
    switch (function) {
#define LAMINA_CASE(name, Struct)                                                                                      \
    case Function::name:                                                                                               \
        return use(Struct<T>{});
        LAMINA_ACTIVATIONS(LAMINA_CASE)
#undef LAMINA_CASE
    }
    __builtin_unreachable();
}

} // namespace lamina::LAMINA_PATH
