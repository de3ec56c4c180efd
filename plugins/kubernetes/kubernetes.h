// The Kubernetes API as a Cluster: reads pods, events and the ends of logs; writes nothing.
//
// The address and the credentials are the instance's (url, ca, token), or those of a kubeconfig's current context, or,
// with neither, of the service account that a pod of the daemon has.
#pragma once

#include <memory>

#include "plugins/ports/cluster.h"
#include "plugins/ports/instance.h"

namespace autonomous::kubernetes {

// kInvalid where there is no address. Talks to nobody yet.
Result<std::unique_ptr<ports::Cluster>> make(const ports::Host& host, const ports::Instance& instance);

}  // namespace autonomous::kubernetes
