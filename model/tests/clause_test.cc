// Every clause id that the model uses stands in the catalogue.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <toml++/toml.h>

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string text;
  for (std::string line; std::getline(in, line); text += line + '\n')
    if (line.starts_with("#include")) line.clear();
  return text;
}

// Turns red for a misspelt id, in a rule or in the catalogue.
TEST(Clauses, UsedOnesAreInTheCatalogue) {
  const std::filesystem::path model = std::filesystem::path(SVMQ_SOURCE_DIR) / "model";
  const toml::table catalogue = toml::parse_file((model / "clauses.toml").string());
  const toml::table& clauses = *catalogue["clause"].as_table();
  const std::regex id("\"((?:gen|lim|id|perm|msgget|msgsnd|msgrcv|msgctl|wait|ftok|proc|compat|libc)\\.[A-Za-z0-9.-]+)\"");
  std::size_t used = 0;
  for (const auto& entry : std::filesystem::directory_iterator(model / "src")) {
    const std::string text = read(entry.path());
    for (std::sregex_iterator match(text.begin(), text.end(), id), end; match != end; ++match, ++used)
      EXPECT_TRUE(clauses.contains((*match)[1].str())) << (*match)[1] << " in " << entry.path();
  }
  EXPECT_GT(used, 150u);
  EXPECT_GE(clauses.size(), 232u);
}

}  // namespace
