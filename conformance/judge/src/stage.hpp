// A scenario while the model conducts it: a value, from which every move that is possible can be taken.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "svmq/judge/cast.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

class Stage {
 public:
  // All outlive the stage and its copies.
  Stage(const language::Scenario& scenario, const model::Profile& profile,
        const Behaviour& behaviour = as_specified);
  Stage(const Stage&) = default;
  Stage& operator=(const Stage&) = default;

  // Something that can happen next. Of an internal step, each outcome is a move.
  struct Move {
    enum Kind { start, advance, give_back, end } kind;
    model::ActorIndex actor;
    std::size_t outcome = 0;
  };

  // Every move; none: the scenario is over.
  std::vector<Move> moves();
  void take(const Move& move);

  const language::History& history() const { return history_; }  // so far
  const model::State& state() const { return state_; }
  const Cast& cast() const { return cast_; }

 private:
  bool next_item();  // false: there is none
  bool available(model::ActorIndex actor) const;
  bool dies(model::ActorIndex actor) const;
  std::optional<int> exit_of(model::ActorIndex actor) const;
  std::vector<Move> possible() const;
  void begin(const std::vector<language::Step>& steps);
  void start(model::ActorIndex actor);
  void give_back(model::ActorIndex actor);
  void end(model::ActorIndex actor);
  void finish_item();
  void observe();
  void tick(std::int64_t second);
  template <class E>
  void emit(E event) {
    history_.events.push_back({std::move(event), {}});
  }

  const language::Scenario* scenario_;
  const model::Profile* profile_;
  const Behaviour* behaviour_;
  model::State state_;
  Cast cast_;
  std::size_t item_ = 0;                                           // the next one
  bool busy_ = false;                                              // an item is under way
  std::map<model::ActorIndex, std::deque<language::Step>> lanes_;  // its steps that have not begun
  std::map<model::ActorIndex, language::Step> calls_;
  language::History history_;
};

}  // namespace svmq::judge
