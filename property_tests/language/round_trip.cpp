// What is written is read back as what it was.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "language/arbitrary.hpp"
#include "language/show.hpp"
#include "svmq/language/parse.hpp"

namespace svmq::property {
namespace {

using namespace language;

template <class T>
T only(const Parsed<std::vector<T>>& parsed) {
  if (auto error = std::get_if<ParseError>(&parsed)) RC_FAIL(error->message());
  RC_ASSERT(std::get<std::vector<T>>(parsed).size() == 1u);
  return std::get<std::vector<T>>(parsed)[0];
}

Scenario read_scenario(const std::string& text) { return only(parse_scenarios(text, "printed")); }
History read_history(const std::string& text) { return only(parse_histories(text, "printed")); }

// Catches: an argument that the printer forgets or the parser reads into another field, an escape that only
// one of them knows, a number whose sign or size one of them changes.
RC_GTEST_PROP(Language, ScenariosSurviveTheirText, ()) {
  auto scenario = *arbitrary_scenario();
  RC_ASSERT(read_scenario(print(scenario)) == scenario);
}

// Catches the same in results: a field lost, a row too many, received bytes described as others.
RC_GTEST_PROP(Language, HistoriesSurviveTheirText, ()) {
  auto history = *arbitrary_history();
  RC_ASSERT(read_history(print(history)) == history);
}

// Catches: a text that is not the canonical one, so that equal scenarios would differ in files and hashes.
RC_GTEST_PROP(Language, PrintingIsCanonical, ()) {
  std::string scenario = print(*arbitrary_scenario());
  RC_ASSERT(print(read_scenario(scenario)) == scenario);
  std::string history = print(*arbitrary_history());
  RC_ASSERT(print(read_history(history)) == history);
}

// The same text with spaces, comments and empty lines wherever they mean nothing.
std::string loosened(const std::string& text) {
  std::string loose = "\n# head\n";
  bool quoted = false, escaped = false, title = false;
  for (char c : text) {
    if (c == '\n') {
      loose += title ? " \r\n" : "   # a \"comment\"\r\n\n";
      title = false;
      continue;
    }
    loose.push_back(c);
    title = title || loose.ends_with("\ntitle ");
    if (c == '"' && !escaped) quoted = !quoted && !title;
    escaped = c == '\\' && !escaped;
    if (!quoted && !title && std::string_view(",{(=:|+*").find(c) != std::string_view::npos) loose += " \t ";
  }
  return loose;
}

// Catches: a parser that depends on where spaces, comments and empty lines stand.
RC_GTEST_PROP(Language, SpacesAndCommentsMeanNothing, ()) {
  auto scenario = *arbitrary_scenario();
  RC_ASSERT(read_scenario(loosened(print(scenario))) == scenario);
}

// Catches: a size that disagrees with the bytes, a description that loses or invents some.
RC_GTEST_PROP(Language, TextsMeanTheirBytes, (std::string bytes)) {
  RC_ASSERT(Text::of(bytes).expand() == bytes);
  RC_ASSERT(Text::of(bytes).size() == bytes.size());
  auto text = Draw().text();
  RC_ASSERT(text.expand().size() == text.size());
  RC_ASSERT(Text::of(text.expand()).expand() == text.expand());
}

}  // namespace
}  // namespace svmq::property
