// The judge against brute force, in both directions: it must accept every history that the model can produce,
// and refuse every other one. Prints how many were compared; the exit status is 1 if judge and brute force
// ever disagree.
//
// Of small scenarios every history is produced; a changed one is right if it is one of them. Of larger ones
// some are produced by chance, and a search with backtracking says whether a changed one is right.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <set>

#include "svmq/judge/execute.hpp"
#include "svmq/judge/judge.hpp"
#include "svmq/judge/outcomes.hpp"
#include "svmq/language/print.hpp"
#include "tests/small_histories.h"

namespace svmq::judge {
namespace {

using language::History;
using language::Scenario;

struct Count {
  std::uint64_t scenarios = 0, produced = 0, changed = 0, wrong_of_changed = 0, undecided = 0,
                disagreements = 0;
};

class Comparison {
 public:
  explicit Comparison(const model::Profile& profile) : profile_(profile) {}

  void small(const Scenario& scenario) {
    ++count_.scenarios;
    std::set<std::string> right;
    std::vector<History> all;
    histories(scenario, profile_, [&](const History& history) {
      right.insert(print(history));
      all.push_back(history);
      return true;
    });
    std::set<std::string> done;
    for (const History& history : all) {
      ++count_.produced;
      compare(history, true);
      for (const History& other : changed(history, scenario.items.size() - 1)) {
        std::string text = print(other);
        if (!done.insert(text).second) continue;
        ++count_.changed;
        compare(other, right.contains(text));
      }
    }
  }

  void larger(const Scenario& scenario, std::uint64_t seed) {
    ++count_.scenarios;
    const History history = execute(scenario, profile_, seed);
    ++count_.produced;
    compare(history, true);
    const std::vector<History> others = changed(history, scenario.items.size() - 1);
    for (std::size_t i = 0; i < others.size(); i += 1 + seed % 7) {
      const std::optional<bool> right = producible(scenario, profile_, others[i], 20'000);
      if (!right) {
        ++count_.undecided;
        continue;
      }
      ++count_.changed;
      compare(others[i], *right);
    }
  }

  const Count& count() const { return count_; }

 private:
  void compare(const History& history, bool right) {
    const Verdict verdict = judge(history, profile_).verdict;
    if (!right) ++count_.wrong_of_changed;
    if (verdict == Verdict::unknown) {
      ++count_.undecided;
      return;
    }
    if ((verdict == Verdict::conform) == right) return;
    if (++count_.disagreements <= 5)
      fmt::print("the judge says {}, brute force that the model {} produce this:\n{}\n", name(verdict),
                 right ? "can" : "cannot", print(history));
  }

  const model::Profile& profile_;
  Count count_;
};

}  // namespace
}  // namespace svmq::judge

int main(int argc, char** argv) {
  using namespace svmq;
  CLI::App app("The judge against brute force: build/bin/judge_brute_force --calls 5 --random 100000");
  std::size_t calls = 3;
  std::uint64_t random = 5000, seed = 1;
  std::string profile = "linux-6.18";
  app.add_option("--calls", calls, "Every history of so many calls")->capture_default_str();
  app.add_option("--random", random, "And at least so many histories of random larger scenarios")
      ->capture_default_str();
  app.add_option("--seed", seed, "Of the random ones")->capture_default_str();
  app.add_option("--profile", profile, "Of the model")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto began = std::chrono::steady_clock::now();
  judge::Comparison comparison(*model::find_profile(profile));
  for (std::size_t n = 1; n <= calls; ++n)
    for (const auto& alphabet : judge::alphabets)
      judge::each_scenario(alphabet, n,
                           [&](const language::Scenario& scenario) { comparison.small(scenario); });
  std::mt19937_64 numbers(seed);
  const judge::Count& c = comparison.count();
  for (const std::uint64_t small = c.produced + c.changed; c.produced + c.changed < small + random;) {
    const language::Scenario scenario = judge::random_scenario(numbers);
    comparison.larger(scenario, numbers());
  }
  fmt::print(
      "{} scenarios, {} histories of the model, {} changed ones of which {} are wrong; {} undecided; {} "
      "disagreements ({:.1f} s)\n",
      c.scenarios, c.produced, c.changed, c.wrong_of_changed, c.undecided, c.disagreements,
      std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return c.disagreements == 0 ? 0 : 1;
}
