// The table of daemon.yaml. Inside daemon/config only.
#pragma once

#include "gitops/model/shape.h"

namespace autonomous::daemon {

const model::Shape& config_shape();

// "127.0.0.1:7300", "[::1]:0"; "" and "off" = none. Says what is wrong; empty: nothing.
std::string check_listen(std::string_view text);

}  // namespace autonomous::daemon
