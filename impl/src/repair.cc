// Repair of a queue after a process has died with its lock: everything is derived again from the tiles of the
// arena, the words of the waiters and the intent of the dead owner (see layout.h). O(messages log messages);
// no memory.
#include <cstring>

#include "queue.h"

namespace svmq {

// What the dead owner had committed is completed, what it had not is as if never begun.
void Queue::settle_intent() {
  Intent intent = head_->intent;
  if (intent.step == Step::send) {
    Extent* sent = extent(intent.message);
    bool queued = sent != nullptr && sent->kind == Kind::queued;
    bool handed = sent != nullptr && sent->kind == Kind::handed;
    if (queued || handed) {
      head_->sent_at = intent.time;
      head_->sender = intent.process;
    }
    if (handed) {
      std::uint32_t receiver = reinterpret_cast<Message*>(sent)->receiver;
      if (Waiter* chosen = waiter(receiver)) {
        chosen->message = intent.message;
        chosen->outcome = Outcome::done;
        head_->received_at = intent.time;
        head_->receiver = chosen->process;
      }
    }
    if ((queued || handed) && intent.sender != none) {
      if (Waiter* served = waiter(intent.sender)) {
        served->message = none;
        served->outcome = Outcome::done;
      }
    }
  } else if (intent.step == Step::receive) {
    Extent* taken = extent(intent.message);
    if (taken != nullptr && taken->kind != Kind::queued) {
      head_->received_at = intent.time;
      head_->receiver = intent.process;
    }
  } else if (intent.step == Step::set) {
    head_->permission = intent.permission;
    head_->capacity = intent.capacity;
    head_->changed_at = intent.time;
  }
}

bool Queue::tiles_are_valid() {
  std::uint32_t fresh = head_->fresh;
  if (fresh > units_) return false;
  for (std::uint32_t index = 0; index < fresh;) {
    Extent* tile = extent(index);
    if (tile == nullptr || tile->units > fresh - index || tile->kind > Kind::waiter) return false;
    tile->marked = 0;
    index += tile->units;
  }
  return true;
}

void Queue::mark_message(std::uint32_t index) {
  while (index != none) {
    Extent* piece = extent(index);
    if (piece == nullptr || piece->marked != 0) return;
    piece->marked = 1;
    index = piece->next;
  }
}

void Queue::collect_waiter(std::uint32_t index, Waiter& waiter, Wakeups& wakeups) {
  if (waiter.word.dead()) return;
  waiter.extent.marked = 1;
  if (waiter.position > head_->position) head_->position = waiter.position;
  if (waiter.message != none) mark_message(waiter.message);
  if (waiter.word.claimed()) {
    if (waiter.outcome == Outcome::pending) waiter.outcome = Outcome::again;
    append<Waiter>(head_->claimed, index);
    wakeups.add(waiter.word);  // the dead owner may not have come to it
  } else {
    append<Waiter>(waiter.sender != 0 ? head_->senders : head_->receivers, index);
  }
}

void Queue::collect_tiles(Wakeups& wakeups) {
  for (std::uint32_t index = 0; index < head_->fresh;) {
    Extent* tile = extent(index);
    if (tile == nullptr) return;
    if (tile->kind == Kind::queued) {
      auto* queued = reinterpret_cast<Message*>(tile);
      if (queued->position > head_->position) head_->position = queued->position;
      head_->bytes += queued->size;
      head_->messages += 1;
      mark_message(index);
      append<Message>(head_->queue, index);
    } else if (tile->kind == Kind::waiter && tile->units >= waiter_units) {
      collect_waiter(index, *reinterpret_cast<Waiter*>(tile), wakeups);
    }
    index += tile->units;
  }
}

void Queue::sweep_tiles() {
  head_->free_extents = none;
  head_->live = 0;
  Extent* before = nullptr;  // the free tile that ends where this one begins
  for (std::uint32_t index = 0; index < head_->fresh;) {
    Extent* tile = extent(index);
    if (tile == nullptr) return;
    std::uint32_t units = tile->units;
    if (tile->marked != 0) {
      ++head_->live;
      before = nullptr;
    } else if (before != nullptr) {
      before->units += units;
    } else {
      tile->kind = Kind::free;
      tile->next = head_->free_extents;
      head_->free_extents = index;
      before = tile;
    }
    index += units;
  }
  if (head_->live == 0) {
    head_->free_extents = none;
    seam::order();
    head_->fresh = 0;
  }
}

template <class Node>
std::uint32_t Queue::merge(std::uint32_t left, std::uint32_t right) {
  std::uint32_t first = none;
  std::uint32_t* link = &first;
  while (left != none && right != none) {
    Node* a = node<Node>(left);
    Node* b = node<Node>(right);
    if (a == nullptr || b == nullptr) break;
    bool take_left = a->position <= b->position;
    *link = take_left ? left : right;
    link = take_left ? &a->next : &b->next;
    (take_left ? left : right) = *link;
  }
  *link = left != none ? left : right;
  return first;
}

// Sorts the next `count` nodes of the chain `rest` and takes them off it.
template <class Node>
std::uint32_t Queue::sort_chain(std::uint32_t& rest, std::uint32_t count) {
  if (count == 0 || rest == none) return none;
  if (count == 1) {
    std::uint32_t single = rest;
    Node* only = node<Node>(single);
    if (only == nullptr) return none;
    rest = only->next;
    only->next = none;
    return single;
  }
  std::uint32_t left = sort_chain<Node>(rest, count / 2);
  std::uint32_t right = sort_chain<Node>(rest, count - count / 2);
  return merge<Node>(left, right);
}

template <class Node>
void Queue::sort(List& list) {
  std::uint32_t count = 0;
  for (std::uint32_t at = list.first; at != none; ++count) {
    Node* counted = node<Node>(at);
    if (counted == nullptr) return;
    at = counted->next;
  }
  std::uint32_t rest = list.first;
  std::uint32_t at = sort_chain<Node>(rest, count);
  list = {none, none};
  for (std::uint32_t done = 0; at != none && done < count; ++done) {
    Node* sorted = node<Node>(at);
    if (sorted == nullptr) return;
    std::uint32_t next = sorted->next;
    append<Node>(list, at);
    at = next;
  }
}

void Queue::repair(Wakeups& wakeups) {
  settle_intent();
  damaged_ = false;  // an intent that was only half written means nothing
  if (!tiles_are_valid()) {
    damaged_ = true;
    return;
  }
  head_->queue = head_->receivers = head_->senders = head_->claimed = {none, none};
  head_->bytes = head_->messages = 0;
  collect_tiles(wakeups);
  sort<Message>(head_->queue);
  sort<Waiter>(head_->receivers);
  sort<Waiter>(head_->senders);
  sweep_tiles();
  bool set_was_cut_short = head_->intent.step == Step::set;
  head_->intent.step = Step::nothing;
  if (head_->removed != 0) {
    remove(wakeups);
  } else if (set_was_cut_short) {
    set(head_->permission, head_->capacity, wakeups);
  } else {
    serve_senders(wakeups);  // the dead owner may have made room
  }
}

}  // namespace svmq
