// The layers, forward and backward side by side, as in equations/layers.py; each works on rows [i0, i1) of the
// examples.
//
//     forward    Z = W A_prev + b                 A = g(Z)
//     backward   dZ = dA * g'(Z)
//                dW = (1/m) dZ A_prevᵀ            db = (1/m) Σ dZ over the examples
//                dA_prev = Wᵀ dZ
//
// dZ of the last layer comes with the 1/m in it, so no 1/m stands here.
#pragma once

#include "activations.hpp"
#include "random.hpp"
#include "threads.hpp"

namespace lamina::LAMINA_PATH {

// Where everything lies, for a stretch of examples.
template <class T>
struct Place {
    const Plan& plan;
    T* values; // panels, `stride` elements apart
    int64_t stride;
    const T* params;  // in panels
    const T* seconds; // W itself, for dA_prev
    T* grads;
    T* per_unit;
    int64_t m = 0;     // examples of the batch, for batch normalisation
    int64_t first = 0; // number, within the batch, of the example in row 0
    uint64_t seed = 0;
    int64_t step = 0;
    double dropout = 1; // what the rates of dropout are multiplied by

    LAMINA_INLINE T* at(int64_t panel, int64_t row = 0) const { return values + panel * stride + row * P<T>; }
    LAMINA_INLINE const T* param(const Op& op, int i) const { return params + plan.slots[op.slots[i]].place; }
    LAMINA_INLINE T* grad(const Op& op, int i) const { return grads + plan.slots[op.slots[i]].place; }
};

template <class T>
LAMINA_INLINE int64_t panels_of(int64_t units) {
    return (units + P<T> - 1) / P<T>;
}

// 1 in the lanes of panel p that hold units, 0 beyond.
template <class T>
LAMINA_INLINE Row<T> within(int64_t units, int64_t p) {
    T x[P<T>];
    for (int64_t u = 0; u < P<T>; u++) x[u] = p * P<T> + u < units ? T(1) : T(0);
    return Row<T>::of(x);
}

// Do f(offset) for every register of all panels of a value, rows [i0, i1); f gets the offset from the value's place.
template <class T, class F>
LAMINA_INLINE void everywhere(const Place<T>& at, int64_t units, int64_t i0, int64_t i1, F f) {
    for (int64_t p = 0; p < panels_of<T>(units); p++)
        for (int64_t x = p * at.stride + i0 * P<T>; x < p * at.stride + i1 * P<T>; x += WIDE<T>) f(x);
}

// ---- Z = W A_prev + b ----

template <class T>
void linear_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    across<T>(at.at(op.A_prev, i0), at.stride, at.param(op, 0), at.param(op, 1), op.units_prev, panels_of<T>(op.units),
              i1 - i0, at.at(op.A, i0), at.stride, {op.relu, nullptr});
}
template <class T>
void linear_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    across<T>(at.at(op.dA, i0), at.stride, at.seconds + at.plan.slots[op.slots[0]].second, nullptr, op.units,
              panels_of<T>(op.units_prev), i1 - i0, at.at(op.dA_prev, i0), at.stride,
              {false, op.d_relu ? at.at(op.A_prev, i0) : nullptr});
}

// ---- A = g(Z) ----

template <class T>
void activation_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    if (op.done_forward) return;
    with_activation<T>(op.function, [&](auto g) {
        const T* Z = at.at(op.A_prev);
        T* A = at.at(op.A);
        everywhere(at, op.units, i0, i1, [&](int64_t x) { store(A + x, g.g(load(Z + x))); });
    });
}
template <class T>
void activation_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    if (op.done_backward) return;
    with_activation<T>(op.function, [&](auto g) {
        const T *Z = at.at(op.A_prev), *A = at.at(op.A), *dA = at.at(op.dA);
        T* dZ = at.at(op.dA_prev);
        everywhere(at, op.units, i0, i1,
                   [&](int64_t x) { store(dZ + x, load(dA + x) * g.dg(load(Z + x), load(A + x))); });
    });
}

// ---- dropout: A = A_prev D / (1 - rate) ----

