#include "sights.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <stdexcept>

#include "fields.hpp"

namespace svmq::mutants {
namespace {

using model::ActorIndex;
using model::Credentials;
using model::Limits;
using model::Queue;
using model::QueueIndex;
using model::Request;
using model::State;
using Words = std::vector<std::string>;

// --------------------------------------------------------------------------------------------- the request

class OtherRequest : public Sight {
 public:
  explicit OtherRequest(std::function<void(Request&)> change) : change_(std::move(change)) {}

  void distort(State& state, ActorIndex actor) const override {
    Request request = *state.actor(actor).call;
    change_(request);
    state.actor(actor).call = std::make_shared<const Request>(std::move(request));
  }
  void restore(const State& before, const State&, ActorIndex actor, State& next) const override {
    if (next.actor(actor).call) next.actor(actor).call = before.actor(actor).call;
  }

 private:
  std::function<void(Request&)> change_;
};

// Adds to a member of whichever request has it; for flags: sets and clears bits.
#define SVMQ_CHANGE_MEMBER(member, expression)                                    \
  [by](Request& request) {                                                        \
    std::visit(                                                                   \
        [by](auto& r) {                                                           \
          if constexpr (requires { r.member; })                                   \
            r.member = static_cast<std::decay_t<decltype(r.member)>>(expression); \
        },                                                                        \
        request);                                                                 \
  }

std::unique_ptr<Sight> other_request(const Words& words) {
  const std::int64_t by = signed_number(words.at(1), words.at(2));
  const auto bits = static_cast<std::uint32_t>(by < 0 ? -by : by);
  const std::string& what = words.front();
  std::function<void(Request&)> change;
  if (what == "size") change = SVMQ_CHANGE_MEMBER(size, r.size + static_cast<std::uint64_t>(by));
  if (what == "type")
    change = SVMQ_CHANGE_MEMBER(type, static_cast<std::uint64_t>(r.type) + static_cast<std::uint64_t>(by));
  if (what == "id") change = SVMQ_CHANGE_MEMBER(id, r.id + by);
  if (what == "key") change = SVMQ_CHANGE_MEMBER(key, r.key + by);
  if (what == "command") change = SVMQ_CHANGE_MEMBER(command, r.command + by);
  if (what == "flags")
    change = [by, bits](Request& request) {
      std::visit(
          [by, bits](auto& r) {
            if constexpr (requires { r.flags; }) r.flags = by < 0 ? r.flags & ~bits : r.flags | bits;
          },
          request);
    };
  return std::make_unique<OtherRequest>(std::move(change));
}
#undef SVMQ_CHANGE_MEMBER

// ---------------------------------------------------------------------------------------------- the limits

class OtherLimit : public Sight {
 public:
  OtherLimit(std::int64_t Limits::*limit, std::int64_t by) : limit_(limit), by_(by) {}

  void distort(State& state, ActorIndex actor) const override { of(state, actor) += by_; }
  void restore(const State& before, const State& seen, ActorIndex actor, State& next) const override {
    if (std::as_const(next).space_of(actor).limits.*limit_ == seen.space_of(actor).limits.*limit_)
      of(next, actor) = before.space_of(actor).limits.*limit_;
  }

 private:
  std::int64_t& of(State& state, ActorIndex actor) const {
    return state.spaces[static_cast<std::size_t>(state.actor(actor).space)].limits.*limit_;
  }
  std::int64_t Limits::*limit_;
  std::int64_t by_;
};

std::unique_ptr<Sight> other_limit(const Words& words) {
  static const std::map<std::string_view, std::int64_t Limits::*> limits = {
      {"msgmax", &Limits::msgmax}, {"msgmnb", &Limits::msgmnb}, {"msgmni", &Limits::msgmni}};
  return std::make_unique<OtherLimit>(limits.at(words.front()), signed_number(words.at(1), words.at(2)));
}

// ----------------------------------------------------------------------------------------------- the queue

QueueIndex queue_of_call(const State& state, ActorIndex actor) {
  const model::Actor& self = state.actor(actor);
  return self.waits_on >= 0 ? self.waits_on : self.found;
}

class OtherQueue : public Sight {
 public:
  void distort(State& state, ActorIndex actor) const override {
    const QueueIndex index = queue_of_call(state, actor);
    if (index >= 0) distort(state.change(index));
  }
  void restore(const State& before, const State& seen, ActorIndex actor, State& next) const override {
    const QueueIndex index = queue_of_call(before, actor);
    if (index >= 0) restore(before.queue(index), seen.queue(index), next.change(index));
  }

