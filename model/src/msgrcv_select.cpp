// Which message a receive takes: msgrcv.select.*
#include "wait.hpp"

namespace svmq::model {
namespace {

// msgrcv.select.min — the most negative type bounds like the largest type. Linux convert_mode.
std::int64_t bound(std::int64_t type) { return type == INT64_MIN ? INT64_MAX : -type; }

bool excludes(const ReceiveRequest& request) { return (request.flags & MSG_EXCEPT_) != 0 && request.type > 0; }

template <class Accept>
int first(const Queue& queue, Accept accept) {
  const auto found = std::ranges::find_if(queue.messages, accept);
  return found == queue.messages.end() ? -1 : static_cast<int>(found - queue.messages.begin());
}

// msgrcv.select.zero — type 0: the oldest message. POSIX msgrcv().
int oldest(const Queue& queue) { return queue.messages.empty() ? -1 : 0; }

// msgrcv.select.positive — a positive type: the oldest message of that type. POSIX msgrcv().
int oldest_of(const Queue& queue, std::int64_t type) {
  return first(queue, [&](const Message& m) { return m.type == type; });
}

// msgrcv.select.negative — a negative type: the oldest of the lowest type that is at most its absolute value.
// POSIX msgrcv(); Linux find_msg.
int oldest_of_lowest(const Queue& queue, std::int64_t limit) {
  int best = -1;
  for (int i = 0; i < static_cast<int>(queue.messages.size()); ++i) {
    const std::int64_t type = queue.messages[static_cast<std::size_t>(i)].type;
    if (type <= limit && (best < 0 || type < queue.messages[static_cast<std::size_t>(best)].type)) best = i;
  }
  return best;
}

// msgrcv.select.except — MSG_EXCEPT with a positive type: the oldest message of another type. Linux testmsg.
int oldest_but(const Queue& queue, std::int64_t type) {
  return first(queue, [&](const Message& m) { return m.type != type; });
}

// msgrcv.copy.index — MSG_COPY: the type is a position, counted from 0. Linux find_msg.
int at(const Queue& queue, std::int64_t position) {
  return position < 0 || position >= static_cast<std::int64_t>(queue.messages.size()) ? -1 : static_cast<int>(position);
}

}  // namespace

int select(const View& view, const Queue& queue, const ReceiveRequest& request, Clauses& why) {
  if (view.profile.linux_extensions && (request.flags & MSG_COPY_)) {
    why.push_back("msgrcv.copy.index");
    return at(queue, request.type);
  }
  if (request.flags & MSG_EXCEPT_ && request.type <= 0) why.push_back("msgrcv.select.except.ignored");
  if (request.type == 0) {
    why.push_back("msgrcv.select.zero");
    return oldest(queue);
  }
  if (request.type < 0) {
    why.push_back("msgrcv.select.negative");
    if (request.type == INT64_MIN) why.push_back("msgrcv.select.min");
    return oldest_of_lowest(queue, bound(request.type));
  }
  if (excludes(request)) {
    const int found = oldest_but(queue, request.type);
    why.push_back(found < 0 && !queue.messages.empty() ? "msgrcv.select.except.none" : "msgrcv.select.except");
    return found;
  }
  why.push_back("msgrcv.select.positive");
  return oldest_of(queue, request.type);
}

// wait.rcv.types — what a waiting receiver accepts is what it would select.
bool accepts(const ReceiveRequest& request, std::int64_t type) {
  if (request.type == 0) return true;
  if (request.type < 0) return type <= bound(request.type);
  return excludes(request) ? type != request.type : type == request.type;
}

}  // namespace svmq::model
