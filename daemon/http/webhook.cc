#include "daemon/http/webhook.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "daemon/http/access.h"
#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/git/program.h"

namespace autonomous::daemon {

namespace {

constexpr Millis kMostApart(5 * 60'000);  // as the specification of Standard Webhooks recommends
constexpr size_t kMostPlaces = 64;
// The fields that hold a repository's own address, of all hosts; others hold those of its issues, its owner, its site.
constexpr std::string_view kAddresses[] = {"clone_url", "git_http_url", "git_ssh_url", "git_url", "href",
                                           "html_url",  "http_url",     "ssh_url",     "web_url"};
constexpr int kDeepest = 4;  // repository.links.clone[].href

std::string hmac(std::string_view key, std::string_view text) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (::HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
             reinterpret_cast<const unsigned char*>(text.data()), text.size(), bytes, &size) == nullptr)
    return "";
  return {reinterpret_cast<const char*>(bytes), size};
}

// Takes as long for a wrong one as for the right one.
bool same(std::string_view one, std::string_view other) {
  return !one.empty() && one.size() == other.size() && ::CRYPTO_memcmp(one.data(), other.data(), one.size()) == 0;
}

// Hexadecimal, of whichever host; "": it has none.
std::string hex_signature(const HttpRequest& request) {
  constexpr std::string_view kPrefix = "sha256=";
  for (const char* name : {"x-hub-signature-256", "x-hub-signature"}) {
    std::string value = request.header(name);
    if (starts_with(value, kPrefix)) return to_lower(value.substr(kPrefix.size()));
  }
  for (const char* name : {"x-forgejo-signature", "x-gitea-signature", "x-gogs-signature"}) {
    if (std::string value = request.header(name); !value.empty()) return to_lower(value);
  }
  return "";
}

// The key of Standard Webhooks is what stands in base64 behind `whsec_`.
std::string standard_key(const std::string& secret) {
  constexpr std::string_view kPrefix = "whsec_";
  std::string key;
  return starts_with(secret, kPrefix) && base64_decode(secret.substr(kPrefix.size()), key) ? key : secret;
}

bool signs_standard(const std::string& secret, const HttpRequest& request) {
  std::string text = request.header("webhook-id") + "." + request.header("webhook-timestamp") + "." + request.body;
  std::string expected = "v1," + base64_encode(hmac(standard_key(secret), text));
  std::string all = request.header("webhook-signature");
  std::vector<std::string_view> given = split(all, ' ');
  return std::any_of(given.begin(), given.end(), [&](std::string_view one) { return same(one, expected); });
}

Result<void> check_age(const std::string& timestamp, Time now) {
  bool number =
      !timestamp.empty() && timestamp.size() <= 12 && timestamp.find_first_not_of("0123456789") == std::string::npos;
  if (!number) return fail(Code::kDenied, "a signed webhook has its time in webhook-timestamp, in seconds");
  Millis apart = now - Time(std::chrono::seconds(std::stoll(timestamp)));
  if (apart > kMostApart || apart < -kMostApart)
    return fail(Code::kDenied, "the webhook was signed at another time than now: more than 5 minutes lie between");
  return ok();
}

void collect(const nlohmann::json& value, int depth, std::vector<std::string>& places) {
  if (depth > kDeepest) return;
  for (const auto& [key, part] : value.items()) {
    if (part.is_structured()) collect(part, depth + 1, places);
    bool address = std::find(std::begin(kAddresses), std::end(kAddresses), key) != std::end(kAddresses);
    if (!address || !part.is_string() || places.size() >= kMostPlaces) continue;
    std::string place = git::place_of(part.get_ref<const std::string&>());
    bool known = std::find(places.begin(), places.end(), place) != places.end();
    if (!place.empty() && !known) places.push_back(std::move(place));
  }
}

}  // namespace

Result<std::string> webhook_signer(const HttpRequest& request, const std::vector<Token>& secrets, Time now) {
  if (secrets.empty())
    return fail(Code::kDenied, "no webhook is expected here: daemon.yaml names no secret")
        .hint("webhooks: {NAME: /path/of/a/file/with/the/secret}");
  std::string hex = hex_signature(request), standard = request.header("webhook-signature"),
              token = request.header("x-gitlab-token");
  if (hex.empty() && standard.empty() && token.empty())
    return fail(Code::kDenied, "the webhook is not signed").hint("give it a secret where it is set up");
  if (hex.empty() && !standard.empty()) TRY_DO(check_age(request.header("webhook-timestamp"), now));
  for (const Token& secret : secrets) {
    bool signs = !hex.empty()        ? same(hex, to_hex(hmac(secret.secret, request.body)))
                 : !standard.empty() ? signs_standard(secret.secret, request)
                                     : same(sha256_hex(token), sha256_hex(secret.secret));
    if (signs && !secret.secret.empty()) return secret.name;
  }
  return fail(Code::kDenied, "the webhook is signed with a secret that is not known here");
}

Result<std::vector<std::string>> webhook_places(std::string_view body) {
  nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
  if (!json.is_object()) return fail(Code::kInvalid, "a webhook's body is a JSON object");
  std::vector<std::string> places;
  for (const char* part : {"repository", "project"}) {
    if (auto at = json.find(part); at != json.end() && at->is_object()) collect(*at, 0, places);
  }
  return places;
}

}  // namespace autonomous::daemon
