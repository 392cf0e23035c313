// Which transitions of the graph a history has taken.
#pragma once

#include <optional>
#include <vector>

#include "svmq/exhaust/graph.hpp"
#include "svmq/language/history.hpp"

namespace svmq::exhaust {

constexpr std::size_t some_way = SIZE_MAX;

// One transition that was taken, and the way that it went.
struct Taken {
  std::size_t transition = 0;
  std::size_t way = 0;  // of the transition's; or some_way
};

struct Followed {
  std::vector<Taken> taken;          // for certain, in their order
  std::vector<std::size_t> perhaps;  // these or others: in states that what was seen does not tell apart
  std::optional<std::size_t> lost;   // the transition that went no way of the graph, or was cut off
};

// Of a history of a scenario that makes these moves behind `before` steps, up to event `end`. Where what was
// seen leaves several states possible, later answers may tell which it was.
Followed follow(const Graph& graph, std::size_t before, const std::vector<std::uint32_t>& moves,
                const language::History& history, std::size_t end);

}  // namespace svmq::exhaust
