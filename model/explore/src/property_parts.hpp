// The properties, by what they are about; property.cpp makes one table of them.
#pragma once

#include "svmq/explore/property.hpp"

namespace svmq::model::explore {

constexpr Holds when(bool condition) { return condition ? Holds::yes : Holds::no; }
constexpr bool always(const Profile&) { return true; }

inline bool waits(const Actor& actor) {
  return actor.phase == Phase::sending || actor.phase == Phase::receiving;
}

// What a selector accepts, as the standard's sentences say it; MSG_EXCEPT as the manual page has it.
inline bool qualifies(const ReceiveRequest& r, std::int64_t type) {
  if (r.type == 0) return true;
  if (r.type > 0) return (r.flags & MSG_EXCEPT_) != 0 ? type != r.type : type == r.type;
  return r.type == INT64_MIN || type <= -r.type;
}
inline bool too_small(const ReceiveRequest& r, std::uint64_t size) {
  return r.size < size && (r.flags & MSG_NOERROR_) == 0;
}

// MSG_COPY is asked for, and heeded.
inline bool copies(const Profile& profile, const ReceiveRequest& r) {
  return (r.flags & MSG_COPY_) != 0 && (profile.copy == Copy::copies || profile.copy == Copy::any_length);
}

// Over the queues that were written to: `no` if one violates, `vacuous` if none has anything to say.
template <class F>
Holds all_changed(const Transition& t, F holds) {
  Holds result = Holds::vacuous;
  for (const QueueIndex q : t.changed()) {
    const Holds here = holds(t.was(q), t.is(q));
    if (here == Holds::no || result == Holds::vacuous) result = here;
    if (result == Holds::no) break;
  }
  return result;
}

std::span<const Property> properties_of_messages();
std::span<const Property> properties_of_waiting();
std::span<const Property> properties_of_calls();

}  // namespace svmq::model::explore
