// The subcommands. Each add_… declares its options, help and action; the action sets `status`, the exit
// status.
#pragma once

#include <CLI/CLI.hpp>

namespace svmq::bench {

void add_run(CLI::App& app, int& status);
void add_table(CLI::App& app, int& status);

}  // namespace svmq::bench
