// svmq-bench: what the queues cost.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "commands.h"

int main(int argc, char** argv) {
  CLI::App app(
      "svmq-bench: what libsvmq costs, beside the kernel's queues, POSIX message queues and "
      "Boost.Interprocess");
  app.name("svmq-bench");
  app.require_subcommand(1);
  app.footer(
      "`svmq-bench COMMAND --help` tells more. Exit status: 0 done, 2 wrong usage or something missing.");
  int status = 0;
  svmq::bench::add_run(app, status);
  svmq::bench::add_table(app, status);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "svmq-bench: %s\n", error.what());
    return 2;
  }
  return status;
}
