// From a blueprint to a plan; and what a layer's struct is asked meanwhile.
#pragma once

#include <initializer_list>
#include <map>
#include <stdexcept>
#include <string>

#include "plan.hpp"

namespace lamina {

// Refuse a blueprint: an std::invalid_argument that says what does not fit.
[[noreturn]] void refuse(const std::string& what);
void expect(bool holds, const std::string& what);

// One layer as the blueprint has it.
struct Layer {
    std::string kind, function;
    int64_t units_prev, units;
    uint32_t layer = 0;
    std::map<std::string, double> numbers; // its settings, as what they are
    std::map<std::string, std::vector<int64_t>> lists;
    std::vector<std::string> roles;
    std::vector<Slot> arrays; // flat, rows, columns, factors and group are filled in
    std::vector<Layer> chain;

    double number(const std::string& name) const;
    static constexpr int64_t MOST = int64_t(1) << 31; // of a size, so that a product of two does not overflow
    int64_t count(const std::string& name) const;     // from 1 to MOST
    const std::vector<int64_t>& list(const std::string& name) const;
    const std::vector<int64_t>& columns() const; // of A_prev, which they must be, increasing
};

struct LossSettings {
    std::string name;
    double label_smoothing = 0, delta = 1, l1 = 0, l2 = 0;
    std::vector<double> quantiles;
    int64_t members = 1;
};

// A plan for numbers of `itemsize` bytes. Throws std::invalid_argument where the layers do not fit together.
Plan compile(const std::vector<Layer>& layers, const LossSettings& loss, int itemsize);

// The settings that a kind of layer reads of its entry in the blueprint.
std::vector<std::string> settings_of(Kind kind);

// The number of a name in one of the lists of tables.hpp, or -1.
template <int N>
int index_of(const char* const (&names)[N], const std::string& name) {
    for (int i = 0; i < N; i++)
        if (name == names[i]) return i;
    return -1;
}

// ---- what a layer's struct says of itself ----

using Names = std::initializer_list<const char*>;

struct Shape {
    const char* role;
    int64_t rows, columns;
};
using Shapes = std::vector<Shape>;

// Gives out places, in panels but for `unit_vectors`.
struct Places {
    Plan plan{};
    int64_t values = 0, extras = 0; // panels taken: of values, and of what only training needs

    static int64_t take(int64_t& next, int64_t n) {
        int64_t start = next;
        next += n;
        return start;
    }
    int64_t panels(int64_t units) const { return (units + plan.P - 1) / plan.P; }
    int64_t value(int64_t units) { return take(values, panels(units)); }
    int64_t values_for(int64_t n, int64_t units) { return take(values, n * panels(units)); } // n, one after the other
    int64_t extra(int64_t units) { return take(extras, panels(units)); } // these lie after the values in the end
    int64_t unit_vectors(int64_t n, int64_t units) { return take(plan.unit_size, n * panels(units) * plan.P); }
};

// What most layers answer; a layer's struct says where it differs.
struct LayerDefaults {
    static constexpr Names settings{};     // that it reads of its entry; numbers are at op.settings[place in this list]
    static constexpr bool free_A = false;  // on the way back, only what follows reads its A, and so may write over it
    static constexpr bool over_dA = false; // dA_prev may be written where dA was
    static constexpr bool transposed = false;     // dA_prev is a product with the transpose of its first array
    static constexpr bool pairs = false;          // its products, with that array too, take pairs of bfloat16
    static constexpr bool whole_batch = false;    // looks at all examples of a batch
    static constexpr bool whole_panels = false;   // the gradient of a panel is found at one go
    static constexpr bool members_differ = false; // gives the members of a row different A
    static constexpr int passes = 2;              // in a step, of what `work` says; one more where dA_prev is wanted

    static void check(const Layer&, const Plan&) {}
    static int64_t links(int64_t n) { return n; } // of the chain that a product sums n numbers in
    static int64_t width(const Layer& layer) { return layer.units_prev; }
    static Shapes shapes(const Layer&) { return {}; }
    static bool is_identity(const Op&) { return false; } // A = A_prev: it may be left out
    static bool over_Z(const Op&) { return false; }      // A may be written where A_prev is, if that is free
    static void place(const Layer&, Op&, Places&) {}     // what it keeps
    static double work(const Op&, int) { return 0; }     // multiply-adds per example, with panels so many wide
    static double gradient_work(const Op&, int64_t k0, int64_t k1) { // of one panel, in rows of a product
        return double(k1 - k0) + 4;
    }

    // The rest works on examples and is a template: see layers.hpp.
    template <class Place>
    static void prepare(const Place&, const Op&, int64_t, int64_t) {}
    template <class Place>
    static void backward(const Place&, const Op&, int64_t, int64_t) {}
    template <class Place>
    static void gradients(const Place&, const Op&, const Job&) {}
};

} // namespace lamina
