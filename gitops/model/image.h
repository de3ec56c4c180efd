// ImageRef: a container image's name taken apart, as docker and containerd read it. A pure value.
#pragma once

#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::model {

struct ImageRef {
  std::string registry;    // "docker.io" where none is written
  std::string repository;  // "library/nginx" for "nginx"
  std::string tag;         // "" where none is written
  std::string digest;      // "sha256:<64 hex>", or ""
  std::string written;     // the name as written, without tag and digest: "nginx"

  // kInvalid for what no registry would take.
  static Result<ImageRef> parse(std::string_view text);
  // registry + repository, the same for "nginx" and "docker.io/library/nginx:1.25".
  std::string name() const { return registry + "/" + repository; }
  // As written, with tag and digest.
  std::string str() const;
};

// What charts made by `helm create` take: `{{ .repository }}:{{ .tag }}` gives the reference back, digest included.
struct ImageValues {
  std::string repository;
  std::string tag;
};
ImageValues image_values(const ImageRef& image);

}  // namespace autonomous::model
