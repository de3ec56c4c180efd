// Instances: the neighbours that platform.yaml names and this daemon has credentials for, made when they are first
// asked for, watched by a thread each. Thread-safe; pointers that were given out stay valid.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "daemon/config/config.h"
#include "daemon/http/api.h"
#include "gitops/http/client.h"
#include "gitops/model/platform.h"
#include "plugins/ports/cluster.h"
#include "plugins/ports/images.h"
#include "plugins/ports/instance.h"
#include "plugins/ports/reconciler.h"
#include "plugins/ports/secrets.h"

namespace autonomous::daemon {

class Instances {
 public:
  // `config` gives the configuration in force.
  Instances(http::Client& client, const Clock& clock, std::function<std::shared_ptr<const DaemonConfig>()> config);
  ~Instances();

  // What platform.yaml says of them; instances whose definition changed are made anew.
  void set_platform(std::shared_ptr<const model::Platform> platform);
  // The daemon's own configuration changed: likewise.
  void refresh();
  // Called, on the instance's thread, when something may have changed there.
  void on_change(std::function<void()> listener);

  // Null where there is none of that name and kind, or it cannot be made (doctor says why).
  ports::Reconciler* reconciler(const std::string& name);
  ports::Cluster* cluster(const std::string& name);
  // The registry of that host, with its port where it has one; null where the platform names none.
  ports::Images* images(const std::string& host);
  ports::Secrets* secrets(const std::string& name);

  // Why the instance does not answer now, as far as its watcher knows; "": it does.
  std::string away(const std::string& name);
  // Each instance: reachable, allowed in, its version; or what is missing.
  std::vector<Check> check(const Ctx& ctx);
  void stop();

 private:
  struct Held;
  std::shared_ptr<Held> find(const std::string& name);  // under mutex_
  ports::Instance describe(const model::Instance& instance) const;

  http::Client& client_;
  const Clock& clock_;
  std::function<std::shared_ptr<const DaemonConfig>()> config_;
  std::mutex mutex_;  // guards all below
  std::shared_ptr<const model::Platform> platform_;
  std::function<void()> listener_;
  std::map<std::string, std::shared_ptr<Held>> held_;
  std::vector<std::shared_ptr<Held>> retired_;  // replaced ones: somebody may still hold a pointer
};

}  // namespace autonomous::daemon
