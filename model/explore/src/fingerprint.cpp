#include "svmq/explore/fingerprint.hpp"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

namespace svmq::model::explore {
namespace {

using Word = std::uint64_t;

// Two independent lanes of multiply-and-fold.
class Hash {
 public:
  void add(Word word) {
    high_ = fold(high_ ^ word, 0xa0761d6478bd642full);
    low_ = fold(low_ ^ word, 0xe7037ed1a0b428dbull) + 0x8ebc6af09c88c6e3ull;
  }
  void add(std::string_view bytes) {
    add(bytes.size());
    for (; !bytes.empty(); bytes.remove_prefix(std::min<std::size_t>(8, bytes.size()))) {
      Word word = 0;
      for (std::size_t i = 0; i < std::min<std::size_t>(8, bytes.size()); ++i)
        word |= static_cast<Word>(static_cast<unsigned char>(bytes[i])) << (8 * i);
      add(word);
    }
  }
  Fingerprint value() const { return {fold(high_, low_ | 1), fold(low_, high_ | 1)}; }
  Word word() const { return high_; }

 private:
  static Word fold(Word a, Word b) {
    __extension__ using Wide = unsigned __int128;
    const Wide product = static_cast<Wide>(a ^ 0x589965cc75374cc3ull) * b;
    return static_cast<Word>(product) ^ static_cast<Word>(product >> 64) ^ a;
  }
  Word high_ = 0x243f6a8885a308d3ull, low_ = 0x13198a2e03707344ull;
};

template <class T>
Word word(T value) {
  return static_cast<Word>(value);
}

constexpr std::uint8_t nowhere = 255;

std::int64_t id_of(const Request& request) {
  return std::visit(
      [](const auto& r) -> std::int64_t {
        if constexpr (requires { r.id; } && !std::is_same_v<std::decay_t<decltype(r)>, FtokRequest>)
          return r.id;
        else
          return -1;
      },
      request);
}

// Does the request look at the number of an identifier, and not only at which queue it denotes?
bool looks_at_numbers(const Call& call, const Scope& scope) {
  const Values probe(scope.variables.size(), 4096);
  if (!call.fixed) return false;
  const Request request = call.make(probe, scope.origin);
  if (std::holds_alternative<TableRequest>(request)) return true;
  if (const auto* limit = std::get_if<LimitRequest>(&request)) return limit->limit == Limit::msg_next_id;
  if (const auto* control = std::get_if<ControlRequest>(&request))
    if (control->command == IPC_INFO_ || control->command == MSG_INFO_ || control->command == MSG_STAT_ ||
        control->command == MSG_STAT_ANY_)
      return true;
  const std::int64_t id = id_of(request);
  return call.uses.empty() ? id >= 0 : id != 4096 && id != -1;
}

// An old identifier may be answered by its index.
bool recalls_indexes(const Profile& profile) {
  return profile.stale_identifier == StaleIdentifier::eidrm_if_reused ||
         profile.stale_identifier == StaleIdentifier::reaches_new_queue;
}

Fingerprint of(const Process& process) {
  const Credentials& who = *process.credentials;
  Hash hash;
  Word packed = word(process.running) | word(process.alive) << 2 |
                word(process.dying ? static_cast<int>(*process.dying) + 1 : 0) << 3;
  for (const Disposition how : process.dispositions) packed = packed << 2 | word(how);
  hash.add(packed);
  hash.add(word(who.uid) << 32 | who.gid);
  hash.add(word(who.fsgid) << 4 | word(who.ipc_owner) << 3 | word(who.sys_admin) << 2 |
           word(who.sys_resource) << 1 | word(who.checkpoint_restore));
  for (const std::uint32_t group : who.groups) hash.add(group);
  return hash.value();
}

// What counts of it whatever the numbers of identifiers are.
Fingerprint of(const Namespace& space) {
  Hash hash;
  hash.add(word(space.limits.msgmax) << 32 ^ word(space.limits.msgmnb));
  hash.add(word(space.limits.msgmni) << 32 ^ word(space.fresh));
  return hash.value();
}

// Of parts that no renaming touches and that seldom change: made again only when they have.
template <class Part>
class Kept {
 public:
  const std::vector<Fingerprint>& operator()(const CowVector<Part>& parts) {
    if (parts.begin() == std::as_const(parts_).begin()) return fingerprints_;
    parts_ = parts;  // held, so that nothing else is ever made in its place
    fingerprints_.clear();
    for (const Part& part : parts) fingerprints_.push_back(of(part));
    return fingerprints_;
  }