template <class T>
LAMINA_INLINE void drop(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0, int64_t i1) {
    const T *D = at.at(op.cache), *a = at.at(from);
    T* b = at.at(to);
    const Vec<T> scale = all(T(1 / (1 - op.rate * at.dropout)));
    everywhere(at, op.units, i0, i1,
               [&](int64_t x) { store(b + x, load(D + x) != T(0) ? load(a + x) * scale : Vec<T>{}); });
}
template <class T>
void dropout_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    double rate = op.rate * at.dropout;
    double threshold = __builtin_rint(rate * 0x1p16); // half to even, as Python rounds
    uint16_t least = uint16_t(threshold < 0xFFFF ? threshold : 0xFFFF);
    for (int64_t p = 0; p < panels_of<T>(op.units); p++)
        for (int64_t i = i0; i < i1; i += 4)
            kept<T>(op.units, at.first + i, i1 - i, p, least, op.layer, uint32_t(at.step), at.seed,
                    at.at(op.cache + p, i));
    drop(at, op, op.A_prev, op.A, i0, i1);
}
template <class T>
void dropout_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    drop(at, op, op.dA, op.dA_prev, i0, i1);
}

// ---- layer normalisation: A = gamma A_hat + beta, A_hat = (A_prev - mean) / sqrt(var + eps), over the units ----

// Σ over the units of f(panel) for one example; f gives a Row.
template <class T, class F>
LAMINA_INLINE T over_units(int64_t units, F f) {
    Row<T> sum = Row<T>::zero();
    for (int64_t p = 0; p < panels_of<T>(units); p++) {
        Row<T> row = f(p);
        if ((p + 1) * P<T> > units) {
            Row<T> mask = within<T>(units, p);
            for (int j = 0; j < NV<T>; j++) row.v[j] = mask.v[j] != T(0) ? row.v[j] : Vec<T>{};
        }
        for (int j = 0; j < NV<T>; j++) sum.v[j] += row.v[j];
    }
    return sum.sum();
}

template <class T>
void layer_norm_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, bool keep) {
    const T *gamma = at.param(op, 0), *beta = at.param(op, 1);
    for (int64_t i = i0; i < i1; i++) {
        T mean = over_units<T>(op.units, [&](int64_t p) { return Row<T>::of(at.at(op.A_prev + p, i)); }) / T(op.units);
        T var = over_units<T>(op.units,
                              [&](int64_t p) {
                                  Row<T> x = Row<T>::of(at.at(op.A_prev + p, i));
                                  for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - mean) * (x.v[j] - mean);
                                  return x;
                              }) /
                T(op.units);
        T inv_std = T(1) / T(__builtin_sqrt(var + T(op.epsilon)));
        if (keep) at.at(op.cache_2)[i] = inv_std;
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            Row<T> x = Row<T>::of(at.at(op.A_prev + p, i)), g = Row<T>::of(gamma + p * P<T>),
                   b = Row<T>::of(beta + p * P<T>), y;
            for (int j = 0; j < NV<T>; j++) {
                x.v[j] = (x.v[j] - mean) * inv_std;
                y.v[j] = fma(g.v[j], x.v[j], b.v[j]);
            }
            if (keep) x.into(at.at(op.cache + p, i));
            y.into(at.at(op.A + p, i));
        }
    }
}
// dA_prev = (dA_hat - mean(dA_hat) - A_hat mean(dA_hat A_hat)) / std, with dA_hat = gamma dA
template <class T>
void layer_norm_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    const T* gamma = at.param(op, 0);
    for (int64_t i = i0; i < i1; i++) {
        auto dA_hat = [&](int64_t p) {
            Row<T> d = Row<T>::of(at.at(op.dA + p, i)), g = Row<T>::of(gamma + p * P<T>);
            for (int j = 0; j < NV<T>; j++) d.v[j] *= g.v[j];
            return d;
        };
        T mean = over_units<T>(op.units, dA_hat) / T(op.units);
        T slope = over_units<T>(op.units,
                                [&](int64_t p) {
                                    Row<T> d = dA_hat(p), x = Row<T>::of(at.at(op.cache + p, i));
                                    for (int j = 0; j < NV<T>; j++) d.v[j] *= x.v[j];
                                    return d;
                                }) /
                  T(op.units);
        T inv_std = at.at(op.cache_2)[i];
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            Row<T> d = dA_hat(p), x = Row<T>::of(at.at(op.cache + p, i)), mask = within<T>(op.units, p);
            for (int j = 0; j < NV<T>; j++) {
                Vec<T> y = inv_std * (d.v[j] - mean - x.v[j] * slope);
                d.v[j] = mask.v[j] != T(0) ? y : Vec<T>{};
            }
            d.into(at.at(op.dA_prev + p, i));
        }
    }
}

