// Simpler arguments, and smaller ones. Every change makes something fewer or smaller, so that they come to an
// end.
#include <algorithm>
#include <cstdlib>
#include <set>
#include <vector>

#include "candidates.hpp"
#include "steps.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

// The scenario with one step changed; `change` says whether there was something to change.
template <class Change>
bool offer_step(const Scenario& scenario, std::size_t number, const Offer& offer, const Change& change) {
  Scenario changed = scenario;
  std::size_t at = 0;
  bool any = false;
  for_each_step(changed, [&](Step& step) {
    if (at++ == number) any = change(step);
  });
  return any && offer(std::move(changed));
}

template <class Part, class Change>
auto on(const Change& change) {
  return [change](Step& step) {
    auto* part = std::get_if<Part>(&step.action);
    return part != nullptr && change(*part);
  };
}

template <class T>
bool put(T& place, const T& value) {
  if (place == value) return false;
  place = value;
  return true;
}

bool clear_bit(Flags& flags, Flags bit) { return (flags & bit) != 0 && ((flags &= ~bit), true); }

Flags* flags_of(Action& action) {
  return std::visit(
      [](auto& call) -> Flags* {
        if constexpr (requires { call.flags; })
          return &call.flags;
        else
          return nullptr;
      },
      action);
}

Text plain(std::uint64_t size) {
  Text text;
  if (size > 0) text.pieces.emplace_back(size == 1 ? Repeat{1, "a"} : Repeat{size, "a"});
  return text;
}

bool simpler_flags(const Scenario& scenario, std::size_t number, const Offer& offer) {
  const auto modes = [](Step& step) {
    auto* get = std::get_if<Msgget>(&step.action);
    return get != nullptr && put(get->flags, (get->flags & ~Flags{0777}) | 0600);
  };
  if (offer_step(scenario, number, offer, modes)) return true;
  for (Flags bit = 1; bit != 0; bit <<= 1) {
    const auto cleared = [bit](Step& step) {
      Flags* flags = flags_of(step.action);
      const bool mode = (bit & 0777) != 0 && std::holds_alternative<Msgget>(step.action);
      return flags != nullptr && !mode && clear_bit(*flags, bit);
    };
    if (offer_step(scenario, number, offer, cleared)) return true;
  }
  return false;
}

// From a value towards the simplest one, `plainest`.
template <class T>
std::vector<T> towards(T value, T plainest) {
  std::vector<T> values;
  for (const T candidate : {plainest, static_cast<T>(plainest + 1), static_cast<T>(value / 2),
                            static_cast<T>(value > plainest ? value - 1 : value + 1)})
    if (candidate != value && (value < plainest || (candidate >= plainest && candidate < value)))
      values.push_back(candidate);
  return values;
}

// The text shrinks with the size where both were the same.
void resize(Msgsnd& call, std::uint64_t size) {
  auto* message = std::get_if<Message>(&call.message);
  if (message != nullptr && message->text.size() >= call.size) {
    const std::uint64_t beyond = message->text.size() - call.size;
    message->text = Text::of(message->text.expand().substr(0, size + beyond));
  }
  call.size = size;
}

}  // namespace

bool simpler_credentials(const Scenario& scenario, const Offer& offer) {
  const auto unnamed = [&](auto field) {
    Scenario all = scenario;
    bool any = false;
    for (Actor& actor : all.actors) {
      any = any || (actor.credentials.*field).has_value();
      (actor.credentials.*field).reset();
    }
    if (any && offer(all)) return true;
    for (std::size_t i = 0; i < scenario.actors.size(); ++i) {
      if (!(scenario.actors[i].credentials.*field)) continue;
      Scenario one = scenario;
      (one.actors[i].credentials.*field).reset();
      if (offer(std::move(one))) return true;
    }
    return false;
  };
  if (unnamed(&Credentials::ruid) || unnamed(&Credentials::fsgid) || unnamed(&Credentials::caps) ||
      unnamed(&Credentials::groups) || unnamed(&Credentials::gid) || unnamed(&Credentials::uid))
    return true;
  for (std::size_t i = 0; i < scenario.actors.size(); ++i) {
    if (scenario.actors[i].process.empty()) continue;
    Scenario process = scenario;
    process.actors[i].process.clear();
    if (offer(std::move(process))) return true;
  }
  return false;
}

// Two variables become one: the one that is set first.
static bool fewer_variables(const Scenario& scenario, const Offer& offer) {
  std::vector<std::string> names;
  Scenario copy = scenario;
  for_each_step(copy, [&](Step& step) {
    if (!step.variable.empty()) names.push_back(step.variable);
  });
  for (std::size_t later = 1; later < names.size(); ++later) {
    for (std::size_t earlier = 0; earlier < later; ++earlier) {
      Scenario merged = scenario;
      bool any = false;
      for_each_step(merged, [&](Step& step) {
        IdExpr* expression = expression_of(step.action);
        if (expression != nullptr && expression->variable == names[later])
          any = put(expression->variable, names[earlier]) || any;
      });
      if (any && offer(std::move(merged))) return true;
    }
  }
  return false;
}

