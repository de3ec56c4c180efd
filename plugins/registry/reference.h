// Reference: the name of something in an OCI registry. A pure value.
#pragma once

#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::registry {

struct Reference {
  std::string host;        // with its port: "ghcr.io", "127.0.0.1:5000"
  std::string repository;  // "charts/web"
  std::string tag;         // as written, so with '+' where there is one; "" where none is written
  std::string digest;      // "sha256:<64 hex>", or ""

  // "oci://host/repository[:tag][@digest]", the scheme may be left out. kInvalid for what no registry would take.
  static Result<Reference> parse(std::string_view text);
  std::string name() const { return host + "/" + repository; }
};

// A registry's tags can hold no '+': helm writes '_' for it.
std::string tag_of_version(std::string_view version);
std::string version_of_tag(std::string_view tag);

// "sha256:" and 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view digest);

}  // namespace autonomous::registry
