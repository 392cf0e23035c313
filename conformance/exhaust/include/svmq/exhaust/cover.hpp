// Paths that together lead every target along every transition of a graph.
//
// Each path goes along as many transitions that are still wanted as it can, and then a new one begins. What a
// transition with several ways does is up to the target: paths are planned for the way that was seen most
// often, and what was planned behind it and not come to is planned again.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "svmq/exhaust/follow.hpp"
#include "svmq/exhaust/graph.hpp"

namespace svmq::exhaust {

class Cover {
 public:
  Cover(const Graph& graph, std::size_t targets, std::size_t longest);

  struct Path {
    std::vector<std::uint32_t> moves;  // of the graph
    std::vector<std::size_t> wanted;   // transitions that nobody else plans meanwhile
  };
  // The next path; empty: nothing is wanted that no path under way goes along.
  Path plan();

  // A target has gone along a path. A transition that was lost is executed all the same, and from then on no
  // path to something else goes along it.
  void executed(std::size_t target, const Followed& followed);
  // Every target has.
  void finished(const Path& path);

  std::size_t done(std::size_t target) const { return done_[target]; }
  // Ways of transitions with several, and how many of them this target has gone.
  std::size_t several() const { return several_; }
  std::size_t seen(std::size_t target) const { return seen_[target]; }
  // Transitions that this target has not gone along.
  struct Missing {
    std::vector<std::size_t> reachable;
    std::size_t alike = 0;      // it may have gone along them, in states that its answers do not tell apart
    std::size_t elsewhere = 0;  // in states to which only ways lead that it has never gone
  };
  Missing missing(std::size_t target) const;

 private:
  bool wanted(std::size_t transition) const;
  void count(std::size_t transition, bool wanted);
  Node expected(std::size_t transition) const;
  bool stays(std::size_t transition) const;
  void find_components();
  void take(Path& path, Node& node, std::size_t transition);
  std::optional<std::size_t> wanted_here(Node node, bool staying) const;
  bool walk_on(Path& path, Node& node);
  bool walk_to(Path& path, Node& node, bool leave, bool staying);
  bool begin(Path& path, Node& node);

  const Graph& graph_;
  const std::size_t longest_;
  std::vector<std::uint32_t> component_;  // by node
  std::vector<std::uint32_t> staying_,
      leaving_;  // by node: transitions wanted within its component, and out of it
  std::vector<std::uint64_t> left_,
      perhaps_;                      // by transition: the targets that have not gone along it; that may have
  std::vector<std::uint8_t> tries_;  // by transition: paths for it that missed it
  std::vector<bool> reserved_, avoided_;  // by transition
  std::vector<std::uint32_t> times_;      // by way
  std::vector<std::vector<bool>> gone_;   // by target, by way
  std::vector<std::size_t> done_, seen_;  // by target
  std::size_t several_ = 0;
  std::vector<std::uint32_t> marks_;  // by node: the last search that came to it
  std::uint32_t mark_ = 0;
  Node lowest_ = 0;  // nothing is wanted in the nodes before it
};

}  // namespace svmq::exhaust
