// Every layer, and the choice among them by the table in tables.hpp.
#pragma once

#include "embeddings.hpp"
#include "layers.hpp"
#include "members.hpp"
#include "normalisation.hpp"
#include "periodic.hpp"
#include "rounded.hpp"

namespace lamina::LAMINA_PATH {

// Call `use` with the struct of a kind of layer.
template <class Use>
LAMINA_INLINE auto with_layer(Kind kind, Use use) {
    switch (kind) {
#define LAMINA_CASE(name, Layer)                                                                                       \
    case Kind::name:                                                                                                   \
        return use(Layer{});
        LAMINA_LAYERS(LAMINA_CASE)
#undef LAMINA_CASE
    }
    __builtin_unreachable();
}

template <class T>
void forward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    with_layer(op.kind, [&](auto layer) { layer.forward(at, op, i0, i1); });
}
template <class T>
void backward(const Place<T>& at, const Op& op, int64_t i0, int64_t i1) {
    with_layer(op.kind, [&](auto layer) {
        layer.prepare(at, op, i0, i1);
        if (op.back) layer.backward(at, op, i0, i1);
    });
}
template <class T>
void gradients(const Place<T>& at, const Op& op, const Job& job) {
    with_layer(op.kind, [&](auto layer) { layer.gradients(at, op, job); });
}

} // namespace lamina::LAMINA_PATH
