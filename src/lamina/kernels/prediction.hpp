// Predictions and costs, a block of rows at a time.
#pragma once

#include "calls.hpp"
#include "every_layer.hpp"
#include "examples.hpp"

namespace lamina::LAMINA_PATH {

// The mean over the members, into A of their rows: of n examples from number i on, whose outputs are side by
// side. It is held at the largest finite number, which the sum of rounded shares may pass.
template <class T>
void add_members(const Plan& plan, const T* outputs, int64_t i, int64_t n, T* A) {
    constexpr T largest = Format<T>::largest;
    for (int64_t e = 0; e < n; e++) {
        const int64_t row = (i + e) / plan.members, j = (i + e) % plan.members;
        for (int64_t u = 0; u < plan.n_outputs; u++) {
            T *to = A + row * plan.n_outputs + u, share = outputs[u * P<T> + e] / T(plan.members);
            *to = j == 0 ? share : *to + share;
            if (j == plan.members - 1) *to = *to > largest ? largest : *to < -largest ? -largest : *to;
        }
    }
}

template <class T>
void predict(void* what, Team& team, int t) {
    Prediction<T>& call = *static_cast<Prediction<T>*>(what);
    const Plan& plan = *call.plan;
    const int64_t at_once = rows_at_once(plan), block = least(at_once, call.rows) * plan.members;
    T* values = static_cast<T*>(call.arena) + t * prediction_elements(plan, call.rows, sizeof(T));
    T* scratch = values + plan.value_panels * block * P<T>;
    Place<T> at{plan, values, block * P<T>, call.params, nullptr, nullptr, nullptr};
    int64_t blocks = (call.rows + at_once - 1) / at_once;
    for (int64_t b = blocks * t / team.size; b < blocks * (t + 1) / team.size; b++) {
        int64_t start = b * at_once, here = least(at_once, call.rows - start) * plan.members;
        auto example = [&](int64_t i) { return start + (plan.members == 1 ? i : i / plan.members); };
        take_rows<T>(at, call.X, call.rows, 0, here, example);
        for (int64_t row = start + at_once; row < least(start + 2 * at_once, call.rows); row++)
            fetch_row(call.X, plan.n_inputs, row);
        for (const Op& op : plan.ops) forward(at, op, 0, here);
        if (call.Y) {
            T losses[EXAMPLES_PER_BLOCK];
            take_losses<T>(at, call.Y, call.weights, 0, here, example, scratch, losses, false);
            call.block_sums[b] = total(losses, here);
            continue;
        }
        with_loss<T>(plan.loss, [&](auto loss) {
            for (int64_t i = 0; i < here; i += P<T>) {
                int64_t n = least(P<T>, here - i);
                from_panels<T>(at.panel(plan.Z), at.stride, i, n, plan.n_outputs, scratch);
                for (int j = 0; j < P<T>; j += WIDE<T>) loss.output(Column<T>{plan, scratch + j, scratch + j});
                if (plan.members > 1) {
                    add_members(plan, scratch, i, n, call.A + start * plan.n_outputs);
                    continue;
                }
                for (int64_t e = 0; e < n; e++)
                    for (int64_t u = 0; u < plan.n_outputs; u++)
                        call.A[(start + i + e) * plan.n_outputs + u] = scratch[u * P<T> + e];
            }
        });
    }
}

} // namespace lamina::LAMINA_PATH
