#include "svmq/judge/cast.hpp"

#include <algorithm>

#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

using language::Capability;

constexpr std::uint64_t padding = 1u << 20;  // zero bytes behind a text that is shorter than the size
constexpr std::uint64_t structure_text = 112;  // bytes of a msqid_ds behind its first word

void set_capabilities(model::Credentials& who, language::Capabilities caps) {
  const auto has = [&](Capability c) { return (caps & static_cast<language::Capabilities>(c)) != 0; };
  who.ipc_owner = has(Capability::ipc_owner);
  who.sys_admin = has(Capability::sys_admin);
  who.sys_resource = has(Capability::sys_resource);
  who.checkpoint_restore = has(Capability::checkpoint_restore);
}

void copy_capabilities(model::Credentials& to, const model::Credentials& from) {
  to.ipc_owner = from.ipc_owner;
  to.sys_admin = from.sys_admin;
  to.sys_resource = from.sys_resource;
  to.checkpoint_restore = from.checkpoint_restore;
}

// The rules of "Credentials" in LANGUAGE.md: for the beginning of a process, and (`midway`) for become.
model::Credentials changed(model::Credentials who, const language::Credentials& named, const model::Credentials& agent,
                           bool midway = false) {
  if (named.ruid) who.ruid = *named.ruid;
  if (named.uid) {
    who.uid = *named.uid;
    if (!named.caps) copy_capabilities(who, who.uid == 0 ? agent : model::Credentials{});
  }
  if (named.gid) who.gid = who.fsgid = *named.gid;
  if (named.fsgid) who.fsgid = *named.fsgid;
  if (named.groups) who.groups = *named.groups;
  else if (named.uid && !midway) who.groups.clear();
  if (named.caps) set_capabilities(who, *named.caps);
  return who;
}

std::int32_t as_int(std::int64_t value) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(value)); }

struct Memory {
  model::Memory operator()(language::BadPointer) const { return {.valid = false, .writable = false, .text = 0}; }
  model::Memory operator()(const language::ReadOnlyBuffer&) const { return {.valid = true, .writable = false, .text = UINT64_MAX}; }
  model::Memory operator()(const language::Buffer& b) const { return {.valid = true, .writable = true, .text = b.accessible.value_or(UINT64_MAX)}; }
};

model::Memory structure(const language::BufferArgument& argument) {
  model::Memory memory = std::visit(Memory{}, argument);
  if (memory.text >= structure_text) memory.text = UINT64_MAX;
  return memory;
}

model::SendRequest send(const language::Msgsnd& call, std::int64_t id) {
  model::SendRequest request{.id = as_int(id), .memory = {}, .type = 1, .text = {}, .size = call.size, .flags = call.flags};
  const auto* message = std::get_if<language::Message>(&call.message);
  if (!message) {
    request.memory = {.valid = false, .writable = false, .text = 0};
    return request;
  }
  request.type = message->type;
  const std::uint64_t length = message->text.size();
  request.memory.text = message->ends ? length : length + padding;
  if (call.size > request.memory.text) return request;  // it fails: its text does not matter
  std::string text = message->text.expand();
  text.resize(call.size, '\0');
  request.text = model::Bytes(std::move(text));
  return request;
}

model::Disposition disposition(language::Disposition how) {
  switch (how) {
    case language::Disposition::catch_: return model::Disposition::catch_;
    case language::Disposition::restart: return model::Disposition::restart;
    case language::Disposition::ignore: return model::Disposition::ignore;
    case language::Disposition::default_: break;
  }
  return model::Disposition::default_;
}

model::Limit limit(language::Limit limit) {
  switch (limit) {
    case language::Limit::msgmax: return model::Limit::msgmax;
    case language::Limit::msgmnb: return model::Limit::msgmnb;
    case language::Limit::msgmni: return model::Limit::msgmni;
    case language::Limit::msg_next_id: return model::Limit::msg_next_id;
    case language::Limit::auto_msgmni: break;
  }
  return model::Limit::auto_msgmni;
}

}  // namespace

model::Signal signal_of(language::Signal signal) { return static_cast<model::Signal>(signal); }
std::string signal_name(model::Signal signal) { return language::name(static_cast<language::Signal>(signal)); }
static_assert(static_cast<int>(language::Signal::cont) == static_cast<int>(model::Signal::cont));
static_assert(static_cast<int>(language::Signal::chld) == static_cast<int>(model::Signal::chld));

