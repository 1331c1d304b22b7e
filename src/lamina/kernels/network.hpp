// The verbs: forward through all layers, the loss, backward through all layers, the gradient, the update.
//
// A step has three parts, and a line between them at which the threads wait for one another:
//
//     examples     each thread takes some of the examples through forward, loss and backward
//     gradients    each thread takes some of the parameters: dW = dZ A_prevᵀ, db, penalties
//     update       each thread moves the same parameters, when every gradient is known to be finite
//
// Which thread takes what never matters: an element is computed by one thread, in an order that depends on the sizes
// only.
#pragma once

#include "calls.hpp"
#include "embeddings.hpp"
#include "layers.hpp"
#include "losses.hpp"
#include "optimisers.hpp"

namespace lamina::LAMINA_PATH {

// ---- between Python's flat vector and panels ----

// Do f(slot, k0, k1) for what a job carries: its rows of the op's first slot and, with the first of them, the others.
template <class F>
LAMINA_INLINE void slots_of(const Plan& plan, const Job& job, F f) {
    const Op& op = plan.ops[job.op];
    f(plan.slots[op.slots[0]], job.k0, job.k1);
    for (int i = 1; i < 4 && job.k0 == 0; i++)
        if (op.slots[i] >= 0) f(plan.slots[op.slots[i]], int64_t(0), plan.slots[op.slots[i]].columns);
}
LAMINA_INLINE int64_t least(int64_t a, int64_t b) {
    return a < b ? a : b;
}

template <class T>
void pack(const Plan& plan, const Job& job, const T* flat, T* packed) {
    slots_of(plan, job, [&](const Slot& W, int64_t k0, int64_t k1) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t k = k0; k < k1; k += P<T>)
                transpose_corner<T>(flat + W.flat + p * P<T> * W.columns + k, W.columns, least(P<T>, W.rows - p * P<T>),
                                    least(P<T>, k1 - k), packed + W.place + (p * W.columns + k) * P<T>, P<T>);
    });
}
template <class T>
void unpack(const Plan& plan, const Job& job, const T* packed, T* flat) {
    slots_of(plan, job, [&](const Slot& W, int64_t k0, int64_t k1) {
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t k = k0; k < k1; k += P<T>) {
                const T* from = packed + W.place + (p * W.columns + k) * P<T>;
                T* to = flat + W.flat + p * P<T> * W.columns + k;
                int64_t units = least(P<T>, W.rows - p * P<T>), wide = least(P<T>, k1 - k);
                if (units == P<T> && wide == P<T>)
                    transpose_block<T>(from, P<T>, to, W.columns);
                else
                    for (int64_t u = 0; u < units; u++)
                        for (int64_t j = 0; j < wide; j++) to[u * W.columns + j] = from[j * P<T> + u];
            }
    });
}
// W itself beside its transpose, for dA_prev = Wᵀ dZ.
template <class T>
void refresh_second(const Plan& plan, const Job& job, const T* params, T* seconds) {
    const Slot& W = plan.slots[plan.ops[job.op].slots[0]];
    if (W.second < 0) return;
    for (int64_t p = job.p0; p < job.p1; p++)
        for (int64_t k = job.k0; k < job.k1; k += P<T>) {
            const T* from = params + W.place + (p * W.columns + k) * P<T>; // rows k.., columns p * P..
            T* to = seconds + W.second + (k / P<T> * W.rows + p * P<T>)*P<T>;
            transpose_corner<T>(from, P<T>, least(P<T>, job.k1 - k), least(P<T>, W.rows - p * P<T>), to, P<T>);
        }
}

// ---- rows in, losses out ----

// A[0] of rows [i0, i1): row `example(i)` of X.
template <class T, class Example>
LAMINA_INLINE void take_rows(const Place<T>& at, const T* X, int64_t rows, int64_t i0, int64_t i1, Example example) {
    const int64_t n = at.plan.n_inputs, whole = n / P<T>, rest = n % P<T>;
    const Row<T> mask = within<T>(n, whole);
    for (int64_t i = i0; i < i1; i++) {
        int64_t e = example(i);
        const T* x = X + e * n;
        for (int64_t p = 0; p < whole; p++) Row<T>::of(x + p * P<T>).into(at.at(p, i));
        if (!rest) continue;
        T* to = at.at(whole, i);
        if (rows - e > P<T>) { // what is read beyond the row are the next rows
            Row<T> r = Row<T>::of(x + whole * P<T>);
            for (int j = 0; j < NV<T>; j++) r.v[j] = mask.v[j] != T(0) ? r.v[j] : Vec<T>{};
            r.into(to);
        } else {
            for (int64_t u = 0; u < P<T>; u++) to[u] = u < rest ? x[whole * P<T> + u] : T(0);
        }
    }
}

