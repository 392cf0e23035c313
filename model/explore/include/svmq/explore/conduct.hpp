// A scenario's step, whole: calls begin, and everything goes on until nothing moves any more.
#pragma once

#include <memory>
#include <vector>

#include "svmq/explore/world.hpp"

namespace svmq::model::explore {

// What somebody was answered on the way.
struct Reply {
  ActorIndex actor = 0;
  std::shared_ptr<const Result> result;
  bool open = false;  // an identifier that the model leaves open; the world has chosen one
  Clauses why;
};

// One way in which it may end.
struct Ending {
  World world;
  std::vector<Reply> replies;  // one for each call answered, by actor
  Clauses clauses;             // of every step on the way
};

// Every ending of these calls, each actor's in their order; those of different actors run together. A call
// whose actor cannot begin it is skipped.
std::vector<Ending> conduct(const Stage& stage, const World& world, const std::vector<int>& calls);

// The same actors were answered, whatever it was; the same ones sleep, and live. Neither may be undefined.
bool same_actors(const Ending& a, const Ending& b);

// What `seen` leaves open, and `allowed` does not: more than it allows, or taken as `allowed` has it.
enum class Open { differs, settled };

// Whether `seen` is one of the ways that `allowed` stands for: the same answers to the same actors, the same
// sleepers. Settles in both what their models left open.
bool covers(Ending& allowed, Ending& seen, Open open = Open::differs);

}  // namespace svmq::model::explore