// ---- sums over examples ----

// Σ over rows [0, m) of f(row), for one panel: in pieces of DEEP rows, one after the other.
template <class T, class F>
LAMINA_INLINE Row<T> over_examples(int64_t m, F f) {
    Row<T> sum = Row<T>::zero();
    for (int64_t i = 0; i < m; i += DEEP) {
        Row<T> part = Row<T>::zero();
        for (int64_t e = i; e < m && e < i + DEEP; e++) {
            Row<T> row = f(e);
            for (int j = 0; j < NV<T>; j++) part.v[j] += row.v[j];
        }
        for (int j = 0; j < NV<T>; j++) sum.v[j] += part.v[j];
    }
    return sum;
}
// Σ of dA, and Σ of dA times something, for panel p
template <class T>
LAMINA_INLINE Row<T> sum_of(const Place<T>& at, int64_t m, int64_t a) {
    return over_examples<T>(m, [&](int64_t i) { return Row<T>::of(at.at(a, i)); });
}
template <class T>
LAMINA_INLINE Row<T> sum_of_product(const Place<T>& at, int64_t m, int64_t a, int64_t b) {
    return over_examples<T>(m, [&](int64_t i) {
        Row<T> x = Row<T>::of(at.at(a, i)), y = Row<T>::of(at.at(b, i));
        for (int j = 0; j < NV<T>; j++) x.v[j] *= y.v[j];
        return x;
    });
}

// ---- batch normalisation: the same over the batch, per unit ----

// A = gamma (A_prev - mean) inv_std + beta, keeping A_hat where there is a place for it
template <class T>
LAMINA_INLINE void normalise(const Place<T>& at, const Op& op, int64_t p, Row<T> mean, Row<T> inv_std, bool keep,
                             int64_t i0, int64_t i1) {
    Row<T> g = Row<T>::of(at.param(op, 0) + p * P<T>), b = Row<T>::of(at.param(op, 1) + p * P<T>);
    for (int64_t i = i0; i < i1; i++) {
        Row<T> x = Row<T>::of(at.at(op.A_prev + p, i));
        for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - mean.v[j]) * inv_std.v[j];
        if (keep) x.into(at.at(op.cache + p, i));
        for (int j = 0; j < NV<T>; j++) x.v[j] = fma(g.v[j], x.v[j], b.v[j]);
        x.into(at.at(op.A + p, i));
    }
}
template <class T>
LAMINA_INLINE Row<T> inverse_std(const Op& op, Row<T> var) {
    for (int j = 0; j < NV<T>; j++) var.v[j] = T(1) / sqrt(var.v[j] + T(op.epsilon));
    return var;
}

// Predicting: the running statistics.
template <class T>
void batch_norm_predict(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
        Row<T> mean = Row<T>::of(at.param(op, 2) + p * P<T>), var = Row<T>::of(at.param(op, 3) + p * P<T>);
        normalise(at, op, p, mean, inverse_std(op, var), false, i0, i1);
    }
}

