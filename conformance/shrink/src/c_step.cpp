#include "c_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "c_text.hpp"
#include "svmq/language/print.hpp"
#include "svmq/shrink/c_program.hpp"

namespace svmq::shrink {
namespace {

using namespace language;

constexpr std::uint64_t most_room = 1u << 20;  // for buffers that claim to be larger

struct FieldName {
  const char* name;
  const char* kind;
  const char* expression;
};
constexpr FieldName stat_fields[] = {
    {"key", "field", "d->msg_perm.__key"},   {"uid", "field", "d->msg_perm.uid"},
    {"gid", "field", "d->msg_perm.gid"},     {"cuid", "field", "d->msg_perm.cuid"},
    {"cgid", "field", "d->msg_perm.cgid"},   {"mode", "field", "d->msg_perm.mode"},
    {"qnum", "field", "d->msg_qnum"},        {"cbytes", "field", "d->__msg_cbytes"},
    {"qbytes", "field", "d->msg_qbytes"},    {"stime", "time_field", "d->msg_stime"},
    {"rtime", "time_field", "d->msg_rtime"}, {"ctime", "time_field", "d->msg_ctime"},
    {"lspid", "pid_field", "d->msg_lspid"},  {"lrpid", "pid_field", "d->msg_lrpid"}};
constexpr FieldName info_fields[] = {{"msgpool", "field", "d->msgpool"}, {"msgmap", "field", "d->msgmap"},
                                     {"msgmax", "field", "d->msgmax"},   {"msgmnb", "field", "d->msgmnb"},
                                     {"msgmni", "field", "d->msgmni"},   {"msgssz", "field", "d->msgssz"},
                                     {"msgtql", "field", "d->msgtql"},   {"msgseg", "field", "d->msgseg"}};

struct Writer {
  const Step& step;
  const StepContext& context;

  std::string id(const IdExpr& expression) const {
    if (expression.variable.empty()) return c_number(expression.value);
    const std::string variable =
        fmt::format("shared->variable[{}]", context.variables.at(expression.variable));
    return expression.value == 0 ? "(int)" + variable
                                 : fmt::format("(int)({} + {})", variable, c_number(expression.value));
  }

  std::string result(const std::string& call) const {
    const std::string keep = step.variable.empty() ? ""
                                                   : fmt::format("  shared->variable[{}] = r;\n",
                                                                 context.variables.at(step.variable));
    return fmt::format("  long r = {};\n  at = number(at, r);\n{}", call, keep);
  }

  static std::string buffer(const BufferArgument& argument, std::uint64_t usual) {
    if (const auto* bad = std::get_if<BadPointer>(&argument))
      return *bad == BadPointer::null ? "  char *p = NULL;\n" : "  char *p = memory(0, 'w');\n";
    if (std::holds_alternative<ReadOnlyBuffer>(argument))
      return fmt::format("  char *p = memory({}, 'r');\n", usual);
    const auto& room = std::get<Buffer>(argument).accessible;
    return fmt::format("  char *p = memory({}, 'w');\n",
                       room ? "sizeof(long) + " + std::to_string(*room) : std::to_string(usual));
  }

  std::string operator()(const Msgget& c) const {
    return result(fmt::format("msgget((key_t){}, {})", id(c.key), c_symbols(c.flags)));
  }

  std::string operator()(const Msgsnd& c) const {
    std::string code;
    if (const auto* message = std::get_if<Message>(&c.message)) {
      const std::uint64_t length = message->text.size();
      if (length > most_room) throw NotInC{"a text of more than 1 MiB"};
      const std::uint64_t room =
          message->ends ? length : std::max(length, std::min(c.size, length + most_room));
      code += fmt::format(
          "  char *p = memory(sizeof(long) + {}, 'w'), *text = p + sizeof(long);\n  long type = {};\n", room,
          c_number(message->type));
      code += "  memcpy(p, &type, sizeof type);\n";
      for (const auto& piece : message->text.pieces) {
        if (const auto* repeat = std::get_if<Repeat>(&piece))
          code += fmt::format("  text = repeat(text, {}, {}, {});\n", repeat->count, c_string(repeat->bytes),
                              repeat->bytes.size());
        else
          code += fmt::format("  text = sequence(text, {}, {}u);\n", std::get<Sequence>(piece).count,
                              std::get<Sequence>(piece).seed);
      }
      code += room > length ? fmt::format("  memset(text, 0, {});\n", room - length) : "  (void)text;\n";
    } else {
      code += buffer(std::get<BadPointer>(c.message), 0);
    }
    return code + result(fmt::format("msgsnd({}, p, (size_t){}, {})", id(c.id),
                                     c_number(static_cast<std::int64_t>(c.size)), c_symbols(c.flags)));
  }

