#include "profiles/profiles.hpp"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

namespace svmq::model {
namespace {

constexpr std::array profiles{&linux_6_18,   &posix,   &linux_5_10,  &linux_4_19, &linux_4_4, &linux_3_14,
                              &linux_2_6_24, &freebsd, &netbsd,      &openbsd,    &xnu,       &dragonfly,
                              &illumos,      &gvisor,  &gvisor_2022, &cygwin,     &qemu_user};

template <auto Member>
VariationPoint point(std::string_view name, std::vector<std::string_view> values) {
  using Value = typename std::remove_reference_t<decltype(std::declval<Profile&>().*Member)>::value_type;
  return {name, std::move(values),
          [](const Profile& p) { return static_cast<std::size_t>((p.*Member).value); },
          [](Profile& p, std::size_t value) {
            p.*Member = {static_cast<Value>(value), "varied"};
          },
          [](const Profile& p) { return std::string_view((p.*Member).evidence); }};
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

std::string_view VariationPoint::shown(const Profile& profile) const {
  return evidence(profile).starts_with(unknown) ? unknown : values[value(profile)];
}

// The values stand in the order of their enumerators.
const std::vector<VariationPoint>& variation_points() {
  static const std::vector<VariationPoint> points{
      point<&Profile::error_order>("error-order", {"fixed", "any"}),
      point<&Profile::bad_pointers>("bad-pointers", {"fault", "undefined"}),
      point<&Profile::send_order>(
          "send-order", {"message-then-queue", "type-then-queue", "length-then-queue", "queue-length-access",
                         "queue-access-length", "short-message-then-queue", "length-message-queue",
                         "header-then-message", "any"}),
      point<&Profile::open_order>("open-order", {"existence-first", "access-first", "any"}),
      point<&Profile::set_order>(
          "set-order", {"sign-then-buffer", "buffer-first", "queue-owner-buffer", "queue-buffer-ids", "any"}),
      point<&Profile::stat_order>("stat-order", {"queue-first", "buffer-first", "any"}),
      point<&Profile::receive_pointer>("receive-pointer", {"last", "fault-first", "any"}),

      point<&Profile::length_limit>("length-limit", {"system", "queue", "system-and-queue", "none", "any"}),
      point<&Profile::shrunk_limit>("shrunk-limit", {"waits", "fails", "any"}),
      point<&Profile::room>("room",
                            {"bytes-and-count", "envelope", "bytes-and-pool", "bytes-and-unknown-count"}),
      point<&Profile::overfull>("overfull", {"no-room", "wraps-round", "any"}),
      point<&Profile::queue_lock>("queue-lock", {"none", "first-sleeper"}),
      point<&Profile::huge_send>("huge-send", {"as-any-length", "undefined"}),
      point<&Profile::default_limits>("default-limits",
                                      {"8192-16384-32000", "8192-16384-16", "16384-2048-40", "unknown"}),
      point<&Profile::limit_files>("limit-files", {"writable", "read-only", "undefined"}),
      point<&Profile::auto_msgmni>("auto-msgmni", {"inert", "undefined"}),

      point<&Profile::identifiers>("identifiers", {"cyclic", "any", "lowest-index", "slot-sequence-15",
                                                   "slot-sequence-16", "counter"}),
      point<&Profile::stale_identifier>(
          "stale-identifier", {"einval", "einval-or-eidrm", "eidrm-if-reused", "reaches-new-queue"}),
      point<&Profile::unknown_removal>("unknown-removal", {"einval", "ignored"}),
      point<&Profile::next_identifier>("next-identifier", {"wish", "sys-admin-only", "undefined"}),
      point<&Profile::next_bound>("next-bound", {"enospc", "open"}),

      point<&Profile::open_test>(
          "open-test", {"union-of-triads", "at-most-triads", "user-triad", "user-triad-without-execute",
                        "user-triad-execute-refused", "whole-mode", "other-triad", "any"}),
      point<&Profile::group_set>(
          "group-set", {"fs-and-supplementary", "either", "effective-and-supplementary", "owner-group-only",
                        "separate-checks", "member-or-other", "any"}),
      point<&Profile::privileges>("privileges", {"capabilities", "may-not-suffice", "superuser"}),
      point<&Profile::give_away>("give-away", {"complete", "by-creator", "creator-loses-access", "any"}),
      point<&Profile::stranger>("stranger", {"eperm", "eacces", "removal-ignored", "any"}),

      point<&Profile::delivery>("delivery", {"hand-off", "wake-all", "wake-one"}),
      point<&Profile::negative_type>("negative-type", {"lowest", "first-fit", "reversed", "strictly-below"}),
      point<&Profile::most_negative>("most-negative", {"widest", "nothing", "oldest", "any"}),
      point<&Profile::selector_width>("selector-width", {"long", "int", "negative-int", "any"}),
      point<&Profile::too_long>("too-long", {"e2big", "truncates"}),
      point<&Profile::truncated_bytes>("truncated-bytes", {"whole", "delivered"}),
      point<&Profile::failed_receive>("failed-receive", {"untouched", "type-overwritten"}),
      point<&Profile::faulting_receive>("faulting-receive", {"lost", "kept", "any"}),
      point<&Profile::huge_receive>("huge-receive", {"einval", "either", "accepted", "above-msgmax"}),
      point<&Profile::except>("except", {"selects", "undefined", "ignored"}),
      point<&Profile::copy>("copy", {"copies", "undefined", "ignored", "any-length"}),

      point<&Profile::signal_or_room>("signal-or-room", {"signal-first", "either"}),
      point<&Profile::sa_restart>("sa-restart", {"interrupts", "either", "restarts"}),
      point<&Profile::stop>("stop", {"restarts-call", "either", "interrupts", "any"}),
      point<&Profile::sender_wake>("sender-wake", {"fitting", "all"}),
      point<&Profile::set_wakes>("set-wakes", {"wakes-and-retests", "may-retest", "nobody", "senders-poll"}),
      point<&Profile::recheck>("recheck", {"on-wake", "may", "never"}),
      point<&Profile::removed_sleeper>("removed-sleeper", {"eidrm", "eidrm-or-einval"}),

      point<&Profile::qbytes>("qbytes",
                              {"capped-by-msgmnb", "raise-may-be-refused", "raise-refused", "unchecked"}),
      point<&Profile::qbytes_ceiling>("qbytes-ceiling", {"none", "msgmnb"}),
      point<&Profile::qbytes_zero>("qbytes-zero", {"allowed", "either", "refused", "ignored"}),
      point<&Profile::qbytes_width>("qbytes-width", {"int", "undefined", "long", "any"}),
      point<&Profile::bad_ids>("bad-ids", {"einval", "either", "stored"}),
      point<&Profile::receiver_pid>("receiver-pid", {"thread-on-hand-off", "process", "zero"}),
      point<&Profile::mode_bits>("mode-bits", {"nine", "lock-bit", "open"}),
      point<&Profile::information>("information",
                                   {"full", "undefined", "without-stat-any", "answers-zero", "absent"}),
      point<&Profile::command_bits>("command-bits", {"all", "low-byte"}),
      point<&Profile::table>("table", {"lists", "undefined"}),

      point<&Profile::namespace_scope>("namespace-scope", {"thread", "process", "either"}),
      point<&Profile::isolation>("isolation", {"ipc-namespace", "jail", "system", "zone", "server"}),
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
