#include "strace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>
#include <set>
#include <vector>

#include "scenario_source.hpp"
#include "svmq/language/print.hpp"

namespace svmq::runner {
namespace {

using namespace language;

// ----------------------------------------------------------------------------------------------------------
// lines

// A line that says something of a call or a process.
struct Line {
  enum Kind { whole, begin, end, death } kind = whole;
  int number = 0;
  std::string pid, call, rest;  // rest: behind "call(" or "resumed>"
  std::int64_t second = 0;
};

bool is_call(std::string_view name) {
  return name == "msgget" || name == "msgsnd" || name == "msgrcv" || name == "msgctl";
}

std::optional<Line> read_line(const std::string& text, int number) {
  static const std::regex prefix(R"(^(?:\[pid +(\d+)\] |(\d+) +(?=\d+\.\d+ |msg|<|\+))?(?:(\d+)\.\d+ )?)");
  std::smatch match;
  std::regex_search(text, match, prefix);
  Line line;
  line.number = number;
  line.pid = match[1].matched ? match[1].str() : match[2].str();
  if (match[3].matched) line.second = std::stoll(match[3].str());
  std::string rest = match.suffix();
  static constexpr std::string_view unfinished = " <unfinished ...>", resumed = " resumed>";
  if (rest.starts_with("+++ killed by") || rest.starts_with("+++ exited with")) {
    line.kind = Line::death;
    return line;
  }
  if (rest.starts_with("<... ")) {
    const std::size_t at = rest.find(resumed);
    if (at == std::string::npos || !is_call(rest.substr(5, at - 5))) return std::nullopt;
    line.kind = Line::end;
    line.call = rest.substr(5, at - 5);
    line.rest = rest.substr(at + resumed.size());
    return line;
  }
  const std::size_t open = rest.find('(');
  if (open == std::string::npos || !is_call(std::string_view(rest).substr(0, open))) return std::nullopt;
  line.call = rest.substr(0, open);
  line.rest = rest.substr(open + 1);
  if (line.rest.ends_with(unfinished)) {
    line.kind = Line::begin;
    line.rest.resize(line.rest.size() - unfinished.size());
  }
  return line;
}

std::vector<Line> read_lines(std::string_view text) {
  std::vector<Line> lines;
  // On a terminal a line of strace's own may stand in the midst of a call's.
  static const std::regex attached(R"(^(.+)strace: Process \d+ attached$)");
  int number = 0;
  std::string before;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    std::string whole = before + std::string(text.substr(at, end - at));
    at = end + 1;
    ++number;
    std::smatch match;
    before = std::regex_match(whole, match, attached) ? match[1].str() : "";
    if (!before.empty()) continue;
    if (auto line = read_line(whole, number)) lines.push_back(std::move(*line));
  }
  return lines;
}

// -----------------------------------------------------------------------------------------------------
// arguments

// "a, {b, c}, "d, e") = r" : the arguments, and what stands behind ") = ".
struct Words {
  std::vector<std::string> arguments;
  std::string result;
};

std::optional<Words> split(const std::string& text) {
  Words words;
  std::string word;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quoted) {
      word += c;
      if (c == '\\' && i + 1 < text.size())
        word += text[++i];
      else if (c == '"')
        quoted = false;
      continue;
    }
    if (c == ')' && depth == 0) {
      words.arguments.push_back(word);
      const std::size_t equals = text.find("= ", i);
      if (equals == std::string::npos) return std::nullopt;
      words.result = text.substr(equals + 2);
      return words;
    }
    if (c == ',' && depth == 0) {
      words.arguments.push_back(word);
      word.clear();
      while (i + 1 < text.size() && text[i + 1] == ' ') ++i;
      continue;
    }
    if (c == '{' || c == '[' || c == '(') ++depth;
    if (c == '}' || c == ']' || c == ')') --depth;
    quoted = c == '"';
    word += c;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative) text.remove_prefix(1);
  const int base = text.starts_with("0x") ? 16 : text.starts_with('0') && text.size() > 1 ? 8 : 10;
  if (base == 16) text.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return negative ? 0 - value : value;
}

