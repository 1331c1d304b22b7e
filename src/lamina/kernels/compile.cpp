#include "compile.hpp"

#include <algorithm>
#include <numeric>

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
    case Kind::parametric_activation:
        return {"mix"};
    case Kind::embedding:
        return {"E"};
    case Kind::periodic:
        return {"F", "phi", "V", "c"};
    default:
        return {};
    }
}

constexpr int64_t MOST = int64_t(1) << 31; // of any one of these, so that products of two do not overflow

void expect_columns(const Layer& layer, Kind kind) {
    auto sizes = [&](std::initializer_list<int64_t> all) {
        for (int64_t n : all) expect(n > 0 && n < MOST, "sizes of " + layer.kind);
    };
    sizes({int64_t(layer.columns.size())});
    for (size_t i = 0; i < layer.columns.size(); i++)
        expect(layer.columns[i] < layer.units_prev && layer.columns[i] >= (i ? layer.columns[i - 1] + 1 : 0),
               "columns of " + layer.kind);
    if (kind == Kind::periodic) return sizes({layer.frequencies, layer.outputs});
    expect(layer.levels.size() == layer.columns.size(), "levels of " + layer.kind);
    sizes({layer.size});
    for (int64_t levels : layer.levels) sizes({levels});
}

int64_t width_of(const Layer& layer, Kind kind) {
    int64_t columns = int64_t(layer.columns.size());
    if (kind == Kind::linear) return layer.units;
    if (kind == Kind::embedding) return layer.units_prev + columns * (layer.size - 1);
    if (kind == Kind::periodic) return layer.units_prev + columns * layer.outputs;
    if (kind == Kind::member_choice) return layer.units_prev % layer.members ? -1 : layer.units_prev / layer.members;
    return layer.units_prev;
}

std::pair<int64_t, int64_t> shape_of(const Layer& layer, const std::string& role) {
    int64_t columns = int64_t(layer.columns.size());
    if (role == "W") return {layer.units, layer.units_prev};
    if (role == "E") return {layer.size, std::accumulate(layer.levels.begin(), layer.levels.end(), int64_t(0))};
    if (role == "F" || role == "phi") return {columns, layer.frequencies};
    if (role == "V") return {columns, layer.frequencies * layer.outputs};
    if (role == "c") return {columns, layer.outputs};
    if (role == "R") return {layer.units, layer.members};
    return {layer.units, 1};
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
        expect(std::pair(s.rows, s.columns) == shape_of(layer, role), "shape of " + role);
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
        bool parametric = op.kind == Kind::parametric_activation;
        if (op.kind == Kind::embedding || op.kind == Kind::periodic) expect_columns(layer, op.kind);
        expect(op.units == width_of(layer, op.kind), "width of " + layer.kind);
        if (op.kind == Kind::activation || parametric) {
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
        if (op.kind == Kind::embedding || op.kind == Kind::periodic) op.columns = columns_of(layer, op.kind);
        if (parametric) op.cache = extra(panels(op.units));
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

    Columns columns_of(const Layer& layer, Kind kind) {
        Columns c;
        c.units = layer.columns, c.levels = layer.levels;
        c.size = layer.size, c.frequencies = layer.frequencies, c.outputs = layer.outputs;
        int64_t numbers = int64_t(c.units.size());
        if (kind == Kind::embedding) {
            int64_t next = 0, to = 0, levels = 0;
            for (int64_t i = 0; i <= numbers; i++) {
                int64_t end = i < numbers ? c.units[i] : layer.units_prev;
                if (end > next) c.kept.push_back({next, to, end - next});
                to += end - next, next = end + 1;
                if (i < numbers) c.first.push_back(take(levels, c.levels[i]));
            }
            return c;
        }
        c.kept.push_back({0, 0, layer.units_prev});
        c.X = value(numbers), c.U = take(values, c.outputs * panels(numbers));
        for (int64_t i = 0, n; i < numbers; i += n) {
            for (n = 1; i + n < numbers && c.units[i + n] == c.units[i] + n;) n++;
            c.chosen.push_back({c.units[i], i, n});
        }
        for (int64_t j = 0; j < c.outputs; j++)
            c.made.push_back({j * panels(numbers) * plan.P, layer.units_prev + j * numbers, numbers});
        return c;
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
            if (op.kind == Kind::periodic) {
                double waves = double(panels(int64_t(op.columns.units.size()))) * plan.P * op.columns.frequencies;
                plan.forward_work += waves * (12 + op.columns.outputs);
                plan.work += waves * (12 + op.columns.outputs) * (op.back ? 4 : 3);
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

    // Of the gradient of one panel, in rows of a product: measured where it is none.
    static double work_of(const Op& op, int64_t k0, int64_t k1) {
        const Columns& c = op.columns;
        if (op.kind == Kind::periodic) return double(c.frequencies) * (40 + 4. * double(c.outputs));
        if (op.kind != Kind::embedding) return double(k1 - k0) + 4;
        double columns = 0;
        for (size_t i = 0; i < c.units.size(); i++) columns += c.first[i] < k1 && c.first[i] + c.levels[i] > k0;
        return 12 * columns + double(k1 - k0) / 8;
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
            if (op.kind == Kind::periodic) wide = 1, deep = rows;
            for (int64_t p = 0; p < all; p += wide)
                for (int64_t k = 0; k < rows; k += deep) {
                    Job job{o, p, std::min(p + wide, all), k, std::min(k + deep, rows), 0};
                    job.work = double(job.p1 - job.p0) * work_of(op, job.k0, job.k1);
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
