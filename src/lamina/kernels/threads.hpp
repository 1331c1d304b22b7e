// A small pool of threads: started when first needed, spinning briefly and then asleep, rebuilt in a forked child.
//
// How many threads work on something never changes a result; it may change from call to call.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

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

// What threads change one at a time, and where one of them may wait for the others.
class Desk {
  public:
    using Hold = std::unique_lock<std::mutex>;
    Hold hold() { return Hold(mutex); }
    void ring() { bell.notify_one(); }
    void wait(Hold& held, int milliseconds) { bell.wait_for(held, std::chrono::milliseconds(milliseconds)); }

  private:
    std::mutex mutex;
    std::condition_variable bell;
};

int thread_limit();
void set_thread_limit(int threads);

// A call while it lasts. Several at once, of Python threads that each train a network, share the threads: each leaves
// one to every other.
class Underway {
  public:
    Underway();
    ~Underway();
    Underway(const Underway&) = delete;

  private:
    std::atomic<int>& calls; // of the process in which it began
};
int free_threads(); // of the limit: for one of the calls that are under way

} // namespace lamina
