#include "svmq/explore/property.hpp"

#include <algorithm>
#include <vector>

#include "property_parts.hpp"

namespace svmq::model::explore {

Transition::Transition(const Stage& its_stage, const World& from, Label by, const Clauses& named,
                       const World& to)
    : stage(its_stage), before(from), label(by), clauses(named), raw(to) {
  for (std::size_t q = 0; q < before.state.queues.size(); ++q)
    if (&*before.state.queues[q] != &*raw.state.queues[q])
      changed_.at(changed_count_++) = static_cast<QueueIndex>(q);
  for (std::size_t a = 0; a < raw.state.actors.size(); ++a)
    if (took(static_cast<ActorIndex>(a))) takers_[taker_count_++] = static_cast<ActorIndex>(a);
  const auto* send = label.kind == Label::step ? call<SendRequest>() : nullptr;
  if (!send || !answer() || answer()->kind != Result::number) return;
  const Actor& sender = before.state.actor(actor());
  sent_ = send;
  sent_to_ = sender.waits_on >= 0 ? sender.waits_on : find_queue(before.state, sender.space, send->id);
}

const Result* Transition::answer(ActorIndex index) const {
  const Actor& now = raw.state.actor(index);
  if (now.phase != Phase::returning) return nullptr;
  const Actor& was = before.state.actor(index);
  return was.phase == Phase::returning && was.result == now.result ? nullptr : now.result.get();
}

bool Transition::took(ActorIndex index) const {
  const Result* result = answer(index);
  if (!result) return false;
  const auto* receive = std::get_if<ReceiveRequest>(raw.state.actor(index).call.get());
  if (!receive || copies(profile(), *receive)) return false;
  if (result->kind == Result::received) return true;
  // To a bad buffer: it was handed over, or left the queue.
  const auto lost_one = [&](QueueIndex q) { return is(q).messages.size() < was(q).messages.size(); };
  return result->kind == Result::failure && result->error == Errno::efault &&
         (index != actor() || std::ranges::any_of(changed(), lost_one));
}

std::span<const Property> properties() {
  static const std::vector<Property> all = [] {
    std::vector<Property> gathered;
    for (const auto part : {properties_of_messages(), properties_of_waiting(), properties_of_calls()})
      gathered.insert(gathered.end(), part.begin(), part.end());
    return gathered;
  }();
  return all;
}

}  // namespace svmq::model::explore
