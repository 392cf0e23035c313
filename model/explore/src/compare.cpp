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
  Clauses clauses;  // that the one has used
};

class Comparing {
 public:
  Comparing(const Stage& one, const Stage& other, const CompareSettings& settings,
            const std::function<bool(const Difference&)>& found)
      : one_(one), other_(other), settings_(settings), found_(found), canon_(one.scope(), false) {}

  Comparison run() {
    add({one_.first(), {other_.first()}, {}, {}});
    for (; at_ < pairs_.size() && !ended_; ++at_) {
      const Pair pair = std::move(pairs_[at_]);
      pairs_[at_] = {};
      if (pair.calls.size() < settings_.depth) visit(pair);
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
    for (std::size_t c = 0; c < scope.calls.size() && !ended_; ++c) {
      if (scope.calls[c].once || !one_.may_begin(pair.one, scope.calls[c].actor) ||
          !one_.may_mention(pair.one, static_cast<int>(c)))
        continue;
      make(pair, static_cast<int>(c));
    }
  }

  void make(const Pair& pair, int call) {
    std::vector<Ending> allowed;
    for (const World& other : pair.others)
      std::ranges::move(conduct(other_, other, {call}), std::back_inserter(allowed));
    std::vector<int> calls = pair.calls;
    calls.push_back(call);
    for (const Ending& seen : conduct(one_, pair.one, {call})) {
      if (ended_) return;
      ++result_.endings;
      Pair next{seen.world, {}, calls, pair.clauses};
      bool anything = false;
      for (const Ending& way : allowed) {
        Ending settled = way;
        if (!covers(settled, seen)) continue;
        anything |= settled.world.state.undefined;
        next.others.push_back(std::move(settled.world));
      }
      if (next.others.empty()) ended_ = !found_({calls, seen, allowed, pair.clauses});
      if (next.others.empty() || anything) continue;  // where anything is allowed, nothing more can differ
      next.clauses.add(seen.clauses);
      add(std::move(next));
    }
  }

  void add(Pair pair) {
    Key key;
    for (const World& world : pair.others) key.push_back(canon_(world));
    std::ranges::sort(key);
    key.erase(std::unique(key.begin(), key.end()), key.end());
    if (key.size() < pair.others.size()) keep_distinct(pair.others);
    key.push_back(canon_(pair.one));
    if (known_.insert(std::move(key)).second) pairs_.push_back(std::move(pair));
  }

  void keep_distinct(std::vector<World>& worlds) const {
    std::set<Fingerprint> seen;
    std::erase_if(worlds, [&](const World& world) { return !seen.insert(canon_(world)).second; });
  }

  const Stage &one_, &other_;
  const CompareSettings& settings_;
  const std::function<bool(const Difference&)>& found_;
  const Canon canon_;
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
