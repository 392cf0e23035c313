// A log of strace as a history: `strace -f -ttt -e trace=msgget,msgsnd,msgrcv,msgctl` of any program.
//
// What the log does not tell is left open, so that nothing is called a deviation that is none:
// - credentials: nobody is refused anything in the history; calls refused with EACCES or EPERM are left out
// - earlier state: calls on queues that the log does not show being created are left out
// - cut texts: the bytes that strace has not printed are zero, sent and received
// - limits: msgmnb is that of a new queue whose IPC_STAT the log shows, else 16384; msgmax is not judged
// - time and ids: of IPC_STAT only mode, qnum, cbytes and qbytes are compared
// Pure and thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "svmq/language/history.hpp"

namespace svmq::runner {

struct Traced {
  language::History history;                    // places are lines of the log
  std::map<std::string, std::size_t> left_out;  // calls, by reason
};

// Does the text look like such a log? A text that is a history does not.
bool is_strace(std::string_view text);

// Throws UsageError if no line of the log is a message queue call. `name` becomes the history's.
Traced read_strace(std::string_view text, const std::string& name);

}  // namespace svmq::runner
