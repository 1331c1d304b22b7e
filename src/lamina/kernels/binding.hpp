// The binding, file by file; module.cpp calls each once.
#pragma once

#include <nanobind/nanobind.h>

namespace lamina {

void bind_plan(nanobind::module_& m);
void bind_training(nanobind::module_& m);
void bind_prediction(nanobind::module_& m);

} // namespace lamina
