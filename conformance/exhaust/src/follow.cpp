#include "svmq/exhaust/follow.hpp"

#include <algorithm>
#include <set>

#include "answers.hpp"

namespace svmq::exhaust {
namespace {

using language::History;

std::string received(std::int64_t value, std::int64_t type, const std::string& bytes) {
  return std::to_string(value) + " " + std::to_string(type) + " " + bytes;
}

// The answers that a history gives, move by move.
class Reader {
 public:
  Reader(const History& history, std::size_t end)
      : events_(history.events), end_(std::min(end, events_.size())) {}

  enum Outcome { taken, skipped, broken };
  // What happened from the beginning of this move's `calls` calls to that of the next.
  Outcome move(std::size_t calls, Answers& answers) {
    std::size_t begun = 0, left_out = 0;
    for (; at_ < end_; ++at_) {
      const auto& what = events_[at_].what;
      const bool begins = std::holds_alternative<language::Call>(what) ||
                          std::holds_alternative<language::Complete>(what) ||
                          std::holds_alternative<language::Skipped>(what);
      if (begins && begun == calls) break;
      begun += begins ? 1 : 0;
      left_out += std::holds_alternative<language::Skipped>(what) ? 1 : 0;
      if (const auto* complete = std::get_if<language::Complete>(&what))
        answers[complete->step.actor] += seen_of(complete->result) + "; ";
      if (const auto* returned = std::get_if<language::Return>(&what))
        answers[returned->actor] += seen_of(returned->result) + "; ";
      if (std::holds_alternative<language::Hung>(what) ||
          std::holds_alternative<language::Unsupported>(what) ||
          std::holds_alternative<language::Failed>(what))
        return broken;
    }
    if (begun < calls || (left_out > 0 && left_out < calls)) return broken;
    // What is cut off at `end` is not whole.
    if (at_ == end_ && end_ < events_.size()) return broken;
    return left_out > 0 ? skipped : taken;
  }

 private:
  const std::vector<language::Event>& events_;
  std::size_t end_, at_ = 0;
};

// A step of the walk: from where, by which transition and way, to where.
struct Step {
  Taken taken;
  Node from, to;
};

}  // namespace

std::string seen_of(const model::Result& result) {
  switch (result.kind) {
    case model::Result::failure: return "-1 " + std::string(model::name(result.error));
    case model::Result::received:
      return received(result.value, result.message.type, std::string(result.message.text.view()));
    default: return "ok";
  }
}

std::string seen_of(const language::Result& result) {
  if (!result.error.empty()) return "-1 " + result.error;
  if (result.received) return received(result.value, result.received->type, result.received->text);
  return "ok";
}

Followed follow(const Graph& graph, std::size_t before, const std::vector<std::uint32_t>& moves,
                const History& history, std::size_t end) {
  Reader reader(history, end);
  Followed followed;
  Answers ignored;
  for (std::size_t i = 0; i < before; ++i)
    if (reader.move(1, ignored) != Reader::taken) return followed;

  std::vector<std::vector<Step>> walk;  // every way that what was seen allows, move by move
  std::set<Node> here{0};
  for (const std::uint32_t move : moves) {
    Answers answers;
    const Reader::Outcome outcome = reader.move(graph.moves[move].size(), answers);
    if (outcome == Reader::skipped) continue;
    const std::string seen = text(answers);
    std::vector<Step> steps;
    std::set<Node> next;
    for (const Node node : here) {
      const auto transition = graph.find(node, move);
      if (!transition || outcome == Reader::broken) continue;
      const auto ways = graph.ways_of(*transition);
      for (std::size_t w = 0; w < ways.size(); ++w) {
        if (graph.answers[ways[w].answers] != seen) continue;
        steps.push_back({{*transition, w}, node, ways[w].to});
        next.insert(ways[w].to);
      }
    }
    if (steps.empty()) {
      if (here.size() == 1) followed.lost = graph.find(*here.begin(), move);
      break;
    }
    walk.push_back(std::move(steps));
    here = std::move(next);
  }
  // Backwards: what led nowhere was not taken.
  for (auto steps = walk.rbegin(); steps != walk.rend(); ++steps) {
    std::erase_if(*steps, [&](const Step& step) { return !here.contains(step.to); });
    here.clear();
    for (const Step& step : *steps) here.insert(step.from);
  }
  for (const std::vector<Step>& steps : walk) {
    const auto other = [&](const Step& step) {
      return step.taken.transition != steps.front().taken.transition;
    };
    if (std::ranges::any_of(steps, other)) {
      for (const Step& step : steps) followed.perhaps.push_back(step.taken.transition);
      continue;
    }
    followed.taken.push_back(steps.front().taken);
    // Of several ways that look the same and lead to different states, none is certain.
    if (steps.size() > 1) followed.taken.back().way = some_way;
  }
  return followed;
}

}  // namespace svmq::exhaust
