// Hidden matrices moved whole, as `matrix_direction` in equations/orthogonal.py says:
//
//     v = momentum v + g;  u = g + momentum v;  X = u / max(|u|, epsilon)
//     X = a X + (b A + c A²) X with A = X Xᵀ, again and again
//     d = 0.2 sqrt(max(rows, columns)) X
//
// X lies with the shorter side in panels and the longer in their rows, which is the transpose where W is wide. So A is
// XᵀX, an `outer` product, and X = X Q, an `across` product, with Q = a I + b A + c A². A and Q are symmetric: the
// blocks above the diagonal are computed, the others are their mirror image. All threads share every product and wait
// for one another after it.
#pragma once

#include "parameters.hpp"

namespace lamina::LAMINA_PATH {

inline constexpr double NEWTON_SCHULZ[] = {3.4445, -4.7750, 2.0315}; // a, b, c

template <class T>
struct Whole {
    const Plan& plan;
    const Optimiser& optimiser;
    const Move how; // of the step: rate, decay, and what shortens gradients
    T *const params, *const grads, *const memory;
    T* const arena;        // of plan.hidden_size
    double* const lengths; // Σ u² of each job
    Team& team;
    const int t;

    // Do f(slot, place, n) for every stretch of a hidden matrix that a job owns.
    template <class F>
    LAMINA_INLINE void stretches_of(const Job& job, F f) {
        if (const Slot& W = plan.slots[plan.ops[job.op].slots[0]]; !W.hidden) return;
        stretches<T>(plan, job, [&](const Slot& s, int64_t place, int64_t n) {
            if (s.hidden) f(s, place, n);
        });
    }
    // Do f(place, turned, deep, units) for every P by P block of a job: where it lies in the arena of the parameters
    // and in the transpose, from where that begins; and how many rows of it there are, and units.
    template <class F>
    LAMINA_INLINE void blocks_of(const Slot& W, const Job& job, F f) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t k = job.k0; k < job.k1; k += P<T>)
                f(W.place + (p * W.columns + k) * P<T>, (k / P<T> * W.rows + p * P<T>)*P<T>, least(P<T>, job.k1 - k),
                  least(P<T>, W.rows - p * P<T>));
    }

    void move(int job0, int job1) {
        if (plan.hidden.empty()) return;
        for (int j = job0; j < job1; j++) lengths[j] = look_ahead(plan.jobs[j]);
        team.wait();
        for (const Hidden& h : plan.hidden) {
            const double length = __builtin_sqrt(squares(h.slot));
            const double longest = length > optimiser.epsilon ? length : optimiser.epsilon;
            for (int j = job0; j < job1; j++) begin(h, plan.jobs[j], T(1 / longest));
        }
        for (int64_t i = 0; i < optimiser.iterations; i++) {
            const int from = i % 2;
            for (auto stage : {&Whole::square, &Whole::polynomial, &Whole::multiply}) {
                team.wait();
                for (const Hidden& h : plan.hidden) (this->*stage)(h, from);
            }
        }
        team.wait();
        for (const Hidden& h : plan.hidden)
            for (int j = job0; j < job1; j++) end(h, plan.jobs[j]);
    }

    // v, and u where g was; gives Σ u².
    double look_ahead(const Job& job) {
        const Vec<T> momentum = all(T(optimiser.momentum)), shorten = all(T(how.shorten));
        double sum = 0;
        stretches_of(job, [&](const Slot&, int64_t place, int64_t n) {
            Row<T> squares = Row<T>::zero();
            for (int64_t i = place; i < place + n; i += P<T>)
                for (int j = 0; j < NV<T>; j++) {
                    const int64_t x = i + j * WIDE<T>;
                    const Vec<T> g = shorten * load(grads + x), v = fma(momentum, load(memory + x), g);
                    const Vec<T> u = fma(momentum, v, g);
                    store(memory + x, without_traces<T>(v));
                    store(grads + x, u);
                    squares.v[j] = fma(u, u, squares.v[j]);
                }
            sum += double(squares.sum());
        });
        return sum;
    }
    double squares(int slot) const {
        double sum = 0;
        for (int j = 0; j < int(plan.jobs.size()); j++)
            if (plan.ops[plan.jobs[j].op].slots[0] == slot) sum += lengths[j];
        return sum;
    }

    // X = u / max(|u|, epsilon)
    void begin(const Hidden& h, const Job& job, T factor) {
        if (plan.ops[job.op].slots[0] != h.slot) return;
        const Slot& W = plan.slots[h.slot];
        T* X = arena + h.X[0];
        if (h.turned)
            blocks_of(W, job, [&](int64_t place, int64_t turned, int64_t deep, int64_t units) {
                transpose_corner<T>(grads + place, P<T>, deep, units, X + turned, P<T>);
                scale(X + turned, X + turned, units * P<T>, factor);
            });
        else
            stretches_of(job, [&](const Slot&, int64_t place, int64_t n) {
                scale(grads + place, X + place - W.place, n, factor);
            });
    }
    static void scale(const T* from, T* to, int64_t n, T factor) {
        for (int64_t i = 0; i < n; i += WIDE<T>) store(to + i, all(factor) * load(from + i));
    }

    // A = XᵀX
    void square(const Hidden& h, int from) {
        upper_half(h, arena + h.X[from], h.longer, arena + h.A, [](T*, int64_t, int64_t, int64_t) {});
    }
    // Q = a I + b A + c A²
    void polynomial(const Hidden& h, int) {
        const T *A = arena + h.A, a = T(NEWTON_SCHULZ[0]);
        const Vec<T> b = all(T(NEWTON_SCHULZ[1])), c = all(T(NEWTON_SCHULZ[2]));
        upper_half(h, A, h.shorter, arena + h.Q, [&](T* Q, int64_t p, int64_t k0, int64_t k1) {
            const int64_t panel = p * h.shorter * P<T>;
            for (int64_t x = panel + k0 * P<T>; x < panel + k1 * P<T>; x += WIDE<T>)
                store(Q + x, fma(c, load(Q + x), b * load(A + x)));
            for (int64_t k = p * P<T>; k < k1; k++) Q[panel + k * P<T> + k - p * P<T>] += a;
        });
    }
    // X = X Q
    void multiply(const Hidden& h, int from) {
        const int64_t lo = h.longer * t / team.size, hi = h.longer * (t + 1) / team.size, stride = h.longer * P<T>;
        if (lo == hi) return;
        across<T>({arena + h.X[from] + lo * P<T>, stride}, {arena + h.Q, h.shorter * P<T>}, nullptr, h.shorter,
                  h.shorter, hi - lo, {arena + h.X[1 - from] + lo * P<T>, stride}, {});
    }

    // This thread's blocks of C = BᵀB, for B of so many rows, on and above the diagonal; finish(C, p, k0, k1) is done
    // to rows [k0, k1) of panel p before they are mirrored.
    template <class F>
    void upper_half(const Hidden& h, const T* B, int64_t rows, T* C, F finish) {
        const int64_t n = h.shorter, panels = panels_of<T>(n), blocks = panels * (panels + 1) / 2;
        const int64_t lo = blocks * t / team.size, hi = blocks * (t + 1) / team.size;
        for (int64_t p = 0, first = 0; p < panels; first += ++p) {
            const int64_t q0 = lo > first ? lo - first : 0, q1 = least(hi - first, p + 1);
            if (q0 >= q1) continue;
            const int64_t k0 = q0 * P<T>, k1 = least(q1 * P<T>, n), wide = least(P<T>, n - p * P<T>);
            outer<T>({B, rows * P<T>}, {B, rows * P<T>}, rows, n, k0, k1, p, p + 1, {C, n * P<T>});
            finish(C, p, k0, k1);
            for (int64_t q = q0; q < q1 && q < p; q++)
                transpose_corner<T>(C + (p * n + q * P<T>)*P<T>, P<T>, P<T>, wide, C + (q * n + p * P<T>)*P<T>, P<T>);
        }
    }

    // W -= rate (d + decay W)
    void end(const Hidden& h, const Job& job) {
        if (plan.ops[job.op].slots[0] != h.slot) return;
        const Slot& W = plan.slots[h.slot];
        const T *X = arena + h.X[optimiser.iterations % 2], *d = X;
        if (h.turned) {
            blocks_of(W, job, [&](int64_t place, int64_t turned, int64_t deep, int64_t units) {
                transpose_corner<T>(X + turned, P<T>, units, deep, grads + place, P<T>);
            });
            d = grads + W.place;
        }
        const Numbers<T> none(Optimiser{Rule::gradient_descent}, 1);
        const Move by{how.rate * W.rate, how.decay * W.decay, 0.2 * __builtin_sqrt(double(h.longer))};
        stretches_of(job, [&](const Slot&, int64_t place, int64_t n) {
            update<T>(GradientDescent<T>{}, none, by, params + place, d + place - W.place, nullptr, nullptr, n);
        });
    }
};

} // namespace lamina::LAMINA_PATH
