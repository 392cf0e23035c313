#include "clause_coverage.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "catalogue.hpp"
#include "locations.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::runner {

std::string coverage_line(const TargetResult& result) {
  const model::Profile& profile = *result.target.profile;
  std::vector<std::string> missing;
  std::size_t able = 0;
  const std::map<std::string, ClauseEntry> catalogue = read_catalogue(locations().catalogue);
  for (std::size_t number = 0; number < model::clause_count; ++number) {
    const model::Clause clause = model::Clause::at(number);
    const std::string id = clause.id();
    if (!model::holds(profile, clause) || !catalogue.at(id).unobservable.empty()) continue;
    ++able;
    if (!result.coverage.contains(id)) missing.push_back(id);
  }
  return fmt::format("{}: {} of the {} clauses that {} has and calls can show were exercised{}{}\n",
                     result.target.name, able - missing.size(), able, profile.name,
                     missing.empty() ? "" : "; not: ", fmt::join(missing, " "));
}

}  // namespace svmq::runner