  std::string operator()(const Msgrcv& c) const {
    const std::uint64_t room = std::min(c.size, most_room);
    std::string code = buffer(c.buffer, sizeof(long) + room);
    code += result(fmt::format("msgrcv({}, p, (size_t){}, {}, {})", id(c.id),
                               c_number(static_cast<std::int64_t>(c.size)), c_number(c.type),
                               c_symbols(c.flags)));
    const auto* good = std::get_if<Buffer>(&c.buffer);
    if (good == nullptr) return code + "  if (r >= 0) at = append(at, \" {}\");\n";
    const std::string whole = good->accessible ? fmt::format("(long)sizeof(long) + {}", *good->accessible)
                                               : fmt::format("(long)sizeof(long) + {}", room);
    code += "  if (r >= 0) at = received(at, p, r);\n";
    code += fmt::format("  for (long i = r >= 0 ? (long)sizeof(long) + r : {}; i < {}; i++)\n",
                        context.shows_touched ? "0" : whole, whole);
    code +=
        "    if ((unsigned char)p[i] != 0xa5) { at = append(at, r >= 0 ? \" overrun\" : \" touched\"); "
        "break; }\n";
    return code;
  }

  std::string record(const char* type, const BufferArgument& argument, const std::string& call,
                     std::span<const FieldName> names) const {
    std::string code = buffer(argument, 0);
    if (std::holds_alternative<Buffer>(argument) && !std::get<Buffer>(argument).accessible)
      code = fmt::format(
          "  struct {} record, *d = &record;\n  char *p = (char *)d;\n  memset(d, 0, sizeof *d);\n", type);
    else
      return code + result(call);
    code += result(call) + "  if (r >= 0) {\n    (void)d;\n";
    for (const bool pids : {false, true})
      for (const FieldName& field : sorted(names))
        if (context.fields.contains(field.name) && (std::string_view(field.kind) == "pid_field") == pids)
          code += fmt::format("    at = {}(at, \"{}\", {});\n", field.kind, field.name, field.expression);
    return code + "  }\n";
  }

  static std::vector<FieldName> sorted(std::span<const FieldName> names) {
    std::vector<FieldName> all(names.begin(), names.end());
    std::ranges::sort(all, {}, [](const FieldName& f) { return std::string_view(f.name); });
    return all;
  }

  std::string operator()(const Msgctl& c) const {
    const std::string call = fmt::format("msgctl({}, {}, (void *)p)", id(c.id), c.command);
    if (c.command == command::ipc_info || c.command == command::msg_info)
      return record("msginfo", c.buffer, call, info_fields);
    return record("msqid_ds", c.buffer, call, stat_fields);
  }

  std::string operator()(const MsgctlSet& c) const {
    const auto* setting = std::get_if<Setting>(&c.setting);
    if (setting == nullptr)
      return buffer(std::get<BadPointer>(c.setting), 0) +
             result(fmt::format("msgctl({}, IPC_SET, (void *)p)", id(c.id)));
    return fmt::format(
               "  struct msqid_ds d;\n  memset(&d, 0, sizeof d);\n  d.msg_perm.uid = {}u;\n  d.msg_perm.gid "
               "= {}u;\n"
               "  d.msg_perm.mode = {:#o};\n  d.msg_qbytes = (unsigned long){};\n",
               setting->uid, setting->gid, setting->mode,
               c_number(static_cast<std::int64_t>(setting->qbytes))) +
           result(fmt::format("msgctl({}, IPC_SET, &d)", id(c.id)));
  }

