// RemoteChart: a chart that is not on this disk, as helm's flags name it; ChartCache: where fetched ones are kept.
//
// Nothing here uses the network: the caller of render_command() gives a way to fetch (the front runs the core for it).
// What was fetched lies in the cache by its content's digest, and for every version that was ever fetched there is a
// record of that digest, so that a version means the same bytes for ever and renders without a network.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::helm {

struct RemoteChart {
  std::string chart;    // oci://registry/repository[:tag][@digest], the URL of a .tgz, or with `repo` a name
  std::string version;  // a version or a constraint; empty: the newest
  std::string repo;     // URL of a chart repository
  std::string username, password;
  std::string ca_file, cert_file, key_file;  // PEM
  std::string registry_config;               // where registries' logins are; empty: helm's place, then docker's
  bool insecure = false;                     // take any certificate
  bool plain_http = false;                   // http to an OCI registry
  bool pass_credentials = false;             // to other hosts that the repository's index names, too
  bool warn_inexact = true;                  // helm 4 says when a version that was asked for is not the one found

  // As the core takes it. from_json: nullopt for what is not a request.
  std::string to_json() const;
  static std::optional<RemoteChart> from_json(std::string_view text);
};

bool is_remote(std::string_view chart, std::string_view repo);

// The name under which a cache knows a version: what it is a version of, and the version.
struct ChartVersionKey {
  std::string source;   // "oci://ghcr.io/acme/web", "https://charts.example.com#web", the URL of a .tgz
  std::string version;  // "1.2.3"; "sha256:…" of an OCI manifest; "" of a .tgz's URL
};
// Empty where only the network can tell which version is meant. Two names where a tag stands beside a digest: both have
// to mean the same.
std::vector<ChartVersionKey> exact_names(const RemoteChart& chart);
std::string repository_source(std::string_view repo, std::string_view name);

struct FetchedChart {
  std::string file;                // the .tgz in the cache
  std::string digest;              // sha256:… of its bytes
  std::vector<std::string> notes;  // lines that helm writes to standard error
  std::string bytes;               // verified; not in the JSON
  std::string to_json() const;
  static std::optional<FetchedChart> from_json(std::string_view text);
};

class ChartCache {
 public:
  explicit ChartCache(std::string folder) : folder_(std::move(folder)) {}
  // $AUTONOMOUS_CACHE, $XDG_CACHE_HOME/autonomous or ~/.cache/autonomous; "" where none of them is set.
  static std::string default_folder();

  // What that version was when it was fetched first; nullopt where it never was or its bytes are gone or damaged.
  std::optional<FetchedChart> find(const ChartVersionKey& key) const;
  // The bytes of a chart whose digest is known.
  std::optional<FetchedChart> find_content(const std::string& digest) const;
  // Keeps `bytes` and says that `key` means them. kConflict where it meant others before.
  Result<FetchedChart> put(const ChartVersionKey& key, std::string_view bytes, std::vector<std::string> notes);
  // That `key` still means `digest`; kConflict where it means another.
  Result<void> check(const ChartVersionKey& key, const std::string& digest) const;

 private:
  std::string content_path(std::string_view digest) const;
  std::string record_path(const ChartVersionKey& key) const;

  std::string folder_;
};

// Fetches into the cache, or says why not.
using FetchChart = std::function<Result<FetchedChart>(const RemoteChart& chart)>;

// From the default cache where the version is known there, else through `fetch`. kDenied where that is null.
Result<FetchedChart> get_remote(const RemoteChart& chart, const FetchChart& fetch);
Result<FetchedChart> get_remote(const ChartCache& cache, const RemoteChart& chart, const FetchChart& fetch);

}  // namespace autonomous::helm
