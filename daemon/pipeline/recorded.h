// What the record keeps of a release's inputs: the spec, the sources that it was rendered from, the platform.yaml and
// the overlay of that time. From a clone alone; the source repository may be gone.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gitops/base/tree.h"
#include "gitops/model/spec.h"
#include "gitops/store/layout.h"
#include "gitops/store/record.h"

namespace autonomous::daemon {

struct RecordedInputs {
  store::ReleaseInputs inputs;
  std::shared_ptr<const MemoryTree> sources;  // with autonomous.yaml, written or inferred
  model::Effective effective;                 // the app's settings, each with its place
};

// kNotFound where there is no such release; kInvalid where what is kept does not suffice, and why.
Result<RecordedInputs> recorded_inputs(store::Reader& reader, const model::ReleaseId& id);

}  // namespace autonomous::daemon
