// What was measured: values by test, mechanism and parameter, one of each repetition.
//
// In a repetition every mechanism is measured next to the others, so a ratio is taken within a repetition,
// and the median of the ratios is what counts: the machine's mood changes slower than that.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace svmq::bench {

using Json = nlohmann::ordered_json;

struct Row {
  std::string test, mechanism;
  Json parameter;  // an object: {"size": 64, "cpus": 2}
  std::string unit;
  std::vector<double> values;  // one of each repetition
};

double quantile(std::vector<double> values, double q);

class Results {
 public:
  void add(const std::string& test, const std::string& mechanism, const Json& parameter,
           const std::string& unit, double value);
  // Adds rows "growth, TEST": how many times more it costs with the most messages, waiters or queues than
  // with few.
  void add_growth();
  // As bench/README.md has it. `context`: the machine and the command.
  Json json(const Json& context) const;

 private:
  const Row* find(const std::string& test, const std::string& mechanism, const Json& parameter) const;
  std::vector<Row> rows_;
};

// The tables, for a terminal or in Markdown, from the JSON of a run.
std::string tables(const Json& results, bool markdown);

}  // namespace svmq::bench
