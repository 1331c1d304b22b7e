// How many threads a call gets.
#pragma once

#include <algorithm>
#include <limits>

#include "plan.hpp"
#include "threads.hpp"

namespace lamina {

// In multiply-adds: what one thread does sooner than it could share it; a step that is shared without a trial; and
// about how much one thread does while the others wake up.
inline constexpr double SMALL_WORK = 400e3, LARGE_WORK = 20e6, WAKING_WORK = 4e6;

inline int threads_for(double work, int64_t most) {
    double n = std::min({work / SMALL_WORK, double(free_threads()), double(most)});
    return n < 1 ? 1 : int(n);
}

// How many threads for short steps, one after the other: all of them or one, whichever was faster when both were tried
// a while ago, over as many steps as it takes to tell. Each is tried twice, in turns, and the better time counts: what
// disturbs a trial only ever makes it longer. On a processor that others use as well, threads wait for one another
// longer than they work. What was learnt is kept from call to call.
class Pace {
  public:
    // For steps of so many multiply-adds, on up to `most` threads.
    int threads(double work, int most) {
        if (work != of_work || most != of_most) *this = Pace(), of_work = work, of_most = most;
        if (turn < TRIALS)
            return turn % 2 == 1 ? 1 : most; // the first turn finds caches cold and threads asleep: it is no trial
        return together <= alone ? most : 1;
    }
    // Steps until this turn is over.
    int64_t left() const {
        const int64_t trial = LEAST_STEPS + int64_t(ENOUGH_WORK / of_work);
        return (turn < TRIALS ? trial : 2 * trial) - steps;
    }
    void took(double s, int64_t n) { // seconds for n steps
        seconds += s, steps += n;
        if (left() > 0) return;
        if (turn == 0) together = alone = std::numeric_limits<double>::infinity();
        if (0 < turn && turn < TRIALS) {
            double& best = turn % 2 == 1 ? alone : together;
            best = std::min(best, seconds / double(steps));
        }
        turn = (turn + 1) % 64, seconds = 0, steps = 0;
    }

  private:
    static constexpr int TRIALS = 5; // with the first turn, which is none
    static constexpr int64_t LEAST_STEPS = 16;
    static constexpr double ENOUGH_WORK = 100e6; // multiply-adds
    double of_work = 0, together = 0, alone = 0, seconds = 0;
    int of_most = 0, turn = 0;
    int64_t steps = 0;
};

// A plan, and what was learnt about its pace. Changed only with the GIL.
struct Paced : Plan {
    Pace pace;
};

} // namespace lamina