std::optional<Flags> flags_of(const std::string& text) {
  static const std::map<std::string, Flags, std::less<>> names{
      {"IPC_CREAT", flag::ipc_creat},     {"IPC_EXCL", flag::ipc_excl},     {"IPC_NOWAIT", flag::ipc_nowait},
      {"MSG_NOERROR", flag::msg_noerror}, {"MSG_EXCEPT", flag::msg_except}, {"MSG_COPY", flag::msg_copy}};
  Flags flags = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('|', at), text.size());
    const std::string word = text.substr(at, end - at);
    const auto named = names.find(word);
    const auto number = number_of(word);
    if (named == names.end() && !number) return std::nullopt;
    flags |= named != names.end() ? named->second : static_cast<Flags>(*number);
    at = end + 1;
  }
  return flags;
}

// The bytes of "…" with strace's escapes.
std::string unquoted(std::string_view text) {
  static const std::map<char, char> letters{{'n', '\n'}, {'t', '\t'}, {'r', '\r'}, {'v', '\v'}, {'f', '\f'}};
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      bytes += text[i];
      continue;
    }
    const char c = text[++i];
    if (c >= '0' && c <= '7') {
      int value = 0;
      for (int digits = 0; digits < 3 && i < text.size() && text[i] >= '0' && text[i] <= '7'; ++digits)
        value = value * 8 + (text[i++] - '0');
      --i;
      bytes += static_cast<char>(value);
    } else if (c == 'x') {
      bytes += static_cast<char>(number_of("0x" + std::string(text.substr(i + 1, 2))).value_or(0));
      i += 2;
    } else {
      bytes += letters.contains(c) ? letters.at(c) : c;
    }
  }
  return bytes;
}

// {mtype=1, mtext="…"} : what of it was printed.
std::optional<Received> message_of(const std::string& text) {
  static constexpr std::string_view type = "{mtype=", bytes = ", mtext=\"";
  const std::size_t comma = text.find(bytes);
  if (!text.starts_with(type) || comma == std::string::npos) return std::nullopt;
  const auto number = number_of(std::string_view(text).substr(type.size(), comma - type.size()));
  const std::size_t begin = comma + bytes.size(), end = text.rfind('"');
  if (!number || end < begin) return std::nullopt;
  return Received{static_cast<std::int64_t>(*number),
                  unquoted(std::string_view(text).substr(begin, end - begin))};
}

// NAME=NUMBER anywhere in a structure.
std::optional<std::uint64_t> field_of(const std::string& text, const std::string& name) {
  for (std::size_t at = 0; (at = text.find(name + "=", at)) != std::string::npos; ++at) {
    if (at > 0 && text[at - 1] != ' ' && text[at - 1] != '{') continue;
    const std::size_t begin = at + name.size() + 1;
    return number_of(std::string_view(text).substr(begin, text.find_first_of(",}", begin) - begin));
  }
  return std::nullopt;
}

// ---------------------------------------------------------------------------------------------------------
// calls

struct Outcome {
  std::int64_t value = 0;
  std::string error;  // "EINTR"; of one that is begun anew too
  bool returned = true;
};

Outcome outcome_of(const std::string& text) {
  if (text.starts_with("? ERESTART")) return {-1, "EINTR", true};
  if (text.starts_with("?")) return {0, "", false};
  if (text.starts_with("-1 E")) return {-1, text.substr(3, text.find(' ', 3) - 3), true};
  return {static_cast<std::int64_t>(number_of(text.substr(0, text.find(' '))).value_or(0)), "", true};
}

