#include "explore.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <random>
#include <span>
#include <stdexcept>
#include <string_view>

namespace svmq::verify {
namespace {

constexpr Budget unbounded{1 << 20, 1 << 20};

double now() {
  timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// States that have been gone on from, each with the preemptions that were left.
class Visited {
 public:
  // False: known, with at least as many left.
  bool add(std::uint64_t key, int left) {
    if (used_ * 2 >= slots_.size()) grow();
    key |= 1;  // 0 is an empty slot
    for (std::size_t at = key >> 20;; ++at) {
      Slot& slot = slots_[at & (slots_.size() - 1)];
      if (slot.key == key) {
        if (slot.left >= left) return false;
        slot.left = left;
        return true;
      }
      if (slot.key != 0) continue;
      slot = {key, left};
      ++used_;
      return true;
    }
  }
  std::size_t size() const { return used_; }

 private:
  struct Slot {
    std::uint64_t key;
    int left;
  };
  void grow() {
    std::vector<Slot> before = std::move(slots_);
    slots_.assign(std::max<std::size_t>(1 << 14, before.size() * 2), {0, 0});
    for (const Slot& slot : before) {
      if (slot.key == 0) continue;
      std::size_t at = slot.key >> 20;
      while (slots_[at & (slots_.size() - 1)].key != 0) ++at;
      slots_[at & (slots_.size() - 1)] = slot;
    }
  }
  std::vector<Slot> slots_;
  std::size_t used_ = 0;
};

struct Branch {
  std::uint64_t mark;
  std::uint32_t step;
  Options options;
  int taken;
};

// Depth first: goes along the path, and beyond its end takes the first option of each choice.
class DepthFirst final : public Chooser {
 public:
  void restart() {
    depth_ = 0;
    skip();
  }
  bool at_end() const { return depth_ == path.size(); }
  Option choose(Machine& machine, const Options& options) override {
    if (depth_ < path.size()) {
      const Branch& branch = path[depth_++];
      if (branch.mark != machine.mark() || branch.options.count != options.count) {
        machine.failure = "not deterministic: the same choices led to another state, at choice " +
                          std::to_string(depth_ - 1);
        return cut;
      }
      skip();
      return branch.options.all[static_cast<std::size_t>(branch.taken)];
    }
    // A choice of deaths alone belongs to the state of the choice before it.
    if (!options.deaths_alone && !visited.add(machine.key(), machine.left().preemptions)) return cut;
    path.push_back({machine.mark(), machine.step(), options, 0});
    ++depth_;
    return options.all[0];
  }
  // On to the next path; false: there is none.
  bool advance() {
    while (!path.empty() && path.back().taken + 1 == path.back().options.count) path.pop_back();
    if (path.empty()) return false;
    ++path.back().taken;
    return true;
  }
  std::vector<std::pair<std::uint32_t, Option>> choices() const {
    std::vector<std::pair<std::uint32_t, Option>> found;
    for (std::size_t i = 0; i < path.size(); ++i) {
      if (path[i].taken != 0)
        found.emplace_back(path[i].step, path[i].options.all[static_cast<std::size_t>(path[i].taken)]);
    }
    return found;
  }

  std::vector<Branch> path;
  Visited visited;

 private:
  // To the next choice that the execution does not just pass by; all of its step.
  void skip() {
    std::size_t next = depth_;
    while (next + 1 < path.size() && path[next].taken == 0 && path[next].options.passes) ++next;
    next_choice = next < path.size() ? path[next].step : 0;
    while (next > depth_ && path[next - 1].step == next_choice) --next;
    depth_ = next;
  }

  std::size_t depth_ = 0;
};

class Replay final : public Chooser {
 public:
  explicit Replay(std::vector<std::pair<std::uint32_t, Option>> choices) : choices_(std::move(choices)) {
    everywhere = true;
  }
  Option choose(Machine& machine, const Options& options) override {
    std::uint32_t here = machine.step();
    if (next_ == choices_.size() || choices_[next_].first > here) return options.all[0];
    auto [step, wanted] = choices_[next_];
    if (step < here) {
      misfit = fmt::format("the choice at step {} cannot be made", step);
      return cut;
    }
    // There may be another choice at this step.
    const auto* end = options.all.begin() + options.count;
    if (std::find(options.all.begin(), end, wanted) == end) return options.all[0];
    ++next_;
    return wanted;
  }
  bool used_up() const { return next_ == choices_.size(); }
  std::string misfit;  // why the execution was given up

 private:
  std::vector<std::pair<std::uint32_t, Option>> choices_;
  std::size_t next_ = 0;
};

// PCT (Burckhardt and others, 2010): the process of the highest priority goes on. Moment i, drawn beforehand,
// gives the process that comes to it priority i, below all that were drawn for a start. Deaths likewise.
class Priorities final : public Chooser {
 public:
  Priorities(std::uint64_t seed, int changes, int deaths, std::uint32_t length) : lots_(seed) {
    for (int i = 0; i < most_processes; ++i) priority_[i] = changes + i;
    std::shuffle(std::begin(priority_), std::end(priority_), lots_);
    for (int i = 0; i < changes; ++i) moments_.push_back(static_cast<std::uint32_t>(lots_() % length));
    for (int i = 0; i < deaths; ++i) deaths_.push_back(static_cast<std::uint32_t>(lots_() % length));
    std::ranges::sort(deaths_);
  }
  Option choose(Machine& machine, const Options& options) override {
    std::uint32_t here = at_++;
    for (std::size_t i = 0; i < moments_.size(); ++i)
      if (moments_[i] == here && machine.current() >= 0) priority_[machine.current()] = static_cast<int>(i);
    std::vector<Option> living, dying, old;
    for (Option option : std::span(options.all).first(static_cast<std::size_t>(options.count)))
      ((option & older) != 0 ? old : (option & death) != 0 ? dying : living).push_back(option);
    Option chosen;
    if (!dying.empty() && died_ < deaths_.size() && deaths_[died_] <= here) {
      ++died_;
      chosen = dying[lots_() % dying.size()];
    } else if (!old.empty() && lots_() % 8 == 0) {
      chosen = old[lots_() % old.size()];
    } else {
      chosen = std::ranges::max(living, {}, [&](Option option) { return priority_[option]; });
    }
    if (chosen != options.all[0]) choices.emplace_back(machine.step(), chosen);
    return chosen;
  }
  std::uint32_t length() const { return at_; }
  std::vector<std::pair<std::uint32_t, Option>> choices;

 private:
  std::mt19937_64 lots_;
  int priority_[most_processes];
  std::vector<std::uint32_t> moments_, deaths_;
  std::size_t died_ = 0;
  std::uint32_t at_ = 0;
};

// The i-th execution of a seed is not that of another seed, too.
constexpr std::uint64_t lot(std::uint64_t seed, std::uint64_t i) { return mix(mix(0, seed), i); }
static_assert(lot(1, 1) != lot(2, 0) && lot(1, 0) != lot(0, 1));

// A number and what is chosen at that step: "17B", "53xA", "60a".
std::pair<std::uint32_t, Option> parse_choice(std::string_view text) {
  std::pair<std::uint32_t, Option> choice;
  const char* end = text.data() + text.size();
  auto [what, error] = std::from_chars(text.data(), end, choice.first);
  std::string_view rest(what, end);
  auto within = [](char letter, char first, int count) { return letter >= first && letter < first + count; };
  if (error == std::errc{} && rest.size() == 1 && within(rest[0], 'A', most_processes)) {
    choice.second = static_cast<Option>(rest[0] - 'A');
  } else if (error == std::errc{} && rest.size() == 2 && rest[0] == 'x' &&
             within(rest[1], 'A', most_processes)) {
    choice.second = static_cast<Option>(death | (rest[1] - 'A'));
  } else if (error == std::errc{} && rest.size() == 1 && within(rest[0], 'a', most_older)) {
    choice.second = static_cast<Option>(older | (rest[0] - 'a' + 1));
  } else {
    throw std::runtime_error(
        fmt::format("\"{}\" is no choice: expected a step and a process that goes on (17B), one that is "
                    "killed (53xA) or how old "
                    "a value is loaded (60a)",
                    text));
  }
  return choice;
}

std::vector<std::pair<std::uint32_t, Option>> parse_choices(std::string_view text) {
  std::vector<std::pair<std::uint32_t, Option>> choices;
  while (!text.empty()) {
    auto comma = text.find(',');
    choices.push_back(parse_choice(text.substr(0, comma)));
    if (comma == text.size() - 1) throw std::runtime_error("a choice is missing behind the last comma");
    text.remove_prefix(comma == text.npos ? text.size() : comma + 1);
  }
  return choices;
}

}  // namespace

std::string print_choices(const std::vector<std::pair<std::uint32_t, Option>>& choices) {
  std::string text;
  for (auto [at, option] : choices) {
    if (!text.empty()) text += ',';
    text += std::to_string(at);
    if ((option & older) != 0) {
      text += static_cast<char>('a' + (option & ~older) - 1);
    } else {
      if ((option & death) != 0) text += 'x';
      text += static_cast<char>('A' + (option & process_bits));
    }
  }
  return text;
}

Finding Explorer::exhaust(Budget bound, double seconds) {
  double begin = now();
  Machine& machine = stage_.machine();
  complete_ = true;
  Finding finding;
  do {
    DepthFirst search;
    count_ = {};
    do {
      search.restart();
      bool ended = stage_.play(&search, bound);
      if (ended && !search.at_end())
        machine.failure = "not deterministic: an execution ended before its last choice";
      bool whole = ended || !machine.failure.empty();
      ++(whole ? count_.executions : count_.cut);
      if (whole) finding.fault = stage_.judge_end();
      if (!finding.fault.empty()) {
        finding.choices = print_choices(search.choices());
        break;
      }
      if (seconds > 0 && (count_.executions + count_.cut) % 1024 == 0 && now() - begin > seconds) {
        complete_ = false;
        break;
      }
    } while (search.advance());
    count_.states = search.visited.size();
    effort_.executions += count_.executions;
  } while (machine.learn() && finding.fault.empty() && complete_);
  effort_.seconds += now() - begin;
  return finding;
}

// The first ones show how many choices the moments are to be drawn from.
Finding Explorer::random(Budget bound, std::uint64_t executions, std::uint64_t seed) {
  constexpr std::uint64_t trials = 200;
  double begin = now();
  Machine& machine = stage_.machine();
  std::uint32_t longest = 100;
  Finding finding;
  for (std::uint64_t i = 0; i < executions && finding.fault.empty(); ++i) {
    if (machine.learn() || i <= trials) lots_ = {longest * 5 / 4, 0};
    Priorities drawn(lot(seed, i), bound.preemptions, bound.deaths, lots_.choices);
    bool ended = stage_.play(&drawn, {unbounded.preemptions, bound.deaths});
    ++count_.executions;
    longest = std::max(longest, drawn.length());
    if (drawn.length() > lots_.choices) ++lots_.too_long;
    if (ended || !machine.failure.empty()) finding.fault = stage_.judge_end();
    if (!finding.fault.empty()) finding.choices = print_choices(drawn.choices);
  }
  effort_ = {count_.executions, now() - begin};
  return finding;
}

Finding Explorer::replay(const std::string& text) {
  Replay chooser(parse_choices(text));
  stage_.play(&chooser, unbounded);
  std::string why = std::move(chooser.misfit);
  if (!chooser.used_up() && why.empty() && stage_.machine().failure.empty())
    why = "the execution ended before its last choice";
  if (!why.empty()) throw std::runtime_error(why + ": the string is of another world or library");
  return {stage_.judge_end(), text};
}

}  // namespace svmq::verify
