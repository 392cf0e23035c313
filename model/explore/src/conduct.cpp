#include "svmq/explore/conduct.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "svmq/explore/fingerprint.hpp"

namespace svmq::model::explore {
namespace {

bool same_reply(const Reply& a, const Reply& b) {
  return a.actor == b.actor && a.open == b.open && *a.result == *b.result;
}

// What is left to begin: the calls by position, none twice.
using Left = std::vector<int>;

class Conduct {
 public:
  explicit Conduct(const Stage& stage) : stage_(stage), canon_(stage.scope(), stage.profile(), false) {}

  std::vector<Ending> run(const World& world, const std::vector<int>& calls) {
    visit({{world, {}, {}}, calls});
    while (!open_.empty()) {
      Pending open = std::move(open_.back());
      open_.pop_back();
      advance(std::move(open));
    }
    return std::move(endings_);
  }

 private:
  struct Pending {
    Ending way;
    Left left;
  };

  void advance(Pending open) {
    bool moved = false;
    const World& world = open.way.world;
    const auto sink = [&](Left left) {
      return [&, left = std::move(left)](Label, const Clauses& clauses, World&& raw) {
        moved = true;
        Pending next{{std::move(raw), open.way.replies, open.way.clauses}, left};
        next.way.clauses.add(clauses);
        visit(std::move(next));
      };
    };
    if (!world.state.undefined) {
      stage_.internal(world, sink(open.left));
      std::set<ActorIndex> tried;
      for (std::size_t i = 0; i < open.left.size(); ++i) {
        const ActorIndex actor = stage_.scope().calls[static_cast<std::size_t>(open.left[i])].actor;
        if (!tried.insert(actor).second || !stage_.may_begin(world, actor)) continue;
        Left rest = open.left;
        rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
        stage_.begin(world, open.left[i], sink(std::move(rest)));
      }
    }
    // Whoever is stopped may go on or not: where only they could move, everything may also rest.
    if (!moved || (begun(open.left, world) && stage_.rests(world))) endings_.push_back(std::move(open.way));
  }

  // Nobody is left who could begin.
  bool begun(const Left& left, const World& world) const {
    return std::ranges::none_of(left, [&](int call) {
      return stage_.may_begin(world, stage_.scope().calls[static_cast<std::size_t>(call)].actor);
    });
  }

  // Whoever has been answered returns; a way that was taken before is not taken again.
  void visit(Pending open) {
    stage_.return_all(open.way.world, [&](const World& world, ActorIndex actor) {
      const Actor& self = world.state.actor(actor);
      const bool is_open =
          self.result->kind == Result::identifier && !world.state.queue(self.result->queue).id;
      open.way.replies.push_back({actor, self.result, is_open, self.why});
    });
    std::ranges::stable_sort(open.way.replies, {}, &Reply::actor);
    auto& known = known_[{canon_(open.way.world), open.left}];
    for (const std::vector<Reply>& replies : known)
      if (std::ranges::equal(replies, open.way.replies, same_reply)) return;
    known.push_back(open.way.replies);
    open_.push_back(std::move(open));
  }