// Targets and weights of P examples side by side; of `n` examples, the others repeat the last.
template <class T, class Example>
LAMINA_INLINE void take_targets(const Plan& plan, const T* Y, const T* weights, int64_t i, int64_t n, Example example,
                                T* Y_beside, T* w) {
    for (int64_t e = 0; e < P<T>; e++) {
        int64_t row = example(i + (e < n ? e : n - 1));
        for (int64_t t = 0; t < plan.targets; t++) Y_beside[t * P<T> + e] = Y[row * plan.targets + t];
        w[e] = weights ? weights[row] : T(1);
    }
}

// w L of rows [i0, i1) into `losses` and, where wanted, dZ = w dL/dZ / m into the place of the last layer's dZ.
template <class T, class Example>
void take_losses(const Place<T>& at, const T* Y, const T* weights, int64_t i0, int64_t i1, Example example, T* scratch,
                 T* losses, bool derivative) {
    const Plan& plan = at.plan;
    T *Z = scratch, *dZ = Z + plan.n_outputs * P<T>, *Yb = dZ + plan.n_outputs * P<T>, *w = Yb + plan.targets * P<T>;
    T* L = w + P<T>;
    with_loss<T>(plan.loss, [&](auto loss) {
        for (int64_t i = i0; i < i1; i += P<T>) {
            int64_t n = least(P<T>, i1 - i);
            beside<T>(at.at(plan.Z), at.stride, i, n, plan.n_outputs, Z);
            take_targets<T>(plan, Y, weights, i, n, example, Yb, w);
            for (int j = 0; j < P<T>; j += WIDE<T>) {
                Column<T> c{plan, Z + j, Yb + j};
                store(L + j, load(w + j) * loss.losses(c));
                if (!derivative) continue;
                loss.dZ(c, dZ + j);
                const Vec<T> share = load(w + j) / T(at.m);
                for (int64_t u = 0; u < plan.n_outputs; u++) store(dZ + u * P<T> + j, load(dZ + u * P<T> + j) * share);
            }
            for (int64_t e = 0; e < n; e++) losses[i + e] = L[e];
            if (derivative) below<T>(dZ, plan.n_outputs, n, at.at(plan.dZ), at.stride, i);
        }
    });
}

// Σ in double precision, in four chains joined in order.
template <class T>
double total(const T* x, int64_t n) {
    double s[4] = {};
    for (int64_t i = 0; i < n; i++) s[i % 4] += double(x[i]);
    return (s[0] + s[1]) + (s[2] + s[3]);
}

// ---- gradients of parameters ----

// What a job found out about its parameters.
struct Found {
    double g2, W2, W1; // Σ g², Σ W², Σ |W|
    double finite;     // 0, or NaN where a gradient is not finite
};

// The gradient of job's parameters over the examples of a chunk.
template <class T>
void job_gradients(const Place<T>& at, const Job& job, int64_t m) {
    const Op& op = at.plan.ops[job.op];
    auto into = [&](int slot, int64_t p, Row<T> row) { row.into(at.grad(op, slot) + p * P<T>); };
    if (op.kind == Kind::member_scale)
        for (int64_t p = job.p0; p < job.p1; p++)
            for (int64_t j = job.k0; j < job.k1; j++)
                into(0, p * op.members + j, member_scale_gradient(at, op, m, p, j));
    if (op.kind == Kind::linear)
        outer<T>(at.at(op.A_prev), at.stride, at.at(op.dA), at.stride, m, op.units_prev, job.k0, job.k1, job.p0, job.p1,
                 at.grad(op, 0));
    if (op.kind == Kind::embedding) return embedding_gradients(at, op, m, job.p0, job.p1, job.k0, job.k1);
    if (job.k0) return;
    for (int64_t p = job.p0; p < job.p1; p++) {
        if (op.kind == Kind::linear) into(1, p, sum_of(at, m, op.dA + p));
        if (op.kind == Kind::layer_norm) {
            into(0, p, sum_of_product(at, m, op.dA + p, op.cache + p));
            into(1, p, sum_of(at, m, op.dA + p));
        }
        if (op.kind == Kind::scale) into(0, p, sum_of_product(at, m, op.dA + p, op.A_prev + p));
        if (op.kind == Kind::parametric_activation) into(0, p, sum_of_shares(at, op, m, p));
        if (op.kind == Kind::periodic) periodic_gradients(at, op, m, p);
    }
}

