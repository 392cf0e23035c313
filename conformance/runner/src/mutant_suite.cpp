#include "mutant_suite.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "locations.hpp"

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
}

std::optional<Suite::Item> Suite::at(std::size_t index) {
  const std::lock_guard lock(mutex_);
  const bool endless = parts_.contains(Part::random) || parts_.contains(Part::concurrent);
  while (endless && index >= items_.size()) add_random();
  return index < items_.size() ? std::optional(items_[index]) : std::nullopt;
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
