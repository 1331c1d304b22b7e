// The compiler of plans: puts the layers one after the other and gives every value, cache and array its place.

// The layers' structs are templates for an instruction set; here they are only asked what they are, and nothing of them
// runs.
#define LAMINA_PATH description
#define LAMINA_NOTHING_RUNS
#pragma GCC diagnostic ignored "-Wpsabi" // registers that this instruction set lacks are declared, not used
#include "every_layer.hpp"

#include <algorithm>

namespace lamina {

void refuse(const std::string& what) {
    throw std::invalid_argument("blueprint: " + what);
}
void expect(bool holds, const std::string& what) {
    if (!holds) refuse(what);
}

// ---- a layer of the blueprint ----

double Layer::number(const std::string& name) const {
    auto found = numbers.find(name);
    expect(found != numbers.end(), kind + " has no setting " + name);
    return found->second;
}
int64_t Layer::count(const std::string& name) const {
    const double n = number(name);
    expect(n >= 1 && n < double(MOST), name + " of " + kind);
    return int64_t(n);
}
const std::vector<int64_t>& Layer::list(const std::string& name) const {
    auto found = lists.find(name);
    expect(found != lists.end(), kind + " has no setting " + name);
    return found->second;
}
const std::vector<int64_t>& Layer::columns() const {
    const std::vector<int64_t>& columns = list("columns");
    expect(!columns.empty() && int64_t(columns.size()) < MOST, "columns of " + kind);
    for (size_t i = 0; i < columns.size(); i++)
        expect(columns[i] < units_prev && columns[i] >= (i ? columns[i - 1] + 1 : 0), "columns of " + kind);
    return columns;
}

std::vector<std::string> settings_of(Kind kind) {
    return description::with_layer(
        kind, [](auto layer) { return std::vector<std::string>(layer.settings.begin(), layer.settings.end()); });
}

namespace {

using description::with_layer;

constexpr double MOST_BYTES = double(1ull << 50); // more than any machine has, less than overflows

Kind kind_of(const Layer& layer) {
    const int kind = index_of(kind_names, layer.kind);
    expect(kind >= 0, "kind " + layer.kind);
    return Kind(kind);
}

Function function_of(const Layer& layer) {
    const int function = index_of(function_names, layer.function);
    expect(function >= 0, "function " + layer.function);
    return Function(function);
}

struct Compiler : Places {
    bool members_alike = true; // so far

    int slot(const Layer& layer, const Shape& shape) {
        const std::string role = shape.role;
        auto found = std::find(layer.roles.begin(), layer.roles.end(), role);
        expect(found != layer.roles.end(), layer.kind + " has no array " + role);
        Slot s = layer.arrays[found - layer.roles.begin()];
        expect(s.rows == shape.rows && s.columns == shape.columns, "shape of " + role);
        expect(s.flat >= 0, "offset of " + role);
        double bytes = (double(s.rows) + plan.P) * double(s.columns) * (64. / plan.P) + double(plan.size);
        if (bytes > MOST_BYTES) refuse("array " + role + " needs " + std::to_string(bytes) + " bytes");
        s.size = panels(s.rows) * plan.P * s.columns;
        s.place = take(plan.size, s.size);
        plan.slots.push_back(s);
        return int(plan.slots.size()) - 1;
    }

    void read_settings(const Layer& layer, Names settings, Op& op) {
        size_t i = 0;
        for (const std::string name : settings) {
            expect(i < std::size(op.settings), "too many settings of " + layer.kind);
            if (name == "function")
                op.function = function_of(layer);
            else if (auto number = layer.numbers.find(name); number != layer.numbers.end())
                op.settings[i] = number->second;
            else
                layer.list(name); // its struct reads that itself
            i++;
        }
    }

    // A chain from value `x` with its derivative; gives those of its end. `inner` tells that x is wanted afterwards.
    struct Node {
        int64_t A, dA;
    };
    Node chain(const std::vector<Layer>& layers, Node node, int64_t units, bool inner) {
        bool free_A = false; // of the layer before
        for (size_t i = 0; i < layers.size(); i++) {
            const Layer& layer = layers[i];
            expect(layer.units_prev == units && layer.units > 0 && layer.units_prev > 0, "widths of " + layer.kind);
            const Kind kind = kind_of(layer);
            node = kind == Kind::residual ? residual(layer, node)
                                          : single(kind, layer, node, free_A, inner && i + 1 == layers.size());
            free_A = with_layer(kind, [](auto part) { return part.free_A; });
            units = layer.units;
        }
        return node;
    }

