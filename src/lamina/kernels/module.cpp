// The binding: blueprints and arrays in, checked; no maths in it. src/lamina/native.py is the Python side.
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <limits>
#include <memory>
#include <new>
#include <optional>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "calls.hpp"
#include "compile.hpp"

namespace nb = nanobind;
using namespace lamina;
using namespace nb::literals;

// ---- instruction sets ----

#define LAMINA_DECLARE(name)                                                                                           \
    namespace lamina::name {                                                                                           \
    extern const Path path;                                                                                            \
    }
#if defined(LAMINA_X86)
LAMINA_DECLARE(x86_64_v3)
#if defined(LAMINA_X86_V4)
LAMINA_DECLARE(x86_64_v4)
#endif
#elif defined(LAMINA_NEON)
LAMINA_DECLARE(neon)
#endif

namespace {

std::vector<const Path*> paths() { // that this processor can run, best first
    std::vector<const Path*> found;
#if defined(LAMINA_X86)
    __builtin_cpu_init();
    bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#if defined(LAMINA_X86_V4)
    bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512cd");
    if (v4) found.push_back(&x86_64_v4::path);
#endif
    if (v3) found.push_back(&x86_64_v3::path);
#elif defined(LAMINA_NEON)
    found.push_back(&neon::path);
#endif
    return found;
}

const Path* path = nullptr;

// ---- memory ----

constexpr double MOST_BYTES = double(std::numeric_limits<int64_t>::max() / 4);

struct Free {
    void operator()(void* p) const { std::free(p); }
};
using Arena = std::unique_ptr<void, Free>;

constexpr int64_t HUGE_PAGES = 4 << 20; // bytes from which memory comes in huge pages

Arena allocate(int64_t bytes) {
    size_t align = bytes > HUGE_PAGES ? 2 << 20 : 64, size = (size_t(bytes) + align - 1) / align * align;
    void* p = std::aligned_alloc(align, size ? size : align);
    if (!p) throw std::bad_alloc();
#if defined(__linux__)
    if (align > 64) madvise(p, size, MADV_HUGEPAGE);
#endif
    return Arena(p);
}

// A call's arena. The last large one of the process is kept for the next call, for its pages take long to come by; what
// it holds is worthless, and the system may take the pages back whenever it is short of them. Only with the GIL.
class Loan {
  public:
    explicit Loan(int64_t bytes) : bytes(bytes) {
        if (bytes > HUGE_PAGES && kept && kept_bytes >= bytes && kept_bytes / 2 <= bytes)
            arena = std::move(kept), this->bytes = kept_bytes;
        else
            kept.reset(), arena = allocate(bytes);
    }
    Loan(const Loan&) = delete;
    ~Loan() {
#if defined(__linux__) && defined(MADV_FREE)
        if (bytes <= HUGE_PAGES) return;
        madvise(arena.get(), size_t(bytes), MADV_FREE);
        kept = std::move(arena), kept_bytes = bytes;
#endif
    }
    void* get() const { return arena.get(); }

