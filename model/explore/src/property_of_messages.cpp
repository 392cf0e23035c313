// What becomes of messages.
#include <algorithm>

#include "property_parts.hpp"

namespace svmq::model::explore {
namespace {

using Messages = std::vector<Message>;
constexpr std::size_t none = SIZE_MAX;

std::uint64_t bytes(const Messages& messages) {
  std::uint64_t sum = 0;
  for (const Message& m : messages) sum += m.text.size();
  return sum;
}

bool same(const Message& a, const SendRequest& b) { return a.type == b.type && a.text == b.text; }

// Is `after` what was before, without the one at `missing`, and with the one that was sent at its end?
bool is_rest(const Messages& before, std::size_t missing, const SendRequest* added, const Messages& after) {
  const std::size_t left = before.size() - (missing != none);
  if (after.size() != left + (added != nullptr)) return false;
  for (std::size_t i = 0; i < left; ++i)
    if (!(before[i < missing ? i : i + 1] == after[i])) return false;
  return !added || same(after.back(), *added);
}

// Is what was given the message, whole or cut as MSG_NOERROR asks?
bool is_delivery_of(const Transition& t, ActorIndex actor, std::int64_t type, const Bytes& text) {
  const Result& result = *t.answer(actor);
  if (result.kind == Result::failure) return true;  // lost to a bad buffer
  const auto& receive = std::get<ReceiveRequest>(*t.raw.state.actor(actor).call);
  if (too_small(receive, text.size())) return false;
  const std::uint64_t count = std::min(text.size(), receive.size);
  return result.message.type == type && result.message.text.view() == text.view().substr(0, count) &&
         result.value == static_cast<std::int64_t>(count);
}

// ---------------------------------------------------------------------------------------------- properties

Holds counters(const Transition& t) {
  Holds result = Holds::vacuous;
  const auto good = [](const Queue& queue) {
    return queue.cbytes == bytes(queue.messages) && (!queue.removed || queue.messages.empty());
  };
  for (const QueueIndex q : t.changed()) {
    if (!good(t.is(q))) return Holds::no;
    result = Holds::yes;
  }
  for (std::size_t q = t.before.state.queues.size(); q < t.raw.state.queues.size(); ++q)
    if (!good(t.is(static_cast<QueueIndex>(q)))) return Holds::no;
  return result;
}

// What was in the queue, and what was sent, is in the queue or with a receiver, in the same order; only a
// removal drops.
Holds conserved(const Transition& t) {
  const SendRequest* sent = t.sent();
  if (t.takers().size() > 1 || (sent && t.sent_to() < 0)) return Holds::no;  // no step delivers twice
  const ActorIndex taker = t.takers().empty() ? -1 : t.takers()[0];
  const bool handed_over = sent && taker >= 0 && taker != t.actor();
  if (handed_over && !is_delivery_of(t, taker, sent->type, sent->text)) return Holds::no;
  bool delivered = taker < 0 || handed_over, placed = !sent || handed_over;
  for (const QueueIndex q : t.changed()) {
    const Queue &was = t.was(q), &is = t.is(q);
    if (is.removed && !was.removed && t.names("msgctl.rmid.effect")) continue;
    const SendRequest* added = !placed && q == t.sent_to() ? sent : nullptr;
    placed |= added != nullptr;
    bool explained = is_rest(was.messages, none, added, is.messages);
    for (std::size_t m = 0; m < was.messages.size() && !explained && !delivered; ++m)
      explained = delivered = is_delivery_of(t, taker, was.messages[m].type, was.messages[m].text) &&
                              is_rest(was.messages, m, added, is.messages);
    if (!explained) return Holds::no;
  }
  if (!delivered || !placed) return Holds::no;
  return sent || taker >= 0 ? Holds::yes : Holds::vacuous;
}

// The message that is taken is the one that the standard's sentence names.
Holds selection(const Transition& t) {
  const auto* receive = t.call<ReceiveRequest>();
  if (!receive || t.label.kind != Label::step || t.takers().empty() || t.takers()[0] != t.actor())
    return Holds::vacuous;
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    if (was.messages.size() != is.messages.size() + 1) return Holds::vacuous;
    std::size_t taken = 0;
    while (taken < is.messages.size() && was.messages[taken] == is.messages[taken]) ++taken;
    // Equal messages in a row: the oldest of them is as good as any.
    while (taken > 0 && was.messages[taken - 1] == was.messages[taken]) --taken;
    const std::int64_t type = was.messages[taken].type;
    if (!qualifies(*receive, type)) return Holds::no;
    for (std::size_t i = 0; i < was.messages.size(); ++i) {
      const std::int64_t other = was.messages[i].type;
      if (!qualifies(*receive, other)) continue;
      if (receive->type < 0 ? other < type || (other == type && i < taken) : i < taken) return Holds::no;
    }
    return Holds::yes;
  });
}

// Of each type, what is left is what was there without a prefix of one at most, and one more at most.
bool keeps_order_of(std::int64_t type, const Messages& was, const Messages& is) {
  const auto next = [&](const Messages& in, std::size_t from) {
    while (from < in.size() && in[from].type != type) ++from;
    return from;
  };
  const auto of_type = [&](const Message& m) { return m.type == type; };
  std::size_t a = next(was, 0), b = next(is, 0);
  const bool gone =
      is.size() < was.size() && std::ranges::count_if(is, of_type) < std::ranges::count_if(was, of_type);
  if (gone) a = next(was, a + 1);
  for (; a < was.size(); a = next(was, a + 1), b = next(is, b + 1))
    if (b >= is.size() || !(was[a] == is[b])) return false;
  return true;
}

