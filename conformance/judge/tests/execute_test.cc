// The model as an implementation: it agrees with itself, and with nobody who changed a word.
#include <gtest/gtest.h>

#include "scenarios.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/language/parse.hpp"
#include "svmq/language/print.hpp"

namespace svmq::judge {
namespace {

// Turns red if what the model does as an implementation is not what it allows as a judge; whatever it chooses.
TEST(Execute, TheModelExplainsItself) {
  int histories = 0;
  for (const language::Scenario& scenario : corpus())
    for (const char* profile : {"linux-6.18", "posix"})
      for (std::uint64_t seed = 0; seed < 10; ++seed, ++histories) {
        const model::Profile& p = *model::find_profile(profile);
        const language::History history = execute(scenario, p, seed);
        const auto parsed = language::parse_histories(language::print(history), "execute");
        ASSERT_TRUE(std::holds_alternative<std::vector<language::History>>(parsed)) << std::get<1>(parsed).message();
        const Judgement judgement = judge(std::get<0>(parsed).front(), p);
        ASSERT_EQ(judgement.verdict, Verdict::conform) << profile << ' ' << seed << '\n' << judgement.reason << language::print(history);
      }
  EXPECT_GT(histories, 1600);
}

TEST(Execute, SameSeedSameHistory) {
  for (const language::Scenario& scenario : corpus()) {
    const model::Profile& p = *model::find_profile("linux-6.18");
    EXPECT_EQ(execute(scenario, p, 7), execute(scenario, p, 7));
  }
}

bool has_deterministic_result(const language::Complete& complete) {
  return std::holds_alternative<language::Msgsnd>(complete.step.action) || std::holds_alternative<language::Msgrcv>(complete.step.action) ||
         std::holds_alternative<language::Msgctl>(complete.step.action) || std::holds_alternative<language::MsgctlSet>(complete.step.action);
}

// Turns red if a wrong value or errno slips through: each result of each history replaced by one that no clause knows.
TEST(Execute, EveryChangedResultIsFound) {
  int changed = 0;
  for (const language::Scenario& scenario : corpus()) {
    const model::Profile& p = *model::find_profile("linux-6.18");
    const language::History history = execute(scenario, p, 1);
    for (std::size_t i = 0; i < history.events.size(); ++i) {
      const auto* complete = std::get_if<language::Complete>(&history.events[i].what);
      if (!complete || !has_deterministic_result(*complete)) continue;
      language::History edited = history;
      auto& result = std::get<language::Complete>(edited.events[i].what).result;
      if (result.error.empty()) result.value += 1;
      else result.error = result.error == "ENOMSG" ? "EAGAIN" : "ENOMSG";
      const Judgement judgement = judge(edited, p);
      EXPECT_EQ(judgement.verdict, Verdict::nonconform) << language::print(edited);
      if (!judgement.deviations.empty()) { EXPECT_EQ(judgement.deviations.front().event, i) << language::print(edited); }
      ++changed;
    }
  }
  EXPECT_GT(changed, 400);
}

}  // namespace
}  // namespace svmq::judge
