#include "svmq/exhaust/graph.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "answers.hpp"
#include "svmq/explore/conduct.hpp"
#include "svmq/explore/fingerprint.hpp"

namespace svmq::exhaust {
namespace {

using model::explore::Call;
using model::explore::Ending;
using model::explore::Scope;
using model::explore::World;

// In one block a variable belongs to the actor that sets it.
bool may_begin_together(const Call& one, const Call& other) {
  const auto takes = [](const Call& setter, const Call& user) {
    return setter.sets >= 0 &&
           (user.sets == setter.sets || std::ranges::find(user.uses, setter.sets) != user.uses.end());
  };
  return one.actor != other.actor && !takes(one, other) && !takes(other, one);
}

// Every set of calls that may begin together, the single ones first.
std::vector<std::vector<int>> moves_of(const Scope& scope, std::size_t together) {
  std::vector<std::vector<int>> moves;
  for (std::size_t c = 0; c < scope.calls.size(); ++c)
    if (!scope.calls[c].once) moves.push_back({static_cast<int>(c)});
  const std::size_t single = moves.size();
  for (std::size_t size = 1, begin = 0; size < together; ++size) {
    const std::size_t end = moves.size();
    for (std::size_t m = begin; m < end; ++m) {
      for (std::size_t s = 0; s < single; ++s) {
        const int next = moves[s].front();
        const auto fits = [&](int call) {
          return call < next && may_begin_together(scope.calls[static_cast<std::size_t>(call)],
                                                   scope.calls[static_cast<std::size_t>(next)]);
        };
        if (!std::ranges::all_of(moves[m], fits)) continue;
        std::vector<int> more = moves[m];
        more.push_back(next);
        moves.push_back(std::move(more));
      }
    }
    begin = end;
  }
  return moves;
}

struct Hash {
  std::size_t operator()(const model::explore::Fingerprint& print) const { return print.low; }
};

class Builder {
 public:
  Builder(const model::explore::Stage& stage, const Limits& limits)
      : stage_(stage), limits_(limits), canon_(stage.scope(), stage.profile(), false) {
    graph_.moves = moves_of(stage.scope(), std::max<std::size_t>(limits.together, 1));
  }

  // Worlds are kept only until they have been visited.
  Graph run() {
    add(stage_.first(), 0, 0);
    bool cut = false;
    for (Node node = 0; node < open_.size(); ++node) {
      graph_.first.push_back(graph_.transitions.size());
      if (limits_.depth > 0 && depths_[node] >= limits_.depth) {
        cut = true;
      } else if (!graph_.stopped) {
        const World world = std::move(open_[node]);
        visit(node, world);
        graph_.stopped =
            open_.size() > limits_.states || ((node & 0xff) == 0 && limits_.stop && limits_.stop());
      }
      open_[node] = {};
    }
    graph_.first.push_back(graph_.transitions.size());
    graph_.complete = !cut && !graph_.stopped;
    return std::move(graph_);
  }

 private:
  bool possible(const World& world, int call) const {
    return stage_.may_begin(world, stage_.scope().calls[static_cast<std::size_t>(call)].actor) &&
           stage_.may_mention(world, call);
  }

  void visit(Node node, const World& world) {
    if (world.state.undefined) return;
    for (std::uint32_t m = 0; m < graph_.moves.size(); ++m) {
      const std::vector<int>& calls = graph_.moves[m];
      if (!std::ranges::all_of(calls, [&](int call) { return possible(world, call); })) continue;
      const std::size_t transition = graph_.transitions.size();
      graph_.transitions.push_back({node, m, static_cast<std::uint32_t>(graph_.ways.size()), 0});
      for (Ending& ending : conduct(stage_, world, calls)) {
        const Way way{add(std::move(ending.world), transition, depths_[node] + 1), number(ending)};
        const auto others = std::span(graph_.ways).subspan(graph_.transitions[transition].first_way);
        const auto same = [&](const Way& other) {
          return other.to == way.to && other.answers == way.answers;
        };
        if (std::ranges::any_of(others, same)) continue;
        graph_.ways.push_back(way);
        ++graph_.transitions[transition].ways;
      }
    }
  }

  Node add(World world, std::size_t by, std::size_t depth) {
    const auto [place, fresh] = known_.try_emplace(canon_(world), static_cast<Node>(open_.size()));
    if (fresh) {
      open_.push_back(std::move(world));
      depths_.push_back(static_cast<std::uint32_t>(depth));
      graph_.reached.push_back(by);
    }
    return place->second;
  }

  std::uint32_t number(const Ending& ending) {
    Answers answers;
    for (const model::explore::Reply& reply : ending.replies)
      answers[stage_.scope().actors[static_cast<std::size_t>(reply.actor)]] += seen_of(*reply.result) + "; ";
    const auto [place, fresh] =
        numbers_.try_emplace(text(answers), static_cast<std::uint32_t>(graph_.answers.size()));
    if (fresh) graph_.answers.push_back(place->first);
    return place->second;
  }

  const model::explore::Stage& stage_;
  const Limits& limits_;
  const model::explore::Canon canon_;
  std::unordered_map<model::explore::Fingerprint, Node, Hash> known_;
  std::map<std::string, std::uint32_t> numbers_;
  std::vector<World> open_;
  std::vector<std::uint32_t> depths_;
  Graph graph_;
};

}  // namespace

std::optional<std::size_t> Graph::find(Node node, std::uint32_t move) const {
  const auto begin = transitions.begin() + static_cast<std::ptrdiff_t>(first[node]),
             end = transitions.begin() + static_cast<std::ptrdiff_t>(first[node + 1]);
  const auto found =
      std::lower_bound(begin, end, move, [](const Transition& t, std::uint32_t m) { return t.move < m; });
  if (found == end || found->move != move) return std::nullopt;
  return static_cast<std::size_t>(found - transitions.begin());
}

Graph build(const model::explore::Stage& stage, const Limits& limits) { return Builder(stage, limits).run(); }

}  // namespace svmq::exhaust
