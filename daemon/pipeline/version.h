// The version of this build; CMake's project version.
#pragma once

#include <string_view>

namespace autonomous::daemon {

inline constexpr std::string_view kVersion = AUTONOMOUS_VERSION;

}  // namespace autonomous::daemon
