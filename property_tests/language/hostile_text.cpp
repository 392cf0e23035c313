// Whatever the text, the parser answers with a value or with an error that has a place in it.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "language/arbitrary.hpp"
#include "language/show.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::property {
namespace {

using namespace language;

std::string mutated(std::string text, Draw& draw) {
  for (std::size_t i = 1 + draw.below(6); i > 0; --i) {
    std::size_t at = draw.below(text.size() + 1),
                length = std::min<std::size_t>(draw.below(12), text.size() - at);
    switch (draw.below(6)) {
      case 0: text.erase(at, length); break;
      case 1: text.insert(at, text.substr(at, length)); break;
      case 2: text.insert(at, draw.bytes()); break;
      case 3: text.resize(at); break;
      case 4: std::rotate(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), text.end()); break;
      default:
        text.insert(at, draw.of<const char*>({"\n", "\"", "}", "{", "16777216*\"x\" + ", "bytes(",
                                              "99999999999999999999", "end\n", "0x", "-", "concurrent {\n",
                                              "= -1 ", "<... ", "# "}));
    }
  }
  return text;
}

// The place must be one of the text, or the one right behind it.
void check(const ParseError& error, const std::string& text) {
  auto lines = std::count(text.begin(), text.end(), '\n') + 1;
  RC_ASSERT(error.place.line >= 1);
  RC_ASSERT(error.place.line <= lines + 1);
  RC_ASSERT(error.place.column >= 1);
  RC_ASSERT(static_cast<std::size_t>(error.place.column) <= error.line.size() + 1);
  RC_ASSERT(!error.expected.empty());
  RC_ASSERT(!error.found.empty());
  RC_ASSERT(error.message().size() < 1000u);
}

// Catches: reads beyond the text, recursion or loops without end, lists whose size the text dictates. What is
// still accepted must be a value like any other: it survives its own text.
RC_GTEST_PROP(Language, DamagedScenariosDoNoHarm, ()) {
  Draw draw;
  std::string text = mutated(print(*arbitrary_scenario()), draw);
  auto parsed = parse_scenarios(text, "damaged");
  if (auto error = std::get_if<ParseError>(&parsed)) return check(*error, text);
  for (const Scenario& scenario : std::get<std::vector<Scenario>>(parsed)) {
    auto again = parse_scenarios(print(scenario), "printed");
    RC_ASSERT(std::holds_alternative<std::vector<Scenario>>(again));
    RC_ASSERT(std::get<std::vector<Scenario>>(again).at(0) == scenario);
  }
}

// The same for histories.
RC_GTEST_PROP(Language, DamagedHistoriesDoNoHarm, ()) {
  Draw draw;
  std::string text = mutated(print(*arbitrary_history()), draw);
  auto parsed = parse_histories(text, "damaged");
  if (auto error = std::get_if<ParseError>(&parsed)) return check(*error, text);
  for (const History& history : std::get<std::vector<History>>(parsed)) {
    auto again = parse_histories(print(history), "printed");
    RC_ASSERT(std::holds_alternative<std::vector<History>>(again));
    RC_ASSERT(std::get<std::vector<History>>(again).at(0) == history);
  }
}

// Catches: the same where nothing of the text is language at all.
RC_GTEST_PROP(Language, AnyBytesDoNoHarm, (std::string bytes)) {
  auto scenarios = parse_scenarios(bytes, "bytes");
  RC_ASSERT(std::holds_alternative<ParseError>(scenarios));
  check(std::get<ParseError>(scenarios), bytes);
  auto histories = parse_histories(bytes, "bytes");
  RC_ASSERT(std::holds_alternative<ParseError>(histories));
  check(std::get<ParseError>(histories), bytes);
}

}  // namespace
}  // namespace svmq::property
