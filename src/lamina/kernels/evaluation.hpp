// Elementary functions by number, for the tests.
#pragma once

#include "activations.hpp"

namespace lamina::LAMINA_PATH {

template <class T>
void evaluate(int function, const T* x, T* y, int64_t n) {
    auto apply = [&](auto f) {
        for (int64_t i = 0; i < n; i += WIDE<T>) {
            T lanes[WIDE<T>] = {};
            const int64_t here = n - i < WIDE<T> ? n - i : WIDE<T>;
            for (int64_t j = 0; j < here; j++) lanes[j] = x[i + j];
            store(lanes, f(load(lanes)));
            for (int64_t j = 0; j < here; j++) y[i + j] = lanes[j];
        }
    };
    switch (function) {
#define LAMINA_CASE(name, result)                                                                                      \
    case int(Elementary::name):                                                                                        \
        return apply([](Vec<T> v) { return result; });
        LAMINA_ELEMENTARY(LAMINA_CASE)
#undef LAMINA_CASE
    }
}

} // namespace lamina::LAMINA_PATH
