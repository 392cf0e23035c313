// What must hold in every state and every transition, and what must happen sometimes.
//
// A property is one small function that knows nothing of how the model computes. It says of a transition
// whether it holds, is violated, or has nothing to say there (vacuous): how often it had something to say is
// reported.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "svmq/explore/world.hpp"

namespace svmq::model::explore {

inline constexpr std::size_t most_changed = 32;  // queues that one transition writes to

// A transition as a property sees it.
class Transition {
 public:
  Transition(const Stage& its_stage, const World& from, Label by, const Clauses& named, const World& to);

  const Stage& stage;
  const World& before;
  const Label label;
  const Clauses& clauses;
  const World& raw;  // as the model left it: who has been answered has not returned yet

  const Profile& profile() const { return stage.profile(); }
  ActorIndex actor() const { return label.actor; }
  // The call of the actor, if it is of this kind.
  template <class R>
  const R* call() const {
    const auto& request =
        raw.state.actor(actor()).call ? raw.state.actor(actor()).call : before.state.actor(actor()).call;
    return request ? std::get_if<R>(request.get()) : nullptr;
  }
  // The result that this transition gave to that actor, or nullptr.
  const Result* answer(ActorIndex actor) const;
  const Result* answer() const { return answer(actor()); }
  bool names(Clause clause) const { return clauses.has(clause); }

  // The message that it sent, and to which queue; nullptr: none.
  const SendRequest* sent() const { return sent_; }
  QueueIndex sent_to() const { return sent_to_; }
  // Who took a message off a queue or was handed one, be it lost to a bad buffer.
  std::span<const ActorIndex> takers() const { return {takers_.data(), taker_count_}; }
  // The queues that were there before and were written to.
  std::span<const QueueIndex> changed() const { return {changed_.data(), changed_count_}; }
  const Queue& was(QueueIndex q) const { return before.state.queue(q); }
  const Queue& is(QueueIndex q) const { return raw.state.queue(q); }

 private:
  bool took(ActorIndex actor) const;

  const SendRequest* sent_ = nullptr;
  QueueIndex sent_to_ = -1;
  std::array<ActorIndex, most_actors> takers_;
  std::array<QueueIndex, most_changed> changed_;
  std::size_t taker_count_ = 0, changed_count_ = 0;
};

enum class Holds { vacuous, yes, no };

// `applies` says in which profiles it is demanded: there it must hold, and exploring must have tried it.
struct Property {
  std::string_view name;
  std::string_view sentence;
  Holds (*holds)(const Transition&);
  bool (*applies)(const Profile&);
};
std::span<const Property> properties();

// Something that exploring must come across, or it has proved little. `applies`: in which profiles it can be.
struct Sometimes {
  std::string_view name;
  std::string_view sentence;
  bool (*happens)(const Transition&);
  bool (*applies)(const Profile&);
};
std::span<const Sometimes> sometimes();

}  // namespace svmq::model::explore
