#include "svmq/judge/execute.hpp"

#include "stage.hpp"

namespace svmq::judge {
namespace {

constexpr std::size_t moves_of_a_run = 100'000;  // what departs from the model may never come to rest

// splitmix64: the same choices on every machine.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : state_(seed) {}
  std::size_t below(std::size_t bound) {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return static_cast<std::size_t>((z ^ (z >> 31)) % bound);
  }

 private:
  std::uint64_t state_;
};

}  // namespace

const Behaviour as_specified;

language::History execute(const language::Scenario& scenario, const model::Profile& profile, std::uint64_t seed,
                          const Behaviour& behaviour) {
  Choices choices(seed);
  Stage stage(scenario, profile, behaviour);
  std::size_t left = moves_of_a_run;
  for (auto moves = stage.moves(); !moves.empty() && left > 0; moves = stage.moves(), --left)
    stage.take(moves[choices.below(moves.size())]);
  return stage.history();
}

}  // namespace svmq::judge
