// The table of plugins: every kind of instance that this build knows, and how one is made. Nothing registers itself.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "plugins/ports/cluster.h"
#include "plugins/ports/images.h"
#include "plugins/ports/instance.h"
#include "plugins/ports/reconciler.h"
#include "plugins/ports/secrets.h"

namespace autonomous {

// What kinds there are: "argocd", "kubernetes".
std::vector<std::string_view> plugin_kinds();

// kInvalid: no such kind (with the nearest), a kind of another port, or an instance that lacks something.
Result<std::unique_ptr<ports::Reconciler>> make_reconciler(const ports::Host& host, const ports::Instance& instance);
Result<std::unique_ptr<ports::Cluster>> make_cluster(const ports::Host& host, const ports::Instance& instance);
Result<std::unique_ptr<ports::Images>> make_images(const ports::Host& host, const ports::Instance& instance);
Result<std::unique_ptr<ports::Secrets>> make_secrets(const ports::Host& host, const ports::Instance& instance);

}  // namespace autonomous
