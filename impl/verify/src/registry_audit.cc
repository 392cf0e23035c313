#include "registry_audit.h"

#include <fmt/format.h>

#include <set>

#include "src/registry.h"

namespace svmq::verify {
namespace {

class RegistryAudit {
 public:
  explicit RegistryAudit(Registry& registry) : registry_(registry), view_(registry) {}

  std::string faults(const std::vector<std::string>& files) {
    expect((registry_.lock.word.get() & (seam::thread_bits | seam::died)) == 0, "the lock is held");
    walk_slots();
    walk_buckets();
    compare(files);
    return faults_;
  }

 private:
  void expect(bool holds, const std::string& fault) {
    if (!holds) faults_ += fault + "; ";
  }

  void walk_slots() {
    std::uint32_t used = 0;
    for (std::uint32_t index = 0; index < view_.end(); ++index) {
      Slot& slot = registry_.slots[index];
      const std::string which = "slot " + std::to_string(index);
      expect(slot.state.get() != SlotState::reserved, which + " is left reserved");
      if (slot.state.get() != SlotState::used) continue;
      expect(view_.used_slot(index) != nullptr, which + " has the identifier of another one");
      ++used;
      for (const char* suffix : {"head", "arena"})
        expected_.insert(fmt::format("{:08x}-{:016x}.{}", slot.id.get(), slot.generation.get(), suffix));
      if (slot.key.get() == 0) continue;
      keyed_.insert(index);
      expect(view_.find(slot.key.get()) == index, which + " is not found by its key");
    }
    expect(registry_.in_use.get() == used, "in_use is wrong");
  }

  // Each keyed slot is found by its key, so it is in the right chain; here is that nothing else is in one.
  void walk_buckets() {
    std::set<std::uint32_t> chained;
    constexpr std::uint32_t together = 1024;  // nearly all are empty
    for (std::uint32_t first = 0; first < bucket_count; first += together) {
      std::uint32_t any = 0;
      for (std::uint32_t i = 0; i < together; ++i) any |= registry_.buckets[first + i].get();
      for (std::uint32_t i = 0; any != 0 && i < together; ++i)
        walk_chain(registry_.buckets[first + i].get(), chained);
    }
  }
  void walk_chain(std::uint32_t link, std::set<std::uint32_t>& chained) {
    while (link != 0) {
      bool good = keyed_.contains(link - 1) && chained.insert(link - 1).second;
      if (!good)
        return expect(false,
                      "a chain leads to what is not to be found in it: slot " + std::to_string(link - 1));
      link = registry_.slots[link - 1].next.get();
    }
  }

  void compare(const std::vector<std::string>& files) {
    expected_.insert("registry");
    for (const std::string& name : files) expect(expected_.erase(name) == 1, "a file is left: " + name);
    for (const std::string& name : expected_) expect(false, "a file is missing: " + name);
  }

  Registry& registry_;
  RegistryView view_;
  std::set<std::uint32_t> keyed_;
  std::set<std::string> expected_;  // names of files
  std::string faults_;
};

}  // namespace

std::string audit_registry(void* registry, const std::vector<std::string>& files) {
  return RegistryAudit(*static_cast<Registry*>(registry)).faults(files);
}

}  // namespace svmq::verify
