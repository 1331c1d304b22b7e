// The verbs on one instruction set. Compiled once for each, with LAMINA_PATH for its name; module.cpp chooses.
#include "network.hpp"

namespace lamina::LAMINA_PATH {

template <class T>
constexpr Verbs<T> verbs{train<T>, predict<T>, pack_all<T>, update_flat<T>, evaluate<T>};

#define LAMINA_NAME_OF(x) #x
#define LAMINA_NAME(x) LAMINA_NAME_OF(x)
extern const Path path;
#ifdef LAMINA_SINGLE_ONLY // for quick experiments
const Path path{LAMINA_NAME(LAMINA_PATH), verbs<float>, {}};
#else
const Path path{LAMINA_NAME(LAMINA_PATH), verbs<float>, verbs<double>};
#endif

} // namespace lamina::LAMINA_PATH
