// svmq-bench table: the tables of a results file.
#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <memory>

#include "commands.h"
#include "results.h"

namespace svmq::bench {
namespace {

struct Options {
  std::string file;
  bool markdown = false;
};

void table(const Options& options) {
  std::ifstream file(options.file);
  Json results = Json::parse(options.file == "-" ? std::cin : file, nullptr, false);
  if (results.is_discarded() || !results.contains("benchmarks"))
    throw std::runtime_error(options.file + ": no results of `svmq-bench run --json FILE`");
  fmt::print("{}", tables(results, options.markdown));
}

}  // namespace

void add_table(CLI::App& app, int&) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("table", "Prints the tables of a results file");
  command
      ->add_option("FILE", options->file,
                   "What `svmq-bench run --json FILE` has written; - is standard input")
      ->required();
  command->add_flag("--markdown", options->markdown, "For a document instead of a terminal");
  command->callback([options] { table(*options); });
}

}  // namespace svmq::bench
