#include "render/helm/remote_chart.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/funcs/semver.h"

namespace autonomous::helm {

namespace {

using nlohmann::json;

constexpr std::string_view kOci = "oci://";
constexpr uint64_t kMaxChart = 100ull << 20;

// The members of a request, in one place for both directions.
template <typename Chart, typename Each>
void each_member(Chart& chart, const Each& each) {
  each("chart", chart.chart);
  each("version", chart.version);
  each("repo", chart.repo);
  each("username", chart.username);
  each("password", chart.password);
  each("ca-file", chart.ca_file);
  each("cert-file", chart.cert_file);
  each("key-file", chart.key_file);
  each("registry-config", chart.registry_config);
  each("insecure-skip-tls-verify", chart.insecure);
  each("plain-http", chart.plain_http);
  each("pass-credentials", chart.pass_credentials);
  each("warn-inexact", chart.warn_inexact);
}

// Whole or not at all; after a power cut maybe not, but nothing is taken from the cache unverified.
Result<void> write_whole(const std::string& path, std::string_view content) {
  TRY_DO(make_folders(path.substr(0, path.rfind('/'))));
  std::string part = path + ".part" + std::to_string(::getpid());
  TRY_DO(write_file(part, content));
  if (std::rename(part.c_str(), path.c_str()) == 0) return ok();
  return fail(Code::kUnavailable, "cannot write ", path, ": ", std::strerror(errno));
}

bool is_http(std::string_view url) { return starts_with(url, "http://") || starts_with(url, "https://"); }

}  // namespace

std::string RemoteChart::to_json() const {
  json out = json::object();
  each_member(*this, [&](const char* key, const auto& value) { out[key] = value; });
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<RemoteChart> RemoteChart::from_json(std::string_view text) {
  json in = json::parse(text.begin(), text.end(), nullptr, false);
  if (!in.is_object()) return std::nullopt;
  RemoteChart out;
  bool good = true;
  each_member(out, [&](const char* key, auto& value) {
    using Member = std::decay_t<decltype(value)>;
    auto found = in.find(key);
    if (found == in.end()) return;
    bool fits = std::is_same_v<Member, bool> ? found->is_boolean() : found->is_string();
    good = good && fits;
    if (fits) value = found->template get<Member>();
  });
  if (!good || out.chart.empty()) return std::nullopt;
  return out;
}

bool is_remote(std::string_view chart, std::string_view repo) {
  return !repo.empty() || starts_with(chart, kOci) || is_http(chart);
}

std::string repository_source(std::string_view repo, std::string_view name) {
  while (ends_with(repo, "/")) repo.remove_suffix(1);
  return std::string(repo) + "#" + std::string(name);
}

std::vector<ChartVersionKey> exact_names(const RemoteChart& chart) {
  if (!chart.repo.empty()) {
    if (chart.version.empty()) return {};
    return {{repository_source(chart.repo, chart.chart), chart.version}};
  }
  if (!starts_with(chart.chart, kOci)) return {{chart.chart, ""}};
  std::string_view rest = chart.chart;
  std::string_view digest;
  if (size_t at = rest.rfind('@'); at != std::string_view::npos) {
    digest = rest.substr(at + 1);
    rest = rest.substr(0, at);
  }
  size_t slash = rest.rfind('/');
  size_t colon = rest.rfind(':');
  std::string_view tag;
  if (colon != std::string_view::npos && colon > slash) {
    tag = rest.substr(colon + 1);
    rest = rest.substr(0, colon);
  }
  std::string version = chart.version.empty() ? std::string(tag) : chart.version;
  if (!tag.empty() && version != tag) return {};  // an error; whoever fetches says which
  std::vector<ChartVersionKey> names;
  if (!digest.empty()) names.push_back({std::string(rest), std::string(digest)});
  if (version.empty()) return names;
  // A word like "latest" beside a digest is nothing that could be known before.
  if (!render::Version::parse(version)) return {};
  names.push_back({std::string(rest), version});
  return names;
}

std::string FetchedChart::to_json() const {
  return json{{"file", file}, {"digest", digest}, {"notes", notes}}.dump(-1, ' ', false,
                                                                         json::error_handler_t::replace);
}

std::optional<FetchedChart> FetchedChart::from_json(std::string_view text) {
  json in = json::parse(text.begin(), text.end(), nullptr, false);
  if (!in.is_object()) return std::nullopt;
  FetchedChart out;
  auto text_of = [&](const char* key, std::string& into) {
    auto found = in.find(key);
    if (found != in.end() && found->is_string()) into = found->get<std::string>();
  };
  text_of("file", out.file);
  text_of("digest", out.digest);
  if (auto notes = in.find("notes"); notes != in.end() && notes->is_array()) {
    for (const json& note : *notes) {
      if (note.is_string()) out.notes.push_back(note.get<std::string>());
    }
  }
  if (out.digest.empty()) return std::nullopt;
  return out;
}

std::string ChartCache::default_folder() {
  auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value == nullptr ? "" : value);
  };
  if (std::string folder = variable("AUTONOMOUS_CACHE"); !folder.empty()) return folder;
  if (std::string folder = variable("XDG_CACHE_HOME"); !folder.empty()) return folder + "/autonomous";
  if (std::string home = variable("HOME"); !home.empty()) return home + "/.cache/autonomous";
  return "";
}

