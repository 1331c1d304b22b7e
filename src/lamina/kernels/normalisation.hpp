// The normalisations, forward and backward side by side, as the equations have them.
//
//     A = gamma A_hat + beta        A_hat = (A_prev - mean) / sqrt(var + epsilon)
#pragma once

#include "layers.hpp"

namespace lamina::LAMINA_PATH {

// ---- layer normalisation: over the units of each example ----

struct LayerNorm : LayerDefaults {
    enum { gamma, beta };
    enum { epsilon };
    static constexpr Names settings{"epsilon"};
    static constexpr bool free_A = true;
    static Shapes shapes(const Layer& layer) { return {{"gamma", layer.units, 1}, {"beta", layer.units, 1}}; }
    static void place(const Layer&, Op& op, Places& places) {
        op.caches[0] = places.extra(op.units); // A_hat
        op.caches[1] = places.extra(1);        // 1/std of each example
    }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const T *scale = at.param(op, gamma), *shift = at.param(op, beta);
        const bool keep = !at.predicting();
        for (int64_t i = i0; i < i1; i++) {
            T mean = over_units<T>(op.units, [&](int64_t p) { return Row<T>::of(at.panel(op.A_prev + p, i)); }) /
                     T(op.units);
            T var = over_units<T>(op.units,
                                  [&](int64_t p) {
                                      Row<T> x = Row<T>::of(at.panel(op.A_prev + p, i));
                                      for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - mean) * (x.v[j] - mean);
                                      return x;
                                  }) /
                    T(op.units);
            T inv_std = T(1) / T(__builtin_sqrt(var + T(op.settings[epsilon])));
            if (keep) at.panel(op.caches[1])[i] = inv_std;
            for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
                Row<T> x = Row<T>::of(at.panel(op.A_prev + p, i)), g = Row<T>::of(scale + p * P<T>),
                       b = Row<T>::of(shift + p * P<T>), y;
                for (int j = 0; j < NV<T>; j++) {
                    x.v[j] = (x.v[j] - mean) * inv_std;
                    y.v[j] = fma(g.v[j], x.v[j], b.v[j]);
                }
                if (keep) x.into(at.panel(op.caches[0] + p, i));
                y.into(at.panel(op.A + p, i));
            }
        }
    }
    // dA_prev = (dA_hat - mean(dA_hat) - A_hat mean(dA_hat A_hat)) / std, with dA_hat = gamma dA
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const T* scale = at.param(op, gamma);
        for (int64_t i = i0; i < i1; i++) {
            auto dA_hat = [&](int64_t p) {
                Row<T> d = Row<T>::of(at.panel(op.dA + p, i)), g = Row<T>::of(scale + p * P<T>);
                for (int j = 0; j < NV<T>; j++) d.v[j] *= g.v[j];
                return d;
            };
            T mean = over_units<T>(op.units, dA_hat) / T(op.units);
            T slope = over_units<T>(op.units,
                                    [&](int64_t p) {
                                        Row<T> d = dA_hat(p), x = Row<T>::of(at.panel(op.caches[0] + p, i));
                                        for (int j = 0; j < NV<T>; j++) d.v[j] *= x.v[j];
                                        return d;
                                    }) /
                      T(op.units);
            T inv_std = at.panel(op.caches[1])[i];
            for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
                Row<T> d = dA_hat(p), x = Row<T>::of(at.panel(op.caches[0] + p, i)), mask = within<T>(op.units, p);
                for (int j = 0; j < NV<T>; j++) {
                    Vec<T> y = inv_std * (d.v[j] - mean - x.v[j] * slope);
                    d.v[j] = mask.v[j] != T(0) ? y : Vec<T>{};
                }
                d.into(at.panel(op.dA_prev + p, i));
            }
        }
    }
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1; p++) {
            sum_of_product(at, op.dA + p, op.caches[0] + p).into(at.grad(op, gamma) + p * P<T>);
            sum_of(at, op.dA + p).into(at.grad(op, beta) + p * P<T>);
        }
    }
};

// ---- batch normalisation: over the batch, per unit ----
//
// It needs sums over all examples before it can go on: each thread takes some of the panels for them, then its own
// examples. dgamma and dbeta are among these sums, on the way back.

struct BatchNorm : LayerDefaults {
    enum { gamma, beta, mean, var };
    enum { momentum, epsilon };
    static constexpr Names settings{"momentum", "epsilon"};
    static constexpr bool free_A = true, whole_batch = true;
    static Shapes shapes(const Layer& layer) {
        return {{"gamma", layer.units, 1}, {"beta", layer.units, 1}, {"mean", layer.units, 1}, {"var", layer.units, 1}};
    }
    static void place(const Layer&, Op& op, Places& places) {
        op.caches[0] = places.extra(op.units); // A_hat
        op.per_unit = places.unit_vectors(3, op.units);
    }

    // The three vectors per unit.
    template <class T>
    struct Batch {
        T *means, *inv_stds, *vars;

