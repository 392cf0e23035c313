#include "compare.hpp"

#include <fmt/format.h>

#include <map>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "svmq/language/print.hpp"

namespace svmq::runner {
namespace {

namespace lang = svmq::language;

struct Entry {
  std::string actor, step;
  std::string result;      // as written
  std::string comparable;  // the same without what has no meaning
};

// Numbers that only name things, by the order in which they appeared.
class Names {
 public:
  std::int64_t of(std::int64_t number) {
    return ordinals_.emplace(number, static_cast<std::int64_t>(ordinals_.size())).first->second;
  }
  bool knows(std::int64_t number) const { return ordinals_.contains(number); }

 private:
  std::map<std::int64_t, std::int64_t> ordinals_;
};

class Reader {
 public:
  std::vector<Entry> read(const lang::History& history) {
    for (const lang::Event& event : history.events)
      std::visit([this](const auto& what) { add(what); }, event.what);
    for (const auto& [actor, call] : open_) entries_.push_back({actor, print(call), "asleep", "asleep"});
    return std::move(entries_);
  }

 private:
  void add(const lang::Call& call) { open_[call.step.actor] = call.step; }
  void add(const lang::Complete& complete) { add(complete.step, complete.result); }
  void add(const lang::Return& returned) {
    const auto call = open_.extract(returned.actor);
    if (!call.empty()) add(call.mapped(), returned.result);
  }
  void add(const lang::Death& death) {
    const std::string how = death.signal.empty() ? fmt::format("exited with {}", death.status)
                                                 : fmt::format("killed by {}", death.signal);
    const auto call = open_.extract(death.actor);
    entries_.push_back({death.actor, call.empty() ? death.actor : print(call.mapped()), how, how});
  }
  void add(const lang::Skipped& skipped) {
    entries_.push_back({skipped.step.actor, print(skipped.step), "skipped", "skipped"});
  }
  void add(const lang::Hung& hung) {
    const auto call = open_.extract(hung.actor);
    entries_.push_back({hung.actor, call.empty() ? hung.actor : print(call.mapped()), "hung", "hung"});
  }
  void add(const lang::Blocked&) {}
  void add(const lang::Clock&) {}
  void add(const lang::Unsupported&) {}
  void add(const lang::Failed&) {}

  void add(const lang::Step& step, const lang::Result& result) {
    entries_.push_back({step.actor, print(step), print(result), print(comparable(step.action, result))});
  }

  lang::Result comparable(const lang::Action& action, lang::Result result) {
    if (!result.error.empty()) return result;
    if (std::holds_alternative<lang::Msgget>(action)) result.value = queues_.of(result.value);
    if (std::holds_alternative<lang::Shmget>(action)) result.value = segments_.of(result.value);
    if (std::holds_alternative<lang::Ftok>(action)) result.value = keys_.of(result.value);
    if (const auto* control = std::get_if<lang::Msgctl>(&action)) {
      const bool by_index =
          control->command == lang::command::msg_stat || control->command == lang::command::msg_stat_any;
      if (by_index) result.value = queues_.of(result.value);
    }
    for (lang::Record& record : result.records) simplify(record);
    return result;
  }

  void simplify(lang::Record& record) {
    for (auto& [name, value] : record.fields) {
      if (name == "stime" || name == "rtime" || name == "ctime" || name == "dev" || name == "ino")
        value = value != 0;
      else if (name == "uid" || name == "cuid")
        value = users_.of(value);
      else if (name == "gid" || name == "cgid")
        value = groups_.of(value);
      else if (name == "msqid")
        value = queues_.of(value);
      else if (name == "key" && keys_.knows(value))
        value = keys_.of(value);
    }
    for (auto& [name, pid] : record.pids) {
      if (pid.actor.empty()) pid.number = pid.number != 0;
    }
  }

  std::vector<Entry> entries_;
  std::map<std::string, lang::Step> open_;
  Names queues_, segments_, keys_, users_, groups_;
};

}  // namespace

std::optional<Difference> first_difference(const lang::History& left, const lang::History& right) {
  std::map<std::string, std::vector<Entry>> by_actor;
  for (Entry& entry : Reader().read(right)) by_actor[entry.actor].push_back(std::move(entry));
  std::map<std::string, std::size_t> position;
  for (const Entry& entry : Reader().read(left)) {
    const std::vector<Entry>& others = by_actor[entry.actor];
    const std::size_t index = position[entry.actor]++;
    if (index >= others.size()) return Difference{entry.step, entry.result, "did not come to it"};
    const Entry& other = others[index];
    if (entry.comparable != other.comparable || entry.step != other.step) {
      return Difference{
          entry.step, entry.result,
          entry.step == other.step ? other.result : fmt::format("{} = {}", other.step, other.result)};
    }
  }
  for (const auto& [actor, others] : by_actor) {
    if (position[actor] < others.size())
      return Difference{others[position[actor]].step, "did not come to it", others[position[actor]].result};
  }
  return std::nullopt;
}

}  // namespace svmq::runner