// Training: every thread takes some of the panels for the sums over all examples, then its own examples.
template <class T>
void batch_norm_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, Team& team, int t) {
    int64_t panels = panels_of<T>(op.units);
    T *means = at.per_unit + op.per_unit, *inv_stds = means + panels * P<T>, *vars = inv_stds + panels * P<T>;
    team.wait();
    for (int64_t p = t; p < panels; p += team.size) {
        Row<T> mean = sum_of(at, at.m, op.A_prev + p);
        for (int j = 0; j < NV<T>; j++) mean.v[j] /= T(at.m);
        Row<T> var = over_examples<T>(at.m, [&](int64_t i) {
            Row<T> x = Row<T>::of(at.at(op.A_prev + p, i));
            for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - mean.v[j]) * (x.v[j] - mean.v[j]);
            return x;
        });
        for (int j = 0; j < NV<T>; j++) var.v[j] /= T(at.m);
        mean.into(means + p * P<T>);
        var.into(vars + p * P<T>);
        inverse_std(op, var).into(inv_stds + p * P<T>);
    }
    team.wait();
    for (int64_t p = 0; p < panels; p++)
        normalise(at, op, p, Row<T>::of(means + p * P<T>), Row<T>::of(inv_stds + p * P<T>), true, i0, i1);
}
// dA_prev = gamma inv_std (dA - dbeta - A_hat dgamma), with the means over the batch dgamma, dbeta
template <class T>
void batch_norm_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, Team& team, int t) {
    int64_t panels = panels_of<T>(op.units);
    const T *means = at.per_unit + op.per_unit, *inv_stds = means + panels * P<T>, *vars = inv_stds + panels * P<T>;
    team.wait();
    for (int64_t p = t; p < panels; p += team.size) {
        sum_of_product(at, at.m, op.dA + p, op.cache + p).into(at.grad(op, 0) + p * P<T>);
        sum_of(at, at.m, op.dA + p).into(at.grad(op, 1) + p * P<T>);
        T unbiased = T(at.m) / T(at.m > 1 ? at.m - 1 : 1), momentum = T(op.momentum); // statistics: running -= this
        Row<T> mask = within<T>(op.units, p);
        for (int64_t x = p * P<T>, j = 0; x < (p + 1) * P<T>; x += WIDE<T>, j++) {
            Vec<T> d_mean = momentum * (load(at.param(op, 2) + x) - load(means + x));
            Vec<T> d_var = momentum * (load(at.param(op, 3) + x) - load(vars + x) * unbiased);
            store(at.grad(op, 2) + x, mask.v[j] != T(0) ? d_mean : Vec<T>{});
            store(at.grad(op, 3) + x, mask.v[j] != T(0) ? d_var : Vec<T>{});
        }
    }
    team.wait();
    if (!op.back) return;
    for (int64_t p = 0; p < panels; p++) {
        Row<T> g = Row<T>::of(at.param(op, 0) + p * P<T>), s = Row<T>::of(inv_stds + p * P<T>);
        Row<T> dgamma = Row<T>::of(at.grad(op, 0) + p * P<T>), dbeta = Row<T>::of(at.grad(op, 1) + p * P<T>);
        for (int j = 0; j < NV<T>; j++) g.v[j] *= s.v[j], dgamma.v[j] /= T(at.m), dbeta.v[j] /= T(at.m);
        for (int64_t i = i0; i < i1; i++) {
            Row<T> d = Row<T>::of(at.at(op.dA + p, i)), x = Row<T>::of(at.at(op.cache + p, i));
            for (int j = 0; j < NV<T>; j++) d.v[j] = g.v[j] * (d.v[j] - dbeta.v[j] - x.v[j] * dgamma.v[j]);
            d.into(at.at(op.dA_prev + p, i));
        }
    }
}

// ---- scale: A = s A_prev; backward dA_prev = s dA ----

template <class T>
LAMINA_INLINE void scale(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0, int64_t i1) {
    for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
        Row<T> s = Row<T>::of(at.param(op, 0) + p * P<T>);
        for (int64_t i = i0; i < i1; i++) {
            Row<T> x = Row<T>::of(at.at(from + p, i));
            for (int j = 0; j < NV<T>; j++) x.v[j] *= s.v[j];
            x.into(at.at(to + p, i));
        }
    }
}

// ---- members: example e is of member e % members ----

