// DaemonConfig: daemon.yaml, only what the daemon needs to start (design.md §3): where the GitOps repository is,
// credentials (by file or systemd credential), addresses, limits. Everything has a default; no file means all defaults.
//
// A DaemonConfig is an immutable value once parsed; ConfigFile owns the current one and may be used by any thread.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/config/credential.h"
#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/model/value.h"

namespace autonomous::daemon {

struct GitopsConfig {
  std::string url;  // "" = the built-in repository <state>/repos/gitops.git
  std::string deploy = "deploy";
  Credential credential;                   // for url: a token (user:password or password) or an SSH key
  std::optional<std::string> known_hosts;  // of an SSH url
  std::string ca_file;                     // PEM; "" = the system's certificates
  std::string public_url;                  // how Argo CD and people reach it; "" = url
  Millis poll{15'000};
  uint32_t tags = 1000;  // so many release tags stay, and those of what is live; 0: all
};

struct SigningConfig {
  std::string key;  // OpenSSH Ed25519 private key file; "" = <state>/keys/signing, made when missing
};

struct CommitterConfig {
  std::string name = "Autonomous";
  std::string email = "autonomous@localhost";
};

struct SourcesConfig {
  Millis poll{30'000};
  uint32_t jitter = 20;  // percent, both ways
  bool allow_file_urls = false;
  std::string known_hosts;                        // of SSH URLs; "" = /etc/ssh/ssh_known_hosts
  std::map<std::string, std::string> ca_files;    // by host (or host/path), like credentials: PEM
  std::map<std::string, Credential> credentials;  // "git.example.com" or "git.example.com/acme" → token or key
};

// The credential for a URL: of its host and the longest path prefix, whole parts. Empty where none fits; a plain http
// URL gets one only for its loopback host, because it would travel in the clear.
Credential credential_for(const SourcesConfig& sources, std::string_view url);
// The PEM file that a URL's server is checked with; "" = the system's.
std::string ca_file_for(const SourcesConfig& sources, std::string_view url);

struct HostingConfig {
  bool enabled = true;                       // of source repositories; the GitOps repository is served in any case
  std::map<std::string, Credential> tokens;  // who → the token that lets them push over HTTP
  uint64_t max_push = 512ull << 20;          // bytes of a pack
};

struct LimitsConfig {
  uint64_t blob = 16ull << 20;       // bytes of a file that is read from a source repository
  uint64_t repository = 2ull << 30;  // bytes of a source repository's mirror
  uint64_t render_output = 64ull << 20;
  uint64_t render_fuel = 2'000'000'000;  // evaluator steps
  uint64_t render_memory = 2ull << 30;   // bytes of a render's values and texts
  uint32_t render_includes = 1000;       // nested ones of one name
  uint32_t render_templates = 100'000;   // nested ones of all names
  Millis render_time{60'000};
  uint64_t chart = 100ull << 20;           // bytes of a chart's files, and of each archive in it, unpacked
  uint64_t chart_archives = 512ull << 20;  // bytes of all archives in a chart, unpacked
  uint32_t chart_files = 100'000;
  uint32_t chart_depth = 32;    // charts in charts
  uint64_t yaml = 64ull << 20;  // bytes of a chart's YAML file or a values file, and of what its aliases repeat
  uint32_t yaml_depth = 10'000;
  uint32_t yaml_nodes = 20'000'000;
  uint32_t apps = 1000;  // of one project
};

struct LogConfig {
  std::string format = "text";  // text | json | journald
  std::string level = "info";   // debug | info | warn | error
};

// The daemon's half of an instance in platform.yaml: where it is, if that isn't said there, and how to get in.
struct InstanceConfig {
  std::string name, kind, url;
  Credential credential;   // token
  std::string kubeconfig;  // file; its current context
  std::string ca_file;
  bool insecure = false;
  model::Value options;  // the whole record, for the plugin's own keys under `options:`
};

struct ConcurrencyConfig {
  uint32_t renders = 0;  // worker processes; 0 = one a core
  uint32_t fetches = 4;
};

struct TlsConfig {
  Credential certificate, key;  // PEM, the certificate with its chain; none = plain HTTP
};

struct DaemonConfig {
  std::string file;                       // "" = embedded defaults
  std::string digest;                     // SHA-256 of the text that it was read from
  std::string state;                      // absolute; $STATE_DIRECTORY, else ~/.local/state/autonomous
  std::string listen = "127.0.0.1:7300";  // "" = no TCP
  std::string socket;                     // absolute; $RUNTIME_DIRECTORY/autonomous.sock, else <state>/autonomous.sock
  std::string public_url;                 // "" = where it listens; known to the server only
  TlsConfig tls;
  GitopsConfig gitops;
  SigningConfig signing;
  CommitterConfig committer;
  SourcesConfig sources;
  HostingConfig hosting;
  LimitsConfig limits;
  LogConfig log;
  ConcurrencyConfig concurrency;
  Millis verify_timeout{600'000};  // until a release that isn't healthy has failed, where platform.yaml is silent
  std::map<std::string, Credential> webhooks;  // what is signed with it → the secret
  std::map<std::string, InstanceConfig> instances;
};

// Where defaults come from: the process's environment and flags, never read behind a test's back.
struct ConfigPlaces {
  // --state, --listen, --socket: they win over the file; unset = not given.
  std::optional<std::string> state, listen, socket;
  std::string state_directory;        // $STATE_DIRECTORY
  std::string runtime_directory;      // $RUNTIME_DIRECTORY
  std::string credentials_directory;  // $CREDENTIALS_DIRECTORY
  std::string home;                   // $HOME
  static ConfigPlaces of_process();
};

// Syntax and meaning of the text, all errors at once; touches no file. Relative paths start at the file's folder.
model::Parsed<DaemonConfig> parse_config(std::string_view text, std::string_view file, const ConfigPlaces& places);
// The file; with an empty path /etc/autonomous/daemon.yaml where it exists, else the defaults.
model::Parsed<DaemonConfig> load_config(const std::string& path, const ConfigPlaces& places);

// For `daemon --check` and `doctor`: what can be judged without the network: files readable and not open to everybody,
// credentials there, folders writable, addresses well formed. ok: nothing to do.
struct Finding {
  enum class Level : uint8_t { kOk, kWarning, kError };
  Level level = Level::kOk;
  std::string subject;  // "gitops.credential"
  std::string text;     // what is so, or what is wrong
  std::string fix;      // what to do; "" where nothing is wrong
};
std::vector<Finding> check_config(const DaemonConfig& config);

// The configuration of a running daemon: read again on SIGHUP or when the file changed, kept when the new one is wrong.
class ConfigFile {
 public:
  // path: --config; empty: the default file, which may come later. `first` is what load_config gave.
  ConfigFile(std::string path, ConfigPlaces places, std::shared_ptr<const DaemonConfig> first);

  std::shared_ptr<const DaemonConfig> current() const;
  // True: a new configuration is in force. False: nothing changed. An error, with all that is wrong: the old one stays.
  Result<bool> reload();
  // As reload, but only when the file's time or size differs from the last look.
  Result<bool> reload_if_changed();
  // What is wrong with the file as it is now, while the one before it stays in force; "": nothing.
  std::string trouble() const;

 private:
  const std::string path_;
  const ConfigPlaces places_;
  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const DaemonConfig> current_;
  std::string stamp_;
  std::string trouble_;
};

// The default of --config: /etc/autonomous/daemon.yaml.
std::string default_config_file();

// What changed between two configurations that a running daemon can't take over ("listen", "state"): needs a restart.
std::vector<std::string> needs_restart(const DaemonConfig& before, const DaemonConfig& after);

// The JSON Schema (2020-12) of daemon.yaml.
std::string config_schema();

}  // namespace autonomous::daemon
