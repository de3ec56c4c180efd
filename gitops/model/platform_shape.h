// The table of platform.yaml.
#pragma once

#include "gitops/model/platform.h"
#include "gitops/model/shape.h"

namespace autonomous::model {

const Shape& platform_shape();

// "Fri 16:00-Mon 06:00" → minutes since Monday 00:00.
struct Weekly {
  uint32_t from = 0, to = 0;
};
Result<Weekly> parse_weekly(std::string_view text);

}  // namespace autonomous::model
