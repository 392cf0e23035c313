// Who waits, who is handed a message, who is woken, and who is released.
#include <algorithm>

#include "property_parts.hpp"

namespace svmq::model::explore {
namespace {

const ReceiveRequest& receive_of(const State& state, ActorIndex actor) {
  return std::get<ReceiveRequest>(*state.actor(actor).call);
}

// The receiver that a message ought to be handed to: of those that wait, the one that has waited longest,
// that accepts it, and into whose buffer it goes. -1: none.
ActorIndex entitled(const Transition& t) {
  for (const ActorIndex actor : t.was(t.sent_to()).receivers) {
    const ReceiveRequest& receive = receive_of(t.before.state, actor);
    if (qualifies(receive, t.sent()->type) && !too_small(receive, t.sent()->size)) return actor;
  }
  return -1;
}

// Whoever has waited longest gets the message; those before it who accept it and are too small fail with
// E2BIG; nobody else is disturbed.
Holds right_one_is_served(const Transition& t) {
  if (!t.sent() || t.sent_to() < 0 || t.profile().delivery != Delivery::hand_off) return Holds::vacuous;
  const std::vector<ActorIndex>& waiting = t.was(t.sent_to()).receivers;
  if (waiting.empty()) return Holds::vacuous;
  const ActorIndex one = entitled(t);
  if (one >= 0 ? t.takers().size() != 1 || t.takers()[0] != one : !t.takers().empty()) return Holds::no;
  bool served = false;
  for (const ActorIndex actor : waiting) {
    if (actor == one) {
      served = true;
      continue;
    }
    const Result* answer = t.answer(actor);
    const bool passed_over = !served && qualifies(receive_of(t.before.state, actor), t.sent()->type);
    if (passed_over ? !answer || answer->error != Errno::e2big : answer != nullptr) return Holds::no;
  }
  return Holds::yes;
}

// Who waits keeps its place among the others, and who begins to wait stands last.
bool in_line(const std::vector<ActorIndex>& was, const std::vector<ActorIndex>& is, ActorIndex steps) {
  std::size_t at = 0;
  for (std::size_t i = 0; i < is.size(); ++i) {
    const bool newcomer = is[i] == steps && i + 1 == is.size();  // back in line, or new
    while (at < was.size() && was[at] != is[i]) ++at;
    if (at == was.size() && !newcomer) return false;
  }
  return true;
}

Holds line_is_kept(const Transition& t) {
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    if (is.receivers.empty() && is.senders.empty()) return Holds::vacuous;
    return when(in_line(was.receivers, is.receivers, t.actor()) &&
                in_line(was.senders, is.senders, t.actor()));
  });
}

// Each waiter stands on exactly one list, once, and nobody else does.
Holds lists_agree(const Transition& t) {
  const State& state = t.raw.state;
  std::size_t listed = 0, waiting = 0;
  const auto agree = [&](const std::vector<ActorIndex>& list, Phase phase, const Queue& queue) {
    listed += list.size();
    return std::ranges::all_of(list, [&](ActorIndex a) {
      return state.actor(a).phase == phase && &state.queue(state.actor(a).waits_on) == &queue;
    });
  };
  for (const auto& queue : state.queues)
    if (!agree(queue->receivers, Phase::receiving, *queue) || !agree(queue->senders, Phase::sending, *queue))
      return Holds::no;
  for (const Actor& actor : state.actors) waiting += actor.alive && waits(actor);
  if (listed != waiting) return Holds::no;
  return listed == 0 ? Holds::vacuous : Holds::yes;
}

// Answered EIDRM; or, while its process was stopped, free to find out by itself.
bool released(const Transition& t, ActorIndex actor) {
  if (const Result* answer = t.answer(actor)) return answer->error == Errno::eidrm;
  return t.before.state.process_of(actor).running != Running::yes && !waits(t.raw.state.actor(actor));
}

Holds removal_releases(const Transition& t) {
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    if (!is.removed || was.removed) return Holds::vacuous;
    if (!is.receivers.empty() || !is.senders.empty()) return Holds::no;
    if (was.receivers.empty() && was.senders.empty()) return Holds::vacuous;
    const auto free = [&](ActorIndex actor) { return released(t, actor); };
    return when(std::ranges::all_of(was.receivers, free) && std::ranges::all_of(was.senders, free));
  });
}

bool same_but_for_lists(const Queue& was, const Queue& is) {
  Queue a = was, b = is;
  for (Queue* queue : {&a, &b}) queue->receivers.clear(), queue->senders.clear(), queue->lock = -1;
  return a == b;
}

