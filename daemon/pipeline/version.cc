#include "daemon/pipeline/version.h"

namespace autonomous::daemon {

std::string_view version() { return AUTONOMOUS_VERSION; }
std::string_view render_format() { return "render-format/1"; }

}  // namespace autonomous::daemon