        Batch(const Place<T>& at, const Op& op)
            : means(at.per_unit + op.per_unit), inv_stds(means + panels_of<T>(op.units) * P<T>),
              vars(inv_stds + panels_of<T>(op.units) * P<T>) {}
    };
    template <class T>
    static LAMINA_INLINE Row<T> inverse_std(const Op& op, Row<T> var) {
        for (int j = 0; j < NV<T>; j++) var.v[j] = T(1) / sqrt(var.v[j] + T(op.settings[epsilon]));
        return var;
    }
    template <class T>
    static LAMINA_INLINE void normalise(const Place<T>& at, const Op& op, int64_t p, Row<T> centre, Row<T> inv_std,
                                        bool keep, int64_t i0, int64_t i1) {
        Row<T> g = Row<T>::of(at.param(op, gamma) + p * P<T>), b = Row<T>::of(at.param(op, beta) + p * P<T>);
        for (int64_t i = i0; i < i1; i++) {
            Row<T> x = Row<T>::of(at.panel(op.A_prev + p, i));
            for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - centre.v[j]) * inv_std.v[j];
            if (keep) x.into(at.panel(op.caches[0] + p, i));
            for (int j = 0; j < NV<T>; j++) x.v[j] = fma(g.v[j], x.v[j], b.v[j]);
            x.into(at.panel(op.A + p, i));
        }
    }

    template <class T>
    static void predict(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            Row<T> running_mean = Row<T>::of(at.param(op, mean) + p * P<T>);
            Row<T> running_var = Row<T>::of(at.param(op, var) + p * P<T>);
            normalise(at, op, p, running_mean, inverse_std(op, running_var), false, i0, i1);
        }
    }
    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        if (at.predicting()) return predict(at, op, i0, i1);
        const int64_t panels = panels_of<T>(op.units);
        const Batch<T> batch(at, op);
        at.team->wait();
        for (int64_t p = at.thread; p < panels; p += at.team->size) {
            Row<T> centre = sum_of(at, op.A_prev + p);
            for (int j = 0; j < NV<T>; j++) centre.v[j] /= T(at.here);
            Row<T> square = over_examples<T>(at.here, [&](int64_t i) {
                Row<T> x = Row<T>::of(at.panel(op.A_prev + p, i));
                for (int j = 0; j < NV<T>; j++) x.v[j] = (x.v[j] - centre.v[j]) * (x.v[j] - centre.v[j]);
                return x;
            });
            for (int j = 0; j < NV<T>; j++) square.v[j] /= T(at.here);
            centre.into(batch.means + p * P<T>);
            square.into(batch.vars + p * P<T>);
            inverse_std(op, square).into(batch.inv_stds + p * P<T>);
        }
        at.team->wait();
        for (int64_t p = 0; p < panels; p++)
            normalise(at, op, p, Row<T>::of(batch.means + p * P<T>), Row<T>::of(batch.inv_stds + p * P<T>), true, i0,
                      i1);
    }
    // dgamma, dbeta, and what the running values move by: running -= momentum (running - batch). Of a batch in pieces,
    // each moves them by its share.
    template <class T>
    static void prepare(const Place<T>& at, const Op& op, int64_t, int64_t) {
        const Batch<T> batch(at, op);
        const T n = T(at.here), unbiased = n / T(at.here > 1 ? at.here - 1 : 1);
        const T rate = T(op.settings[momentum]) * (n / T(at.m));
        at.team->wait();
        for (int64_t p = at.thread; p < panels_of<T>(op.units); p += at.team->size) {
            sum_of_product(at, op.dA + p, op.caches[0] + p).into(at.grad(op, gamma) + p * P<T>);
            sum_of(at, op.dA + p).into(at.grad(op, beta) + p * P<T>);
            Row<T> mask = within<T>(op.units, p);
            for (int64_t x = p * P<T>, j = 0; x < (p + 1) * P<T>; x += WIDE<T>, j++) {
                Vec<T> d_mean = rate * (load(at.param(op, mean) + x) - load(batch.means + x));
                Vec<T> d_var = rate * (load(at.param(op, var) + x) - load(batch.vars + x) * unbiased);
                store(at.grad(op, mean) + x, mask.v[j] != T(0) ? d_mean : Vec<T>{});
                store(at.grad(op, var) + x, mask.v[j] != T(0) ? d_var : Vec<T>{});
            }
        }
        at.team->wait();
    }
    // dA_prev = gamma / std (dA - mean(dA) - A_hat mean(dA A_hat)), with the means over the examples that are here
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        const Batch<T> batch(at, op);
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            Row<T> g = Row<T>::of(at.param(op, gamma) + p * P<T>), s = Row<T>::of(batch.inv_stds + p * P<T>);
            Row<T> dgamma = Row<T>::of(at.grad(op, gamma) + p * P<T>), dbeta = Row<T>::of(at.grad(op, beta) + p * P<T>);
            for (int j = 0; j < NV<T>; j++) g.v[j] *= s.v[j], dgamma.v[j] /= T(at.here), dbeta.v[j] /= T(at.here);
            for (int64_t i = i0; i < i1; i++) {
                Row<T> d = Row<T>::of(at.panel(op.dA + p, i)), x = Row<T>::of(at.panel(op.caches[0] + p, i));
                for (int j = 0; j < NV<T>; j++) d.v[j] = g.v[j] * (d.v[j] - dbeta.v[j] - x.v[j] * dgamma.v[j]);
                d.into(at.panel(op.dA_prev + p, i));
            }
        }
    }
};

} // namespace lamina::LAMINA_PATH
