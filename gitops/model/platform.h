// Platform: platform.yaml version 1 on main of the GitOps repository: environments, projects, instances, roles
// (design.md §8). What the platform owns and a developer's spec can't say. Pure values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/model/facilities.h"
#include "gitops/model/ids.h"
#include "gitops/model/quota.h"
#include "gitops/model/value.h"

namespace autonomous::model {

// What feeds an environment: pushes to a branch, or promotion from another environment.
struct Feed {
  enum class Kind : uint8_t { kNothing, kBranch, kDefaultBranch, kEnvironment };
  Kind kind = Kind::kNothing;
  std::string name;  // branch (globs allowed: release/*) or environment
};

struct Approvals {
  uint32_t count = 0;
  std::vector<std::string> from;         // roles; empty: anybody who may approve
  std::vector<std::string> without;      // `not:` author | requester
  Millis expires{7 * 24 * 3'600'000LL};  // how long an approval counts
};

struct RollbackPolicy {
  std::optional<uint32_t> approvals;  // unset: as for releases
  bool in_freeze = true;
  bool automatic = false;
};

// A span in which nothing is released: weekly ("Fri 16:00" to "Mon 06:00" in the zone's wall time) or once.
struct FreezeWindow {
  bool weekly = true;
  uint32_t from_minute = 0, to_minute = 0;  // since Monday 00:00; to < from wraps over the week's end
  Time from, to;                            // once
  std::string zone = "UTC";                 // a name of the tz database, UTC, or an offset +01:00
  std::string text;                         // as written, for messages
  std::string because;
};

struct Policies {
  std::vector<std::string> registries;   // "registry.example.com", "ghcr.io/acme"; empty: any
  std::vector<std::string> deny_kinds;   // "ClusterRole", "rbac.authorization.k8s.io/ClusterRole"
  std::vector<std::string> allow_kinds;  // empty: any that isn't denied
  std::vector<std::string> required_labels;
  std::vector<std::string> plaintext_secrets;  // names of Secrets that may be written in manifests
  bool digests = false;                        // images without a digest are refused
  bool strict_network = false;
  std::string max_cpu, max_memory, max_storage;  // Kubernetes quantities, of one container or volume; "" = no limit
  uint32_t max_pods = 0;                         // of one app; 0 = no limit
  std::string pod_security;  // what namespaces enforce: restricted, baseline, privileged; "" = the cluster's default
  Quota quota;               // of one namespace
  std::string request_cpu, request_memory;  // of a container that asks for nothing; "" = ours, where there is a quota
};

struct Environment {
  std::string name;
  Feed from;
  std::string domain;   // "{app}-{project}.stg.example.com"; "" = no routes by default
  std::string secrets;  // "kv/{env}/{project}/{app}"
  std::string namespace_template = "{project}-{env}";
  std::string mode = "manifests";  // or "values": Argo CD renders
  std::string write = "push";      // or "pull-request"
  std::vector<std::string> instances;
  std::string reconcile;                  // the instance that reconciles: named, or the only argocd of `instances`
  std::string cluster;                    // destination in Argo CD: name or URL; "" = in-cluster
  std::string repository;                 // its own GitOps repository's URL; "" = this one
  std::string kubernetes;                 // pinned version for rendering; "" = the renderer's default
  std::vector<std::string> api_versions;  // pinned kinds for rendering
  Approvals approvals;
  RollbackPolicy rollback;
  std::vector<FreezeWindow> freeze;
  std::string ticket;  // RE2 pattern, whole match; "" = none wanted
  Policies policies;
  std::optional<Millis> bake;
  std::optional<Millis> timeout;  // until a release that isn't healthy has failed
  bool hold_until_next_commit = false;
  bool is_protected = false;
  Value defaults;         // lowest layer of every app here
  Facilities facilities;  // what it offers to what is rendered for it
};

struct Project {
  std::string name;
  std::string source;                     // URL; "" = hosted by the daemon
  std::string branch;                     // default branch; "" = the remote's HEAD
  std::string folder;                     // of a monorepo; "" = the root
  std::vector<std::string> owners;        // "group:shop", "user:jane"
  std::vector<std::string> environments;  // empty: all
  std::map<std::string, Quota> quota;     // by environment: laid over the environment's
};

// Somebody whom the record may name: who signs with which key, and which names are one person.
struct Person {
  std::string name;  // the login name, or the token's
  std::string full_name, email;
  std::vector<std::string> keys;  // "ssh-ed25519 AAAA…"
};

struct Role {
  std::vector<std::string> can;           // actions
  std::vector<std::string> members;       // "group:…", "user:…", "token:…"; empty: the group of the role's name
  std::vector<std::string> environments;  // empty: all
};

struct Instance {
  std::string name, kind, url;
  Value options;  // the whole record, for the plugin
};

struct Platform {
  std::map<std::string, Environment> environments;
  std::map<std::string, Project> projects;
  std::map<std::string, Instance> instances;
  std::map<std::string, Role> roles;  // none: who may act at all may do everything
  std::map<std::string, Person> people;
  Value root;
};

Parsed<Platform> parse_platform(std::string_view text, std::string_view file = "platform.yaml");

// What a new GitOps repository starts with: one environment `local`, fed by the default branch of every project.
extern const std::string_view kDefaultPlatform;

// Which environments a push to `branch` goes to, by name. `default_branch`: the source's own.
std::vector<const Environment*> environments_for(const Platform& platform, std::string_view project,
                                                 std::string_view branch, std::string_view default_branch);
// Those that are promoted to from `environment`.
std::vector<const Environment*> promoted_from(const Platform& platform, std::string_view environment);
const Environment* find_environment(const Platform& platform, std::string_view name);

// "{app}-{project}.{env}" filled in. Unknown {words} were refused when the file was parsed.
std::string expand(std::string_view pattern, const Target& target);
std::string namespace_of(const Environment& environment, const Target& target);
// Of each namespace that `project` has in `environment`.
Quota quota_of(const Platform& platform, const Environment& environment, std::string_view project);
// Where platform.yaml says a rule of an environment ("quota.cpu", "kinds.deny"): for errors. Nothing where it is not
// said.
std::optional<Place> place_of_rule(const Platform& platform, std::string_view environment, std::string_view rule);
// The same of a key of quota_of(): where the project says it, else the environment.
std::optional<Place> place_of_quota(const Platform& platform, std::string_view environment, std::string_view project,
                                    std::string_view key);

std::string platform_schema();

}  // namespace autonomous::model
