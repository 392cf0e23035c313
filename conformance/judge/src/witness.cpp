#include "witness.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>

#include "explore.hpp"
#include "opening.hpp"
#include "svmq/judge/answer.hpp"

namespace svmq::judge {
namespace {

using language::History;
using model::ActorIndex;
using model::Phase;
using model::State;

constexpr std::size_t none = SIZE_MAX;
constexpr std::uint64_t first_try = 400;  // states

// What the history says of each moment, whatever the model makes of it.
class Script {
 public:
  // What is to be done at an event.
  struct Entry {
    enum Kind { clock, call, back, both, blocked, death, skipped } kind = clock;
    ActorIndex actor = -1;
    const language::Step* step = nullptr;
    const language::Result* result = nullptr;       // of the return; of a call: what it will return
    std::shared_ptr<const model::Request> request;  // nothing: depends on the caller's credentials
    std::vector<ActorIndex> sleepers;
    std::size_t returns = none;  // of a call: when
  };

  Script(const History& history, Cast cast, const State& first)
      : actors_(cast.count()), cast_(std::move(cast)) {
    pending_.assign(actors_, none);
    for (const language::Event& event : history.events) {
      entries_.emplace_back();
      if (!std::visit([&](const auto& what) { return read(what, first); }, event.what)) {
        fit_ = false;
        return;
      }
    }
    for (std::size_t e = 0; e < entries_.size(); ++e) {
      Entry& entry = entries_[e];
      if (entry.kind == Entry::call && entry.returns != none) entry.result = entries_[entry.returns].result;
    }
  }

  bool fit() const { return fit_; }
  std::size_t size() const { return entries_.size(); }
  const Entry& operator[](std::size_t event) const { return entries_[event]; }
  const Cast& cast() const { return cast_; }
  std::size_t steps() const { return steps_; }
  bool asleep_at_the_end(std::size_t actor) const {
    return pending_[actor] == none || asleep_.contains(static_cast<ActorIndex>(actor));
  }

 private:
  Entry& last() { return entries_.back(); }
  std::size_t& pending(ActorIndex actor) { return pending_[static_cast<std::size_t>(actor)]; }

  bool begin(const language::Step& step, const State& first) {
    const ActorIndex actor = cast_.index(step.actor);
    if (actor < 0 || pending(actor) != none) return false;
    ++steps_;
    last().kind = Entry::call;
    last().actor = actor;
    last().step = &step;
    if (!std::holds_alternative<language::Become>(step.action))
      last().request = std::make_shared<const model::Request>(cast_.request(step, first));
    pending(actor) = entries_.size() - 1;
    asleep_.clear();  // behind a step it is said anew
    return true;
  }
  void end(ActorIndex actor, const language::Result& result) {
    const language::Step& step = *entries_[pending(actor)].step;
    if (!step.variable.empty()) cast_.set(step.variable, result.error.empty() ? result.value : -1);
    pending(actor) = none;
    asleep_.erase(actor);
    last().result = &result;
  }

  bool read(const language::Call& call, const State& first) { return begin(call.step, first); }
  bool read(const language::Complete& complete, const State& first) {
    if (!begin(complete.step, first)) return false;
    end(last().actor, complete.result);
    last().kind = Entry::both;
    return true;
  }
  bool read(const language::Return& returned, const State&) {
    const ActorIndex actor = cast_.index(returned.actor);
    if (actor < 0 || pending(actor) == none) return false;
    last().kind = Entry::back;
    last().actor = actor;
    entries_[pending(actor)].returns = entries_.size() - 1;
    end(actor, returned.result);
    return true;
  }
  bool read(const language::Blocked& blocked, const State&) {
    last().kind = Entry::blocked;
    for (const std::string& name : blocked.actors) last().sleepers.push_back(cast_.index(name));
    std::ranges::sort(last().sleepers);
    asleep_ = {last().sleepers.begin(), last().sleepers.end()};
    return !last().sleepers.empty() ? last().sleepers.front() >= 0 : true;
  }
  bool read(const language::Death& death, const State& first) {
    last().kind = Entry::death;
    last().actor = cast_.index(death.actor);
    if (last().actor < 0) return false;
    for (std::size_t a = 0; a < actors_; ++a)
      if (first.actors[a].process == first.actor(last().actor).process) pending_[a] = none;
    return true;
  }
  bool read(const language::Skipped& skipped, const State&) {
    last().kind = Entry::skipped;
    last().actor = cast_.index(skipped.step.actor);
    // Who is in a call skips for that reason.
    if (last().actor >= 0 && pending(last().actor) != none) last() = {};
    return last().kind == Entry::clock || last().actor >= 0;
  }
  bool read(const language::Clock&, const State&) { return true; }
  template <class Other>
  bool read(const Other&, const State&) {
    return false;
  }

