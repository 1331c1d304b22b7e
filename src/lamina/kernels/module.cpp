// The binding: blueprints and arrays in, checked; no maths in it. src/lamina/native.py is the Python side.
#include "arrays.hpp"
#include "binding.hpp"
#include "compile.hpp"
#include "paths.hpp"
#include "threads.hpp"

using namespace lamina;

// For threadpoolctl, which looks libraries' functions up by name.
extern "C" __attribute__((visibility("default"))) int lamina_get_num_threads() {
    return thread_limit();
}
extern "C" __attribute__((visibility("default"))) void lamina_set_num_threads(int n) {
    set_thread_limit(n);
}

namespace {

template <class T>
void evaluate(const std::string& name, Vector<const T> x, Vector<T> y) {
    int function = index_of(elementary_names, name);
    require(function >= 0, "no function " + name);
    require_size("y", y.shape(0), int64_t(x.shape(0)));
    path->verbs<T>().evaluate(function, x.data(), y.data(), int64_t(x.shape(0)));
}

nb::list path_names() {
    nb::list names;
    for (const Path* p : paths()) names.append(p->name);
    return names;
}

void use_path(const std::string& name) {
    for (const Path* p : paths())
        if (name == p->name) return void(path = p);
    throw std::invalid_argument("this processor cannot run " + name);
}

} // namespace

NB_MODULE(_kernels, m) {
    bind_plan(m);
    bind_training(m);
    bind_prediction(m);
    m.def("evaluate", evaluate<float>, "name"_a, array("x"), array("y"));
    m.def("evaluate", evaluate<double>, "name"_a, array("x"), array("y"));
    m.def("paths", path_names);
    m.def("use_path", use_path);
    m.def("thread_limit", thread_limit);
    m.def("set_thread_limit", set_thread_limit);
    if (std::vector<const Path*> found = paths(); !found.empty()) path = found[0];
}
