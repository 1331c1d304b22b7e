// The optimisers, one struct per rule in equations/optimisers.py: `direction` moves the memory and returns d. As in the
// lecture, v is a running sum or mean of g, and s one of g^2; a rule with one of them has it as its first memory.
//
//     p -= rate * factor * (d + weight_decay * decay_factor * p)
#pragma once

#include "elementary.hpp"
#include "plan.hpp"

namespace lamina::LAMINA_PATH {

// beta^t by repeated squaring: the C library's pow may differ from one processor to the next.
LAMINA_INLINE double power(double beta, int64_t t) {
    double product = 1;
    for (; t; t >>= 1, beta *= beta)
        if (t & 1) product *= beta;
    return product;
}

// The numbers of one step, in the type of the parameters.
template <class T>
struct Numbers {
    Vec<T> beta1, rest1, beta2, rest2, epsilon, correction;

    Numbers(const Optimiser& o, int64_t t) {
        double c1 = 1 - power(o.beta1, t), c2 = 1 - power(o.beta2, t);
        bool adam = o.rule == Rule::adam || o.rule == Rule::adamw || o.rule == Rule::muon;
        double root = adam ? __builtin_sqrt(c2) : 1;
        beta1 = all(T(o.beta1));
        rest1 = all(T(o.rule == Rule::momentum ? 1 - o.dampening : 1 - o.beta1));
        beta2 = all(T(o.beta2));
        rest2 = all(T(1 - o.beta2));
        epsilon = all(T(o.epsilon * root));
        correction = all(T(adam ? root / c1 : 1));
    }
};

// d = g
template <class T>
struct GradientDescent {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>&, V g, V&, V&) { return g; }
};

// v = beta1 v + (1 - dampening) g; d = v
template <class T>
struct Momentum {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>& n, V g, V& v, V&) { return v = fma(n.beta1, v, n.rest1 * g); }
};

// v = beta1 v + g; d = g + beta1 v
template <class T>
struct Nesterov {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>& n, V g, V& v, V&) {
        v = fma(n.beta1, v, g);
        return fma(n.beta1, v, g);
    }
};

// s = beta2 s + (1 - beta2) g^2; d = g / (sqrt(s) + epsilon)
template <class T>
struct RMSProp {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>& n, V g, V& s, V&) {
        s = fma(n.beta2, s, n.rest2 * g * g);
        return g / (sqrt(s) + n.epsilon);
    }
};

// v = beta1 v + (1 - beta1) g; s = beta2 s + (1 - beta2) g^2; with c1 = 1 - beta1^t and c2 = 1 - beta2^t
// d = (v / c1) / (sqrt(s / c2) + epsilon) = (sqrt(c2) / c1) v / (sqrt(s) + epsilon sqrt(c2)): one division
template <class T>
struct Adam {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>& n, V g, V& v, V& s) {
        v = fma(n.beta1, v, n.rest1 * g);
        s = fma(n.beta2, s, n.rest2 * g * g);
        return n.correction * v / (sqrt(s) + n.epsilon);
    }
};

// d = sign(beta1 v + (1 - beta1) g); v = beta2 v + (1 - beta2) g
template <class T>
struct Lion {
    using V = Vec<T>;
    static LAMINA_INLINE V direction(const Numbers<T>& n, V g, V& v, V&) {
        V c = n.beta1 * v + n.rest1 * g; // unfused, as in the equations: the sign of a sum near 0 is all there is
        v = fma(n.beta2, v, n.rest2 * g);
        return c > T(0) ? all(T(1)) : c < T(0) ? all(T(-1)) : c;
    }
};

// Call `use` with the struct of a rule.
template <class T, class Use>
LAMINA_INLINE void with_rule(Rule rule, Use use) {
    switch (rule) {
#define LAMINA_CASE(name, Struct, ...)                                                                                 \
    case Rule::name:                                                                                                   \
        return use(Struct<T>{});
        LAMINA_RULES(LAMINA_CASE)
#undef LAMINA_CASE
    }
}

// What moves a stretch of parameters: its learning rate, its decay, and the factor that shortens long gradients.
struct Move {
    double rate, decay, shorten;
};

// What has faded from the memory to a denormal number is forgotten, as in `forget_traces` of the equations.
template <class T>
LAMINA_INLINE Vec<T> without_traces(Vec<T> memory) {
    return magnitude<T>(memory) < Format<T>::tiny ? Vec<T>{} : memory;
}

// Move n parameters (a whole number of registers).
template <class T, class R>
void update(R, const Numbers<T>& numbers, Move move, T* p, const T* g, T* v, T* s, int64_t n) {
    constexpr int W = WIDE<T>;
    const Vec<T> rate = all(T(move.rate)), decay = all(T(move.decay)), shorten = all(T(move.shorten));
    const Numbers<T> held = numbers;
    for (int64_t i = 0; i < n; i += W) {
        Vec<T> v_now{}, s_now{}, x = load(p + i);
        if (v) v_now = load(v + i);
        if (s) s_now = load(s + i);
        Vec<T> d = R::direction(held, shorten * load(g + i), v_now, s_now);
        if (v) store(v + i, without_traces<T>(v_now));
        if (s) store(s + i, without_traces<T>(s_now));
        store(p + i, fma(-rate, fma(decay, x, d), x));
    }
}

// The same for any n: the last few through a register of their own.
template <class T>
void update(const Optimiser& o, const Numbers<T>& numbers, Move move, T* p, const T* g, T* v, T* s, int64_t n) {
    with_rule<T>(o.rule, [&](auto rule) {
        constexpr int W = WIDE<T>;
        int64_t whole = n - n % W, rest = n - whole;
        update<T>(rule, numbers, move, p, g, v, s, whole);
        if (!rest) return;
        T tail[4][W] = {};
        T* from[] = {p + whole, const_cast<T*>(g) + whole, v ? v + whole : nullptr, s ? s + whole : nullptr};
        for (int a = 0; a < 4; a++)
            for (int64_t i = 0; from[a] && i < rest; i++) tail[a][i] = from[a][i];
        update<T>(rule, numbers, move, tail[0], tail[1], v ? tail[2] : nullptr, s ? tail[3] : nullptr, W);
        for (int a = 0; a < 4; a++)
            for (int64_t i = 0; from[a] && a != 1 && i < rest; i++) from[a][i] = tail[a][i];
    });
}

} // namespace lamina::LAMINA_PATH