// Do f(i, j) for rows [i0, i1), j the member of row i.
template <class T, class F>
LAMINA_INLINE void by_member(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, F f) {
    int64_t j = (at.first + i0) % op.members;
    for (int64_t i = i0; i < i1; i++) {
        f(i, j);
        if (++j == op.members) j = 0;
    }
}

// A = R_j A_prev; backward dA_prev = R_j dA. R lies in panels of its transpose: a row for each member.
template <class T>
LAMINA_INLINE void member_scale(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0, int64_t i1) {
    for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
        const T* R = at.param(op, 0) + p * op.members * P<T>;
        by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
            Row<T> x = Row<T>::of(at.at(from + p, i)), r = Row<T>::of(R + j * P<T>);
            for (int k = 0; k < NV<T>; k++) x.v[k] *= r.v[k];
            x.into(at.at(to + p, i));
        });
    }
}
// dR_j = Σ dA A_prev over the examples of member j among m, for panel p
template <class T>
LAMINA_INLINE Row<T> member_scale_gradient(const Place<T>& at, const Op& op, int64_t m, int64_t p, int64_t j) {
    int64_t own = (j - at.first % op.members + op.members) % op.members; // its first
    if (own >= m) return Row<T>::zero();
    return over_examples<T>((m - own - 1) / op.members + 1, [&](int64_t i) {
        const int64_t e = own + i * op.members;
        Row<T> x = Row<T>::of(at.at(op.dA + p, e)), y = Row<T>::of(at.at(op.A_prev + p, e));
        for (int k = 0; k < NV<T>; k++) x.v[k] *= y.v[k];
        return x;
    });
}

// A[u] = A_prev[j units + u]
template <class T>
void member_choice_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
        for (int64_t u = 0; u < panels_of<T>(op.units) * P<T>; u++) {
            const int64_t from = j * op.units + u;
            at.at(op.A + u / P<T>, i)[u % P<T>] = u < op.units ? at.at(op.A_prev + from / P<T>, i)[from % P<T>] : T(0);
        }
    });
}
// dA_prev[j units + u] = dA[u], and 0 for the other members
template <class T>
void member_choice_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    everywhere(at, op.units_prev, i0, i1, [&](int64_t x) { store(at.at(op.dA_prev) + x, Vec<T>{}); });
    by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
        for (int64_t u = 0; u < op.units; u++) {
            const int64_t to = j * op.units + u;
            at.at(op.dA_prev + to / P<T>, i)[to % P<T>] = at.at(op.dA + u / P<T>, i)[u % P<T>];
        }
    });
}
// ---- parametric activation: A = Z + alpha (G - Z) with G = g(Z); backward dZ = dA (1 + alpha (g'(Z) - 1)) ----

template <class T>
void parametric_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, bool keep) {
    with_activation<T>(op.function, [&](auto g) {
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            const Row<T> alpha = Row<T>::of(at.param(op, 0) + p * P<T>);
            for (int64_t i = i0; i < i1; i++) {
                Row<T> Z = Row<T>::of(at.at(op.A_prev + p, i)), G, A;
                for (int j = 0; j < NV<T>; j++) {
                    G.v[j] = g.g(Z.v[j]);
                    A.v[j] = fma(alpha.v[j], G.v[j] - Z.v[j], Z.v[j]);
                }
                if (keep) G.into(at.at(op.cache + p, i));
                A.into(at.at(op.A + p, i));
            }
        }
    });
}
template <class T>
void parametric_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    with_activation<T>(op.function, [&](auto g) {
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            const Row<T> alpha = Row<T>::of(at.param(op, 0) + p * P<T>);
            for (int64_t i = i0; i < i1; i++) {
                Row<T> Z = Row<T>::of(at.at(op.A_prev + p, i)), G = Row<T>::of(at.at(op.cache + p, i)),
                       d = Row<T>::of(at.at(op.dA + p, i));
                for (int j = 0; j < NV<T>; j++) d.v[j] *= fma(alpha.v[j], g.dg(Z.v[j], G.v[j]) - T(1), all(T(1)));
                d.into(at.at(op.dA_prev + p, i));
            }
        }
    });
}
// dalpha = Σ dA (G - Z), for panel p
template <class T>
Row<T> sum_of_shares(const Place<T>& at, const Op& op, int64_t m, int64_t p) {
    return over_examples<T>(m, [&](int64_t i) {
        Row<T> d = Row<T>::of(at.at(op.dA + p, i)), G = Row<T>::of(at.at(op.cache + p, i)),
               Z = Row<T>::of(at.at(op.A_prev + p, i));
        for (int j = 0; j < NV<T>; j++) d.v[j] *= G.v[j] - Z.v[j];
        return d;
    });
}