  std::string operator()(const Shmget& c) const {
    return result(fmt::format("shmget((key_t){}, (size_t){}, {})", id(c.key),
                              c_number(static_cast<std::int64_t>(c.size)), c_symbols(c.flags)));
  }
  std::string operator()(const SetLimit& c) const {
    return fmt::format("  set_limit(\"{}\", {});\n  at = append(at, \"0\");\n", name(c.limit),
                       c_number(c.value));
  }
  std::string operator()(const Become& c) const {
    return c_credentials(c.credentials) + "  at = append(at, \"0\");\n";
  }
  std::string operator()(const Handler& c) const {
    const char* how = c.how == Disposition::catch_    ? "c"
                      : c.how == Disposition::restart ? "r"
                      : c.how == Disposition::ignore  ? "i"
                                                      : "d";
    return fmt::format("  handle({}, '{}');\n  at = append(at, \"0\");\n", name(c.signal), how);
  }
  std::string operator()(const Mask& c) const {
    return fmt::format("  block({}, {});\n  at = append(at, \"0\");\n", name(c.signal),
                       c.block ? "SIG_BLOCK" : "SIG_UNBLOCK");
  }
  std::string operator()(const Exit& c) const { return fmt::format("  (void)at;\n  _exit({});\n", c.status); }
  std::string operator()(const Unshare&) const { return result("unshare(CLONE_NEWIPC)"); }
  std::string operator()(const Kill& c) const {
    const int actor = context.actors.at(c.actor);
    const bool whole = c.signal == Signal::kill || c.signal == Signal::stop || c.signal == Signal::cont;
    const std::string call = whole ? fmt::format("kill(shared->process[{}], {})", actor, name(c.signal))
                                   : fmt::format("SIGNAL_THREAD({}, {})", actor, name(c.signal));
    return "  " + call + ";\n  at = append(at, \"0\");\n";
  }
  std::string operator()(const Tick&) const {
    return "  for (time_t t = time(NULL); time(NULL) == t;) usleep(1000);\n  at = append(at, \"0\");\n";
  }
  template <class Other>
  std::string operator()(const Other&) const {
    throw NotInC{call_name(step.action) + " is not written in C"};
  }
};

}  // namespace

std::string c_step(const Step& step, const StepContext& context) {
  return std::visit(Writer{step, context}, step.action);
}

std::string c_credentials(const Credentials& c) {
  std::string code;
  const bool changes = c.uid || c.gid || c.groups || c.ruid;
  if (changes && c.caps) code += "#ifdef __linux__\n  prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);\n#endif\n";
  if (c.groups || c.uid) {
    const std::vector<std::uint32_t> groups = c.groups.value_or(std::vector<std::uint32_t>());
    std::string list;
    for (const std::uint32_t group : groups) list += fmt::format("{}u, ", group);
    code += fmt::format(
        "  {{\n    gid_t groups[] = {{{}0}};\n    if (setgroups({}, groups)) no_way(\"setgroups\");\n  }}\n",
        list, groups.size());
  }
  if (c.gid) code += fmt::format("  if (setresgid({0}u, {0}u, (gid_t)-1)) no_way(\"setresgid\");\n", *c.gid);
  if (c.fsgid) code += fmt::format("  setfsgid({}u);\n", *c.fsgid);
  if (c.ruid || c.uid)
    code += fmt::format("  if (setresuid({}, {}, (uid_t)-1)) no_way(\"setresuid\");\n",
                        c.ruid  ? std::to_string(*c.ruid) + "u"
                        : c.uid ? std::to_string(*c.uid) + "u"
                                : "(uid_t)-1",
                        c.uid ? std::to_string(*c.uid) + "u" : "(uid_t)-1");
  if (c.caps)
    code +=
        fmt::format("#ifdef __linux__\n  set_capabilities({});\n#endif\n", static_cast<unsigned>(*c.caps));
  return code;
}

}  // namespace svmq::shrink