 private:
  CowVector<Part> parts_;
  std::vector<Fingerprint> fingerprints_;
};

}  // namespace

// One world after another, each under a renaming of its own. What it works with is kept from one to the next.
class Canon::Encoding {
 public:
  Encoding(const Scope& scope, bool numbers) : scope_(scope), numbers_(numbers) {}

  Fingerprint of(const World& world, bool slots_alike, bool types_alike,
                 const std::vector<std::vector<ActorIndex>>& actors_alike);

 private:
  void begin(const World& world, bool types_alike);
  void order_slots(bool alike);
  void order_actors(const std::vector<std::vector<ActorIndex>>& alike);
  Fingerprint encode();

  struct Sorted {
    Word signature;
    int index;
    auto operator<=>(const Sorted&) const = default;
  };

  Word signature_of_queue(const Queue& queue) const;
  Word signature_of_actor(ActorIndex actor) const;
  QueueIndex queue_of_variable(int variable) const {
    return queue_of_variable_[static_cast<std::size_t>(variable)];
  }
  QueueIndex queue_of_key(std::int32_t key) const;
  void place(QueueIndex queue);
  Word rank(QueueIndex queue) const {
    return queue < 0 || static_cast<std::size_t>(queue) >= queue_rank_.size()
               ? nowhere
               : queue_rank_[static_cast<std::size_t>(queue)];
  }
  Word rank_of_type(std::int64_t type);
  Word rank_of_call(int call);
  Word rank_of(const Pid& pid) const {
    return pid.kind == Pid::nobody ? 0
                                   : word(pid.kind) << 8 | actor_rank_[static_cast<std::size_t>(pid.actor)];
  }
  Word of(const Stamp& stamp) const {
    return word(state().clock - stamp.earliest) << 32 ^ word(state().clock - stamp.latest);
  }

  const State& state() const { return world_->state; }
  const Values& values() const { return *world_->values; }
  void add(const Fingerprint& part) {
    hash_.add(part.high);
    hash_.add(part.low);
  }
  void add(const Actor& actor, int call);
  void add(const Result& result);
  void add(const Queue& queue);
  void add(const Message& message) {
    hash_.add(rank_of_type(message.type));
    hash_.add(message.text.view());
  }
  void add(const std::vector<ActorIndex>& list) {
    Word packed = list.size();
    for (const ActorIndex a : list)
      packed = packed << 6 ^ actor_rank_[static_cast<std::size_t>(a)] ^ packed >> 58;
    hash_.add(packed);
  }
  void add_rest();

