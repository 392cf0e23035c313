// The scenarios of the corpus.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <vector>

#include "svmq/language/parse.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::judge {

inline std::vector<language::Scenario> corpus() {
  std::vector<language::Scenario> all;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(SVMQ_SOURCE_DIR "/conformance/corpus")) {
    if (entry.path().extension() != ".scenario") continue;
    std::ifstream in(entry.path());
    std::stringstream text;
    text << in.rdbuf();
    const auto parsed = language::parse_scenarios(text.str(), entry.path().string());
    if (const auto* error = std::get_if<language::ParseError>(&parsed))
      ADD_FAILURE() << error->message();
    else
      for (const auto& scenario : std::get<0>(parsed)) all.push_back(scenario);
  }
  return all;
}

}  // namespace svmq::judge
