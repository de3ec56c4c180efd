// Images: what a registry says of container images: whether they are there, as whom they run, where they listen, what
// machines they are for. Read only.
//
// An implementation is one registry, shared by all targets, and thread-safe. look() remembers what a digest means.
#pragma once

#include <string>
#include <vector>

#include "gitops/base/ctx.h"
#include "gitops/base/result.h"

namespace autonomous::ports {

// As its configuration says it; texts are hostile.
struct ImageFacts {
  std::string digest;                      // of what was asked for
  std::string user;                        // "" | "root" | "1000" | "1000:1000" | "nginx"
  std::vector<std::string> listens;        // "8080/tcp"
  std::vector<std::string> architectures;  // "amd64", "arm64"; of linux
};

class Images {
 public:
  virtual ~Images() = default;

  // The instance's name in platform.yaml.
  virtual const std::string& name() const = 0;
  // The registry's host, with its port where it has one.
  virtual const std::string& host() const = 0;
  // `reference`: a tag or a digest. kNotFound: there is no such image; anything else: nobody knows.
  virtual Result<ImageFacts> look(const Ctx& ctx, const std::string& repository, const std::string& reference) = 0;
  // For doctor: the registry answers and lets us in.
  virtual Result<std::string> check(const Ctx& ctx) = 0;
};

}  // namespace autonomous::ports