std::string ChartCache::content_path(std::string_view digest) const {
  constexpr std::string_view kPrefix = "sha256:";
  if (!starts_with(digest, kPrefix) || digest.size() != kPrefix.size() + 64 || !is_hex(digest.substr(kPrefix.size())))
    return "";
  return folder_ + "/charts/sha256/" + std::string(digest.substr(kPrefix.size())) + ".tgz";
}

std::string ChartCache::record_path(const ChartVersionKey& key) const {
  Sha256 name;
  name.add_field(key.source).add_field(key.version);
  return folder_ + "/charts/versions/" + name.finish_hex() + ".json";
}

std::optional<FetchedChart> ChartCache::find_content(const std::string& digest) const {
  std::string path = content_path(digest);
  if (folder_.empty() || path.empty()) return std::nullopt;
  auto bytes = read_file(path, kMaxChart);
  if (!bytes || "sha256:" + sha256_hex(*bytes) != digest) return std::nullopt;
  return FetchedChart{path, digest, {}, *std::move(bytes)};
}

std::optional<FetchedChart> ChartCache::find(const ChartVersionKey& key) const {
  if (folder_.empty()) return std::nullopt;
  auto text = read_file(record_path(key), 1u << 20);
  if (!text) return std::nullopt;
  auto record = FetchedChart::from_json(*text);
  if (!record) return std::nullopt;
  auto content = find_content(record->digest);
  if (content) content->notes = std::move(record->notes);
  return content;
}

Result<void> ChartCache::check(const ChartVersionKey& key, const std::string& digest) const {
  std::string path = record_path(key);
  auto text = read_file(path, 1u << 20);
  auto record = text ? FetchedChart::from_json(*text) : std::nullopt;
  if (!record || record->digest == digest) return ok();
  return fail(Code::kConflict, key.source, key.version.empty() ? "" : " " + key.version, " is not what it was: it is ",
              digest, " now, and was ", record->digest, " when it was first fetched")
      .hint(
          "A version that changes can't be rendered again as it was. Publish a new version; or, where you trust the new one, delete " +
          path + ".");
}

Result<FetchedChart> ChartCache::put(const ChartVersionKey& key, std::string_view bytes,
                                     std::vector<std::string> notes) {
  if (folder_.empty()) {
    return fail(Code::kInvalid, "there is no folder to keep charts in").hint("Set AUTONOMOUS_CACHE or HOME.");
  }
  FetchedChart chart{"", "sha256:" + sha256_hex(bytes), std::move(notes), std::string(bytes)};
  TRY_DO(check(key, chart.digest));
  chart.file = content_path(chart.digest);
  TRY_DO(write_whole(chart.file, bytes));
  json text = json::parse(chart.to_json());
  text.erase("file");
  text["source"] = key.source;
  text["version"] = key.version;
  TRY_DO(write_whole(record_path(key), text.dump(2, ' ', false, json::error_handler_t::replace) + "\n"));
  return chart;
}

namespace {

// What all the names mean; nullopt where one is not known, or they mean different things.
std::optional<FetchedChart> find_all(const ChartCache& cache, const std::vector<ChartVersionKey>& names) {
  std::optional<FetchedChart> first;
  for (const ChartVersionKey& name : names) {
    auto found = cache.find(name);
    if (!found || (first && first->digest != found->digest)) return std::nullopt;
    if (!first) first = std::move(found);
  }
  return first;
}

}  // namespace

Result<FetchedChart> get_remote(const RemoteChart& chart, const FetchChart& fetch) {
  return get_remote(ChartCache(ChartCache::default_folder()), chart, fetch);
}

Result<FetchedChart> get_remote(const ChartCache& cache, const RemoteChart& chart, const FetchChart& fetch) {
  if (auto known = find_all(cache, exact_names(chart))) return *std::move(known);
  if (fetch == nullptr) {
    return fail(Code::kDenied, "the chart ", chart.chart, " is not here, and nothing here may fetch it")
        .hint("Fetch it first (helm pull), then give its folder or .tgz.");
  }
  TRY(FetchedChart fetched, fetch(chart));
  auto content = cache.find_content(fetched.digest);
  if (!content) return fail(Code::kCorrupt, "the chart ", chart.chart, " was fetched, and is not in the cache");
  content->notes = std::move(fetched.notes);
  return *std::move(content);
}

}  // namespace autonomous::helm
