// The verbs on one instruction set. Compiled once for each, with LAMINA_PATH for its name; paths.cpp chooses.
#include "evaluation.hpp"
#include "prediction.hpp"
#include "training.hpp"

namespace lamina::LAMINA_PATH {

template <class T>
constexpr Verbs<T> verbs{train<T>, predict<T>, pack_all<T>, update_flat<T>, evaluate<T>};

#define LAMINA_QUOTED_AS_IS(x) #x
#define LAMINA_QUOTED(x) LAMINA_QUOTED_AS_IS(x)
extern const Path path;
#ifdef LAMINA_SINGLE_ONLY
const Path path{LAMINA_QUOTED(LAMINA_PATH), verbs<float>, {}};
#else
const Path path{LAMINA_QUOTED(LAMINA_PATH), verbs<float>, verbs<double>};
#endif

} // namespace lamina::LAMINA_PATH
