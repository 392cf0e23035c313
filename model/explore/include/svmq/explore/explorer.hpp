// Visits every reachable state of a scope, breadth first by the number of calls begun.
//
// What it leaves behind is a graph: each state once, with the transition that first led to it, and, if asked
// for, every edge. A path is the list of labels from the first state; path_text writes it as a scenario, so
// that the graph can be conducted on an implementation.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "svmq/explore/fingerprint.hpp"
#include "svmq/explore/property.hpp"
#include "svmq/explore/world.hpp"

namespace svmq::model::explore {

using NodeIndex = std::uint32_t;

struct Node {
  NodeIndex parent = 0;
  Label label;              // from the parent to here
  std::uint16_t depth = 0;  // calls begun
};
struct Edge {
  NodeIndex from = 0, to = 0;
  Label label;
};

using Path = std::vector<Label>;

struct Graph {
  std::vector<Node> nodes;  // the first is the first state
  std::vector<Edge> edges;  // empty unless Settings::keep_edges
  Path path(NodeIndex node) const;
};

struct Settings {
  std::size_t depth = 0;  // most calls begun; 0: no bound
  std::uint64_t most_states = 20'000'000;
  bool symmetric = true;
  bool check = true;  // properties and sometimes
  bool keep_edges = false;
  std::function<bool()> stop;  // asked now and then: true ends the exploration
  std::function<bool(const Transition&)>
      goal;  // the first transition for which it holds ends the exploration
};

struct Tally {
  std::string_view name;
  std::uint64_t checked = 0;  // transitions of which the property had something to say
};
struct Hit {
  std::string_view name;
  std::uint64_t count = 0;
  Path witness;  // a shortest one
};
struct Violation {
  std::string_view property;
  Path path;
};

struct Exploration {
  Graph graph;
  std::uint64_t states = 0, transitions = 0;
  std::size_t depth = 0;  // most calls begun on the way to any state
  bool complete = false;  // nothing is left: neither a depth nor a budget cut it
  bool stopped = false;   // a budget or `stop` ended it before its depth was reached
  std::vector<Tally> properties;
  std::vector<Hit> sometimes;
  std::vector<Violation> violations;                  // one for each property violated, a shortest one
  std::map<std::string_view, std::uint64_t> clauses;  // transitions that name each
  std::optional<Path> goal;
};

Exploration explore(const Stage& stage, const Settings& settings);

// The scenario that takes this path: calls that overlap stand in a concurrent block. `before` the steps that
// lead to the first state.
std::string path_text(const Stage& stage, const Path& path, const std::string& name, const std::string& title,
                      const std::vector<std::string>& clauses = {});

}  // namespace svmq::model::explore