  private:
    Arena arena;
    int64_t bytes;
    static inline Arena kept;
    static inline int64_t kept_bytes = 0;
};

// Refuse sizes that no machine has, before anything is multiplied in integers.
void expect_bytes(double examples, const Plan& plan, int itemsize) {
    double bytes =
        (examples + 256) * 64 * double(plan.panels + 2 * plan.n_outputs + 64) + 6.0 * itemsize * double(plan.size);
    if (bytes > MOST_BYTES)
        throw std::length_error("this batch needs " + std::to_string(bytes) + " bytes; use a smaller batch_size");
}

// ---- the blueprint ----

template <class T>
T get(const nb::dict& entry, const char* key, T otherwise) {
    return entry.contains(key) ? nb::cast<T>(entry[key]) : otherwise;
}

std::vector<Layer> layers_of(const nb::list& entries, size_t count) {
    std::vector<Layer> layers;
    for (size_t i = 0; i < count; i++) {
        nb::dict entry = nb::cast<nb::dict>(entries[i]);
        Layer layer;
        layer.kind = nb::cast<std::string>(entry["kind"]);
        layer.units_prev = nb::cast<int64_t>(entry["inputs"]);
        layer.units = nb::cast<int64_t>(entry["units"]);
        layer.layer = nb::cast<uint32_t>(entry["layer"]);
        layer.function = get<std::string>(entry, "function", "");
        layer.rate = get<double>(entry, "rate", 0);
        layer.epsilon = get<double>(entry, "epsilon", 0);
        layer.momentum = get<double>(entry, "momentum", 0);
        layer.members = get<int64_t>(entry, "members", 1);
        layer.columns = get<std::vector<int64_t>>(entry, "columns", {});
        layer.levels = get<std::vector<int64_t>>(entry, "levels", {});
        layer.size = get<int64_t>(entry, "size", 0);
        layer.frequencies = get<int64_t>(entry, "frequencies", 0);
        layer.outputs = get<int64_t>(entry, "outputs", 0);
        for (nb::handle a : nb::cast<nb::list>(entry["arrays"])) {
            nb::dict array = nb::cast<nb::dict>(a);
            Slot slot{};
            slot.flat = nb::cast<int64_t>(array["offset"]);
            slot.rows = nb::cast<int64_t>(array["rows"]);
            slot.columns = nb::cast<int64_t>(array["columns"]);
            slot.rate = nb::cast<double>(array["rate"]);
            slot.decay = nb::cast<double>(array["decay"]);
            std::string group = nb::cast<std::string>(array["group"]);
            slot.weight = group == "weights";
            slot.statistic = group == "statistics";
            layer.roles.push_back(nb::cast<std::string>(array["role"]));
            layer.arrays.push_back(slot);
        }
        if (entry.contains("chain")) {
            nb::list chain = nb::cast<nb::list>(entry["chain"]);
            layer.chain = layers_of(chain, nb::len(chain));
        }
        layers.push_back(std::move(layer));
    }
    return layers;
}

Plan plan_of(const nb::list& blueprint, int itemsize) {
    size_t n = nb::len(blueprint);
    if (n < 2 || (itemsize != 4 && itemsize != 8)) throw std::invalid_argument("blueprint: expected layers and a loss");
    nb::dict entry = nb::cast<nb::dict>(blueprint[n - 1]);
    LossSettings loss;
    loss.name = nb::cast<std::string>(entry["name"]);
    loss.label_smoothing = get<double>(entry, "label_smoothing", 0);
    loss.delta = get<double>(entry, "delta", 1);
    loss.l1 = nb::cast<double>(entry["l1"]);
    loss.l2 = nb::cast<double>(entry["l2"]);
    loss.members = get<int64_t>(entry, "members", 1);
    if (entry.contains("quantiles"))
        for (nb::handle q : entry["quantiles"]) loss.quantiles.push_back(nb::cast<double>(q));
    return compile(layers_of(blueprint, n - 1), loss, itemsize);
}

Optimiser optimiser_of(const std::string& kind, double beta1, double beta2, double epsilon, double dampening,
                       double weight_decay, std::optional<double> clip_norm) {
    int rule = index_of(rule_names, kind);
    if (rule < 0) throw std::invalid_argument("no optimiser " + kind);
    return {Rule(rule), beta1, beta2, epsilon, dampening, weight_decay, clip_norm.value_or(0), clip_norm.has_value()};
}

// ---- arrays ----

template <class T>
using Vector = nb::ndarray<T, nb::shape<-1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;

void expect(bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument(what);
}
void expect_size(const char* name, size_t found, int64_t expected) {
    expect(int64_t(found) == expected,
           std::string(name) + ": " + std::to_string(found) + " where " + std::to_string(expected) + " were expected");
}
template <class T>
void expect_params(const Plan& plan, size_t size) {
    expect(plan.P * sizeof(T) == 64, "a plan for another type of number");
    expect_size("params", size, plan.flat_size);
}
template <class T>
void expect_rows(const Plan& plan, const Matrix<const T>& X) {
    expect_size("columns of X", X.shape(1), plan.n_inputs);
}
template <class T>
void expect_targets(const Plan& plan, const Matrix<const T>& X, const Matrix<const T>& Y,
                    const std::optional<Vector<const T>>& weights) {
    expect_rows<T>(plan, X);
    expect_size("rows of Y", Y.shape(0), int64_t(X.shape(0)));
    expect_size("columns of Y", Y.shape(1), plan.targets);
    if (weights) expect_size("weights", weights->shape(0), int64_t(X.shape(0)));
}

void expect_dropout(const Plan& plan, double factor) {
    expect(factor >= 0 && factor * plan.highest_rate <= 1, "dropout: a factor of " + std::to_string(factor) +
                                                               " on a rate of " + std::to_string(plan.highest_rate) +
                                                               "; expected a product from 0 to 1");
}

// ---- threads and signals ----

// In multiply-adds: what one thread does sooner than it could share it; a step that is shared without a trial; and
// about how much one thread does while the others wake up.
constexpr double SMALL = 400e3, LARGE = 20e6, MOMENT = 4e6;

// A plan, and what was learnt about its pace. Changed only with the GIL.
struct Paced : Plan {
    Pace pace;
};

int threads_for(double work, int64_t most) {
    double n = std::min({work / SMALL, double(thread_limit()), double(most)});
    return n < 1 ? 1 : int(n);
}

using Clock = std::chrono::steady_clock;
thread_local Clock::time_point looked;

int64_t poll() { // Ctrl-C works within a call: Python is asked every 50 ms
    auto now = Clock::now();
    if (now - looked < std::chrono::milliseconds(50)) return 0;
    looked = now;
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals();
}

// Some of a call's steps; gives the seconds that a step took.
template <class T>
double run(Training<T>& call, int threads, int64_t from, int64_t steps) {
    Training<T> part{call.plan};
    part.optimiser = call.optimiser, part.params = call.params, part.grads = call.grads, part.memory = call.memory;
    part.X = call.X, part.Y = call.Y, part.weights = call.weights, part.rows = call.rows, part.arena = call.arena;
    part.order = call.order ? call.order + from * call.batch_size : nullptr;
    part.count = call.count - from * call.batch_size;
    part.batch_size = call.batch_size, part.steps = steps, part.examples = call.examples;
    part.rates = call.rates ? call.rates + from : nullptr, part.costs = call.costs + from;
    part.decays = call.decays ? call.decays + from : nullptr;
    part.dropouts = call.dropouts ? call.dropouts + from : nullptr;
    part.seed = call.seed, part.step = call.step + from, part.poll = poll;
    auto begin = Clock::now();
    {
        nb::gil_scoped_release free;
        parallel(threads, path->verbs<T>().train, &part);
    }
    if (part.stop.load()) throw nb::python_error();
    call.done += part.done;
    return std::chrono::duration<double>(Clock::now() - begin).count() / double(steps);
}

template <class T>
void run(Training<T>& call, Paced& plan) {
    double examples = double(std::min(call.batch_size, call.count)) * double(plan.members);
    double work = examples * plan.work;
    expect_bytes(examples, plan, sizeof(T));
    int threads = threads_for(work, std::max<int64_t>(call.batch_size * plan.members, 1));
    int memories = call.grads ? 0 : remembered[int(call.optimiser.rule)];
    Loan arena(training_parts(plan, call.batch_size, sizeof(T), memories, threads).bytes);
    call.arena = arena.get();
    looked = Clock::now();
    if (threads == 1 || work > LARGE) return void(run(call, threads, 0, call.steps));
    const bool brief = double(plan.size) * 8 < work; // so that to begin anew costs little
    for (int64_t from = 0, steps; from < call.steps; from += steps) {
        int now = plan.pace.threads(work, threads);
        const bool wakes = now > 1 && brief && work < 2 * MOMENT && !awake(now);
        steps = std::min(wakes ? 1 + int64_t(MOMENT / work) : plan.pace.left(), call.steps - from);
        double seconds = run(call, wakes ? 1 : now, from, steps);
        if (!wakes) plan.pace.took(seconds * double(steps), steps);
        if (call.done < from + steps) return; // a step was not finite
    }
}

// ---- verbs ----

template <class T>
nb::object train_steps(Paced& plan, const Optimiser& optimiser, Vector<T> params, Matrix<T> memory, Matrix<const T> X,
                       Matrix<const T> Y, std::optional<Vector<const T>> weights, Vector<const int64_t> order,
                       int64_t batch_size, Vector<const double> rates, Vector<double> costs, uint64_t seed,
                       int64_t step, int64_t examples, std::optional<Vector<const double>> decays,
                       std::optional<Vector<const double>> dropouts) {
    expect_params<T>(plan, params.shape(0));
    expect_targets<T>(plan, X, Y, weights);
    int64_t steps = int64_t(rates.shape(0)), count = int64_t(order.shape(0)), rows = int64_t(X.shape(0));
    expect_size("arrays of memory", memory.shape(0), remembered[int(optimiser.rule)]);
    if (memory.shape(0)) expect_size("memory", memory.shape(1), plan.flat_size);
    expect_size("costs", costs.shape(0), steps);
    expect(batch_size > 0 && examples > 0 && step >= 0, "batch_size, examples and step: expected positive numbers");
    if (decays) expect_size("decays", decays->shape(0), steps);
    if (dropouts) expect_size("dropouts", dropouts->shape(0), steps);
    for (int64_t k = 0; dropouts && k < steps; k++) expect_dropout(plan, dropouts->data()[k]);
    expect(steps == 0 || count / batch_size + (count % batch_size != 0) >= steps, "order: too short for the steps");
    for (int64_t i = 0; i < count; i++)
        if (order.data()[i] < 0 || order.data()[i] >= rows)
            throw std::out_of_range("order: row " + std::to_string(order.data()[i]) + " of " + std::to_string(rows));
    if (steps == 0) return nb::int_(0);
    Training<T> call{&plan};
    call.optimiser = optimiser;
    call.params = params.data(), call.memory = memory.data();
    call.X = X.data(), call.Y = Y.data(), call.weights = weights ? weights->data() : nullptr, call.order = order.data();
    call.rows = rows, call.count = count, call.batch_size = std::min(batch_size, count), call.steps = steps;
    call.rates = rates.data(), call.costs = costs.data(), call.examples = examples;
    call.decays = decays ? decays->data() : nullptr, call.dropouts = dropouts ? dropouts->data() : nullptr;
    call.seed = seed, call.step = step;
    run(call, plan);
    return nb::int_(call.done);
}

template <class T>
double gradients(Paced& plan, Vector<const T> params, Vector<T> grads, Matrix<const T> X, Matrix<const T> Y,
                 std::optional<Vector<const T>> weights, uint64_t seed, int64_t step, int64_t examples,
                 double dropout) {
    expect_params<T>(plan, params.shape(0));
    expect_params<T>(plan, grads.shape(0));
    expect_targets<T>(plan, X, Y, weights);
    int64_t m = int64_t(X.shape(0));
    expect(m > 0 && examples > 0 && step >= 0, "expected at least one row");
    expect_dropout(plan, dropout);
    double cost = 0;
    Training<T> call{&plan};
    call.params = const_cast<T*>(params.data()); // not written to where there are grads
    call.grads = grads.data();
    call.X = X.data(), call.Y = Y.data(), call.weights = weights ? weights->data() : nullptr;
    call.rows = call.count = call.batch_size = m, call.steps = 1;
    call.dropouts = &dropout, call.costs = &cost, call.examples = examples, call.seed = seed, call.step = step;
    run(call, plan);
    return cost;
}

template <class T>
void update(const Paced& plan, const Optimiser& optimiser, Vector<T> params, Vector<const T> grads, Matrix<T> memory,
            double rate, int64_t step, double decay) {
    expect_params<T>(plan, params.shape(0));
    expect_params<T>(plan, grads.shape(0));
    expect_size("arrays of memory", memory.shape(0), remembered[int(optimiser.rule)]);
    if (memory.shape(0)) expect_size("memory", memory.shape(1), plan.flat_size);
    expect(step >= 0, "step: expected a positive number");
    path->verbs<T>().update({&plan, optimiser, params.data(), grads.data(), memory.data(), rate, decay, step});
}

// A matrix through Python's buffer protocol, which is quicker than nanobind's arrays: for the prediction of one row.
template <class T>
class Buffer {
  public:
    Buffer(nb::handle array, bool writable) {
        int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (writable ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(array.ptr(), &view, flags)) throw nb::python_error();
        const char* type = sizeof(T) == 4 ? "f" : "d";
        if (view.ndim == 2 && view.itemsize == sizeof(T) && view.format && view.format[0] == type[0] && !view.format[1])
            return;
        PyBuffer_Release(&view);
        throw std::invalid_argument("expected a matrix of the type of the parameters");
    }
    Buffer(const Buffer&) = delete;
    ~Buffer() { PyBuffer_Release(&view); }
    T* data() const { return static_cast<T*>(view.buf); }
    int64_t rows() const { return view.shape[0]; }
    int64_t columns() const { return view.shape[1]; }