  std::size_t actors_, steps_ = 0;
  Cast cast_;
  std::vector<Entry> entries_;
  std::vector<std::size_t> pending_;  // by actor: the event of its unfinished call
  std::set<ActorIndex> asleep_;
  bool fit_ = true;
};

// Messages of one type leave a queue in the order in which they came, and what is received by type 0 was the
// oldest of all: so what a history says of receipts says something of the order of sends. Of messages that
// were sent once.
class Receipts {
 public:
  explicit Receipts(const Script& script) {
    for (std::size_t e = 0; e < script.size(); ++e) {
      const Script::Entry& entry = script[e];
      if (entry.request == nullptr) continue;
      if (const auto* send = std::get_if<model::SendRequest>(entry.request.get());
          send && send->text.size() >= send->size)
        ++told_[{send->type, send->text.view().substr(0, send->size)}].sends;
      const auto* receive = std::get_if<model::ReceiveRequest>(entry.request.get());
      if (receive == nullptr) continue;
      copies_ = copies_ || (receive->flags & model::MSG_COPY_) != 0;
      all_told_ = all_told_ && entry.result != nullptr;
      if (entry.result == nullptr || !entry.result->received) continue;
      Told& told = told_[{entry.result->received->type, entry.result->received->text}];
      ++told.receipts;
      told.begun = e;
      told.first_of_all = receive->type == 0;
      told.returned = entry.kind == Script::Entry::both ? e : entry.returns;
    }
    // Of a truncated one it is not known which it was.
    for (const auto& [message, told] : told_) all_told_ = all_told_ && told.sends > 0;
  }

  // The last message of the queue has come behind another one that was received only after it.
  bool contradict(const model::Queue& queue) const {
    if (copies_ || queue.messages.size() < 2) return false;
    const model::Message& last = queue.messages.back();
    const Told* one = once(last);
    if (one == nullptr || one->receipts == 0) return false;
    for (const model::Message& message : queue.messages) {
      if (&message == &last || (message.type != last.type && !one->first_of_all)) continue;
      const Told* other = once(message);
      if (other != nullptr && (other->receipts == 0 ? all_told_ : other->begun > one->returned)) return true;
    }
    return false;
  }

 private:
  struct Told {
    int sends = 0, receipts = 0;
    std::size_t begun = 0, returned = 0;  // events of the receipt
    bool first_of_all = false;            // it asked for any type
  };
  const Told* once(const model::Message& message) const {
    const auto found = told_.find({message.type, message.text.view()});
    return found != told_.end() && found->second.sends == 1 && found->second.receipts <= 1 ? &found->second
                                                                                           : nullptr;
  }

  std::map<std::pair<std::int64_t, std::string_view>, Told> told_;
  bool copies_ = false;   // a receipt may leave the message where it is
  bool all_told_ = true;  // every receipt is known: what none has received stayed
};

// A moment on the way: before an event, or (half) between a call and its return in one line.
struct Moment {
  State state;
  std::vector<std::size_t> calls;  // by actor: the event of its unfinished call
  std::size_t event = 0;
  bool half = false;
  bool others = false;  // only ways in which somebody else acts first
};

class WitnessSearch {
 public:
  // `variant`: 0 tries first what is likeliest; others sometimes something else.
  WitnessSearch(const History& history, const model::Profile& profile, std::uint64_t budget,
                std::uint64_t variant)
      : history_(history),
        profile_(profile),
        budget_(budget),
        variant_(variant),
        random_(variant),
        opening_(history, profile),
        script_(history, opening_.cast, opening_.state),
        receipts_(script_),
        why_(history.events.size()) {}

