#include "compile.hpp"

#include <algorithm>

namespace lamina {

namespace {

[[noreturn]] void refuse(const std::string& what) {
    throw std::invalid_argument("blueprint: " + what);
}

void expect(bool holds, const std::string& what) {
    if (!holds) refuse(what);
}

constexpr double MOST_BYTES = double(1ull << 50); // more than any machine has, less than overflows

bool needs_Z(Function f) {
    return f != Function::identity && f != Function::sigmoid && f != Function::tanh && f != Function::relu;
}

// Arrays of each kind of layer, in the order in which layers.hpp numbers them.
std::vector<std::string> roles_of(Kind kind) {
    switch (kind) {
    case Kind::linear:
        return {"W", "b"};
    case Kind::layer_norm:
        return {"gamma", "beta"};
    case Kind::batch_norm:
        return {"gamma", "beta", "mean", "var"};
    case Kind::scale:
        return {"s"};
    case Kind::member_scale:
        return {"R"};
    default:
        return {};
    }
}

struct Compiler {
    Plan plan{};
    int64_t values = 0, more = 0; // panels taken: of values, and of what only training needs

    int64_t panels(int64_t units) const { return (units + plan.P - 1) / plan.P; }
    int64_t value(int64_t units) { return take(values, panels(units)); }
    int64_t extra(int64_t count) { return take(more, count); } // from the end of the values; `finish` moves it there
    static int64_t take(int64_t& next, int64_t n) {
        int64_t start = next;
        next += n;
        return start;
    }

    int slot(const Layer& layer, const std::string& role) {
        auto found = std::find(layer.roles.begin(), layer.roles.end(), role);
        expect(found != layer.roles.end(), layer.kind + " has no array " + role);
        Slot s = layer.arrays[found - layer.roles.begin()];
        s.matrix = role == "W" || role == "R";
        int64_t columns = role == "W" ? layer.units_prev : role == "R" ? layer.members : 1;
        expect(s.rows == layer.units && s.columns == columns, "shape of " + role);
        expect(s.flat >= 0, "offset of " + role);
        double bytes = (double(s.rows) + plan.P) * double(s.columns) * (64. / plan.P) + double(plan.size);
        if (bytes > MOST_BYTES) refuse("array " + role + " needs " + std::to_string(bytes) + " bytes");
        s.size = panels(s.rows) * plan.P * s.columns;
        s.place = take(plan.size, s.size);
        plan.slots.push_back(s);
        return int(plan.slots.size()) - 1;
    }

    // A chain from value `x` with derivative `dx`; gives those of its end. `skip` tells that x is wanted afterwards.
    struct Node {
        int64_t A, dA;
    };
    Node chain(const std::vector<Layer>& layers, Node node, int64_t units, bool inner) {
        for (size_t i = 0; i < layers.size(); i++) {
            const Layer& layer = layers[i];
            expect(layer.units_prev == units && layer.units > 0 && layer.units_prev > 0, "widths of " + layer.kind);
            // Whether this layer may write where the one below wrote: nobody else reads that on the way back.
            bool over = i > 0 && (layers[i - 1].kind == "linear" || layers[i - 1].kind.ends_with("_norm"));
            node = layer.kind == "residual" ? residual(layer, node)
                                            : single(layer, node, over, inner && i + 1 == layers.size());
            units = layer.units;
        }
        return node;
    }

    Node residual(const Layer& layer, Node x) {
        expect(!layer.chain.empty() && layer.chain.back().units == layer.units && layer.units == layer.units_prev,
               "chain of a residual");
        Op open{};
        open.kind = Kind::open;
        open.units_prev = open.units = layer.units;
        open.A_prev = open.A = x.A;
        open.dA_prev = x.dA;
        size_t at = plan.ops.size();
        plan.ops.push_back(open);
        Node end = chain(layer.chain, x, layer.units, true);
        Op close = open;
        close.kind = Kind::close;
        close.A_prev = end.A;
        close.skip = x.A;
        close.A = value(layer.units);
        close.dA = close.dA_prev = end.dA; // of a sum: the same for both parts
        plan.ops.push_back(close);
        plan.ops[at].d_skip = end.dA;
        return {close.A, end.dA};
    }

