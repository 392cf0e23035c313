#include "conductor.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include "child.hpp"
#include "interrupt.hpp"
#include "svmq/judge/execute.hpp"
#include "svmq/language/parse.hpp"
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
  explicit ModelConductor(const model::Profile& profile) : profile_(profile) {}

  void submit(std::shared_ptr<const Task> task) override { waiting_.push_back(std::move(task)); }
  std::size_t pending() const override { return waiting_.size(); }
  std::string finish() override { return ""; }

  Conducted receive() override {
    if (interrupt::requested()) throw Interrupted();
    Conducted result;
    result.task = std::move(waiting_.front());
    waiting_.pop_front();
    result.history = judge::execute(result.task->scenario, profile_, result.task->choices);
    result.text = print(result.history);
    return result;
  }

 private:
  const model::Profile& profile_;
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
constexpr std::size_t errors_kept = 2000;
constexpr int deaths_in_a_row = 3;  // so many without one history between them: it will never work

enum class Stream { open, closed };

Stream read_into(int descriptor, std::string& text) {
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = read(descriptor, block.data(), block.size());
    if (n > 0)
      text.append(block.data(), static_cast<std::size_t>(n));
    else if (n == 0)
      return Stream::closed;
    else if (errno != EINTR)
      return errno == EAGAIN ? Stream::open : Stream::closed;
  }
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of(" \n");
  if (end == std::string::npos) return "";
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin + 1) + 1);
}

class AgentConductor : public Conductor {
 public:
  AgentConductor(const Target& target, milliseconds time_limit, PrivateFolder* folder)
      : target_(target), time_limit_(time_limit), private_folder_(folder) {}
  ~AgentConductor() override { end(0ms); }

  void submit(std::shared_ptr<const Task> task) override {
    if (waiting_.empty()) began_ = Clock::now();
    if (child_) unsent_ += task->text;
    waiting_.push_back(std::move(task));
  }

  std::size_t pending() const override { return waiting_.size(); }

  Conducted receive() override {
    if (!broken_.empty()) return failed(broken_);
    if (!start()) return failed(broken_);
    const Clock::time_point deadline = began_ + bound(waiting_.front()->scenario, time_limit_);
    for (;;) {
      if (std::optional<std::string> text = next_history()) return received(std::move(*text));
      if (output_.size() > longest_history) return lost("writes without end");
      const auto left = std::chrono::duration_cast<milliseconds>(deadline - Clock::now());
      if (left <= 0ms)
        return lost(fmt::format("gave no history within {} ms",
                                bound(waiting_.front()->scenario, time_limit_).count()));
      wait(left);
      if (interrupt::requested()) throw Interrupted();
      write_some();
      read_into(child_->errors(), errors_);
      if (errors_.size() > errors_kept) errors_.erase(0, errors_.size() - errors_kept);
      if (read_into(child_->output(), output_) == Stream::closed) {
        if (std::optional<std::string> text = next_history()) return received(std::move(*text));
        return died();
      }
    }
  }

  std::string finish() override {
    const std::string death = end(5s);
    if (death.empty()) return "";
    return fmt::format("after its last scenario the agent {}{}", verb(death), said());
  }

 private:
  bool start() {
    if (child_) return true;
    if (target_.private_folder) folder_ = private_folder_->make();
    Program program = program_in(target_, folder_.string());
    program.arguments.insert(program.arguments.end(), {"--time-limit", std::to_string(time_limit_.count())});
    try {
      child_.emplace(program);
    } catch (const std::system_error& error) {
      if (interrupt::requested()) throw Interrupted();
      broken_ = fmt::format("{}: cannot be started: {}", program.arguments.front(), error.what());
      return false;
    }
    output_.clear();
    errors_.clear();
    searched_ = 0;
    unsent_.clear();
    for (const auto& task : waiting_) unsent_ += task->text;
    began_ = Clock::now();
    return true;
  }

  // Ends the agent, if there is one, and its folder with it. How it ended, as of Child::end.
  std::string end(milliseconds patience) {
    if (!child_) return "";
    child_->close_input();
    std::string death = child_->end(patience);
    read_into(child_->errors(), errors_);
    child_.reset();
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
    return death;
  }

  void wait(milliseconds left) {
    std::array<pollfd, 4> descriptors{pollfd{child_->output(), POLLIN, 0},
                                      pollfd{child_->errors(), POLLIN, 0},
                                      pollfd{unsent_.empty() ? -1 : child_->input(), POLLOUT, 0},
                                      pollfd{interrupt::descriptor(), POLLIN, 0}};
    poll(descriptors.data(), descriptors.size(), static_cast<int>(left.count()));
  }

  void write_some() {
    while (!unsent_.empty()) {
      const ssize_t n = write(child_->input(), unsent_.data(), unsent_.size());
      if (n > 0)
        unsent_.erase(0, static_cast<std::size_t>(n));
      else if (errno == EINTR)
        continue;
      else if (errno == EAGAIN)
        return;
      else
        unsent_.clear();  // it reads no more; how it ended shows on its output
    }
  }

  // The lines up to and with the next "end".
  std::optional<std::string> next_history() {
    static constexpr std::string_view closing = "\nend\n";
    const std::size_t found = output_.find(closing, searched_);
    if (found == std::string::npos) {
      searched_ = output_.size() < closing.size() ? 0 : output_.size() - closing.size() + 1;
      return std::nullopt;
    }
    std::string text = output_.substr(0, found + closing.size());
    output_.erase(0, text.size());
    searched_ = 0;
    return text;
  }

  Conducted received(std::string text) {
    const std::string& name = waiting_.front()->scenario.name;
    auto parsed = language::parse_histories(text, "history");
    if (const auto* error = std::get_if<language::ParseError>(&parsed)) {
      return lost(fmt::format("wrote what is no history: {}", first_line(error->message())));
    }
    auto& histories = std::get<std::vector<language::History>>(parsed);
    if (histories.size() != 1 || histories.front().name != name) {
      return lost(fmt::format("wrote a history of something else than {}", name));
    }
    deaths_ = 0;
    return {take(), std::move(histories.front()), std::move(text), ""};
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
    const std::string line = last_line(output_);
    return lost(
        fmt::format("{}{}{}", verb(death), line.empty() ? "" : fmt::format(" after \"{}\"", line), said()));
  }

  Conducted failed(std::string reason) { return {take(), {}, "", std::move(reason)}; }

  std::shared_ptr<const Task> take() {
    std::shared_ptr<const Task> task = std::move(waiting_.front());
    waiting_.pop_front();
    began_ = Clock::now();
    return task;
  }

  std::string said() const {
    const std::string line = last_line(errors_);
    return line.empty() ? "" : fmt::format("; it said: {}", line);
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
  std::optional<Child> child_;
  std::string unsent_, output_, errors_;
  std::size_t searched_ = 0;  // no "end" begins before this place of output_
  Clock::time_point began_;   // when the oldest waiting scenario could begin at the earliest
  int deaths_ = 0;
  std::string broken_;  // not empty: no agent can be had any more, and why
};

}  // namespace

std::unique_ptr<Conductor> make_conductor(const Target& target, milliseconds time_limit,
                                          PrivateFolder* folder) {
  if (target.is_model()) return std::make_unique<ModelConductor>(*target.executed);
  return std::make_unique<AgentConductor>(target, time_limit, folder);
}

}  // namespace svmq::runner
