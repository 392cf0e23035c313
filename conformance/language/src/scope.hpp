// The actors and variables that a scenario or a history has so far, and the rules on their use.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "src/cursor.hpp"
#include "svmq/language/scenario.hpp"

namespace svmq::language {

inline constexpr std::size_t most_actors = 32, most_variables = 64, most_steps = 4096, longest_name = 31;

class Scope {
 public:
  explicit Scope(Cursor& at) : at_(at) {}

  // A name of an actor or a variable at this place: a letter, then letters, digits and _, at most 31 bytes.
  std::string_view identifier(std::string_view expected);

  Actor& declare_process();  // NAME; the reference is valid until the next declaration
  Actor& declare_thread();   // NAME of PROCESS; likewise
  std::string actor();       // a declared one
  std::string process();     // a declared one that is no thread
  const std::vector<Actor>& actors() const { return actors_; }
  std::vector<Actor> take_actors() { return std::move(actors_); }

  std::string variable();           // one that has been set
  std::string_view new_variable();  // its name; it can be used after set()
  void set(std::string_view variable, Place place);

  // Whose step it is from here on.
  void turn_to(std::string_view actor) { actor_ = actor; }
  // Between these two the actors run at the same time: a variable that one of them sets is no other's
  // business.
  void begin_block();
  void end_block();

 private:
  struct Mention {
    std::string_view variable;
    Place place;
    std::string actor;
    bool sets;
  };
  Actor& declare(Place place, std::string_view name);
  const Actor* find(std::string_view name) const;
  void mention(std::string_view variable, Place place, bool sets);

  Cursor& at_;
  std::vector<Actor> actors_;
  std::vector<std::string_view> variables_;
  std::string actor_;
  bool in_block_ = false;
  std::vector<Mention> mentions_;  // in the block
};

}  // namespace svmq::language
