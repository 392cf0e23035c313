// What the commands of msgctl share.
#pragma once

#include "rule.hpp"

namespace svmq::model {

bool whole(const Memory& memory);  // a structure can be read from it
StatRecord record(const View& view, QueueIndex index);
// What a successful look at the queue shows.
Clauses why_stat(const View& view, QueueIndex index);
// IPC_STAT; the answer is `value`. (msgctl.cpp)
Outcomes stat(const View& view, const ControlRequest& request);
Outcomes info(const View& view, const ControlRequest& request);           // IPC_INFO, MSG_INFO
Outcomes stat_by_index(const View& view, const ControlRequest& request);  // MSG_STAT, MSG_STAT_ANY

}  // namespace svmq::model