  const Scope& scope_;
  const bool numbers_;
  const World* world_ = nullptr;
  bool types_alike_ = false;
  std::vector<QueueIndex> queue_of_variable_;
  std::vector<std::uint8_t> queue_rank_;
  std::array<std::uint8_t, most_names> slot_rank_, type_rank_;
  std::array<std::uint8_t, most_actors> actor_rank_{};
  std::vector<QueueIndex> queues_;  // in their new order
  std::vector<ActorIndex> actors_;
  std::vector<Sorted> sorted_;
  std::uint8_t types_seen_ = 0;
  Hash hash_;
  Kept<Process> processes_;
  Kept<Namespace> spaces_;
};

void Canon::Encoding::begin(const World& world, bool types_alike) {
  world_ = &world;
  types_alike_ = types_alike;
  queue_of_variable_.clear();
  for (const std::int64_t value : values()) queue_of_variable_.push_back(find_queue(state(), 0, value));
  queue_rank_.assign(state().queues.size(), nowhere);
  slot_rank_.fill(nowhere);
  type_rank_.fill(nowhere);
  queues_.clear();
  actors_.clear();
  types_seen_ = 0;
  hash_ = {};
}

QueueIndex Canon::Encoding::queue_of_key(std::int32_t key) const {
  for (std::size_t q = 0; q < state().queues.size(); ++q)
    if (!state().queues[q]->removed && state().queues[q]->key == key && key != 0)
      return static_cast<QueueIndex>(q);
  return -1;
}

// Of what a queue is, whoever waits for it and whatever its types are called.
Word Canon::Encoding::signature_of_queue(const Queue& queue) const {
  Hash hash;
  hash.add(word(queue.mode) << 32 ^ word(queue.uid) << 8 ^ queue.qbytes << 4 ^ queue.cbytes);
  hash.add(queue.receivers.size() << 8 | queue.senders.size());
  for (const Message& message : queue.messages) hash.add(message.text.size());
  hash.add(of(queue.stime) ^ of(queue.rtime) << 1 ^ of(queue.ctime) << 2);
  return hash.word();
}

void Canon::Encoding::place(QueueIndex queue) {
  if (queue < 0 || rank(queue) != nowhere) return;
  queue_rank_[static_cast<std::size_t>(queue)] = static_cast<std::uint8_t>(queues_.size());
  queues_.push_back(queue);
}

void Canon::Encoding::order_slots(bool alike) {
  sorted_.clear();
  for (std::size_t s = 0; s < scope_.slots.size(); ++s) {
    Word signature = 0;
    if (alike && scope_.slots.size() > 1) {
      const QueueIndex named = queue_of_variable(scope_.slots[s].variable),
                       keyed = queue_of_key(scope_.slots[s].key);
      Hash hash;
      hash.add(values()[static_cast<std::size_t>(scope_.slots[s].variable)] < 0);
      hash.add(named < 0 ? 0 : signature_of_queue(state().queue(named)));
      hash.add(keyed < 0 ? 0 : signature_of_queue(state().queue(keyed)) ^ word(keyed == named));
      signature = hash.word();
    }
    sorted_.push_back({signature, static_cast<int>(s)});
  }
  std::ranges::sort(sorted_);
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    const Slot& slot = scope_.slots[static_cast<std::size_t>(sorted_[i].index)];
    slot_rank_[static_cast<std::size_t>(sorted_[i].index)] = static_cast<std::uint8_t>(i);
    place(queue_of_variable(slot.variable));
    place(queue_of_key(slot.key));
  }
  for (const QueueIndex queue : queue_of_variable_) place(queue);
  for (std::size_t q = 0; q < state().queues.size(); ++q)
    if (!state().queues[q]->removed) place(static_cast<QueueIndex>(q));
}

// Of what an actor is, whatever its name: its call, where it waits, what its queues remember of it.
Word Canon::Encoding::signature_of_actor(ActorIndex index) const {
  const Actor& actor = state().actor(index);
  const Process& process = state().process_of(index);
  Hash hash;
  hash.add(word(actor.phase) | word(actor.woken) << 4 | word(actor.interrupted) << 5 |
           word(actor.restarting) << 6 | word(actor.restarted) << 7 | word(process.running) << 8 |
           word(process.alive) << 10 | word(process.dying.has_value()) << 11 | word(actor.found >= 0) << 12);
  hash.add(word(process.credentials->uid) << 32 | word(actor.mask) << 16 | actor.held);
  if (actor.phase != Phase::idle) {
    const Call& call = scope_.calls[static_cast<std::size_t>(world_->calls[static_cast<std::size_t>(index)])];
    hash.add(word(call.pattern) << 8 |
             (call.slot < 0 ? nowhere : slot_rank_[static_cast<std::size_t>(call.slot)]));
    hash.add(word(call.type));
  }
  for (const QueueIndex q : queues_) {
    const Queue& queue = state().queue(q);
    const auto place = [&](const std::vector<ActorIndex>& list) {
      return word(std::ranges::find(list, index) - list.begin());
    };
    hash.add(place(queue.receivers) << 16 ^ place(queue.senders) << 8 ^
             word(queue.lspid.actor == index) << 4 ^ word(queue.lrpid.actor == index) << 5);
  }
  return hash.word();
}

void Canon::Encoding::order_actors(const std::vector<std::vector<ActorIndex>>& alike) {
  for (const std::vector<ActorIndex>& group : alike) {
    sorted_.clear();
    for (const ActorIndex actor : group)
      sorted_.push_back({group.size() > 1 ? signature_of_actor(actor) : 0, actor});
    std::ranges::sort(sorted_);
    for (const Sorted& entry : sorted_) {
      actor_rank_[static_cast<std::size_t>(entry.index)] = static_cast<std::uint8_t>(actors_.size());
      actors_.push_back(entry.index);
    }
  }
}

