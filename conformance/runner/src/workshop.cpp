#include "workshop.hpp"

#include <fmt/format.h>

#include <chrono>
#include <fstream>
#include <map>
#include <system_error>
#include <thread>

#include "child.hpp"
#include "conductor.hpp"
#include "interrupt.hpp"
#include "locations.hpp"
#include "scenario_source.hpp"

namespace svmq::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::minutes patience{10};  // for one build

std::size_t occurrences(const std::string& text, const std::string& part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

void write(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary);
  stream << text;
  stream.close();
  if (!stream) throw UsageError(fmt::format("{}: cannot be written", file.string()));
}

// The sources with the changes made, by file.
std::map<std::string, std::string> changed(const Mutant& mutant, const fs::path& sources) {
  std::map<std::string, std::string> texts;
  for (const SourceChange& change : mutant.changes) {
    std::string& text = texts.try_emplace(change.file, read_file(sources / change.file)).first->second;
    const std::size_t count = occurrences(text, change.old_text);
    if (count != 1)
      throw UsageError(fmt::format(
          "mutant {}: the text to change is {} times in {}, not once; it begins with: {}", mutant.id, count,
          (sources / change.file).string(), change.old_text.substr(0, change.old_text.find('\n'))));
    text.replace(text.find(change.old_text), change.old_text.size(), change.new_text);
  }
  return texts;
}

// What the tree has beside `impl/src` is the project's own.
void link_entries(const fs::path& from, const fs::path& to) {
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename();
    const bool own = name == "impl" || name == "src" || name == "build" || name.starts_with('.');
    if (!own && !fs::is_symlink(to / name)) fs::create_symlink(entry.path(), to / name);
  }
}

// Writes the sources with these changes made. Only what differs from the last build is written: the rest need
// not be compiled again.
void lay_out(const fs::path& from, const fs::path& to, const std::map<std::string, std::string>& texts) {
  for (const fs::directory_entry& entry : fs::directory_iterator(from)) {
    const std::string name = entry.path().filename();
    const auto text = texts.find(name);
    const std::string wanted = text != texts.end() ? text->second : read_file(entry.path());
    if (!fs::exists(to / name) || read_file(to / name) != wanted) write(to / name, wanted);
  }
}

}  // namespace

Workshop::Workshop(fs::path folder) : tree_(folder / "tree"), build_(folder / "build") {
  try {
    fs::create_directories(tree_ / "impl" / "src");
    link_entries(locations().source, tree_);
    link_entries(locations().source / "impl", tree_ / "impl");
    lay_out(locations().source / "impl" / "src", tree_ / "impl" / "src", {});
  } catch (const fs::filesystem_error& error) {
    throw UsageError(fmt::format("{}: no place to build libsvmq in: {}", folder.string(), error.what()));
  }
  cmake({"-S", tree_, "-B", build_, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_UNITY_BUILD=ON",
         "-DSVMQ_WERROR=OFF"});
}

void Workshop::build(const Mutant& mutant, const fs::path& into) {
  const std::lock_guard lock(mutex_);
  const fs::path sources = locations().source / "impl" / "src";
  lay_out(sources, tree_ / "impl" / "src", changed(mutant, sources));
  std::vector<std::string> arguments{"--build", build_, "--target", "svmq", "svmq-preload"};
  const std::string test = mutant.test.substr(0, mutant.test.find(' '));
  if (!test.empty()) arguments.push_back(test);
  cmake(arguments);
  fs::create_directories(into / "bin");
  fs::copy(build_ / "lib", into / "lib", fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  if (!test.empty()) fs::copy(build_ / "bin" / test, into / "bin" / test);
}

void Workshop::cmake(const std::vector<std::string>& arguments) {
  Program program{{"/usr/bin/env", "cmake"}, {{"CCACHE_NOHASHDIR", "1"}}};
  program.arguments.insert(program.arguments.end(), arguments.begin(), arguments.end());
  const Finished done = run_to_end(program, patience);
  if (interrupt::requested()) throw Interrupted();
  if (!done.death.empty())
    throw UsageError(
        fmt::format("cmake {} {}:\n{}{}", arguments.front(), done.death, done.output, done.errors));
}

}  // namespace svmq::runner
