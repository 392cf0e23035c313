// The catalogue and the rules belong together: what is catalogued is used or says why not.
#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "svmq/model/profile.hpp"
#include "svmq/model/types.hpp"

namespace {

using svmq::model::clause_ids;

const std::filesystem::path model = std::filesystem::path(SVMQ_SOURCE_DIR) / "model";

const toml::table& catalogue() {
  static const toml::table document = toml::parse_file((model / "clauses.toml").string());
  return *document["clause"].as_table();
}

// The program text of a file: without comments and #include lines.
std::string code(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::string text;
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with("#include")) text += line.substr(0, line.find("// ")) + '\n';
  return text;
}

std::vector<std::filesystem::path> rules() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(model / "src"))
    if (entry.is_regular_file() && entry.path().filename() != "profiles.cpp") files.push_back(entry.path());
  return files;
}

std::set<std::string> used() {
  const std::regex id(
      "\"((?:gen|lim|id|perm|msgget|msgsnd|msgrcv|msgctl|wait|ftok|proc|compat|libc)\\.[A-Za-z0-9._-]+)\"");
  std::set<std::string> ids;
  for (const auto& path : rules()) {
    const std::string text = code(path);
    for (std::sregex_iterator match(text.begin(), text.end(), id), end; match != end; ++match)
      ids.insert((*match)[1]);
  }
  return ids;
}

// Turns red for a clause that the build has not seen. (A rule that names one that is not there does not
// compile.)
TEST(Clauses, TheProgramHasThoseOfTheCatalogue) {
  std::set<std::string> ids;
  for (const auto& [id, clause] : catalogue()) ids.emplace(id.str());
  EXPECT_EQ(ids, std::set<std::string>(std::begin(clause_ids), std::end(clause_ids)));
}

// Turns red for a clause that the README sends its reader to, and that is not there.
TEST(Clauses, ThoseOfTheReadmeAreInTheCatalogue) {
  std::ifstream in(model / "README.md");
  const std::string text(std::istreambuf_iterator<char>(in), {});
  const std::regex id("`((?:perm|msgget|msgsnd|msgrcv|msgctl|wait|ftok)\\.[A-Za-z0-9.]+)`");
  std::size_t seen = 0;
  for (std::sregex_iterator match(text.begin(), text.end(), id), end; match != end; ++match, ++seen)
    EXPECT_TRUE(catalogue().contains((*match)[1].str())) << (*match)[1];
  EXPECT_GT(seen, 20u);
}

