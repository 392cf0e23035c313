// In what order msgsnd looks at the message and at the queue.
#pragma once

#include "rule.hpp"

namespace svmq::model {

// The checks before there is room, and those that come only then: a full queue is met first.
struct SendChecks {
  std::span<const Check<SendRequest>> before_room, after_room;
};
SendChecks send_checks(const View& view);

}  // namespace svmq::model