Cast::Cast(const std::optional<language::Credentials>& conductor, const std::vector<language::Actor>& actors, model::State& state) {
  set_capabilities(agent_, language::all_capabilities);
  if (conductor) agent_ = changed(agent_, *conductor, agent_);
  std::map<std::string, int> processes;
  for (const language::Actor& actor : actors) {
    model::Actor self;
    if (actor.process.empty()) {
      processes[actor.name] = static_cast<int>(state.processes.size());
      state.processes.emplace_back();
      state.processes.back().credentials = model::Cow<model::Credentials>(changed(agent_, actor.credentials, agent_));
    }
    self.process = processes[actor.process.empty() ? actor.name : actor.process];
    indexes_[actor.name] = static_cast<model::ActorIndex>(names_.size());
    names_.push_back(actor.name);
    state.actors.push_back(self);
  }
  indexes_[""] = static_cast<model::ActorIndex>(names_.size());
  names_.emplace_back();
  model::Actor self;
  self.process = static_cast<int>(state.processes.size());
  state.processes.emplace_back();
  state.processes.back().credentials = model::Cow<model::Credentials>(agent_);
  state.actors.push_back(self);
}

model::ActorIndex Cast::index(const std::string& actor) const {
  const auto found = indexes_.find(actor);
  return found == indexes_.end() ? -1 : found->second;
}

std::int64_t Cast::value(const language::IdExpr& expression) const {
  if (expression.variable.empty()) return expression.value;
  const auto found = variables_.find(expression.variable);
  return (found == variables_.end() ? -1 : found->second) + expression.value;
}

model::Request Cast::request(const language::Step& step, const model::State& state) const {
  struct Translate {
    const Cast& cast;
    const language::Step& step;
    const model::State& state;

    model::Request operator()(const language::Msgget& a) { return model::GetRequest{as_int(cast.value(a.key)), a.flags}; }
    model::Request operator()(const language::Msgsnd& a) { return send(a, cast.value(a.id)); }
    model::Request operator()(const language::Msgrcv& a) {
      return model::ReceiveRequest{as_int(cast.value(a.id)), std::visit(Memory{}, a.buffer), a.size, a.type, a.flags};
    }
    model::Request operator()(const language::Msgctl& a) {
      return model::ControlRequest{as_int(cast.value(a.id)), a.command, structure(a.buffer)};
    }
    model::Request operator()(const language::MsgctlSet& a) {
      model::SetRequest request{.id = as_int(cast.value(a.id)), .memory = {}};
      if (const auto* s = std::get_if<language::Setting>(&a.setting)) {
        request.uid = s->uid;
        request.gid = s->gid;
        request.mode = s->mode;
        request.qbytes = s->qbytes;
      } else {
        request.memory = {.valid = false, .writable = false, .text = 0};
      }
      return request;
    }
    model::Request operator()(const language::Ftok& a) { return model::FtokRequest{a.path, a.id}; }
    model::Request operator()(const language::Shmget& a) { return model::SegmentRequest{as_int(cast.value(a.key)), a.size, a.flags}; }
    model::Request operator()(const language::Table&) { return model::TableRequest{}; }
    model::Request operator()(const language::GetLimit& a) { return model::LimitRequest{limit(a.limit), std::nullopt}; }
    model::Request operator()(const language::SetLimit& a) { return model::LimitRequest{limit(a.limit), a.value}; }
    model::Request operator()(const language::Become& a) {
      return model::BecomeRequest{changed(state.credentials_of(cast.index(step.actor)), a.credentials, cast.agent_, true)};
    }
    model::Request operator()(const language::Handler& a) { return model::HandlerRequest{signal_of(a.signal), disposition(a.how)}; }
    model::Request operator()(const language::Mask& a) { return model::MaskRequest{signal_of(a.signal), a.block}; }
    model::Request operator()(const language::Exit& a) { return model::ExitRequest{a.status}; }
    model::Request operator()(const language::Exec&) { return model::ExecRequest{}; }
    model::Request operator()(const language::Unshare&) { return model::UnshareRequest{}; }
    model::Request operator()(const language::Create& a) { return model::FileRequest{model::FileOperation::create, a.path, "", 0}; }
    model::Request operator()(const language::Link& a) {
      return model::FileRequest{a.symbolic ? model::FileOperation::symlink : model::FileOperation::link, a.from, a.to, 0};
    }
    model::Request operator()(const language::Unlink& a) { return model::FileRequest{model::FileOperation::unlink, a.path, "", 0}; }
    model::Request operator()(const language::Mkdir& a) { return model::FileRequest{model::FileOperation::mkdir, a.path, "", a.mode}; }
    model::Request operator()(const language::Kill& a) { return model::KillRequest{cast.index(a.actor), signal_of(a.signal)}; }
    model::Request operator()(const language::Tick&) { return model::TickRequest{}; }
  };
  return std::visit(Translate{*this, step, state}, step.action);
}

}  // namespace svmq::judge
