// Images over the distribution API: kinds `registry` and `harbor`.
#pragma once

#include <memory>

#include "plugins/ports/images.h"
#include "plugins/ports/instance.h"

namespace autonomous::registry {

// url: https://registry.example.com. Credential: the password of `options: {username: …}`; none: anonymous.
Result<std::unique_ptr<ports::Images>> make_images(const ports::Host& host, const ports::Instance& instance);

}  // namespace autonomous::registry