 protected:
  virtual void distort(Queue& queue) const = 0;
  virtual void restore(const Queue& before, const Queue& seen, Queue& next) const = 0;
};

class OtherNumber : public OtherQueue {
 public:
  OtherNumber(std::uint64_t Queue::*number, std::int64_t by)
      : number_(number), by_(static_cast<std::uint64_t>(by)) {}

 protected:
  void distort(Queue& queue) const override { queue.*number_ += by_; }
  void restore(const Queue& before, const Queue& seen, Queue& next) const override {
    // What is queued is counted up and down; a limit that was set is set.
    if (number_ == &Queue::cbytes)
      next.*number_ -= by_;
    else if (next.*number_ == seen.*number_)
      next.*number_ = before.*number_;
  }

 private:
  std::uint64_t Queue::*number_;
  std::uint64_t by_;
};

class OtherMode : public OtherQueue {
 public:
  explicit OtherMode(std::int64_t bits) : bits_(bits) {}

 protected:
  void distort(Queue& queue) const override {
    const auto bits = static_cast<std::uint32_t>(bits_ < 0 ? -bits_ : bits_);
    queue.mode = bits_ < 0 ? queue.mode & ~bits : queue.mode | bits;
  }
  void restore(const Queue& before, const Queue& seen, Queue& next) const override {
    if (next.mode == seen.mode) next.mode = before.mode;
  }

 private:
  std::int64_t bits_;
};

// The same messages in another order.
class OtherOrder : public OtherQueue {
 public:
  using Order = void (*)(const std::vector<model::Message>& messages, std::vector<std::size_t>& order);
  explicit OtherOrder(Order order) : order_(order) {}

 protected:
  void distort(Queue& queue) const override {
    std::vector<model::Message> messages;
    for (const std::size_t i : order_of(queue.messages)) messages.push_back(queue.messages[i]);
    queue.messages = std::move(messages);
  }
  // A receive takes one message away.
  void restore(const Queue& before, const Queue& seen, Queue& next) const override {
    if (next.messages.size() > before.messages.size() || next.removed) return;
    std::vector<model::Message> left = before.messages;
    if (next.messages.size() < left.size()) {
      const auto gone = static_cast<std::size_t>(std::ranges::mismatch(seen.messages, next.messages).in1 -
                                                 seen.messages.begin());
      left.erase(left.begin() + static_cast<std::ptrdiff_t>(order_of(left)[gone]));
    }
    next.messages = std::move(left);
  }

 private:
  std::vector<std::size_t> order_of(const std::vector<model::Message>& messages) const {
    std::vector<std::size_t> order(messages.size());
    std::iota(order.begin(), order.end(), 0);
    order_(messages, order);
    return order;
  }
  Order order_;
};

void newest_first(const std::vector<model::Message>&, std::vector<std::size_t>& order) {
  std::ranges::reverse(order);
}
void by_type(const std::vector<model::Message>& messages, std::vector<std::size_t>& order) {
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return messages[i].type; });
}
void first_last(const std::vector<model::Message>&, std::vector<std::size_t>& order) {
  if (!order.empty()) std::rotate(order.begin(), order.begin() + 1, order.end());
}

std::unique_ptr<Sight> other_queue(const Words& words) {
  const std::int64_t by = signed_number(words.at(1), words.at(2));
  if (words.front() == "mode") return std::make_unique<OtherMode>(by);
  return std::make_unique<OtherNumber>(words.front() == "qbytes" ? &Queue::qbytes : &Queue::cbytes, by);
}

