// Reconciler: what brings the cluster to what `deploy` says, as far as we look at it: which revision it compared,
// whether that is applied, and how the resources are. The daemon never applies workloads; it asks for a look, and it
// watches.
//
// An implementation is one instance of a service, shared by all targets that use it, and thread-safe. snapshot() reads
// memory. request() takes as long as the service takes to answer, at most until the Ctx ends. watch() belongs to one
// thread of its owner and blocks until the stop; it connects again by itself, for ever, with growing pauses.
//
// Events are hints: after one, read snapshot(); while waiting for something, request() again every half a minute.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/ctx.h"
#include "plugins/ports/trouble.h"

namespace autonomous::ports {

enum class Sync : uint8_t { kUnknown, kSynced, kOutOfSync };
enum class Health : uint8_t { kUnknown, kHealthy, kProgressing, kDegraded, kSuspended, kMissing };
enum class Operation : uint8_t { kNone, kRunning, kTerminating, kSucceeded, kFailed, kError };

std::string_view sync_name(Sync sync);        // "OutOfSync"
std::string_view health_name(Health health);  // "Degraded"
std::string_view operation_name(Operation operation);

struct Source {
  std::string repo;      // URL
  std::string path;      // "apps/production/shop/web"
  std::string revision;  // what is asked for: refs/heads/deploy

  bool operator==(const Source&) const = default;
};

struct ResourceId {
  std::string group;  // "" = core
  std::string kind;
  std::string ns;  // "" = none, or the target's own
  std::string name;

  // "apps/Deployment shop-prod/web"; "Service web"
  std::string str() const;
  auto operator<=>(const ResourceId&) const = default;
};

struct ResourceStatus {
  ResourceId id;
  Sync sync = Sync::kUnknown;
  Health health = Health::kUnknown;
  bool has_health = false;  // false: a kind that has none (ConfigMap)
  std::string message;      // of the health
};

// An Application as the service last told it. Texts are the service's own: hostile, masked, capped.
struct AppStatus {
  bool found = false;  // false: the service says that there is none; conditions are then its root's
  std::string name;
  Source source;    // what it is told to follow now
  Source compared;  // what `sync` is about; empty: nothing was compared yet
  Sync sync = Sync::kUnknown;
  std::string revision;  // 40 hex digits that `sync` is about
  Health health = Health::kUnknown;
  Time health_since;  // when we first saw this health, by our clock
  std::string health_message;
  Operation operation = Operation::kNone;  // the last or the running one
  bool operation_waits = false;            // another one was asked for and hasn't begun
  std::string operation_revision;
  std::string operation_message;
  std::vector<ResourceStatus> operation_results;  // what the operation could not apply: id and message
  std::vector<ResourceStatus> resources;
  std::vector<std::pair<std::string, std::string>> conditions;  // type, message: ComparisonError, SyncError…
  std::vector<Trouble> troubles;                                // of pods, newest first, where the service tells them
};

struct Sink {
  // The snapshot of this application may have changed.
  std::function<void(const std::string& name)> changed;
  // The service went away (why) or came back (""). While it is away every snapshot is old.
  std::function<void(const std::string& why)> link;
};

// What a target's (or a root's) Application is made of. Names are design.md §4's: <env>.<project>.<app>.
struct Application {
  std::string environment, project, app;
  std::string repo;  // URL as the reconciler reaches it
  std::string branch = "deploy";
  std::string ns;            // the target's namespace
  std::string cluster;       // name or URL; "" = where the reconciler itself runs
  bool values_mode = false;  // the reconciler renders chart/ (design.md §4)
  std::string pod_security;  // what the namespace enforces: restricted, …; "" = nothing is said
  std::string release;       // the name that it renders the chart under; "" = the app's
  bool takes_over = false;   // objects that another Application made are there already, and may be taken over
};

// What a target's Application follows.
Source source_of(const Application& application);

// What one (environment, project) may do, and its root.
struct Root {
  std::string environment, project;
  std::string repo;
  std::string branch = "deploy";
  std::string cluster;
  std::vector<std::string> namespaces;        // of its targets; a `*` is allowed
  std::vector<std::string> deny_kinds;        // "ClusterRole", "rbac.authorization.k8s.io/ClusterRole"
  std::vector<std::string> allow_kinds = {};  // the same; empty: all that aren't denied
  bool quotas = false;                        // its namespaces have quotas that only the platform writes
  std::string pod_security = {};              // as Application has it
};

class Reconciler {
 public:
  virtual ~Reconciler() = default;

  // The instance's name in platform.yaml.
  virtual const std::string& name() const = 0;
  // Have these applications ("env.project.app"), or roots ("env.project"), compared with their source now, and keep an
  // eye on their pods for a while. Where there is no such application yet, its root is asked too. All are tried; the
  // first failure is given back.
  virtual Result<void> request(const Ctx& ctx, const std::vector<std::string>& names) = 0;
  // nullopt: not looked at yet.
  virtual std::optional<AppStatus> snapshot(const std::string& name) const = 0;
  virtual void watch(const Sink& sink, std::stop_token stop) = 0;

  // Files under argocd/ on `deploy`: the text of a target's Application and of a root. Deterministic.
  virtual std::string application_file(const Application& application) const = 0;
  virtual std::string root_file(const Root& root) const = 0;
  // What brings the quota of one of the root's namespaces there, from namespace_folder().
  virtual std::string namespace_file(const Root& root, const std::string& ns) const = 0;
  // Makes the service have the root and what confines it; idempotent. The only thing that is applied, not committed.
  virtual Result<void> apply_root(const Ctx& ctx, const Root& root) = 0;
  // For doctor: the service answers and lets us in; gives its version.
  virtual Result<std::string> check(const Ctx& ctx) = 0;
};

// "production.shop.web"
std::string application_name(std::string_view environment, std::string_view project, std::string_view app);
// "production.shop": the root's own name, and the confinement's.
std::string root_name(std::string_view environment, std::string_view project);
// Where its file lies on `deploy`: "argocd/production/shop/web.yaml", "argocd/production/shop/_root.yaml".
std::string application_path(std::string_view environment, std::string_view project, std::string_view app);
std::string root_path(std::string_view environment, std::string_view project);
// "production.shop.namespace.shop-production": the Application of a namespace's quota, and its confinement's.
std::string namespace_name(std::string_view environment, std::string_view project, std::string_view ns);
std::string namespaces_project(std::string_view environment, std::string_view project);
// Where a namespace's quota lies: "argocd/production/shop/_namespace.shop-production". What brings it there is the file
// of that name with .yaml. No app's name begins so.
std::string namespace_folder(std::string_view environment, std::string_view project, std::string_view ns);

}  // namespace autonomous::ports