// A call with both its ends; `what` empty: it is left out.
struct Call {
  std::size_t begin = 0, end = 0;  // indexes into the lines; equal: one line, or it never returned
  std::string pid, why_not;
  std::optional<Action> action;
  Outcome outcome;
  Result result;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& name) : lines_(read_lines(text)) {
    if (std::none_of(lines_.begin(), lines_.end(), [](const Line& l) { return l.kind != Line::death; }))
      throw UsageError(
          fmt::format("{}: no call of msgget, msgsnd, msgrcv or msgctl in this log; strace with -f -ttt -e "
                      "trace=msgget,msgsnd,msgrcv,msgctl",
                      name));
    traced_.history.name = name;
    traced_.history.agent = "1 strace blocking=unknown";
    traced_.history.conductor = privileged();
  }

  Traced read() {
    pair();
    find_limits();
    for (Call& call : calls_) translate(call);
    declare();
    emit_all();
    return std::move(traced_);
  }

 private:
  static Credentials privileged() {
    return {.uid = 0,
            .gid = 0,
            .groups = std::vector<std::uint32_t>{},
            .caps = all_capabilities,
            .ruid = 0,
            .fsgid = 0};
  }

  void pair() {
    std::map<std::string, std::size_t> open;  // by pid: the call
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      Line& line = lines_[i];
      if (line.kind == Line::death) continue;
      if (line.kind == Line::end) {
        const auto found = open.find(line.pid);
        if (found == open.end()) continue;  // it began before the log
        lines_[calls_[found->second].begin].rest += line.rest;
        calls_[found->second].end = i;
        open.erase(found);
        continue;
      }
      if (line.kind == Line::begin) open[line.pid] = calls_.size();
      calls_.push_back({i, i, line.pid, "", std::nullopt, {}, {}});
    }
    for (const auto& [pid, call] : open) calls_[call].outcome.returned = false;
    // In the order in which they returned: then it is known which queues there are.
    std::stable_sort(calls_.begin(), calls_.end(),
                     [](const Call& a, const Call& b) { return a.end < b.end; });
  }

  // What a new queue's msg_qbytes is, if the log shows one that nobody has set.
  void find_limits() {
    std::set<std::string> set;
    std::int64_t msgmnb = 16384;
    for (const Call& call : calls_) {
      const auto words = split(lines_[call.begin].rest);
      if (!words || lines_[call.begin].call != "msgctl" || words->arguments.size() < 3) continue;
      if (words->arguments[1].find("IPC_SET") != std::string::npos) set.insert(words->arguments[0]);
      const auto qbytes = field_of(words->arguments[2], "msg_qbytes");
      if (words->arguments[1].find("IPC_STAT") == std::string::npos || !qbytes ||
          set.contains(words->arguments[0]))
        continue;
      msgmnb = static_cast<std::int64_t>(*qbytes);
      break;
    }
    traced_.history.limits = {{"msgmax", INT32_MAX}, {"msgmnb", msgmnb}, {"msgmni", 32768}};
  }

  void translate(Call& call) {
    const Line& line = lines_[call.begin];
    auto words = split(line.rest);
    if (!words && !call.outcome.returned) words = split(line.rest + ") = ?");
    if (!words) {
      if (line.call != "msgget") forget(line.rest);
      return leave_out(call, "whose line cannot be read");
    }
    if (call.outcome.returned) call.outcome = outcome_of(words->result);
    call.result.value = call.outcome.value;
    call.result.error = call.outcome.error;
    const std::string& error = call.outcome.error;
    if (error == "EACCES" || error == "EPERM")
      return leave_out(call, "refused for credentials that are not known");
    if (error == "ENOMEM" || error == "ENOSPC" || error == "ENOSYS")
      return leave_out(call, "refused for want of resources");
    std::vector<std::string>& arguments = words->arguments;
    if (line.call == "msgget" && arguments.size() == 2) return translate_get(call, arguments);
    const std::size_t least = line.call == "msgsnd" ? 4 : line.call == "msgrcv" ? 5 : 3;
    const auto id = arguments.size() >= least ? number_of(arguments[0]) : std::nullopt;
    if (!id) {
      forget(line.rest);
      return leave_out(call, "whose arguments cannot be read");
    }
    const auto number = static_cast<std::int32_t>(*id);
    if (number >= 0 && !known_.contains(number)) return leave_out(call, "on a queue from before the log");
    if (error == "EFAULT") {
      if (line.call == "msgrcv") known_.erase(number);  // a message may be lost
      return leave_out(call, "with a bad pointer");
    }
    if (line.call == "msgsnd") return translate_send(call, number, arguments);
    if (line.call == "msgrcv") return translate_receive(call, number, arguments);
    return translate_control(call, number, arguments);
  }

  void translate_get(Call& call, const std::vector<std::string>& arguments) {
    const auto key =
        arguments[0] == "IPC_PRIVATE" ? std::optional<std::uint64_t>(0) : number_of(arguments[0]);
    const auto flags = flags_of(arguments[1]);
    if (!key || !flags) return leave_out(call, "whose arguments cannot be read");
    const auto id = static_cast<std::int32_t>(call.outcome.value);
    const bool creates = *key == 0 || ((*flags & flag::ipc_creat) && (*flags & flag::ipc_excl));
    const bool ours = keys_.contains(*key);
    if (call.outcome.error.empty() && creates) {
      known_.insert(id);
      if (*key != 0) keys_[*key] = id;
    } else if (!ours && call.outcome.error != "ENOENT") {
      if (call.outcome.error.empty()) known_.erase(id);
      return leave_out(call, "for a key from before the log");
    }
    call.action = Msgget{{"", static_cast<std::int32_t>(static_cast<std::uint32_t>(*key))}, *flags};
  }

  void translate_send(Call& call, std::int32_t id, const std::vector<std::string>& arguments) {
    const auto message = message_of(arguments[1]);
    const auto size = number_of(arguments[2]);
    const auto flags = flags_of(arguments[3]);
    if (!message || !size || !flags) return leave_out(call, "whose arguments cannot be read");
    if (*size > 8192 && call.outcome.error == "EINVAL")
      return leave_out(call, "refused for a limit that is not known");
    Text text;
    if (!message->text.empty()) text.pieces.emplace_back(Repeat{1, message->text});
    call.action = Msgsnd{{"", id}, Message{message->type, std::move(text), false}, *size, *flags};
  }

  void translate_receive(Call& call, std::int32_t id, const std::vector<std::string>& arguments) {
    const auto size = number_of(arguments[2]), type = number_of(arguments[3]);
    const auto flags = flags_of(arguments[4]);
    if (!size || !type || !flags) return leave_out(call, "whose arguments cannot be read");
    if (call.outcome.returned && call.outcome.error.empty()) {
      call.result.received = message_of(arguments[1]);
      if (!call.result.received) {
        known_.erase(id);
        return leave_out(call, "whose message was not printed");
      }
      call.result.received->text.resize(static_cast<std::size_t>(call.outcome.value), '\0');
    }
    call.action = Msgrcv{{"", id}, Buffer{}, *size, static_cast<std::int64_t>(*type), *flags};
  }

  void translate_control(Call& call, std::int32_t id, const std::vector<std::string>& arguments) {
    const std::string& command = arguments[1];
    const auto is = [&](const char* name) {
      return command == name || command == std::string("IPC_64|") + name;
    };
    if (is("IPC_RMID")) {
      call.action = Msgctl{{"", id}, command::ipc_rmid, BadPointer::null};
      if (call.outcome.error.empty())
        std::erase_if(keys_, [&](const auto& entry) { return entry.second == id; });
    } else if (is("IPC_STAT")) {
      const auto mode = field_of(arguments[2], "mode"), qnum = field_of(arguments[2], "msg_qnum"),
                 qbytes = field_of(arguments[2], "msg_qbytes");
      if (call.outcome.error.empty() && call.outcome.returned) {
        if (!qnum) return leave_out(call, "whose result was not printed");
        Record record{{{"qnum", static_cast<std::int64_t>(*qnum)}}, {}};
        if (mode) record.fields["mode"] = static_cast<std::int64_t>(*mode & 0777);
        if (qbytes) record.fields["qbytes"] = static_cast<std::int64_t>(*qbytes);
        if (const auto cbytes = field_of(arguments[2], "msg_cbytes"))
          record.fields["cbytes"] = static_cast<std::int64_t>(*cbytes);
        call.result.records.push_back(std::move(record));
      }
      call.action = Msgctl{{"", id}, command::ipc_stat, Buffer{}};
    } else if (is("IPC_SET")) {
      const auto mode = field_of(arguments[2], "mode"), qbytes = field_of(arguments[2], "msg_qbytes");
      if (!mode || !qbytes) {
        known_.erase(id);
        return leave_out(call, "whose arguments cannot be read");
      }
      call.action = MsgctlSet{{"", id}, Setting{0, 0, static_cast<Flags>(*mode), *qbytes}};
    } else {
      leave_out(call, "by index or of the whole namespace");
    }
  }

  // Of the queue of the call that begins so, nothing is known any more.
  void forget(const std::string& arguments) {
    if (const auto id = number_of(arguments.substr(0, arguments.find(','))))
      known_.erase(static_cast<std::int32_t>(*id));
  }

  void leave_out(Call& call, const std::string& reason) {
    call.action.reset();
    ++traced_.left_out[reason];
  }

  static std::string actor_of(const std::string& pid) { return pid.empty() ? "main" : "p" + pid; }

  void declare() {
    std::set<std::string> names;
    for (const Call& call : calls_)
      if (call.action && names.insert(actor_of(call.pid)).second)
        traced_.history.actors.push_back({actor_of(call.pid), "", privileged(), {}});
  }

  void emit_all() {
    std::map<std::size_t, std::vector<const Call*>> begins, ends;  // by line
    for (const Call& call : calls_) {
      if (!call.action) continue;
      begins[call.begin].push_back(&call);
      if (call.outcome.returned) ends[call.end].push_back(&call);
    }
    for (const auto& actor : traced_.history.actors) signal_setup(actor.name);
    std::set<std::string> died;
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      const Line& line = lines_[i];
      if (line.second > second_) emit(Clock{second_ = line.second}, line);
      if (line.kind == Line::death) {
        if (open_.erase(line.pid) > 0) emit(Death{actor_of(line.pid), "SIGKILL", 0}, line);
        continue;
      }
      for (const Call* call : begins[i]) begin(*call, line);
      for (const Call* call : ends[i]) end(*call, line);
    }
    for (const std::string& pid : open_) emit(Death{actor_of(pid), "SIGKILL", 0}, lines_.back());
  }

  void signal_setup(const std::string& actor) {
    const bool needed = std::any_of(calls_.begin(), calls_.end(), [&](const Call& c) {
      return c.action && actor_of(c.pid) == actor && c.outcome.error == "EINTR";
    });
    if (needed)
      emit(Complete{Step{actor, "", Handler{Signal::usr1, Disposition::catch_}, {}}, Result{}}, Line{});
  }

  // A signal that ends the call may have come at any time since it began, and a death as well. What the log
  // does not show the end of may have happened or not, as if its caller had died.
  void begin(const Call& call, const Line& line) {
    const std::string actor = actor_of(call.pid);
    emit(language::Call{Step{actor, "", *call.action, {}}}, line);
    open_.insert(call.pid);
    if (call.outcome.error == "EINTR")
      emit(Complete{Step{"", "", Kill{actor, Signal::usr1}, {}}, Result{}}, line);
    if (!call.outcome.returned) emit(Complete{Step{"", "", Kill{actor, Signal::kill}, {}}, Result{}}, line);
  }

  void end(const Call& call, const Line& line) {
    emit(Return{actor_of(call.pid), call_name(*call.action), call.result}, line);
    open_.erase(call.pid);
  }

  template <class E>
  void emit(E event, const Line& line) {
    traced_.history.events.push_back({std::move(event), {line.number, 1}});
  }

  std::vector<Line> lines_;
  std::vector<Call> calls_;
  std::set<std::int32_t> known_;                // identifiers whose queue the log has shown from its creation
  std::map<std::uint64_t, std::int32_t> keys_;  // of such queues
  std::set<std::string> open_;                  // in a call that is not left out
  std::int64_t second_ = 0;
  Traced traced_;
};

}  // namespace

bool is_strace(std::string_view text) {
  const std::size_t word = text.find_first_not_of(" \n");
  if (word == std::string_view::npos || text.substr(word).starts_with("history ") || text[word] == '#')
    return false;
  const std::vector<Line> lines = read_lines(text);
  return !lines.empty();
}

Traced read_strace(std::string_view text, const std::string& name) { return Reader(text, name).read(); }

}  // namespace svmq::runner