std::unique_ptr<Sight> other_order(const Words& words) {
  static const std::map<std::string_view, OtherOrder::Order> orders = {
      {"newest-first", newest_first}, {"by-type", by_type}, {"first-last", first_last}};
  const auto order = orders.find(words.at(1));
  if (order == orders.end()) refuse("order of messages", words[1], {"newest-first", "by-type", "first-last"});
  return std::make_unique<OtherOrder>(order->second);
}

// ---------------------------------------------------------------------------------------------- the caller

class OtherCaller : public Sight {
 public:
  using Change = void (*)(Credentials&);
  explicit OtherCaller(Change change) : change_(change) {}

  void distort(State& state, ActorIndex actor) const override { change_(of(state, actor).write()); }
  void restore(const State& before, const State& seen, ActorIndex actor, State& next) const override {
    if (std::as_const(next).credentials_of(actor) == seen.credentials_of(actor))
      of(next, actor) = before.process_of(actor).credentials;
  }

 private:
  static model::Cow<Credentials>& of(State& state, ActorIndex actor) {
    return state.processes[static_cast<std::size_t>(state.actor(actor).process)].credentials;
  }
  Change change_;
};

std::unique_ptr<Sight> other_caller(const Words& words) {
  static const std::map<std::string_view, OtherCaller::Change> changes = {
      {"root", [](Credentials& c) { c.uid = 0; }},
      {"real-user", [](Credentials& c) { c.uid = c.ruid.value_or(c.uid); }},
      {"no-groups", [](Credentials& c) { c.groups.clear(); }},
      {"no-fsgid", [](Credentials& c) { c.fsgid = UINT32_MAX - 1; }},
      {"fsgid-is-gid", [](Credentials& c) { c.fsgid = c.gid; }},
      {"no-ipc-owner", [](Credentials& c) { c.ipc_owner = false; }},
      {"ipc-owner", [](Credentials& c) { c.ipc_owner = true; }},
      {"no-sys-admin", [](Credentials& c) { c.sys_admin = false; }},
      {"sys-admin", [](Credentials& c) { c.sys_admin = true; }},
      {"ipc-owner-is-sys-admin", [](Credentials& c) { c.sys_admin = c.sys_admin || c.ipc_owner; }},
      {"sys-admin-is-ipc-owner", [](Credentials& c) { c.ipc_owner = c.ipc_owner || c.sys_admin; }},
      {"sys-resource", [](Credentials& c) { c.sys_resource = true; }},
      {"root-is-capable", [](Credentials& c) { c.ipc_owner = c.sys_admin = c.uid == 0; }},
  };
  const auto change = changes.find(words.at(1));
  if (change == changes.end()) {
    std::vector<std::string_view> known;
    for (const auto& [name, _] : changes) known.push_back(name);
    refuse("caller", words[1], known);
  }
  return std::make_unique<OtherCaller>(change->second);
}

}  // namespace

std::unique_ptr<Sight> sight(const std::string& phrase) {
  using Make = std::unique_ptr<Sight> (*)(const Words&);
  static const std::map<std::string_view, Make> nouns = {
      {"size", other_request},   {"type", other_request},  {"id", other_request},
      {"flags", other_request},  {"key", other_request},   {"command", other_request},
      {"msgmax", other_limit},   {"msgmnb", other_limit},  {"msgmni", other_limit},
      {"qbytes", other_queue},   {"cbytes", other_queue},  {"mode", other_queue},
      {"messages", other_order}, {"caller", other_caller},
  };
  const Words words = words_of(phrase);
  const auto noun = nouns.find(words.empty() ? "" : words.front());
  if (noun == nouns.end()) {
    std::vector<std::string_view> known;
    for (const auto& [name, _] : nouns) known.push_back(name);
    refuse("sight", words.empty() ? "" : words.front(), known);
  }
  try {
    return noun->second(words);
  } catch (const std::out_of_range&) {
    throw std::invalid_argument("\"" + phrase + "\" lacks a word");
  }
}

}  // namespace svmq::mutants
