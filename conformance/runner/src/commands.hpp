// The subcommands. Each add_… declares its options, help and action; the action sets `status`, the exit
// status.
//
// Actions throw UsageError for what the user can put right; main() prints it and exits with 2.
#pragma once

#include <CLI/CLI.hpp>

namespace svmq::runner {

enum Status { conform = 0, nonconform = 1, usage = 2, undecided = 3 };

void add_targets(CLI::App& app, int& status);
void add_run(CLI::App& app, int& status);
void add_fuzz(CLI::App& app, int& status);
void add_exhaust(CLI::App& app, int& status);
void add_explain(CLI::App& app, int& status);
void add_generate(CLI::App& app, int& status);
void add_judge(CLI::App& app, int& status);
void add_shrink(CLI::App& app, int& status);
void add_mutants(CLI::App& app, int& status);
void add_report(CLI::App& app, int& status);
void add_queues(CLI::App& app, int& status);  // ls, mk, rm

// Makes the reports from a results file; says on standard error what went wrong. 0 or 2.
int make_report(const std::string& results, const std::string& folder);

}  // namespace svmq::runner
