// What the commands that explore the model share: the scopes, profiles by name, and clauses that were not
// used.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "svmq/explore/scope.hpp"
#include "svmq/model/profile.hpp"

namespace svmq::runner {

// The scopes in these files, or every one that comes with svmq. Throws UsageError.
std::vector<model::explore::Scope> read_scopes(const std::vector<std::string>& files);

const model::Profile& profile_named(const std::string& name);  // throws UsageError

// Says which rules of the model have given no reason under this profile, and why not where that is known.
void print_unused(const model::Profile& profile, const std::set<std::string>& used, const std::string& by);

}  // namespace svmq::runner
