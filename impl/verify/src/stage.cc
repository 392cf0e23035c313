#include "stage.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "oracle.h"
#include "registry_audit.h"
#include "svmq/language/print.hpp"

namespace svmq::verify {
namespace {

using language::Step;

int number_of(language::Signal signal) {
  switch (signal) {
    case language::Signal::usr1: return SIGUSR1;
    case language::Signal::usr2: return SIGUSR2;
    case language::Signal::alrm: return SIGALRM;
    case language::Signal::term: return SIGTERM;
    case language::Signal::hup: return SIGHUP;
    default: throw std::runtime_error("this signal is not simulated");
  }
}

void nothing(int) {}

constexpr int most_messages = 20;  // on a queue of a world

struct Sent {
  long type;
  char text[1];
};

}  // namespace

Stage::Stage(const World& world, const std::string& library) : world_(world) {
  auto add = [&](const std::string& name, std::uint32_t uid, std::uint32_t gid, bool mortal) {
    int number = machine_.add_process(library, uid, gid, mortal);
    numbers_[name] = number;
    buffers_.emplace_back(1 << 16);
    return number;
  };
  for (const language::Actor& actor : world.scenario.actors)
    add(actor.name, actor.credentials.uid.value_or(0), actor.credentials.gid.value_or(0), true);
  conductor_ = add("", 0, 0, false);
  actors_.resize(numbers_.size());
  machine_.spins = world.spins;
  machine_.weak = world.weak;
  machine_.body = [this](int process) { run_steps(process); };
  machine_.began = [this](int process) { begin(process); };
  machine_.history = [this] { return hash(); };
  machine_.died = [this](int process, bool gone) {
    Actor& dead = actors_[static_cast<std::size_t>(process)];
    events_.push_back({gone ? Event::died : Event::killed, process, nullptr, {}, machine_.clock()});
    dead.past = mix(dead.past, static_cast<std::uint64_t>(machine_.clock()) << 1 | (gone ? 1 : 0));
    if (gone) dead.returned += 64;
  };
  run_setup();
}

std::string Stage::name(int process) const {
  for (const auto& [name, number] : numbers_)
    if (number == process) return name.empty() ? "conductor" : name;
  return "?";
}

void Stage::run_setup() {
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    machine_.body = [](int) {};
    machine_.body = [this](int process) { machine_.copy_of(process).enter("/queues"); };
    machine_.began = [](int) {};
    machine_.begin(static_cast<int>(i));
    machine_.run(nullptr, {});
  }
  machine_.body = [this](int process) { run_steps(process); };
  machine_.began = [this](int process) { begin(process); };
  bool before = true;
  for (const auto& item : world_.scenario.items) {
    if (const auto* step = std::get_if<Step>(&item)) {
      if (!before)
        throw std::runtime_error(world_.scenario.name + ": nothing may stand behind the concurrent block");
      int process = numbers_.at(step->actor);
      if (machine_.sleeps(process))
        throw std::runtime_error(world_.scenario.name + ": " + step->actor + " sleeps and can make no step");
      actors_[static_cast<std::size_t>(process)].steps = {step};
      machine_.begin(process);
      if (!machine_.run(nullptr, {}))
        throw std::runtime_error(world_.scenario.name + ": " + machine_.failure);
    } else {
      before = false;
      for (Actor& actor : actors_) actor.steps.clear();
      for (const Step& inner : std::get<language::Concurrent>(item).steps)
        actors_[static_cast<std::size_t>(numbers_.at(inner.actor))].steps.push_back(&inner);
    }
  }
  note_sleepers();
  for (std::size_t i = 0; i < actors_.size(); ++i) {
    actors_[i].past = 0;
    actors_[i].returned = 0;
    if (actors_[i].steps.empty()) continue;
    if (machine_.sleeps(static_cast<int>(i)))
      throw std::runtime_error(world_.scenario.name + ": " + name(static_cast<int>(i)) +
                               " sleeps and can make no step");
    machine_.begin(static_cast<int>(i));
  }
  first_actors_ = actors_;
  first_events_ = events_.size();
  first_values_ = values_;
  machine_.remember();
}

bool Stage::play(Chooser* chooser, Budget budget) {
  machine_.put_back();
  actors_ = first_actors_;
  events_.resize(first_events_);
  if (values_ != first_values_) values_ = first_values_;
  return machine_.run(chooser, budget);
}

void Stage::run_steps(int process) {
  Actor& actor = actors_[static_cast<std::size_t>(process)];
  for (std::size_t i = 0; i < actor.steps.size(); ++i) perform(process, *actor.steps[i]);
}

