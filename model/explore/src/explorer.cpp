#include "svmq/explore/explorer.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace svmq::model::explore {
namespace {

// The nodes by fingerprint: open addressing, at most half full.
class Nodes {
 public:
  // The node of this fingerprint, which becomes `next` if it has none; and whether that was so.
  std::pair<NodeIndex, bool> add(const Fingerprint& fingerprint, NodeIndex next) {
    if (2 * (count_ + 1) > slots_.size()) grow();
    Slot& slot = place(fingerprint);
    if (slot.node != none) return {slot.node, false};
    slot = {fingerprint, next};
    ++count_;
    return {next, true};
  }

 private:
  static constexpr NodeIndex none = UINT32_MAX;
  struct Slot {
    Fingerprint fingerprint;
    NodeIndex node = none;
  };
  Slot& place(const Fingerprint& fingerprint) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = fingerprint.high & mask;
    while (slots_[at].node != none && slots_[at].fingerprint != fingerprint) at = (at + 1) & mask;
    return slots_[at];
  }
  void grow() {
    const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(2 * slots_.size()));
    for (const Slot& slot : old)
      if (slot.node != none) place(slot.fingerprint) = slot;
  }

  std::vector<Slot> slots_ = std::vector<Slot>(1 << 12);
  std::size_t count_ = 0;
};

class Search {
 public:
  Search(const Stage& stage, const Settings& settings)
      : stage_(stage), settings_(settings), canon_(stage.scope(), stage.profile(), settings.symmetric) {
    for (const Property& property : properties_) found_.properties.push_back({property.name});
    for (const Sometimes& event : sometimes_) found_.sometimes.push_back({event.name, 0, {}});
  }

  // Worlds are kept only until they have been visited: those of one depth, and those of the next.
  Exploration run() {
    World first = stage_.first();
    known_.add(canon_(first), 0);
    found_.graph.nodes.push_back({});
    layer_.push_back({std::move(first), 0});
    for (std::size_t depth = 0; !layer_.empty() && !ended_; ++depth) {
      found_.depth = depth;
      for (std::size_t i = 0; i < layer_.size() && !ended_; ++i) {
        const Open open = std::move(layer_[i]);
        visit(open);
      }
      layer_ = std::exchange(next_, {});
    }
    found_.states = found_.graph.nodes.size();
    found_.complete = !ended_ && !cut_;
    for (std::size_t c = 0; c < clause_count; ++c)
      if (clauses_[c] > 0) found_.clauses[Clause::at(c).id()] = clauses_[c];
    return std::move(found_);
  }

 private:
  struct Open {
    World world;
    NodeIndex node;
  };

  void visit(const Open& open) {
    const std::size_t depth = found_.graph.nodes[open.node].depth;
    const bool last = settings_.depth > 0 && depth >= settings_.depth;
    const auto sink = [&](Label label, const Clauses& clauses, World&& raw) {
      arrive(open, label, clauses, std::move(raw));
    };
    if (last) {
      cut_ = true;
      if (!open.world.state.undefined) stage_.internal(open.world, sink);
    } else {
      stage_.successors(open.world, sink);
    }
    if ((++visited_ & 0x3ff) == 0 && settings_.stop && settings_.stop()) end_early();
    if (found_.graph.nodes.size() > settings_.most_states) end_early();
  }

  void arrive(const Open& open, Label label, const Clauses& clauses, World&& raw) {
    if (ended_) return;
    ++found_.transitions;
    for (const Clause clause : clauses) ++clauses_[clause.number()];
    if ((settings_.check || settings_.goal) && judge({stage_, open.world, label, clauses, raw}, open.node))
      return;
    stage_.return_all(raw, [&](const World& world, ActorIndex actor) {
      for (const Clause clause : world.state.actor(actor).why) ++clauses_[clause.number()];
    });
    keep(open.node, label, std::move(raw));
  }

  // Whether it is the one that was looked for.
  bool judge(const Transition& transition, NodeIndex from) {
    if (settings_.check) check(transition, from);
    if (!settings_.goal || !settings_.goal(transition)) return false;
    found_.goal = path_to(from, transition.label);
    return ended_ = true;
  }

