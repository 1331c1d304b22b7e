// Training: forward through all layers, the loss, backward through all layers, the gradient, the update.
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

#include "every_layer.hpp"
#include "whole.hpp"

namespace lamina::LAMINA_PATH {

// One thread's part in a call.
template <class T>
struct Trainer {
    TrainingRun<T>& run;
    Team& team;
    const int t;
    const Training<T>& call = run.call;
    const Steps& steps = call.steps;
    const Plan& plan = *call.plan;
    const Parts parts = training_parts(plan, steps.batch_size, sizeof(T), call.memories(), call.whole(), team.size);
    T* const arena = static_cast<T*>(call.arena);
    T *const params = arena + parts.params, *const grads = arena + parts.grads,
             *const chunk_grads = arena + parts.chunk_grads, *const transposed = arena + parts.transposed;
    T* const memory[2] = {call.memories() > 0 ? arena + parts.memory[0] : nullptr,
                          call.memories() > 1 ? arena + parts.memory[1] : nullptr};
    T* const losses = arena + parts.losses;
    T* const scratch = arena + parts.scratch + t * parts.scratch_size;
    Sums* const sums = reinterpret_cast<Sums*>(arena + parts.sums);
    double* const lengths = reinterpret_cast<double*>(arena + parts.lengths);
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
    // Do f(job) for this thread's jobs.
    template <class F>
    void each_job(F f) {
        for (int j = job0; j < job1; j++) f(plan.jobs[j]);
    }

    // Forward, loss and backward of this thread's share of a chunk: examples of the batch from number `offset` on;
    // `start` is the batch's first row.
    void examples_part(const Place<T>& at, int64_t start, int64_t offset) {
        int64_t twos = (at.here + 1) / 2; // two examples that make pairs stay together
        int64_t lo = twos * t / team.size * 2, hi = least(twos * (t + 1) / team.size * 2, at.here);
        int64_t size = plan.whole_batch ? at.here : block_rows();
        auto position = [&](int64_t i) {
            return start + (plan.members == 1 ? offset + i : (offset + i) / plan.members);
        };
        auto example = [&](int64_t i) { return call.order ? call.order[position(i)] : position(i); };
        for (int64_t i0 = lo, i1; i0 < hi || plan.whole_batch; i0 = i1) {
            i1 = least(hi, i0 + size);
            take_rows<T>(at, call.X, call.rows, i0, i1, example);
            // While these are computed, the next ones come: of this share, or of this thread's share of what follows
            // it.
            const int64_t next = i1 < hi ? i1 : at.here + lo;
            for (int64_t i = next; i < next + i1 - i0 && position(i) < call.count; i += plan.members) {
                fetch_row(call.X, plan.n_inputs, example(i));
                fetch_row(call.Y, plan.targets, example(i));
            }
            for (const Op& op : plan.ops) forward(at, op, i0, i1);
            take_losses<T>(at, call.Y, call.weights, i0, i1, example, scratch, losses, true);
            for (int o = int(plan.ops.size()) - 1; o >= plan.first_trained; o--) backward(at, plan.ops[o], i0, i1);
            if (plan.whole_batch) break;
        }
    }
    // Rows that go through all layers together, so that their values stay in the cache.
    int64_t block_rows() const {
        int64_t per_row = plan.panels * 64, rows = (192 << 10) / per_row;
        return rows < 48 ? (rows = 192) : least(rows / TILE_ROWS * TILE_ROWS, 192);
    }

    void gradients_part(Place<T>& at, bool first_chunk, bool last_chunk) {
        const bool norm = call.optimiser.clips && !call.grads;
        const int64_t examples = call.grads ? 0 : steps.examples; // the penalty is the caller's
        at.grads = first_chunk ? grads : chunk_grads;
        for (int j = job0; j < job1; j++) {
            const Job& job = plan.jobs[j];
            gradients(at, plan.ops[job.op], job);
            if (!first_chunk)
                stretches<T>(plan, job, [&](const Slot&, int64_t place, int64_t n) {
                    for (int64_t i = place; i < place + n; i += WIDE<T>)
                        store(grads + i, load(grads + i) + load(chunk_grads + i));
                });
            if (last_chunk) sums[j] = finish_gradient<T>(plan, job, params, grads, examples, norm);
        }
    }

