// The judge on what the model itself does, and on the same a little wrong.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "svmq/generate/generate.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::property {
namespace {

using namespace language;

History random_history(const model::Profile& profile) {
  generate::Options options;
  options.races = *rc::gen::arbitrary<bool>();
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  return judge::execute(generate::generate(seed, *rc::gen::arbitrary<std::uint32_t>(), options), profile,
                        seed);
}

const model::Profile& random_profile() {
  const std::vector<std::string_view> names = model::profile_names();
  return *model::find_profile(*rc::gen::elementOf(names));
}

// Catches: a step of the model that the judge takes in another order, credits to another actor, or does not
// know.
RC_GTEST_PROP(Judge, AcceptsWhatTheModelDoes, ()) {
  const model::Profile& profile = random_profile();
  const History history = random_history(profile);
  const judge::Judgement judgement = judge::judge(history, profile);
  if (judgement.verdict == judge::Verdict::unknown) return;
  if (judgement.verdict != judge::Verdict::conform)
    RC_FAIL(std::string(profile.name) + "\n" + print(history));
}

// Catches: something that the judge looks at and the text of a history does not hold.
RC_GTEST_PROP(Judge, SaysTheSameOfTheText, ()) {
  const model::Profile& profile = random_profile();
  const History history = random_history(profile);
  const auto read = parse_histories(print(history), "printed");
  if (const auto* error = std::get_if<ParseError>(&read)) RC_FAIL(error->message());
  const judge::Judgement judgement = judge::judge(history, profile),
                         again = judge::judge(std::get<std::vector<History>>(read).front(), profile);
  RC_ASSERT(judgement.verdict == again.verdict);
  RC_ASSERT(judgement.clauses == again.clauses);
}

// Catches: a result that is not compared: a number, an errno, a type or a byte of text that may be anything.
RC_GTEST_PROP(Judge, RefusesAChangedResult, ()) {
  const model::Profile& profile = *model::find_profile("linux-6.18");
  generate::Options options;
  options.concurrent_percent = 0;
  const auto seed = *rc::gen::arbitrary<std::uint32_t>();
  History history = judge::execute(generate::generate(seed, 1, options), profile, seed);
  std::vector<Result*> results;
  for (Event& event : history.events) {
    auto* complete = std::get_if<Complete>(&event.what);
    const bool exchange = complete && (std::holds_alternative<Msgsnd>(complete->step.action) ||
                                       std::holds_alternative<Msgrcv>(complete->step.action));
    if (exchange) results.push_back(&complete->result);
  }
  if (results.empty()) return;
  Result& result = **rc::gen::elementOf(results);
  if (!result.error.empty()) {
    result.error = result.error == "EXDEV" ? "EDOM" : "EXDEV";
  } else if (result.received && *rc::gen::arbitrary<bool>()) {
    result.received->type = result.received->type == 77 ? 78 : 77;
  } else if (result.received && !result.received->text.empty()) {
    char& byte = result.received->text[*rc::gen::inRange<std::size_t>(0, result.received->text.size())];
    byte = byte == '~' ? '!' : '~';  // no message has it
  } else {
    ++result.value;
  }
  if (judge::judge(history, profile).verdict != judge::Verdict::nonconform) RC_FAIL(print(history));
}

// Catches: a judge that falls over a history that makes no sense: it must end with some verdict.
RC_GTEST_PROP(Judge, SurvivesAnyOrderOfEvents, ()) {
  const model::Profile& profile = random_profile();
  History history = random_history(profile);
  for (int i = 0; i < 4 && history.events.size() > 1; ++i) {
    const auto at = *rc::gen::inRange<std::size_t>(0, history.events.size());
    if (*rc::gen::arbitrary<bool>())
      std::swap(history.events[at], history.events[*rc::gen::inRange<std::size_t>(0, history.events.size())]);
    else
      history.events.erase(history.events.begin() + static_cast<std::ptrdiff_t>(at));
  }
  judge::judge(history, profile, {.states = 5'000});
}

}  // namespace
}  // namespace svmq::property