  Witness run() {
    if (!script_.fit()) return std::move(witness_);
    witness_.steps = script_.steps();
    open_.push_back({opening_.state, std::vector<std::size_t>(script_.cast().count(), none)});
    witness_.outcome = Witness::none;
    while (!open_.empty() && witness_.outcome == Witness::none) {
      Moment moment = std::move(open_.back());
      open_.pop_back();
      if (moment.others ? (branch(moment), false) : advance(moment)) finish(moment.state);
      if (witness_.states > budget_ && witness_.outcome == Witness::none)
        witness_.outcome = Witness::exhausted;
    }
    return std::move(witness_);
  }

 private:
  void finish(const State& state) {
    for (std::size_t a = 0; a < state.actors.size(); ++a) {
      const bool held = state.undefined || !state.actors[a].alive ||
                        state.process_of(static_cast<ActorIndex>(a)).running != model::Running::yes;
      if (!script_.asleep_at_the_end(a) && !held) {
        witness_.outcome = Witness::unfit;
        return;
      }
    }
    witness_.outcome = Witness::found;
    for (const model::Clauses& clauses : why_)
      for (const model::Clause clause : clauses) witness_.clauses.insert(clause.id());
  }

  // As far as there is no choice, or the first one is good. True: to the end of the history.
  bool advance(Moment& m) {
    for (; m.event < script_.size(); ++m.event) {
      witness_.furthest = std::max(witness_.furthest, m.event);
      if (m.state.undefined) continue;  // whatever follows is allowed
      const Script::Entry& entry = script_[m.event];
      bool good = true;
      switch (entry.kind) {
        case Script::Entry::clock: good = tick(m); break;
        case Script::Entry::call: good = call(m, entry); break;
        case Script::Entry::both: good = (m.half || call(m, entry)) && back(m, entry); break;
        case Script::Entry::back: good = back(m, entry); break;
        case Script::Entry::blocked: good = blocked(m, entry); break;
        case Script::Entry::death: good = death(m, entry); break;
        case Script::Entry::skipped: good = skipped(m, entry); break;
      }
      if (!good) return false;
      m.half = false;
    }
    return true;
  }

  bool tick(Moment& m) const {
    if (const auto* clock = std::get_if<language::Clock>(&history_.events[m.event].what))
      m.state.clock = std::max(m.state.clock, clock->seconds);
    return true;
  }

  bool call(Moment& m, const Script::Entry& entry) {
    if (!m.state.actor(entry.actor).alive) return false;
    // What happened before a signal is told from what happened after it.
    if (std::holds_alternative<language::Kill>(entry.step->action) && !first_time(m)) return false;
    why_[m.event] = {};
    const auto request =
        entry.request ? entry.request
                      : std::make_shared<const model::Request>(script_.cast().request(*entry.step, m.state));
    model::begin(profile_, m.state, entry.actor, request);
    m.calls[static_cast<std::size_t>(entry.actor)] = m.event;
    m.half = true;
    return true;
  }

  bool back(Moment& m, const Script::Entry& entry) {
    if (m.state.actor(entry.actor).phase != Phase::returning && !act(m, entry)) return false;
    if (m.state.undefined) return true;
    const model::Actor& self = m.state.actor(entry.actor);
    const std::shared_ptr<const model::Result> allowed = self.result;
    if (!agrees(script_.cast(), m.state, *allowed, *entry.result)) return false;
    why_[m.event] = m.state.actor(entry.actor).why;
    model::finish(m.state, entry.actor);
    m.calls[static_cast<std::size_t>(entry.actor)] = none;
    return true;
  }

