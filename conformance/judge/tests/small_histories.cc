#include "tests/small_histories.h"

#include <algorithm>
#include <stdexcept>

#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

using namespace language;

Scenario parsed(const std::string& text) {
  auto result = parse_scenarios(text, "test");
  if (const auto* error = std::get_if<ParseError>(&result)) throw std::logic_error(error->message());
  return std::get<std::vector<Scenario>>(result).front();
}

const std::string beginning =
    "scenario s\nprocess A\nprocess B\nprocess C\nprocess D\nA: q = msgget(IPC_PRIVATE, 0600)\n"
    "A: msgctl(q, IPC_SET, {uid=0, gid=0, mode=0600, qbytes=2})\n";

using Lane = std::vector<std::size_t>;  // indexes into the alphabet

void each_lane(std::size_t letters, std::size_t length, const std::function<void(const Lane&)>& visit) {
  Lane lane(length, 0);
  for (;;) {
    visit(lane);
    std::size_t at = 0;
    while (at < length && ++lane[at] == letters) lane[at++] = 0;
    if (at == length) return;
  }
}

void write(const std::vector<std::string>& alphabet, const std::vector<Lane>& lanes,
           const std::function<void(const Scenario&)>& visit) {
  std::string text = beginning + "concurrent {\n";
  for (std::size_t actor = 0; actor < lanes.size(); ++actor)
    for (const std::size_t letter : lanes[actor])
      text += std::string(1, static_cast<char>('A' + actor)) + ": " + alphabet[letter] + "\n";
  visit(parsed(text + "}\nend\n"));
}

// -------------------------------------------------------------------------------------------------------
// changes

// Calls and returns apart, as they are in time.
std::vector<Event> apart(const History& history) {
  std::vector<Event> events;
  for (const Event& event : history.events) {
    const auto* complete = std::get_if<Complete>(&event.what);
    if (complete == nullptr) {
      events.push_back(event);
      continue;
    }
    events.push_back({Call{complete->step}, {}});
    events.push_back({Return{complete->step.actor, call_name(complete->step.action), complete->result}, {}});
  }
  return events;
}

// A call and its return next to each other are one line.
std::vector<Event> together(const std::vector<Event>& events) {
  std::vector<Event> result;
  for (const Event& event : events) {
    const auto* returned = std::get_if<Return>(&event.what);
    const auto* call = result.empty() ? nullptr : std::get_if<Call>(&result.back().what);
    if (returned != nullptr && call != nullptr && call->step.actor == returned->actor)
      result.back().what = Complete{call->step, returned->result};
    else
      result.push_back(event);
  }
  return result;
}

const std::string* actor_of(const Event& event) {
  if (const auto* call = std::get_if<Call>(&event.what)) return &call->step.actor;
  if (const auto* returned = std::get_if<Return>(&event.what)) return &returned->actor;
  return nullptr;
}

std::vector<Result> changed(const Result& result) {
  std::vector<Result> all;
  if (result.error.empty()) {
    Result other = result;
    ++other.value;
    all.push_back(other);
  }
  for (const char* error : {"EAGAIN", "ENOMSG", "EINVAL", "EIDRM", "EINTR", "EACCES"}) {
    Result other;
    other.value = -1;
    other.error = error;
    if (result.error != error) all.push_back(other);
  }
  if (!result.error.empty()) all.push_back(Result{});
  if (result.received) {
    for (const char* text : {"a", "b", "c"}) {
      Result other = result;
      other.received->text = text;
      if (other.value == 1 && other != result) all.push_back(other);
    }
    Result other = result;
    other.received->type = 3 - other.received->type;
    all.push_back(other);
  }
  for (std::size_t i = 0; i < result.records.size(); ++i) {
    for (const char* field : {"qnum", "cbytes"}) {
      Result other = result;
      ++other.records[i].fields[field];
      all.push_back(other);
    }
  }
  return all;
}

}  // namespace

const std::vector<std::vector<std::string>> alphabets{
    {"msgsnd(q, {1, \"a\"}, 1, 0)", "msgrcv(q, buf, 9, 0, 0)", "msgctl(q, IPC_RMID, NULL)"},
    {"msgsnd(q, {2, \"b\"}, 1, IPC_NOWAIT)", "msgsnd(q, {1, \"cc\"}, 2, 0)",
     "msgrcv(q, buf, 9, -2, IPC_NOWAIT)"},
};

