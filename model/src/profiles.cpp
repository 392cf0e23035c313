#include "svmq/model/profile.hpp"

#include <array>

namespace svmq::model {
namespace {

// Linux 6.18, 64 bit: every variation point as experiments on that kernel have shown it.
constexpr Profile linux_6_18{
    .name = "linux-6.18",
    .summary = "Linux 6.18, exactly",
    .error_order = ErrorOrder::fixed,
    .bad_pointers = BadPointers::fault,
    .delivery = Delivery::hand_off,
    .identifiers = Identifiers::cyclic,
    .stale_identifier = StaleIdentifier::einval,
    .sa_restart = Restart::interrupts,
    .stop = Stop::restarts_call,
    .room = Room::bytes_and_count,
    .qbytes = QbytesRule::capped_by_msgmnb,
    .open_test = OpenTest::union_of_triads,
    .group_set = GroupSet::fs_and_supplementary,
    .set_wakes = SetWakes::wakes_and_retests,
    .receiver_pid = ReceiverPid::thread_on_hand_off,
    .linux_extensions = true,
};

// POSIX.1-2017 with the XSI option: the envelope of every choice that the standard leaves.
constexpr Profile posix{
    .name = "posix",
    .summary = "POSIX.1-2017 (XSI): every choice that the standard leaves is allowed",
    .error_order = ErrorOrder::any,
    .bad_pointers = BadPointers::undefined,
    .delivery = Delivery::wake_all,
    .identifiers = Identifiers::any,
    .stale_identifier = StaleIdentifier::einval_or_eidrm,
    .sa_restart = Restart::either,
    .stop = Stop::either,
    .room = Room::envelope,
    .qbytes = QbytesRule::raise_may_be_refused,
    .open_test = OpenTest::at_most_triads,
    .group_set = GroupSet::either,
    .set_wakes = SetWakes::may_retest,
    .receiver_pid = ReceiverPid::process,
    .linux_extensions = false,
};

constexpr std::array profiles{&linux_6_18, &posix};

}  // namespace

const Profile* find_profile(std::string_view name) {
  for (const Profile* profile : profiles)
    if (profile->name == name) return profile;
  return nullptr;
}

std::vector<std::string_view> profile_names() {
  std::vector<std::string_view> names;
  for (const Profile* profile : profiles) names.push_back(profile->name);
  return names;
}

}  // namespace svmq::model
