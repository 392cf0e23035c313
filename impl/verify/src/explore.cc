#include "explore.h"

#include <time.h>

#include <algorithm>
#include <random>
#include <stdexcept>

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
  void restart() { depth_ = 0; }
  bool at_end() const { return depth_ == path.size(); }
  Option choose(Machine& machine, const Options& options) override {
    if (depth_ < path.size()) {
      const Branch& branch = path[depth_++];
      if (branch.mark != machine.mark() || branch.options.count != options.count) {
        machine.failure = "not deterministic: the same choices led to another state, at choice " +
                          std::to_string(depth_ - 1);
        return cut;
      }
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
      machine.failure = "the choice at step " + std::to_string(step) +
                        " cannot be made: the string is of another world or library";
      return cut;
    }
    // There may be another choice at this step.
    const auto* end = options.all.begin() + options.count;
    if (std::find(options.all.begin(), end, wanted) == end) return options.all[0];
    ++next_;
    return wanted;
  }
  bool used_up() const { return next_ == choices_.size(); }

 private:
  std::vector<std::pair<std::uint32_t, Option>> choices_;
  std::size_t next_ = 0;
};

// PCT (Burckhardt and others, 2010): the process of the highest priority goes on; at some moments, chosen
// beforehand, it becomes the lowest.
class Priorities final : public Chooser {
 public:
  Priorities(std::uint64_t seed, int changes, int deaths, std::uint32_t length) : lots_(seed) {
    for (int& priority : priority_) priority = static_cast<int>(lots_() % 1000) + 100;
    for (int i = 0; i < changes; ++i) moments_.push_back(static_cast<std::uint32_t>(lots_() % length));
    for (int i = 0; i < deaths; ++i) deaths_.push_back(static_cast<std::uint32_t>(lots_() % length));
  }
  Option choose(Machine& machine, const Options& options) override {
    std::uint32_t here = at_++;
    if (std::ranges::find(moments_, here) != moments_.end() && machine.current() >= 0)
      priority_[machine.current()] = --lowest_;
    Option best = options.all[0];
    bool dies = std::ranges::any_of(deaths_, [&](std::uint32_t moment) { return moment <= here; });
    int index = 0, chosen = 0;
    for (; index < options.count; ++index) {
      Option option = options.all[static_cast<std::size_t>(index)];
      if ((option & older) != 0) {
        if (lots_() % 8 == 0) best = option, chosen = index;
        continue;
      }
      if ((option & death) != 0) {
        if (!dies) continue;
        deaths_.erase(std::ranges::find_if(deaths_, [&](std::uint32_t moment) { return moment <= here; }));
        best = option;
        chosen = index;
        break;
      }
      if ((best & older) == 0 && priority_[option] > priority_[best & process_bits])
        best = option, chosen = index;
    }
    if (chosen != 0) choices.emplace_back(machine.step(), best);
    return best;
  }
  std::uint32_t length() const { return at_; }
  std::vector<std::pair<std::uint32_t, Option>> choices;

 private:
  std::mt19937_64 lots_;
  int priority_[most_processes];
  int lowest_ = 0;
  std::vector<std::uint32_t> moments_, deaths_;
  std::uint32_t at_ = 0;
};

std::vector<std::pair<std::uint32_t, Option>> parse_choices(const std::string& text) {
  std::vector<std::pair<std::uint32_t, Option>> choices;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t used = 0;
    unsigned long number = std::stoul(text.substr(at), &used);
    at += used;
    if (at >= text.size()) throw std::runtime_error("a choice is a number and a letter or two: 17B, 53xA");
    char letter = text[at++];
    int option = letter - 'A';
    if (letter == 'x' && at < text.size())
      option = death | (text[at++] - 'A');
    else if (letter >= 'a')
      option = older | (letter - 'a' + 1);
    choices.emplace_back(static_cast<std::uint32_t>(number), static_cast<Option>(option));
    if (at < text.size() && text[at] == ',') ++at;
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
  std::uint64_t accesses = machine.accesses;
  complete_ = true;
  Finding finding;
  do {
    DepthFirst search;
    do {
      search.restart();
      bool ended = stage_.play(&search, bound);
      if (ended && !search.at_end())
        machine.failure = "not deterministic: an execution ended before its last choice";
      ended || !machine.failure.empty() ? ++count_.executions : ++count_.cut;
      if (ended || !machine.failure.empty()) finding.fault = stage_.judge_end();
      if (!finding.fault.empty()) {
        finding.choices = print_choices(search.choices());
        break;
      }
      if (seconds > 0 && (count_.executions + count_.cut) % 1024 == 0 && now() - begin > seconds) {
        complete_ = false;
        break;
      }
    } while (search.advance());
    count_.states += search.visited.size();
  } while (machine.learn() && finding.fault.empty() && complete_);
  count_.accesses += machine.accesses - accesses;
  count_.seconds += now() - begin;
  return finding;
}

Finding Explorer::random(Budget bound, std::uint64_t executions, std::uint64_t seed) {
  double begin = now();
  Machine& machine = stage_.machine();
  std::uint32_t length = 100;
  Finding finding;
  for (std::uint64_t i = 0; i < executions && finding.fault.empty(); ++i) {
    machine.learn();
    Priorities lots(seed + i, bound.preemptions, bound.deaths, length);
    bool ended = stage_.play(&lots, {unbounded.preemptions, bound.deaths});
    ++count_.executions;
    length = std::max(length, lots.length());
    if (ended || !machine.failure.empty()) finding.fault = stage_.judge_end();
    if (!finding.fault.empty()) finding.choices = print_choices(lots.choices);
  }
  count_.longest = length;
  count_.seconds += now() - begin;
  return finding;
}

Finding Explorer::replay(const std::string& text) {
  Replay chooser(parse_choices(text));
  stage_.play(&chooser, unbounded);
  if (!chooser.used_up() && stage_.machine().failure.empty())
    throw std::runtime_error(
        "the execution ended before its last choice: the string is of another world or library");
  return {stage_.judge_end(), text};
}

}  // namespace svmq::verify
