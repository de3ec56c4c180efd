// Registry: one OCI registry, read: tags, manifests, blobs, verified by digest.
//
// Blocks the calling thread, each call at most until its Ctx ends; may be used from several threads at once. It
// remembers a token for each repository and asks for a new one when it is refused. The client must outlive it.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/http/client.h"
#include "plugins/registry/challenge.h"

namespace autonomous::registry {

// How one registry is reached, and as whom.
struct Access {
  bool plain_http = false;
  http::Via via;
  std::string username;  // with a password, or both empty: anonymous
  std::string password;
  std::vector<std::string> realms;  // hosts that may see the credentials besides those of the registry's domain
};

struct Manifest {
  std::string digest;  // of `body`, verified
  std::string media_type;
  std::string body;  // as it was sent
};

class Registry {
 public:
  // `host` with its port: "ghcr.io". "docker.io" is asked where its API is.
  Registry(http::Client& client, std::string host, Access access);

  // All tags, in the registry's order. kLimit beyond 100,000.
  Result<std::vector<std::string>> tags(const Ctx& ctx, const std::string& repository);
  // What a tag means now: "sha256:…". `reference` is a tag or a digest.
  Result<std::string> digest(const Ctx& ctx, const std::string& repository, const std::string& reference);
  Result<Manifest> manifest(const Ctx& ctx, const std::string& repository, const std::string& reference);
  // kLimit beyond `max_bytes`; kCorrupt where what arrives has another digest.
  Result<std::string> blob(const Ctx& ctx, const std::string& repository, const std::string& digest,
                           uint64_t max_bytes);

 private:
  http::Request request(std::string_view method, const std::string& repository, const std::string& rest) const;
  // Sends it, with what a challenge asks for where there is one. An answer other than 2xx is an error.
  Result<http::Response> send(const Ctx& ctx, const std::string& repository, http::Request request);
  Result<std::string> authorization(const Ctx& ctx, const http::Request& request, const http::Response& refused);
  Result<std::string> token(const Ctx& ctx, const Challenge& challenge);

  http::Client& client_;
  const std::string host_;
  const Access access_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  // guarded by mutex_: repository → Authorization
};

}  // namespace autonomous::registry
