// What manifests say of Secrets: which ones carry their values. Read as Kubernetes reads YAML and JSON, whatever the
// style: block or flow, with anchors and escapes, several documents, items of a List. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::store {

struct PlainSecret {
  std::string ns;  // metadata.namespace, "" where it is not written
  std::string name;
};

// kInvalid or kLimit: what it holds is not known. A text that cannot name a Secret costs one look at its bytes.
Result<std::vector<PlainSecret>> secrets_in(std::string_view text);

// Whether a policy's `plaintext-secrets:` names it, as `name` or `namespace/name`.
bool is_allowed(const PlainSecret& secret, const std::vector<std::string>& allowed);

}  // namespace autonomous::store
