// Scenarios: directives, then steps and concurrent blocks, up to end.
#include <fmt/format.h>

#include "src/credentials.hpp"
#include "src/cursor.hpp"
#include "src/parse_all.hpp"
#include "src/scope.hpp"
#include "src/step_parser.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::language {
namespace {

constexpr std::size_t longest_line = 65535;

class ScenarioParser {
 public:
  explicit ScenarioParser(Cursor& at) : at_(at), scope_(at) {}
  Scenario read();

 private:
  void next_line(std::string_view expected) {
    if (!at_.next_line()) at_.fail(expected);
  }
  bool read_directive();
  void read_language();
  void read_title();
  void read_names(std::vector<std::string>& names, std::string_view expected);
  Step read_counted_step();
  Concurrent read_block();

  Cursor& at_;
  Scope scope_;
  Scenario scenario_;
  std::size_t steps_ = 0;
};

// The line `head` and nothing behind it.
bool accept_line(Cursor& at, std::string_view head) {
  if (!at.accept(head)) return false;
  at.expect_end();
  return true;
}

Scenario ScenarioParser::read() {
  at_.expect("scenario");
  scenario_.name = at_.name("the name of a scenario");
  at_.expect_end();
  next_line("a directive, a step or end");
  while (read_directive()) next_line("a directive, a step or end");
  while (!accept_line(at_, "end")) {
    if (at_.accept("concurrent")) {
      scenario_.items.emplace_back(read_block());
    } else {
      scenario_.items.emplace_back(read_counted_step());
    }
    next_line("a step or end");
  }
  scenario_.actors = scope_.take_actors();
  return std::move(scenario_);
}

// -------------------------------------------------------------------------------------------------
// directives

// False where the directives end. What stands before ':' or '(' is an actor's or a call's name, whatever the
// word.
bool ScenarioParser::read_directive() {
  std::size_t from = at_.offset();
  std::string_view word = at_.word();
  if (at_.peek() == ':' || at_.peek() == '(' || word == "end" || word == "concurrent") {
    at_.go_back(from);
    return false;
  }
  if (word == "language") {
    read_language();
  } else if (word == "title") {
    read_title();
  } else if (word == "clause") {
    read_names(scenario_.clauses, "the name of a clause");
  } else if (word == "seed") {
    read_names(scenario_.seeds, "the name of a statement");
  } else if (word == "process") {
    Actor& process = scope_.declare_process();
    process.credentials = read_credentials(at_);
    at_.expect_end("a credential or the end of the line");
  } else if (word == "thread") {
    scope_.declare_thread();
    at_.expect_end();
  } else {
    at_.go_back(from);
    at_.fail("a directive or a step");
  }
  return true;
}

void ScenarioParser::read_language() {
  std::size_t from = at_.offset();
  auto number = at_.integer();
  if (!number || number->negative || number->magnitude != 1) {
    at_.go_back(from);
    at_.fail("language 1, the only one this reader knows");
  }
  at_.expect_end();
}

void ScenarioParser::read_title() {
  if (!scenario_.title.empty()) at_.fail("at most one title");
  if (at_.at_end()) at_.fail("a title");
  scenario_.title = at_.rest();
}

void ScenarioParser::read_names(std::vector<std::string>& names, std::string_view expected) {
  do names.emplace_back(at_.name(expected));
  while (!at_.at_end());
}

// -------------------------------------------------------------------------------------------------------
// steps

Step ScenarioParser::read_counted_step() {
  if (steps_ == most_steps) at_.fail(fmt::format("at most {} steps", most_steps));
  ++steps_;
  Step step = read_step(at_, scope_);
  at_.expect_end();
  return step;
}

Concurrent ScenarioParser::read_block() {  // behind "concurrent"
  at_.expect('{');
  at_.expect_end();
  scope_.begin_block();
  Concurrent block;
  next_line("a step");
  do {
    block.steps.push_back(read_counted_step());
    next_line("a step or '}'");
  } while (!accept_line(at_, "}"));
  scope_.end_block();
  return block;
}

}  // namespace

Parsed<std::vector<Scenario>> parse_scenarios(std::string_view text, std::string_view file) {
  Cursor at(text, longest_line);
  return parse_all<Scenario>(at, file, "scenario", [&] { return ScenarioParser(at).read(); });
}

}  // namespace svmq::language
