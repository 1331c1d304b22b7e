// The losses, one struct per row of the table in equations/losses.py.
//
//     output(Z)       A[L], in place
//     losses(Z, Y)    L_i of every example, averaged over the outputs
//     dZ(Z, Y, dZ)    the derivative of L_i by Z[L]
//
// Here, and only here, examples lie side by side in a register: unit u of P examples is at Z + u * P.
#pragma once

#include "activations.hpp"
#include "plan.hpp"

namespace lamina::LAMINA_PATH {

// One register of examples: all units and targets of them.
template <class T>
struct Column {
    const Plan& plan;
    T* Z;
    const T* Y;
    int64_t units = plan.n_outputs;

    LAMINA_INLINE Vec<T> z(int64_t u) const { return load(Z + u * P<T>); }
    LAMINA_INLINE Vec<T> y(int64_t t) const { return load(Y + t * P<T>); }
};

// Σ over the units of f(Z, Y) / units
template <class T, class F>
LAMINA_INLINE Vec<T> mean(const Column<T>& c, F f) {
    Vec<T> sum{};
    for (int64_t u = 0; u < c.units; u++) sum += f(c.z(u), c.y(u));
    return sum / T(c.units);
}
// dZ = f(Z, Y) / units
template <class T, class F>
LAMINA_INLINE void each(const Column<T>& c, T* dZ, F f) {
    for (int64_t u = 0; u < c.units; u++) store(dZ + u * P<T>, f(c.z(u), c.y(u)) / T(c.units));
}

template <class T>
struct IdentityOutput {
    static LAMINA_INLINE void output(const Column<T>&) {}
};

// e^Z, held just below the largest finite number
template <class T>
LAMINA_INLINE Vec<T> held_exp(Vec<T> Z) {
    return exp<T>(min(all(Format<T>::exp_top), Z));
}
template <class T>
struct ExpOutput {
    static LAMINA_INLINE void output(const Column<T>& c) {
        for (int64_t u = 0; u < c.units; u++) store(c.Z + u * P<T>, held_exp<T>(c.z(u)));
    }
};

template <class T>
struct BinaryLogLoss {
    using V = Vec<T>;
    static LAMINA_INLINE V smooth(const Column<T>& c, V Y) {
        T s = T(c.plan.label_smoothing);
        return s == T(0) ? Y : Y * (T(1) - s) + s / T(2);
    }
    static LAMINA_INLINE void output(const Column<T>& c) {
        for (int64_t u = 0; u < c.units; u++) store(c.Z + u * P<T>, Sigmoid<T>::g(c.z(u)));
    }
    // max(Z, 0) - Y Z + log(1 + e^-|Z|)
    static LAMINA_INLINE V losses(const Column<T>& c) {
        return mean(c, [&](V Z, V Y) {
            return (max(V{}, Z) - smooth(c, Y) * Z) + log1p_of_fraction<T>(exp<T>(-magnitude<T>(Z)));
        });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        each(c, dZ, [&](V Z, V Y) { return Sigmoid<T>::g(Z) - smooth(c, Y); });
    }
};

template <class T>
struct CategoricalLogLoss {
    using V = Vec<T>;
    static LAMINA_INLINE V smooth(const Column<T>& c, V Y) {
        T s = T(c.plan.label_smoothing);
        return s == T(0) ? Y : Y * (T(1) - s) + s / T(c.units);
    }
    static LAMINA_INLINE V top(const Column<T>& c) {
        V top = c.z(0);
        for (int64_t u = 1; u < c.units; u++) top = max(top, c.z(u));
        return top;
    }
    // Z - max Z, held at the largest finite number
    static LAMINA_INLINE V minus_top(V Z, V top) { return max(all(-Format<T>::largest), Z - top); }
    static LAMINA_INLINE V sum_exp(const Column<T>& c, V top) {
        V sum{};
        for (int64_t u = 0; u < c.units; u++) sum += exp<T>(minus_top(c.z(u), top));
        return sum;
    }
    static LAMINA_INLINE void output(const Column<T>& c) {
        V top_ = top(c), sum = sum_exp(c, top_);
        for (int64_t u = 0; u < c.units; u++) store(c.Z + u * P<T>, exp<T>(minus_top(c.z(u), top_)) / sum);
    }
    // log(Σ e^Z) Σ Y - Σ Y Z
    static LAMINA_INLINE V losses(const Column<T>& c) {
        V top_ = top(c), log_sum = log<T>(sum_exp(c, top_)), L{};
        for (int64_t u = 0; u < c.units; u++) L += smooth(c, c.y(u)) * (log_sum - minus_top(c.z(u), top_));
        return L;
    }
    // A Σ Y - Y
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        V top_ = top(c), sum{}, sum_Y{};
        for (int64_t u = 0; u < c.units; u++) {
            V e = exp<T>(minus_top(c.z(u), top_));
            sum += e;
            sum_Y += smooth(c, c.y(u));
            store(dZ + u * P<T>, e);
        }
        for (int64_t u = 0; u < c.units; u++)
            store(dZ + u * P<T>, load(dZ + u * P<T>) / sum * sum_Y - smooth(c, c.y(u)));
    }
};

