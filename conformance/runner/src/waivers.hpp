// Waivers: deviations that somebody has accepted, with a reason, and usually only for a time.
//
//   [[waiver]]
//   id = "copy-not-offered"           # optional: else waiver-1, waiver-2, …
//   clause = "msgrcv.copy.index"      # the clause that is deviated from; or
//   scenario = "copy-by-index"        # the scenario that deviates; or both; or a variation alone
//   target = "impl"                   # optional: else any
//   reason = "MSG_COPY is not offered"
//   owner = "who answers for it"      # optional
//   expires = 2027-01-31              # optional: the last day on which it counts
//   notice = "said when it is used"   # optional
//   variation = "stop=either"         # optional: the variation point of the model in which the target differs
//   reference = "URL, bug number"     # optional: where it is known
//
// A waiver with a variation covers a run that the model explains once that point is varied: all of its consequences
// and nothing else. One without covers the deviations from its clause. A waiver covers deviations only: never a crash, a call that hangs, a death of the agent; nor, without a variation, a call that sleeps where it must not.
// Thread-safe once loaded.
#pragma once

#include <toml++/toml.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "svmq/judge/judge.hpp"

namespace svmq::runner {

struct Waiver {
  std::string id, clause, scenario, target, reason, owner, expires, notice, variation, reference;  // empty: not given
  bool expired = false;
};

// Today's date as YYYY-MM-DD, UTC.
std::string today();

// Throws UsageError: unreadable, malformed, an unknown key, nothing that it covers, a clause that is not in the
// catalogue, no reason, an id twice.
std::vector<Waiver> read_waivers(const std::filesystem::path& file, const std::string& today);
// The same from an array of tables of `file`; null: none.
std::vector<Waiver> read_waivers(const toml::array* tables, const std::string& file, const std::string& today);

// Which waivers cover this run, whose deviations from the profile these are; nullopt: at least one is not covered.
std::optional<std::vector<const Waiver*>> covering(const std::vector<Waiver>& waivers, const std::string& target,
                                                   const model::Profile& profile, const language::History& history,
                                                   const std::vector<judge::Deviation>& deviations);

}  // namespace svmq::runner
