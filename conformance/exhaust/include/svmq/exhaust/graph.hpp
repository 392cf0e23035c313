// The states of a small world in which nothing moves, and the transitions between them that a target can be
// led along: calls begin together, and it ends where nothing moves any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "svmq/explore/world.hpp"

namespace svmq::exhaust {

using Node = std::uint32_t;

// One way in which a transition may end.
struct Way {
  Node to = 0;
  std::uint32_t answers = 0;  // in Graph::answers: what can be seen of it
};

struct Transition {
  Node from = 0;
  std::uint32_t move = 0;  // in Graph::moves
  std::uint32_t first_way = 0, ways = 0;
};

struct Graph {
  std::vector<std::vector<int>> moves;  // calls of the scope that begin together
  std::vector<Transition> transitions;  // by node, then by move
  std::vector<Way> ways;
  std::vector<std::string> answers;  // each once
  std::vector<std::size_t> first;    // by node, its transitions; one more than there are nodes
  std::vector<std::size_t> reached;  // by node but the first: the transition that first led to it
  bool complete = false;             // neither the depth nor a limit cut it
  bool stopped = false;              // a limit or `stop` did

  std::size_t nodes() const { return first.size() - 1; }
  std::size_t count(Node node) const { return first[node + 1] - first[node]; }
  std::span<const Way> ways_of(std::size_t transition) const {
    return std::span(ways).subspan(transitions[transition].first_way, transitions[transition].ways);
  }
  std::optional<std::size_t> find(Node node, std::uint32_t move) const;
};

struct Limits {
  std::size_t depth = 0;  // most moves from the first state; 0: no bound
  std::size_t states = 1'000'000;
  std::size_t together = 1;  // calls that may begin together, each of another actor
  std::function<bool()> stop;
};

Graph build(const model::explore::Stage& stage, const Limits& limits);

}  // namespace svmq::exhaust
