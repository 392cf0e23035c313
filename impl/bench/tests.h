// The tests. Each measures every mechanism once, one after the other, and adds one value to each row: a
// repetition.
#pragma once

#include <string>
#include <vector>

#include "results.h"

namespace svmq::bench {

struct Session {
  Results results;
  std::string directory;  // libsvmq's namespace
  bool quick = false;     // a look whether it all works, not a measurement
  std::vector<std::string> remarks;

  void remark(const std::string& text);  // once
  // How long a measurement of a rate takes, in seconds.
  double span() const { return quick ? 0.002 : 0.06; }
};

struct Test {
  const char *name, *summary;
  void (*measure)(Session&);
};

void measure_pair(Session&);
void measure_depth(Session&);
void measure_efault(Session&);
void measure_lookup(Session&);
void measure_memory(Session&);
void measure_streaming(Session&);
void measure_ping_pong(Session&);
void measure_contention(Session&);
void measure_waiters(Session&);
void measure_blocked_senders(Session&);
void measure_crash(Session&);

inline constexpr Test tests[] = {
    {"pair", "one thread sends and receives: ns for both", measure_pair},
    {"streaming", "one process sends, another receives, on two cpus and on one", measure_streaming},
    {"ping-pong", "round trip of two processes: both at work, or both asleep when the message comes",
     measure_ping_pong},
    {"depth", "receive one of N queued messages by every way of choosing, and put it back", measure_depth},
    {"waiters", "W processes wait, each for its own type: what a send costs and how many wake up",
     measure_waiters},
    {"blocked-senders", "W processes wait to send to a full queue: what a receive costs and how many wake up",
     measure_blocked_senders},
    {"contention", "several producers and consumers on one queue", measure_contention},
    {"lookup", "msgget and msgctl where N queues exist", measure_lookup},
    {"memory", "bytes for a message and for a queue", measure_memory},
    {"efault", "a send from a bad pointer", measure_efault},
    {"crash", "from the death of a process in the midst of its calls until a call of another has succeeded",
     measure_crash},
};

}  // namespace svmq::bench
