// Arbitrary valid scenarios and histories of the whole language, for properties. They make no sense as tests
// of queues: every value that the language can say is as likely as one that means something.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::property {

rc::Gen<language::Scenario> arbitrary_scenario();
rc::Gen<language::History> arbitrary_history();

// Draws values inside a rc::gen::exec; what both generators are made of. Names are declared before they are
// used.
class Draw {
 public:
  bool chance(int percent);
  std::size_t below(std::size_t bound);  // 0 to bound - 1
  template <class T>
  T of(std::initializer_list<T> values) {
    return *(values.begin() + below(values.size()));
  }

  std::int64_t number();  // 64 bits, often at a boundary
  std::int32_t number32();
  std::string bytes();  // any, short
  std::string line();   // a text for people, without spaces around it; not empty
  std::string word();   // as names of scenarios and clauses are
  language::Text text();
  language::Credentials credentials(bool all);
  void actors(std::vector<language::Actor>& actors, bool observed);

  void enter_block() { in_block_ = true; }
  void leave_block() { in_block_ = false; }
  language::Step step();

  std::vector<std::string> names;  // of the actors

 private:
  std::string identifier();
  std::string path(bool may_be_absolute);
  language::Flags flags();
  language::Signal signal();
  language::IdExpr id();
  language::IdExpr key();
  language::MessageArgument message();
  language::BufferArgument buffer();
  language::SettingArgument setting();
  std::string some_variable();  // empty if there is none that may be used here
  language::Action action_of_anyone();
  language::Action action_of_actor();
  language::Action action_of_conductor();

  std::vector<std::string> variables_;
  std::string actor_;  // whose step is being drawn
  bool in_block_ = false;
};

}  // namespace svmq::property
