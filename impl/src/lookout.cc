#include "lookout.h"

namespace svmq {
namespace {

constexpr std::uint32_t short_time = 20'000, long_time = 50'000;  // nanoseconds; a wake-up takes as long
constexpr std::uint8_t probe_every = 16;
constexpr std::uint32_t longest_gap = 64;  // between two looks, in pauses: somewhat under a microsecond

}  // namespace

std::uint32_t Lookout::allowance(const Head& head) {
  const List& line = waits_ == Waits::to_send ? head.state.senders : head.state.receivers;
  if (line.first.get() != none) return 0;
  std::uint32_t there = (waits_ == Waits::to_send ? head.receiver_cpu : head.sender_cpu).get();
  if (there == 0 || there == seam::cpu() + 1) return 0;
  if (seat_.missed < 2) return short_time;
  if (++seat_.blindly < probe_every) return 0;
  seat_.blindly = 0;
  return long_time;
}

bool Lookout::changed(const Queue& queue, Index youngest) const {
  const State& state = queue.head().state;
  if (seam::held(queue.head().lock)) return false;  // by who may be about to change it
  bool another = waits_ == Waits::to_send ? queue.room_for(size_) : state.queue.last.get() != youngest;
  return another || state.removed.get() != 0;
}

bool Lookout::look(Locked& locked) {
  Head& head = locked.queue.head();
  std::uint32_t allowed = begun_ ? 0 : allowance(head);
  if (!begun_ && allowed == 0) return false;
  if (begun_ && end_ == 0) return false;
  // Of another process, so only a hint: one that was killed is waited for until its time is over.
  Cell<std::uint64_t>& taken = head.lookout[waits_ == Waits::to_send ? 1 : 0];
  std::uint64_t now = seam::ticks();
  if (!begun_ && now < taken.get() && taken.get() - now <= long_time) return false;
  if (!begun_) end_ = now + allowed;
  begun_ = true;
  Index youngest = head.state.queue.last.get();
  locked.unlock();
  taken.set(end_);
  // Who does nothing else but send, or receive, waits for nobody's answer, so it is in no hurry: each look
  // takes the memory away from the other side, which gets on faster, with more messages at a time, if left
  // alone.
  bool streams = last_call.seat == &seat_ && last_call.sent == (waits_ == Waits::to_send);
  std::uint32_t gap = streams || seam::looks_once ? longest_gap : 1;
  bool seen = false;
  do {
    for (std::uint32_t passed = 0; !seen && passed < longest_gap; passed += gap) {
      seam::relax(gap);
      seen = changed(locked.queue, youngest);
    }
  } while (!seen && seam::ticks() < end_);
  taken.set(0);
  if (seen) {
    seat_.missed = 0;
  } else {
    end_ = 0;
    if (seat_.missed < 2) ++seat_.missed;
  }
  locked.lock();
  return true;
}

}  // namespace svmq
