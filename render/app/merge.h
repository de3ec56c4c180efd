// Partial manifests laid over whole ones, as overlays/<environment>/ and `patches:` have them.
//
// JSON merge patch (RFC 7396): maps merge, null removes, everything else replaces. Where Kubernetes' own strategic
// merge knows a key for a list, its items are merged by that key, as people expect of `containers`: containers,
// initContainers, ephemeralContainers, env, volumes, imagePullSecrets by name; ports by containerPort or port;
// volumeMounts by mountPath; volumeDevices by devicePath; hostAliases by ip; topologySpreadConstraints by topologyKey.
// An item or a map with `$patch: delete` is removed, one with `$patch: replace` replaces. Pure.
#pragma once

#include "render/app/scan.h"

namespace autonomous::app {

void merge_manifest(Json& base, const Json& patch);

}  // namespace autonomous::app
