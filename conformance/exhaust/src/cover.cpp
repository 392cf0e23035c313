#include "svmq/exhaust/cover.hpp"

#include <algorithm>

namespace svmq::exhaust {
namespace {

constexpr std::uint8_t most_tries = 100;      // of one transition
constexpr std::uint8_t most_in_doubt = 5;     // of one that may have been gone along
constexpr std::size_t most_searched = 2'000;  // nodes: beyond it a new path is cheaper

}  // namespace

Cover::Cover(const Graph& graph, std::size_t targets, std::size_t longest)
    : graph_(graph),
      longest_(longest),
      staying_(graph.nodes()),
      leaving_(graph.nodes()),
      left_(graph.transitions.size(), (std::uint64_t{1} << targets) - 1),
      perhaps_(graph.transitions.size()),
      tries_(graph.transitions.size()),
      reserved_(graph.transitions.size()),
      avoided_(graph.transitions.size()),
      times_(graph.ways.size()),
      gone_(targets, std::vector<bool>(graph.ways.size())),
      done_(targets),
      seen_(targets),
      marks_(graph.nodes()) {
  find_components();
  for (std::size_t t = 0; t < graph.transitions.size(); ++t) {
    count(t, true);
    if (graph.transitions[t].ways > 1) several_ += graph.transitions[t].ways;
  }
}

// ------------------------------------------------------------------------------------------------- the graph

Node Cover::expected(std::size_t transition) const {
  const Transition& t = graph_.transitions[transition];
  std::size_t best = t.first_way;
  for (std::size_t way = best + 1; way < t.first_way + t.ways; ++way)
    if (times_[way] > times_[best]) best = way;
  return graph_.ways[best].to;
}

bool Cover::stays(std::size_t transition) const {
  const Transition& t = graph_.transitions[transition];
  return component_[t.from] == component_[graph_.ways[t.first_way].to];
}

// Tarjan's: nodes are in one component if each can be reached from the other.
void Cover::find_components() {
  constexpr std::uint32_t none = UINT32_MAX;
  component_.assign(graph_.nodes(), none);
  std::vector<std::uint32_t> number(graph_.nodes(), none), low(graph_.nodes());
  std::vector<Node> stack;
  struct Frame {
    Node node;
    std::size_t next;  // transition
  };
  std::vector<Frame> frames;
  std::uint32_t numbers = 0, components = 0;
  for (Node root = 0; root < graph_.nodes(); ++root) {
    if (number[root] != none) continue;
    frames.push_back({root, graph_.first[root]});
    while (!frames.empty()) {
      Frame& frame = frames.back();
      const Node node = frame.node;
      if (number[node] == none) {
        number[node] = low[node] = numbers++;
        stack.push_back(node);
      }
      bool deeper = false;
      while (frame.next < graph_.first[node + 1]) {
        const Node to = graph_.ways[graph_.transitions[frame.next].first_way].to;
        if (number[to] == none) {
          frames.push_back({to, graph_.first[to]});
          deeper = true;
          break;
        }
        if (component_[to] == none) low[node] = std::min(low[node], low[to]);
        ++frame.next;
      }
      if (deeper) continue;
      if (low[node] == number[node]) {
        Node member;
        do {
          member = stack.back();
          stack.pop_back();
          component_[member] = components;
        } while (member != node);
        ++components;
      }
      frames.pop_back();
    }
  }
}

// ------------------------------------------------------------------------------------------- what is wanted

bool Cover::wanted(std::size_t transition) const {
  const std::uint8_t most = (left_[transition] & ~perhaps_[transition]) != 0 ? most_tries : most_in_doubt;
  return left_[transition] != 0 && !reserved_[transition] && tries_[transition] < most;
}

void Cover::count(std::size_t transition, bool wanted) {
  const Node from = graph_.transitions[transition].from;
  std::uint32_t& number = (stays(transition) ? staying_ : leaving_)[from];
  wanted ? ++number : --number;
  if (wanted) lowest_ = std::min(lowest_, from);
}

void Cover::executed(std::size_t target, const Followed& followed) {
  const std::uint64_t bit = std::uint64_t{1} << target;
  const auto went = [&](std::size_t transition) {
    if ((left_[transition] & bit) == 0) return;
    const bool before = wanted(transition);
    left_[transition] &= ~bit;
    ++done_[target];
    if (before && !wanted(transition)) count(transition, false);
  };
  for (const std::size_t transition : followed.perhaps) {
    const bool before = wanted(transition);
    perhaps_[transition] |= bit;
    if (before && !wanted(transition)) count(transition, false);
  }
  for (const Taken& taken : followed.taken) {
    went(taken.transition);
    const Transition& t = graph_.transitions[taken.transition];
    if (taken.way == some_way) continue;
    const std::size_t way = t.first_way + taken.way;
    ++times_[way];
    if (t.ways > 1 && !gone_[target][way]) ++seen_[target];
    gone_[target][way] = true;
  }
  if (!followed.lost) return;
  went(*followed.lost);
  avoided_[*followed.lost] = true;
}

void Cover::finished(const Path& path) {
  for (const std::size_t transition : path.wanted) {
    reserved_[transition] = false;
    if (left_[transition] != 0) ++tries_[transition];
    if (wanted(transition)) count(transition, true);
  }
}

Cover::Missing Cover::missing(std::size_t target) const {
  std::vector<bool> known(graph_.nodes());
  std::vector<Node> open{0};
  known[0] = true;
  while (!open.empty()) {
    const Node node = open.back();
    open.pop_back();
    for (std::size_t t = graph_.first[node]; t < graph_.first[node + 1]; ++t) {
      const Transition& transition = graph_.transitions[t];
      for (std::size_t way = transition.first_way; way < transition.first_way + transition.ways; ++way) {
        const Node to = graph_.ways[way].to;
        if (known[to] || (transition.ways > 1 && !gone_[target][way])) continue;
        known[to] = true;
        open.push_back(to);
      }
    }
  }
  Missing missing;
  for (std::size_t t = 0; t < left_.size(); ++t) {
    if ((left_[t] >> target & 1) == 0) continue;
    if ((perhaps_[t] >> target & 1) != 0)
      ++missing.alike;
    else if (known[graph_.transitions[t].from])
      missing.reachable.push_back(t);
    else
      ++missing.elsewhere;
  }
  return missing;
}

// -------------------------------------------------------------------------------------------------- planning

void Cover::take(Path& path, Node& node, std::size_t transition) {
  if (wanted(transition)) {
    count(transition, false);
    reserved_[transition] = true;
    path.wanted.push_back(transition);
  }
  path.moves.push_back(graph_.transitions[transition].move);
  node = expected(transition);
}

std::optional<std::size_t> Cover::wanted_here(Node node, bool staying) const {
  if ((staying ? staying_ : leaving_)[node] == 0) return std::nullopt;
  std::optional<std::size_t> found;
  for (std::size_t t = graph_.first[node]; t < graph_.first[node + 1]; ++t) {
    if (!wanted(t) || stays(t) != staying) continue;
    // Rather to where more is wanted.
    const Node to = graph_.ways[graph_.transitions[t].first_way].to;
    if (staying_[to] + leaving_[to] > (to == node ? 1U : 0U)) return t;
    if (!found) found = t;
  }
  return found;
}

// To the nearest node where something is wanted: breadth first, within the component unless `leave`.
bool Cover::walk_to(Path& path, Node& node, bool leave, bool staying) {
  struct Open {
    Node node;
    std::size_t parent, by;
  };
  std::vector<Open> open{{node, 0, 0}};
  marks_[node] = ++mark_;
  for (std::size_t i = 0; i < open.size() && open.size() < most_searched; ++i) {
    const Node here = open[i].node;
    for (std::size_t t = graph_.first[here]; t < graph_.first[here + 1]; ++t) {
      if (avoided_[t] || (!leave && !stays(t))) continue;
      const Node to = expected(t);
      if (marks_[to] == mark_) continue;
      marks_[to] = mark_;
      open.push_back({to, i, t});
      if (staying_[to] == 0 && (staying || leaving_[to] == 0)) continue;
      std::vector<std::size_t> way;
      for (std::size_t at = open.size() - 1; at != 0; at = open[at].parent) way.push_back(open[at].by);
      if (path.moves.size() + way.size() >= longest_) return false;
      for (auto by = way.rbegin(); by != way.rend(); ++by) take(path, node, *by);
      return true;
    }
  }
  return false;
}

// What stays where it can be come back from goes first; out of there leads no way back.
bool Cover::walk_on(Path& path, Node& node) {
  if (const auto here = wanted_here(node, true)) return take(path, node, *here), true;
  if (walk_to(path, node, false, true)) return true;
  if (const auto here = wanted_here(node, false)) return take(path, node, *here), true;
  return walk_to(path, node, false, false) || walk_to(path, node, true, false);
}

// From the first state to the lowest one where something is wanted, as it was first reached; over what is
// avoided only if there is no other.
bool Cover::begin(Path& path, Node& node) {
  while (lowest_ < graph_.nodes() && staying_[lowest_] + leaving_[lowest_] == 0) ++lowest_;
  for (const bool over_avoided : {false, true}) {
    for (Node goal = lowest_; goal < graph_.nodes(); ++goal) {
      if (staying_[goal] + leaving_[goal] == 0) continue;
      std::vector<std::size_t> way;
      for (Node at = goal; at != 0; at = graph_.transitions[way.back()].from)
        way.push_back(graph_.reached[at]);
      if (!over_avoided && std::ranges::any_of(way, [&](std::size_t t) { return avoided_[t]; })) continue;
      for (auto by = way.rbegin(); by != way.rend(); ++by) take(path, node, *by);
      node = goal;
      return true;
    }
  }
  return false;
}

Cover::Path Cover::plan() {
  Path path;
  Node node = 0;
  if (!begin(path, node)) return path;
  while (walk_on(path, node) && path.moves.size() < longest_) {
  }
  return path;
}

}  // namespace svmq::exhaust
