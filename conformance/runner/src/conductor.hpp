// Conducts scenarios on one target, in order, several under way at once.
//
// A Conductor belongs to the thread that made it. receive() blocks; an interrupt (interrupt.hpp) ends it.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "private_folder.hpp"
#include "scenario_source.hpp"
#include "svmq/language/history.hpp"
#include "target.hpp"

namespace svmq::runner {

// What became of one scenario.
struct Conducted {
  std::shared_ptr<const Task> task;
  language::History history;
  std::string text;     // of the history, as it was written; event places count its lines
  std::string failure;  // not empty: there is no history, and why
};

class Conductor {
 public:
  virtual ~Conductor() = default;
  virtual void submit(std::shared_ptr<const Task> task) = 0;
  virtual std::size_t pending() const = 0;
  virtual Conducted receive() = 0;  // the oldest of the pending ones; throws Interrupted
  // Ends the agent and says what was wrong with the way it ended; empty: nothing.
  virtual std::string finish() = 0;
};

struct Interrupted {};

// `target` and `folder` outlive the conductor; `folder` is null for targets that need none.
std::unique_ptr<Conductor> make_conductor(const Target& target, std::chrono::milliseconds time_limit,
                                          PrivateFolder* folder);

}  // namespace svmq::runner
