// Memory for a call.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <new>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace lamina {

struct Free {
    void operator()(void* p) const { std::free(p); }
};
using Arena = std::unique_ptr<void, Free>;

inline constexpr int64_t HUGE_PAGES_FROM_BYTES = 4 << 20;

inline Arena allocate(int64_t bytes) {
    size_t align = bytes > HUGE_PAGES_FROM_BYTES ? 2 << 20 : 64, size = (size_t(bytes) + align - 1) / align * align;
    void* p = std::aligned_alloc(align, size ? size : align);
    if (!p) throw std::bad_alloc();
#if defined(__linux__)
    if (align > 64) madvise(p, size, MADV_HUGEPAGE);
#endif
    return Arena(p);
}

// A call's arena. The last large one of the process is kept for the next call, for its pages take long to come by; what
// it holds is worthless, and the system may take the pages back whenever it is short of them. Only with the GIL.
class Loan {
  public:
    explicit Loan(int64_t bytes) : bytes(bytes) {
        if (bytes > HUGE_PAGES_FROM_BYTES && kept && kept_bytes >= bytes && kept_bytes / 2 <= bytes)
            arena = std::move(kept), this->bytes = kept_bytes;
        else
            kept.reset(), arena = allocate(bytes);
    }
    Loan(const Loan&) = delete;
    ~Loan() {
#if defined(__linux__) && defined(MADV_FREE)
        if (bytes <= HUGE_PAGES_FROM_BYTES) return;
        madvise(arena.get(), size_t(bytes), MADV_FREE);
        kept = std::move(arena), kept_bytes = bytes;
#endif
    }
    void* get() const { return arena.get(); }

  private:
    Arena arena;
    int64_t bytes;
    static inline Arena kept;
    static inline int64_t kept_bytes = 0;
};

} // namespace lamina