// ---- residual: A = A_prev + chain(A_prev) ----

template <class T>
LAMINA_INLINE void add(const Place<T>& at, const Op& op, int64_t a, int64_t b, int64_t sum, int64_t i0, int64_t i1) {
    everywhere(at, op.units, i0, i1,
               [&](int64_t x) { store(at.at(sum) + x, load(at.at(a) + x) + load(at.at(b) + x)); });
}

// ---- in embeddings.hpp ----

template <class T>
void embedding_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1);
template <class T>
void embedding_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1);
template <class T>
void periodic_forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1);
template <class T>
void periodic_backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1);

// ---- every layer ----

// `predicting`: no draws, running statistics, nothing kept. (Batch normalisation in training needs the whole team.)
template <class T>
void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, bool predicting, Team* team, int t) {
    switch (op.kind) {
    case Kind::linear:
        return linear_forward(at, op, i0, i1);
    case Kind::activation:
        return activation_forward(at, op, i0, i1);
    case Kind::dropout:
        if (!predicting) return dropout_forward(at, op, i0, i1);
        return everywhere(at, op.units, i0, i1, [&](int64_t x) { store(at.at(op.A) + x, load(at.at(op.A_prev) + x)); });
    case Kind::layer_norm:
        return layer_norm_forward(at, op, i0, i1, !predicting);
    case Kind::batch_norm:
        if (predicting) return batch_norm_predict(at, op, i0, i1);
        return batch_norm_forward(at, op, i0, i1, *team, t);
    case Kind::scale:
        return scale(at, op, op.A_prev, op.A, i0, i1);
    case Kind::member_scale:
        return member_scale(at, op, op.A_prev, op.A, i0, i1);
    case Kind::member_choice:
        return member_choice_forward(at, op, i0, i1);
    case Kind::parametric_activation:
        return parametric_forward(at, op, i0, i1, !predicting);
    case Kind::embedding:
        return embedding_forward(at, op, i0, i1);
    case Kind::periodic:
        return periodic_forward(at, op, i0, i1);
    case Kind::open:
        return;
    case Kind::close:
        return add(at, op, op.skip, op.A_prev, op.A, i0, i1);
    }
}

template <class T>
void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, Team& team, int t) {
    if (op.kind == Kind::batch_norm) return batch_norm_backward(at, op, i0, i1, team, t);
    if (op.kind == Kind::periodic) return periodic_backward(at, op, i0, i1);
    if (!op.back) return;
    switch (op.kind) {
    case Kind::linear:
        return linear_backward(at, op, i0, i1);
    case Kind::activation:
        return activation_backward(at, op, i0, i1);
    case Kind::dropout:
        return dropout_backward(at, op, i0, i1);
    case Kind::layer_norm:
        return layer_norm_backward(at, op, i0, i1);
    case Kind::scale:
        return scale(at, op, op.dA, op.dA_prev, i0, i1);
    case Kind::member_scale:
        return member_scale(at, op, op.dA, op.dA_prev, i0, i1);
    case Kind::member_choice:
        return member_choice_backward(at, op, i0, i1);
    case Kind::parametric_activation:
        return parametric_backward(at, op, i0, i1);
    case Kind::embedding:
        return embedding_backward(at, op, i0, i1);
    case Kind::open:
        return add(at, op, op.dA_prev, op.d_skip, op.dA_prev, i0, i1);
    default:
        return;
    }
}

} // namespace lamina::LAMINA_PATH
