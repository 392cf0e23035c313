#include "svmq/model/profile.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

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
    .signal_or_room = SignalOrRoom::signal_first,
    .sa_restart = Restart::interrupts,
    .stop = Stop::restarts_call,
    .room = Room::bytes_and_count,
    .qbytes = QbytesRule::capped_by_msgmnb,
    .open_test = OpenTest::union_of_triads,
    .group_set = GroupSet::fs_and_supplementary,
    .set_wakes = SetWakes::wakes_and_retests,
    .receiver_pid = ReceiverPid::thread_on_hand_off,
    .privileges = Privileges::capabilities,
    .give_away = GiveAway::complete,
    .namespace_scope = NamespaceScope::thread,
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
    .signal_or_room = SignalOrRoom::either,
    .sa_restart = Restart::either,
    .stop = Stop::either,
    .room = Room::envelope,
    .qbytes = QbytesRule::raise_may_be_refused,
    .open_test = OpenTest::at_most_triads,
    .group_set = GroupSet::either,
    .set_wakes = SetWakes::may_retest,
    .receiver_pid = ReceiverPid::process,
    .privileges = Privileges::may_not_suffice,
    .give_away = GiveAway::complete,
    .namespace_scope = NamespaceScope::either,
    .linux_extensions = false,
};

constexpr std::array profiles{&linux_6_18, &posix};

template <auto Member>
VariationPoint point(std::string_view name, std::vector<std::string_view> values) {
  return {name, std::move(values), [](const Profile& p) { return static_cast<std::size_t>(p.*Member); },
          [](Profile& p, std::size_t value) { p.*Member = static_cast<std::remove_reference_t<decltype(p.*Member)>>(value); }};
}

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

const std::vector<VariationPoint>& variation_points() {
  static const std::vector<VariationPoint> points{
      point<&Profile::error_order>("error-order", {"fixed", "any"}),
      point<&Profile::bad_pointers>("bad-pointers", {"fault", "undefined"}),
      point<&Profile::delivery>("delivery", {"hand-off", "wake-all"}),
      point<&Profile::identifiers>("identifiers", {"cyclic", "any"}),
      point<&Profile::stale_identifier>("stale-identifier", {"einval", "einval-or-eidrm"}),
      point<&Profile::signal_or_room>("signal-or-room", {"signal-first", "either"}),
      point<&Profile::sa_restart>("sa-restart", {"interrupts", "either"}),
      point<&Profile::stop>("stop", {"restarts-call", "either"}),
      point<&Profile::room>("room", {"bytes-and-count", "envelope"}),
      point<&Profile::qbytes>("qbytes", {"capped-by-msgmnb", "raise-may-be-refused"}),
      point<&Profile::open_test>("open-test", {"union-of-triads", "at-most-triads"}),
      point<&Profile::group_set>("group-set", {"fs-and-supplementary", "either"}),
      point<&Profile::set_wakes>("set-wakes", {"wakes-and-retests", "may-retest"}),
      point<&Profile::receiver_pid>("receiver-pid", {"thread-on-hand-off", "process"}),
      point<&Profile::privileges>("privileges", {"capabilities", "may-not-suffice"}),
      point<&Profile::give_away>("give-away", {"complete", "bound-to-creator"}),
      point<&Profile::namespace_scope>("namespace-scope", {"thread", "process", "either"}),
      point<&Profile::linux_extensions>("linux-extensions", {"no", "yes"}),
  };
  return points;
}

std::optional<Profile> varied(const Profile& profile, std::string_view variation) {
  const std::size_t equals = variation.find('=');
  if (equals == std::string_view::npos) return std::nullopt;
  for (const VariationPoint& point : variation_points()) {
    if (point.name != variation.substr(0, equals)) continue;
    const auto value = std::ranges::find(point.values, variation.substr(equals + 1));
    if (value == point.values.end()) return std::nullopt;
    Profile changed = profile;
    point.set(changed, static_cast<std::size_t>(value - point.values.begin()));
    return changed;
  }
  return std::nullopt;
}

}  // namespace svmq::model