    Node residual(const Layer& layer, Node x) {
        expect(!layer.chain.empty() && layer.chain.back().units == layer.units && layer.units == layer.units_prev,
               "chain of a residual");
        Op leaves{};
        leaves.kind = Kind::residual;
        leaves.units_prev = leaves.units = layer.units;
        leaves.A_prev = leaves.A = x.A;
        leaves.dA_prev = x.dA;
        size_t at = plan.ops.size();
        plan.ops.push_back(leaves);
        Node end = chain(layer.chain, x, layer.units, true);
        Op returns = leaves;
        returns.returns = true;
        returns.A_prev = end.A;
        returns.skip = x.A;
        returns.A = value(layer.units);
        returns.dA = returns.dA_prev = end.dA; // of a sum: the same for both parts
        plan.ops.push_back(returns);
        plan.ops[at].d_skip = end.dA;
        return {returns.A, end.dA};
    }

    Node single(Kind kind, const Layer& layer, Node x, bool free_A, bool last_of_chain) {
        return with_layer(kind, [&](auto part) -> Node {
            Op op{};
            op.kind = kind;
            op.units_prev = layer.units_prev, op.units = layer.units, op.layer = layer.layer;
            op.A_prev = x.A, op.dA_prev = x.dA;
            part.check(layer, plan);
            expect(op.units == part.width(layer), "width of " + layer.kind);
            read_settings(layer, part.settings, op);
            op.alike = members_alike ? plan.members : 1;
            members_alike &= !part.members_differ;
            size_t i = 0;
            for (const Shape& shape : part.shapes(layer)) {
                expect(i < std::size(op.slots), "too many arrays of " + layer.kind);
                op.slots[i++] = slot(layer, shape);
            }
            if (free_A && part.is_identity(op)) return x;
            op.A = free_A && part.over_Z(op) ? x.A : value(op.units);
            // The derivative may be written over as well, except where a skip takes it round.
            op.dA = part.over_dA && x.dA >= 0 && !last_of_chain ? x.dA : extra(op.units);
            part.place(layer, op, *this);
            plan.whole_batch |= part.whole_batch;
            plan.ops.push_back(op);
            return {op.A, op.dA};
        });
    }

    // What only training needs lies after the values.
    void place_extras() {
        for (Op& op : plan.ops) {
            for (int64_t* place : {&op.dA, &op.dA_prev, &op.d_skip}) *place += values;
            for (int64_t& cache : op.caches)
                if (cache >= 0) cache += values;
        }
        plan.dZ += values;
        plan.value_panels = values;
        plan.panels = values + extras;
    }

    void mark_what_needs_derivatives() {
        plan.first_trained = int(plan.ops.size());
        for (int i = int(plan.ops.size()) - 1; i >= 0; i--)
            if (plan.ops[i].slots[0] >= 0) plan.first_trained = i;
        for (int i = 0; i < int(plan.ops.size()); i++) {
            Op& op = plan.ops[i];
            op.back = i > plan.first_trained;
            with_layer(op.kind, [&](auto part) {
                if (part.transposed) {
                    Slot& W = plan.slots[op.slots[0]];
                    if (op.back) W.transposed = take(plan.transposed, panels(W.columns) * plan.P * part.links(W.rows));
                    if (part.pairs) W.pairs = take(plan.transposed, panels(W.rows) * plan.P * part.links(W.columns));
                }
                const double work = part.work(op, plan.P);
                plan.forward_work += work;
                plan.work += work * (part.passes + op.back);
            });
        }
        plan.forward_work += 4. * values * plan.P; // elementwise work, roughly
        plan.work += 8. * (values + extras) * plan.P;
    }

    static bool is_linear(const Op& op) { return op.kind == Kind::linear || op.kind == Kind::rounded_linear; }

