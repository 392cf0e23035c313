#include "svmq/judge/outcomes.hpp"

#include <csignal>
#include <map>
#include <set>
#include <unordered_map>

#include "stage.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

using language::History;

constexpr std::uint64_t most_moves = 200'000;  // that outcomes() tries: about a second

// Stages that have been gone on from: the same events and the same state lead to the same ends.
class Visited {
 public:
  bool add(const std::string& events, const model::State& state) {
    std::vector<model::State>& states = places_[events];
    for (const model::State& other : states)
      if (other == state) return false;
    states.push_back(state);
    return true;
  }

 private:
  std::unordered_map<std::string, std::vector<model::State>> places_;
};

// Depth first, so that what is kept of it all is small.
class Walk {
 public:
  Walk(std::function<bool(const History&)> visit, std::uint64_t moves)
      : visit_(std::move(visit)), left_(moves) {}
  bool exhausted() const { return left_ == 0; }

  // False: enough.
  bool go(Stage stage, std::string events, std::size_t printed) {
    for (;;) {
      if (left_ == 0) return false;
      --left_;
      const std::vector<Stage::Move> moves = stage.moves();
      if (moves.empty()) {
        extend(stage, events, printed);
        return !ends_.insert(events).second || visit_(stage.history());
      }
      if (moves.size() > 1) {
        for (const Stage::Move& move : moves) {
          Stage next = stage;
          next.take(move);
          std::string longer = events;
          std::size_t so_far = printed;
          extend(next, longer, so_far);
          if (visited_.add(longer, next.state()) && !go(std::move(next), std::move(longer), so_far))
            return false;
        }
        return true;
      }
      stage.take(moves.front());
      extend(stage, events, printed);
    }
  }

 private:
  // The text of the events: all but the last cannot change any more.
  static void extend(const Stage& stage, std::string& events, std::size_t& printed) {
    const auto& all = stage.history().events;
    if (const std::size_t open = events.find('\x01'); open != std::string::npos) events.resize(open);
    for (; printed + 1 < all.size(); ++printed) events += language::print(all[printed]) + '\n';
    if (printed < all.size()) events += '\x01' + language::print(all[printed]);
  }

  std::function<bool(const History&)> visit_;
  std::uint64_t left_;
  Visited visited_;
  std::set<std::string> ends_;
};

// Depth first along one history.
class Search {
 public:
  Search(const History& wanted, std::size_t most) : wanted_(wanted), left_(most) {
    for (const language::Event& event : wanted.events) lines_.push_back(language::print(event));
  }

  std::optional<bool> find(Stage stage) {
    const bool found = go(std::move(stage), 0);
    return left_ == 0 && !found ? std::nullopt : std::optional(found);
  }

 private:
  bool go(Stage stage, std::size_t matched) {
    for (;;) {
      if (left_ == 0) return false;
      --left_;
      const std::vector<Stage::Move> moves = stage.moves();
      if (!follows(stage, matched)) return false;
      if (moves.empty()) return stage.history().events.size() == lines_.size() && ends_alike(stage);
      if (moves.size() > 1) {
        // Not sooner: a stage that returned something else than the history may be in the same state.
        if (!visited_.add(std::to_string(stage.history().events.size()) + (open(stage) ? "?" : ""),
                          stage.state()))
          return false;
        for (const Stage::Move& move : moves) {
          Stage next = stage;
          next.take(move);
          if (go(std::move(next), matched)) return true;
        }
        return false;
      }
      stage.take(moves.front());
    }
  }

  static bool open(const Stage& stage) {
    return std::holds_alternative<language::Call>(stage.history().events.back().what);
  }

  // The stage's events are the first ones of the history; its last may be a call that returns next.
  bool follows(const Stage& stage, std::size_t& matched) const {
    const auto& events = stage.history().events;
    if (events.size() > lines_.size()) return false;
    for (; matched + 1 < events.size(); ++matched)
      if (language::print(events[matched]) != lines_[matched]) return false;
    if (ends_alike(stage)) return true;
    const auto* call = std::get_if<language::Call>(&events.back().what);
    const auto* complete = std::get_if<language::Complete>(&wanted_.events[events.size() - 1].what);
    return call != nullptr && complete != nullptr && call->step == complete->step;
  }
  bool ends_alike(const Stage& stage) const {
    const auto& events = stage.history().events;
    return language::print(events.back()) == lines_[events.size() - 1];
  }

