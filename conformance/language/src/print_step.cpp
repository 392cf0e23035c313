// Steps and their arguments in the canonical form.
#include <array>
#include <charconv>
#include <concepts>

#include "src/names.hpp"
#include "src/print_values.hpp"
#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

void append_number(std::string& out, std::integral auto number, int base = 10) {
  std::array<char, 70> digits;
  auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, base).ptr;
  out.append(digits.data(), end);
}

// A size_t; the upper half as the negative numbers that people write for it.
void append_size(std::string& out, std::uint64_t size) {
  append_number(out, static_cast<std::int64_t>(size));
}

void append_flags(std::string& out, Flags flags) {
  std::size_t from = out.size();
  auto separate = [&] {
    if (out.size() > from) out.push_back('|');
  };
  if (flags & 0777) append_octal(out, flags & 0777);
  Flags rest = flags & ~Flags{0777};
  for (const Named<Flags>& named : flag_names()) {
    if (!(rest & named.value)) continue;
    separate();
    out += named.name;
    rest &= ~named.value;
  }
  if (rest) {
    separate();
    out += "0x";
    append_number(out, rest, 16);
  }
  if (out.size() == from) out.push_back('0');
}

// -------------------------------------------------------------------------------------------------------
// texts

void append_quoted(std::string& out, std::string_view bytes) {
  constexpr char hex[] = "0123456789abcdef";
  out.push_back('"');
  for (char c : bytes) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '"') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte > 0x7e) {
      out += "\\x";
      out.push_back(hex[byte >> 4]);
      out.push_back(hex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

void append_piece(std::string& out, const Repeat& repeat) {
  if (repeat.count != 1) {
    append_number(out, repeat.count);
    out.push_back('*');
  }
  append_quoted(out, repeat.bytes);
}

void append_piece(std::string& out, const Sequence& sequence) {
  out += "bytes(";
  append_number(out, sequence.count);
  out += ", ";
  append_number(out, sequence.seed);
  out.push_back(')');
}

// ---------------------------------------------------------------------------------------------------
// arguments

void append(std::string& out, BadPointer pointer) { out += pointer == BadPointer::null ? "NULL" : "BAD"; }

void append(std::string& out, const Message& message) {
  out.push_back('{');
  append_number(out, message.type);
  out += ", ";
  append_text(out, message.text);
  if (message.ends) out += ", BAD";
  out.push_back('}');
}

void append(std::string& out, const Buffer& buffer) {
  out += "buf";
  if (!buffer.accessible) return;
  out.push_back('(');
  append_number(out, *buffer.accessible);
  out.push_back(')');
}

void append(std::string& out, const ReadOnlyBuffer&) { out += "readonly"; }

void append(std::string& out, const Setting& setting) {
  out += "{uid=";
  append_number(out, setting.uid);
  out += ", gid=";
  append_number(out, setting.gid);
  out += ", mode=";
  append_octal(out, setting.mode);
  out += ", qbytes=";
  append_size(out, setting.qbytes);
  out.push_back('}');
}

template <class... T>
void append(std::string& out, const std::variant<T...>& argument) {
  std::visit([&](const auto& a) { append(out, a); }, argument);
}

void append_id(std::string& out, const IdExpr& id) {
  out += id.variable;
  if (!id.variable.empty() && id.value > 0) out.push_back('+');
  if (id.variable.empty() || id.value != 0) append_number(out, id.value);
}

void append_key(std::string& out, const IdExpr& key) {
  if (!key.variable.empty()) {
    out += key.variable;
  } else if (key.value == 0) {
    out += "IPC_PRIVATE";
  } else {
    append_number(out, static_cast<std::int32_t>(key.value));
  }
}

// -------------------------------------------------------------------------------------------------------
// calls

std::string_view name_of_call(const Action& action) {
  constexpr std::string_view names[] = {"msgget", "msgsnd", "msgrcv",   "msgctl",   "msgctl", "ftok",
                                        "shmget", "table",  "getlimit", "setlimit", "become", "handler",
                                        "mask",   "exit",   "exec",     "unshare",  "create", "link",
                                        "unlink", "mkdir",  "kill",     "tick"};
  static_assert(std::size(names) == std::variant_size_v<Action>);
  if (auto mask = std::get_if<Mask>(&action); mask && !mask->block) return "unmask";
  if (auto link = std::get_if<Link>(&action); link && link->symbolic) return "symlink";
  return names[action.index()];
}

// Writes the arguments of a call, each with its separator.
class Arguments {
 public:
  explicit Arguments(std::string& out) : out_(out) {}

  void operator()(const Msgget& c) { key(c.key), flags(c.flags); }
  void operator()(const Msgsnd& c) { id(c.id), value(c.message), size(c.size), flags(c.flags); }
  void operator()(const Msgrcv& c) {
    id(c.id), value(c.buffer), size(c.size), number(c.type), flags(c.flags);
  }
  void operator()(const Msgctl& c) { id(c.id), word(print_command(c.command)), value(c.buffer); }
  void operator()(const MsgctlSet& c) { id(c.id), word("IPC_SET"), value(c.setting); }
  void operator()(const Ftok& c) { path(c.path), number(c.id); }
  void operator()(const Shmget& c) { key(c.key), size(c.size), flags(c.flags); }
  void operator()(const Table&) {}
  void operator()(const GetLimit& c) { word(name_of(limit_names(), c.limit)); }
  void operator()(const SetLimit& c) { word(name_of(limit_names(), c.limit)), number(c.value); }
  void operator()(const Become& c) { word(print(c.credentials)); }
  void operator()(const Handler& c) { signal(c.signal), word(name_of(disposition_names(), c.how)); }
  void operator()(const Mask& c) { signal(c.signal); }
  void operator()(const Exit& c) { number(c.status); }
  void operator()(const Exec&) {}
  void operator()(const Unshare&) {}
  void operator()(const Create& c) { path(c.path); }
  void operator()(const Link& c) { path(c.from), path(c.to); }
  void operator()(const Unlink& c) { path(c.path); }
  void operator()(const Mkdir& c) { path(c.path), next(), append_octal(out_, c.mode); }
  void operator()(const Kill& c) { word(c.actor), signal(c.signal); }
  void operator()(const Tick&) {}

 private:
  void next() {
    if (!first_) out_ += ", ";
    first_ = false;
  }
  void id(const IdExpr& id) { next(), append_id(out_, id); }
  void key(const IdExpr& key) { next(), append_key(out_, key); }
  void flags(Flags flags) { next(), append_flags(out_, flags); }
  void number(std::int64_t number) { next(), append_number(out_, number); }
  void size(std::uint64_t size) { next(), append_size(out_, size); }
  void word(std::string_view word) { next(), out_ += word; }
  void path(std::string_view path) { next(), append_quoted(out_, path); }
  void signal(Signal signal) { word(name_of(signal_names(), signal)); }
  template <class T>
  void value(const T& value) {
    next();
    append(out_, value);
  }

  std::string& out_;
  bool first_ = true;
};

}  // namespace

// -------------------------------------------------------------------------------------------------------
// shared

void append_octal(std::string& out, Flags bits) {
  out.push_back('0');
  if (bits) append_number(out, bits, 8);
}

void append_text(std::string& out, const Text& text) {
  bool first = true;
  for (const auto& piece : text.pieces) {
    if (Text{{piece}}.size() == 0) continue;
    if (!first) out += " + ";
    first = false;
    std::visit([&](const auto& p) { append_piece(out, p); }, piece);
  }
  if (first) out += "\"\"";
}

void append_actor(std::string& out, const std::string& actor) {
  if (actor.empty()) return;
  out += actor;
  out += ": ";
}

void append_step(std::string& out, const Step& step) {
  append_actor(out, step.actor);
  if (!step.variable.empty()) {
    out += step.variable;
    out += " = ";
  }
  out += name_of_call(step.action);
  out.push_back('(');
  Arguments arguments(out);
  std::visit([&](const auto& call) { arguments(call); }, step.action);
  out.push_back(')');
}

void append_credentials(std::string& out, const Credentials& c) {
  auto list = [&](std::string_view name, const auto& values, auto append_one) {
    out += name;
    bool first = true;
    for (const auto& value : values) {
      if (!first) out.push_back(',');
      first = false;
      append_one(value);
    }
    if (first) out += "none";
  };
  auto number = [&](std::string_view name, const std::optional<std::uint32_t>& value) {
    if (!value) return;
    out += name;
    append_number(out, *value);
  };
  number(" uid=", c.uid);
  number(" gid=", c.gid);
  if (c.groups) list(" groups=", *c.groups, [&](std::uint32_t group) { append_number(out, group); });
  if (c.caps == all_capabilities) {
    out += " caps=all";
  } else if (c.caps) {
    std::vector<std::string_view> held;
    for (const auto& named : capability_names()) {
      if (*c.caps & static_cast<unsigned>(named.value)) held.push_back(named.name);
    }
    list(" caps=", held, [&](std::string_view capability) { out += capability; });
  }
  number(" ruid=", c.ruid);
  number(" fsgid=", c.fsgid);
}

std::string one_line(std::string_view text) {
  std::string line(text);
  for (char& c : line) {
    if ((c >= 0 && c < 0x20 && c != '\t') || c == 0x7f) c = ' ';
  }
  return line;
}

// -------------------------------------------------------------------------------------------------------
// public

std::string print(const Step& step) {
  std::string out;
  append_step(out, step);
  return out;
}

std::string print(const Credentials& credentials) {
  std::string out;
  append_credentials(out, credentials);
  return out.empty() ? out : out.substr(1);
}

std::string call_name(const Action& action) { return std::string(name_of_call(action)); }

std::string print_flags(Flags flags) {
  std::string out;
  append_flags(out, flags);
  return out;
}

std::string print_command(int command) {
  std::string_view name = name_of(command_names(), command);
  return name.empty() ? std::to_string(command) : std::string(name);
}

}  // namespace svmq::language
