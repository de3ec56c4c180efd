// daemon.yaml's syntax: yaml-cpp's nodes as Values. Inside daemon/config only.
#pragma once

#include "gitops/model/value.h"

namespace autonomous::daemon {

// Duplicate keys, a second document and what follows the first are errors; yaml-cpp by itself passes over all three.
model::Parsed<model::Value> parse_config_yaml(std::string_view text, std::string_view file);

}  // namespace autonomous::daemon