  const History& wanted_;
  std::vector<std::string> lines_;
  std::size_t left_;
  Visited visited_;
};

std::vector<const language::Step*> steps_of(const language::Scenario& scenario) {
  std::vector<const language::Step*> steps;
  for (const language::Item& item : scenario.items) {
    if (const auto* step = std::get_if<language::Step>(&item))
      steps.push_back(step);
    else
      for (const language::Step& inner : std::get<language::Concurrent>(item).steps) steps.push_back(&inner);
  }
  return steps;
}

// Reads a history's results into the order of the scenario's steps.
class Reader {
 public:
  Reader(const std::vector<const language::Step*>& steps, const History& history)
      : steps_(steps), outcome_(steps.size(), std::string("not come to")) {
    for (const language::Actor& actor : history.actors)
      owner_[actor.name] = actor.process.empty() ? actor.name : actor.process;
    for (const language::Event& event : history.events)
      std::visit([this](const auto& what) { read(what); }, event.what);
  }
  Outcome take() { return std::move(outcome_); }

 private:
  std::size_t next(const std::string& actor) {
    std::size_t& at = at_[actor];
    while (at < steps_.size() && steps_[at]->actor != actor) ++at;
    return at++;
  }
  void put(std::size_t step, const language::Result& result) {
    if (std::holds_alternative<language::Msgget>(steps_[step]->action) && result.error.empty())
      outcome_[step] = std::string("id");
    else
      outcome_[step] = result;
  }
  void read(const language::Call& call) {
    open_[call.step.actor] = next(call.step.actor);
    outcome_[open_[call.step.actor]] = std::string("asleep");
  }
  void read(const language::Complete& complete) { put(next(complete.step.actor), complete.result); }
  void read(const language::Return& returned) {
    put(open_.at(returned.actor), returned.result);
    open_.erase(returned.actor);
  }
  void read(const language::Skipped& skipped) { outcome_[next(skipped.step.actor)] = std::string("skipped"); }
  void read(const language::Death& death) {
    for (auto at = open_.begin(); at != open_.end();) {
      if (owner_[at->first] != death.actor) {
        ++at;
        continue;
      }
      outcome_[at->second] = death.signal.empty()
                                 ? "exited with " + std::to_string(death.status)
                                 : "killed by signal " + std::to_string(number_of(death.signal));
      at = open_.erase(at);
    }
  }
  template <class Other>
  void read(const Other&) {}

  static int number_of(const std::string& signal) {
    static const std::map<std::string, int> numbers{{"SIGUSR1", SIGUSR1}, {"SIGUSR2", SIGUSR2},
                                                    {"SIGALRM", SIGALRM}, {"SIGTERM", SIGTERM},
                                                    {"SIGHUP", SIGHUP},   {"SIGKILL", SIGKILL}};
    const auto found = numbers.find(signal);
    return found == numbers.end() ? 0 : found->second;
  }

  const std::vector<const language::Step*>& steps_;
  Outcome outcome_;
  std::map<std::string, std::size_t> at_, open_;
  std::map<std::string, std::string> owner_;
};

std::string key_of(const Outcome& outcome) {
  std::string key;
  for (const auto& result : outcome) {
    const auto* returned = std::get_if<language::Result>(&result);
    key += (returned != nullptr ? language::print(*returned) : std::get<std::string>(result)) + '\n';
  }
  return key;
}

}  // namespace

void histories(const language::Scenario& scenario, const model::Profile& profile,
               const std::function<bool(const History&)>& visit) {
  Walk(visit, UINT64_MAX).go(Stage(scenario, profile), "", 0);
}

std::optional<bool> producible(const language::Scenario& scenario, const model::Profile& profile,
                               const History& history, std::size_t most) {
  return Search(history, most).find(Stage(scenario, profile));
}

std::optional<std::vector<Outcome>> outcomes(const language::Scenario& scenario,
                                             const model::Profile& profile, std::size_t most) {
  const std::vector<const language::Step*> steps = steps_of(scenario);
  std::set<std::string> seen;
  std::vector<Outcome> all;
  Walk walk(
      [&](const History& history) {
        Outcome outcome = Reader(steps, history).take();
        if (seen.insert(key_of(outcome)).second) all.push_back(std::move(outcome));
        return all.size() <= most;
      },
      most_moves);
  walk.go(Stage(scenario, profile), "", 0);
  if (all.size() > most || walk.exhausted()) return std::nullopt;
  return all;
}

}  // namespace svmq::judge
