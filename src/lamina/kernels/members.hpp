// An ensemble in one network, as in equations/members.py: example e is of member e % members.
#pragma once

#include "layers.hpp"

namespace lamina::LAMINA_PATH {

struct OfMembers : LayerDefaults {
    enum { members };
    static constexpr Names settings{"members"};
    static void check(const Layer& layer, const Plan& plan) {
        const int64_t count = layer.count("members");
        expect(count == 1 || count == plan.members, "members of " + layer.kind);
    }

    static LAMINA_INLINE int64_t count_of(const Op& op) { return int64_t(op.settings[members]); }
    // Do f(i, j) for rows [i0, i1), j the member of row i.
    template <class T, class F>
    static LAMINA_INLINE void by_member(const Place<T>& at, const Op& op, int64_t i0, int64_t i1, F f) {
        const int64_t count = count_of(op);
        int64_t j = (at.first + i0) % count;
        for (int64_t i = i0; i < i1; i++) {
            f(i, j);
            if (++j == count) j = 0;
        }
    }
};

// ---- A = R_j A_prev; backward dA_prev = R_j dA ----

struct MemberScale : OfMembers {
    enum { R }; // in panels of its transpose: a row for each member
    static constexpr bool members_differ = true;
    static Shapes shapes(const Layer& layer) { return {{"R", layer.units, layer.count("members")}}; }

    template <class T>
    static LAMINA_INLINE void scale(const Place<T>& at, const Op& op, int64_t from, int64_t to, int64_t i0,
                                    int64_t i1) {
        for (int64_t p = 0; p < panels_of<T>(op.units); p++) {
            const T* factors = at.param(op, R) + p * count_of(op) * P<T>;
            by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
                Row<T> x = Row<T>::of(at.panel(from + p, i)), r = Row<T>::of(factors + j * P<T>);
                for (int k = 0; k < NV<T>; k++) x.v[k] *= r.v[k];
                x.into(at.panel(to + p, i));
            });
        }
    }
    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        scale(at, op, op.A_prev, op.A, i0, i1);
    }
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        scale(at, op, op.dA, op.dA_prev, i0, i1);
    }
    // dR_j = Σ dA A_prev over the examples of member j, for panel p
    template <class T>
    static LAMINA_INLINE Row<T> gradient(const Place<T>& at, const Op& op, int64_t p, int64_t j) {
        const int64_t count = count_of(op);
        const int64_t own = (j - at.first % count + count) % count; // its first
        if (own >= at.here) return Row<T>::zero();
        return over_examples<T>((at.here - own - 1) / count + 1, [&](int64_t i) {
            const int64_t e = own + i * count;
            Row<T> x = Row<T>::of(at.panel(op.dA + p, e)), y = Row<T>::of(at.panel(op.A_prev + p, e));
            for (int k = 0; k < NV<T>; k++) x.v[k] *= y.v[k];
            return x;
        });
    }
    template <class T>
    static void gradients(const Place<T>& at, const Op& op, const Job& job) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t j = job.k0; j < job.k1; j++)
                gradient(at, op, p, j).into(at.grad(op, R) + (p * count_of(op) + j) * P<T>);
    }
};

// ---- of the outputs for all members, those of the example's own: A[u] = A_prev[j units + u] ----

struct MemberChoice : OfMembers {
    static constexpr bool members_differ = true;
    static int64_t width(const Layer& layer) {
        const int64_t count = layer.count("members");
        return layer.units_prev % count ? -1 : layer.units_prev / count;
    }

    template <class T>
    static void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
            for (int64_t u = 0; u < panels_of<T>(op.units) * P<T>; u++) {
                const int64_t from = j * op.units + u;
                at.panel(op.A + u / P<T>, i)[u % P<T>] =
                    u < op.units ? at.panel(op.A_prev + from / P<T>, i)[from % P<T>] : T(0);
            }
        });
    }
    // dA_prev[j units + u] = dA[u], and 0 for the other members
    template <class T>
    static void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
        everywhere(at, op.units_prev, i0, i1, [&](int64_t x) { store(at.panel(op.dA_prev) + x, Vec<T>{}); });
        by_member(at, op, i0, i1, [&](int64_t i, int64_t j) {
            for (int64_t u = 0; u < op.units; u++) {
                const int64_t to = j * op.units + u;
                at.panel(op.dA_prev + to / P<T>, i)[to % P<T>] = at.panel(op.dA + u / P<T>, i)[u % P<T>];
            }
        });
    }
};

} // namespace lamina::LAMINA_PATH