// Do f(slot, place, n) for every stretch of the arena that a job owns.
template <class T, class F>
LAMINA_INLINE void stretches(const Plan& plan, const Job& job, F f) {
    slots_of(plan, job, [&](const Slot& s, int64_t k0, int64_t k1) {
        if (s.columns == 1) return f(s, s.place + job.p0 * P<T>, (job.p1 - job.p0) * P<T>);
        for (int64_t p = job.p0; p < job.p1; p++) f(s, s.place + (p * s.columns + k0) * P<T>, (k1 - k0) * P<T>);
    });
}

// Add the gradient of the penalty; look whether all is finite; sum squares where they are wanted.
template <class T>
Found examine(const Plan& plan, const Job& job, const T* params, T* grads, int64_t examples, bool norm) {
    const bool penalty = plan.l1 != 0 || plan.l2 != 0;
    const Vec<T> l2 = all(T(plan.l2 / examples)), l1 = all(T(plan.l1 / examples));
    Row<T> finite = Row<T>::zero();
    Found found{};
    stretches<T>(plan, job, [&](const Slot& s, int64_t place, int64_t n) {
        T* g = grads + place;
        const T* W = params + place;
        if (penalty && s.weight) {
            Row<T> W2 = Row<T>::zero(), W1 = W2;
            for (int64_t i = 0; i < n; i += P<T>)
                for (int j = 0; j < NV<T>; j++) {
                    const int64_t x = i + j * WIDE<T>;
                    Vec<T> w = load(W + x);
                    store(g + x, fma(l1, sign<T>(w), fma(l2, w, load(g + x))));
                    W2.v[j] = fma(w, w, W2.v[j]);
                    W1.v[j] += magnitude<T>(w);
                }
            found.W2 += double(W2.sum());
            found.W1 += double(W1.sum());
        }
        if (norm && !s.statistic) {
            Row<T> g2 = Row<T>::zero();
            for (int64_t i = 0; i < n; i += P<T>)
                for (int j = 0; j < NV<T>; j++) {
                    Vec<T> d = load(g + i + j * WIDE<T>);
                    g2.v[j] = fma(d, d, g2.v[j]);
                }
            found.g2 += double(g2.sum());
        }
        Row<T> a = Row<T>::zero(),
               b = a; // 0 * g is NaN where g is not finite; two chains, for they wait for themselves
        int64_t i = 0;
        for (; i + 2 * P<T> <= n; i += 2 * P<T>)
            for (int j = 0; j < NV<T>; j++) {
                a.v[j] = fma(load(g + i + j * WIDE<T>), Vec<T>{}, a.v[j]);
                b.v[j] = fma(load(g + i + P<T> + j * WIDE<T>), Vec<T>{}, b.v[j]);
            }
        for (; i < n; i += P<T>)
            for (int j = 0; j < NV<T>; j++) a.v[j] = fma(load(g + i + j * WIDE<T>), Vec<T>{}, a.v[j]);
        for (int j = 0; j < NV<T>; j++) finite.v[j] += a.v[j] + b.v[j];
    });
    found.finite = double(finite.sum());
    return found;
}

template <class T>
void move(const Plan& plan, const Job& job, const Optimiser& optimiser, const Numbers<T>& numbers, double rate,
          double weight_decay, double shorten, T* params, const T* grads, T* first, T* second) {
    stretches<T>(plan, job, [&](const Slot& s, int64_t place, int64_t n) {
        if (s.statistic) {
            for (int64_t i = place; i < place + n; i += WIDE<T>) store(params + i, load(params + i) - load(grads + i));
            return;
        }
        Move how{rate * s.rate, weight_decay * s.decay, shorten};
        update<T>(optimiser, numbers, how, params + place, grads + place, first ? first + place : nullptr,
                  second ? second + place : nullptr, n);
    });
}