Holds fifo_per_type(const Transition& t) {
  return all_changed(t, [&](const Queue& was, const Queue& is) {
    if (is.removed) return Holds::vacuous;
    for (const Message& any : was.messages)
      if (!keeps_order_of(any.type, was.messages, is.messages)) return Holds::no;
    return was.messages.empty() ? Holds::vacuous : Holds::yes;
  });
}

// Room, by what profiles make of the standard's sentence: surely, surely not, or a choice.
Tri room(const Profile& profile, const Queue& queue, std::uint64_t size) {
  const bool bytes_fit = size <= queue.qbytes && queue.cbytes <= queue.qbytes - size;
  const bool count_fits = queue.messages.size() < queue.qbytes;
  if (profile.room == Room::bytes_and_count) return model::when(bytes_fit && count_fits);
  // Between that and "the number of bytes already on the queue is equal to msg_qbytes".
  if (bytes_fit && count_fits && queue.cbytes < queue.qbytes) return Tri::yes;
  return queue.cbytes >= queue.qbytes && !(bytes_fit && count_fits) ? Tri::no : Tri::maybe;
}

bool knows_room(const Profile& profile) {
  return (profile.room == Room::bytes_and_count || profile.room == Room::envelope) &&
         profile.overfull == Overfull::no_room;
}

// What is sent had room; who is told that there is none, or goes to sleep, may have had none.
Holds room_decides(const Transition& t) {
  if (!knows_room(t.profile())) return Holds::vacuous;
  if (t.sent() && t.sent_to() >= 0)
    return when(room(t.profile(), t.was(t.sent_to()), t.sent()->size) != Tri::no);
  const auto* send = t.label.kind == Label::step ? t.call<SendRequest>() : nullptr;
  if (!send) return Holds::vacuous;
  const Actor &was = t.before.state.actor(t.actor()), &is = t.raw.state.actor(t.actor());
  const bool full = t.answer() && t.answer()->kind == Result::failure && t.answer()->error == Errno::eagain;
  const bool sleeps = is.phase == Phase::sending && was.phase == Phase::entered;
  if (!full && !sleeps) return Holds::vacuous;
  const QueueIndex q = find_queue(t.before.state, was.space, send->id);
  return when(q >= 0 && room(t.profile(), t.was(q), send->size) != Tri::yes);
}

// Who sleeps and surely could send; the profiles that name cases of it are asked only of what they do not
// name.
bool sleeps_beside_room(const Profile& profile, const State& state, ActorIndex actor) {
  const Actor& self = state.actor(actor);
  if (self.phase != Phase::sending || !asleep(profile, state, actor)) return false;
  const auto& send = std::get<SendRequest>(*self.call);
  return room(profile, state.queue(self.waits_on), send.size) == Tri::yes;
}

bool sleeps_beside_message(const Profile& profile, const State& state, ActorIndex actor) {
  const Actor& self = state.actor(actor);
  if (self.phase != Phase::receiving || !asleep(profile, state, actor)) return false;
  const auto& receive = std::get<ReceiveRequest>(*self.call);
  return std::ranges::any_of(state.queue(self.waits_on).messages,
                             [&](const Message& m) { return qualifies(receive, m.type); });
}

// Nobody begins to sleep beside what it waits for, and nobody sleeps on when it comes. That a receiver waits
// for what a sender without room could give it is no exception (msgsnd.handoff.room). That IPC_SET may
// leave who waits alone (set-wakes) is one.
Holds sleepers_cannot_proceed(const Transition& t) {
  const Profile& profile = t.profile();
  const bool may_be_left_alone = t.call<SetRequest>() && profile.set_wakes != SetWakes::wakes_and_retests;
  Holds result = Holds::vacuous;
  for (std::size_t a = 0; a < t.raw.state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    if (!waits(t.raw.state.actors[a])) continue;
    if (sleeps_beside_message(profile, t.raw.state, actor)) return Holds::no;
    if (knows_room(profile) && sleeps_beside_room(profile, t.raw.state, actor) && !may_be_left_alone &&
        !sleeps_beside_room(profile, t.before.state, actor))
      return Holds::no;
    result = Holds::yes;
  }
  return result;
}

bool lowest_first(const Profile& profile) {
  return profile.negative_type == NegativeType::lowest && profile.most_negative == MostNegative::widest &&
         profile.selector_width == SelectorWidth::long_ && profile.except != Except::ignored;
}
bool whole_messages(const Profile& profile) {
  return profile.truncated_bytes == TruncatedBytes::whole && profile.too_long == TooLong::e2big &&
         profile.copy != Copy::any_length;
}
bool wakes_every_receiver(const Profile& profile) {
  return profile.delivery != Delivery::wake_one && lowest_first(profile);
}

constexpr Property table[] = {
    {"counters", "the number of bytes is that of the queue's messages; a removed queue is empty", counters,
     whole_messages},
    {"conservation",
     "no message is lost, duplicated or altered but by truncation, a lost EFAULT or a removal", conserved,
     whole_messages},
    {"selection", "a receive takes the message that the standard's sentence names", selection, lowest_first},
    {"fifo", "of each type, the oldest leaves first and the newest stands last", fifo_per_type, always},
    {"room", "what is sent had room, and who is refused or sleeps for lack of it had none", room_decides,
     knows_room},
    {"sleep", "nobody sleeps who could proceed, but for the cases that the profile names",
     sleepers_cannot_proceed, wakes_every_receiver},
};

}  // namespace

std::span<const Property> properties_of_messages() { return table; }

}  // namespace svmq::model::explore
