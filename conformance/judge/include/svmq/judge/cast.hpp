// Who takes part in a history, and how the words of the language become requests of the model.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "svmq/language/history.hpp"
#include "svmq/language/scenario.hpp"
#include "svmq/model/model.hpp"

namespace svmq::judge {

// The actors by name, the variables' values, and the conductor, which is an actor of the model like any other.
class Cast {
 public:
  // Fills `state` with the actors and the conductor; what is not named is as with an agent that has every privilege.
  Cast(const std::optional<language::Credentials>& conductor, const std::vector<language::Actor>& actors, model::State& state);

  model::ActorIndex index(const std::string& actor) const;  // "" is the conductor; -1: nobody of that name
  const std::string& name(model::ActorIndex actor) const { return names_[static_cast<std::size_t>(actor)]; }
  std::size_t count() const { return names_.size(); }

  std::int64_t value(const language::IdExpr& expression) const;  // of a variable never set: -1
  void set(const std::string& variable, std::int64_t value) { variables_[variable] = value; }

  // The request that a step makes of the model, in a state of its actor's credentials.
  model::Request request(const language::Step& step, const model::State& state) const;

 private:
  std::vector<std::string> names_;
  std::map<std::string, model::ActorIndex> indexes_;
  std::map<std::string, std::int64_t> variables_;
  model::Credentials agent_;  // what a process that becomes uid 0 again may do
};

model::Signal signal_of(language::Signal signal);
std::string signal_name(model::Signal signal);

}  // namespace svmq::judge