// ---- training ----

// One thread's part in `train`.
template <class T>
struct Trainer {
    Training<T>& call;
    Team& team;
    const int t;
    const Plan& plan = *call.plan;
    const int memories = call.grads ? 0 : remembered[int(call.optimiser.rule)];
    const Parts parts = training_parts(plan, call.batch_size, sizeof(T), memories, team.size);
    T* const arena = static_cast<T*>(call.arena);
    T *const params = arena + parts.params, *const grads = arena + parts.grads,
             *const chunk_grads = arena + parts.chunk_grads;
    T *const first = memories > 0 ? arena + parts.first : nullptr, *const second =
                                                                       memories > 1 ? arena + parts.second : nullptr;
    T* const seconds = arena + parts.seconds;
    T* const losses = arena + parts.losses;
    T* const scratch = arena + parts.scratch + t * parts.scratch_size;
    Found* const found = reinterpret_cast<Found*>(arena + parts.partials);
    int job0 = 0, job1 = 0; // this thread's jobs

    void share_jobs() {
        double all_work = 0, before = 0;
        for (const Job& job : plan.jobs) all_work += job.work;
        for (int j = 0; j < int(plan.jobs.size()); j++) {
            double middle = before + plan.jobs[j].work / 2;
            int owner = int(middle / all_work * team.size);
            if (owner < t) job0 = j + 1;
            if (owner <= t) job1 = j + 1;
            before += plan.jobs[j].work;
        }
    }

    // Forward, loss and backward of this thread's share of a chunk; `start` is the batch's first row.
    void examples_part(Place<T>& at, int64_t start, int64_t m) {
        int64_t lo = m * t / team.size, hi = m * (t + 1) / team.size;
        int64_t size = plan.has_batch_norm ? m : block_rows();
        auto example = [&](int64_t i) {
            int64_t row = start + (plan.members == 1 ? at.first + i : (at.first + i) / plan.members);
            return call.order ? call.order[row] : row;
        };
        for (int64_t i0 = lo, i1; i0 < hi || plan.has_batch_norm; i0 = i1) {
            i1 = least(hi, i0 + size);
            take_rows<T>(at, call.X, call.rows, i0, i1, example);
            for (const Op& op : plan.ops) forward(at, op, i0, i1, false, &team, t);
            take_losses<T>(at, call.Y, call.weights, i0, i1, example, scratch, losses, true);
            for (int o = int(plan.ops.size()) - 1; o >= plan.first_trained; o--)
                backward(at, plan.ops[o], i0, i1, team, t);
            if (plan.has_batch_norm) break;
        }
    }
    // Rows that go through all layers together, so that their values stay in the cache.
    int64_t block_rows() const {
        int64_t per_row = plan.panels * 64, rows = (192 << 10) / per_row;
        return rows < 48 ? (rows = 192) : least(rows / 6 * 6, 192);
    }

    void gradients_part(Place<T>& at, int64_t m, bool first_chunk, bool last_chunk) {
        const bool norm = call.optimiser.clips && !call.grads;
        at.grads = first_chunk ? grads : chunk_grads;
        for (int j = job0; j < job1; j++) {
            const Job& job = plan.jobs[j];
            job_gradients(at, job, m);
            if (!first_chunk)
                stretches<T>(plan, job, [&](const Slot&, int64_t place, int64_t n) {
                    for (int64_t i = place; i < place + n; i += WIDE<T>)
                        store(grads + i, load(grads + i) + load(chunk_grads + i));
                });
            if (last_chunk) found[j] = examine<T>(plan, job, params, grads, call.examples, norm);
        }
    }

