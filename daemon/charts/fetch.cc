#include "daemon/charts/fetch.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "daemon/charts/logins.h"
#include "daemon/charts/repository.h"
#include "gitops/base/digest.h"
#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "plugins/registry/reference.h"
#include "plugins/registry/registry.h"
#include "render/funcs/semver.h"

namespace autonomous::daemon {

namespace {

using helm::ChartVersionKey;
using helm::FetchedChart;
using helm::RemoteChart;
using nlohmann::json;

constexpr uint64_t kMaxChart = 100ull << 20;  // packed; helm's limit for what is in it
constexpr uint64_t kMaxIndex = 256ull << 20;  // the largest public ones have some 30 MB
constexpr Millis kPatience{300'000};
constexpr int kRedirects = 10;  // as Go's client

constexpr std::string_view kConfigType = "application/vnd.cncf.helm.config.v1+json";
constexpr std::string_view kChartType = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
constexpr std::string_view kOldChartType = "application/tar+gzip";
constexpr std::string_view kUnderscore[] = {
    "", "OCI artifact references (e.g. tags) do not support the plus sign (+). To support",
    "storing semantic versions, Helm adopts the convention of changing plus (+) to",
    "an underscore (_) in chart version tags when pushing to a registry and back to",
    "a plus (+) when pulling from a registry."};

std::string text_of(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

Result<http::Via> via_of(const RemoteChart& chart) {
  http::Via via;
  via.ca_file = chart.ca_file;
  via.insecure = chart.insecure;
  if (!chart.cert_file.empty() && !chart.key_file.empty()) {
    TRY(via.client_pem, read_file(chart.cert_file, 1u << 20));
    TRY(via.client_key_pem, read_file(chart.key_file, 1u << 20));
  }
  return via;
}

// ---- OCI

struct Layer {
  std::string digest;
  bool old = false;
};

// The layer that holds the chart; the errors are helm's.
Result<Layer> chart_layer(const std::string& manifest) {
  const json parsed = json::parse(manifest, nullptr, false);
  auto config = parsed.is_object() ? parsed.find("config") : parsed.end();
  if (!parsed.is_object() || config == parsed.end() || !config->is_object() ||
      text_of(*config, "mediaType") != kConfigType) {
    return fail(Code::kInvalid, "could not load config with mediatype ", kConfigType);
  }
  auto layers = parsed.find("layers");
  Layer found;
  if (layers != parsed.end() && layers->is_array()) {
    for (const json& layer : *layers) {
      if (!layer.is_object()) continue;
      std::string type = text_of(layer, "mediaType");
      if (type == kChartType || type == kOldChartType) found = {text_of(layer, "digest"), type == kOldChartType};
    }
  }
  if (found.digest.empty())
    return fail(Code::kInvalid, "manifest does not contain a layer with mediatype ", kChartType);
  return found;
}

// Registry client's Tags: complete versions, newest first.
std::vector<std::string> versions_of(const std::vector<std::string>& tags) {
  std::vector<render::Version> versions;
  for (const std::string& tag : tags) {
    std::string text = registry::version_of_tag(tag);
    auto version = render::Version::parse(text);
    if (version && version->str() == text) versions.push_back(*std::move(version));
  }
  std::stable_sort(versions.begin(), versions.end(),
                   [](const auto& a, const auto& b) { return render::compare(a, b) > 0; });
  std::vector<std::string> out;
  for (const render::Version& version : versions) out.push_back(version.str());
  return out;
}

// GetTagMatchingVersionOrConstraint
Result<std::string> choose_tag(const std::vector<std::string>& versions, const std::string& wanted) {
  if (std::find(versions.begin(), versions.end(), wanted) != versions.end()) return wanted;
  TRY(render::Constraints constraint, render::Constraints::parse(wanted.empty() ? "*" : wanted));
  for (const std::string& text : versions) {
    auto version = render::Version::parse(text);
    if (version && constraint.check(*version)) return text;
  }
  return fail(Code::kNotFound, "could not locate a version matching provided version string ", wanted);
}

class OciFetch {
 public:
  OciFetch(const Ctx& ctx, const ChartSurroundings& around, const RemoteChart& wanted)
      : ctx_(ctx), around_(around), wanted_(wanted) {}

  Result<FetchedChart> run() {
    TRY(reference_, registry::Reference::parse(wanted_.chart));
    TRY(registry::Access access, access_of());
    registry_.emplace(around_.client, reference_.host, std::move(access));
    TRY_DO(resolve());
    TRY(registry::Manifest manifest, get_manifest());
    TRY(Layer layer, chart_layer(manifest.body));
    ChartVersionKey key{"oci://" + reference_.name(), tag_.empty() ? manifest.digest : tag_};
    TRY_DO(around_.cache.check(key, layer.digest));
    std::string bytes;
    if (auto known = around_.cache.find_content(layer.digest)) {
      bytes = std::move(known->bytes);
    } else {
      TRY(bytes, registry_->blob(ctx_, reference_.repository, layer.digest, kMaxChart));
    }
    // Known by both names, a tag with its digest needs no network the next time.
    if (!beside_.empty()) TRY_DO(around_.cache.put({key.source, beside_}, bytes, notes_of(manifest, layer, beside_)));
    return around_.cache.put(key, bytes, notes_of(manifest, layer, tag_));
  }

 private:
  Result<registry::Access> access_of() const {
    registry::Access access;
    access.plain_http = wanted_.plain_http;
    TRY(access.via, via_of(wanted_));
    access.username = wanted_.username;
    access.password = wanted_.password;
    if (access.username.empty() || access.password.empty()) {
      TRY(Login login, find_login(ctx_, reference_.host, wanted_.registry_config, around_.variable));
      access.username = login.username;
      access.password = login.password;
    }
    return access;
  }

  // ValidateReference: sets tag_, or leaves it empty where the digest alone says what is meant.
  Result<void> resolve() {
    std::string version = wanted_.version;
    if (version.empty()) {
      version = reference_.tag;
    } else if (!reference_.tag.empty() && reference_.tag != version) {
      return fail(Code::kInvalid, "chart reference and version mismatch: ", version, " is not ", reference_.tag);
    }
    if (!reference_.digest.empty()) return check_digest(version);
    if (render::Version::parse(version)) {
      tag_ = version;
      return ok();
    }
    TRY(auto tags, registry_->tags(ctx_, reference_.repository));
    std::vector<std::string> versions = versions_of(tags);
    if (versions.empty())
      return fail(Code::kNotFound, "unable to locate any tags in provided repository: ", wanted_.chart);
    TRY(tag_, choose_tag(versions, version));
    return ok();
  }

  // "host/repository:tag" as helm shows it.
  std::string shown(const std::string& tag) const {
    return reference_.name() + (tag.empty() ? "@" + reference_.digest : ":" + registry::tag_of_version(tag));
  }

  Result<registry::Manifest> get_manifest() {
    std::string name = tag_.empty() ? reference_.digest : registry::tag_of_version(tag_);
    auto manifest = registry_->manifest(ctx_, reference_.repository, name);
    if (manifest || manifest.error().code() != Code::kNotFound) return manifest;
    return fail(Code::kNotFound, "failed to perform \"FetchReference\" on source: ", shown(tag_), ": not found");
  }

  // A tag beside a digest has to mean it, where there is such a tag.
  Result<void> check_digest(const std::string& version) {
    if (version.empty()) return ok();
    auto digest = registry_->digest(ctx_, reference_.repository, registry::tag_of_version(version));
    if (!digest && digest.error().code() == Code::kNotFound) return ok();
    if (!digest) return std::move(digest).error();
    beside_ = version;
    if (*digest == reference_.digest) return ok();
    return fail(Code::kConflict, "chart reference digest mismatch: ", *digest, " is not ", reference_.digest);
  }

  // What helm's client writes of a pull.
  std::vector<std::string> notes_of(const registry::Manifest& manifest, const Layer& layer,
                                    const std::string& tag) const {
    std::vector<std::string> notes;
    if (layer.old) notes.push_back("Warning: chart media type " + std::string(kOldChartType) + " is deprecated");
    std::string name = shown(tag);
    notes.push_back("Pulled: " + name);
    notes.push_back("Digest: " + manifest.digest);
    if (name.find('_') != std::string::npos) {
      notes.push_back(name + " contains an underscore.");
      notes.insert(notes.end(), std::begin(kUnderscore), std::end(kUnderscore));
    }
    return notes;
  }

  const Ctx& ctx_;
  const ChartSurroundings& around_;
  const RemoteChart& wanted_;
  registry::Reference reference_;
  std::optional<registry::Registry> registry_;
  std::string tag_;
  std::string beside_;  // a tag that the digest was given with
};

// ---- chart repositories and URLs

std::string_view reason_of(int status) {
  switch (status) {
    case 400: return " Bad Request";
    case 401: return " Unauthorized";
    case 403: return " Forbidden";
    case 404: return " Not Found";
    case 410: return " Gone";
    case 429: return " Too Many Requests";
    case 500: return " Internal Server Error";
    case 502: return " Bad Gateway";
    case 503: return " Service Unavailable";
    case 504: return " Gateway Timeout";
    default: return "";
  }
}

class UrlFetch {
 public:
  UrlFetch(const Ctx& ctx, const ChartSurroundings& around, const RemoteChart& wanted)
      : ctx_(ctx), around_(around), wanted_(wanted) {}

  Result<FetchedChart> from_url(const std::string& url) {
    TRY(std::string bytes, get(url, true, kMaxChart));
    return around_.cache.put({url, ""}, bytes, {});
  }

  Result<FetchedChart> from_repository() {
    const std::string& repo = wanted_.repo;
    auto looks = [&](const Error& error) {
      return fail(error.code(), "looks like \"", repo,
                  "\" is not a valid chart repository or cannot be reached: ", error.message());
    };
    auto text = get(resolve_url(repo, "index.yaml"), true, kMaxIndex);
    if (!text) return looks(text.error());
    std::string shown = "chart \"" + wanted_.chart + "\"";
    if (!wanted_.version.empty()) shown += " version \"" + wanted_.version + "\"";
    auto index = read_index(*text, wanted_.chart);
    if (!index && index.error().code() != Code::kNotFound) return looks(index.error());
    bool inexact = false;
    const IndexedChart* chosen = index ? choose(*index, wanted_.version, inexact) : nullptr;
    if (chosen == nullptr) return fail(Code::kNotFound, shown, " not found in ", repo, " repository");
    if (chosen->urls.empty()) return fail(Code::kNotFound, shown, " has no downloadable URLs");
    return take(*chosen, resolve_url(repo, chosen->urls.front()), inexact);
  }

 private:
  Result<FetchedChart> take(const IndexedChart& chosen, const std::string& url, bool inexact) {
    std::vector<std::string> notes;
    if (inexact && wanted_.warn_inexact) {
      notes.push_back(
          "level=WARN msg=\"unable to find exact version requested; falling back to closest available version\" chart=" +
          wanted_.chart + " requested=" + wanted_.version + " selected=" + chosen.version);
    }
    ChartVersionKey key{helm::repository_source(wanted_.repo, wanted_.chart), chosen.version};
    if (starts_with(url, "oci://")) {
      RemoteChart moved = wanted_;
      moved.repo.clear();
      moved.chart = url;
      return OciFetch(ctx_, around_, moved).run();
    }
    std::string bytes;
    auto known = around_.cache.find_content(chosen.digest);
    if (known) {
      bytes = std::move(known->bytes);
    } else {
      TRY(bytes, get(url, wanted_.pass_credentials || origin_of(url) == origin_of(wanted_.repo), kMaxChart));
    }
    std::string digest = "sha256:" + sha256_hex(bytes);
    if (!chosen.digest.empty() && chosen.digest != digest) {
      return fail(Code::kCorrupt, wanted_.chart, " ", chosen.version, " has the digest ", digest,
                  ", and the repository's index promises ", chosen.digest);
    }
    TRY(FetchedChart chart, around_.cache.put(key, bytes, {}));
    chart.notes = std::move(notes);
    return chart;
  }

  Result<std::string> get(const std::string& url, bool with_credentials, uint64_t max_bytes) {
    http::Request request;
    request.url = url;
    TRY(request.via, via_of(wanted_));
    request.max_body = max_bytes;
    request.total_timeout = kPatience;
    request.redirects = kRedirects;
    if (with_credentials && !wanted_.username.empty() && !wanted_.password.empty()) {
      request.headers.emplace_back("Authorization",
                                   "Basic " + base64_encode(wanted_.username + ":" + wanted_.password));
    }
    TRY(http::Response response, around_.client.send(ctx_, request));
    if (response.status == 200) return std::move(response.body);
    return fail(http::status_error(request, response).code(), "failed to fetch ", masked(url), " : ", response.status,
                reason_of(response.status));
  }

  const Ctx& ctx_;
  const ChartSurroundings& around_;
  const RemoteChart& wanted_;
};

}  // namespace

RemoteChart remote_chart(const model::ChartName& chart) {
  RemoteChart out;
  out.version = chart.version;
  const bool oci = chart.kind == model::ChartName::Kind::kOci;
  out.chart = oci ? chart.place : chart.name;
  if (!oci) out.repo = chart.place;
  out.plain_http = oci && model::is_loopback(chart.host());
  out.warn_inexact = false;
  return out;
}

Result<FetchedChart> fetch_chart(const Ctx& ctx, const ChartSurroundings& around, const RemoteChart& chart) {
  if (!chart.repo.empty()) return UrlFetch(ctx, around, chart).from_repository();
  if (starts_with(chart.chart, "oci://")) return OciFetch(ctx, around, chart).run();
  return UrlFetch(ctx, around, chart).from_url(chart.chart);
}

}  // namespace autonomous::daemon