void Stage::begin(int process) {
  Actor& actor = actors_[static_cast<std::size_t>(process)];
  events_.push_back({Event::call, process, actor.present, {}, machine_.clock()});
  std::uint64_t before = 0;
  for (const Actor& other : actors_) before = before * 128 + static_cast<std::uint64_t>(other.returned);
  actor.past = mix(actor.past, before);
}

std::uint64_t Stage::hash() const {
  std::uint64_t hash = 0;
  for (const Actor& actor : actors_) hash = mix(hash, actor.past);
  return hash;
}

void Stage::perform(int process, const Step& step) {
  Actor& actor = actors_[static_cast<std::size_t>(process)];
  actor.present = &step;
  machine_.call_begins();
  Answer answer = call(process, step);
  std::int64_t clock = machine_.clock();
  machine_.call_ends();
  if (!step.variable.empty()) values_[step.variable] = answer.error == 0 ? answer.value : -1;
  std::uint64_t hash = mix(static_cast<std::uint64_t>(answer.value) ^ static_cast<std::uint64_t>(clock) << 32,
                           static_cast<std::uint64_t>(answer.error));
  if (answer.received) {
    hash = mix(hash, static_cast<std::uint64_t>(answer.type));
    for (char byte : answer.text) hash = mix(hash, static_cast<unsigned char>(byte));
  }
  if (answer.shown) {
    const msqid_ds& s = answer.status;
    for (auto field :
         {std::uint64_t{s.msg_qnum}, std::uint64_t{s.__msg_cbytes}, std::uint64_t{s.msg_qbytes},
          static_cast<std::uint64_t>(s.msg_lspid), static_cast<std::uint64_t>(s.msg_lrpid),
          static_cast<std::uint64_t>(s.msg_perm.__key), std::uint64_t{s.msg_perm.uid},
          std::uint64_t{s.msg_perm.gid}, std::uint64_t{s.msg_perm.cuid}, std::uint64_t{s.msg_perm.cgid},
          std::uint64_t{s.msg_perm.mode}, static_cast<std::uint64_t>(s.msg_stime),
          static_cast<std::uint64_t>(s.msg_rtime), static_cast<std::uint64_t>(s.msg_ctime)})
      hash = mix(hash, field);
  }
  actor.past = mix(actor.past, hash);
  ++actor.returned;
  actor.present = nullptr;
  events_.push_back({Event::returned, process, &step, std::move(answer), clock});
}

std::int64_t Stage::value(const language::IdExpr& expression) const {
  if (expression.variable.empty()) return expression.value;
  auto found = values_.find(expression.variable);
  return (found == values_.end() ? -1 : found->second) + expression.value;
}

Stage::Answer Stage::call(int process, const Step& step) {
  Copy& copy = machine_.copy_of(process);
  std::vector<char>& buffer = buffers_[static_cast<std::size_t>(process)];
  Answer answer;
  auto take = [&](long value) {
    answer.value = value;
    answer.error = value == -1 ? errno : 0;
  };
  if (const auto* get = std::get_if<language::Msgget>(&step.action)) {
    take(copy.get(static_cast<key_t>(value(get->key)), static_cast<int>(get->flags)));
  } else if (const auto* send = std::get_if<language::Msgsnd>(&step.action)) {
    const auto& message = std::get<language::Message>(send->message);
    std::string text = message.text.expand();
    text.resize(send->size);
    auto* out = reinterpret_cast<Sent*>(buffer.data());
    out->type = message.type;
    memcpy(out->text, text.data(), text.size());
    take(copy.send(static_cast<int>(value(send->id)), out, send->size, static_cast<int>(send->flags)));
  } else if (const auto* receive = std::get_if<language::Msgrcv>(&step.action)) {
    auto* in = reinterpret_cast<Sent*>(buffer.data());
    take(copy.receive(static_cast<int>(value(receive->id)), in, receive->size, receive->type,
                      static_cast<int>(receive->flags)));
    if (answer.error == 0) {
      answer.received = true;
      answer.type = in->type;
      answer.text.assign(in->text, static_cast<std::size_t>(answer.value));
    }
  } else if (const auto* control = std::get_if<language::Msgctl>(&step.action)) {
    take(copy.control(static_cast<int>(value(control->id)), control->command, &answer.status));
    answer.shown = answer.error == 0 && control->command == IPC_STAT;
  } else if (const auto* set = std::get_if<language::MsgctlSet>(&step.action)) {
    const auto& wanted = std::get<language::Setting>(set->setting);
    msqid_ds status = {};
    status.msg_perm.uid = wanted.uid;
    status.msg_perm.gid = wanted.gid;
    status.msg_perm.mode = static_cast<unsigned short>(wanted.mode);
    status.msg_qbytes = wanted.qbytes;
    take(copy.control(static_cast<int>(value(set->id)), IPC_SET, &status));
  } else if (const auto* limit = std::get_if<language::SetLimit>(&step.action)) {
    take(copy.limit_set(language::name(limit->limit).c_str(), limit->value));
  } else if (const auto* handler = std::get_if<language::Handler>(&step.action)) {
    struct sigaction action = {};
    action.sa_handler = handler->how == language::Disposition::ignore     ? SIG_IGN
                        : handler->how == language::Disposition::default_ ? SIG_DFL
                                                                          : nothing;
    if (handler->how == language::Disposition::restart) action.sa_flags = SA_RESTART;
    take(copy.set_action(number_of(handler->signal), &action));
  } else if (const auto* kill = std::get_if<language::Kill>(&step.action)) {
    bool found = machine_.send_signal(numbers_.at(kill->actor), number_of(kill->signal));
    answer.value = found ? 0 : -1;
    answer.error = found ? 0 : ESRCH;
  } else {
    throw std::runtime_error(language::call_name(step.action) + " is not simulated");
  }
  return answer;
}

