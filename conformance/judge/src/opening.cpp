#include "opening.hpp"

namespace svmq::judge {

Opening::Opening(const language::History& history, const model::Profile& profile)
    : cast(history.conductor, history.actors, state) {
  const auto read = [](const std::map<std::string, std::int64_t>& from, const char* name, auto& value) {
    const auto found = from.find(name);
    if (found != from.end()) value = static_cast<std::remove_reference_t<decltype(value)>>(found->second);
  };
  model::Namespace space;
  space.fresh = history.fresh;
  space.limits = model::initial_limits(profile);
  read(history.limits, "msgmax", space.limits.msgmax);
  read(history.limits, "msgmnb", space.limits.msgmnb);
  read(history.limits, "msgmni", space.limits.msgmni);
  read(history.ids, "uid_first", state.users.first);
  read(history.ids, "uid_last", state.users.last);
  read(history.ids, "gid_first", state.groups.first);
  read(history.ids, "gid_last", state.groups.last);
  state.spaces.push_back(space);
}

}  // namespace svmq::judge
