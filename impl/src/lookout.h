// Before a call takes its place in a line of waiters, where it sleeps, it may look out for what it waits for:
// a wake-up takes longer than most answers. It does so without the lock, and as if it had been made later.
//
// Only where whom it waits for was last seen at work on another cpu; for no longer than a wake-up takes; one
// call at a time at each side of a queue; and only now and then where that has been in vain.
#pragma once

#include "locked.h"
#include "thread.h"

namespace svmq {

class Lookout {
 public:
  // `size`: of the message that a sender wants room for.
  Lookout(Seat& seat, Waits waits, std::size_t size = 0) : seat_(seat), waits_(waits), size_(size) {}

  // False: the line is the place to wait. True: the lock has been released meanwhile, so look again.
  bool look(Locked& locked);

 private:
  std::uint32_t allowance(const Head& head);
  bool changed(const Queue& queue, Index youngest) const;

  Seat& seat_;
  const Waits waits_;
  const std::size_t size_;
  bool begun_ = false;
  std::uint64_t end_ = 0;  // 0: not, or not any more
};

}  // namespace svmq