  private:
    Py_buffer view;
};

// Parameters in panels, ready to predict: what `predict` makes for every call, kept.
template <class T>
struct Packed {
    const Plan& plan;
    Arena params;

    Packed(const Paced& plan, const Vector<const T>& flat) : plan(plan) {
        expect_params<T>(plan, flat.shape(0));
        params = allocate(plan.size * int64_t(sizeof(T)));
        path->verbs<T>().pack(plan, flat.data(), static_cast<T*>(params.get()));
    }

    void run(Prediction<T>& call) const {
        call.plan = &plan;
        call.params = static_cast<const T*>(params.get());
        expect_bytes(std::max(double(BLOCK), double(plan.members)), plan, sizeof(T));
        const double work = double(call.rows) * double(plan.members) * plan.forward_work;
        call.threads = threads_for(work, (call.rows + rows_at_once(plan) - 1) / rows_at_once(plan));
        Arena arena = allocate(prediction_elements(plan, call.rows, sizeof(T)) * call.threads * int64_t(sizeof(T)));
        call.arena = arena.get();
        if (work < 1e5) { // sooner done than the lock is handed over
            Team alone(1);
            path->verbs<T>().predict(&call, alone, 0);
        } else {
            nb::gil_scoped_release free;
            parallel(call.threads, path->verbs<T>().predict, &call);
        }
    }

