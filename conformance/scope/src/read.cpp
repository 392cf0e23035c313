#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <set>

#include "svmq/explore/property.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/scope/scope.hpp"

namespace svmq::scope {
namespace {

using model::explore::Call;
using model::explore::Scope;

// Does the call treat one type otherwise than another: by its number, or by its order?
bool tells_types_apart(const Call& call, const Scope& scope) {
  const model::Request request = call.make(model::explore::Values(scope.variables.size(), 0), scope.origin);
  if (std::holds_alternative<model::SendRequest>(request)) return call.type < 0;
  const auto* receive = std::get_if<model::ReceiveRequest>(&request);
  return receive && (receive->type < 0 || (receive->type > 0 && call.type < 0));
}

// A line of the scenario that stands for the scope: one way to fill in one of its calls.
struct Line {
  std::string text;
  std::string origin;  // as a person finds it: calls[3]
  bool before = false;
  int pattern = 0, slot = -1, type = -1;
};

class Reader {
 public:
  Reader(std::string_view text, const std::string& file) : file_(file) {
    try {
      document_ = toml::parse(text, file);
    } catch (const toml::parse_error& error) {
      const toml::source_position place = error.source().begin;
      throw Malformed(fmt::format("{}:{}:{}: {}", file, place.line, place.column, error.description()));
    }
  }

  Scope read() {
    check_names();
    processes_ = strings("processes");
    if (processes_.empty()) fail("processes", "at least one process, as \"A uid=1000 gid=1000\"");
    for (const std::string& process : processes_) names_.push_back(first_word(process));
    for (const std::string& thread : strings("threads")) threads_.push_back(first_word(thread));
    queues_ = document_.contains("queues") ? strings("queues") : std::vector<std::string>{"q"};
    if (const toml::array* types = document_["types"].as_array())
      for (const toml::node& type : *types) types_.push_back(type.value<std::int64_t>().value_or(0));
    if (types_.empty()) types_ = {1};
    if (queues_.size() > model::explore::most_names || types_.size() > model::explore::most_names)
      fail("queues", "at most 16 queues and 16 types");
    expand("before", true);
    expand("calls", false);
    return finish(parsed());
  }

 private:
  [[noreturn]] void fail(const std::string& where, const std::string& expected) const {
    throw Malformed(fmt::format("{}: {}: expected {}", file_, where, expected));
  }

  void check_names() const {
    static const std::set<std::string_view> known{"title",  "processes", "threads", "queues", "types",
                                                  "before", "calls",     "overlap", "depth",  "sometimes"};
    for (const auto& [key, value] : document_)
      if (!known.contains(key.str()))
        fail(std::string(key.str()), fmt::format("one of {}", fmt::join(known, ", ")));
  }

  std::vector<std::string> strings(const char* name) const {
    std::vector<std::string> result;
    const toml::node* node = document_.get(name);
    if (!node) return result;
    if (!node->is_array()) fail(name, "a list of strings");
    for (const toml::node& entry : *node->as_array()) {
      if (!entry.is_string()) fail(name, "a list of strings");
      result.push_back(*entry.value<std::string>());
    }
    return result;
  }

  std::size_t number(const char* name, std::size_t otherwise) const {
    const toml::node* node = document_.get(name);
    if (!node) return otherwise;
    const auto value = node->value<std::int64_t>();
    if (!value || *value < 0 || *value > 60000) fail(name, "a whole number up to 60000");
    return static_cast<std::size_t>(*value);
  }

  static std::string first_word(const std::string& text) { return text.substr(0, text.find(' ')); }

  // Replaces a word in capitals; quoted text stays as it is.
  static std::string replaced(const std::string& text, const std::string& word, const std::string& by) {
    std::string result;
    bool quoted = false;
    const auto part_of_word = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; };
    for (std::size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '"' && (i == 0 || text[i - 1] != '\\')) quoted = !quoted;
      const bool here = !quoted && text.compare(i, word.size(), word) == 0 &&
                        (i == 0 || !part_of_word(text[i - 1])) &&
                        (i + word.size() >= text.size() || !part_of_word(text[i + word.size()]));
      result += here ? by : std::string(1, text[i]);
      if (here) i += word.size() - 1;
    }
    return result;
  }

  static bool has(const std::string& text, const std::string& word) {
    return replaced(text, word, "") != text;
  }

