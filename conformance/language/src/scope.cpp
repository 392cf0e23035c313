#include "src/scope.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "src/names.hpp"

namespace svmq::language {
namespace {

constexpr std::string_view reserved[] = {"IPC_PRIVATE", "LONG_MAX", "LONG_MIN", "INT_MAX", "INT_MIN"};

std::string in_quotes(std::string_view word) { return fmt::format("'{}'", word); }

}  // namespace

std::string_view Scope::identifier(std::string_view expected) {
  std::size_t from = at_.offset();
  Place place = at_.place();
  std::string_view word = at_.word();
  if (word.empty() || word[0] == '_') {
    at_.go_back(from);
    at_.fail(expected);
  }
  if (word.size() > longest_name) {
    at_.fail_at(place, fmt::format("a name of at most {} bytes", longest_name),
                in_quotes(word.substr(0, 40)));
  }
  return word;
}

// ------------------------------------------------------------------------------------------------------
// actors

const Actor* Scope::find(std::string_view name) const {
  for (const Actor& actor : actors_) {
    if (actor.name == name) return &actor;
  }
  return nullptr;
}

Actor& Scope::declare(Place place, std::string_view name) {
  if (name == conductor || name == "concurrent" || name == "end") {
    at_.fail_at(place, "a name of an actor", fmt::format("the word {} of this language", in_quotes(name)));
  }
  if (find(name)) at_.fail_at(place, "a name that no other actor has", in_quotes(name));
  if (actors_.size() == most_actors) {
    at_.fail_at(place, fmt::format("at most {} actors", most_actors),
                fmt::format("one more, {}", in_quotes(name)));
  }
  actors_.push_back({std::string(name), {}, {}, place});
  return actors_.back();
}

Actor& Scope::declare_process() {
  Place place = at_.place();
  return declare(place, identifier("a name of a process"));
}

Actor& Scope::declare_thread() {
  Place place = at_.place();
  std::string_view name = identifier("a name of a thread");
  at_.expect("of");
  std::string owner = process();
  Actor& thread = declare(place, name);
  thread.process = std::move(owner);
  return thread;
}

std::string Scope::actor() {
  Place place = at_.place();
  std::string_view name = identifier("a name of an actor");
  if (!find(name)) at_.fail_at(place, "a declared actor", in_quotes(name));
  return std::string(name);
}

std::string Scope::process() {
  Place place = at_.place();
  std::string_view name = identifier("a name of a process");
  const Actor* actor = find(name);
  if (!actor || !actor->process.empty()) at_.fail_at(place, "a declared process", in_quotes(name));
  return std::string(name);
}

// ---------------------------------------------------------------------------------------------------
// variables

std::string Scope::variable() {
  Place place = at_.place();
  std::string_view name = identifier("a variable");
  if (std::find(variables_.begin(), variables_.end(), name) == variables_.end()) {
    at_.fail_at(place, "a variable that has been set", in_quotes(name));
  }
  mention(name, place, false);
  return std::string(name);
}

std::string_view Scope::new_variable() {
  Place place = at_.place();
  std::string_view name = identifier("a variable");
  if (std::find(std::begin(reserved), std::end(reserved), name) != std::end(reserved)) {
    at_.fail_at(place, "a name of a variable", in_quotes(name));
  }
  return name;
}

void Scope::set(std::string_view variable, Place place) {
  if (std::find(variables_.begin(), variables_.end(), variable) == variables_.end()) {
    if (variables_.size() == most_variables) {
      at_.fail_at(place, fmt::format("at most {} variables", most_variables),
                  fmt::format("one more, {}", in_quotes(variable)));
    }
    variables_.push_back(variable);
  }
  mention(variable, place, true);
}

// ------------------------------------------------------------------------------------------- concurrent
// blocks

void Scope::mention(std::string_view variable, Place place, bool sets) {
  if (in_block_) mentions_.push_back({variable, place, actor_, sets});
}

void Scope::begin_block() {
  in_block_ = true;
  mentions_.clear();
}

void Scope::end_block() {
  in_block_ = false;
  for (std::string_view variable : variables_) {
    auto same = [&](const Mention& m) { return m.variable == variable; };
    auto first =
        std::find_if(mentions_.begin(), mentions_.end(), [&](const Mention& m) { return same(m) && m.sets; });
    if (first == mentions_.end()) continue;
    for (const Mention& other : mentions_) {
      if (!same(other) || other.actor == first->actor) continue;
      at_.fail_at(other.place, fmt::format("a variable that {} does not set in this block", first->actor),
                  in_quotes(variable));
    }
  }
}

}  // namespace svmq::language
