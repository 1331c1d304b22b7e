// Predictions and costs.
#include <vector>

#include "arena.hpp"
#include "arrays.hpp"
#include "binding.hpp"
#include "pace.hpp"
#include "paths.hpp"

namespace lamina {

namespace {

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
        require_params<T>(plan, flat.shape(0));
        params = allocate(plan.size * int64_t(sizeof(T)));
        path->verbs<T>().pack(plan, flat.data(), static_cast<T*>(params.get()));
    }

    void run(Prediction<T>& call) const {
        call.plan = &plan;
        call.params = static_cast<const T*>(params.get());
        require_bytes(std::max(double(EXAMPLES_PER_BLOCK), double(plan.members)), plan, sizeof(T));
        const Underway underway;
        const double work = double(call.rows) * double(plan.members) * plan.forward_work;
        call.threads = threads_for(work, (call.rows + rows_at_once(plan) - 1) / rows_at_once(plan));
        const int64_t bytes = prediction_elements(plan, call.rows, sizeof(T)) * call.threads * int64_t(sizeof(T));
        alignas(64) char few[8 << 10]; // enough for a row or two of a small network: quicker than the allocator
        Arena many;
        if (bytes > int64_t(sizeof few)) many = allocate(bytes);
        call.arena = many ? many.get() : few;
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
        require_size("columns of X", size_t(X.columns()), plan.n_inputs);
        require_size("rows of A", size_t(A.rows()), X.rows());
        require_size("columns of A", size_t(A.columns()), plan.n_outputs);
        Prediction<T> call{};
        call.X = X.data(), call.rows = X.rows(), call.A = A.data();
        if (call.rows) run(call);
    }

    double cost(Matrix<const T> X, Matrix<const T> Y, std::optional<Vector<const T>> weights) const {
        require(plan.members == 1, "the cost of several members is that of what they predict together");
        require_targets<T>(plan, X, Y, weights);
        Prediction<T> call{};
        call.X = X.data(), call.rows = int64_t(X.shape(0));
        require(call.rows > 0, "expected at least one row");
        call.Y = Y.data(), call.weights = data_of(weights);
        std::vector<double> sums((call.rows + EXAMPLES_PER_BLOCK - 1) / EXAMPLES_PER_BLOCK);
        call.block_sums = sums.data();
        run(call);
        double sum = 0;
        for (double s : sums) sum += s;
        return sum / double(call.rows);
    }
};

template <class T>
void define(nb::module_& m, const char* name) {
    nb::class_<Packed<T>>(m, name)
        .def(nb::init<const Paced&, const Vector<const T>&>(), "plan"_a, array("params"), nb::keep_alive<1, 2>())
        .def("predict", &Packed<T>::predict)
        .def("cost", &Packed<T>::cost, array("X"), array("Y"), maybe("weights"));
}

} // namespace

void bind_prediction(nb::module_& m) {
    define<float>(m, "Packed32");
    define<double>(m, "Packed64");
}

} // namespace lamina