void each_scenario(const std::vector<std::string>& alphabet, std::size_t calls,
                   const std::function<void(const Scenario&)>& visit) {
  const std::size_t letters = alphabet.size();
  for (std::size_t a = calls; a > 0; --a) {
    for (std::size_t b = std::min(a, calls - a) + 1; b-- > 0;) {
      const std::size_t c = calls - a - b;
      if (c > b) continue;
      each_lane(letters, a, [&](const Lane& first) {
        if (b == 0) return write(alphabet, {first}, visit);
        each_lane(letters, b, [&](const Lane& second) {
          if (b == a && second < first) return;
          if (c == 0) return write(alphabet, {first, second}, visit);
          each_lane(letters, c, [&](const Lane& third) {
            if (c < b || !(third < second)) write(alphabet, {first, second, third}, visit);
          });
        });
      });
    }
  }
}

Scenario random_scenario(std::mt19937_64& random) {
  static const std::vector<std::string> calls{"msgsnd(q, {1, \"a\"}, 1, 0)",
                                              "msgsnd(q, {2, \"b\"}, 1, 0)",
                                              "msgsnd(q, {1, \"cc\"}, 2, IPC_NOWAIT)",
                                              "msgrcv(q, buf, 9, 0, 0)",
                                              "msgrcv(q, buf, 9, -2, 0)",
                                              "msgrcv(q, buf, 1, 1, IPC_NOWAIT)",
                                              "msgrcv(q, buf, 0, 0, MSG_NOERROR)",
                                              "msgrcv(q, buf, 9, 1, MSG_EXCEPT|IPC_NOWAIT)",
                                              "msgrcv(q, buf, 9, 0, IPC_NOWAIT)",
                                              "msgctl(q, IPC_STAT, buf)",
                                              "msgsnd(q, {2, \"\"}, 0, IPC_NOWAIT)",
                                              "msgctl(q, IPC_SET, {uid=0, gid=0, mode=0600, qbytes=3})",
                                              "msgctl(q, IPC_RMID, NULL)"};
  const auto below = [&](std::size_t bound) { return static_cast<std::size_t>(random() % bound); };
  const std::size_t count = 4 + below(5), concurrent_from = below(count);
  std::string text = beginning;
  for (std::size_t i = 0; i < count; ++i) {
    if (i == concurrent_from) text += "concurrent {\n";
    const std::size_t which = below(calls.size() + (below(3) == 0 ? 1 : 0));
    if (which == calls.size())
      text += "kill(D, SIGKILL)\n";
    else
      text += std::string(1, static_cast<char>('A' + below(4))) + ": " +
              calls[below(4) == 0 ? which : std::min(which, below(calls.size()))] + "\n";
  }
  return parsed(text + "}\nend\n");
}

std::vector<History> changed(const History& history, std::size_t ordered_steps) {
  std::vector<History> all;
  const auto add = [&](const std::vector<Event>& events) {
    History other = history;
    other.events = together(events);
    if (!(other == history)) all.push_back(std::move(other));
  };
  const std::vector<Event> events = apart(history);
  std::size_t begun = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    const auto* returned = std::get_if<Return>(&events[i].what);
    if (returned != nullptr && returned->call.starts_with("msg") && returned->call != "msgget") {
      for (const Result& result : changed(returned->result)) {
        std::vector<Event> other = events;
        std::get<Return>(other[i].what).result = result;
        add(other);
      }
    }
    const std::string* left = actor_of(events[i]);
    const std::string* right = i + 1 < events.size() ? actor_of(events[i + 1]) : nullptr;
    begun += std::holds_alternative<Call>(events[i].what) || std::holds_alternative<Skipped>(events[i].what)
                 ? 1
                 : 0;
    if (begun <= ordered_steps) continue;
    if (left != nullptr && right != nullptr && *left != *right && !left->empty() && !right->empty()) {
      std::vector<Event> other = events;
      std::swap(other[i], other[i + 1]);
      add(other);
    }
  }
  return all;
}

}  // namespace svmq::judge
