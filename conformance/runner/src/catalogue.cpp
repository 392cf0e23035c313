#include "catalogue.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {

std::map<std::string, ClauseEntry> read_catalogue(const std::filesystem::path& file) {
  const toml::table document = read_toml(file);
  std::map<std::string, ClauseEntry> catalogue;
  const toml::table* clauses = document["clause"].as_table();
  if (clauses == nullptr) throw UsageError(fmt::format("{}: no clause", file.string()));
  for (const auto& [id, value] : *clauses) {
    const toml::node_view clause(value);
    const auto text = [&](const char* key) { return clause[key].value_or(std::string()); };
    ClauseEntry& entry = catalogue[std::string(id.str())];
    entry = {text("call"), text("statement"), text("level"), text("unobservable"), text("note"), {}};
    if (const toml::array* sources = clause["sources"].as_array()) {
      for (const toml::node& source : *sources) entry.sources.push_back(source.value_or(std::string()));
    }
  }
  return catalogue;
}

}  // namespace svmq::runner
