// scan_rules CATALOGUE SOURCE_TREE FILE…: prints the table of rules.hpp.
//
// A clause is stated where a comment begins with its id and a dash, is else mentioned in a comment, or is
// used as a literal.
#include <cctype>
#include <fstream>
#include <iostream>
#include <map>
#include <string>
#include <vector>

namespace {

struct Found {
  std::string file;
  int line = 0;
  int weight = 0;  // how well this place states the clause
  bool given = false;
};

bool in_id(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-'; }

std::string trimmed(std::string id) {
  while (!id.empty() && (id.back() == '.' || id.back() == '-')) id.pop_back();
  return id;
}

void scan(const std::string& line, const std::string& file, int number,
          std::map<std::string, Found>& clauses) {
  for (std::size_t i = 0; i < line.size();) {
    if (!in_id(line[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < line.size() && in_id(line[end])) ++end;
    const std::string word = trimmed(line.substr(i, end - i));
    const auto clause = clauses.find(word);
    if (clause != clauses.end()) {
      const bool literal = i > 0 && line[i - 1] == '"' && end < line.size() && line[end] == '"';
      const bool head = line.compare(0, i, "// ") == 0 && line.compare(end, 2, ": ") == 0;
      const int weight = head ? 3 : !literal ? 2 : 1;
      clause->second.given |= literal;
      if (weight > clause->second.weight) clause->second = {file, number, weight, clause->second.given};
    }
    i = end;
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) return 2;
  std::map<std::string, Found> clauses;
  std::ifstream catalogue(argv[1]);
  const std::string open = "[clause.\"";
  for (std::string line; std::getline(catalogue, line);)
    if (line.rfind(open, 0) == 0)
      clauses[line.substr(open.size(), line.find('"', open.size()) - open.size())];
  const std::string root = std::string(argv[2]) + "/";
  for (int i = 3; i < argc; ++i) {
    std::ifstream source(root + argv[i]);
    if (!source) {
      std::cerr << root << argv[i] << ": cannot be read\n";
      return 1;
    }
    int number = 0;
    for (std::string line; std::getline(source, line);) scan(line, argv[i], ++number, clauses);
  }
  std::cout << "#include \"svmq/explore/rules.hpp\"\n\nnamespace svmq::model::explore {\n\nstatic constexpr "
               "Rule table[] = {\n";
  for (const auto& [id, found] : clauses)
    std::cout << "    {\"" << id << "\", \"" << found.file << "\", " << found.line << ", "
              << (found.given ? "true" : "false") << "},\n";
  std::cout
      << "};\n\nstd::span<const Rule> rules() { return table; }\n\n}  // namespace svmq::model::explore\n";
}
