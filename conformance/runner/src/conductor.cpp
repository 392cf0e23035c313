#include "conductor.hpp"

#include <fmt/format.h>

#include <deque>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "dialogue.hpp"
#include "faithful.hpp"
#include "interrupt.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/language/print.hpp"

namespace svmq::runner {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// ---------------------------------------------------------------------------------------------------- the
// model

class ModelConductor : public Conductor {
 public:
  explicit ModelConductor(const Target& target)
      : profile_(*target.executed),
        behaviour_(target.behaviour ? *target.behaviour : judge::as_specified) {}

  void submit(std::shared_ptr<const Task> task) override { waiting_.push_back(std::move(task)); }
  std::size_t pending() const override { return waiting_.size(); }
  std::string finish() override { return ""; }

  Conducted receive() override {
    if (interrupt::requested()) throw Interrupted();
    Conducted result;
    result.task = std::move(waiting_.front());
    waiting_.pop_front();
    result.history = judge::execute(result.task->scenario, profile_, result.task->choices, behaviour_);
    result.text = print(result.history);
    return result;
  }

 private:
  const model::Profile& profile_;
  const judge::Behaviour& behaviour_;
  std::deque<std::shared_ptr<const Task>> waiting_;
};

// ------------------------------------------------------------------------------------------------- agent's
// bound

std::size_t count_steps(const language::Scenario& scenario) {
  std::size_t steps = 0;
  for (const language::Item& item : scenario.items) {
    const auto* block = std::get_if<language::Concurrent>(&item);
    steps += block != nullptr ? block->steps.size() : 1;
  }
  return steps;
}

std::size_t count_ticks(const language::Scenario& scenario) {
  std::size_t ticks = 0;
  for (const language::Item& item : scenario.items) {
    const auto* step = std::get_if<language::Step>(&item);
    if (step != nullptr && std::holds_alternative<language::Tick>(step->action)) ++ticks;
  }
  return ticks;
}

// The agent bounds each call itself and then ends the scenario, so that one such call is the worst that a
// sound agent needs. An agent that takes longer is stuck.
milliseconds bound(const language::Scenario& scenario, milliseconds time_limit) {
  return 5s + 2 * time_limit + 1s * count_ticks(scenario) + 50ms * count_steps(scenario);
}

// --------------------------------------------------------------------------------------------------- the
// agent

constexpr std::size_t longest_history = std::size_t{256} << 20;
constexpr int deaths_in_a_row = 3;  // so many without one history between them: it will never work

class AgentConductor : public Conductor {
 public:
  AgentConductor(const Target& target, milliseconds time_limit, PrivateFolder* folder)
      : target_(target), time_limit_(time_limit), private_folder_(folder) {}
  ~AgentConductor() override { end(0ms); }

  void submit(std::shared_ptr<const Task> task) override {
    if (waiting_.empty()) began_ = Clock::now();
    if (agent_) agent_->send(task->text);
    waiting_.push_back(std::move(task));
  }

  std::size_t pending() const override { return waiting_.size(); }

  Conducted receive() override {
    if (!broken_.empty()) return failed(broken_);
    if (!start()) return failed(broken_);
    if (!agent_->ready()) {
      if (!wait_until_ready()) return lost(fmt::format("did not start{}", said()));
      began_ = Clock::now();
    }
    const milliseconds patience = bound(waiting_.front()->scenario, time_limit_) * target_.slowness;
    const Clock::time_point deadline = began_ + patience;
    for (;;) {
      if (std::optional<std::string> text = agent_->next_block()) return received(std::move(*text));
      if (agent_->restarted()) return lost(fmt::format("began anew{}", said()));
      if (agent_->held() > longest_history) return lost("writes without end");
      if (agent_->closed()) return died();
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      if (left <= 0ms) return lost(fmt::format("gave no history within {} ms{}", patience.count(), said()));
      agent_->move(left);
      if (interrupt::requested()) throw Interrupted();
    }
  }