    // The cost and the gradient of one batch of m examples; every thread gets the same answer.
    double batch(int64_t begin, int64_t m, int64_t k, Found& sum) {
        int64_t chunk = chunk_rows(plan, call.batch_size);
        Place<T> at{plan,  arena + parts.values,  padded_rows(chunk) * P<T>, params, seconds,
                    grads, arena + parts.per_unit};
        at.m = m, at.seed = call.seed, at.step = call.step + k;
        if (call.dropouts) at.dropout = call.dropouts[k];
        double L = 0;
        for (int64_t i = 0; i < m; i += chunk) {
            int64_t here = least(chunk, m - i);
            at.first = i;
            at.grads = grads;
            examples_part(at, begin, here);
            team.wait();
            L += total(losses, here);
            gradients_part(at, here, i == 0, i + chunk >= m);
            if (t == 0 && call.poll && call.poll()) call.stop.store(true);
            team.wait();
            if (call.stop.load()) break;
        }
        sum = Found{};
        for (int j = 0; j < int(plan.jobs.size()); j++) {
            sum.g2 += found[j].g2, sum.W2 += found[j].W2, sum.W1 += found[j].W1, sum.finite += found[j].finite;
        }
        return L / double(m) + plan.l2 / (2. * call.examples) * sum.W2 + plan.l1 / call.examples * sum.W1;
    }

    void run() {
        share_jobs();
        for (int j = job0; j < job1; j++) {
            const Job& job = plan.jobs[j];
            pack(plan, job, call.params, params);
            if (first) pack(plan, job, call.memory, first);
            if (second) pack(plan, job, call.memory + plan.flat_size, second);
            refresh_second(plan, job, params, seconds);
        }
        team.wait();
        int64_t k = 0;
        for (; k < call.steps; k++) {
            int64_t begin = k * call.batch_size, m = least(call.batch_size, call.count - begin) * plan.members;
            Found sum;
            double J = batch(begin, m, k, sum);
            if (call.stop.load()) break;
            if (t == 0) call.costs[k] = J;
            if (call.grads) break;
            if (!(__builtin_isfinite(J) && sum.finite == 0)) break;
            move_all(k, sum);
            team.wait();
        }
        if (t == 0) call.done = k;
        for (int j = job0; j < job1; j++) {
            const Job& job = plan.jobs[j];
            if (call.grads) {
                unpack(plan, job, grads, call.grads);
                continue;
            }
            unpack(plan, job, params, call.params);
            if (first) unpack(plan, job, first, call.memory);
            if (second) unpack(plan, job, second, call.memory + plan.flat_size);
        }
    }

    void move_all(int64_t k, const Found& sum) {
        const Numbers<T> numbers(call.optimiser, call.step + k + 1);
        double shorten = 1, decay = call.optimiser.weight_decay * (call.decays ? call.decays[k] : 1);
        if (call.optimiser.clips) {
            double norm = __builtin_sqrt(sum.g2), clip = call.optimiser.clip_norm;
            shorten = clip / (norm > clip ? norm : clip);
        }
        for (int j = job0; j < job1; j++) {
            const Job& job = plan.jobs[j];
            move<T>(plan, job, call.optimiser, numbers, call.rates[k], decay, shorten, params, grads, first, second);
            refresh_second(plan, job, params, seconds);
        }
    }
};

template <class T>
void train(void* call, Team& team, int t) {
    Trainer<T>{*static_cast<Training<T>*>(call), team, t}.run();
}

// ---- predict and cost ----

// The mean over the members, into A of their rows: of n examples from number i on, whose outputs stand beside one
// another. It is held at the largest finite number, which the sum of rounded shares may pass.
template <class T>
void add_members(const Plan& plan, const T* beside, int64_t i, int64_t n, T* A) {
    constexpr T largest = Format<T>::largest;
    for (int64_t e = 0; e < n; e++) {
        const int64_t row = (i + e) / plan.members, j = (i + e) % plan.members;
        for (int64_t u = 0; u < plan.n_outputs; u++) {
            T *to = A + row * plan.n_outputs + u, share = beside[u * P<T> + e] / T(plan.members);
            *to = j == 0 ? share : *to + share;
            if (j == plan.members - 1) *to = *to > largest ? largest : *to < -largest ? -largest : *to;
        }
    }
}

