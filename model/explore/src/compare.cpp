#include "svmq/explore/compare.hpp"

#include <algorithm>
#include <set>

#include "svmq/explore/fingerprint.hpp"

namespace svmq::model::explore {
namespace {

using Key = std::vector<Fingerprint>;  // of the one world, and of the others, sorted

struct Pair {
  World one;
  std::vector<World> others;
  std::vector<int> calls;
  Clauses clauses;            // that the one has used
  std::vector<int> departed;  // of the calls, those in whose answers they differed
};

class Comparing {
 public:
  Comparing(const Stage& one, const Stage& other, const CompareSettings& settings,
            const std::function<bool(const Difference&)>& found)
      : one_(one),
        other_(other),
        settings_(settings),
        found_(found),
        canon_(one.scope(), one.profile(), false),
        canon_of_other_(other.scope(), other.profile(), false) {}

  Comparison run() {
    const std::size_t deepest = settings_.only.empty() ? settings_.depth : settings_.only.size();
    add({one_.first(), {other_.first()}, {}, {}, {}});
    for (; at_ < pairs_.size() && !ended_; ++at_) {
      const Pair pair = std::move(pairs_[at_]);
      if (pair.calls.size() < deepest) visit(pair);
      if (pairs_.size() > settings_.most_pairs || (settings_.stop && (at_ & 0xff) == 0 && settings_.stop()))
        break;
    }
    result_.pairs = at_;
    result_.complete = ended_ || at_ == pairs_.size();
    return result_;
  }

 private:
  void visit(const Pair& pair) {
    const Scope& scope = one_.scope();
    if (!settings_.only.empty()) return try_call(pair, settings_.only[pair.calls.size()]);
    for (std::size_t c = 0; c < scope.calls.size() && !ended_; ++c)
      if (!scope.calls[c].once) try_call(pair, static_cast<int>(c));
  }

  void try_call(const Pair& pair, int call) {
    const ActorIndex actor = one_.scope().calls[static_cast<std::size_t>(call)].actor;
    if (one_.may_begin(pair.one, actor) && one_.may_mention(pair.one, call)) make(pair, call);
  }

  void make(const Pair& pair, int call) {
    std::vector<Ending> allowed;
    for (const World& other : pair.others)
      std::ranges::move(conduct(other_, other, {call}), std::back_inserter(allowed));
    std::vector<int> calls = pair.calls;
    calls.push_back(call);
    for (Ending& seen : conduct(one_, pair.one, {call})) {
      if (ended_) return;
      ++result_.endings;
      Pair next{{}, {}, calls, pair.clauses, pair.departed};
      bool anything = false;
      for (const Ending& way : allowed) {
        Ending settled = way, taken = seen;
        if (!covers(settled, taken, settings_.identifiers)) continue;
        anything |= settled.world.state.undefined;
        seen = std::move(taken);
        next.others.push_back(std::move(settled.world));
      }
      next.one = seen.world;
      if (next.others.empty()) {
        if (settings_.beyond) next.others = alike(allowed, seen);
        ended_ = !found_({calls, seen, allowed, pair.clauses, pair.departed, next.others.empty()});
        next.departed.push_back(call);
      }
      if (next.others.empty() || anything) continue;  // where anything is allowed, nothing more can differ
      next.clauses.add(seen.clauses);
      add(std::move(next));
    }
  }

  static std::vector<World> alike(const std::vector<Ending>& allowed, const Ending& seen) {
    std::vector<World> worlds;
    for (const Ending& way : allowed)
      if (same_actors(way, seen)) worlds.push_back(way.world);
    return worlds;
  }

  void add(Pair pair) {
    Key key;
    for (const World& world : pair.others) key.push_back(canon_of_other_(world));
    std::ranges::sort(key);
    key.erase(std::unique(key.begin(), key.end()), key.end());
    if (key.size() < pair.others.size()) keep_distinct(pair.others);
    key.push_back(canon_(pair.one));
    key.push_back({pair.departed.empty(), 0});
    if (known_.insert(std::move(key)).second) pairs_.push_back(std::move(pair));
  }

  void keep_distinct(std::vector<World>& worlds) const {
    std::set<Fingerprint> seen;
    std::erase_if(worlds, [&](const World& world) { return !seen.insert(canon_of_other_(world)).second; });
  }

  const Stage &one_, &other_;
  const CompareSettings& settings_;
  const std::function<bool(const Difference&)>& found_;
  const Canon canon_, canon_of_other_;
  std::set<Key> known_;
  std::vector<Pair> pairs_;
  std::size_t at_ = 0;
  bool ended_ = false;
  Comparison result_;
};

}  // namespace

Comparison compare(const Stage& one, const Stage& other, const CompareSettings& settings,
                   const std::function<bool(const Difference&)>& found) {
  return Comparing(one, other, settings, found).run();
}

std::string calls_text(const Scope& scope, const std::vector<int>& calls, const std::string& name,
                       const std::string& title) {
  std::string text = "scenario " + name + "\ntitle  " + title + "\n" + scope.header;
  for (const auto* list : {&scope.before, &calls})
    for (const int call : *list) text += scope.calls[static_cast<std::size_t>(call)].text + "\n";
  return text + "end\n";
}

}  // namespace svmq::model::explore