// ---- what was observed

language::Result Stage::result_of(const Event& event) const {
  const Answer& answer = event.answer;
  language::Result result;
  result.value = answer.value;
  if (answer.error != 0) {
    const char* name = strerrorname_np(answer.error);
    result.error = name != nullptr ? name : std::to_string(answer.error);
    return result;
  }
  if (answer.received) result.received = language::Received{answer.type, answer.text};
  if (answer.shown) {
    const msqid_ds& s = answer.status;
    language::Record record;
    record.fields = {{"key", s.msg_perm.__key},
                     {"uid", s.msg_perm.uid},
                     {"gid", s.msg_perm.gid},
                     {"cuid", s.msg_perm.cuid},
                     {"cgid", s.msg_perm.cgid},
                     {"mode", s.msg_perm.mode},
                     {"qnum", static_cast<std::int64_t>(s.msg_qnum)},
                     {"cbytes", static_cast<std::int64_t>(s.__msg_cbytes)},
                     {"qbytes", static_cast<std::int64_t>(s.msg_qbytes)},
                     {"stime", s.msg_stime},
                     {"rtime", s.msg_rtime},
                     {"ctime", s.msg_ctime}};
    auto pid = [&](std::int32_t number) {
      int process = number - Machine::pid_of(0);
      bool known = process >= 0 && process < machine_.count();
      return known ? language::Pid{name(process), 0} : language::Pid{"", number};
    };
    record.pids = {{"lspid", pid(s.msg_lspid)}, {"lrpid", pid(s.msg_lrpid)}};
    result.records.push_back(record);
  }
  return result;
}

language::History Stage::history() const {
  language::History history;
  history.name = world_.scenario.name;
  history.agent = "1 svmq-verify blocking=model";
  history.fresh = true;
  history.limits = {{"msgmax", 8192}, {"msgmnb", 16384}, {"msgmni", 32000}};
  auto complete = [](std::uint32_t uid, std::uint32_t gid) {
    return language::Credentials{uid,
                                 gid,
                                 std::vector<std::uint32_t>{},
                                 uid == 0 ? language::all_capabilities : language::Capabilities{0},
                                 uid,
                                 gid};
  };
  history.conductor = complete(0, 0);
  for (language::Actor actor : world_.scenario.actors) {
    actor.credentials = complete(actor.credentials.uid.value_or(0), actor.credentials.gid.value_or(0));
    history.actors.push_back(actor);
  }
  auto add = [&](auto what) { history.events.push_back({std::move(what), {}}); };
  std::int64_t clock = 0;
  for (const Event& event : events_) {
    if (event.clock > clock) add(language::Clock{clock = event.clock});
    std::string who = event.process == conductor_ ? "" : name(event.process);
    switch (event.kind) {
      case Event::call: add(language::Call{*event.step}); break;
      case Event::returned:
        add(language::Return{who, language::call_name(event.step->action), result_of(event)});
        break;
      case Event::killed:
        add(language::Complete{Step{"", "", language::Kill{who, language::Signal::kill}, {}}, {}});
        break;
      case Event::died: add(language::Death{who, "SIGKILL", 0}); break;
      case Event::exited: add(language::Death{who, "", 0}); break;
      case Event::blocked: {
        std::vector<std::string> names;
        for (int i = 0; i < machine_.count(); ++i)
          if ((event.answer.value >> i & 1) != 0) names.push_back(name(i));
        add(language::Blocked{names});
        break;
      }
    }
  }
  return history;
}