Word Canon::Encoding::rank_of_type(std::int64_t type) {
  if (!types_alike_) return word(type);
  const auto found = std::ranges::find(scope_.types, type);
  if (found == scope_.types.end()) return word(type);
  std::uint8_t& rank = type_rank_[static_cast<std::size_t>(found - scope_.types.begin())];
  if (rank == nowhere) rank = types_seen_++;
  return word(0x10000 + rank);
}

Word Canon::Encoding::rank_of_call(int index) {
  const Call& call = scope_.calls[static_cast<std::size_t>(index)];
  const Word type = call.type < 0 ? 0 : rank_of_type(scope_.types[static_cast<std::size_t>(call.type)]);
  return word(call.pattern) << 40 ^ type << 16 ^
         (call.slot < 0 ? nowhere : slot_rank_[static_cast<std::size_t>(call.slot)]);
}

void Canon::Encoding::add(const Actor& actor, int call) {
  hash_.add(word(actor.phase) | word(actor.woken) << 4 | word(actor.interrupted) << 5 |
            word(actor.restartable) << 6 | word(actor.restarting) << 7 | word(actor.restarted) << 8 |
            word(actor.alive) << 9 | word(actor.mask) << 16 | word(actor.held) << 32 |
            word(actor.space) << 48);
  if (actor.phase == Phase::idle) return;
  hash_.add(rank_of_call(call));
  hash_.add(rank(actor.waits_on) << 16 ^ rank(find_queue(state(), actor.space, id_of(*actor.call))) << 8 ^
            word(actor.found >= 0) ^ word(state().clock - actor.since) << 32);
  if (actor.result) add(*actor.result);
}

void Canon::Encoding::add(const Result& result) {
  hash_.add(word(result.kind) | word(result.error) << 8 | word(result.may_touch) << 16 |
            rank(result.queue) << 24 | word(result.value) << 32);
  if (result.kind == Result::received) add(result.message);
  for (const StatRecord& row : result.rows) {
    hash_.add(rank(row.queue) << 32 | row.mode);
    hash_.add(word(row.uid) << 32 | row.gid);
    hash_.add(row.qnum << 32 ^ row.cbytes << 16 ^ row.qbytes);
    hash_.add(rank_of(row.lspid) << 16 | rank_of(row.lrpid));
    hash_.add(of(row.stime));
    hash_.add(of(row.rtime));
    hash_.add(of(row.ctime));
  }
  for (const auto& [field, value] : result.information.fields) hash_.add(word(value));
}

void Canon::Encoding::add(const Queue& queue) {
  hash_.add(word(queue.mode) << 32 | word(queue.space) << 16 | word(queue.removed));
  hash_.add(word(queue.uid) << 32 | queue.gid);
  hash_.add(word(queue.cuid) << 32 | queue.cgid);
  hash_.add(queue.qbytes);
  hash_.add(queue.cbytes << 20 ^ queue.messages.size());
  hash_.add(rank_of(queue.lspid) << 16 | rank_of(queue.lrpid));
  hash_.add(of(queue.stime));
  hash_.add(of(queue.rtime));
  hash_.add(of(queue.ctime));
  Word key = word(static_cast<std::uint32_t>(queue.key));
  for (std::size_t s = 0; s < scope_.slots.size(); ++s)
    if (queue.key != 0 && scope_.slots[s].key == queue.key) key = 0x100000000ull + slot_rank_[s];
  hash_.add(key);
  hash_.add(numbers_ ? word(queue.id.value_or(-1)) : word(queue.id.has_value()));
  for (const Message& message : queue.messages) add(message);
  add(queue.receivers);
  add(queue.senders);
  hash_.add(queue.lock < 0 ? nowhere : actor_rank_[static_cast<std::size_t>(queue.lock)]);
}

