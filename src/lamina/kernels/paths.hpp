// The choice of an instruction set.
#pragma once

#include <vector>

#include "calls.hpp"

namespace lamina {

std::vector<const Path*> paths(); // that this processor can run, best first
extern const Path* path;          // the one in use

} // namespace lamina
