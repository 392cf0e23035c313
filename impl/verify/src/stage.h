// A world on the machine: makes its calls, keeps what is observed of them, and has the end judged.
#pragma once

#include <sys/msg.h>

#include <map>
#include <string>
#include <unordered_set>
#include <vector>

#include "machine.h"
#include "svmq/language/history.hpp"
#include "world.h"

namespace svmq::verify {

class Stage {
 public:
  Stage(const World& world, const std::string& library);

  Machine& machine() { return machine_; }

  // From the beginning of the concurrent block. False: cut short.
  bool play(Chooser* chooser, Budget budget);
  // After `play`: whatever is wrong with this execution, empty if nothing is. Looks at each end once.
  std::string judge_end();
  void forget_ends() {
    ends_.clear();
    judged_.clear();
  }
  std::size_t ends() const { return ends_.size(); }
  std::size_t histories() const { return judged_.size(); }

  language::History history() const;
  std::string name(int process) const;

 private:
  struct Answer {
    long value = 0;
    int error = 0;
    long type = 0;
    std::string text;
    bool received = false, shown = false;
    msqid_ds status = {};
  };
  struct Event {
    enum Kind : std::uint8_t { call, returned, killed, died, exited, blocked } kind;
    int process;
    const language::Step* step;
    Answer answer;
    std::int64_t clock = 0;
  };
  struct Actor {
    std::vector<const language::Step*> steps;  // to be made
    const language::Step* present = nullptr;
    std::uint64_t past = 0;  // hash of what it has called and been answered, and of who had returned before
    int returned = 0;
  };

  void run_setup();
  void run_steps(int process);
  void perform(int process, const language::Step& step);
  Answer call(int process, const language::Step& step);
  void begin(int process);
  void note_sleepers();
  std::uint64_t hash() const;
  std::int64_t value(const language::IdExpr& expression) const;
  language::Result result_of(const Event& event) const;
  void conduct(language::Step step);
  std::vector<language::IdExpr> queues() const;
  void look(const std::vector<language::IdExpr>& queues);
  void drain(const language::IdExpr& queue);
  void recover_registry();
  bool killed_in_msgget() const;
  std::string judge();
  std::string audit_queues();

  const World& world_;
  Machine machine_;
  int conductor_ = 0;
  std::map<std::string, int> numbers_;
  std::vector<Actor> actors_, first_actors_;
  std::vector<Event> events_;
  std::size_t first_events_ = 0;
  std::map<std::string, std::int64_t> values_, first_values_;
  std::vector<std::unique_ptr<language::Step>> conducted_;
  std::vector<std::vector<char>> buffers_;
  std::unordered_set<std::uint64_t> ends_, judged_;
};

}  // namespace svmq::verify