  static std::string prefix(const std::string& line) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) return {};
    const std::string name = line.substr(0, colon);
    return name.find_first_of(" (\"=") == std::string::npos ? name : std::string();
  }

  void expand(const char* section, bool before) {
    const std::vector<std::string> entries = strings(section);
    if (!before && entries.empty()) fail(section, "at least one call");
    for (std::size_t i = 0; i < entries.size(); ++i)
      expand(entries[i], fmt::format("{}[{}]", section, i), before);
  }

  void expand(const std::string& entry, const std::string& origin, bool before) {
    const int pattern = patterns_++;
    const std::string who = prefix(entry);
    const std::string call = who.empty() ? entry : entry.substr(who.size() + 1);
    std::vector<std::string> actors{who == "conductor" ? "" : who};
    if (who == "PROCESS") actors = names_;
    if (who.empty() && before) actors = {""};
    if (who.empty() && !before) {
      actors = names_;
      actors.insert(actors.end(), threads_.begin(), threads_.end());
    }
    const bool by_slot = has(call, "QUEUE") || has(call, "KEY"), by_type = has(call, "TYPE"),
               by_process = has(call, "PROCESS");
    const auto count = [](bool present, std::size_t n) { return present ? n : 1; };
    for (const std::string& actor : actors)
      for (std::size_t s = 0; s < count(by_slot, queues_.size()); ++s)
        for (std::size_t t = 0; t < count(by_type, types_.size()); ++t)
          for (std::size_t p = 0; p < count(by_process, names_.size()); ++p) {
            std::string text = replaced(call, "QUEUE", queues_[s]);
            text = replaced(text, "KEY", std::to_string(s + 1));
            text = replaced(text, "TYPE", std::to_string(types_[t]));
            text = replaced(text, "PROCESS", names_[p]);
            lines_.push_back({actor.empty() ? text : actor + ": " + text, origin, before, pattern,
                              by_slot ? static_cast<int>(s) : -1, by_type ? static_cast<int>(t) : -1});
          }
  }

  // The scope as one scenario, so that it is checked as scenarios are.
  language::Scenario parsed() const {
    std::string text = "scenario scope\n";
    int line = 1;
    for (const std::string& process : processes_) text += "process " + process + "\n", ++line;
    for (const std::string& thread : strings("threads")) text += "thread " + thread + "\n", ++line;
    const int first = line + 1;
    for (const Line& l : lines_) text += l.text + "\n";
    text += "end\n";
    auto result = language::parse_scenarios(text, file_);
    if (const auto* error = std::get_if<language::ParseError>(&result)) {
      const int index = error->place.line - first;
      const bool known = index >= 0 && static_cast<std::size_t>(index) < lines_.size();
      throw Malformed(fmt::format("{}: {}: expected {}, found {}\n    {}", file_,
                                  known ? lines_[static_cast<std::size_t>(index)].origin : "processes",
                                  error->expected, error->found, error->line));
    }
    return std::get<std::vector<language::Scenario>>(result).front();
  }

  Scope finish(const language::Scenario& scenario) const {
    Scope scope = bind(scenario);
    scope.name = std::filesystem::path(file_).stem().string();
    scope.title = document_["title"].value_or(std::string());
    scope.overlap = static_cast<int>(number("overlap", 1));
    scope.depth = number("depth", 0);
    scope.sometimes = strings("sometimes");
    for (const std::string& name : scope.sometimes)
      if (std::ranges::find(model::explore::sometimes(), name, &model::explore::Sometimes::name) ==
          model::explore::sometimes().end())
        fail("sometimes", fmt::format("a name of model/explore/src/sometimes.cpp; there is no \"{}\"", name));
    scope.types = types_;
    for (std::size_t s = 0; s < queues_.size(); ++s) {
      const auto variable = std::ranges::find(scope.variables, queues_[s]);
      if (variable == scope.variables.end()) continue;
      scope.slots.push_back(
          {static_cast<int>(variable - scope.variables.begin()), static_cast<std::int32_t>(s + 1)});
    }
    bool ordered_types = false, literal_queue = scope.slots.size() < queues_.size();
    for (std::size_t i = 0; i < lines_.size(); ++i) {
      Call& call = scope.calls[i];
      call.pattern = lines_[i].pattern;
      call.slot = lines_[i].slot;
      call.type = lines_[i].type;
      call.once = lines_[i].before;
      if (call.once) scope.before.push_back(static_cast<int>(i));
      ordered_types |= !call.once && tells_types_apart(call, scope);
      literal_queue |= !call.once && call.slot < 0 && (!call.uses.empty() || call.sets >= 0);
    }
    scope.slots_alike = !literal_queue && scope.slots.size() > 1;
    scope.types_alike = !ordered_types && types_.size() > 1;
    return scope;
  }

  std::string file_;
  toml::table document_;
  std::vector<std::string> processes_, names_, threads_, queues_;
  std::vector<std::int64_t> types_;
  std::vector<Line> lines_;
  int patterns_ = 0;
};

}  // namespace

Scope read(std::string_view text, const std::string& file) { return Reader(text, file).read(); }

}  // namespace svmq::scope