void Stage::note_sleepers() {
  Event event{Event::blocked, 0, nullptr, {}};
  for (int i = 0; i < machine_.count(); ++i)
    if (machine_.sleeps(i)) event.answer.value |= 1 << i;
  if (event.answer.value != 0) events_.push_back(std::move(event));
}

// ---- the end

void Stage::conduct(Step step) {
  conducted_.push_back(std::make_unique<Step>(std::move(step)));
  actors_[static_cast<std::size_t>(conductor_)].steps = {conducted_.back().get()};
  machine_.begin(conductor_);
  machine_.run(nullptr, {});
}

// All that there may be: those that somebody has got, and those that have files.
std::vector<language::IdExpr> Stage::queues() const {
  std::map<std::int64_t, language::IdExpr> found;
  for (const auto& [variable, id] : values_)
    if (id >= 0) found.try_emplace(id, language::IdExpr{variable, 0});
  for (const Machine::Queue& queue : machine_.queues())
    found.try_emplace(queue.id, language::IdExpr{"", queue.id});
  std::vector<language::IdExpr> all;
  for (const auto& [id, expression] : found) all.push_back(expression);
  return all;
}

// The numbers of each queue; whatever the dead have left undone in it is repaired by that.
void Stage::look(const std::vector<language::IdExpr>& queues) {
  for (const language::IdExpr& queue : queues) {
    conduct({"", "", language::Msgctl{queue, language::command::ipc_stat, language::Buffer{}}, {}});
    if (!machine_.failure.empty()) return;
  }
}

// Whoever takes its lock next does away with what the dead have left undone in it.
void Stage::recover_registry() {
  constexpr std::int64_t key_of_no_queue = 0x5afe;
  conduct({"", "", language::Msgget{language::IdExpr{"", key_of_no_queue}, 0}, {}});
}

void Stage::drain(const language::IdExpr& queue) {
  using namespace language;
  Msgrcv receive{queue, Buffer{}, 8192, 0, flag::ipc_nowait | flag::msg_noerror};
  for (int i = 0; i < most_messages; ++i) {
    conduct({"", "", receive, {}});
    if (!machine_.failure.empty() || events_.empty() || events_.back().answer.error != 0) return;
  }
}

std::string Stage::judge_end() {
  if (!machine_.failure.empty()) return machine_.failure;
  if (!ends_.insert(machine_.end_key()).second) return {};
  note_sleepers();
  conducted_.clear();
  const std::vector<language::IdExpr> all = queues();
  look(all);
  if (machine_.failure.empty()) machine_.failure = audit_queues();
  for (const language::IdExpr& queue : all)
    if (machine_.failure.empty()) drain(queue);
  if (machine_.failure.empty()) look(all);
  if (machine_.failure.empty()) recover_registry();
  if (!machine_.failure.empty()) return machine_.failure;
  note_sleepers();
  if (std::string fault = audit_queues(); !fault.empty()) return fault;
  std::string fault = audit_registry(machine_.memory_of("registry"), machine_.linked());
  if (!fault.empty()) return "registry: " + fault;
  return judge();
}

std::string Stage::judge() {
  std::uint64_t all = hash();
  for (const Event& event : events_)
    if (event.kind == Event::blocked) all = mix(all, static_cast<std::uint64_t>(event.answer.value));
  if (!judged_.insert(all).second) return {};
  std::string fault = judge_history(history());
  if (fault.empty() || !killed_in_msgget()) return fault;
  // It may have used up an identifier: then nothing is known of the later ones.
  language::History used = history();
  used.fresh = false;
  return judge_history(used).empty() ? "" : fault;
}

bool Stage::killed_in_msgget() const {
  std::vector<const Step*> calls(actors_.size());
  for (const Event& event : events_) {
    const Step*& call = calls[static_cast<std::size_t>(event.process)];
    if (event.kind == Event::call) call = event.step;
    if (event.kind == Event::returned) call = nullptr;
    if (event.kind == Event::killed && call != nullptr &&
        std::holds_alternative<language::Msgget>(call->action))
      return true;
  }
  return false;
}

std::string Stage::audit_queues() {
  for (const Machine::Queue& queue : machine_.queues()) {
    if (queue.head == nullptr || queue.arena == nullptr) continue;  // half made, or half deleted
    if (std::string fault = audit_memory(queue.head, queue.arena); !fault.empty()) return "memory: " + fault;
  }
  return {};
}

}  // namespace svmq::verify
