// eject: leaves the platform with what it made of a target: its manifests as they run, or a chart that gives the same
// objects. From a clone of the GitOps repository alone; changes nothing anywhere.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/pipeline/renderer.h"
#include "gitops/model/ids.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

enum class EjectAs : uint8_t { kManifests, kChart };

struct Ejected {
  model::ReleaseId release;  // that runs
  EjectAs as = EjectAs::kManifests;
  std::string ns, name;  // the namespace, and the name that helm knows it by
  size_t objects = 0;
  std::map<std::string, std::string> files;  // path below the folder → bytes, README.md with them
  std::vector<std::string> notes;            // what a person has to know of them
  std::string application;                   // the Argo CD Application that follows the target; "" where there is none
  bool orphaned = false;                     // it is out of its project's spec already
};

// kNotFound: never released, or retired. kConflict: no chart gives what runs, and why. Charts are rendered once more,
// and compared with what was released, before anything is given back.
Result<Ejected> eject(const Ctx& ctx, store::Reader& reader, const model::Target& target, EjectAs as,
                      Renderer& renderer);

// What to do next, a line each; nothing stops running by any of it. `folder`: where the files lie.
std::vector<std::string> after_eject(const Ejected& ejected, const std::string& folder);

}  // namespace autonomous::daemon