Holds the_dead_leave_no_trace(const Transition& t) {
  if (t.label.kind != Label::die) return Holds::vacuous;
  for (const QueueIndex q : t.changed())
    if (!same_but_for_lists(t.was(q), t.is(q))) return Holds::no;
  const auto alive = [&](ActorIndex a) { return t.raw.state.actor(a).alive; };
  for (const auto& queue : t.raw.state.queues)
    if (!std::ranges::all_of(queue->receivers, alive) || !std::ranges::all_of(queue->senders, alive))
      return Holds::no;
  return Holds::yes;
}

// A stopped process takes nothing, where a stop takes it off the list.
Holds the_stopped_take_nothing(const Transition& t) {
  if (t.profile().stop != Stop::restarts_call) return Holds::vacuous;
  Holds result = Holds::vacuous;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a) {
    const auto index = static_cast<ActorIndex>(a);
    if (t.before.state.process_of(index).running != Running::stopped ||
        t.raw.state.process_of(index).running != Running::stopped)
      continue;
    if (t.label.kind == Label::step && t.answer(index)) return Holds::no;
    result = Holds::yes;
  }
  return result;
}

bool signals_first(const Profile& profile) { return profile.signal_or_room == SignalOrRoom::signal_first; }

// Whom a caught signal has reached while it waited, that does nothing more by itself.
Holds signal_comes_first(const Transition& t) {
  const Actor& was = t.before.state.actor(t.actor());
  if (t.label.kind != Label::step || !waits(was) || !was.interrupted || !signals_first(t.profile()))
    return Holds::vacuous;
  return when(!t.answer() || t.answer()->kind == Result::failure);
}

bool always_wakes(const Profile& profile) { return profile.set_wakes == SetWakes::wakes_and_retests; }

// IPC_SET has all receivers look again, and the senders whose message fits the new limit.
Holds set_wakes(const Transition& t) {
  const auto* set = t.label.kind == Label::step ? t.call<SetRequest>() : nullptr;
  if (!set || !t.answer() || t.answer()->kind != Result::number || !always_wakes(t.profile()))
    return Holds::vacuous;
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    const auto awake = [&](ActorIndex a) { return t.raw.state.actor(a).woken; };
    if (!std::ranges::all_of(was.receivers, awake)) return Holds::no;
    for (const ActorIndex actor : was.senders) {
      const std::uint64_t size = std::get<SendRequest>(*t.raw.state.actor(actor).call).size;
      const bool fits = is.cbytes + size <= is.qbytes && is.messages.size() < is.qbytes;
      const bool as_before = t.before.state.actor(actor).woken;
      if (fits && !awake(actor)) return Holds::no;
      if (!fits && !as_before && awake(actor) && t.profile().sender_wake == SenderWake::fitting)
        return Holds::no;
    }
    return was.receivers.empty() && was.senders.empty() ? Holds::vacuous : Holds::yes;
  });
}

bool hands_over(const Profile& profile) {
  return profile.delivery == Delivery::hand_off && profile.too_long == TooLong::e2big &&
         profile.negative_type == NegativeType::lowest && profile.most_negative == MostNegative::widest &&
         profile.selector_width == SelectorWidth::long_ && profile.except == Except::selects;
}
bool stop_takes_off(const Profile& profile) { return profile.stop == Stop::restarts_call; }
bool releases_with_eidrm(const Profile& profile) { return profile.removed_sleeper == RemovedSleeper::eidrm; }
bool wakes_by_room(const Profile& profile) {
  return always_wakes(profile) && profile.room == Room::bytes_and_count;
}

constexpr Property table[] = {
    {"hand-off",
     "of those who wait and accept it, the one that has waited longest gets the message; the too small fail",
     right_one_is_served, hands_over},
    {"line", "who waits keeps its place, and who begins to wait stands last", line_is_kept, always},
    {"lists", "each waiter stands on one list, once, and nobody else does", lists_agree, always},
    {"release", "a removal releases everybody who waits", removal_releases, releases_with_eidrm},
    {"death", "a process that dies changes no queue and waits no more", the_dead_leave_no_trace, always},
    {"stopped", "a stopped process is answered nothing", the_stopped_take_nothing, stop_takes_off},
    {"signal", "who waits and catches a signal neither sends nor takes any more by itself",
     signal_comes_first, signals_first},
    {"wake", "IPC_SET wakes every receiver, and the senders that fit the new limit", set_wakes,
     wakes_by_room},
};

}  // namespace

std::span<const Property> properties_of_waiting() { return table; }

}  // namespace svmq::model::explore
