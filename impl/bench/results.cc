#include "results.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace svmq::bench {
namespace {

// 1462 as "1460", 0.0169 as "0.0169", 1620000 as "1.62M".
std::string shown(double value) {
  if (!std::isfinite(value)) return "-";
  if (value >= 1e6) return fmt::format("{:.3g}M", value / 1e6);
  if (value >= 1e5) return fmt::format("{:.0f}k", value / 1e3);
  if (value >= 100) return fmt::format("{:.0f}", value);
  return fmt::format("{:.3g}", value);
}

std::string shown(const Json& parameter) {
  std::vector<std::string> words;
  for (const auto& [name, value] : parameter.items())
    words.push_back(fmt::format("{} {}", name, value.is_string() ? value.get<std::string>() : value.dump()));
  return fmt::format("{}", fmt::join(words, ", "));
}

// How often better than the kernel: times less of what costs, times more of what flows.
std::string gain(const Json& entry) {
  if (entry["ratio_to_kernel"].is_null() || entry["mechanism"] == "kernel") return "";
  double ratio = entry["ratio_to_kernel"];
  if (entry["unit"] != "messages/s" && ratio > 0) ratio = 1 / ratio;
  return fmt::format(" ({}x)", shown(ratio));
}

struct Table {
  std::string unit;
  std::vector<std::string> parameters, mechanisms;
  std::map<std::pair<std::string, std::string>, std::string> cells;
};

void note(std::vector<std::string>& list, const std::string& word) {
  if (std::ranges::find(list, word) == list.end()) list.push_back(word);
}

std::string print(const std::string& test, const Table& table, bool markdown) {
  std::vector<std::vector<std::string>> lines{{table.unit}};
  for (const std::string& mechanism : table.mechanisms) lines[0].push_back(mechanism);
  for (const std::string& parameter : table.parameters) {
    lines.push_back({parameter});
    for (const std::string& mechanism : table.mechanisms) {
      auto cell = table.cells.find({parameter, mechanism});
      lines.back().push_back(cell == table.cells.end() ? "" : cell->second);
    }
  }
  std::string text = markdown ? fmt::format("\n### {}\n\n", test) : fmt::format("\n{}\n", test);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (markdown) {
      text += fmt::format("| {} |\n", fmt::join(lines[i], " | "));
      if (i == 0)
        text += fmt::format("| --- |{}\n",
                            fmt::join(std::vector<std::string>(lines[0].size() - 1, " ---: |"), ""));
      continue;
    }
    text += fmt::format("  {:<44}", lines[i][0]);
    for (std::size_t j = 1; j < lines[i].size(); ++j) text += fmt::format(" {:>18}", lines[i][j]);
    text += "\n";
  }
  return text;
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return NAN;
  std::ranges::sort(values);
  double place = q * static_cast<double>(values.size() - 1);
  auto below = static_cast<std::size_t>(place);
  if (below + 1 >= values.size()) return values.back();
  return std::lerp(values[below], values[below + 1], place - static_cast<double>(below));
}

void Results::add(const std::string& test, const std::string& mechanism, const Json& parameter,
                  const std::string& unit, double value) {
  auto row = std::ranges::find_if(rows_, [&](const Row& known) {
    return known.test == test && known.mechanism == mechanism && known.parameter == parameter;
  });
  if (row == rows_.end()) row = rows_.insert(rows_.end(), {test, mechanism, parameter, unit, {}});
  row->values.push_back(value);
}

const Row* Results::find(const std::string& test, const std::string& mechanism, const Json& parameter) const {
  auto found = std::ranges::find_if(rows_, [&](const Row& row) {
    return row.test == test && row.mechanism == mechanism && row.parameter == parameter;
  });
  return found == rows_.end() ? nullptr : &*found;
}

void Results::add_growth() {
  constexpr std::pair<const char*, int> dimensions[] = {
      {"messages", 10}, {"waiters", 2}, {"senders", 1}, {"queues", 10}};
  std::vector<Row> measured = rows_;
  for (const Row& few : measured)
    for (auto [dimension, least] : dimensions) {
      if (few.unit != "ns" || few.parameter.value(dimension, 0) != least) continue;
      const Row* many = &few;
      for (const Row& other : measured) {
        Json alike = other.parameter;
        if (other.test != few.test || other.mechanism != few.mechanism || !alike.contains(dimension))
          continue;
        alike[dimension] = least;
        if (alike == few.parameter && other.parameter[dimension] > many->parameter[dimension]) many = &other;
      }
      if (many == &few) continue;
      Json parameter = few.parameter;
      parameter[dimension] = fmt::format("{} to {}", least, many->parameter[dimension].dump());
      for (std::size_t i = 0; i < few.values.size(); ++i)
        add("growth, " + few.test, few.mechanism, parameter, "times", many->values[i] / few.values[i]);
    }
}

Json Results::json(const Json& context) const {
  Json entries = Json::array();
  for (const Row& row : rows_) {
    std::vector<double> ratios;
    if (const Row* kernel = find(row.test, "kernel", row.parameter)) {
      for (std::size_t i = 0; i < std::min(row.values.size(), kernel->values.size()); ++i)
        if (kernel->values[i] > 0) ratios.push_back(row.values[i] / kernel->values[i]);
    }
    entries.push_back({{"test", row.test},
                       {"mechanism", row.mechanism},
                       {"parameter", row.parameter},
                       {"median", quantile(row.values, 0.5)},
                       {"unit", row.unit},
                       {"ratio_to_kernel", ratios.empty() ? Json() : Json(quantile(ratios, 0.5))},
                       {"quartiles", {quantile(row.values, 0.25), quantile(row.values, 0.75)}},
                       {"repetitions", row.values.size()}});
  }
  return {{"context", context}, {"benchmarks", entries}};
}

std::string tables(const Json& results, bool markdown) {
  std::vector<std::string> order;
  std::map<std::string, Table> by_test;
  for (const Json& entry : results.at("benchmarks")) {
    std::string test = entry.at("test"), parameter = shown(entry.at("parameter"));
    note(order, test);
    Table& table = by_test[test];
    table.unit = entry.at("unit");
    note(table.parameters, parameter);
    note(table.mechanisms, entry.at("mechanism"));
    table.cells[{parameter, entry.at("mechanism")}] = shown(entry.at("median").get<double>()) + gain(entry);
  }
  std::string text;
  for (const std::string& test : order) text += print(test, by_test[test], markdown);
  return text;
}

}  // namespace svmq::bench
