// The scenarios that lead targets along every transition of small worlds.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "supply.hpp"
#include "svmq/exhaust/cover.hpp"
#include "svmq/explore/scope.hpp"

namespace svmq::runner {

class Exhaustion : public Supply {
 public:
  // What the sources of its scenarios begin with.
  static constexpr const char* source = "scope ";

  // `longest`: moves of one scenario.
  Exhaustion(std::size_t targets, std::size_t longest) : targets_(targets), longest_(longest) {}

  // `scope` outlives it.
  void add(const model::explore::Scope& scope, exhaust::Graph graph);

  std::optional<Task> next() override;
  void finished(const Task& task, const std::vector<Seen>& seen) override;
  Account account(const std::vector<std::string>& targets) const override;

 private:
  struct World {
    World(const model::explore::Scope& s, exhaust::Graph g, std::size_t targets, std::size_t longest)
        : scope(s), graph(std::move(g)), cover(graph, targets, longest) {}
    const model::explore::Scope& scope;
    const exhaust::Graph graph;
    exhaust::Cover cover;
    std::size_t paths = 0;
  };
  struct UnderWay {
    World* world;
    exhaust::Cover::Path path;
  };
  static Task task_of(const World& world, const exhaust::Cover::Path& path);

  const std::size_t targets_, longest_;
  std::deque<World> worlds_;
  mutable std::mutex mutex_;
  std::map<std::string, UnderWay> under_way_;  // by name
};

}  // namespace svmq::runner
