#include "daemon/pipeline/remotes.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// Of the GitOps repository's whole history, at a first start: far more than honest ones have.
constexpr uint64_t kMostOfGitops = 8ull << 30;

// "user:password", or a token alone.
git::Credential split_credential(const std::string& text) {
  size_t colon = text.find(':');
  if (colon == std::string::npos) return {"autonomous", text};
  return {text.substr(0, colon), text.substr(colon + 1)};
}

bool is_private_key(std::string_view text) { return starts_with(text, "-----BEGIN "); }

Error wrong_sort(const Credential& credential, const std::string& url, bool wants_key) {
  return fail(Code::kInvalid, "the credential for ", git::url_without_credentials(url), " (", credential.describe(),
              ") ",
              wants_key ? "is no private key, and the address is one of ssh"
                        : "is a private key, and the address is none of ssh");
}

Result<git::Credential> read_password(const Credential& credential, const std::string& url) {
  if (credential.empty()) return git::Credential{};
  TRY(std::string text, credential.read());
  if (is_private_key(text)) return wrong_sort(credential, url, false);
  return split_credential(text);
}

// Fills in what depends on how the repository is reached.
Result<git::RemoteSettings> with_access(git::RemoteSettings settings, const Credential& credential,
                                        std::function<Credential()> current) {
  // What is wrong with the address itself is git's to say.
  auto kind = git::check_url(settings.url, /*allow_file=*/true);
  if (!kind) return std::move(kind).error();
  if (*kind == git::UrlKind::kSsh && !credential.empty()) {
    TRY(std::string text, credential.read());
    if (!is_private_key(text)) return wrong_sort(credential, settings.url, true);
    settings.ssh_key = credential.path();
  } else if (*kind == git::UrlKind::kHttp || *kind == git::UrlKind::kHttps) {
    settings.credential = [current = std::move(current), url = settings.url] { return read_password(current(), url); };
  }
  return settings;
}

std::string host_of(const std::string& url) {
  size_t scheme = url.find("://");
  std::string rest = scheme == std::string::npos ? url : url.substr(scheme + 3);
  rest = rest.substr(0, rest.find_first_of(scheme == std::string::npos ? ":" : "/"));
  return rest.substr(rest.rfind('@') + 1);
}

}  // namespace

Result<git::RemoteSettings> source_settings(const CurrentConfig& config, const std::string& url) {
  std::shared_ptr<const DaemonConfig> now = config();
  git::RemoteSettings settings;
  settings.url = url;
  settings.ca_file = ca_file_for(now->sources, url);
  settings.ssh_known_hosts = now->sources.known_hosts;
  settings.max_fetch = now->limits.repository;
  settings.where_credentials_stand =
      "daemon.yaml: `sources: {credentials: {" + host_of(url) + ": /path/of/a/file}}`, with " +
      (url.find("://") == std::string::npos || starts_with(url, "ssh://") ? "a private key"
                                                                          : "a token or user:password") +
      (starts_with(url, "http://") ? "; to other machines credentials go over https only" : "");
  return with_access(std::move(settings), credential_for(now->sources, url),
                     [config, url] { return credential_for(config()->sources, url); });
}

Result<git::RemoteSettings> gitops_settings(const CurrentConfig& config) {
  std::shared_ptr<const DaemonConfig> now = config();
  git::RemoteSettings settings;
  settings.url = now->gitops.url;
  settings.ca_file = now->gitops.ca_file;
  settings.ssh_known_hosts = now->gitops.known_hosts.value_or("");
  settings.max_fetch = std::max(kMostOfGitops, now->limits.repository);
  settings.where_credentials_stand = "daemon.yaml: `gitops: {credential: /path/of/a/file}`, with what may push there";
  return with_access(std::move(settings), now->gitops.credential, [config] { return config()->gitops.credential; });
}

bool same_settings(const git::RemoteSettings& one, const git::RemoteSettings& other) {
  return one.url == other.url && one.ca_file == other.ca_file && one.ssh_key == other.ssh_key &&
         one.ssh_known_hosts == other.ssh_known_hosts && one.max_fetch == other.max_fetch;
}

}  // namespace autonomous::daemon