// Turns red for a clause that no rule implements, and for a rule that was deleted.
TEST(Clauses, CataloguedOnesAreUsedOrSayWhyNot) {
  const std::set<std::string> ids = used();
  EXPECT_GE(catalogue().size(), 232u);
  for (const auto& [id, clause] : catalogue())
    EXPECT_TRUE(ids.contains(std::string(id.str())) || clause.as_table()->contains("unobservable"))
        << id.str() << " has no rule";
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Comments of whole lines, each as one text.
std::vector<std::string> comments() {
  std::vector<std::string> all;
  for (const auto& path : rules()) {
    std::istringstream in(text_of(path));
    std::string block;
    for (std::string line; std::getline(in, line);) {
      const std::size_t at = line.find_first_not_of(' ');
      const bool comment = at != std::string::npos && line.compare(at, 3, "// ") == 0;
      if (comment) block += line.substr(at) + '\n';
      if (comment || block.empty()) continue;
      all.push_back(std::exchange(block, {}));
    }
  }
  return all;
}

// A heading: a line of a comment that begins with the id and a colon.
std::vector<std::string> headed(const std::string& comment) {
  static const std::regex heading("// ([a-z]+\\.[A-Za-z0-9._-]+): ");
  std::vector<std::string> ids;
  for (std::sregex_iterator match(comment.begin(), comment.end(), heading), end; match != end; ++match)
    ids.push_back((*match)[1]);
  return ids;
}

// Turns red for a clause that a reader looks for in vain, or finds stated in two places.
TEST(Rules, EachClauseHasOneHeading) {
  std::map<std::string, int> headings;
  for (const std::string& comment : comments())
    for (const std::string& id : headed(comment)) ++headings[id];
  const std::set<std::string> ids = used();
  for (const std::string& id : ids) EXPECT_EQ(headings[id], 1) << id;
  for (const auto& [id, count] : headings)
    EXPECT_TRUE(ids.contains(id)) << id << " is headed, and never given";
}

// Turns red for a rule that does not say from where it is.
TEST(Rules, EachHeadingNamesASource) {
  const std::regex source("POSIX|Linux|glibc");
  for (const std::string& comment : comments()) {
    if (headed(comment).empty()) continue;
    EXPECT_TRUE(std::regex_search(comment, source)) << comment;
  }
}

// Turns red for a rule that has grown beyond what one reads at a glance.
TEST(Rules, AreSmall) {
  constexpr int most = 36;  // lines
  for (const auto& path : rules()) {
    std::istringstream in(text_of(path));
    std::string opened;
    int lines = 0;
    for (std::string line; std::getline(in, line); ++lines) {
      if (!line.empty() && line.ends_with('{') &&
          std::string_view(" }/#").find(line[0]) == std::string_view::npos)
        opened = line, lines = 0;
      if (line != "}") continue;
      EXPECT_LE(lines, most) << opened << " in " << path;
    }
  }
}

bool is_condition(const std::string& condition) {
  const std::size_t equals = condition.find('=');
  for (std::size_t from = equals + 1; equals != std::string::npos;) {
    const std::size_t bar = condition.find('|', from);
    if (!svmq::model::varied(*svmq::model::find_profile("posix"),
                             condition.substr(0, equals) + "=" + condition.substr(from, bar - from)))
      return false;
    if (bar == std::string::npos) return true;
    from = bar + 1;
  }
  return false;
}

// Turns red for a clause without a source, a statement of two sentences, a level or variation that there is
// not.
TEST(Clauses, EachIsComplete) {
  const std::set<std::string> levels{"required", "latitude", "silent", "extension", "deviation"};
  for (const auto& [id, node] : catalogue()) {
    const toml::table& clause = *node.as_table();
    EXPECT_TRUE(levels.contains(clause["level"].value_or(""))) << id.str();
    EXPECT_NE(std::string(clause["call"].value_or("")), "") << id.str();
    EXPECT_TRUE(clause["sources"].is_array() && !clause["sources"].as_array()->empty()) << id.str();
    EXPECT_NE(clause.contains("observed"), clause.contains("unobservable")) << id.str();
    const std::string statement = clause["statement"].value_or("");
    EXPECT_TRUE(statement.ends_with('.') && statement.find(". ") == std::string::npos)
        << id.str() << ": " << statement;
    const toml::array* where = clause["where"].as_array();
    for (std::size_t i = 0; where && i < where->size(); ++i)
      EXPECT_TRUE(is_condition((*where)[i].value_or(std::string())))
          << id.str() << ": " << (*where)[i].value_or("");
  }
}

// Turns red for `if (system == …)`, however it is written: a rule asks for a variation point.
TEST(Rules, NeverNameASystem) {
  const std::regex system(
      "linux|posix|bsd|xnu|darwin|macos|illumos|solaris|gvisor|cygwin|dragonfly|qemu|profile\\.(name|summary)"
      "\\b",
      std::regex::icase);
  std::vector<std::filesystem::path> paths = rules();
  for (const auto& entry : std::filesystem::directory_iterator(model / "explore" / "src"))
    paths.push_back(entry.path());
  for (const auto& path : paths) {
    const std::string text = code(path);
    std::smatch found;
    EXPECT_FALSE(std::regex_search(text, found, system)) << found.str() << " in " << path;
  }
}

}  // namespace
