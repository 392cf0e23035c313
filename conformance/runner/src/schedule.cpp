#include "schedule.hpp"

#include <utility>

namespace svmq::runner {
namespace {

constexpr std::size_t lead = 128;  // of the fastest target before the slowest, in scenarios

}  // namespace

Schedule::Schedule(std::vector<Task> files, std::optional<RandomPlan> random, std::shared_ptr<Supply> supply,
                   std::size_t targets)
    : files_(std::move(files)),
      random_(std::move(random)),
      supply_(std::move(supply)),
      cursors_(targets, 0) {}

std::optional<Schedule::Item> Schedule::next(std::size_t target, bool may_block) {
  std::unique_lock lock(mutex_);
  std::size_t& cursor = cursors_[target];
  for (;;) {
    if (stopped_) return std::nullopt;
    if (cursor < created_ || create()) {
      Item item{cursor, open_.at(cursor)};
      ++cursor;
      return item;
    }
    if (exhausted() || !may_block) return std::nullopt;
    changed_.wait(lock);
  }
}

void Schedule::finished(std::size_t index) {
  const std::lock_guard lock(mutex_);
  open_.erase(index);
  changed_.notify_all();
}

void Schedule::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

// No further scenario will be created.
bool Schedule::exhausted() const {
  if (created_ < files_.size()) return false;
  if (!random_) return !supply_ || supply_ended_;
  if (random_->count && created_ - files_.size() >= *random_->count) return true;
  return random_->time && std::chrono::steady_clock::now() - began_ >= *random_->time;
}

bool Schedule::create() {
  if (exhausted()) return false;
  if (!open_.empty() && created_ - open_.begin()->first >= lead) return false;
  Task task;
  if (created_ < files_.size()) {
    task = files_[created_];
  } else if (supply_) {
    std::optional<Task> next = supply_->next();
    if (!next) {
      supply_ended_ = open_.empty();
      return false;
    }
    task = std::move(*next);
  } else {
    task = random_task(random_->id(created_ - files_.size()));
  }
  open_[created_++] = std::make_shared<const Task>(std::move(task));
  return true;
}

}  // namespace svmq::runner
