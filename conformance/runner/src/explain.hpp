// What svmq explain tells, one function for each kind of question. Each returns the exit status.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "svmq/language/scenario.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::runner {

struct SearchBudget {
  std::size_t depth = 4;          // most calls of a scenario that is searched for
  std::uint64_t states = 30'000;  // most states (of a search through one scope)
};

// explain_walk.cpp: a scenario step by step.
int explain_scenarios(const std::string& file, const model::Profile& profile);
void walk(const language::Scenario& scenario, const model::Profile& profile);
std::set<std::string> clauses_on_the_way(const language::Scenario& scenario, const model::Profile& profile);
std::vector<language::Scenario> parse_all(const std::string& text, const std::string& file);

// explain_clause.cpp: a clause, with a smallest scenario in which it decides.
int explain_clause(const std::string& id, const model::Profile& profile, const SearchBudget& budget);

// explain_profiles.cpp: variation points as a table; what tells two profiles apart; where profiles leave the
// envelope.
int explain_profile(const model::Profile& profile);
int explain_difference(const model::Profile& a, const model::Profile& b, const SearchBudget& budget);
int explain_envelope(const std::vector<std::string>& profiles, const SearchBudget& budget);

}  // namespace svmq::runner
