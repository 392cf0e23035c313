// The svmq command.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <exception>
#include <string>

#include "commands.hpp"
#include "console.hpp"
#include "interrupt.hpp"
#include "scenario_source.hpp"
#include "settings.hpp"
#include "version.hpp"

namespace {

using namespace svmq::runner;

constexpr const char* explanation = R"(
Does an implementation of System V message queues behave as the specification says? svmq conducts scenarios on it and
has a model of the specification judge what happened. `svmq COMMAND --help` tells more.

Exit status: 0 conform, 1 nonconform, 2 wrong usage or something missing, 3 nothing executed or undecided.)";

int dispatch(int argc, char** argv) {
  CLI::App app("svmq: conformance of System V message queues");
  app.name("svmq");
  app.footer(explanation);
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("svmq ") + version);
  int status = 0;
  add_targets(app, status);
  add_run(app, status);
  add_fuzz(app, status);
  add_exhaust(app, status);
  add_explain(app, status);
  add_generate(app, status);
  add_judge(app, status);
  add_shrink(app, status);
  add_mutants(app, status);
  add_report(app, status);
  add_queues(app, status);
  if (argc > 1 && argv[1][0] != '-' &&
      app.get_subcommands([&](const CLI::App* command) { return command->get_name() == argv[1]; }).empty()) {
    warn(fmt::format("there is no command {}; see svmq --help", argv[1]));
    return usage;
  }
  remove_earlier(std::vector<std::string>(argv + 1, argv + argc));
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(usage);
  } catch (const std::exception& error) {
    warn(error.what());
    return usage;
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  command_line().assign(argv, argv + argc);
  std::signal(SIGPIPE, SIG_IGN);
  interrupt::install();
  const int status = dispatch(argc, argv);
  // After an interrupt a thread may still be judging; nothing that it uses may be destroyed under it.
  if (interrupt::requested()) _exit(status);
  return status;
}
