// How repositories elsewhere are reached: what daemon.yaml says of a URL (credentials, keys, certificates, known
// hosts), as the settings of a git remote. Nothing is kept: ask again, and a changed configuration counts.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "daemon/config/config.h"
#include "gitops/git/remote.h"

namespace autonomous::daemon {

using CurrentConfig = std::function<std::shared_ptr<const DaemonConfig>()>;

// kInvalid where a credential is of the wrong sort (an SSH key for https); kNotFound, kDenied where its file cannot be
// read.
Result<git::RemoteSettings> source_settings(const CurrentConfig& config, const std::string& url);
Result<git::RemoteSettings> gitops_settings(const CurrentConfig& config);

// Whether a remote must be made anew; the credential itself is read again in any case.
bool same_settings(const git::RemoteSettings& one, const git::RemoteSettings& other);

}  // namespace autonomous::daemon
