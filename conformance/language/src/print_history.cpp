#include <fmt/format.h>

#include <array>
#include <iterator>

#include "src/names.hpp"
#include "src/print_values.hpp"
#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

// The fields in the order in which LANGUAGE.md has them; the table's rows have another one than the rest.
constexpr std::string_view fields_of_structures[] = {
    "key",    "uid",    "gid",    "cuid",   "cgid",   "mode",   "qnum",    "cbytes",
    "qbytes", "lspid",  "lrpid",  "stime",  "rtime",  "ctime",  "msgpool", "msgmap",
    "msgmax", "msgmnb", "msgmni", "msgssz", "msgtql", "msgseg", "dev",     "ino"};
constexpr std::string_view fields_of_rows[] = {"key", "msqid", "perms", "cbytes", "qnum",  "lspid", "lrpid",
                                               "uid", "gid",   "cuid",  "cgid",   "stime", "rtime", "ctime"};

void append_field(std::string& out, std::string_view name, std::int64_t value) {
  auto to = std::back_inserter(out);
  if (name == "key" && value >= INT32_MIN && value <= INT32_MAX) {
    fmt::format_to(to, "{}=0x{:08x}", name, static_cast<std::uint32_t>(value));
  } else if ((name == "mode" || name == "perms") && value >= 0 && value <= UINT32_MAX) {
    fmt::format_to(to, "{}=", name);
    append_octal(out, static_cast<std::uint32_t>(value));
  } else {
    fmt::format_to(to, "{}={}", name, value);
  }
}

// Writes each field that the record has once, the known ones first and in their order.
class RecordPrinter {
 public:
  RecordPrinter(std::string& out, const Record& record) : out_(out), record_(record) {}

  void print() {
    out_ += " {";
    if (record_.fields.count("msqid") || record_.fields.count("perms")) {
      for (std::string_view field : fields_of_rows) known(field);
    } else {
      for (std::string_view field : fields_of_structures) known(field);
    }
    for (const auto& [name, value] : record_.fields) number(name, value);
    for (const auto& [name, value] : record_.pids) pid(name, value);
    out_.push_back('}');
  }

 private:
  void known(std::string_view field) {
    if (auto value = record_.fields.find(std::string(field)); value != record_.fields.end()) {
      number(value->first, value->second);
    }
    if (auto value = record_.pids.find(std::string(field)); value != record_.pids.end()) {
      pid(value->first, value->second);
    }
  }

  bool begin(const std::string& name) {
    for (const std::string* other : done_) {
      if (other == &name) return false;
    }
    if (!done_.empty()) out_ += ", ";
    done_.push_back(&name);
    return true;
  }
  void number(const std::string& name, std::int64_t value) {
    if (begin(name)) append_field(out_, name, value);
  }
  void pid(const std::string& name, const Pid& pid) {
    if (!begin(name)) return;
    out_ += name;
    out_.push_back('=');
    out_ += pid.actor.empty() ? std::to_string(pid.number) : pid.actor;
  }

  std::string& out_;
  const Record& record_;
  std::vector<const std::string*> done_;  // keys of the record's own maps
};

void append_word(std::string& out, std::string_view word) {
  out.push_back(' ');
  out += word;
}

void append_result(std::string& out, const Result& result) {
  fmt::format_to(std::back_inserter(out), "{}", result.value);
  if (!result.error.empty()) append_word(out, result.error);
  if (result.touched) out += " touched";
  if (result.received) {
    fmt::format_to(std::back_inserter(out), " {{{}, ", result.received->type);
    append_text(out, Text::of(result.received->text));
    out.push_back('}');
  }
  if (result.overrun) out += " overrun";
  for (const Record& record : result.records) RecordPrinter(out, record).print();
}

void append_who(std::string& out, const std::string& actor) {
  append_word(out, actor.empty() ? conductor : actor);
}

// ------------------------------------------------------------------------------------------------------
// events

struct AppendEvent {
  std::string& out;

  void operator()(const Call& event) const {
    append_step(out, event.step);
    out += " <unfinished ...>";
  }
  void operator()(const Return& event) const {
    append_actor(out, event.actor);
    fmt::format_to(std::back_inserter(out), "<... {} resumed> = ", event.call);
    append_result(out, event.result);
  }
  void operator()(const Complete& event) const {
    append_step(out, event.step);
    out += " = ";
    append_result(out, event.result);
  }
  void operator()(const Blocked& event) const {
    out += "blocked";
    for (const std::string& actor : event.actors) append_who(out, actor);
  }
  void operator()(const Clock& event) const {
    fmt::format_to(std::back_inserter(out), "clock {}", event.seconds);
  }
  void operator()(const Death& event) const {
    append_actor(out, event.actor);
    out += event.signal.empty() ? fmt::format("+++ exited with {} +++", event.status)
                                : fmt::format("+++ killed by {} +++", event.signal);
  }
  void operator()(const Skipped& event) const {
    out += "skipped ";
    append_step(out, event.step);
  }
  void operator()(const Hung& event) const {
    out += "hung";
    append_who(out, event.actor);
  }
  void operator()(const Unsupported& event) const {
    out += "unsupported";
    append_word(out, event.need);
    if (!event.text.empty()) append_word(out, one_line(event.text));
  }
  void operator()(const Failed& event) const {
    out += "failed";
    if (!event.text.empty()) append_word(out, one_line(event.text));
  }
};

}  // namespace

std::string print(const Result& result) {
  std::string out;
  append_result(out, result);
  return out;
}

std::string print(const Event& event) {
  std::string out;
  std::visit(AppendEvent{out}, event.what);
  return out;
}

std::string print(const History& history) {
  std::string out = fmt::format("history {}\n", history.name);
  auto to = std::back_inserter(out);
  if (!history.agent.empty()) fmt::format_to(to, "agent {}\n", one_line(history.agent));
  out += history.fresh ? "namespace fresh\n" : "namespace used\n";
  const auto numbers = [&](std::string_view word, const std::map<std::string, std::int64_t>& values) {
    if (values.empty()) return;
    out += word;
    for (const auto& [name, value] : values) fmt::format_to(to, " {}={}", name, value);
    out.push_back('\n');
  };
  numbers("limits", history.limits);
  numbers("ids", history.ids);
  if (history.conductor) {
    out += "conductor";
    append_credentials(out, *history.conductor);
    out.push_back('\n');
  }
  for (const Actor& actor : history.actors) append_declaration(out, actor);
  for (const Event& event : history.events) {
    std::visit(AppendEvent{out}, event.what);
    out.push_back('\n');
  }
  return out += "end\n";
}

}  // namespace svmq::language