  // The actor's own call goes on until it returns; what others might do before is left for later.
  bool act(Moment& m, const Script::Entry& entry) {
    const bool choice = others_may_move(m, entry.actor);
    if (choice) {
      if (!remember(m)) return false;
      open_.push_back(m);
      open_.back().others = true;
    }
    const std::size_t later = open_.size();
    const bool later_itself = choice && variant_ > 0 && chance();
    std::optional<State> first;
    for (model::Outcome& outcome : model::steps(profile_, m.state, entry.actor)) {
      ++witness_.states;
      if (!foreseen(outcome.next, m.calls) || (choice && contradicted(m, outcome.next, entry.actor)))
        continue;
      if (!first && !later_itself) {
        first = std::move(outcome.next);
        continue;
      }
      Moment other = m;
      other.state = std::move(outcome.next);
      open_.push_back(std::move(other));
    }
    if (later_itself) {
      std::rotate(open_.begin() + static_cast<std::ptrdiff_t>(later) - 1,
                  open_.begin() + static_cast<std::ptrdiff_t>(later), open_.end());
      return false;
    }
    if (!first) return false;
    if (choice && open_.size() == later && harmless(*first, entry)) open_.pop_back();
    m.state = std::move(*first);
    return m.state.undefined || m.state.actor(entry.actor).phase == Phase::returning || act(m, entry);
  }

  // It has failed and nothing else: then nothing is gained by letting others act before.
  static bool harmless(const State& state, const Script::Entry& entry) {
    const model::Actor& self = state.actor(entry.actor);
    if (self.phase != Phase::returning || self.result->kind != model::Result::failure) return false;
    if (entry.result->touched && !self.result->may_touch) return false;
    switch (self.result->error) {
      case model::Errno::enomsg:
      case model::Errno::eagain:
      case model::Errno::einval:
      case model::Errno::eacces:
      case model::Errno::e2big: return true;
      default: return false;
    }
  }

  bool others_may_move(const Moment& m, ActorIndex but) const {
    for (std::size_t a = 0; a < m.state.actors.size(); ++a) {
      const Phase phase = m.state.actors[a].phase;
      if (static_cast<ActorIndex>(a) != but && phase != Phase::idle && phase != Phase::returning) return true;
    }
    return false;
  }

  // Every way in which somebody acts before this event; last, and so first to be tried, whose return comes
  // next.
  void branch(const Moment& m) {
    const Script::Entry& entry = script_[m.event];
    const ActorIndex but =
        entry.kind == Script::Entry::back || entry.kind == Script::Entry::both ? entry.actor : -1;
    std::vector<ActorIndex> order;
    for (std::size_t a = 0; a < m.state.actors.size(); ++a)
      if (static_cast<ActorIndex>(a) != but && m.state.actors[a].phase != Phase::idle)
        order.push_back(static_cast<ActorIndex>(a));
    const auto returns = [&](ActorIndex actor) {
      const std::size_t call = m.calls[static_cast<std::size_t>(actor)];
      return call == none ? none : script_[call].returns;
    };
    std::ranges::stable_sort(order, std::greater<>(), returns);
    for (const ActorIndex actor : order) {
      for (model::Outcome& outcome : model::steps(profile_, m.state, actor)) {
        ++witness_.states;
        if (!foreseen(outcome.next, m.calls) || contradicted(m, outcome.next, actor)) continue;
        open_.push_back({std::move(outcome.next), m.calls, m.event, m.half, false});
      }
    }
  }

  // Something that is so only at some moment: now, or after somebody has acted.
  bool first_time(const Moment& m) {
    if (!others_may_move(m, -1)) return true;
    if (!remember(m)) return false;
    open_.push_back(m);
    open_.back().others = true;
    return true;
  }

  bool blocked(Moment& m, const Script::Entry& entry) {
    std::vector<ActorIndex> asleep;
    for (std::size_t a = 0; a < m.state.actors.size(); ++a)
      if (model::asleep(profile_, m.state, static_cast<ActorIndex>(a)))
        asleep.push_back(static_cast<ActorIndex>(a));
    const bool quiet = model::quiet(profile_, m.state);
    if (!quiet && !first_time(m)) return false;
    if (!quiet || asleep != entry.sleepers) return false;
    why_[m.event] = {};
    for (const ActorIndex actor : asleep)
      why_[m.event].add(m.state.actor(actor).phase == Phase::sending ? model::Clause("msgsnd.block")
                                                                           : model::Clause("msgrcv.block"));
    model::settle(m.state);
    return true;
  }

