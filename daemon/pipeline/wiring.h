// Wiring: what the configuration means for the daemon's parts: where their files lie, how they reach others, what they
// may use. What it makes asks the configuration file again where that may change; it must outlive them. Thread-safe.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/http/server.h"
#include "daemon/pipeline/pipeline.h"
#include "daemon/pipeline/service.h"
#include "gitops/http/client.h"

namespace autonomous::daemon {

class Wiring {
 public:
  using OpenRecord = std::function<Result<std::unique_ptr<store::Record>>(const Ctx&)>;

  // config: as it was at the start; file: as it is now.
  Wiring(std::shared_ptr<const DaemonConfig> config, const ConfigFile& file, http::Client& client)
      : config_(std::move(config)), file_(file), client_(client) {}

  // view: what main says, as of now; null before it was read.
  Result<store::RecordConfig> record(std::function<PlatformPtr()> view) const;
  Pipeline::Options pipeline(OpenRecord open) const;
  Service::Options service() const;
  ServerOptions server();
  static Pipeline::Pace pace_of(const DaemonConfig& config);
  // What Argo CD reads; how we write there (ssh, say) may be another address. public_url: of the daemon.
  std::string gitops_url(const std::string& public_url) const;

 private:
  std::string gitops_path() const;
  std::string index_path() const;
  git::GitProgram git_program() const;
  Result<std::string> fetched_bytes(const Ctx& ctx, const model::ChartName& chart) const;
  std::vector<Token> read_secrets(const std::map<std::string, Credential>& named, const std::string& what);

  std::shared_ptr<const DaemonConfig> config_;
  const ConfigFile& file_;
  http::Client& client_;
  std::mutex secrets_mutex_;
  std::map<std::string, std::string> secret_troubles_;  // why one cannot be read, as it was last said
};

}  // namespace autonomous::daemon