    void find_hidden_matrices() {
        std::vector<int> found;
        for (const Op& op : plan.ops)
            if (is_linear(op)) found.push_back(op.slots[0]);
        if (!found.empty()) found.pop_back();
        for (int slot : found) {
            Slot& W = plan.slots[slot];
            W.hidden = true;
            Hidden h{slot, W.rows > W.columns, std::max(W.rows, W.columns), std::min(W.rows, W.columns), {}, 0, 0};
            const int64_t wide = panels(h.shorter) * plan.P;
            for (int64_t* place : {&h.X[0], &h.X[1]}) *place = take(plan.hidden_size, wide * h.longer);
            for (int64_t* place : {&h.A, &h.Q}) *place = take(plan.hidden_size, wide * h.shorter);
            const double a = double(h.longer), b = double(h.shorter);
            plan.hidden_work += b * b * (1.5 * a + 0.5 * b);
            plan.hidden.push_back(h);
        }
    }

    // A relu between linear layers is done while the products are still in registers.
    void take_over_relus() {
        for (size_t i = 1; i < plan.ops.size(); i++) {
            Op &relu = plan.ops[i], &before = plan.ops[i - 1];
            if (relu.kind != Kind::activation || relu.function != Function::relu) continue;
            if (is_linear(before) && relu.A == relu.A_prev) before.relu = relu.done_forward = true;
            if (i + 1 == plan.ops.size()) continue;
            Op& after = plan.ops[i + 1];
            if (is_linear(after) && relu.dA == relu.dA_prev && relu.back && after.back)
                after.d_relu = relu.done_backward = true;
        }
    }

    // Cut the parameters into pieces of work: about 1/64 of the whole, of at most 8 panels side by side.
    void cut_jobs() {
        double share = std::max(double(plan.size) / 64, 4096.);
        for (int o = 0; o < int(plan.ops.size()); o++) {
            const Op& op = plan.ops[o];
            if (op.slots[0] < 0) continue;
            const Slot& first = plan.slots[op.slots[0]];
            int64_t all = panels(first.rows), rows = first.columns;
            int64_t wide = std::clamp(int64_t(share / (double(rows) * plan.P)), int64_t(1), int64_t(8));
            int64_t deep = std::max(int64_t(share / (double(wide) * plan.P * plan.P)), int64_t(1)) * plan.P;
            with_layer(op.kind, [&](auto part) {
                if (part.whole_panels) wide = 1, deep = rows;
                for (int64_t p = 0; p < all; p += wide)
                    for (int64_t k = 0; k < rows; k += deep) {
                        Job job{o, p, std::min(p + wide, all), k, std::min(k + deep, rows), 0};
                        job.work = double(job.p1 - job.p0) * part.gradient_work(op, job.k0, job.k1);
                        plan.jobs.push_back(job);
                    }
            });
        }
    }
};

} // namespace

Plan compile(const std::vector<Layer>& layers, const LossSettings& loss, int itemsize) {
    expect(!layers.empty(), "no layers");
    Compiler c;
    Plan& plan = c.plan;
    plan.P = 64 / itemsize;
    plan.members = loss.members;
    expect(plan.members > 0, "members");
    plan.n_inputs = layers[0].units_prev;
    plan.n_outputs = layers.back().units;
    c.value(plan.n_inputs);
    Compiler::Node end = c.chain(layers, {0, -1}, plan.n_inputs, false);
    plan.Z = end.A, plan.dZ = end.dA;
    int number = index_of(loss_names, loss.name);
    expect(number >= 0, "loss " + loss.name);
    plan.loss = Loss(number);
    plan.label_smoothing = loss.label_smoothing, plan.delta = loss.delta, plan.l1 = loss.l1, plan.l2 = loss.l2;
    plan.quantiles = loss.quantiles;
    int64_t each = plan.loss == Loss::quantile ? int64_t(loss.quantiles.size()) : 1;
    expect(each > 0 && plan.n_outputs % each == 0, "units of the last layer");
    plan.targets = plan.n_outputs / each;
    c.mark_what_needs_derivatives();
    c.take_over_relus();
    c.place_extras();
    c.cut_jobs();
    c.find_hidden_matrices();
    std::vector<std::pair<int64_t, int64_t>> spans;
    for (const Slot& s : plan.slots) {
        plan.flat_size += s.rows * s.columns;
        if (!s.statistic) plan.trained += s.rows * s.columns;
        spans.emplace_back(s.flat, s.flat + s.rows * s.columns);
    }
    std::sort(spans.begin(), spans.end());
    int64_t next = 0;
    for (auto [from, to] : spans) {
        expect(from == next, "offsets of the arrays");
        next = to;
    }
    for (const Slot& s : plan.slots) expect(s.statistic == (s.flat >= plan.trained), "order of the groups");
    return std::move(plan);
}

} // namespace lamina
