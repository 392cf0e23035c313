#include <fmt/format.h>

#include <iterator>

#include "src/print_values.hpp"
#include "svmq/language/print.hpp"

namespace svmq::language {
namespace {

void append_names(std::string& out, std::string_view directive, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out += directive;
  for (const std::string& name : names) {
    out.push_back(' ');
    out += name;
  }
  out.push_back('\n');
}

void append_item(std::string& out, const Item& item) {
  if (auto step = std::get_if<Step>(&item)) {
    append_step(out, *step);
    out.push_back('\n');
    return;
  }
  out += "concurrent {\n";
  for (const Step& step : std::get<Concurrent>(item).steps) {
    out += "  ";
    append_step(out, step);
    out.push_back('\n');
  }
  out += "}\n";
}

}  // namespace

void append_declaration(std::string& out, const Actor& actor) {
  out += actor.process.empty() ? "process " : "thread ";
  out += actor.name;
  if (!actor.process.empty()) {
    out += " of ";
    out += actor.process;
  }
  append_credentials(out, actor.credentials);
  out.push_back('\n');
}

std::string print(const Scenario& scenario) {
  std::string out = fmt::format("scenario {}\n", scenario.name);
  auto to = std::back_inserter(out);
  if (scenario.language != 1) fmt::format_to(to, "language {}\n", scenario.language);
  if (!scenario.title.empty()) fmt::format_to(to, "title {}\n", one_line(scenario.title));
  append_names(out, "clause", scenario.clauses);
  append_names(out, "seed", scenario.seeds);
  for (const Actor& actor : scenario.actors) append_declaration(out, actor);
  if (!scenario.items.empty()) out.push_back('\n');
  for (const Item& item : scenario.items) append_item(out, item);
  return out += "end\n";
}

}  // namespace svmq::language
