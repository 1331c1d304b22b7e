// From a blueprint to a plan.
#pragma once

#include <stdexcept>

#include "plan.hpp"

namespace lamina {

// One layer as the blueprint has it.
struct Layer {
    std::string kind, function;
    int64_t units_prev, units;
    double rate = 0, epsilon = 0, momentum = 0;
    int64_t members = 1;
    uint32_t layer = 0;
    std::vector<int64_t> columns, levels;
    int64_t size = 0, frequencies = 0, outputs = 0;
    std::vector<std::string> roles;
    std::vector<Slot> arrays; // flat, rows, columns, factors and group are filled in
    std::vector<Layer> chain;
};

struct LossSettings {
    std::string name;
    double label_smoothing = 0, delta = 1, l1 = 0, l2 = 0;
    std::vector<double> quantiles;
    int64_t members = 1;
};

// A plan for numbers of `itemsize` bytes. Throws std::invalid_argument where the layers do not fit together.
Plan compile(const std::vector<Layer>& layers, const LossSettings& loss, int itemsize);

// The number of a name in one of the lists of plan.hpp, or -1.
template <int N>
int index_of(const char* const (&names)[N], const std::string& name) {
    for (int i = 0; i < N; i++)
        if (name == names[i]) return i;
    return -1;
}

} // namespace lamina
