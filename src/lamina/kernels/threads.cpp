#include "threads.hpp"

#include <mutex>
#include <thread>
#include <vector>

#include <unistd.h>

namespace lamina {

namespace {

constexpr int SPINS = 4000; // some 20 to 100 microseconds: longer than a phase of a small network takes

inline void pause() {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Wait until `value` is no longer `old`.
void wait_while(std::atomic<int>& value, int old) {
    for (int i = 0; i < SPINS; i++) {
        if (value.load(std::memory_order_acquire) != old) return;
        pause();
    }
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}

struct Pool {
    std::mutex owner; // held by the call that has the pool
    std::vector<std::thread> threads;
    std::atomic<int> call{0};    // grows by one with every call
    std::atomic<int> working{0}; // threads still in the call
    Team* team = nullptr;
    Work work = nullptr;
    void* what = nullptr;
    bool over = false;
    const pid_t pid = getpid();

    void serve(int t, int seen) {
        for (;;) {
            wait_while(call, seen);
            seen = call.load(std::memory_order_acquire);
            if (over) return;
            if (t < team->size) work(what, *team, t);
            if (working.fetch_sub(1, std::memory_order_acq_rel) == 1) working.notify_all();
        }
    }

    // The caller holds `owner`.
    void run(int n, Work w, void* x) {
        while (int(threads.size()) < n - 1)
            threads.emplace_back(&Pool::serve, this, int(threads.size()) + 1, call.load());
        Team here(n);
        team = &here, work = w, what = x;
        working.store(int(threads.size()), std::memory_order_relaxed);
        call.fetch_add(1, std::memory_order_release);
        call.notify_all();
        w(x, here, 0);
        for (int left; (left = working.load(std::memory_order_acquire));) wait_while(working, left);
    }

    ~Pool() {
        over = true;
        call.fetch_add(1, std::memory_order_release);
        call.notify_all();
        for (auto& thread : threads) thread.join();
    }
};

std::atomic<int> limit{1};
std::mutex making;
Pool* pool = nullptr;

// The pool of this process. After a fork the parent's threads are not here: the old pool is left alone, a new one made.
Pool& here() {
    if (!pool || pool->pid != getpid()) pool = new Pool;
    return *pool;
}

} // namespace

void Team::wait_for_all() {
    int now = phase.load(std::memory_order_relaxed);
    if (arrived.fetch_add(1, std::memory_order_acq_rel) == size - 1) {
        arrived.store(0, std::memory_order_relaxed);
        phase.fetch_add(1, std::memory_order_release);
        phase.notify_all();
    } else {
        wait_while(phase, now);
    }
}

int thread_limit() {
    return limit.load();
}
void set_thread_limit(int threads) {
    limit.store(threads < 1 ? 1 : threads);
}

void parallel(int threads, Work work, void* what) {
    if (threads > 1) {
        Pool& p = here();
        if (std::unique_lock lock(p.owner, std::try_to_lock); lock) {
            try {
                return p.run(threads, work, what);
            } catch (const std::system_error&) { // no more threads to be had
            }
        }
    }
    Team alone(1);
    work(what, alone, 0);
}

} // namespace lamina