  std::string finish() override {
    const std::string death = end(5s);
    if (interrupt::requested()) throw Interrupted();  // it was told to end
    if (death.empty() || target_.console) return "";  // a console has no end that its agent could see
    return fmt::format("after its last scenario the agent {}{}", verb(death), said());
  }

 private:
  bool start() {
    if (agent_) return true;
    if (target_.private_folder) folder_ = private_folder_->make();
    Program program = program_in(target_, folder_.string());
    if (!target_.by_command)
      program.arguments.insert(program.arguments.end(),
                               {"--time-limit", std::to_string(time_limit_.count())});
    try {
      agent_.emplace(program, target_.console);
    } catch (const std::system_error& error) {
      if (interrupt::requested()) throw Interrupted();
      broken_ = fmt::format("{}: cannot be started: {}", program.arguments.front(), error.what());
      return false;
    }
    for (const auto& task : waiting_) agent_->send(task->text);
    began_ = Clock::now();
    return true;
  }

  bool wait_until_ready() {
    const Clock::time_point deadline = began_ + target_.start_limit;
    while (!agent_->ready() && !agent_->closed()) {
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      if (left <= 0ms) return false;
      agent_->move(left);
      if (interrupt::requested()) throw Interrupted();
    }
    return agent_->ready();
  }

  // Ends the agent, if there is one, and its folder with it. How it ended, as of Child::end.
  std::string end(milliseconds patience) {
    if (!agent_) return "";
    std::string death = agent_->end(target_.console ? 0ms : patience);
    said_ = agent_->last_error();
    wrote_ = agent_->last_output();
    agent_.reset();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    return death;
  }

  Conducted received(std::string text) {
    auto read = read_history(text, waiting_.front()->scenario);
    if (const auto* wrong = std::get_if<std::string>(&read)) return lost(fmt::format("wrote {}", *wrong));
    deaths_ = 0;
    return {take(), std::move(std::get<language::History>(read)), std::move(text), ""};
  }

  // The agent is of no more use: it is ended, the scenario under way is given up, the next one gets a new
  // agent.
  Conducted lost(const std::string& reason) {
    end(0ms);
    if (++deaths_ >= deaths_in_a_row)
      broken_ = fmt::format("the agent fails again and again; at last it {}", reason);
    return failed(fmt::format("the agent {}", reason));
  }

  Conducted died() {
    const std::string death = end(1s);
    return lost(fmt::format("{}{}{}", verb(death), wrote_.empty() ? "" : fmt::format(" after \"{}\"", wrote_),
                            said()));
  }

  Conducted failed(std::string reason) { return {take(), {}, "", std::move(reason)}; }

  std::shared_ptr<const Task> take() {
    std::shared_ptr<const Task> task = std::move(waiting_.front());
    waiting_.pop_front();
    began_ = Clock::now();
    return task;
  }

  std::string said() const {
    const std::string line = agent_ ? agent_->last_error() : said_;
    if (!line.empty()) return fmt::format("; it said: {}", line);
    const std::string wrote = agent_ && target_.console ? agent_->last_output() : "";
    return wrote.empty() ? "" : fmt::format("; its console shows: {}", wrote);
  }

  static std::string verb(const std::string& death) {
    if (death.empty()) return "ended early";
    return death.starts_with("killed") ? fmt::format("died: {}", death) : death;
  }

  const Target& target_;
  const milliseconds time_limit_;
  PrivateFolder* const private_folder_;
  std::filesystem::path folder_;  // of the agent there is
  std::deque<std::shared_ptr<const Task>> waiting_;
  std::optional<Dialogue> agent_;
  Clock::time_point began_;   // when the oldest waiting scenario could begin at the earliest
  std::string said_, wrote_;  // last, by the agent that has ended
  int deaths_ = 0;
  std::string broken_;  // not empty: no agent can be had any more, and why
};

}  // namespace

std::unique_ptr<Conductor> make_conductor(const Target& target, milliseconds time_limit,
                                          PrivateFolder* folder) {
  if (target.is_model()) return std::make_unique<ModelConductor>(target);
  return std::make_unique<AgentConductor>(target, time_limit, folder);
}

}  // namespace svmq::runner
