// What must hold in every state and every transition, and what must happen sometimes.
//
// A property is one small function that knows nothing of how the model computes. It says of a transition
// whether it holds, is violated, or has nothing to say there (vacuous): how often it had something to say is
// reported.
#pragma once

#include <span>
#include <string_view>

#include "svmq/explore/world.hpp"

namespace svmq::model::explore {

// A transition as a property sees it.
struct Transition {
  const Stage& stage;
  const World& before;
  Label label;
  const Clauses& clauses;
  const World& raw;    // as the model left it: who has been answered has not returned yet
  const World& after;  // who has been answered has returned

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
};

enum class Holds { vacuous, yes, no };

struct Property {
  std::string_view name;
  std::string_view sentence;
  Holds (*holds)(const Transition&);
};
std::span<const Property> properties();

// Something that exploring must come across, or it has proved little.
struct Sometimes {
  std::string_view name;
  std::string_view sentence;
  bool (*happens)(const Transition&);
};
std::span<const Sometimes> sometimes();

}  // namespace svmq::model::explore