    // The cost and the gradient of step k's batch, or of the piece that is here, of so many `examples`; every thread
    // gets the same answer.
    double batch(int64_t k, int64_t examples, Sums& sum) {
        const int64_t chunk = chunk_rows(plan, steps.batch_size);
        Place<T> at{plan,  arena + parts.values,  padded_rows(chunk) * P<T>, params, transposed,
                    grads, arena + parts.per_unit};
        at.team = &team, at.thread = t;
        at.m = call.grads ? call.m * plan.members : examples;
        at.seed = steps.seed, at.step = steps.step + k;
        if (steps.dropouts) at.dropout = steps.dropouts[k];
        double L = 0;
        for (int64_t i = 0; i < examples; i += chunk) {
            at.here = least(chunk, examples - i);
            at.first = call.first * plan.members + i;
            at.grads = grads;
            examples_part(at, k * steps.batch_size, i);
            team.wait();
            L += total(losses, at.here);
            gradients_part(at, i == 0, i + chunk >= examples);
            if (t == 0 && call.poll && call.poll(call.asked)) run.stop.store(true);
            team.wait();
            if (run.stop.load()) break;
        }
        sum = Sums{};
        for (int j = 0; j < int(plan.jobs.size()); j++) sum.add(sums[j]);
        return L / double(at.m);
    }
    double with_penalty(double J, const Sums& sum) const {
        return J + plan.l2 / (2. * steps.examples) * sum.W2 + plan.l1 / steps.examples * sum.W1;
    }

    void go() {
        share_jobs();
        each_job([&](const Job& job) {
            pack(plan, job, call.params, params);
            for (int i = 0; i < call.memories(); i++) pack(plan, job, call.memory + i * plan.flat_size, memory[i]);
            transpose(plan, job, params, transposed);
            if (call.given) pack(plan, job, call.given, grads);
        });
        team.wait();
        call.grads ? one_gradient() : call.given ? one_update() : many_steps();
    }
    void one_gradient() {
        Sums sum;
        const double J = batch(0, call.count * plan.members, sum);
        if (t == 0) call.costs[0] = J;
        each_job([&](const Job& job) { unpack(plan, job, grads, call.grads); });
    }
    void one_update() {
        Sums sum{};
        for (int j = job0; j < job1; j++)
            sums[j] = finish_gradient<T>(plan, plan.jobs[j], params, grads, 0, call.optimiser.clips);
        team.wait();
        for (int j = 0; j < int(plan.jobs.size()); j++) sum.add(sums[j]);
        move_all(0, sum);
        if (t == 0) run.done = 1;
        bring_back();
    }
    void many_steps() {
        int64_t k = 0;
        for (; k < steps.count; k++) {
            Sums sum;
            const int64_t rows = least(steps.batch_size, call.count - k * steps.batch_size);
            double J = batch(k, rows * plan.members, sum);
            if (run.stop.load()) break;
            J = with_penalty(J, sum);
            if (t == 0) call.costs[k] = J;
            if (!(__builtin_isfinite(J) && sum.finite == 0)) break;
            move_all(k, sum);
            team.wait();
        }
        if (t == 0) run.done = k;
        bring_back();
    }
    void bring_back() {
        each_job([&](const Job& job) {
            unpack(plan, job, params, call.params);
            for (int i = 0; i < call.memories(); i++) unpack(plan, job, memory[i], call.memory + i * plan.flat_size);
        });
    }

    void move_all(int64_t k, const Sums& sum) {
        const Numbers<T> numbers(call.optimiser, steps.step + k + 1);
        double shorten = 1, decay = call.optimiser.weight_decay * (steps.decays ? steps.decays[k] : 1);
        if (call.optimiser.clips) {
            double norm = __builtin_sqrt(sum.g2), clip = call.optimiser.clip_norm;
            shorten = clip / (norm > clip ? norm : clip);
        }
        if (call.whole()) {
            const Move how{steps.rates[k], decay, shorten};
            Whole<T>{plan, call.optimiser, how, params, grads, memory[0], arena + parts.whole, lengths, team, t}.move(
                job0, job1);
        }
        each_job([&](const Job& job) {
            move<T>(plan, job, call.optimiser, numbers, steps.rates[k], decay, shorten, params, grads, memory);
            transpose(plan, job, params, transposed);
        });
    }
};

template <class T>
void train(void* run, Team& team, int t) {
    Trainer<T>{*static_cast<TrainingRun<T>*>(run), team, t}.go();
}

} // namespace lamina::LAMINA_PATH