template <class T>
struct SquaredError : IdentityOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        return T(0.5) * mean(c, [](V Z, V Y) { return (Z - Y) * (Z - Y); });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        each(c, dZ, [](V Z, V Y) { return Z - Y; });
    }
};

template <class T>
LAMINA_INLINE Vec<T> sign(Vec<T> x) { // NaN passes
    return x > T(0) ? all(T(1)) : x < T(0) ? all(T(-1)) : x;
}

template <class T>
struct AbsoluteError : IdentityOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        return mean(c, [](V Z, V Y) { return magnitude<T>(Z - Y); });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        each(c, dZ, [](V Z, V Y) { return sign<T>(Z - Y); });
    }
};

// (A - Y)^2 / 2 within delta, delta (|A - Y| - delta/2) beyond
template <class T>
struct Huber : IdentityOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        T delta = T(c.plan.delta);
        return mean(c, [&](V Z, V Y) {
            V far = magnitude<T>(Z - Y), near = min(all(delta), far);
            return near * (far - T(0.5) * near);
        });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        T delta = T(c.plan.delta);
        each(c, dZ, [&](V Z, V Y) { return held<T>(Z - Y, -delta, delta); });
    }
};

// max(q (Y - A), (q - 1) (Y - A)); all quantiles of target 1 first
template <class T>
struct Quantile : IdentityOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        int64_t n = int64_t(c.plan.quantiles.size());
        V sum{};
        for (int64_t u = 0; u < c.units; u++) {
            V missed = c.y(u / n) - c.z(u);
            T q = T(c.plan.quantiles[u % n]);
            sum += max(q * missed, (q - T(1)) * missed);
        }
        return sum / T(c.units);
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        int64_t n = int64_t(c.plan.quantiles.size());
        for (int64_t u = 0; u < c.units; u++) {
            V missed = c.y(u / n) - c.z(u);
            T q = T(c.plan.quantiles[u % n]);
            V d = missed > T(0) ? all(-q) : missed < T(0) ? all(T(1) - q) : V{};
            store(dZ + u * P<T>, d / T(c.units));
        }
    }
};

// Y log(Y/A) - (Y - A), with A = e^Z
template <class T>
struct Poisson : ExpOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        return mean(c, [](V Z, V Y) {
            V Y_log_Y = Y == T(0) ? V{} : Y * log<T>(Y);
            return Y_log_Y - Y * Z - Y + held_exp<T>(Z);
        });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        each(c, dZ, [](V Z, V Y) { return held_exp<T>(Z) - Y; });
    }
};

// log(A/Y) + Y/A - 1, with A = e^Z
template <class T>
struct Gamma : ExpOutput<T> {
    using V = Vec<T>;
    static LAMINA_INLINE V losses(const Column<T>& c) {
        return mean(c, [](V Z, V Y) { return Z - log<T>(Y) + Y * held_exp<T>(-Z) - T(1); });
    }
    static LAMINA_INLINE void dZ(const Column<T>& c, T* dZ) {
        each(c, dZ, [](V Z, V Y) { return T(1) - Y * held_exp<T>(-Z); });
    }
};

// Call `use` with the struct of a loss.
template <class T, class Use>
LAMINA_INLINE void with_loss(Loss loss, Use use) {
    switch (loss) {
#define LAMINA_CASE(name, Struct)                                                                                      \
    case Loss::name:                                                                                                   \
        return use(Struct<T>{});
        LAMINA_LOSSES(LAMINA_CASE)
#undef LAMINA_CASE
    }
}

// ---- from rows of a panel to examples side by side, and back ----

// Z of P examples from row i of the panels (only `n` of them are there; the others repeat the last).
template <class T>
LAMINA_INLINE void from_panels(const T* panels, int64_t stride, int64_t i, int64_t n, int64_t units, T* Z) {
    for (int64_t u = 0; u < units; u += P<T>) {
        const T* from = panels + u / P<T> * stride + i * P<T>;
        if (n == P<T> && units - u >= P<T>)
            transpose_block<T>(from, P<T>, Z + u * P<T>, P<T>);
        else
            for (int64_t e = 0; e < P<T>; e++)
                for (int64_t j = 0; j < P<T> && u + j < units; j++)
                    Z[(u + j) * P<T> + e] = from[(e < n ? e : n - 1) * P<T> + j];
    }
}
// The way back; lanes beyond the units become 0.
template <class T>
LAMINA_INLINE void to_panels(const T* Z, int64_t units, int64_t n, T* panels, int64_t stride, int64_t i) {
    for (int64_t u = 0; u < units; u += P<T>) {
        T* to = panels + u / P<T> * stride + i * P<T>;
        if (n == P<T> && units - u >= P<T>) {
            transpose_block<T>(Z + u * P<T>, P<T>, to, P<T>);
            continue;
        }
        for (int64_t e = 0; e < n; e++) {
            Row<T>::zero().into(to + e * P<T>);
            for (int64_t j = 0; j < P<T> && u + j < units; j++) to[e * P<T> + j] = Z[(u + j) * P<T> + e];
        }
    }
}

} // namespace lamina::LAMINA_PATH
