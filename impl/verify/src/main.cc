// svmq-verify: libsvmq under every schedule and every death, at small scope.
#include <fmt/format.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <span>
#include <stdexcept>
#include <thread>

#include "explore.h"
#include "svmq/language/print.hpp"

namespace {

using namespace svmq::verify;

constexpr std::size_t longest_replay = 200;

struct Arguments {
  std::string worlds = SVMQ_VERIFY_WORLDS;
  std::string library;
  std::vector<std::string> names;
  int preemptions = -1, deaths = -1;
  double seconds = 0;
  std::uint64_t random = 0, seed = 1;
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());
  bool quick = false, weak = false, strong = false, list = false, verbose = false;
  std::string replay, expected;
};

Budget bound_of(const Arguments& arguments, const World& world) {
  Budget bound = world.bounds;
  if (arguments.preemptions >= 0) bound.preemptions = arguments.preemptions;
  if (arguments.deaths >= 0) bound.deaths = arguments.deaths;
  return bound;
}

std::string replay_string(const World& world, const std::string& choices) {
  return fmt::format("{}/{}", world.scenario.name, choices);
}

void print_table(const Stage& stage, Machine& machine) {
  constexpr int width = 44;
  std::string head;
  for (int i = 0; i < machine.count(); ++i) head += fmt::format("{:<{}}", stage.name(i), width);
  fmt::print("{}\n", head);
  for (const Access& access : machine.trace)
    fmt::print("{}{}\n", std::string(static_cast<std::size_t>(access.process) * width, ' '), access.what);
}

// A fault is one only if its string leads to it again.
bool repeats(Stage& stage, Explorer& explorer, const Finding& finding, const std::string& string) {
  stage.forget_ends();
  Finding again = explorer.replay(finding.choices);
  if (again.fault == finding.fault && string.size() <= longest_replay) return true;
  fmt::print("  the replay string is no good: {}\n",
             string.size() > longest_replay ? "too long" : "it leads to " + again.fault);
  return false;
}

// Processes that may do something: the actors, and the conductor if the concurrent block has a step of it.
int acting(const World& world) {
  int count = static_cast<int>(world.scenario.actors.size());
  for (const auto& item : world.scenario.items)
    if (const auto* block = std::get_if<svmq::language::Concurrent>(&item))
      if (std::ranges::any_of(block->steps, [](const auto& step) { return step.actor.empty(); }))
        return count + 1;
  return count;
}

// The theorem of PCT (Burckhardt and others, 2010): one execution finds a fault that takes the right order of
// d choices among k, of n processes, with a probability of at least 1 / (n k^(d-1)). That one of n dies at
// the right choice takes another 1 / (n k).
void print_guarantee(const World& world, Budget bound, const Explorer& explorer) {
  const Lots& lots = explorer.lots();
  if (world.weak) return fmt::print("  where loads may return older values, no probability is guaranteed\n");
  double n = acting(world), k = lots.choices;
  double odds = n * std::pow(k, bound.preemptions) * std::pow(n * k, bound.deaths);
  fmt::print(
      "  a fault of depth {} and {} deaths is found by an execution with a probability of at least 1/{:.0f} "
      "({} "
      "processes, {} choices)\n",
      bound.preemptions + 1, bound.deaths, odds, n, k);
  if (lots.too_long > 0) fmt::print("  but {} executions had more choices\n", lots.too_long);
}

// Breadth by bound: the smallest execution with a fault is found first, and `bound` is then where.
Finding exhaust(Explorer& explorer, Budget most, const Arguments& arguments, Budget& bound) {
  Finding finding;
  for (int sum = 0; sum <= most.preemptions + most.deaths; ++sum) {
    for (int deaths = 0; deaths <= std::min(sum, most.deaths); ++deaths) {
      bound = {sum - deaths, deaths};
      if (bound.preemptions > most.preemptions) continue;
      bool last = bound.preemptions == most.preemptions && bound.deaths == most.deaths;
      if (arguments.quick && !arguments.verbose && !last && sum > 0) continue;
      finding = explorer.exhaust(bound, arguments.seconds);
      const Count& count = explorer.count();
      if (arguments.verbose)
        fmt::print(
            "    {} preemptions, {} deaths: {} executions and {} cut short, {} states, {:.2f} s so far\n",
            bound.preemptions, bound.deaths, count.executions, count.cut, count.states,
            explorer.effort().seconds);
      if (!finding.fault.empty()) return finding;
    }
  }
  return finding;
}

