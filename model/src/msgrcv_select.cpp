// Which message a receive takes: msgrcv.select.*
#include "wait.hpp"

namespace svmq::model {
namespace {

// msgrcv.select.min: the most negative type bounds like the largest type. Linux convert_mode.
std::int64_t bound(std::int64_t type) { return type == INT64_MIN ? INT64_MAX : -type; }

std::int64_t as_int(std::int64_t type) { return static_cast<std::int32_t>(static_cast<std::uint32_t>(type)); }

// What counts of msgtyp.
std::int64_t selector(const View& view, const ReceiveRequest& request) {
  if (request.type == INT64_MIN) return request.type;  // a point of its own: `most_negative`
  switch (view.ask(view.profile.selector_width)) {
    case SelectorWidth::int_: return as_int(request.type);
    case SelectorWidth::negative_int: return request.type < 0 ? as_int(request.type) : request.type;
    case SelectorWidth::long_:
    case SelectorWidth::any: break;
  }
  return request.type;
}

bool excludes(const View& view, const ReceiveRequest& request) {
  return view.profile.except == Except::selects && (request.flags & MSG_EXCEPT_) != 0 && request.type > 0;
}

template <class Accept>
int first(const Queue& queue, Accept accept) {
  const auto found = std::ranges::find_if(queue.messages, accept);
  return found == queue.messages.end() ? -1 : static_cast<int>(found - queue.messages.begin());
}

// msgrcv.select.zero: type 0: the oldest message. POSIX msgrcv().
int oldest(const Queue& queue) { return queue.messages.empty() ? -1 : 0; }

// msgrcv.select.positive: a positive type: the oldest message of that type. POSIX msgrcv().
int oldest_of(const Queue& queue, std::int64_t type) {
  return first(queue, [&](const Message& m) { return m.type == type; });
}

// msgrcv.select.negative: a negative type: the oldest of the lowest type that is at most its absolute value.
// POSIX msgrcv(); Linux find_msg.
int oldest_of_lowest(const Queue& queue, std::int64_t limit) {
  int best = -1;
  for (int i = 0; i < static_cast<int>(queue.messages.size()); ++i) {
    const std::int64_t type = queue.messages[static_cast<std::size_t>(i)].type;
    if (type <= limit && (best < 0 || type < queue.messages[static_cast<std::size_t>(best)].type)) best = i;
  }
  return best;
}

// Other systems' readings of the same sentence.
int selected_by_negative(const View& view, const Queue& queue, std::int64_t limit) {
  switch (view.profile.negative_type) {
    case NegativeType::lowest: return oldest_of_lowest(queue, limit);
    case NegativeType::first_fit: return first(queue, [&](const Message& m) { return m.type <= limit; });
    case NegativeType::reversed: return first(queue, [&](const Message& m) { return m.type >= limit; });
    case NegativeType::strictly_below: return oldest_of_lowest(queue, limit - 1);
  }
  return -1;
}

// msgrcv.select.except: MSG_EXCEPT with a positive type: the oldest message of another type. Linux testmsg.
int oldest_but(const Queue& queue, std::int64_t type) {
  return first(queue, [&](const Message& m) { return m.type != type; });
}

// msgrcv.copy.index: MSG_COPY: the type is a position, counted from 0. Linux find_msg.
int at(const Queue& queue, std::int64_t position) {
  return position < 0 || position >= static_cast<std::int64_t>(queue.messages.size())
             ? -1
             : static_cast<int>(position);
}

int selected_by_most_negative(const View& view, const Queue& queue) {
  switch (view.ask(view.profile.most_negative)) {
    case MostNegative::widest: return selected_by_negative(view, queue, bound(INT64_MIN));
    case MostNegative::oldest: return oldest(queue);
    case MostNegative::nothing:
    case MostNegative::any: break;
  }
  return -1;
}

bool accepted_by_negative(const View& view, std::int64_t limit, std::int64_t type) {
  switch (view.profile.negative_type) {
    case NegativeType::lowest:
    case NegativeType::first_fit: return type <= limit;
    case NegativeType::reversed: return type >= limit;
    case NegativeType::strictly_below: return type < limit;
  }
  return false;
}

}  // namespace

int select(const View& view, const Queue& queue, const ReceiveRequest& request, Clauses& why) {
  if (copies(view, request)) {
    why.add("msgrcv.copy.index");
    return at(queue, request.type);
  }
  const std::int64_t type = selector(view, request);
  // msgrcv.select.except.ignored: without a positive type MSG_EXCEPT changes nothing. Linux convert_mode.
  if (request.flags & MSG_EXCEPT_ && type <= 0) why.add("msgrcv.select.except.ignored");
  if (type == 0) {
    why.add("msgrcv.select.zero");
    return oldest(queue);
  }
  if (type < 0) {
    why.add("msgrcv.select.negative");
    if (type != INT64_MIN) return selected_by_negative(view, queue, bound(type));
    why.add("msgrcv.select.min");
    return selected_by_most_negative(view, queue);
  }
  if (excludes(view, request)) {
    const int found = oldest_but(queue, type);
    why.add("msgrcv.select.except");
    // msgrcv.select.except.none: all are of the excepted type: none qualifies. Linux testmsg.
    if (found < 0 && !queue.messages.empty()) why.add("msgrcv.select.except.none");
    return found;
  }
  why.add("msgrcv.select.positive");
  return oldest_of(queue, type);
}

// wait.rcv.types: what a waiting receiver accepts is what it would select. POSIX msgrcv(); Linux testmsg.
bool accepts(const View& view, const ReceiveRequest& request, std::int64_t type) {
  const std::int64_t wanted = selector(view, request);
  if (wanted == 0) return true;
  if (wanted == INT64_MIN) {
    const MostNegative most = view.ask(view.profile.most_negative);
    return most == MostNegative::oldest ||
           (most == MostNegative::widest && accepted_by_negative(view, bound(wanted), type));
  }
  if (wanted < 0) return accepted_by_negative(view, bound(wanted), type);
  return excludes(view, request) ? type != wanted : type == wanted;
}

bool copies(const View& view, const ReceiveRequest& request) {
  const Copy copy = view.profile.copy;
  return (copy == Copy::copies || copy == Copy::any_length) && (request.flags & MSG_COPY_) != 0;
}

bool too_small(const View& view, const ReceiveRequest& request, const Message& message) {
  if (request.size >= message.text.size() || request.flags & MSG_NOERROR_) return false;
  return view.profile.too_long == TooLong::e2big;
}

}  // namespace svmq::model
