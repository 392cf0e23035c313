#include <map>

#include "language/arbitrary.hpp"
#include "svmq/language/print.hpp"

namespace svmq::property {
namespace {

using namespace language;
namespace gen = rc::gen;

// Draws the events of one history; keeps what is unfinished, as only that can return.
class EventDraw {
 public:
  EventDraw(Draw& draw, const std::vector<Actor>& actors) : draw_(draw) {
    for (const Actor& actor : actors) {
      if (!actor.process.empty()) threads_[actor.name] = actor.process;
    }
  }

  Event event() {
    switch (draw_.below(10)) {
      case 0: return {Clock{draw_.number()}, {}};
      case 1: return {Skipped{draw_.step()}, {}};
      case 2: return draw_.chance(10) ? Event{Failed{draw_.line()}, {}} : Event{unsupported(), {}};
      case 3: return waiting();
      case 4: return death();
      case 5:
      case 6: return returned();
      default: return call();
    }
  }

 private:
  Unsupported unsupported() {
    return {draw_.of<const char*>({"uids", "privilege-drop", "next_id"}), draw_.line()};
  }

  std::string someone_asleep() {
    auto it = unfinished_.begin();
    std::advance(it, draw_.below(unfinished_.size()));
    return it->first;
  }

  Event waiting() {
    if (unfinished_.empty()) return call();
    if (draw_.chance(20)) return {Hung{someone_asleep()}, {}};
    Blocked blocked;
    for (const auto& [actor, action] : unfinished_) blocked.actors.push_back(actor);
    return {blocked, {}};
  }

  Event death() {
    if (draw_.names.empty()) return call();
    Death death{draw_.names[draw_.below(draw_.names.size())], "", 0};
    if (threads_.count(death.actor)) return call();
    if (draw_.chance(50)) {
      death.signal = "SIGKILL";
    } else {
      death.status = static_cast<int>(draw_.below(256));
    }
    unfinished_.erase(death.actor);
    for (const auto& [thread, process] : threads_) {
      if (process == death.actor) unfinished_.erase(thread);
    }
    return {death, {}};
  }

  Event returned() {
    if (unfinished_.empty()) return call();
    std::string actor = someone_asleep();
    Action action = unfinished_.at(actor);
    unfinished_.erase(actor);
    return {Return{actor, call_name(action), result(action)}, {}};
  }

  Event call() {
    Step step = draw_.step();
    if (unfinished_.count(step.actor)) return {Skipped{step}, {}};
    if (draw_.chance(60)) return {Complete{step, result(step.action)}, {}};
    unfinished_.emplace(step.actor, step.action);
    return {Call{step}, {}};
  }

  // ----------------------------------------------------------------------------------------------------
  // results

  std::string received_bytes() {
    switch (draw_.below(3)) {
      case 0: return draw_.text().expand();
      case 1: return draw_.bytes();
      default: return *gen::arbitrary<std::string>();
    }
  }

  Pid pid() {
    if (draw_.chance(20)) return {"conductor", 0};
    if (!draw_.names.empty() && draw_.chance(60)) return {draw_.names[draw_.below(draw_.names.size())], 0};
    return {"", draw_.number()};
  }

  Record record() {
    Record record;
    for (const char* field : {"uid", "mode", "perms", "msqid", "qbytes", "stime", "msgtql", "ino", "other"}) {
      if (draw_.chance(40)) record.fields[field] = draw_.number();
    }
    if (draw_.chance(50)) record.fields["key"] = draw_.number32();
    if (draw_.chance(50)) record.pids["lspid"] = pid();
    if (draw_.chance(50)) record.pids["lrpid"] = pid();
    return record;
  }

  Result result(const Action& action) {
    Result result;
    auto control = std::get_if<Msgctl>(&action);
    bool receives = std::holds_alternative<Msgrcv>(action);
    bool reads = control && control->command != command::ipc_rmid &&
                 print_command(control->command).find('_') != std::string::npos;
    if (draw_.chance(30)) {
      result.value = -1;
      result.error = draw_.chance(80) ? draw_.of<const char*>({"EINVAL", "E2BIG", "EIDRM"}) : "133";
      result.touched = receives && draw_.chance(20);
      return result;
    }
    result.value = draw_.number();
    if (receives && draw_.chance(90)) {
      result.received = Received{draw_.number(), received_bytes()};
      result.overrun = draw_.chance(10);
    }
    if (reads || std::holds_alternative<Create>(action)) result.records.push_back(record());
    if (std::holds_alternative<Table>(action)) {
      for (std::size_t i = draw_.below(4); i > 0; --i) result.records.push_back(record());
    }
    return result;
  }

  Draw& draw_;
  std::map<std::string, Action> unfinished_;
  std::map<std::string, std::string> threads_;  // their processes
};

}  // namespace

rc::Gen<History> arbitrary_history() {
  return gen::exec([] {
    Draw draw;
    History history;
    history.name = draw.word();
    if (draw.chance(80)) history.agent = draw.line();
    history.fresh = draw.chance(50);
    for (const char* limit : {"msgmax", "msgmni", "msg_next_id", "other"}) {
      if (draw.chance(50)) history.limits[limit] = draw.number();
    }
    for (const char* id : {"uid_first", "gid_last"}) {
      if (draw.chance(20)) history.ids[id] = draw.number();
    }
    if (draw.chance(50)) history.conductor = draw.credentials(true);
    draw.actors(history.actors, true);
    EventDraw events(draw, history.actors);
    for (std::size_t i = draw.below(20); i > 0; --i) history.events.push_back(events.event());
    return history;
  });
}

}  // namespace svmq::property