  bool death(Moment& m, const Script::Entry& entry) {
    if (!first_time(m)) return false;
    const auto& death = std::get<language::Death>(history_.events[m.event].what);
    if (!may_die(m.state, entry.actor, death)) return false;
    const int process = m.state.actor(entry.actor).process;
    model::die(m.state, process);
    for (std::size_t a = 0; a < m.calls.size(); ++a)
      if (m.state.actors[a].process == process) m.calls[a] = none;
    why_[m.event] = {"wait.kill", "gen.persist"};
    return true;
  }

  static bool skipped(const Moment& m, const Script::Entry& entry) {
    const model::Process& process = m.state.process_of(entry.actor);
    return !process.alive || !m.state.actor(entry.actor).alive || process.running != model::Running::yes;
  }

  // Whoever has been answered was answered what it returns. Identifiers and time stamps are left to the
  // return.
  bool foreseen(const State& state, const std::vector<std::size_t>& calls) const {
    if (state.undefined) return true;
    for (std::size_t a = 0; a < calls.size(); ++a) {
      if (calls[a] == none || state.actors[a].phase != Phase::returning) continue;
      const language::Result* seen = script_[calls[a]].result;
      if (seen != nullptr && !may_be(*state.actors[a].result, *seen)) return false;
    }
    return true;
  }
  bool contradicted(const Moment& before, const State& after, ActorIndex actor) const {
    const auto& request = before.state.actor(actor).call;
    if (after.undefined || !request || !std::holds_alternative<model::SendRequest>(*request)) return false;
    for (std::size_t q = 0; q < after.queues.size() && q < before.state.queues.size(); ++q)
      if (after.queues[q]->messages.size() > before.state.queues[q]->messages.size() &&
          receipts_.contradict(*after.queues[q]))
        return true;
    return false;
  }
  static bool may_be(const model::Result& allowed, const language::Result& seen) {
    switch (allowed.kind) {
      case model::Result::any: return true;
      case model::Result::failure: return seen.error == model::name(allowed.error);
      case model::Result::number: return seen.error.empty() && seen.value == allowed.value;
      case model::Result::received:
        return seen.received && seen.received->type == allowed.message.type &&
               seen.received->text == allowed.message.text.view();
      default: return seen.error.empty();
    }
  }

  // One time out of four.
  bool chance() {
    random_ = random_ * 6364136223846793005u + 1442695040888963407u;
    return random_ >> 62 == 0;
  }

  // False: it has been gone on from before.
  bool remember(const Moment& m) {
    const std::uint64_t key = m.state.hash() ^ ((2 * m.event + (m.half ? 1 : 0)) * 0x9e3779b97f4a7c15u);
    const auto [first, last] = known_.equal_range(key);
    for (auto place = first; place != last; ++place)
      if (place->second.event == m.event && place->second.half == m.half && place->second.state == m.state)
        return false;
    known_.emplace(key, Known{m.state, m.event, m.half});
    return true;
  }

  struct Known {
    State state;
    std::size_t event;
    bool half;
  };

  const History& history_;
  const model::Profile& profile_;
  const std::uint64_t budget_, variant_;
  std::uint64_t random_;
  const Opening opening_;
  const Script script_;
  const Receipts receipts_;
  std::vector<Moment> open_;
  std::unordered_multimap<std::uint64_t, Known> known_;
  std::vector<model::Clauses> why_;  // by event, of the way at hand
  Witness witness_;
};

}  // namespace

Witness find_witness(const History& history, const model::Profile& profile, std::uint64_t budget) {
  // A wrong choice at the beginning may cost any number of states; begun anew with other choices, it seldom
  // does.
  std::uint64_t visited = 0;
  for (std::uint64_t variant = 0, most = first_try;; ++variant, most *= 2) {
    Witness witness = WitnessSearch(history, profile, std::min(most, budget - visited), variant).run();
    visited = witness.states += visited;
    if (witness.outcome != Witness::exhausted || visited > budget) return witness;
  }
}

}  // namespace svmq::judge
