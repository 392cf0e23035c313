#include "src/step_parser.hpp"

#include <algorithm>
#include <limits>

#include "src/arguments.hpp"
#include "src/credentials.hpp"

namespace svmq::language {
namespace {

// ----------------------------------------------------------------------------- one function for each call,
// behind "("

Action read_msgget(Cursor& at, Scope& scope) {
  Msgget call;
  call.key = read_key(at, scope);
  at.expect(',');
  call.flags = read_flags(at);
  return call;
}

Action read_msgsnd(Cursor& at, Scope& scope) {
  Msgsnd call;
  call.id = read_id(at, scope);
  at.expect(',');
  call.message = read_message(at);
  at.expect(',');
  call.size = read_size(at);
  at.expect(',');
  call.flags = read_flags(at);
  return call;
}

Action read_msgrcv(Cursor& at, Scope& scope) {
  Msgrcv call;
  call.id = read_id(at, scope);
  at.expect(',');
  call.buffer = read_buffer(at);
  at.expect(',');
  call.size = read_size(at);
  at.expect(',');
  call.type = read_long(at);
  at.expect(',');
  call.flags = read_flags(at);
  return call;
}

int read_command(Cursor& at) {
  std::size_t from = at.offset();
  if (auto command = value_of(command_names(), at.word())) return *command;
  at.go_back(from);
  using Range = std::numeric_limits<int>;
  return static_cast<int>(read_number(at, Range::min(), Range::max(), "a command"));
}

Action read_msgctl(Cursor& at, Scope& scope) {
  IdExpr id = read_id(at, scope);
  at.expect(',');
  int command = read_command(at);
  at.expect(',');
  if (command == command::ipc_set) return MsgctlSet{std::move(id), read_setting(at)};
  return Msgctl{std::move(id), command, read_buffer(at)};
}

Action read_ftok(Cursor& at, Scope&) {
  Ftok call;
  call.path = read_path(at, true);
  at.expect(',');
  call.id = read_int(at);
  return call;
}

Action read_shmget(Cursor& at, Scope& scope) {
  Shmget call;
  call.key = read_key(at, scope);
  at.expect(',');
  call.size = read_size(at);
  at.expect(',');
  call.flags = read_flags(at);
  return call;
}

Action read_table(Cursor&, Scope&) { return Table{}; }

Action read_getlimit(Cursor& at, Scope&) { return GetLimit{read_word(at, limit_names(), "a limit")}; }

Action read_setlimit(Cursor& at, Scope&) {
  SetLimit call{read_word(at, limit_names(), "a limit"), 0};
  at.expect(',');
  call.value = read_long(at);
  return call;
}

Action read_become(Cursor& at, Scope&) {
  if (at.peek() == ')') at.fail("a credential");
  return Become{read_credentials(at)};
}

Action read_handler(Cursor& at, Scope&) {
  Signal signal = read_word(at, signal_names(), "a signal");
  at.expect(',');
  return Handler{signal, read_word(at, disposition_names(), "catch, restart, ignore or default")};
}

Action read_mask(Cursor& at, Scope&) { return Mask{read_word(at, signal_names(), "a signal"), true}; }
Action read_unmask(Cursor& at, Scope&) { return Mask{read_word(at, signal_names(), "a signal"), false}; }

Action read_exit(Cursor& at, Scope&) {
  return Exit{static_cast<int>(read_number(at, 0, 255, "a number from 0 to 255"))};
}

Action read_exec(Cursor&, Scope&) { return Exec{}; }
Action read_unshare(Cursor&, Scope&) { return Unshare{}; }
Action read_tick(Cursor&, Scope&) { return Tick{}; }

Action read_create(Cursor& at, Scope&) { return Create{read_path(at, false)}; }
Action read_unlink(Cursor& at, Scope&) { return Unlink{read_path(at, false)}; }

Action read_two_paths(Cursor& at, bool symbolic) {
  Link call;
  call.symbolic = symbolic;
  call.from = read_path(at, false);
  at.expect(',');
  call.to = read_path(at, false);
  return call;
}
Action read_link(Cursor& at, Scope&) { return read_two_paths(at, false); }
Action read_symlink(Cursor& at, Scope&) { return read_two_paths(at, true); }

Action read_mkdir(Cursor& at, Scope&) {
  Mkdir call;
  call.path = read_path(at, false);
  at.expect(',');
  call.mode = read_flags(at);
  return call;
}

Action read_kill(Cursor& at, Scope& scope) {
  Kill call;
  call.actor = scope.actor();
  at.expect(',');
  call.signal = read_word(at, signal_names(), "a signal");
  return call;
}

// ----------------------------------------------------------------------------------------------- the table
// of them

enum class By { anyone, actor, conductor };

struct CallReader {
  std::string_view name;
  Action (*read)(Cursor&, Scope&);
  By by = By::anyone;
  bool kept = false;  // its value may be kept in a variable
};

constexpr CallReader calls[] = {
    {"msgsnd", read_msgsnd},
    {"msgrcv", read_msgrcv},
    {"msgctl", read_msgctl},
    {"msgget", read_msgget, By::anyone, true},
    {"ftok", read_ftok, By::anyone, true},
    {"shmget", read_shmget, By::anyone, true},
    {"table", read_table},
    {"getlimit", read_getlimit},
    {"setlimit", read_setlimit},
    {"become", read_become, By::actor},
    {"handler", read_handler, By::actor},
    {"mask", read_mask, By::actor},
    {"unmask", read_unmask, By::actor},
    {"exit", read_exit, By::actor},
    {"exec", read_exec, By::actor},
    {"unshare", read_unshare, By::actor},
    {"create", read_create},
    {"link", read_link},
    {"symlink", read_symlink},
    {"unlink", read_unlink},
    {"mkdir", read_mkdir},
    {"kill", read_kill, By::conductor},
    {"tick", read_tick, By::conductor},
};

const CallReader* find_call(std::string_view name) {
  auto found =
      std::find_if(std::begin(calls), std::end(calls), [&](const CallReader& c) { return c.name == name; });
  return found == std::end(calls) ? nullptr : found;
}

// The call that is named here, if this step may be one.
const CallReader& read_call(Cursor& at, const Step& step) {
  std::size_t from = at.offset();
  const CallReader* call = find_call(at.word());
  auto refuse = [&](std::string_view expected) {
    at.go_back(from);
    at.fail(expected);
  };
  if (!call) refuse("a call");
  if (!step.variable.empty() && !call->kept) refuse("msgget, ftok or shmget, whose value can be kept");
  if (step.actor.empty() && call->by == By::actor) refuse("an actor before this call");
  if (!step.actor.empty() && call->by == By::conductor) refuse("a call that is not the conductor's");
  return *call;
}

}  // namespace

std::string read_actor_prefix(Cursor& at, Scope& scope) {
  std::size_t from = at.offset();
  bool is_prefix = !at.word().empty() && at.accept(':');
  at.go_back(from);
  if (!is_prefix) return {};
  std::string actor = scope.actor();
  at.expect(':');
  return actor;
}

Step read_step_of(Cursor& at, Scope& scope, std::string actor, Place place) {
  Step step{std::move(actor), {}, Tick{}, place};
  scope.turn_to(step.actor);
  Place variable_place = at.place();
  std::string_view variable;
  if (std::size_t from = at.offset(); !step.actor.empty() && !at.word().empty() && at.accept('=')) {
    at.go_back(from);
    variable = scope.new_variable();
    step.variable = variable;
    at.expect('=');
  } else {
    at.go_back(from);
  }
  const CallReader& call = read_call(at, step);
  at.expect('(');
  step.action = call.read(at, scope);
  at.expect(')');
  if (!variable.empty()) scope.set(variable, variable_place);
  return step;
}

Step read_step(Cursor& at, Scope& scope) {
  Place place = at.place();
  std::string actor = read_actor_prefix(at, scope);
  return read_step_of(at, scope, std::move(actor), place);
}

}  // namespace svmq::language
