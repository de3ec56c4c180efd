// The same program as a later version, for versions_test.py: linked in the place of daemon/pipeline/version.cc.
#include "daemon/pipeline/version.h"

namespace autonomous::daemon {

std::string_view version() { return NEXT_VERSION; }
std::string_view render_format() { return NEXT_FORMAT; }

}  // namespace autonomous::daemon