    Node single(const Layer& layer, Node x, bool over, bool last_of_chain) {
        int kind = index_of(kind_names, layer.kind);
        expect(kind >= 0, "kind " + layer.kind);
        Op op{};
        op.kind = Kind(kind);
        op.units_prev = layer.units_prev, op.units = layer.units;
        op.rate = layer.rate, op.epsilon = layer.epsilon, op.momentum = layer.momentum, op.layer = layer.layer;
        op.A_prev = x.A, op.dA_prev = x.dA;
        op.members = layer.members;
        expect(op.members == 1 || op.members == plan.members, "members of " + layer.kind);
        if (op.kind == Kind::member_choice)
            expect(op.units_prev % op.members == 0 && op.units == op.units_prev / op.members, "width of " + layer.kind);
        else if (op.kind != Kind::linear)
            expect(op.units == op.units_prev, "width of " + layer.kind);
        if (op.kind == Kind::activation) {
            int function = index_of(function_names, layer.function);
            expect(function >= 0, "function " + layer.function);
            op.function = Function(function);
        }
        std::vector<std::string> roles = roles_of(op.kind);
        for (size_t i = 0; i < roles.size(); i++) op.slots[i] = slot(layer, roles[i]);
        bool activation = op.kind == Kind::activation;
        if (activation && over && op.function == Function::identity) return x;
        op.A = activation && over && !needs_Z(op.function) ? x.A : value(op.units);
        // The derivative may be written over as well, except where a skip takes it round.
        bool same = (activation || op.kind == Kind::dropout) && x.dA >= 0 && !last_of_chain;
        op.dA = same ? x.dA : extra(panels(op.units));
        if (op.kind == Kind::dropout) {
            expect(op.rate >= 0 && op.rate <= 1, "rate of dropout");
            op.cache = extra(panels(op.units));
            plan.has_dropout = true;
            plan.highest_rate = std::max(plan.highest_rate, op.rate);
        }
        if (op.kind == Kind::layer_norm) op.cache = extra(panels(op.units)), op.cache_2 = extra(1);
        if (op.kind == Kind::batch_norm) {
            op.cache = extra(panels(op.units));
            op.per_unit = take(plan.unit_size, 3 * panels(op.units) * plan.P);
            plan.has_batch_norm = true;
        }
        plan.ops.push_back(op);
        return {op.A, op.dA};
    }

    // What lies after the values when training.
    void place_extras() {
        for (Op& op : plan.ops) {
            for (int64_t* place : {&op.dA, &op.dA_prev, &op.d_skip}) *place += values;
            if (op.cache >= 0) op.cache += values;
            if (op.cache_2 >= 0) op.cache_2 += values;
        }
        plan.dZ += values;
        plan.value_panels = values;
        plan.panels = values + more;
    }

    void mark_what_needs_derivatives() {
        plan.first_trained = int(plan.ops.size());
        for (int i = int(plan.ops.size()) - 1; i >= 0; i--)
            if (plan.ops[i].slots[0] >= 0) plan.first_trained = i;
        for (int i = 0; i < int(plan.ops.size()); i++) {
            Op& op = plan.ops[i];
            op.back = i > plan.first_trained;
            if (op.kind == Kind::linear && op.back) {
                Slot& W = plan.slots[op.slots[0]];
                W.second = take(plan.seconds, panels(W.columns) * plan.P * W.rows);
            }
            if (op.kind != Kind::linear) continue;
            plan.forward_work += double(op.units) * op.units_prev;
            plan.work += double(op.units) * op.units_prev * (op.back ? 3 : 2);
        }
        plan.forward_work += 4. * values * plan.P; // elementwise work, roughly
        plan.work += 8. * (values + more) * plan.P;
    }

    // A relu between linear layers is done while the products are still in registers.
    void take_over_relus() {
        for (size_t i = 1; i < plan.ops.size(); i++) {
            Op &relu = plan.ops[i], &below = plan.ops[i - 1];
            if (relu.kind != Kind::activation || relu.function != Function::relu) continue;
            if (below.kind == Kind::linear && relu.A == relu.A_prev) below.relu = relu.done_forward = true;
            if (i + 1 == plan.ops.size()) continue;
            Op& above = plan.ops[i + 1];
            if (above.kind == Kind::linear && relu.dA == relu.dA_prev && relu.back && above.back)
                above.d_relu = relu.done_backward = true;
        }
    }

    // Cut the parameters into pieces of work: about 1/64 of the whole, of at most 8 panels side by side.
    void cut_jobs() {
        double share = std::max(double(plan.size) / 64, 4096.);
        for (int o = 0; o < int(plan.ops.size()); o++) {
            const Op& op = plan.ops[o];
            if (op.slots[0] < 0) continue;
            const Slot& slot = plan.slots[op.slots[0]];
            int64_t all = panels(slot.rows), rows = slot.matrix ? slot.columns : 1;
            int64_t wide = std::clamp(int64_t(share / (double(rows) * plan.P)), int64_t(1), int64_t(8));
            int64_t deep = std::max(int64_t(share / (double(wide) * plan.P * plan.P)), int64_t(1)) * plan.P;
            for (int64_t p = 0; p < all; p += wide)
                for (int64_t k = 0; k < rows; k += deep) {
                    Job job{o, p, std::min(p + wide, all), k, std::min(k + deep, rows), 0};
                    job.work = double(job.p1 - job.p0) * (double(job.k1 - job.k0) + 4);
                    plan.jobs.push_back(job);
                }
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
