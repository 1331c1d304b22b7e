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

// How many threads for short pieces of work, one after the other: all of them or one, whichever was faster when both
// were tried a short while ago. On a processor that others use as well, threads wait for one another longer than they
// work.
class Pace {
  public:
    explicit Pace(int most) : most(most) {}
    int threads() const {
        int round = turn % 32;
        return round == 0 || (round > 1 && together <= alone) ? most : 1;
    }
    void took(double seconds) { // per step, with so many threads
        if (turn % 32 == 0) together = seconds;
        if (turn % 32 == 1) alone = seconds;
        turn++;
    }

  private:
    const int most;
    int turn = 0;
    double together = 0, alone = 0;
};

int thread_limit();
void set_thread_limit(int threads);

} // namespace lamina
