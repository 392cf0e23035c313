#include "svmq/shrink/one_line.hpp"

#include "svmq/language/print.hpp"

namespace svmq::shrink {

std::string one_line(const language::Scenario& scenario) {
  language::Scenario bare = scenario;
  bare.title.clear();
  bare.clauses.clear();
  bare.seeds.clear();
  std::string line;
  bool quoted = false;
  const std::string text = language::print(bare);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\') {
      line += c;
      line += text[++i];
    } else if (quoted && c == ';') {
      line += "\\x3b";
    } else if (c == '\'') {
      line += "\\x27";
    } else if (c == '\n') {
      if (i > 0 && text[i - 1] != '\n') line += "; ";
    } else {
      line += c;
    }
  }
  while (line.ends_with(' ') || line.ends_with(';')) line.pop_back();
  return line;
}

std::string several_lines(std::string_view line) {
  std::string text(line);
  for (char& c : text)
    if (c == ';') c = '\n';
  return text + '\n';
}

}  // namespace svmq::shrink
