// A small pool of threads: started when first needed, spinning briefly and then asleep, rebuilt in a forked child.
//
// How many threads work on something never changes a result; it may change from call to call.
#pragma once

#include <atomic>
#include <cstdint>

namespace lamina {

// The threads that work on one call, and the line they wait at for one another.
class Team {
  public:
    explicit Team(int size) : size(size) {}
    const int size;
    void wait() {
        if (size > 1) wait_for_all();
    }

  private:
    void wait_for_all();
    std::atomic<int> arrived{0};
    std::atomic<int> phase{0};
};

using Work = void (*)(void* what, Team& team, int thread);

// Call `work(what, team, t)` for t = 0 .. threads-1, t = 0 on the calling thread. With one thread, or while another
// call has the pool, the calling thread does it all.
void parallel(int threads, Work work, void* what);

// Whether `threads` of the pool would start at once. Where some sleep they are woken, and this says so a moment later:
// what has to be done meanwhile is better done alone.
bool awake(int threads);

// How many threads for short steps, one after the other: all of them or one, whichever was faster when both were tried
// a while ago, over as many steps as it takes to tell. On a processor that others use as well, threads wait for one
// another longer than they work. What was learnt is kept from call to call.
class Pace {
  public:
    // For steps of so many multiply-adds, on up to `most` threads.
    int threads(double work, int most) {
        if (work != of_work || most != of_most) *this = Pace(), of_work = work, of_most = most;
        if (turn < 3)
            return turn == 1 ? 1 : most; // the first turn finds caches cold and threads asleep: it is no trial
        return together <= alone ? most : 1;
    }
    int64_t left() const { return LONG + int64_t(ENOUGH / of_work) - steps; } // steps until this turn is over
    void took(double s, int64_t n) {                                          // seconds for n steps
        seconds += s, steps += n;
        if (left() > 0) return;
        if (turn == 1) alone = seconds / double(steps);
        if (turn == 2) together = seconds / double(steps);
        turn = (turn + 1) % 64, seconds = 0, steps = 0;
    }

  private:
    static constexpr int64_t LONG = 32;
    static constexpr double ENOUGH = 200e6; // multiply-adds
    double of_work = 0, together = 0, alone = 0, seconds = 0;
    int of_most = 0, turn = 0;
    int64_t steps = 0;
};

int thread_limit();
void set_thread_limit(int threads);

} // namespace lamina
