// Fewer actors, fewer steps, less at a time.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "candidates.hpp"
#include "steps.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

bool mentions(const Step& step, const std::set<std::string>& actors) {
  const auto* kill = std::get_if<Kill>(&step.action);
  return actors.contains(step.actor) || (kill != nullptr && actors.contains(kill->actor));
}

// Without the steps for which `gone` holds, and without those that then use a variable that nobody sets.
template <class Gone>
Scenario without_steps(const Scenario& scenario, const Gone& gone) {
  Scenario smaller = scenario;
  smaller.items.clear();
  std::set<std::string> set_somewhere;
  std::size_t number = 0;
  const auto keep = [&](const Step& step) {
    const bool lost = std::ranges::any_of(
        variables_used(step), [&](const std::string& name) { return !set_somewhere.contains(name); });
    if (gone(step, number++) || lost) return false;
    if (!step.variable.empty()) set_somewhere.insert(step.variable);
    return true;
  };
  for (const Item& item : scenario.items) {
    if (const auto* step = std::get_if<Step>(&item)) {
      if (keep(*step)) smaller.items.push_back(item);
      continue;
    }
    Concurrent block;
    for (const Step& step : std::get<Concurrent>(item).steps)
      if (keep(step)) block.steps.push_back(step);
    const bool alone =
        std::ranges::all_of(block.steps, [&](const Step& s) { return s.actor == block.steps.front().actor; });
    if (alone)
      smaller.items.insert(smaller.items.end(), block.steps.begin(), block.steps.end());
    else
      smaller.items.emplace_back(std::move(block));
  }
  return smaller;
}

Scenario without_actors(const Scenario& scenario, const std::set<std::string>& actors) {
  Scenario smaller =
      without_steps(scenario, [&](const Step& step, std::size_t) { return mentions(step, actors); });
  std::erase_if(smaller.actors, [&](const Actor& actor) { return actors.contains(actor.name); });
  return smaller;
}

std::set<std::string> with_threads(const Scenario& scenario, const std::string& name) {
  std::set<std::string> names{name};
  for (const Actor& actor : scenario.actors)
    if (actor.process == name) names.insert(actor.name);
  return names;
}

}  // namespace

bool fewer_actors(const Scenario& scenario, const Offer& offer) {
  for (const Actor& actor : scenario.actors) {
    const std::set<std::string> names = with_threads(scenario, actor.name);
    if (names.size() < scenario.actors.size() && offer(without_actors(scenario, names))) return true;
  }
  // What one does another one can do.
  for (const Actor& actor : scenario.actors) {
    if (with_threads(scenario, actor.name).size() > 1) continue;
    for (const Actor& heir : scenario.actors) {
      if (heir.name == actor.name) continue;
      Scenario merged = scenario;
      for_each_step(merged, [&](Step& step) {
        if (step.actor == actor.name) step.actor = heir.name;
        auto* kill = std::get_if<Kill>(&step.action);
        if (kill != nullptr && kill->actor == actor.name) kill->actor = heir.name;
      });
      std::erase_if(merged.actors, [&](const Actor& a) { return a.name == actor.name; });
      if (offer(without_steps(merged, [](const Step&, std::size_t) { return false; }))) return true;
    }
  }
  return false;
}

// Ever smaller runs of steps, the last ones first: what follows a deviation is seldom needed.
bool fewer_steps(const Scenario& scenario, const Offer& offer) {
  std::size_t count = 0;
  Scenario counted = scenario;
  for_each_step(counted, [&](Step&) { ++count; });
  for (std::size_t length = (count + 1) / 2; length > 0; length = length == 1 ? 0 : (length + 1) / 2) {
    for (std::size_t end = count; end > 0; end = end > length ? end - length : 0) {
      const std::size_t begin = end > length ? end - length : 0;
      if (begin == 0 && end == count) continue;
      const auto gone = [&](const Step&, std::size_t number) { return number >= begin && number < end; };
      if (offer(without_steps(scenario, gone))) return true;
    }
  }
  return false;
}

// A block's steps one after the other, or at least the first or last of them outside of it.
bool less_concurrency(const Scenario& scenario, const Offer& offer) {
  for (std::size_t i = 0; i < scenario.items.size(); ++i) {
    const auto* block = std::get_if<Concurrent>(&scenario.items[i]);
    if (block == nullptr) continue;
    const auto place = static_cast<std::ptrdiff_t>(i);
    Scenario unrolled = scenario;
    unrolled.items.erase(unrolled.items.begin() + place);
    unrolled.items.insert(unrolled.items.begin() + place, block->steps.begin(), block->steps.end());
    if (offer(unrolled)) return true;
    if (block->steps.size() < 3) continue;
    Scenario first_before = scenario;
    auto& rest = std::get<Concurrent>(first_before.items[i]).steps;
    rest.erase(rest.begin());
    first_before.items.insert(first_before.items.begin() + place, block->steps.front());
    if (offer(first_before)) return true;
    Scenario last_behind = scenario;
    std::get<Concurrent>(last_behind.items[i]).steps.pop_back();
    last_behind.items.insert(last_behind.items.begin() + place + 1, block->steps.back());
    if (offer(last_behind)) return true;
  }
  return false;
}

}  // namespace svmq::shrink
