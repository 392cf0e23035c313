// The profiles: one value for each system. A cell is { value, evidence }.
//
// Evidence names functions of the system's source; X: an experiment on Linux 6.18; obs: observed on that
// system itself.
#pragma once

#include "svmq/model/profile.hpp"

namespace svmq::model {

inline constexpr const char* unknown = "unknown";

extern const Profile posix;
extern const Profile linux_6_18, linux_5_10, linux_4_19, linux_4_4, linux_3_14, linux_2_6_24;
extern const Profile freebsd, netbsd, openbsd, xnu, dragonfly;
extern const Profile illumos, gvisor, gvisor_2022, cygwin, qemu_user;

}  // namespace svmq::model
