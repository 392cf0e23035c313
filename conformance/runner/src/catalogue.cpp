#include "catalogue.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {
namespace {

std::vector<std::string> strings(const toml::array* array) {
  std::vector<std::string> result;
  if (array == nullptr) return result;
  for (const toml::node& entry : *array) result.push_back(entry.value_or(std::string()));
  return result;
}

}  // namespace

std::map<std::string, ClauseEntry> read_catalogue(const std::filesystem::path& file) {
  const toml::table document = read_toml(file);
  std::map<std::string, ClauseEntry> catalogue;
  const toml::table* clauses = document["clause"].as_table();
  if (clauses == nullptr) throw UsageError(fmt::format("{}: no clause", file.string()));
  for (const auto& [id, value] : *clauses) {
    const toml::node_view clause(value);
    catalogue[std::string(id.str())] = {clause["call"].value_or(std::string()),
                                        clause["statement"].value_or(std::string()),
                                        clause["level"].value_or(std::string()),
                                        strings(clause["sources"].as_array()),
                                        clause["observed"].value_or(std::string()),
                                        clause["unobservable"].value_or(std::string()),
                                        clause["note"].value_or(std::string())};
  }
  return catalogue;
}

}  // namespace svmq::runner