// The library as it is, within the bound in which another one has shown a fault, or by the same lots. By a
// program of its own: no more copies can be loaded into this one.
bool is_sound(const World& world, Budget bound, const Arguments& arguments) {
  std::vector<std::string> words = {"svmq-verify",
                                    world.scenario.name,
                                    "--quick",
                                    "--worlds",
                                    arguments.worlds,
                                    "--preemptions",
                                    std::to_string(bound.preemptions),
                                    "--deaths",
                                    std::to_string(bound.deaths),
                                    world.weak ? "--weak" : "--strong"};
  if (arguments.random > 0)
    words.insert(words.end(),
                 {"--random", std::to_string(arguments.random), "--seed", std::to_string(arguments.seed)});
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  fmt::print("  the library without it:\n");
  fflush(stdout);
  pid_t process;
  int status;
  if (posix_spawn(&process, "/proc/self/exe", nullptr, nullptr, pointers.data(), environ) != 0 ||
      waitpid(process, &status, 0) != process)
    throw std::runtime_error("no process can be made");
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

// Is it the fault that was expected, and is it the library's: not there in the one without it?
bool is_expected(const World& world, const Finding& finding, Budget bound, const Arguments& arguments) {
  if (finding.fault.find(arguments.expected) == std::string::npos) {
    fmt::print("  not the fault that was expected: {}\n", arguments.expected);
    return false;
  }
  return arguments.library == SVMQ_VERIFY_LIBRARY || is_sound(world, bound, arguments);
}

// What an exploration comes to.
struct Tally {
  Count count;
  Effort effort;
  std::size_t ends = 0, histories = 0;
};

void print_line(const std::string& name, const std::string& bounds, const Tally& tally, const char* note) {
  fmt::print(
      "{:<28} {:<5} {:>10} executions {:>9} cut short {:>9} states {:>7} ends {:>6} histories {:>8.2f} s "
      "{:>8.0f}/s{}\n",
      name, bounds, tally.count.executions, tally.count.cut, tally.count.states, tally.ends, tally.histories,
      tally.effort.seconds,
      static_cast<double>(tally.effort.executions) / std::max(tally.effort.seconds, 1e-9), note);
}

// The exit status.
int explore(const World& world, const Arguments& arguments, Tally& tally) {
  Stage stage(world, arguments.library);
  Budget most = bound_of(arguments, world);
  Explorer explorer(stage);
  bool random = arguments.random > 0;
  Budget bound = most;
  Finding finding = random ? explorer.random(most, arguments.random, arguments.seed)
                           : exhaust(explorer, most, arguments, bound);
  bool found = !finding.fault.empty(), complete = random || explorer.complete();
  tally = {explorer.count(), explorer.effort(), stage.ends(), stage.histories()};
  print_line(world.scenario.name, fmt::format("{}p {}d", most.preemptions, most.deaths), tally,
             found      ? "  FAULT"
             : random   ? "  (at random)"
             : complete ? ""
                        : "  not all: time is up");
  if (random) print_guarantee(world, most, explorer);
  bool expected = !arguments.expected.empty();
  if (!found) return expected ? 1 : complete ? 0 : 3;
  std::string string = replay_string(world, finding.choices);
  fmt::print("  fault: {}\n  replay: {}\n", finding.fault, string);
  bool good =
      repeats(stage, explorer, finding, string) && expected && is_expected(world, finding, bound, arguments);
  return good ? 0 : 1;
}

const World& find(const std::vector<World>& worlds, const std::string& name) {
  for (const World& world : worlds)
    if (world.scenario.name == name) return world;
  throw std::runtime_error("there is no world " + name + "; --list shows them");
}

int replay(const std::vector<World>& worlds, const Arguments& arguments) {
  auto slash = arguments.replay.find('/');
  if (slash == std::string::npos) throw std::runtime_error("a replay string is WORLD/CHOICES");
  const World& world = find(worlds, arguments.replay.substr(0, slash));
  Stage stage(world, arguments.library);
  stage.machine().tracing = true;
  Finding finding = Explorer(stage).replay(arguments.replay.substr(slash + 1));
  print_table(stage, stage.machine());
  fmt::print("\n{}", svmq::language::print(stage.history()));
  fmt::print("\n{}\n", finding.fault.empty() ? "no fault" : "fault: " + finding.fault);
  return finding.fault.empty() ? 0 : 1;
}

// A world in a process of its own: the copies of the library cannot be unloaded.
struct Exploration {
  const World* world;
  pid_t process;
  FILE* output;
};

Exploration begin(const World& world, const Arguments& arguments, Tally& tally) {
  Exploration begun{&world, 0, tmpfile()};
  if (begun.output == nullptr) throw std::runtime_error("no temporary file can be made");
  fflush(stdout);
  begun.process = fork();
  if (begun.process < 0) throw std::runtime_error("no process can be made");
  if (begun.process != 0) return begun;
  dup2(fileno(begun.output), STDOUT_FILENO);
  int result = 2;
  try {
    result = explore(world, arguments, tally);
  } catch (const std::exception& error) {
    fmt::print(stderr, "svmq-verify: {}: {}\n", world.scenario.name, error.what());
  }
  fflush(stdout);
  _exit(result);
}

// What it has printed; its exit status.
int end(const Exploration& ended, int status) {
  rewind(ended.output);
  char line[4096];
  while (fgets(line, sizeof line, ended.output) != nullptr) fputs(line, stdout);
  fclose(ended.output);
  fflush(stdout);
  if (WIFEXITED(status) && (WEXITSTATUS(status) <= 1 || WEXITSTATUS(status) == 3)) return WEXITSTATUS(status);
  fmt::print(stderr, "svmq-verify: {} could not be explored{}\n", ended.world->scenario.name,
             WIFSIGNALED(status) ? fmt::format(": signal {}", WTERMSIG(status)) : "");
  return 2;
}

// Of worlds explored in other processes: in memory that is shared with them.
std::span<Tally> shared_tallies(std::size_t count) {
  void* memory =
      mmap(nullptr, count * sizeof(Tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no memory can be shared");
  return {static_cast<Tally*>(memory), count};
}

Tally sum(std::span<const Tally> tallies) {
  Tally all;
  for (const Tally& one : tallies) {
    all.count.executions += one.count.executions;
    all.count.cut += one.count.cut;
    all.count.states += one.count.states;
    all.effort.executions += one.effort.executions;
    all.effort.seconds += one.effort.seconds;
    all.ends += one.ends;
    all.histories += one.histories;
  }
  return all;
}

int explore_all(const std::vector<const World*>& worlds, const Arguments& arguments) {
  std::span<Tally> tallies = shared_tallies(worlds.size());
  std::vector<Exploration> running;
  std::set<int> results;
  for (std::size_t next = 0; next < worlds.size() || !running.empty();) {
    if (next < worlds.size() && running.size() < arguments.jobs) {
      running.push_back(begin(*worlds[next], arguments, tallies[next]));
      ++next;
      continue;
    }
    int status = 0;
    pid_t process = waitpid(-1, &status, 0);
    auto ended = std::ranges::find(running, process, &Exploration::process);
    if (ended == running.end()) throw std::runtime_error("an exploration is lost");
    results.insert(end(*ended, status));
    running.erase(ended);
  }
  // A fault weighs most.
  int result = results.contains(1) ? 1 : results.contains(2) ? 2 : results.contains(3) ? 3 : 0;
  print_line("together", "", sum(tallies), "");
  fmt::print("{} worlds: {}\n", worlds.size(),
             result == 0   ? "no fault"
             : result == 1 ? "FAULT"
             : result == 2 ? "not all could be explored"
                           : "no fault, but time was up");
  return result;
}

int run(const Arguments& arguments) {
  std::vector<World> worlds = load_worlds(arguments.worlds);
  for (World& world : worlds) world.weak = (world.weak || arguments.weak) && !arguments.strong;
  if (!arguments.replay.empty()) return replay(worlds, arguments);
  std::vector<const World*> chosen;
  for (const World& world : worlds)
    if ((arguments.names.empty() && (!arguments.quick || world.quick))) chosen.push_back(&world);
  for (const std::string& name : arguments.names) chosen.push_back(&find(worlds, name));
  if (arguments.list) {
    for (const World* world : chosen) {
      Budget bound = bound_of(arguments, *world);
      fmt::print("{:<28} {}p {}d  {}\n", world->scenario.name, bound.preemptions, bound.deaths,
                 world->scenario.title);
    }
    return 0;
  }
  if (chosen.empty()) {
    fmt::print(stderr, "svmq-verify: no worlds in {}\n", arguments.worlds);
    return 3;
  }
  Tally tally;
  if (chosen.size() == 1) return explore(*chosen.front(), arguments, tally);
  return explore_all(chosen, arguments);
}

}  // namespace

int main(int count, char** words) {
  CLI::App app{
      "Runs libsvmq's own code under a scheduler that decides, at each access to shared memory, who goes "
      "next and who dies.\n"
      "Without names: all worlds, each exhausted within its bounds. Exit status: 0 no fault, 1 a fault, 2 "
      "usage or\n"
      "environment, 3 nothing executed, or time was up before all was."};
  Arguments arguments;
  arguments.library = SVMQ_VERIFY_LIBRARY;
  app.add_option("world", arguments.names, "worlds to explore");
  app.add_option("--worlds", arguments.worlds, "file or directory of worlds")->capture_default_str();
  app.add_option("--library", arguments.library, "the library under verification")->capture_default_str();
  app.add_option("--preemptions", arguments.preemptions, "bound on preemptions instead of the world's")
      ->check(CLI::Range(0, 99));
  app.add_option("--deaths", arguments.deaths, "bound on deaths instead of the world's")
      ->check(CLI::Range(0, 99));
  app.add_option("--seconds", arguments.seconds, "give up on a bound after so long (CPU time)")
      ->check(CLI::PositiveNumber);
  app.add_option("--random", arguments.random, "so many executions at random (PCT) instead of all");
  app.add_option("--seed", arguments.seed, "of --random")->capture_default_str();
  app.add_option("--replay", arguments.replay, "print one execution as a table: WORLD/CHOICES");
  app.add_option("--jobs,-j", arguments.jobs, "worlds at a time")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app.add_flag("--quick", arguments.quick,
               "only the worlds of the fixed subset, and of the bounds only the smallest and the largest");
  auto* weak = app.add_flag("--weak", arguments.weak, "loads may return older values in all worlds");
  app.add_flag("--strong", arguments.strong, "loads return the latest value in all worlds")->excludes(weak);
  app.add_option("--expect-fault", arguments.expected,
                 "exit status 0 if the first fault found has this text in its description, can be replayed, "
                 "and is not there in the library as it is, which is explored likewise; else 1")
      ->type_name("TEXT")
      ->check([](const std::string& text) {
        return text.empty() ? "the text is empty: any fault would have it" : "";
      });
  app.add_flag("--list", arguments.list, "list the worlds");
  app.add_flag("--verbose", arguments.verbose, "a line for each bound");
  try {
    app.parse(count, words);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  int result = 2;
  try {
    result = run(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "svmq-verify: {}\n", error.what());
  }
  fflush(stdout);
  _exit(result);  // the copies of the library are not to clean up: there is no machine for them any more
}