template <class T>
void predict(void* what, Team& team, int t) {
    Prediction<T>& call = *static_cast<Prediction<T>*>(what);
    const Plan& plan = *call.plan;
    const int64_t at_once = rows_at_once(plan), block = least(at_once, call.rows) * plan.members;
    T* values = static_cast<T*>(call.arena) + t * prediction_elements(plan, call.rows, sizeof(T));
    T* scratch = values + plan.value_panels * block * P<T>;
    Place<T> at{plan, values, block * P<T>, call.params, nullptr, nullptr, nullptr};
    at.m = 1;
    int64_t blocks = (call.rows + at_once - 1) / at_once;
    for (int64_t b = blocks * t / team.size; b < blocks * (t + 1) / team.size; b++) {
        int64_t start = b * at_once, m = least(at_once, call.rows - start) * plan.members;
        auto example = [&](int64_t i) { return start + (plan.members == 1 ? i : i / plan.members); };
        take_rows<T>(at, call.X, call.rows, 0, m, example);
        for (const Op& op : plan.ops) forward(at, op, 0, m, true, nullptr, 0);
        if (call.Y) {
            T losses[BLOCK];
            take_losses<T>(at, call.Y, call.weights, 0, m, example, scratch, losses, false);
            call.block_sums[b] = total(losses, m);
            continue;
        }
        with_loss<T>(plan.loss, [&](auto loss) {
            for (int64_t i = 0; i < m; i += P<T>) {
                int64_t n = least(P<T>, m - i);
                beside<T>(at.at(plan.Z), at.stride, i, n, plan.n_outputs, scratch);
                for (int j = 0; j < P<T>; j += WIDE<T>) loss.output(Column<T>{plan, scratch + j, scratch + j});
                if (plan.members > 1) {
                    add_members(plan, scratch, i, n, call.A + start * plan.n_outputs);
                    continue;
                }
                for (int64_t e = 0; e < n; e++)
                    for (int64_t u = 0; u < plan.n_outputs; u++)
                        call.A[(start + i + e) * plan.n_outputs + u] = scratch[u * P<T> + e];
            }
        });
    }
}

template <class T>
void pack_all(const Plan& plan, const T* flat, T* packed) {
    for (const Job& job : plan.jobs) pack(plan, job, flat, packed);
}

// ---- update ----

template <class T>
void update_flat(const Update<T>& call) {
    const Plan& plan = *call.plan;
    double shorten = 1;
    if (call.optimiser.clips) {
        double g2 = 0, clip = call.optimiser.clip_norm;
        for (int64_t i = 0; i < plan.trained; i++) g2 += double(call.grads[i]) * double(call.grads[i]);
        double norm = __builtin_sqrt(g2);
        shorten = clip / (norm > clip ? norm : clip);
    }
    int memories = remembered[int(call.optimiser.rule)];
    const Numbers<T> numbers(call.optimiser, call.step + 1);
    for (const Slot& s : plan.slots) {
        int64_t n = s.rows * s.columns;
        T* p = call.params + s.flat;
        const T* g = call.grads + s.flat;
        if (s.statistic) {
            for (int64_t i = 0; i < n; i++) p[i] -= g[i];
            continue;
        }
        Move how{call.rate * s.rate, call.optimiser.weight_decay * call.decay * s.decay, shorten};
        update<T>(call.optimiser, numbers, how, p, g, memories > 0 ? call.memory + s.flat : nullptr,
                  memories > 1 ? call.memory + plan.flat_size + s.flat : nullptr, n);
    }
}

// ---- elementary functions and activations by number, for the tests ----

template <class T>
void evaluate(int function, const T* x, T* y, int64_t n) {
    auto apply = [&](auto f) {
        for (int64_t i = 0; i < n; i += WIDE<T>) {
            T lanes[WIDE<T>] = {};
            int64_t here = least(WIDE<T>, n - i);
            for (int64_t j = 0; j < here; j++) lanes[j] = x[i + j];
            store(lanes, f(load(lanes)));
            for (int64_t j = 0; j < here; j++) y[i + j] = lanes[j];
        }
    };
    using V = Vec<T>;
    switch (function) {
    case 0:
        return apply([](V v) { return exp<T>(v); });
    case 1:
        return apply([](V v) { return expm1<T>(v); });
    case 2:
        return apply([](V v) { return log<T>(v); });
    case 3:
        return apply([](V v) { return tanh<T>(v); });
    case 4:
        return apply([](V v) { return erf<T>(v); });
    case 5:
        return apply([](V v) { return Sigmoid<T>::g(v); });
    case 6:
        return apply([](V v) { return Softplus<T>::g(v); });
    case 7:
        return apply([](V v) { return Turned<T>(v).sin(); });
    case 8:
        return apply([](V v) { return Turned<T>(v).cos(); });
    }
}

} // namespace lamina::LAMINA_PATH