bool simpler_arguments(const Scenario& scenario, const Offer& offer) {
  if (fewer_variables(scenario, offer)) return true;
  Scenario copy = scenario;
  std::set<std::string> used;
  for_each_step(copy, [&](Step& step) {
    for (const std::string& name : variables_used(step)) used.insert(name);
  });
  std::size_t count = 0;
  for_each_step(copy, [&](Step&) { ++count; });
  for (std::size_t n = 0; n < count; ++n) {
    const auto one = [&](const auto& change) { return offer_step(scenario, n, offer, change); };
    if (one([&](Step& s) {
          return !s.variable.empty() && !used.contains(s.variable) && put(s.variable, std::string());
        }))
      return true;
    if (one(on<Msgget>([](Msgget& c) { return put(c.key, IdExpr{}); }))) return true;
    if (simpler_flags(scenario, n, offer)) return true;
    if (one([](Step& s) {
          IdExpr* id = expression_of(s.action);
          return id != nullptr && !id->variable.empty() && put(id->value, std::int64_t{0});
        }))
      return true;
    const auto well = [](auto& c) { return put(c.buffer, BufferArgument(Buffer{})); };
    if (one(on<Msgrcv>(well)) ||
        one(on<Msgctl>([&](Msgctl& c) { return c.command != command::ipc_rmid && well(c); })))
      return true;
    if (one(on<Msgctl>([](Msgctl& c) {
          return c.command == command::ipc_rmid && put(c.buffer, BufferArgument(BadPointer::null));
        })))
      return true;
    if (one(on<Msgsnd>([](Msgsnd& c) {
          auto* m = std::get_if<Message>(&c.message);
          return m != nullptr && m->ends && !(m->ends = false);
        })))
      return true;
    if (one(on<Msgsnd>([](Msgsnd& c) {
          auto* m = std::get_if<Message>(&c.message);
          const bool same = m != nullptr && m->text.size() != c.size && c.size <= 65536;
          if (same) m->text = plain(c.size);
          return same;
        })))
      return true;
    if (one(on<MsgctlSet>([](MsgctlSet& c) {
          auto* s = std::get_if<Setting>(&c.setting);
          return s != nullptr && s->mode != 0600 && put(s->mode, Flags{0600});
        })))
      return true;
    if (one(on<Handler>([](Handler& c) { return put(c.how, Disposition::catch_); }))) return true;
  }
  return false;
}

bool smaller_sizes(const Scenario& scenario, const Offer& offer) {
  std::vector<Step> steps;
  Scenario copy = scenario;
  for_each_step(copy, [&](Step& step) { steps.push_back(step); });
  for (std::size_t n = 0; n < steps.size(); ++n) {
    const auto one = [&](const auto& change) { return offer_step(scenario, n, offer, change); };
    if (const auto* send = std::get_if<Msgsnd>(&steps[n].action)) {
      for (const std::uint64_t size : towards<std::uint64_t>(send->size, 0))
        if (one(on<Msgsnd>([&](Msgsnd& c) { return resize(c, size), true; }))) return true;
      if (const auto* message = std::get_if<Message>(&send->message); message != nullptr)
        for (const std::int64_t type : towards<std::int64_t>(message->type, 1))
          if (one(on<Msgsnd>([&](Msgsnd& c) { return put(std::get<Message>(c.message).type, type); })))
            return true;
    }
    if (const auto* receive = std::get_if<Msgrcv>(&steps[n].action)) {
      for (const std::uint64_t size : towards<std::uint64_t>(receive->size, 0))
        if (one(on<Msgrcv>([&](Msgrcv& c) { return put(c.size, size); }))) return true;
      const std::int64_t type = receive->type;
      const std::int64_t sign = type < 0 ? -1 : 1;
      std::vector<std::int64_t> types;
      if (type != 0) types.push_back(0);
      if (type == INT64_MIN)
        types.push_back(-1);
      else if (type != 0)
        for (const std::int64_t t : towards<std::int64_t>(std::abs(type), 1)) types.push_back(sign * t);
      for (const std::int64_t t : types)
        if (one(on<Msgrcv>([&](Msgrcv& c) { return put(c.type, t); }))) return true;
    }
    if (const auto* set = std::get_if<MsgctlSet>(&steps[n].action))
      if (const auto* setting = std::get_if<Setting>(&set->setting); setting != nullptr)
        for (const std::uint64_t qbytes : towards<std::uint64_t>(setting->qbytes, 0))
          if (one(on<MsgctlSet>(
                  [&](MsgctlSet& c) { return put(std::get<Setting>(c.setting).qbytes, qbytes); })))
            return true;
    if (const auto* get = std::get_if<Msgget>(&steps[n].action);
        get != nullptr && get->key.variable.empty() && get->key.value != 0) {
      if (get->key.value != 1) {
        Scenario same = scenario;  // every use of the key at once
        for_each_step(same, [&](Step& step) {
          auto* other = std::get_if<Msgget>(&step.action);
          if (other != nullptr && other->key == get->key) other->key.value = 1;
        });
        if (offer(std::move(same))) return true;
      }
    }
  }
  return false;
}

}  // namespace svmq::shrink
