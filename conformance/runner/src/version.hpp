#pragma once

namespace svmq::runner {
inline constexpr const char* version = SVMQ_VERSION;
}
