#include "mutant_suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "exhaustion.hpp"
#include "locations.hpp"
#include "scopes.hpp"

namespace svmq::runner {
namespace {

// std::shuffle is another on every system.
template <class Items>
void shuffle(Items& items, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  for (std::size_t left = items.size(); left > 1; --left) std::swap(items[left - 1], items[random() % left]);
}

// A scenario in which some run at the same time goes another way each time.
constexpr std::uint64_t times_of_a_race = 20;

// Of each small world: where it begins, which is where most faults show, in scenarios short enough to be
// read.
constexpr std::size_t most_states_of_a_world = 400;
constexpr std::size_t longest_path = 12;  // calls

// Along every transition of the small worlds, by what the model expects: a mutant is not led on from where it
// departs.
std::vector<std::shared_ptr<const Task>> along_the_worlds() {
  std::vector<std::shared_ptr<const Task>> tasks;
  const std::vector<model::explore::Scope> scopes = read_scopes({});
  for (const model::explore::Scope& scope : scopes) {
    const model::explore::Stage stage(scope, profile_named("linux-6.18"));
    exhaust::Limits limits;
    limits.depth = scope.depth;
    limits.states = most_states_of_a_world;
    Exhaustion exhaustion(1, longest_path);
    exhaustion.add(scope, exhaust::build(stage, limits));
    while (std::optional<Task> task = exhaustion.next())
      tasks.push_back(std::make_shared<const Task>(std::move(*task)));
  }
  return tasks;
}

bool is_race(const Task& task) {
  return std::ranges::any_of(task.scenario.items, [](const language::Item& item) {
    return std::holds_alternative<language::Concurrent>(item);
  });
}

}  // namespace

std::string_view name(Part part) {
  switch (part) {
    case Part::corpus: return "corpus";
    case Part::exhaustive: return "exhaustive";
    case Part::random: return "random";
    case Part::concurrent: break;
  }
  return "concurrent";
}

Part part_named(const std::string& wanted) {
  for (const Part part : all_parts)
    if (name(part) == wanted) return part;
  throw UsageError(
      fmt::format("there is no part {}; there are corpus, exhaustive, random and concurrent", wanted));
}

Suite::Suite(std::set<Part> parts, std::uint64_t seed, std::set<std::string> without)
    : parts_(std::move(parts)), seed_(seed), without_(std::move(without)) {
  if (parts_.contains(Part::corpus))
    for (Task& task : read_scenarios({locations().corpus}))
      for (task.choices = 0; task.choices < (is_race(task) ? times_of_a_race : 1); ++task.choices)
        items_.push_back({std::make_shared<const Task>(task), Part::corpus});
  shuffle(items_, seed_);
  if (parts_.contains(Part::exhaustive)) exhaustive_ = along_the_worlds();
  shuffle(exhaustive_, seed_);
}

std::optional<Suite::Item> Suite::at(std::size_t index) {
  const std::lock_guard lock(mutex_);
  while (index >= items_.size() && add()) continue;
  return index < items_.size() ? std::optional(items_[index]) : std::nullopt;
}

bool Suite::add() {
  const std::size_t before = items_.size();
  if (!exhaustive_.empty()) {
    items_.push_back({std::move(exhaustive_.back()), Part::exhaustive});
    exhaustive_.pop_back();
  }
  add_random();
  return items_.size() > before;
}

void Suite::add_random() {
  for (const Part part : {Part::random, Part::concurrent}) {
    if (!parts_.contains(part)) continue;
    const RandomId id{seed_, random_, without_, part == Part::concurrent};
    items_.push_back({std::make_shared<const Task>(random_task(id)), part});
  }
  ++random_;
}

}  // namespace svmq::runner