    void predict(nb::handle X_, nb::handle A_) const {
        Buffer<T> X(X_, false), A(A_, true);
        expect_size("columns of X", size_t(X.columns()), plan.n_inputs);
        expect_size("rows of A", size_t(A.rows()), X.rows());
        expect_size("columns of A", size_t(A.columns()), plan.n_outputs);
        Prediction<T> call{};
        call.X = X.data(), call.rows = X.rows(), call.A = A.data();
        if (call.rows) run(call);
    }

    double cost(Matrix<const T> X, Matrix<const T> Y, std::optional<Vector<const T>> weights) const {
        expect(plan.members == 1, "the cost of several members is that of what they predict together");
        expect_targets<T>(plan, X, Y, weights);
        Prediction<T> call{};
        call.X = X.data(), call.rows = int64_t(X.shape(0));
        expect(call.rows > 0, "expected at least one row");
        call.Y = Y.data(), call.weights = weights ? weights->data() : nullptr;
        std::vector<double> sums((call.rows + BLOCK - 1) / BLOCK);
        call.block_sums = sums.data();
        run(call);
        double sum = 0;
        for (double s : sums) sum += s;
        return sum / double(call.rows);
    }
};

template <class T>
void evaluate(const std::string& name, Vector<const T> x, Vector<T> y) {
    static constexpr const char* names[] = {"exp", "expm1", "log", "tanh", "erf", "sigmoid", "softplus", "sin", "cos"};
    int function = index_of(names, name);
    expect(function >= 0, "no function " + name);
    expect_size("y", y.shape(0), int64_t(x.shape(0)));
    path->verbs<T>().evaluate(function, x.data(), y.data(), int64_t(x.shape(0)));
}

template <class T>
void define(nb::module_& m, const char* packed) {
    // An array of another type is another overload's or refused, never converted: it may have to change in place.
    auto array = [](const char* name) { return nb::arg(name).noconvert(); };
    auto maybe = [](const char* name) { return nb::arg(name).noconvert().none(); };
    m.def("train_steps", train_steps<T>, "plan"_a, "optimiser"_a, array("params"), array("memory"), array("X"),
          array("Y"), maybe("weights"), array("order"), "batch_size"_a, array("rates"), array("costs"), "seed"_a,
          "step"_a, "examples"_a, maybe("decays"), maybe("dropouts"));
    m.def("gradients", gradients<T>, "plan"_a, array("params"), array("grads"), array("X"), array("Y"),
          maybe("weights"), "seed"_a, "step"_a, "examples"_a, "dropout"_a);
    m.def("update", update<T>, "plan"_a, "optimiser"_a, array("params"), array("grads"), array("memory"), "rate"_a,
          "step"_a, "decay"_a);
    m.def("evaluate", evaluate<T>, "name"_a, array("x"), array("y"));
    nb::class_<Packed<T>>(m, packed)
        .def(nb::init<const Paced&, const Vector<const T>&>(), "plan"_a, array("params"), nb::keep_alive<1, 2>())
        .def("predict", &Packed<T>::predict)
        .def("cost", &Packed<T>::cost, array("X"), array("Y"), maybe("weights"));
}

template <int N>
nb::list names(const char* const (&from)[N]) {
    nb::list list;
    for (const char* name : from) list.append(name);
    return list;
}

} // namespace

