// What the commands of msgctl share.
#pragma once

#include "rule.hpp"

namespace svmq::model {

bool whole(const Memory& memory);  // a structure fits
StatRecord record(const Queue& queue, QueueIndex index);

// The commands that only Linux has. (msgctl_info.cpp)
Outcomes info(const View& view, const ControlRequest& request);           // IPC_INFO, MSG_INFO
Outcomes stat_by_index(const View& view, const ControlRequest& request);  // MSG_STAT, MSG_STAT_ANY

}  // namespace svmq::model