  const Stage& stage_;
  const Canon canon_;
  std::map<std::pair<Fingerprint, Left>, std::vector<std::vector<Reply>>> known_;
  std::vector<Pending> open_;
  std::vector<Ending> endings_;
};

bool within(const Stamp& seen, const Stamp& allowed) {
  return allowed.earliest <= seen.earliest && seen.latest <= allowed.latest;
}

// Bits of the mode that may be shown or not cover whatever is shown of them.
bool same_mode(const StatRecord& allowed, const StatRecord& seen) {
  return ((allowed.mode ^ seen.mode) & ~allowed.open_mode) == 0 && (seen.open_mode & ~allowed.open_mode) == 0;
}

bool same_row(const StatRecord& allowed, const StatRecord& seen) {
  StatRecord a = allowed;
  a.stime = seen.stime, a.rtime = seen.rtime, a.ctime = seen.ctime, a.queue = seen.queue;
  a.mode = seen.mode, a.open_mode = seen.open_mode;
  return a == seen && same_mode(allowed, seen) && within(seen.stime, allowed.stime) &&
         within(seen.rtime, allowed.rtime) && within(seen.ctime, allowed.ctime);
}

bool same_rows(const Result& allowed, const Result& seen) {
  return allowed.rows.size() == seen.rows.size() && std::ranges::equal(allowed.rows, seen.rows, same_row);
}

std::optional<std::int32_t> id_of(const World& world, QueueIndex queue) {
  return world.state.queue(queue).id;
}

// The identifier that the model left open is this one, if no living queue has that.
bool settle_identifier(World& world, QueueIndex queue, std::int32_t id) {
  if (id_of(world, queue) == id) return true;
  const auto taken = [&](const auto& q) {
    return !q->removed && q->id == id && q->space == world.state.queue(queue).space;
  };
  if (std::ranges::any_of(world.state.queues, taken)) return false;
  const std::int64_t chosen = *id_of(world, queue);
  world.state.change(queue).id = id;
  for (std::int64_t& value : world.values.write())
    if (value == chosen) value = id;
  return true;
}

// An identifier that the one leaves open may be the other's; that it may be another is a difference, or not.
bool covers_identifier(World& world, const Reply& allowed, World& seen_world, const Reply& seen, Open open) {
  const QueueIndex may = allowed.result->queue, is = seen.result->queue;
  if (allowed.open) return settle_identifier(world, may, *id_of(seen_world, is));
  if (!seen.open) return id_of(world, may) == id_of(seen_world, is);
  return open == Open::settled && settle_identifier(seen_world, is, *id_of(world, may));
}

bool covers(World& world, const Reply& allowed, World& seen_world, const Reply& seen, Open open) {
  const Result &may = *allowed.result, &is = *seen.result;
  if (may.kind == Result::any) return true;
  if (may.kind != is.kind) return false;
  switch (is.kind) {
    case Result::number:
    case Result::key: return may.value == is.value;
    case Result::identifier: return covers_identifier(world, allowed, seen_world, seen, open);
    case Result::failure: return may.error == is.error && (may.may_touch || !is.may_touch);
    case Result::received: return may.value == is.value && may.message == is.message;
    case Result::stat:
      return (may.queue >= 0 ? id_of(world, may.queue) == (is.queue >= 0 ? id_of(seen_world, is.queue)
                                                                         : std::optional<std::int32_t>())
                             : may.value == is.value) &&
             same_rows(may, is);
    case Result::info: return may.value == is.value && may.information == is.information;
    case Result::table: return same_rows(may, is);
    case Result::file: return true;
    case Result::any: return false;
  }
  return false;
}

}  // namespace

std::vector<Ending> conduct(const Stage& stage, const World& world, const std::vector<int>& calls) {
  return Conduct(stage).run(world, calls);
}

bool same_actors(const Ending& a, const Ending& b) {
  const auto same = [](const Actor& one, const Actor& other) {
    return one.alive == other.alive && (one.phase == Phase::idle) == (other.phase == Phase::idle);
  };
  return !a.world.state.undefined && !b.world.state.undefined &&
         std::ranges::equal(a.replies, b.replies, {}, &Reply::actor, &Reply::actor) &&
         std::ranges::equal(a.world.state.actors, b.world.state.actors, same);
}

bool covers(Ending& allowed, Ending& seen, Open open) {
  if (allowed.world.state.undefined) return true;
  if (!same_actors(allowed, seen)) return false;
  for (std::size_t i = 0; i < seen.replies.size(); ++i)
    if (!covers(allowed.world, allowed.replies[i], seen.world, seen.replies[i], open)) return false;
  return true;
}

}  // namespace svmq::model::explore
