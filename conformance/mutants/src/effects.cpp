#include "effects.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>

#include "fields.hpp"

namespace svmq::mutants {
namespace {

using model::Actor;
using model::ActorIndex;
using model::Errno;
using model::Outcome;
using model::Phase;
using model::Queue;
using model::QueueIndex;
using model::Result;
using model::State;
using Words = std::vector<std::string>;

// ------------------------------------------------------------------------------------- what a call returns

bool answered(const State& before, const State& after, ActorIndex actor) {
  return after.actor(actor).phase == Phase::returning && before.actor(actor).phase != Phase::returning;
}

// Lets `change` change what everybody returns whose call was answered by this step.
template <class Change>
Effect on_results(Change change) {
  return [change](const State& before, ActorIndex, Outcome& outcome) {
    for (std::size_t i = 0; i < outcome.next.actors.size(); ++i) {
      const auto actor = static_cast<ActorIndex>(i);
      if (!answered(before, outcome.next, actor)) continue;
      Result result = *outcome.next.actor(actor).result;
      change(result);
      outcome.next.actor(actor).result = std::make_shared<const Result>(std::move(result));
    }
  };
}

Errno errno_named(const std::string& name) {
  for (auto error = Errno::e2big; error <= Errno::esrch;
       error = static_cast<Errno>(static_cast<int>(error) + 1))
    if (model::name(error) == name) return error;
  throw std::invalid_argument("\"" + name + "\" is no errno that the model has");
}

Effect other_errno(const Words& words) {
  const Errno error = errno_named(words.at(1));
  return on_results([error](Result& result) {
    if (result.kind == Result::failure) result.error = error;
  });
}

Effect succeed(const Words&) {
  return on_results([](Result& result) {
    if (result.kind == Result::failure) result = Result::of(0);
  });
}

Effect fail(const Words& words) {
  const Errno error = errno_named(words.at(1));
  return [error](const State& before, ActorIndex actor, Outcome& outcome) {
    outcome.next = before;
    Actor& self = outcome.next.actor(actor);
    if (self.waits_on >= 0) {
      Queue& queue = outcome.next.change(self.waits_on);
      std::erase(queue.senders, actor);
      std::erase(queue.receivers, actor);
    }
    self.phase = Phase::returning;
    self.woken = self.interrupted = self.restartable = self.restarting = false;
    self.waits_on = self.found = -1;
    self.result = std::make_shared<const Result>(Result::fail(error));
  };
}

Effect other_return(const Words& words) {
  const std::int64_t by = signed_number(words.at(1), words.at(2));
  return on_results([by](Result& result) {
    if (result.kind == Result::failure) return;
    result.value += by;
    result.queue = -1;
    if (result.kind == Result::identifier) result.kind = Result::number;
  });
}

Effect other_type(const Words& words) {
  const std::int64_t by = signed_number(words.at(1), words.at(2));
  return on_results([by](Result& result) { result.message.type += by; });
}

std::string distorted(std::string text, const std::string& how) {
  if (how == "longer") return text + "+";
  if (how == "none" || text.empty()) return "";
  if (how == "shorter") text.pop_back();
  if (how == "other") text.back() = static_cast<char>(text.back() ^ 1);
  return text;
}

Effect other_text(const Words& words) {
  const std::string how = words.at(1);
  const std::vector<std::string_view> known = {"shorter", "longer", "other", "none"};
  if (std::ranges::find(known, how) == known.end()) refuse("way to distort a text", how, known);
  return on_results([how](Result& result) {
    if (result.kind != Result::received) return;
    result.message.text = model::Bytes(distorted(std::string(result.message.text.view()), how));
    result.value = static_cast<std::int64_t>(result.message.text.size());
  });
}

Effect shown(const Words& words) {
  const RecordField& field = record_field(words.at(1));
  const bool zero = words.at(2) == "zero";
  const std::int64_t by = zero ? 0 : signed_number(words.at(2), words.at(3));
  return on_results([&field, zero, by](Result& result) {
    for (model::StatRecord& row : result.rows) zero ? field.clear(row) : field.raise(row, by);
  });
}

Effect other_information(const Words& words) {
  const std::string field = words.at(1);
  const std::int64_t by = signed_number(words.at(2), words.at(3));
  return on_results([field, by](Result& result) {
    const auto found = result.information.fields.find(field);
    if (found != result.information.fields.end()) found->second += by;
  });
}

// ------------------------------------------------------------------------------------- what a step leaves

// Calls `change(before, after)` for each queue that the step has changed, and `made(queue)` for a new one.
template <class Change, class Made>
void on_queues(const State& before, State& after, Change change, Made made) {
  for (std::size_t i = 0; i < after.queues.size(); ++i) {
    const auto queue = static_cast<QueueIndex>(i);
    if (i >= before.queues.size())
      made(after.change(queue));
    else if (!(before.queues[i] == after.queues[i]))
      change(before.queue(queue), after.change(queue));
  }
}
constexpr auto nothing = [](Queue&) {};

Effect forget(const Words& words) {
  std::vector<const QueueField*> fields;
  for (std::size_t i = 1; i < words.size(); ++i) fields.push_back(&queue_field(words[i]));
  return [fields](const State& before, ActorIndex, Outcome& outcome) {
    on_queues(
        before, outcome.next,
        [&](const Queue& old, Queue& now) {
          for (const QueueField* field : fields) field->keep(old, now);
        },
        nothing);
  };
}

Effect other_field(const Words& words) {
  const QueueField& field = queue_field(words.at(1));
  const bool zero = words.at(2) == "zero";
  const std::int64_t by = zero ? 0 : signed_number(words.at(2), words.at(3));
  return [&field, zero, by](const State& before, ActorIndex, Outcome& outcome) {
    const auto change = [&](Queue& queue) { zero ? field.clear(queue) : field.raise(queue, by); };
    on_queues(
        before, outcome.next, [&](const Queue&, Queue& now) { change(now); }, change);
  };
}

Effect undo(const Words&) {
  return [](const State& before, ActorIndex, Outcome& outcome) {
    on_queues(
        before, outcome.next,
        [](const Queue& old, Queue& now) {
          Queue restored = old;
          restored.receivers = now.receivers;
          restored.senders = now.senders;
          now = std::move(restored);
        },
        nothing);
  };
}

// The queue that the actor's call is about, if it can be changed.
Queue* queue_of_call(const State& before, ActorIndex actor, State& after) {
  const Actor& self = before.actor(actor);
  const QueueIndex index = self.waits_on >= 0 ? self.waits_on : self.found;
  return index < 0 ? nullptr : &after.change(index);
}

enum class End { oldest, newest };
void take_away(Queue& queue, End end) {
  if (queue.messages.empty()) return;
  const auto at = end == End::oldest ? queue.messages.begin() : queue.messages.end() - 1;
  queue.cbytes -= at->text.size();
  queue.messages.erase(at);
}
Effect lose(End end) {
  return [end](const State& before, ActorIndex actor, Outcome& outcome) {
    if (Queue* queue = queue_of_call(before, actor, outcome.next)) take_away(*queue, end);
  };
}

Effect to_front(const Words&) {
  return [](const State& before, ActorIndex actor, Outcome& outcome) {
    Queue* queue = queue_of_call(before, actor, outcome.next);
    if (queue && !queue->messages.empty())
      std::rotate(queue->messages.begin(), queue->messages.end() - 1, queue->messages.end());
  };
}

// As if the call had sent, or changed, something.
Effect stamp(const Words& words) {
  const bool send = words.at(1) == "send";
  if (!send && words.at(1) != "change") refuse("stamp", words[1], {"send", "change"});
  return [send](const State& before, ActorIndex actor, Outcome& outcome) {
    Queue* queue = queue_of_call(before, actor, outcome.next);
    if (!queue) return;
    if (send) queue->lspid = {model::Pid::process, actor};
    // Late enough that it cannot be the time that was there before.
    (send ? queue->stime : queue->ctime) = {before.clock + 60, before.clock + 60};
  };
}

Effect remove_queue(const Words&) {
  return [](const State& before, ActorIndex actor, Outcome& outcome) {
    Queue* queue = queue_of_call(before, actor, outcome.next);
    if (!queue) return;
    queue->removed = true;
    queue->messages.clear();
  };
}

// ------------------------------------------------------------------------------------------- whom it wakes

bool sleeps(const Actor& actor) {
  return (actor.phase == Phase::sending || actor.phase == Phase::receiving) && !actor.woken;
}

// It sleeps on, in the place that it had.
void put_back_to_sleep(const State& before, State& after, ActorIndex actor) {
  after.actor(actor) = before.actor(actor);
  const auto restore = [&](const std::vector<ActorIndex>& old, std::vector<ActorIndex>& now) {
    if (std::ranges::find(old, actor) == old.end() || std::ranges::find(now, actor) != now.end()) return;
    now.insert(now.begin(), actor);
    std::ranges::stable_sort(now, {},
                             [&](ActorIndex one) { return std::ranges::find(old, one) - old.begin(); });
  };
  const QueueIndex index = before.actor(actor).waits_on;
  if (index < 0) return;
  restore(before.queue(index).receivers, after.change(index).receivers);
  restore(before.queue(index).senders, after.change(index).senders);
}

Effect wake(const Words& words) {
  const std::string whom = words.at(1);
  const std::vector<std::string_view> known = {"none", "first", "last"};
  if (std::ranges::find(known, whom) == known.end()) refuse("choice of whom to wake", whom, known);
  return [whom](const State& before, ActorIndex self, Outcome& outcome) {
    std::vector<ActorIndex> woken;
    for (std::size_t i = 0; i < before.actors.size(); ++i) {
      const auto actor = static_cast<ActorIndex>(i);
      if (actor != self && sleeps(before.actor(actor)) && !sleeps(outcome.next.actor(actor)))
        woken.push_back(actor);
    }
    if (woken.empty()) return;
    if (whom == "first") woken.erase(woken.begin());
    if (whom == "last") woken.pop_back();
    for (const ActorIndex actor : woken) put_back_to_sleep(before, outcome.next, actor);
  };
}

}  // namespace

Effect effect(const std::string& phrase) {
  static const std::map<std::string_view, Effect (*)(const Words&)> verbs = {
      {"errno", other_errno},
      {"fail", fail},
      {"succeed", succeed},
      {"return", other_return},
      {"type", other_type},
      {"text", other_text},
      {"shown", shown},
      {"info", other_information},
      {"forget", forget},
      {"queue", other_field},
      {"undo", undo},
      {"consume", [](const Words&) { return lose(End::oldest); }},
      {"drop", [](const Words&) { return lose(End::newest); }},
      {"front", to_front},
      {"wake", wake},
      {"remove", remove_queue},
      {"stamp", stamp},
  };
  const Words words = words_of(phrase);
  const auto verb = verbs.find(words.empty() ? "" : words.front());
  if (verb == verbs.end()) {
    std::vector<std::string_view> known;
    for (const auto& [name, _] : verbs) known.push_back(name);
    refuse("effect", words.empty() ? "" : words.front(), known);
  }
  try {
    return verb->second(words);
  } catch (const std::out_of_range&) {
    throw std::invalid_argument("\"" + phrase + "\" lacks a word");
  }
}

}  // namespace svmq::mutants
