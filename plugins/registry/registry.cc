#include "plugins/registry/registry.h"

#include <nlohmann/json.hpp>

#include "gitops/base/digest.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "plugins/registry/reference.h"

namespace autonomous::registry {

namespace {

using Json = nlohmann::json;

constexpr Millis kPatience{120'000};  // for one answer: charts and slow links
constexpr uint64_t kMaxManifest = 8u << 20;
constexpr size_t kMaxTags = 100'000;
constexpr int kRedirects = 5;  // blobs lie at object stores
constexpr std::string_view kAccept =
    "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, "
    "application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

std::string api_host(const std::string& host) { return host == "docker.io" ? "registry-1.docker.io" : host; }

std::string text_of(const Json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

// {"errors": [{"code": "NAME_UNKNOWN", "message": "…"}]}
std::string said(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return "";
  auto errors = json.find("errors");
  if (errors == json.end() || !errors->is_array() || errors->empty() || !errors->front().is_object()) return "";
  std::string message = text_of(errors->front(), "message");
  return message.empty() ? text_of(errors->front(), "code") : message;
}

// The target of `</v2/x/tags/list?last=b&n=100>; rel="next"`.
std::string next_page(const http::Response& response) {
  std::string_view link = response.header("link");
  if (!starts_with(link, "<") || link.find("rel=\"next\"") == std::string_view::npos) return "";
  return std::string(link.substr(1, link.find('>') - 1));
}

void set_header(http::Request& request, std::string_view name, const std::string& value) {
  std::erase_if(request.headers, [&](const auto& header) { return header.first == name; });
  request.headers.emplace_back(name, value);
}

}  // namespace

Registry::Registry(http::Client& client, std::string host, Access access)
    : client_(client), host_(std::move(host)), access_(std::move(access)) {}

http::Request Registry::request(std::string_view method, const std::string& repository, const std::string& rest) const {
  http::Request request;
  request.method = method;
  request.url = (access_.plain_http ? "http://" : "https://") + api_host(host_) + "/v2/" + repository + "/" + rest;
  request.via = access_.via;
  request.total_timeout = kPatience;
  request.redirects = kRedirects;
  request.max_body = kMaxManifest;
  return request;
}

Result<http::Response> Registry::send(const Ctx& ctx, const std::string& repository, http::Request request) {
  {
    std::lock_guard lock(mutex_);
    if (auto found = known_.find(repository); found != known_.end()) {
      set_header(request, "Authorization", found->second);
    }
  }
  TRY(http::Response response, client_.send(ctx, request));
  if (response.status == 401) {
    TRY(std::string authorized, authorization(ctx, request, response));
    set_header(request, "Authorization", authorized);
    TRY(response, client_.send(ctx, request));
    if (response.ok()) {
      std::lock_guard lock(mutex_);
      known_[repository] = authorized;
    }
  }
  if (response.ok()) return response;
  Error error = http::status_error(request, response, said(response.body));
  if (error.code() != Code::kDenied) return error;
  return std::move(error).hint(
      access_.username.empty() ? "The registry wants to know who asks: give --username and --password, or log in."
                               : "This user and password do not allow it: another login may, or the name is wrong.");
}

Result<std::string> Registry::authorization(const Ctx& ctx, const http::Request& request,
                                            const http::Response& refused) {
  const bool has_credentials = !access_.username.empty() && !access_.password.empty();
  for (const auto& [name, value] : refused.headers) {
    if (name != "www-authenticate") continue;
    auto challenge = parse_challenge(value);
    if (!challenge) continue;
    if (challenge->scheme == Challenge::Scheme::kBearer) {
      TRY(std::string given, token(ctx, *challenge));
      return "Bearer " + given;
    }
    if (has_credentials) return "Basic " + base64_encode(access_.username + ":" + access_.password);
  }
  return http::status_error(request, refused, said(refused.body));
}

Result<std::string> Registry::token(const Ctx& ctx, const Challenge& challenge) {
  http::Request request;
  request.via = access_.via;
  request.max_body = 1u << 20;
  request.url = challenge.realm;
  char separator = challenge.realm.find('?') == std::string::npos ? '?' : '&';
  auto add = [&](std::string_view key, const std::string& value) {
    if (value.empty()) return;
    request.url += separator + std::string(key) + "=" + http::escape(value);
    separator = '&';
  };
  add("service", challenge.service);
  for (std::string_view scope : split(challenge.scope, ' ')) add("scope", std::string(scope));
  if (!access_.username.empty() && !access_.password.empty()) {
    if (!may_see_credentials(challenge.realm, host_, access_.plain_http, access_.realms)) {
      return fail(Code::kDenied, "the registry ", host_, " wants its credentials to be sent to ",
                  masked(one_line(challenge.realm, 200)), ", which is another domain")
          .hint("Nothing was sent there. Where that is right, add its host to the realms of this registry.");
    }
    set_header(request, "Authorization", "Basic " + base64_encode(access_.username + ":" + access_.password));
  }
  TRY(http::Response response, client_.send(ctx, request));
  if (!response.ok()) return http::status_error(request, response, said(response.body));
  const Json json = Json::parse(response.body, nullptr, false);
  std::string given = json.is_object() ? text_of(json, "token") : "";
  if (given.empty() && json.is_object()) given = text_of(json, "access_token");
  if (given.empty()) return fail(Code::kUnavailable, masked(one_line(challenge.realm, 200)), " gave no token");
  return given;
}

Result<std::vector<std::string>> Registry::tags(const Ctx& ctx, const std::string& repository) {
  http::Request page = request("GET", repository, "tags/list");
  std::vector<std::string> out;
  while (true) {
    TRY(http::Response response, send(ctx, repository, page));
    const Json json = Json::parse(response.body, nullptr, false);
    auto tags = json.is_object() ? json.find("tags") : json.end();
    if (!json.is_object() || (tags != json.end() && !tags->is_array() && !tags->is_null())) {
      return fail(Code::kUnavailable, host_, "/", repository, ": the answer is no list of tags: is this a registry?");
    }
    if (tags != json.end() && tags->is_array()) {
      for (const Json& tag : *tags) {
        if (tag.is_string()) out.push_back(tag.get<std::string>());
      }
    }
    if (out.size() > kMaxTags) return fail(Code::kLimit, host_, "/", repository, " has more than ", kMaxTags, " tags");
    std::string next = next_page(response);
    if (next.empty()) return out;
    // Relative to this registry; an absolute one must be this registry's, too.
    std::string base = (access_.plain_http ? "http://" : "https://") + api_host(host_);
    std::string url = starts_with(next, "/") ? base + next : next;
    if (!starts_with(url, base + "/") || url == page.url) {
      return fail(Code::kInvalid, host_, "/", repository, ": the list of tags goes on at a wrong place");
    }
    page.url = url;
  }
}

Result<std::string> Registry::digest(const Ctx& ctx, const std::string& repository, const std::string& reference) {
  http::Request head = request("HEAD", repository, "manifests/" + reference);
  set_header(head, "Accept", std::string(kAccept));
  TRY(http::Response response, send(ctx, repository, head));
  std::string digest(response.header("docker-content-digest"));
  if (is_sha256(digest)) return digest;
  TRY(Manifest whole, manifest(ctx, repository, reference));
  return whole.digest;
}

Result<Manifest> Registry::manifest(const Ctx& ctx, const std::string& repository, const std::string& reference) {
  http::Request get = request("GET", repository, "manifests/" + reference);
  set_header(get, "Accept", std::string(kAccept));
  TRY(http::Response response, send(ctx, repository, get));
  Manifest out;
  out.digest = "sha256:" + sha256_hex(response.body);
  out.media_type = response.header("content-type");
  std::string_view promised = is_sha256(reference) ? reference : response.header("docker-content-digest");
  if (is_sha256(promised) && promised != out.digest) {
    return fail(Code::kCorrupt, host_, "/", repository, ": the manifest of ", reference, " has the digest ", out.digest,
                ", not ", promised);
  }
  out.body = std::move(response.body);
  return out;
}

Result<std::string> Registry::blob(const Ctx& ctx, const std::string& repository, const std::string& digest,
                                   uint64_t max_bytes) {
  if (!is_sha256(digest)) return fail(Code::kInvalid, "no SHA-256 digest: ", one_line(digest, 100));
  http::Request get = request("GET", repository, "blobs/" + digest);
  get.max_body = max_bytes;
  TRY(http::Response response, send(ctx, repository, get));
  std::string arrived = "sha256:" + sha256_hex(response.body);
  if (arrived != digest) {
    return fail(Code::kCorrupt, host_, "/", repository, ": what was sent for ", digest, " has the digest ", arrived);
  }
  return std::move(response.body);
}

}  // namespace autonomous::registry
