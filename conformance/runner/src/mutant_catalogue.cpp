#include "mutant_catalogue.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <stdexcept>

#include "catalogue.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"
#include "toml_file.hpp"

namespace svmq::runner {
namespace {

using Texts = std::map<std::string_view, std::string*>;

// Reads the strings of a table; calls `other` for what is none of them.
template <class Other>
void read_texts(const toml::table& table, const Texts& texts, const std::string& where, Other other) {
  for (const auto& [key, value] : table) {
    const auto text = texts.find(key.str());
    if (text == texts.end()) {
      if (other(key.str(), value)) continue;
      std::vector<std::string_view> known;
      for (const auto& [name, _] : texts) known.push_back(name);
      throw UsageError(
          fmt::format("{}: there is no key {} here; there are: {}", where, key.str(), fmt::join(known, " ")));
    }
    if (!value.is_string()) throw UsageError(fmt::format("{}: {} must be a string", where, key.str()));
    *text->second = value.as_string()->get();
  }
}
constexpr auto nothing_else = [](std::string_view, const toml::node&) { return false; };

SourceChange read_change(const toml::table& table, const std::string& where) {
  SourceChange change;
  read_texts(table, {{"file", &change.file}, {"old", &change.old_text}, {"new", &change.new_text}}, where,
             nothing_else);
  if (change.file.empty() || change.old_text.empty())
    throw UsageError(fmt::format("{}: a change needs file, old and new", where));
  return change;
}

bool read_nested(Mutant& mutant, std::string_view key, const toml::node& value, const std::string& where) {
  if (key == "change" && mutant.kind == Mutant::implementation && value.is_array()) {
    for (const toml::node& one : *value.as_array()) {
      if (!one.is_table()) throw UsageError(fmt::format("{}: change must be an array of tables", where));
      mutant.changes.push_back(read_change(*one.as_table(), where));
    }
    return true;
  }
  if (key == "variables" && mutant.kind == Mutant::environment && value.is_table()) {
    for (const auto& [name, text] : *value.as_table())
      mutant.variables[std::string(name.str())] = text.value_or(std::string());
    return true;
  }
  return false;
}

void check(const Mutant& mutant, const std::string& where) {
  if (mutant.seen.empty() && mutant.why.empty())
    throw UsageError(fmt::format("{}: say where it was seen, or why it is plausible", where));
  if (mutant.kind == Mutant::implementation && mutant.changes.empty())
    throw UsageError(fmt::format("{}: it changes nothing", where));
  if (mutant.kind == Mutant::environment && mutant.target.empty())
    throw UsageError(fmt::format("{}: which target runs in it?", where));
  if (mutant.kind != Mutant::specification) return;
  try {
    mutants::Implementation(*model::find_profile("linux-6.18"), mutant.departure);
  } catch (const std::invalid_argument& error) {
    throw UsageError(fmt::format("{}: {}", where, error.what()));
  }
}

Mutant read_mutant(const toml::table& table, Mutant::Kind kind, const std::string& file) {
  Mutant mutant;
  mutant.kind = kind;
  const std::string where =
      fmt::format("{}: mutant {}", file, table["id"].value_or(std::string("without id")));
  Texts texts{{"id", &mutant.id},
              {"clause", &mutant.clause},
              {"seen", &mutant.seen},
              {"why", &mutant.why},
              {"equivalent", &mutant.equivalent}};
  if (kind == Mutant::specification)
    texts.insert({{"point", &mutant.departure.point},
                  {"call", &mutant.departure.call},
                  {"sees", &mutant.departure.sees},
                  {"then", &mutant.departure.then}});
  if (kind == Mutant::implementation) texts.insert({"test", &mutant.test});
  if (kind == Mutant::environment) texts.insert({{"target", &mutant.target}, {"command", &mutant.command}});
  read_texts(table, texts, where, [&](std::string_view key, const toml::node& value) {
    return read_nested(mutant, key, value, where);
  });
  if (mutant.id.empty()) throw UsageError(fmt::format("{}: it has no id", where));
  mutant.departure.clause = mutant.departure.then.empty() ? "" : mutant.clause;
  check(mutant, where);
  return mutant;
}

}  // namespace

const char* name(Mutant::Kind kind) {
  switch (kind) {
    case Mutant::specification: return "specification";
    case Mutant::implementation: return "implementation";
    case Mutant::environment: break;
  }
  return "environment";
}

std::vector<Mutant> read_mutants(const std::filesystem::path& folder) {
  std::vector<Mutant> mutants;
  std::set<std::string> ids;
  const auto clauses = read_catalogue(locations().catalogue);
  for (const Mutant::Kind kind : {Mutant::specification, Mutant::implementation, Mutant::environment}) {
    const std::filesystem::path file = folder / fmt::format("{}.toml", name(kind));
    const toml::table table = read_toml(file);
    const toml::array* entries = table["mutant"].as_array();
    if (entries == nullptr) throw UsageError(fmt::format("{}: there is no [[mutant]]", file.string()));
    for (const toml::node& entry : *entries) {
      if (!entry.is_table())
        throw UsageError(fmt::format("{}: mutant must be an array of tables", file.string()));
      Mutant mutant = read_mutant(*entry.as_table(), kind, file.string());
      if (!ids.insert(mutant.id).second)
        throw UsageError(fmt::format("{}: the id {} is there twice", file.string(), mutant.id));
      if (!mutant.clause.empty() && !clauses.contains(mutant.clause))
        throw UsageError(
            fmt::format("{}: mutant {}: there is no clause {}", file.string(), mutant.id, mutant.clause));
      mutants.push_back(std::move(mutant));
    }
  }
  return mutants;
}

}  // namespace svmq::runner
