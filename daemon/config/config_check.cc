// What can be judged of a configuration without the network.
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "daemon/config/config.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kMaxSocketPath = 107;  // sockaddr_un

struct Findings {
  std::vector<Finding> out;
  void ok(std::string subject, std::string text) {
    out.push_back({Finding::Level::kOk, std::move(subject), std::move(text), ""});
  }
  void warning(std::string subject, std::string text, std::string fix) {
    out.push_back({Finding::Level::kWarning, std::move(subject), std::move(text), std::move(fix)});
  }
  void error(std::string subject, std::string text, std::string fix) {
    out.push_back({Finding::Level::kError, std::move(subject), std::move(text), std::move(fix)});
  }
};

// is_public: everybody may read it.
void check_credential(Findings& found, const std::string& subject, const Credential& credential,
                      bool is_public = false) {
  if (credential.empty()) return;
  auto secret = credential.read();
  if (!secret) {
    found.error(subject, secret.error().message(),
                secret.error().hint().empty() ? "make the file readable for the daemon's user" : secret.error().hint());
    return;
  }
  struct stat status {};
  if (::stat(credential.path().c_str(), &status) == 0 && (status.st_mode & 0044) != 0 && !is_public) {
    found.warning(subject, credential.describe() + " can be read by others on this machine",
                  "chmod 600 " + credential.path());
    return;
  }
  found.ok(subject, credential.describe());
}

void check_readable(Findings& found, const std::string& subject, const std::string& path) {
  if (path.empty()) return;
  if (::access(path.c_str(), R_OK) == 0) {
    found.ok(subject, path);
  } else {
    found.error(subject, path + ": " + std::strerror(errno), "create it, or make it readable for the daemon's user");
  }
}

// The nearest folder above that exists must be writable: the daemon makes the rest.
void check_writable(Findings& found, const std::string& subject, const std::string& folder) {
  std::string existing = folder;
  while (existing.size() > 1 && !exists(existing))
    existing.resize(
        std::max<size_t>(1, existing.find_last_of('/') == std::string::npos ? 1 : existing.find_last_of('/')));
  if (::access(existing.c_str(), W_OK | X_OK) == 0) {
    found.ok(subject, folder + (existing == folder ? "" : " (will be made)"));
  } else {
    found.error(subject, existing + " can't be written: " + std::strerror(errno),
                "give it to the daemon's user, or set `" + subject + ":`");
  }
}

void check_addresses(Findings& found, const DaemonConfig& config) {
  if (config.listen.empty()) {
    found.ok("listen", "off: the Unix socket only");
  } else {
    const std::string host = config.listen.substr(0, config.listen.rfind(':'));
    const bool loopback = starts_with(host, "127.") || host == "localhost" || host == "[::1]";
    const bool any = host == "0.0.0.0" || host == "[::]" || host == "*";
    if (!loopback && config.tls.certificate.empty() && !starts_with(config.public_url, "https://")) {
      found.warning("listen", config.listen + " is reachable from outside without TLS",
                    "tls: {certificate: …, key: …}, or a proxy with TLS and public_url: https://…");
    } else {
      found.ok("listen", config.listen);
    }
    if (any && (config.public_url.empty() || config.public_url.find(host) != std::string::npos)) {
      found.warning("public_url",
                    "nobody can follow a link to " + (config.public_url.empty() ? config.listen : config.public_url),
                    "public_url: https://autonomous.example.com");
    }
  }
  if (config.socket.size() > kMaxSocketPath) {
    found.error("socket",
                config.socket + " is too long for a Unix socket: at most " + std::to_string(kMaxSocketPath) + " bytes",
                "socket: /run/autonomous.sock");
  }
}

void check_gitops(Findings& found, const DaemonConfig& config) {
  const std::string& url = config.gitops.url;
  if (url.empty()) {
    found.ok("gitops", "built in: " + config.state + "/repos/gitops.git");
    return;
  }
  if (starts_with(url, "http://")) {
    found.warning("gitops.url", "credentials and releases travel in the clear", "https://…, or ssh://…");
  } else {
    found.ok("gitops.url", url);
  }
  const bool ssh = starts_with(url, "ssh://") || url.find("://") == std::string::npos;
  if (ssh && !config.gitops.known_hosts)
    found.warning("gitops.known_hosts", "none: only hosts in /etc/ssh/ssh_known_hosts are known",
                  "known_hosts: /etc/autonomous/known_hosts");
  if (config.gitops.credential.empty() && !starts_with(url, "file://") && !starts_with(url, "/")) {
    found.warning("gitops.credential", "none: the repository must take pushes from anybody",
                  "credential: {file: /etc/autonomous/gitops-token}");
  }
  check_credential(found, "gitops.credential", config.gitops.credential);
  if (config.gitops.known_hosts) check_readable(found, "gitops.known_hosts", *config.gitops.known_hosts);
  check_readable(found, "gitops.ca_file", config.gitops.ca_file);
}

void check_instances(Findings& found, const DaemonConfig& config) {
  for (const auto& [name, instance] : config.instances) {
    const std::string subject = "instances." + name;
    check_credential(found, subject + ".credential", instance.credential);
    check_readable(found, subject + ".kubeconfig", instance.kubeconfig);
    check_readable(found, subject + ".ca_file", instance.ca_file);
    if (instance.insecure)
      found.warning(subject, "its certificate is not checked", "ca_file: …, and without insecure: true");
    if (instance.credential.empty() && instance.kubeconfig.empty()) {
      found.warning(subject, "there is no credential", "credential: {file: /path}");
    } else if (!instance.credential.empty() && starts_with(instance.url, "http://")) {
      found.warning(subject + ".url", "the token travels in the clear", "https://…");
    }
  }
}

}  // namespace

std::vector<Finding> check_config(const DaemonConfig& config) {
  Findings found;
  found.ok("file", config.file.empty() ? "none: embedded defaults" : config.file);
  check_writable(found, "state", config.state);
  check_addresses(found, config);
  check_credential(found, "tls.certificate", config.tls.certificate, true);
  check_credential(found, "tls.key", config.tls.key);
  check_gitops(found, config);
  check_readable(found, "signing.key", config.signing.key);
  check_readable(found, "sources.known_hosts", config.sources.known_hosts);
  for (const auto& [host, file] : config.sources.ca_files) check_readable(found, "sources.ca_files." + host, file);
  for (const auto& [host, credential] : config.sources.credentials)
    check_credential(found, "sources.credentials." + host, credential);
  for (const auto& [who, credential] : config.hosting.tokens)
    check_credential(found, "hosting.tokens." + who, credential);
  for (const auto& [name, credential] : config.webhooks) check_credential(found, "webhooks." + name, credential);
  if (config.sources.allow_file_urls)
    found.warning("sources.allow_file_urls",
                  "projects may read any repository on this machine that the daemon can read", "only for tests");
  check_instances(found, config);
  return found.out;
}

}  // namespace autonomous::daemon
