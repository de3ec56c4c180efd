// The ls-refs exchange of protocol v2, and v0's advertisement for servers that know no better: what is sent and how
// the answers read (gitprotocol-v2(5), gitprotocol-http(5)). Pure. Internal to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/git/remote.h"

namespace autonomous::git {

// What a server says of itself, or, where it speaks only the old protocol, its refs at once.
struct Advertisement {
  bool v2 = false;
  bool object_format = false;   // may be named in requests
  std::vector<RemoteRef> refs;  // v0 and v1 only
};
inline constexpr size_t kMostRefs = 1'000'000;

// The packets up to the flush that ends an advertisement; `reader` is left behind it. kInvalid: SHA-256. kCorrupt.
Result<Advertisement> parse_advertisement(class PktReader& reader);
std::string ls_refs_request(const Advertisement& server, const std::vector<std::string>& prefixes);
// The packets up to the flush. A server's "ERR" is kDenied with its words.
Result<std::vector<RemoteRef>> parse_ls_refs(PktReader& reader);
// What `git ls-remote --symref` prints.
Result<std::vector<RemoteRef>> parse_ls_remote(std::string_view text);
// Servers may send more than was asked for.
std::vector<RemoteRef> keep_prefixes(std::vector<RemoteRef> refs, const std::vector<std::string>& prefixes);

}  // namespace autonomous::git
