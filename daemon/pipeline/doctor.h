// doctor: what is configured, reachable, and wrong, each with its fix. The running daemon answers for itself
// (Service::doctor); examine() looks at this machine while none runs, and changes nothing.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/http/api.h"
#include "gitops/git/program.h"

namespace autonomous::daemon {

struct DoctorOptions {
  std::string config;  // as --config
  std::string state;   // as --state
};
std::vector<Check> examine(const Ctx& ctx, const DoctorOptions& options);

// The part of it that also holds while a daemon runs: git, the repositories, and every service that is configured.
std::vector<Check> examine_neighbours(const Ctx& ctx, std::shared_ptr<const DaemonConfig> config);

// What both ask.
std::vector<Check> config_checks(const DaemonConfig& config);
std::vector<Check> git_checks(const Ctx& ctx, const git::GitProgram& git);

}  // namespace autonomous::daemon
