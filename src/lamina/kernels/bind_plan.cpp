// Blueprints and optimisers in.
#include <nanobind/stl/vector.h>

#include "arrays.hpp"
#include "binding.hpp"
#include "compile.hpp"
#include "pace.hpp"

namespace lamina {

namespace {

template <class T>
T get(const nb::dict& entry, const char* key, T otherwise) {
    return entry.contains(key) ? nb::cast<T>(entry[key]) : otherwise;
}

Slot slot_of(const nb::dict& array) {
    Slot slot{};
    slot.flat = nb::cast<int64_t>(array["offset"]);
    slot.rows = nb::cast<int64_t>(array["rows"]);
    slot.columns = nb::cast<int64_t>(array["columns"]);
    slot.rate = nb::cast<double>(array["rate"]);
    slot.decay = nb::cast<double>(array["decay"]);
    std::string group = nb::cast<std::string>(array["group"]);
    slot.weight = group == "weights";
    slot.statistic = group == "statistics";
    return slot;
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
        for (auto [key, value] : entry) { // what a kind has of settings, its struct knows
            const std::string name = nb::cast<std::string>(key);
            double number;
            std::vector<int64_t> list;
            if (nb::try_cast(value, number))
                layer.numbers[name] = number;
            else if (nb::try_cast(value, list))
                layer.lists[name] = list;
        }
        for (nb::handle a : nb::cast<nb::list>(entry["arrays"])) {
            nb::dict array = nb::cast<nb::dict>(a);
            layer.roles.push_back(nb::cast<std::string>(array["role"]));
            layer.arrays.push_back(slot_of(array));
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
                       double weight_decay, std::optional<double> clip_norm, double momentum, int64_t iterations) {
    int rule = index_of(rule_names, kind);
    if (rule < 0) throw std::invalid_argument("no optimiser " + kind);
    if (iterations < 0) throw std::invalid_argument("iterations: expected at least 0");
    return {
        Rule(rule), beta1,     beta2, epsilon, dampening, weight_decay, clip_norm.value_or(0), clip_norm.has_value(),
        momentum,   iterations};
}

template <int N>
nb::list names(const char* const (&from)[N]) {
    nb::list list;
    for (const char* name : from) list.append(name);
    return list;
}

} // namespace

void bind_plan(nb::module_& m) {
    m.attr("FUNCTIONS") = names(function_names);
    m.attr("LOSSES") = names(loss_names);
    m.attr("RULES") = names(rule_names);
    nb::dict settings;
    for (int kind = 0; kind < int(std::size(kind_names)); kind++) {
        nb::list read;
        for (const std::string& name : settings_of(Kind(kind))) read.append(name);
        settings[kind_names[kind]] = read;
    }
    m.attr("LAYERS") = settings; // kind -> the settings that are read
    nb::class_<Paced>(m, "Plan")
        .def_ro("n_outputs", &Paced::n_outputs)
        .def("__init__", [](Paced* self, const nb::list& blueprint, int itemsize) {
            new (self) Paced{plan_of(blueprint, itemsize), {}};
        });
    nb::class_<Optimiser>(m, "Optimiser")
        .def(
            "__init__",
            [](Optimiser* self, const std::string& kind, double beta1, double beta2, double epsilon, double dampening,
               double weight_decay, std::optional<double> clip_norm, double momentum, int64_t iterations) {
                new (self) Optimiser(optimiser_of(kind, beta1, beta2, epsilon, dampening, weight_decay, clip_norm,
                                                  momentum, iterations));
            },
            nb::arg("kind"), nb::arg("beta1") = 0., nb::arg("beta2") = 0., nb::arg("epsilon") = 0.,
            nb::arg("dampening") = 0., nb::arg("weight_decay") = 0., nb::arg("clip_norm") = nb::none(),
            nb::arg("momentum") = 0., nb::arg("iterations") = 0);
}

} // namespace lamina
