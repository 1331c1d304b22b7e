// What the machine can do: multiply-adds in float32 with everything in registers, and memory bandwidth by the triad
// a = b + s c. `machine THREADS` prints a line of JSON.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#if defined(__AVX512F__)
constexpr int BYTES = 64;
#elif defined(__AVX__)
constexpr int BYTES = 32;
#else
constexpr int BYTES = 16;
#endif
typedef float Vector __attribute__((vector_size(BYTES)));
constexpr int LANES = BYTES / sizeof(float);
constexpr int CHAINS = 12; // more than latency times width, and all in registers

constexpr long STEPS = 500'000;
constexpr long FLOATS = 1L << 24; // of each of three arrays: 64 MiB, beyond any cache's share

volatile float sink;

void multiply_add() {
    Vector x{}, y{}, z[CHAINS]{};
    x += 0.999f, y += 1e-3f;
    for (int k = 0; k < CHAINS; k++) z[k] += float(k); // different, or the compiler would compute one
    for (long i = 0; i < STEPS; i++) {
#pragma GCC unroll 16
        for (int k = 0; k < CHAINS; k++) z[k] = z[k] * x + y; // unrolled, or the chains lie in memory
    }
    for (int k = 1; k < CHAINS; k++) z[0] += z[k];
    sink = z[0][0];
}

using Clock = std::chrono::steady_clock;

// Seconds of the fastest of some runs of `work(thread)` on all threads at once.
template <class F>
double fastest(int runs, int threads, F work) {
    double best = 1e9;
    Clock::time_point began;
    std::barrier start(threads, [&]() noexcept { began = Clock::now(); });
    std::barrier end(threads, [&]() noexcept {
        best = std::min(best, std::chrono::duration<double>(Clock::now() - began).count());
    });
    std::vector<std::thread> pool;
    for (int t = 0; t < threads; t++)
        pool.emplace_back([&, t] {
            for (int k = 0; k < runs; k++) {
                start.arrive_and_wait();
                work(t);
                end.arrive_and_wait();
            }
        });
    for (auto& thread : pool) thread.join();
    return best;
}

int main(int, char** arguments) {
    int threads = std::atoi(arguments[1]);
    double peak = fastest(200, threads, [](int) { multiply_add(); });
    std::unique_ptr<float[]> a(new float[FLOATS]()), b(new float[FLOATS]()), c(new float[FLOATS]());
    double triad = fastest(20, threads, [&](int t) {
        long first = FLOATS / threads * t, last = t + 1 == threads ? FLOATS : first + FLOATS / threads;
        for (long i = first; i < last; i++) a[i] = b[i] + 0.5f * c[i];
    });
    sink = a[FLOATS / 2];
    std::printf("{\"gflops\": %.1f, \"gigabytes\": %.2f}\n", 2.0 * LANES * CHAINS * STEPS * threads / peak * 1e-9,
                3.0 * sizeof(float) * FLOATS / triad * 1e-9);
}