void Canon::Encoding::add_rest() {
  for (const Fingerprint& space : spaces_(state().spaces)) add(space);
  for (const Namespace& space : state().spaces) {
    if (!numbers_) break;
    hash_.add(word(space.limits.msg_next_id));
    hash_.add(word(space.last_index) << 32 ^ word(space.cursor));
    hash_.add(word(space.sequence));
    for (const int sequence : space.slot_sequences) hash_.add(word(sequence));
  }
  for (const Segment& segment : state().segments) hash_.add(word(segment.key) << 32 ^ word(segment.space));
  for (const auto& [name, file] : state().files->names) {
    hash_.add(name);
    hash_.add(word(file.kind) << 32 ^ word(file.inode));
    hash_.add(file.target);
    hash_.add(word(file.mode) << 32 ^ word(file.owner));
  }
  for (const Inode& inode : state().files->inodes) hash_.add(inode.number.value_or(0));
  hash_.add(word(state().clock));
  hash_.add(state().undefined);
}

Fingerprint Canon::Encoding::encode() {
  const std::vector<Fingerprint>& processes = processes_(state().processes);
  for (const QueueIndex q : queues_) add(state().queue(q));
  for (const ActorIndex a : actors_) {
    add(processes[static_cast<std::size_t>(state().actor(a).process)]);
    add(state().actor(a), world_->calls[static_cast<std::size_t>(a)]);
  }
  std::array<Word, most_names> by_slot{};
  for (std::size_t s = 0; s < scope_.slots.size(); ++s) {
    const int variable = scope_.slots[s].variable;
    const std::int64_t value = values()[static_cast<std::size_t>(variable)];
    by_slot[slot_rank_[s]] = value < 0 ? word(value == not_set) : word(2) + rank(queue_of_variable(variable));
  }
  for (std::size_t s = 0; s < scope_.slots.size(); ++s) hash_.add(by_slot[s]);
  for (std::size_t v = 0; v < scope_.variables.size(); ++v) {
    const std::int64_t value = values()[v];
    if (numbers_)
      hash_.add(word(value));
    else if (std::ranges::find(scope_.slots, static_cast<int>(v), &Slot::variable) == scope_.slots.end())
      hash_.add(value < 0 ? word(value == not_set) : word(2) + rank(queue_of_variable(static_cast<int>(v))));
  }
  add_rest();
  return hash_.value();
}

Fingerprint Canon::Encoding::of(const World& world, bool slots_alike, bool types_alike,
                                const std::vector<std::vector<ActorIndex>>& actors_alike) {
  begin(world, types_alike);
  order_slots(slots_alike);
  order_actors(actors_alike);
  return encode();
}

namespace {

// Processes are alike if the scope says the same of them: what they may call, and what may be sent to them.
std::vector<std::vector<ActorIndex>> groups(const Scope& scope, bool symmetric) {
  const State& state = scope.origin;
  std::vector<std::vector<ActorIndex>> groups;
  std::map<std::vector<std::array<int, 4>>, std::size_t> known;
  for (std::size_t a = 0; a < state.actors.size(); ++a) {
    const auto actor = static_cast<ActorIndex>(a);
    const bool threads = std::ranges::count(state.actors, state.actors[a].process, &Actor::process) > 1;
    std::vector<std::array<int, 4>> what;
    for (const Call& call : scope.calls) {
      if (call.once) continue;
      if (call.actor == actor) what.push_back({0, call.pattern, call.slot, call.type});
      if (call.target == actor) what.push_back({1, call.pattern, call.slot, call.type});
    }
    std::ranges::sort(what);
    const bool alone = !symmetric || threads || a + 1 == state.actors.size();
    const auto [place, fresh] = alone ? std::pair(known.end(), true) : known.emplace(what, groups.size());
    if (alone || fresh) groups.emplace_back();
    groups[alone || fresh ? groups.size() - 1 : place->second].push_back(actor);
  }
  return groups;
}

}  // namespace

Canon::Canon(const Scope& scope, const Profile& profile, bool symmetric)
    : numbers_matter_(recalls_indexes(profile) ||
                      std::ranges::any_of(
                          scope.calls, [&](const Call& c) { return !c.once && looks_at_numbers(c, scope); })),
      slots_alike_(symmetric && scope.slots_alike && !numbers_matter_),
      types_alike_(symmetric && scope.types_alike),
      alike_(groups(scope, symmetric)),
      encoding_(std::make_shared<Encoding>(scope, numbers_matter_)) {}

Fingerprint Canon::operator()(const World& world) const {
  return encoding_->of(world, slots_alike_, types_alike_, alike_);
}

}  // namespace svmq::model::explore
