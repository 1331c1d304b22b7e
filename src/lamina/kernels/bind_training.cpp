// Training: many steps, one gradient, one update. They run without the GIL, in parts, and Ctrl-C works meanwhile.
#include <algorithm>
#include <chrono>

#include "arena.hpp"
#include "arrays.hpp"
#include "binding.hpp"
#include "many.hpp"
#include "pace.hpp"
#include "paths.hpp"

#include <nanobind/stl/vector.h>

namespace lamina {

namespace {

using Clock = std::chrono::steady_clock;
thread_local Clock::time_point looked;

bool poll(void*) { // Python is asked every 50 ms whether there was a signal
    auto now = Clock::now();
    if (now - looked < std::chrono::milliseconds(50)) return false;
    looked = now;
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

// ---- the threads and the parts of a call ----

struct Took {
    int64_t steps; // done
    double seconds;
};

// `n` of a call's steps, from number k on.
template <class T>
Took run_part(const Training<T>& call, int threads, int64_t k, int64_t n) {
    const Training<T> part = call.some(k, n);
    TrainingRun<T> run{part};
    auto begin = Clock::now();
    {
        nb::gil_scoped_release free;
        parallel(threads, path->verbs<T>().train, &run);
    }
    if (run.stop.load()) throw nb::python_error();
    return {run.done, std::chrono::duration<double>(Clock::now() - begin).count()};
}

// All steps of a call; gives how many were done, fewer where a step was not finite.
template <class T>
int64_t run_all(Training<T>& call, Paced& plan) {
    const int64_t batch = call.steps.batch_size, all = call.steps.count;
    double examples = double(std::min(batch, call.count)) * double(plan.members);
    const double work = examples * plan.work + call.work_of_update();
    require_bytes(examples, plan, sizeof(T));
    const Underway underway;
    int threads = threads_for(work, std::max<int64_t>(batch * plan.members, 1));
    Loan arena(training_parts(plan, batch, sizeof(T), call.memories(), call.whole(), threads).bytes);
    call.arena = arena.get();
    call.poll = poll;
    looked = Clock::now();
    if (threads == 1 || work > LARGE_WORK) return run_part(call, threads, 0, all).steps;
    const bool brief = double(plan.size) * 8 < work; // so that to begin again costs little
    int64_t done = 0;
    for (int64_t from = 0, n; from < all; from += n) {
        int now = plan.pace.threads(work, threads);
        const bool wakes = now > 1 && brief && work < 2 * WAKING_WORK && !awake(now);
        n = std::min(wakes ? 1 + int64_t(WAKING_WORK / work) : plan.pace.left(), all - from);
        const Took took = run_part(call, wakes ? 1 : now, from, n);
        if (!wakes) plan.pace.took(took.seconds, n);
        done += took.steps;
        if (took.steps < n) break;
    }
    return done;
}

// All steps of several calls; gives how many of each were done.
template <class T>
std::vector<int64_t> run_many(std::vector<Training<T>>& calls, Paced& plan) {
    if (calls.size() == 1) return {calls[0].steps.count ? run_all(calls[0], plan) : 0};
    double work = 0, of_all = 0; // of the largest step, and of everything
    int64_t rows = 1;
    for (const Training<T>& call : calls) {
        const double examples = double(call.steps.batch_size) * double(plan.members);
        const double of_step = examples * plan.work + call.work_of_update();
        require_bytes(examples * double(calls.size()), plan, sizeof(T));
        work = std::max(work, of_step), rows = std::max(rows, call.steps.batch_size * plan.members);
        of_all += of_step * double(call.steps.count);
    }
    const Underway underway;
    const int teams = threads_for(of_all, int64_t(calls.size()));
    const int size = std::max(1, std::min(free_threads() / teams, threads_for(work, rows)));
    int64_t bytes = 0;
    for (const Training<T>& call : calls)
        bytes = std::max(
            bytes, training_parts(plan, call.steps.batch_size, sizeof(T), call.memories(), call.whole(), size).bytes);
    Loan arenas(bytes * teams);
    Many<T> many(calls, teams, size, static_cast<char*>(arenas.get()), bytes, poll);
    looked = Clock::now();
    {
        nb::gil_scoped_release free;
        many.run();
    }
    if (many.stopped()) throw nb::python_error();
    std::vector<int64_t> done;
    for (size_t i = 0; i < calls.size(); i++) done.push_back(many.done(i));
    return done;
}

// One step from a gradient that is there, by a rule that moves matrices whole.
template <class T>
void update_whole(Training<T>& call, const Plan& plan) {
    const Underway underway;
    const int threads = threads_for(call.work_of_update(), int64_t(plan.jobs.size()));
    Loan arena(training_parts(plan, 1, sizeof(T), call.memories(), call.whole(), threads).bytes);
    call.arena = arena.get();
    run_part(call, threads, 0, 1);
}

// ---- what Python asks for ----

// The Steps of equations/steps.py, whose arrays live as long as this.
struct GivenSteps {
    Vector<const double> rates;
    std::optional<Vector<const double>> decays, dropouts;
    Steps steps;

    GivenSteps(int64_t batch_size, Vector<const double> rates_, std::optional<Vector<const double>> decays_,
               std::optional<Vector<const double>> dropouts_, uint64_t seed, int64_t step, int64_t examples)
        : rates(rates_), decays(decays_), dropouts(dropouts_) {
        const int64_t count = int64_t(rates.shape(0));
        require(batch_size > 0 && (examples > 0 || count == 0) && step >= 0,
                "batch_size, examples and step: expected positive numbers");
        if (decays) require_size("decays", decays->shape(0), count);
        if (dropouts) require_size("dropouts", dropouts->shape(0), count);
        steps = {batch_size, count, rates.data(), data_of(decays), data_of(dropouts), seed, step, examples};
    }
};

void require_dropout(const Plan& plan, double factor) {
    require(factor >= 0 && factor * plan.highest_rate < 1, "dropout: a factor of " + std::to_string(factor) +
                                                               " on a rate of " + std::to_string(plan.highest_rate) +
                                                               "; expected a product from 0 to below 1");
}

template <class T>
void require_memory(const Plan& plan, const Optimiser& optimiser, const Matrix<T>& memory) {
    require_size("arrays of memory", memory.shape(0), optimiser.memories());
    if (memory.shape(0)) require_size("memory", memory.shape(1), plan.flat_size);
}

// The Training of equations/steps.py, checked; its arrays live as long as this.
template <class T>
struct GivenTraining {
    Vector<T> params;
    Matrix<T> memory;
    Matrix<const T> X, Y;
    std::optional<Vector<const T>> weights;
    Vector<const int64_t> order;
    GivenSteps given;
    Vector<double> costs;
    Training<T> call;

    GivenTraining(const Paced& plan, const Optimiser& optimiser, Vector<T> params_, Matrix<T> memory_,
                  Matrix<const T> X_, Matrix<const T> Y_, std::optional<Vector<const T>> weights_,
                  Vector<const int64_t> order_, const GivenSteps& given_, Vector<double> costs_)
        : params(params_), memory(memory_), X(X_), Y(Y_), weights(weights_), order(order_), given(given_),
          costs(costs_), call{&plan, given.steps, optimiser} {
        const Steps& steps = given.steps;
        const int64_t count = int64_t(order.shape(0)), rows = int64_t(X.shape(0));
        require_params<T>(plan, params.shape(0));
        require_targets<T>(plan, X, Y, weights);
        require_memory<T>(plan, optimiser, memory);
        require_size("costs", costs.shape(0), steps.count);
        for (int64_t k = 0; steps.dropouts && k < steps.count; k++) require_dropout(plan, steps.dropouts[k]);
        require(steps.count == 0 || count / steps.batch_size + (count % steps.batch_size != 0) >= steps.count,
                "order: too short for the steps");
        for (int64_t i = 0; i < count; i++)
            if (order.data()[i] < 0 || order.data()[i] >= rows)
                throw std::out_of_range("order: row " + std::to_string(order.data()[i]) + " of " +
                                        std::to_string(rows));
        call.steps.batch_size = std::min(steps.batch_size, count);
        call.params = params.data(), call.memory = memory.data(), call.costs = costs.data();
        call.X = X.data(), call.Y = Y.data(), call.weights = data_of(weights);
        call.rows = rows, call.order = order.data(), call.count = count;
    }
};

// Refuse trainings that would change numbers of one another, or of their own rows; as `require_apart` of the equations.
template <class T>
void require_apart(const std::vector<Training<T>>& calls, const Plan& plan) {
    struct Stretch {
        const T *start, *end;
        const char* name;
        size_t training;
        bool changes;
        std::string called() const { return std::string(name) + " of training " + std::to_string(training); }
    };
    std::vector<Stretch> all;
    for (size_t k = 0; k < calls.size(); k++) {
        const Training<T>& one = calls[k];
        auto add = [&](const char* name, const T* start, int64_t n, bool changes) {
            if (start && n > 0) all.push_back({start, start + n, name, k, changes});
        };
        add("params", one.params, plan.flat_size, true);
        add("memory", one.memory, one.memories() * plan.flat_size, true);
        add("X", one.X, one.rows * plan.n_inputs, false);
        add("Y", one.Y, one.rows * plan.targets, false);
        add("weights", one.weights, one.rows, false);
    }
    std::stable_sort(all.begin(), all.end(), [](const Stretch& a, const Stretch& b) { return a.start < b.start; });
    const Stretch *reaching = nullptr, *changing = nullptr; // which of those before reach furthest
    for (const Stretch& here : all) {
        const Stretch* before = here.changes ? reaching : changing;
        if (before && before->end > here.start) {
            const bool turned = before->training > here.training;
            throw std::invalid_argument((turned ? here : *before).called() + " and " +
                                        (turned ? *before : here).called() +
                                        " overlap, and params and memory are changed: give each its own copy.");
        }
        if (!reaching || here.end > reaching->end) reaching = &here;
        if (here.changes && (!changing || here.end > changing->end)) changing = &here;
    }
}

template <class T>
std::vector<int64_t> run_given(Paced& plan, const nb::list& trainings) {
    std::vector<Training<T>> calls;
    for (nb::handle one : trainings) {
        calls.push_back(nb::cast<const GivenTraining<T>&>(one).call);
        require(calls.back().plan == &plan, "trainings: expected all to be of one network");
    }
    require_apart(calls, plan);
    return run_many(calls, plan);
}
std::vector<int64_t> train_steps(Paced& plan, const nb::list& trainings) {
    return plan.P * sizeof(float) == 64 ? run_given<float>(plan, trainings) : run_given<double>(plan, trainings);
}

template <class T>
double gradients(Paced& plan, Vector<const T> params, Vector<T> grads, Matrix<const T> X, Matrix<const T> Y,
                 std::optional<Vector<const T>> weights, uint64_t seed, int64_t step, int64_t first, int64_t m,
                 double dropout) {
    const int64_t rows = int64_t(X.shape(0));
    require_params<T>(plan, params.shape(0));
    require_params<T>(plan, grads.shape(0));
    require_targets<T>(plan, X, Y, weights);
    require(rows > 0 && step >= 0, "expected at least one row");
    require(first >= 0 && m >= rows && first <= m - rows,
            "rows " + std::to_string(first) + " to " + std::to_string(double(first) + double(rows)) +
                " of a batch of m = " + std::to_string(m) + ": expected rows of that batch");
    require_bytes(double(rows) * double(plan.members), plan, sizeof(T));
    require(double(m) * double(plan.members) < 0x1p62,
            "m: " + std::to_string(m) + " rows are more than can be numbered");
    require_dropout(plan, dropout);
    double cost = 0;
    Training<T> call{&plan, Steps{rows, 1}};
    call.steps.dropouts = &dropout, call.steps.seed = seed, call.steps.step = step;
    call.params = const_cast<T*>(params.data()); // not written to where there are grads
    call.grads = grads.data(), call.costs = &cost;
    call.X = X.data(), call.Y = Y.data(), call.weights = data_of(weights);
    call.rows = call.count = rows, call.first = first, call.m = m;
    run_all(call, plan);
    return cost;
}

template <class T>
void update(const Paced& plan, const Optimiser& optimiser, Vector<T> params, Vector<const T> grads, Matrix<T> memory,
            double rate, int64_t step, double decay) {
    require_params<T>(plan, params.shape(0));
    require_params<T>(plan, grads.shape(0));
    require_memory<T>(plan, optimiser, memory);
    require(step >= 0, "step: expected a positive number");
    if (!optimiser.whole())
        return path->verbs<T>().update(
            {&plan, optimiser, params.data(), grads.data(), memory.data(), rate, decay, step});
    Training<T> call{&plan, Steps{1, 1, &rate, &decay, nullptr, 0, step}, optimiser};
    call.params = params.data(), call.memory = memory.data(), call.given = grads.data();
    update_whole(call, plan);
}

template <class T>
void define(nb::module_& m, const char* training_name) {
    nb::class_<GivenTraining<T>>(m, training_name)
        .def(nb::init<const Paced&, const Optimiser&, Vector<T>, Matrix<T>, Matrix<const T>, Matrix<const T>,
                      std::optional<Vector<const T>>, Vector<const int64_t>, const GivenSteps&, Vector<double>>(),
             "plan"_a, "optimiser"_a, array("params"), array("memory"), array("X"), array("Y"), maybe("weights"),
             array("order"), "steps"_a, array("costs"), nb::keep_alive<1, 2>());
    m.def("gradients", gradients<T>, "plan"_a, array("params"), array("grads"), array("X"), array("Y"),
          maybe("weights"), "seed"_a, "step"_a, "first"_a, "m"_a, "dropout"_a);
    m.def("update", update<T>, "plan"_a, "optimiser"_a, array("params"), array("grads"), array("memory"), "rate"_a,
          "step"_a, "decay"_a);
}

} // namespace

void bind_training(nb::module_& m) {
    using Doubles = Vector<const double>;
    nb::class_<GivenSteps>(m, "Steps")
        .def(nb::init<int64_t, Doubles, std::optional<Doubles>, std::optional<Doubles>, uint64_t, int64_t, int64_t>(),
             "batch_size"_a, array("rates"), maybe("decays"), maybe("dropouts"), "seed"_a, "step"_a, "examples"_a);
    define<float>(m, "Training32");
    define<double>(m, "Training64");
    m.def("train_steps", train_steps, "plan"_a, "trainings"_a);
}

} // namespace lamina
