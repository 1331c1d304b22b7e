#include "threads.hpp"

#include <memory>
#include <thread>
#include <vector>

#include <pthread.h>

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

// Watch `value` for a while; whether it is no longer `old`.
bool changes(std::atomic<int>& value, int old, int spins = SPINS) {
    for (int i = 0; i < spins; i++) {
        if (value.load(std::memory_order_acquire) != old) return true;
        pause();
    }
    return false;
}
void sleep_while(std::atomic<int>& value, int old) {
    while (value.load(std::memory_order_acquire) == old) value.wait(old, std::memory_order_acquire);
}
// Wait until `value` is no longer `old`.
void wait_while(std::atomic<int>& value, int old) {
    if (!changes(value, old)) sleep_while(value, old);
}

struct Pool {
    std::atomic<int> underway{0}; // calls
    std::mutex owner;             // held by the call that has the pool
    std::vector<std::thread> threads;
    std::atomic<int> call{0};    // grows by one with every call
    std::atomic<int> working{0}; // threads still in the call
    std::atomic<int> asleep{0};
    Team* team = nullptr;
    Work work = nullptr;
    void* what = nullptr;
    bool over = false;

    void serve(int t, int seen) {
        for (int spins = SPINS;;) {
            if (!changes(call, seen, spins)) {
                asleep.fetch_add(1);
                sleep_while(call, seen);
                asleep.fetch_sub(1);
            }
            seen = call.load(std::memory_order_acquire);
            if (over) return;
            spins = work ? SPINS : 4 * SPINS; // woken for a call that is about to come
            if (work && t < team->size) work(what, *team, t);
            if (working.fetch_sub(1, std::memory_order_acq_rel) == 1) working.notify_all();
        }
    }

    // The caller holds `owner`, and nobody is working.
    void post(Team* here, Work w, void* x) {
        team = here, work = w, what = x;
        working.store(int(threads.size()), std::memory_order_relaxed);
        call.fetch_add(1, std::memory_order_release);
        call.notify_all();
    }
    void wait_for_workers() {
        for (int left; (left = working.load(std::memory_order_acquire));) wait_while(working, left);
    }

    // The caller holds `owner`.
    void run(int n, Work w, void* x) {
        wait_for_workers(); // who are being woken
        while (int(threads.size()) < n - 1)
            threads.emplace_back(&Pool::serve, this, int(threads.size()) + 1, call.load());
        Team here(n);
        post(&here, w, x);
        w(x, here, 0);
        wait_for_workers();
    }

    // Whether n threads are about; if some sleep, they are called. The caller holds `owner`.
    bool awake(int n) {
        if (int(threads.size()) < n - 1) return true; // they are started by the call itself
        if (working.load(std::memory_order_acquire)) return false;
        if (!asleep.load()) return true;
        post(nullptr, nullptr, nullptr);
        return false;
    }

    ~Pool() {
        over = true;
        call.fetch_add(1, std::memory_order_release);
        call.notify_all();
        for (auto& thread : threads) thread.join();
    }
};

std::atomic<int> limit{1};
std::atomic<Pool*> pool{nullptr};

// After a fork the parent's threads and calls are not here: the old pool is left alone, a new one made.
[[maybe_unused]] const int when_forked = pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr); });

// The pool of this process. Two threads may come at once, and a child may be forked meanwhile, so there is no lock:
// what is made first stays.
Pool& here() {
    Pool* found = pool.load(std::memory_order_acquire);
    if (found) return *found;
    auto made = std::make_unique<Pool>();
    return pool.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel) ? *made.release() : *found;
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

Underway::Underway() : calls(here().underway) {
    calls.fetch_add(1, std::memory_order_relaxed);
}
Underway::~Underway() {
    calls.fetch_sub(1, std::memory_order_relaxed);
}
int free_threads() {
    const int calls = here().underway.load(std::memory_order_relaxed), most = limit.load();
    return calls <= 1 ? most : most < calls ? 1 : most - calls + 1;
}

bool awake(int threads) {
    if (threads == 1) return true;
    Pool& p = here();
    std::unique_lock lock(p.owner, std::try_to_lock);
    return !lock || p.awake(threads);
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
