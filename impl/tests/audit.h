// A look at a queue's shared memory past the library: is all of it accounted for?
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "src/layout.h"

namespace svmq_test {

class Audit {
 public:
  Audit(const std::string& directory, int id) {
    char prefix[16];
    snprintf(prefix, sizeof prefix, "%08x-", static_cast<unsigned>(id));
    for (const auto& file : std::filesystem::directory_iterator(directory)) {
      std::string name = file.path().filename();
      if (!name.starts_with(prefix)) continue;
      (name.ends_with(".head") ? head_ : arena_) =
          map(file.path(), name.ends_with(".head") ? svmq::head_size : svmq::arena_size);
    }
  }
  // Of memory that somebody else has mapped.
  Audit(void* head, void* arena)
      : head_(static_cast<std::byte*>(head)), arena_(static_cast<std::byte*>(arena)), borrowed_(true) {}
  ~Audit() {
    if (borrowed_) return;
    if (head_ != nullptr) munmap(head_, svmq::head_size);
    if (arena_ != nullptr) munmap(arena_, svmq::arena_size);
  }
  Audit(const Audit&) = delete;
  Audit& operator=(const Audit&) = delete;

  bool exists() const { return head_ != nullptr && arena_ != nullptr; }
  const svmq::Head& head() const { return *reinterpret_cast<const svmq::Head*>(head_); }
  // Its last owner died, and nobody has repaired it yet.
  bool unrepaired() const { return (head().lock.word.get() & svmq::seam::died) != 0; }

  // What does not fit, in words; empty if the books balance. The queue is at rest and repaired.
  std::string faults() {
    faults_.str("");
    if (!exists()) return "no files";
    expect((head().lock.word.get() & svmq::seam::thread_bits & ~svmq::seam::settled) == 0,
           "the lock is held");
    auto& control = *reinterpret_cast<svmq::Control*>(arena_);
    expect(control.sweeping.get() == 0, "a sweep is unfinished");
    walk_tiles(control);
    walk_queue(control);
    walk_members(control);
    walk_waiters(control);
    walk_types(control);
    walk_free_lists(control);
    for (const auto& [index, kind] : tiles_) {
      expect(kind != svmq::Kind::message, "a tile is lost: message at " + std::to_string(index));
      expect(kind != svmq::Kind::type, "a tile is lost: type at " + std::to_string(index));
      expect(kind != svmq::Kind::free, "a tile is lost: free at " + std::to_string(index));
    }
    return faults_.str();
  }

 private:
  static std::byte* map(const std::filesystem::path& path, std::size_t size) {
    int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    void* memory = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<std::byte*>(memory);
  }
  void expect(bool holds, const std::string& fault) {
    if (!holds) faults_ << fault << "; ";
  }
  template <class T>
  T& at(svmq::Index index) {
    return *reinterpret_cast<T*>(arena_ + std::size_t{index} * svmq::unit_size);
  }
  // Strikes it off the list of those that nobody has accounted for.
  bool account(svmq::Index index, svmq::Kind kind, const char* where) {
    auto found = tiles_.find(index);
    bool good = found != tiles_.end() && found->second == kind;
    expect(good, std::string("no such tile, or it is twice in use: ") + where + " " + std::to_string(index));
    if (good) tiles_.erase(found);
    return good;
  }

  void walk_tiles(svmq::Control& control) {
    tiles_.clear();
    svmq::Index fresh = control.fresh.get() == 0 ? svmq::first_tile : control.fresh.get();
    for (svmq::Index index = svmq::first_tile; index < fresh;) {
      auto& tile = at<svmq::Tile>(index);
      tiles_[index] = tile.kind.get();
      if (tile.units.get() == 0 || tile.units.get() > fresh - index)
        return expect(false, "the tiles do not tile");
      index += tile.units.get();
    }
  }

  void walk_queue(svmq::Control& control) {
    std::uint64_t count = 0, bytes = 0;
    std::map<svmq::Index, svmq::Index> youngest;
    svmq::Index before = 0, run = 0;
    std::int64_t type = 0;
    const svmq::State& state = head().state;
    for (svmq::Index index = state.queue.first.get(); index != 0;) {
      if (!account(index, svmq::Kind::message, "queue")) return;
      auto& message = at<svmq::Message>(index);
      expect(message.tile.previous.get() == before, "the queue's links disagree");
      if (message.type.get() != type) {
        check_run(run, index);
        run = index;
        type = message.type.get();
      } else {
        expect(message.next_run.get() == 0 && message.previous_run.get() == 0, "a run begins in a run");
      }
      auto& group = at<svmq::Type>(message.group.get());
      expect(group.value.get() == type, "a message is in another type's group");
      svmq::Index& last = youngest[message.group.get()];
      expect((last == 0 ? group.first.get() : at<svmq::Message>(last).younger.get()) == index,
             "a group's order is wrong");
      last = index;
      before = index;
      ++count;
      bytes += message.size.get();
      index = message.tile.next.get();
    }
    if (run != 0) {
      bool good = at<svmq::Message>(run).next_run.get() == 0 && control.last_run.get() == run;
      expect(good, "the last run is not the last of its list");
    }
    for (auto [group, last] : youngest) {
      expect(at<svmq::Type>(group).last.get() == last && at<svmq::Message>(last).younger.get() == 0,
             "a group's end is wrong");
    }
    groups_.clear();
    for (auto [group, last] : youngest) groups_.insert(group);
    expect(state.queue.last.get() == before, "the queue's end is wrong");
    expect(state.messages.get() == count, "msg_qnum is wrong");
    expect(state.bytes.get() == bytes, "msg_cbytes is wrong");
  }
  // `index` begins a run behind the one that begins at `before`.
  void check_run(svmq::Index before, svmq::Index index) {
    bool good = at<svmq::Message>(index).previous_run.get() == before &&
                (before == 0 || at<svmq::Message>(before).next_run.get() == index);
    expect(good, "the list of runs is wrong");
  }

