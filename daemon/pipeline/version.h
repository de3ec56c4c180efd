// What this build is. Defined alone in its file, so that a test can link the same program as another version.
#pragma once

#include <string_view>

namespace autonomous::daemon {

// CMake's project version.
std::string_view version();

// "render-format/1": the number is raised only when the same input would render to other bytes; what was rendered in a
// former one keeps it (design.md §2, input).
std::string_view render_format();

}  // namespace autonomous::daemon
