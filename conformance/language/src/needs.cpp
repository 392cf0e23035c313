// What a scenario needs of the system under test; conformance/LANGUAGE.md has the table.
#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

using Needs = std::set<std::string>;

void add(Needs& needs, const Credentials& credentials) {
  const Credentials& c = credentials;
  if (c.uid || c.gid || c.groups || c.ruid || c.fsgid) needs.insert("uids");
  if (c.caps) needs.insert("caps");
}

void add(Needs& needs, Limit limit) { needs.insert(limit == Limit::msg_next_id ? "next_id" : "limits"); }

struct AddNeeds {
  Needs& needs;

  void operator()(const Msgget&) const {}
  void operator()(const Msgsnd&) const {}
  void operator()(const Msgrcv&) const {}
  void operator()(const Msgctl&) const {}
  void operator()(const MsgctlSet&) const {}
  void operator()(const Exit&) const {}
  void operator()(const Tick&) const {}
  void operator()(const Ftok&) const { needs.insert("files"); }
  void operator()(const Shmget&) const { needs.insert("shm"); }
  void operator()(const Table&) const { needs.insert("table"); }
  void operator()(const GetLimit& step) const { add(needs, step.limit); }
  void operator()(const SetLimit& step) const { add(needs, step.limit); }
  void operator()(const Become& step) const {
    add(needs, step.credentials);
    needs.insert("privilege-drop");
  }
  void operator()(const Handler&) const { needs.insert("signals"); }
  void operator()(const Mask&) const { needs.insert("signals"); }
  void operator()(const Exec&) const { needs.insert("exec"); }
  void operator()(const Unshare&) const { needs.insert("namespaces"); }
  void operator()(const Create&) const { needs.insert("files"); }
  void operator()(const Link&) const { needs.insert("files"); }
  void operator()(const Unlink&) const { needs.insert("files"); }
  void operator()(const Mkdir&) const { needs.insert("files"); }
  void operator()(const Kill& step) const {
    bool stops = step.signal == Signal::stop || step.signal == Signal::cont;
    needs.insert(stops ? "stop" : "signals");
  }
};

void add(Needs& needs, const Item& item) {
  if (auto step = std::get_if<Step>(&item)) {
    std::visit(AddNeeds{needs}, step->action);
  } else {
    for (const Step& s : std::get<Concurrent>(item).steps) std::visit(AddNeeds{needs}, s.action);
  }
}

}  // namespace

std::set<std::string> needs(const Scenario& scenario) {
  Needs result;
  for (const Actor& actor : scenario.actors) {
    add(result, actor.credentials);
    if (!actor.process.empty()) result.insert("threads");
  }
  for (const Item& item : scenario.items) add(result, item);
  return result;
}

}  // namespace svmq::language
