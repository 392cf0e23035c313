#include "oracle.h"

#include <stdexcept>

#include "svmq/judge/judge.hpp"
#include "svmq/model/profile.hpp"
#include "tests/audit.h"

namespace svmq::verify {
namespace {

// The points of impl/waivers.toml.
const model::Profile& profile() {
  static const model::Profile found = [] {
    model::Profile made = *model::find_profile("linux-6.18");
    for (const char* variation :
         {"stop=either", "signal-or-room=either", "privileges=may-not-suffice", "receiver-pid=process",
          "namespace-scope=process", "give-away=by-creator"}) {
      auto varied = model::varied(made, variation);
      if (!varied) throw std::runtime_error(std::string("the model has no variation ") + variation);
      made = *varied;
    }
    return made;
  }();
  return found;
}

}  // namespace

std::string judge_history(const language::History& history) {
  judge::Judgement judgement = judge::judge(history, profile());
  if (judgement.verdict == judge::Verdict::conform) return {};
  std::string why = std::string("history: ") + judge::name(judgement.verdict) + " " + judgement.reason;
  for (const judge::Deviation& deviation : judgement.deviations) {
    why += "\n  " + deviation.step + ": observed " + deviation.observed + ", allowed:";
    for (const judge::Allowed& allowed : deviation.allowed) why += " " + allowed.result + ";";
  }
  return why;
}

std::string audit_memory(void* head, void* arena) { return svmq_test::Audit(head, arena).faults(); }

}  // namespace svmq::verify
