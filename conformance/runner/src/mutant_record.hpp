// What became of each mutant, as a file: the record of one campaign, against which the next is held.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "mutant_campaign.hpp"

namespace svmq::runner {

// The versions of svmq that killed each mutant last, by id.
using MutantRecord = std::map<std::string, std::string>;

// Throws UsageError: the file cannot be read, or is no record.
MutantRecord read_record(const std::filesystem::path& file);

// Writes the file; `before` is where the last version stands that killed what survives now. Throws
// UsageError.
void write_record(const MutantResults& results, const MutantPlan& plan, const MutantRecord& before,
                  const std::filesystem::path& file);

}  // namespace svmq::runner