// For threadpoolctl, which looks libraries' functions up by name.
extern "C" __attribute__((visibility("default"))) int lamina_get_num_threads() {
    return thread_limit();
}
extern "C" __attribute__((visibility("default"))) void lamina_set_num_threads(int n) {
    set_thread_limit(n);
}

NB_MODULE(_kernels, m) {
    m.attr("KINDS") = names(kind_names);
    m.attr("FUNCTIONS") = names(function_names);
    m.attr("LOSSES") = names(loss_names);
    m.attr("RULES") = names(rule_names);
    nb::class_<Paced>(m, "Plan")
        .def_ro("n_outputs", &Paced::n_outputs)
        .def("__init__", [](Paced* self, const nb::list& blueprint, int itemsize) {
            new (self) Paced{plan_of(blueprint, itemsize), {}};
        });
    nb::class_<Optimiser>(m, "Optimiser")
        .def(
            "__init__",
            [](Optimiser* self, const std::string& kind, double beta1, double beta2, double epsilon, double dampening,
               double weight_decay, std::optional<double> clip_norm) {
                new (self) Optimiser(optimiser_of(kind, beta1, beta2, epsilon, dampening, weight_decay, clip_norm));
            },
            nb::arg("kind"), nb::arg("beta1") = 0., nb::arg("beta2") = 0., nb::arg("epsilon") = 0.,
            nb::arg("dampening") = 0., nb::arg("weight_decay") = 0., nb::arg("clip_norm") = nb::none());
    define<float>(m, "Packed32");
    define<double>(m, "Packed64");
    m.def("paths", [] {
        nb::list list;
        for (const Path* p : paths()) list.append(p->name);
        return list;
    });
    m.def("use_path", [](const std::string& name) {
        for (const Path* p : paths())
            if (name == p->name) return void(path = p);
        throw std::invalid_argument("this processor cannot run " + name);
    });
    m.def("thread_limit", thread_limit);
    m.def("set_thread_limit", set_thread_limit);
    std::vector<const Path*> found = paths();
    if (!found.empty()) path = found[0];
}
