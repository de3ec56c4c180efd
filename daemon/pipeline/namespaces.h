// Namespaces: what the platform's policies make of the namespaces of an (environment, project): quotas and default
// requests, kept beside the Applications on `deploy` and written when a target is taken on, or when platform.yaml
// changes them; and whether a release fits its quota, said before the commit.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/board.h"
#include "gitops/model/quota.h"
#include "gitops/store/record.h"
#include "plugins/ports/reconciler.h"
#include "render/app/demand.h"

namespace autonomous::daemon {

// Whether the platform says what the project's namespaces may hold.
bool has_quota(const model::Platform& platform, const model::Environment& environment, std::string_view project);

// Paths below argocd/ → bytes: what brings them to the cluster, ResourceQuota and LimitRange; nothing (as the value):
// not wanted (any more).
std::map<std::string, std::optional<std::string>> namespace_files(const ports::Reconciler& reconciler,
                                                                  const ports::Root& root,
                                                                  const model::Platform& platform,
                                                                  const model::Environment& environment,
                                                                  const std::string& ns);

// What a changed platform.yaml changes for targets that were taken on: quotas, and the namespaces' labels. Nothing that
// a release must bring (another namespace, another cluster). One for each target concerned; empty: all is as wanted.
std::vector<store::TakeOn> namespace_changes(const AssembleOptions& options, const PlatformView& view,
                                             const store::State& state);

// What the targets of a namespace ask for. Any thread; what was read once is kept.
class Demands {
 public:
  using Coming = std::map<model::Target, model::Demand>;  // on their way: what they will ask for
  struct Others {
    model::Demand demand;
    size_t apps = 0;
    size_t unknown = 0;               // Argo CD renders them: nobody here knows
    std::vector<std::string> coming;  // those of them that are on their way: "shop/web"
  };
  // All but `itself`, by what is live, or coming.
  Result<Others> others(store::Reader& reader, const store::State& state, const model::Environment& environment,
                        const std::string& ns, const std::set<model::Target>& itself, const Coming& coming);
  // Of one tree below apps/, once it is rolled out.
  Result<model::Demand> of(store::Reader& reader, const model::Environment& environment, const git::Oid& tree);

 private:
  std::mutex mutex_;
  std::map<std::string, model::Demand> known_;  // guarded by mutex_; by the tree and the default requests
};

// The rules by which a namespace of this environment counts.
app::DemandRules demand_rules(const model::Environment& environment, bool surge);
// Each excess names the resource, the rule, and the line of platform.yaml. `target`: whose names the objects bear.
std::vector<Error> check_quota(const model::Platform& platform, const model::Environment& environment,
                               const model::Target& target, const std::vector<model::ResourceDemand>& asked,
                               const Demands::Others& others);

}  // namespace autonomous::daemon
