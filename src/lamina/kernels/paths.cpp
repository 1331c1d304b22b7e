#include "paths.hpp"

#define LAMINA_DECLARE(name)                                                                                           \
    namespace lamina::name {                                                                                           \
    extern const Path path;                                                                                            \
    }
#if defined(LAMINA_X86)
LAMINA_DECLARE(x86_64_v3)
#if defined(LAMINA_X86_V4)
LAMINA_DECLARE(x86_64_v4)
#endif
#if defined(LAMINA_X86_V4_BF16)
LAMINA_DECLARE(x86_64_v4_bf16)
#endif
#elif defined(LAMINA_NEON)
LAMINA_DECLARE(neon)
#endif

namespace lamina {

std::vector<const Path*> paths() {
    std::vector<const Path*> found;
#if defined(LAMINA_X86)
    __builtin_cpu_init();
    bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
#if defined(LAMINA_X86_V4)
    bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
              __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
              __builtin_cpu_supports("avx512cd");
#if defined(LAMINA_X86_V4_BF16) // which was compiled for single precision only
    static const Path v4_bf16{"x86_64_v4_bf16", x86_64_v4_bf16::path.single, x86_64_v4::path.twofold};
    if (v4 && __builtin_cpu_supports("avx512bf16")) found.push_back(&v4_bf16);
#endif
    if (v4) found.push_back(&x86_64_v4::path);
#endif
    if (v3) found.push_back(&x86_64_v3::path);
#elif defined(LAMINA_NEON)
    found.push_back(&neon::path);
#endif
    return found;
}

const Path* path = nullptr;

} // namespace lamina
