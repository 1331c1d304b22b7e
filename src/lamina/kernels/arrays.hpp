// NumPy's arrays as the binding takes them, and the checks at its door.
#pragma once

#include <limits>
#include <optional>
#include <stdexcept>
#include <string>

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>

#include "plan.hpp"

namespace lamina {

namespace nb = nanobind;
using namespace nb::literals;

template <class T>
using Vector = nb::ndarray<T, nb::shape<-1>, nb::c_contig, nb::device::cpu>;
template <class T>
using Matrix = nb::ndarray<T, nb::shape<-1, -1>, nb::c_contig, nb::device::cpu>;

// An array of another type is another overload's or refused, never converted: it may have to change in place.
inline auto array(const char* name) {
    return nb::arg(name).noconvert();
}
inline auto maybe(const char* name) {
    return nb::arg(name).noconvert().none();
}
template <class A>
auto data_of(const std::optional<A>& array) {
    return array ? array->data() : nullptr;
}

inline void require(bool holds, const std::string& what) {
    if (!holds) throw std::invalid_argument(what);
}
inline void require_size(const char* name, size_t found, int64_t expected) {
    if (int64_t(found) == expected) return; // before the message is written, which takes as long as a row's prediction
    throw std::invalid_argument(std::string(name) + ": " + std::to_string(found) + " where " +
                                std::to_string(expected) + " were expected");
}
template <class T>
void require_params(const Plan& plan, size_t size) {
    require(plan.P * sizeof(T) == 64, "a plan for another type of number");
    require_size("params", size, plan.flat_size);
}
template <class T>
void require_targets(const Plan& plan, const Matrix<const T>& X, const Matrix<const T>& Y,
                     const std::optional<Vector<const T>>& weights) {
    require_size("columns of X", X.shape(1), plan.n_inputs);
    require_size("rows of Y", Y.shape(0), int64_t(X.shape(0)));
    require_size("columns of Y", Y.shape(1), plan.targets);
    if (weights) require_size("weights", weights->shape(0), int64_t(X.shape(0)));
}

// Refuse sizes that no machine has, before anything is multiplied in integers.
inline void require_bytes(double examples, const Plan& plan, int itemsize) {
    constexpr double MOST_BYTES = double(std::numeric_limits<int64_t>::max() / 4);
    double bytes =
        (examples + 256) * 64 * double(plan.panels + 2 * plan.n_outputs + 64) + 6.0 * itemsize * double(plan.size);
    if (bytes > MOST_BYTES)
        throw std::length_error("this batch needs " + std::to_string(bytes) + " bytes; use a smaller batch_size");
}

} // namespace lamina