  void walk_members(svmq::Control& control) {
    auto* members = reinterpret_cast<svmq::Member*>(arena_ + svmq::members_offset);
    for (svmq::Index index = 1; index <= control.members.get(); ++index) {
      if (members[index].used.get() != 0 && members[index].hand.get() != 0) {
        account(members[index].hand.get(), svmq::Kind::message, "hand");
      }
    }
  }

  // Who stands in a line waits for it, and the other way round.
  void walk_waiters(svmq::Control& control) {
    auto* members = reinterpret_cast<svmq::Member*>(arena_ + svmq::members_offset);
    std::map<svmq::Index, svmq::Waits> in_line;
    auto walk = [&](const svmq::List& list, svmq::Waits waits) {
      svmq::Index before = 0;
      for (svmq::Index index = list.first.get(); index != 0; index = members[index].next.get()) {
        bool good = index <= control.members.get() && in_line.emplace(index, waits).second;
        expect(good && members[index].previous.get() == before, "a line of waiters is broken");
        if (!good) return;
        before = index;
      }
      expect(list.last.get() == before, "the end of a line of waiters is wrong");
    };
    walk(head().state.receivers, svmq::Waits::to_receive);
    walk(head().state.senders, svmq::Waits::to_send);
    for (svmq::Index index = 1; index <= control.members.get(); ++index) {
      auto found = in_line.find(index);
      svmq::Waits waits = found == in_line.end() ? svmq::Waits::not_at_all : found->second;
      expect(members[index].used.get() == 0 || members[index].waits.get() == waits,
             "member " + std::to_string(index) + " waits in no line, or stands in one and does not wait");
    }
  }

  void walk_types(svmq::Control& control) {
    std::uint32_t count = control.buckets.get() < 64 ? 64 : control.buckets.get(), found = 0;
    auto* buckets = reinterpret_cast<svmq::Cell<svmq::Index>*>(arena_ + svmq::buckets_offset);
    for (std::uint32_t bucket = 0; bucket < count; ++bucket) {
      for (svmq::Index index = buckets[bucket].get(); index != 0;
           index = at<svmq::Type>(index).tile.next.get()) {
        if (!account(index, svmq::Kind::type, "type")) return;
        expect(groups_.contains(index) == (at<svmq::Type>(index).first.get() != 0),
               "a group has messages that are not queued");
        ++found;
      }
    }
    expect(found == control.types.get(), "the number of types is wrong");
    std::int64_t before = 0;
    expect(count_leaves(control.root.get(), 0, before) == found, "the tree of types is not complete");
  }
  std::uint32_t count_leaves(std::uint32_t node, int depth, std::int64_t& before) {
    if (node == 0 || depth > 64) return 0;
    svmq::Index index = node & 0x7fffffff;
    if ((node & 0x80000000) == 0) {
      expect(at<svmq::Type>(index).value.get() > before, "the tree of types is not in order");
      before = at<svmq::Type>(index).value.get();
      return 1;
    }
    std::uint32_t first = count_leaves(at<svmq::Type>(index).child[0].get(), depth + 1, before);
    return first + count_leaves(at<svmq::Type>(index).child[1].get(), depth + 1, before);
  }

  void walk_free_lists(svmq::Control& control) {
    std::uint32_t units = 0;
    for (std::uint32_t number = 0; number < svmq::classes; ++number) {
      bool filled = (control.filled[number / 32].get() >> (number % 32) & 1) != 0;
      expect(filled == (control.free_list[number].get() != 0), "the map of free lists is wrong");
      for (svmq::Index index = control.free_list[number].get(); index != 0;
           index = at<svmq::Tile>(index).next.get()) {
        if (!account(index, svmq::Kind::free, "free")) return;
        units += at<svmq::Tile>(index).units.get();
      }
    }
    expect(units == control.free_units.get(), "the count of free units is wrong");
  }

  std::byte* head_ = nullptr;
  std::byte* arena_ = nullptr;
  bool borrowed_ = false;
  std::map<svmq::Index, svmq::Kind> tiles_;  // that nobody has accounted for yet
  std::set<svmq::Index> groups_;
  std::ostringstream faults_;
};

}  // namespace svmq_test
