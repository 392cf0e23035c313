// What a faulty step does otherwise.
#pragma once

#include <functional>
#include <string>

#include "svmq/model/model.hpp"

namespace svmq::mutants {

// Changes an outcome of the actor's step in `before`.
using Effect =
    std::function<void(const model::State& before, model::ActorIndex actor, model::Outcome& outcome)>;

//   errno E          whoever fails by this step fails with E
//   fail E           the call fails with E and has done nothing
//   succeed          whoever fails by this step returns 0 instead
//   return + N       the number returned is off by N
//   type + N         the received type is off by N
//   text shorter | longer | other | none
//                    the received text
//   shown F + N | shown F zero
//                    a reported field
//   info F + N       a field of IPC_INFO or MSG_INFO
//   forget F …       fields of the queue stay as they were
//   queue F + N | queue F zero
//                    fields of the queue are off, or 0
//   undo             the queue stays as it was
//   consume          the queue's first message is gone
//   drop             the queue's last message is gone
//   front            the newest message goes to the front
//   wake none | wake first | wake last
//                    of those whose sleep this step ends, only …
//   remove           the queue is gone
//   stamp send | stamp change
//                    sender and time of sending, or the time of change, are set although nothing was done
// Throws std::invalid_argument for other words.
Effect effect(const std::string& phrase);

}  // namespace svmq::mutants
