// Many trainings of one network at once, divided over the threads.
//
// The threads form teams, of one thread each where there are trainings enough. A team takes the training that has most
// left, takes its steps alone, and comes back for the next: nobody waits for anybody until the end. Where a few are
// left over, as of three trainings on two threads, they go on in pieces, so that all teams end at about the same time.
// A training's steps are the same whoever takes them, and in however many pieces.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "paths.hpp"

namespace lamina {

template <class T>
class Many {
  public:
    // `arenas` has `bytes` for each team; `poll`, on the calling thread, says whether to stop.
    Many(const std::vector<Training<T>>& trainings, int teams, int size, char* arenas, int64_t bytes,
         bool (*poll)(void*))
        : size(size), arenas(arenas), bytes(bytes), poll(poll), hands(teams) {
        for (const Training<T>& training : trainings) shares.push_back({training});
        for (const Share& share : shares) unfinished += !share.over();
        for (int i = 0; i < teams; i++) groups.push_back(std::make_unique<Team>(size));
    }

    void run() { parallel(int(groups.size()) * size, start, this); }
    bool stopped() const { return halted.load(); }
    int64_t done(size_t i) const { return shares[i].done; } // steps of training i

  private:
    struct Share {
        Training<T> training;
        int64_t done = 0;  // steps
        bool ends = false; // before its last step: a cost was not finite
        bool taken = false;
        bool over() const { return ends || done == training.steps.count; }
        double left() const { return double(training.steps.count - done) * double(training.steps.batch_size); }
    };
    // What a team has in hand: a training, or a piece of it.
    struct Hand {
        Many& many;
        Share& share;
        const bool calling; // whether its thread 0 is the one that called, and may ask Python
        Training<T> piece;
        TrainingRun<T> run{piece};
        Hand(Many& many, Share& share, int team, int64_t n)
            : many(many), share(share), calling(team == 0), piece(share.training.some(share.done, n)) {
            piece.arena = many.arenas + team * many.bytes;
            piece.poll = ask, piece.asked = this;
        }
        Hand(const Hand&) = delete;
    };

    static constexpr int64_t PIECE = 16; // steps: many times what it takes to change hands

    static bool ask(void* hand) {
        Hand& here = *static_cast<Hand*>(hand);
        if (here.calling && here.many.poll(nullptr)) here.many.halted.store(true);
        return here.many.halted.load();
    }
    static void start(void* many, Team& threads, int t) { static_cast<Many*>(many)->work(threads, t); }

    void work(Team& threads, int t) {
        const bool alone = threads.size == 1; // another call has the pool: one thread does it all
        const int number = alone ? 0 : t / size, rank = alone ? 0 : t % size;
        Team& team = alone ? threads : *groups[number];
        for (;;) {
            if (rank == 0) take(number, alone ? 1 : int(groups.size()));
            team.wait();
            if (!hands[number]) break;
            path->verbs<T>().train(&hands[number]->run, team, rank);
            team.wait();
            if (rank == 0) put_back(number);
        }
        if (t == 0) watch();
    }

    void take(int team, int teams) {
        const Desk::Hold held = desk.hold();
        Share* most = nullptr;
        for (Share& share : shares)
            if (!share.taken && !share.over() && (!most || share.left() > most->left())) most = &share;
        if (!most || halted.load()) return;
        int64_t n = most->training.steps.count - most->done;
        const bool left_over = unfinished > teams && unfinished < 2 * teams;
        if (left_over) n = std::min(n, std::max(PIECE, (n + 1) / 2));
        most->taken = true;
        hands[team].emplace(*this, *most, team, n);
    }
    void put_back(int team) {
        const Desk::Hold held = desk.hold();
        Share& share = hands[team]->share;
        const TrainingRun<T>& run = hands[team]->run;
        share.done += run.done;
        share.ends = run.done < run.call.steps.count;
        share.taken = false;
        unfinished -= share.over();
        hands[team].reset();
        if (!unfinished || halted.load()) desk.ring();
    }
    // The thread that called has nothing more to do: it asks for signals until the others are ready.
    void watch() {
        Desk::Hold held = desk.hold();
        while (unfinished && !halted.load()) {
            desk.wait(held, 20);
            held.unlock();
            if (poll(nullptr)) halted.store(true);
            held.lock();
        }
    }

    const int size; // threads of a team
    char* const arenas;
    const int64_t bytes;
    bool (*const poll)(void*);
    std::vector<Share> shares;
    std::vector<std::unique_ptr<Team>> groups;
    std::vector<std::optional<Hand>> hands; // of each team
    int unfinished = 0;
    std::atomic<bool> halted{false};
    Desk desk; // where shares and unfinished are changed
};

} // namespace lamina