  void keep(NodeIndex from, Label label, World&& world) {
    const auto [node, fresh] = known_.add(canon_(world), static_cast<NodeIndex>(found_.graph.nodes.size()));
    if (settings_.keep_edges) found_.graph.edges.push_back({from, node, label});
    if (!fresh) return;
    const bool begins = label.kind == Label::begin;
    const std::uint16_t depth = static_cast<std::uint16_t>(found_.graph.nodes[from].depth + begins);
    found_.graph.nodes.push_back({from, label, depth});
    (begins ? next_ : layer_).push_back({std::move(world), node});
  }

  void check(const Transition& transition, NodeIndex from) {
    for (std::size_t i = 0; i < properties_.size(); ++i) {
      const Holds holds = properties_[i].holds(transition);
      if (holds == Holds::vacuous) continue;
      ++found_.properties[i].checked;
      if (holds == Holds::no && std::ranges::find(found_.violations, properties_[i].name,
                                                  &Violation::property) == found_.violations.end())
        found_.violations.push_back({properties_[i].name, path_to(from, transition.label)});
    }
    for (std::size_t i = 0; i < sometimes_.size(); ++i) {
      if (!sometimes_[i].happens(transition)) continue;
      Hit& hit = found_.sometimes[i];
      if (hit.count++ == 0) hit.witness = path_to(from, transition.label);
    }
  }

  Path path_to(NodeIndex node, Label last) const {
    Path path = found_.graph.path(node);
    path.push_back(last);
    return path;
  }

  void end_early() { found_.stopped = ended_ = true; }

  const Stage& stage_;
  const Settings& settings_;
  const std::span<const Property> properties_ = properties();
  const std::span<const Sometimes> sometimes_ = sometimes();
  const Canon canon_;
  Nodes known_;
  std::vector<Open> layer_, next_;
  std::array<std::uint64_t, clause_count> clauses_{};
  Exploration found_;
  std::uint64_t visited_ = 0;
  bool ended_ = false, cut_ = false;
};

// The language has no place for it: one actor sets a variable, and another uses or sets it, in one block.
bool share_a_variable(const Scope& scope, const std::vector<int>& calls) {
  for (const int setter : calls)
    for (const int other : calls) {
      const Call &one = scope.calls[static_cast<std::size_t>(setter)],
                 &two = scope.calls[static_cast<std::size_t>(other)];
      if (one.sets < 0 || one.actor == two.actor) continue;
      if (two.sets == one.sets || std::ranges::find(two.uses, one.sets) != two.uses.end()) return true;
    }
  return false;
}

}  // namespace

Path Graph::path(NodeIndex node) const {
  Path path;
  for (; node != 0; node = nodes[node].parent) path.push_back(nodes[node].label);
  std::ranges::reverse(path);
  return path;
}

Exploration explore(const Stage& stage, const Settings& settings) { return Search(stage, settings).run(); }

std::string path_text(const Stage& stage, const Path& path, const std::string& name, const std::string& title,
                      const std::vector<std::string>& clauses) {
  const Scope& scope = stage.scope();
  std::string text = "scenario " + name + "\ntitle  " + title + "\n";
  if (!clauses.empty()) {
    text += "clause";
    for (const std::string& clause : clauses) text += " " + clause;
    text += "\n";
  }
  text += scope.header;
  for (const int call : scope.before) text += scope.calls[static_cast<std::size_t>(call)].text + "\n";
  std::vector<int> together;  // calls begun since everything last rested
  const auto line = [&](int call) { return scope.calls[static_cast<std::size_t>(call)].text + "\n"; };
  const auto flush = [&] {
    if (together.size() == 1) text += line(together[0]);
    if (together.size() > 1) {
      if (share_a_variable(scope, together))
        text += "# cannot be conducted: a variable is set and used in one block\n";
      text += "concurrent {\n";
      for (const int call : together) text += "  " + line(call);
      text += "}\n";
    }
    together.clear();
  };
  World world = stage.first();
  for (const Label label : path) {
    if (label.kind == Label::begin) {
      if (stage.rests(world)) flush();
      together.push_back(label.which);
    }
    world = stage.follow(world, label);
  }
  flush();
  return text + "end\n";
}

}  // namespace svmq::model::explore
