// The table of platform.yaml, and the file that a new GitOps repository starts with.
#include "gitops/model/platform_shape.h"

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"
#include "gitops/model/platform.h"
#include "gitops/model/policy.h"
#include "gitops/model/spec_shape.h"
#include "gitops/model/zone.h"
#include "re2/re2.h"

namespace autonomous::model {

namespace {

std::string named(std::string_view what, std::string_view name, size_t max) {
  auto checked = check_name(what, name, max);
  return checked ? "" : checked.error().message();
}

// A pattern with {app}, {project} and {env}.
std::string check_pattern(std::string_view text) {
  for (size_t at = text.find('{'); at != std::string_view::npos; at = text.find('{', at + 1)) {
    size_t end = text.find('}', at);
    std::string_view word = end == std::string_view::npos ? text.substr(at) : text.substr(at, end - at + 1);
    if (word != "{app}" && word != "{project}" && word != "{env}") {
      return "'" + one_line(word, 40) + "' is not known here: {env}, {project} and {app} are";
    }
  }
  return "";
}

std::string check_namespace(std::string_view text) {
  std::string why = check_pattern(text);
  if (!why.empty()) return why;
  std::string filled = expand(text, {"e", "p", "a"});
  return named("namespace", filled, 63);
}

std::string check_feed(std::string_view text) {
  if (text == "default branch" || text == "nothing") return "";
  std::string_view branch = starts_with(text, "branch ") ? trim(text.substr(7)) : std::string_view();
  if (!branch.empty())
    return branch.find(' ') == std::string_view::npos ? "" : "a branch has no spaces: '" + one_line(branch, 60) + "'";
  if (text == "branch") return "which branch? (from: branch main)";
  return named("environment", text, kMaxEnvironment).empty()
             ? ""
             : "expected `branch main`, `default branch` or an environment, not '" + one_line(text, 60) + "'";
}

std::string check_member(std::string_view text) {
  for (std::string_view kind : {"group:", "user:", "token:"}) {
    if (starts_with(text, kind) && text.size() > kind.size()) return "";
  }
  return "expected group:…, user:… or token:…, not '" + one_line(text, 60) + "'";
}

// An SSH public key, with or without a comment.
std::string check_key(std::string_view text) {
  bool known = starts_with(text, "ssh-") || starts_with(text, "sk-ssh-") || starts_with(text, "ecdsa-");
  size_t space = text.find(' ');
  std::string_view key = space == std::string_view::npos ? "" : trim(text.substr(space));
  std::string bytes;
  if (known && base64_decode(key.substr(0, key.find(' ')), bytes)) return "";
  return "this is no SSH public key: ssh-ed25519 AAAA…";
}

std::string check_regexp(std::string_view text) {
  RE2::Options options;
  options.set_log_errors(false);
  RE2 pattern(re2::StringPiece(text.data(), text.size()), options);
  return pattern.ok() ? "" : "this is no pattern: " + pattern.error();
}

std::string check_weekly(std::string_view text) {
  auto parsed = parse_weekly(text);
  return parsed ? "" : parsed.error().message();
}

std::string check_time(std::string_view text) {
  auto parsed = parse_time(text);
  return parsed ? "" : parsed.error().message();
}

std::string check_zone_text(std::string_view text) {
  auto checked = check_zone(text);
  return checked ? "" : checked.error().message();
}

Shape names() { return texts_or_one(text("a name")); }

Shape quota_shape() {
  return record({{"cpu", quantity(), "that its pods ask for together"},
                 {"memory", quantity(), "that its pods ask for together"},
                 {"storage", quantity(), "of its claims together"},
                 {"pods", integer(1, 100000), ""}});
}

Shape policies_shape() {
  Shape kinds = record({{"deny", names(), "kinds that nobody may create: ClusterRole, or group/Kind"},
                        {"allow", names(), "nothing but these"}});
  return record({{"registries", names(), "images come from these only: registry.example.com, ghcr.io/acme"},
                 {"kinds", std::move(kinds), ""},
                 {"network", choice({"strict", "open"}), "strict: what isn't declared is denied"},
                 {"labels", names(), "that every resource must have"},
                 {"digests", boolean(), "images must have a digest"},
                 {"max",
                  record({{"cpu", quantity(), "of one container"},
                          {"memory", quantity(), "of one container"},
                          {"storage", quantity(), "of one volume"},
                          {"pods", integer(1, 100000), "of one app"}}),
                  "what an app may ask for at most"},
                 {"pod-security", choice({"restricted", "baseline", "privileged"}),
                  "what namespaces enforce; default: what the cluster does by itself"},
                 {"quota", quota_shape(), "what one namespace may hold at most: a ResourceQuota"},
                 {"requests", record({{"cpu", quantity(), ""}, {"memory", quantity(), ""}}),
                  "of a container that asks for nothing: a LimitRange; default with a quota: 50m and 64Mi"},
                 {"plaintext-secrets", names(), "names of Secrets that may be written in manifests"}});
}

Shape freeze_shape() {
  return list_of(record({{"weekly", text("a span (Fri 16:00-Mon 06:00)", check_weekly), ""},
                         {"from", text("a time (2026-12-20T00:00:00Z)", check_time), ""},
                         {"to", text("a time (2027-01-03T00:00:00Z)", check_time), ""},
                         {"zone", text("a time zone", check_zone_text), "default: UTC"},
                         {"because", text(), ""}}));
}

std::function<Value(Value)> as(std::string key) {
  return [key](Value value) {
    Value map = Value::map();
    map.set(key, std::move(value));
    return map;
  };
}

// ---- what an environment offers to what is rendered for it (facilities.h) ----

Shape delivery_shape() {
  Shape pattern = text("a pattern with {app}, {project}, {env}", check_pattern);
  Shape secrets =
      record({{"path", pattern, "where the secrets of an app live: \"kv/{env}/{project}/{app}\""},
              {"by", choice({"external-secrets", "vault-secrets-operator", "agent-injector"}),
               "who brings them into the cluster; default: external-secrets"},
              {"store", text("a name"), "of External Secrets; default: vault"},
              {"store-kind", choice({"ClusterSecretStore", "SecretStore"}), "default: ClusterSecretStore"},
              {"server", url(), "where Vault is, for secrets that it makes for each lease (External Secrets)"},
              {"auth", text("a name"), "the auth mount, or the operator's VaultAuth"},
              {"role", text("a pattern with {app}, {project}, {env}", check_pattern), "in Vault; default: {app}"},
              {"refresh", duration(), "default: 1h"}});
  return with_short(std::move(secrets), std::move(pattern), as("path"));
}

Shape gateway_shape() {
  Shape gateway = record({{"name", text("a name"), "", true},
                          {"namespace", text("a namespace"), "default: the app's own"},
                          {"listener", text("a name"), "its sectionName; default: all listeners"}});
  return with_short(std::move(gateway), text("namespace/name, or a name"), [](Value value) {
    Value map = Value::map();
    size_t slash = value.text.find('/');
    Value name = value;
    if (slash != std::string::npos) {
      Value ns = value;
      ns.text.resize(slash);
      name.text.erase(0, slash + 1);
      map.set("namespace", std::move(ns));
    }
    map.set("name", std::move(name));
    return map;
  });
}

Shape monitoring_shape() {
  Shape dashboards = with_short(map_of(text(), "a label"), boolean());
  return record({{"monitor", choice({"service", "pod", "annotations"}),
                  "ServiceMonitors, PodMonitors, or annotations on pods (default)"},
                 {"labels", map_of(text(), "a label"), "that Prometheus looks for: {release: prometheus}"},
                 {"interval", duration(), "between scrapes"},
                 {"namespace", text("a namespace"), "where Prometheus runs, for network policies"},
                 {"rules", boolean(), "PrometheusRules with default alerts; default: true"},
                 {"dashboards", std::move(dashboards),
                  "ConfigMaps for Grafana: true, or the labels that its sidecar looks for"}});
}

Shape storage_shape() {
  Shape snapshots = with_short(record({{"class", text("a VolumeSnapshotClass"), "", true},
                                       {"image", text("an image"), "that takes them by schedule; default: tools"}}),
                               text("a VolumeSnapshotClass"), as("class"));
  Shape objects = map_of(any());
  objects.noun = "CloudNativePG's barmanObjectStore";
  return record(
      {{"class", text("a StorageClass"), "of volumes; default: the cluster's"},
       {"tools", text("an image"), "with kubectl and a shell: takes snapshots by schedule, lets volumes of sets grow"},
       {"snapshots", std::move(snapshots), "for backups"},
       {"objects", std::move(objects), "where databases are backed up to: CloudNativePG's barmanObjectStore"}});
}

void add_facilities(std::vector<Field>& fields) {
  Shape tls = with_short(record({{"issuer", text("a name"), "of cert-manager", true},
                                 {"kind", choice({"ClusterIssuer", "Issuer"}), "default: ClusterIssuer"}}),
                         text("an issuer"), as("issuer"));
  Shape ingress =
      with_short(record({{"class", text("an IngressClass"), ""}, {"annotations", map_of(text()), "on every Ingress"}}),
                 text("an IngressClass"), as("class"));
  fields.push_back({"gateway", gateway_shape(), "apps get HTTPRoutes of this Gateway; without: Ingresses"});
  fields.push_back({"ingress", std::move(ingress), "a class, or {class, annotations}"});
  fields.push_back(
      {"tls", std::move(tls), "certificates of Ingresses by cert-manager; a Gateway's listener has its own"});
  fields.push_back({"dns",
                    record({{"prefix", text("a prefix"), "default: external-dns.kubernetes.io/"},
                            {"ttl", duration(), ""},
                            {"target", text("a host or address"), "of Ingresses; a Gateway says its own"}}),
                    "annotations for external-dns"});
  fields.push_back({"storage", storage_shape(), "classes of volumes and snapshots, and where backups go"});
  fields.push_back({"monitoring", monitoring_shape(), "what Prometheus and Grafana take"});
  fields.push_back({"operators", texts_or_one(choice({"argo-rollouts", "keda", "vertical-pod-autoscaler"})),
                    "that the cluster has, beside those that the above needs"});
}

std::vector<Field> environment_fields() {
  Shape approvals =
      with_short(record({{"count", integer(0, 20), ""},
                         {"from", names(), "roles"},
                         {"not", texts_or_one(choice({"author", "requester"})), "whose approval does not count"},
                         {"expires", duration(), "default: 7d"}}),
                 integer(0, 20), [](Value value) {
                   Value map = Value::map();
                   map.set("count", std::move(value));
                   return map;
                 });
  Shape rollback = record({{"approvals", integer(0, 20), "default: as for releases"},
                           {"in-freeze", choice({"allowed", "denied"}), "default: allowed"},
                           {"automatic", boolean(), "after a failed verification; default: false"}});
  std::vector<Field> fields = {
      {"from", text("branch main, default branch, or an environment", check_feed),
       "what feeds it: pushes to a branch, or promotion"},
      {"domain", text("a pattern with {app}, {project}, {env}", check_pattern), "\"{app}-{project}.stg.example.com\""},
      {"secrets", delivery_shape(), "where an app's secrets live: \"kv/{env}/{project}/{app}\"; or {path, by, store…}"},
      {"namespace", text("a pattern with {app}, {project}, {env}", check_namespace), "default: \"{project}-{env}\""},
      {"mode", choice({"manifests", "values"}), "default: manifests; values: Argo CD renders the chart"},
      {"write", choice({"push", "pull-request"}), "default: push"},
      {"instances", names(), "that it uses, from `instances:` and daemon.yaml"},
      {"reconcile", text("an instance"), "default: the only Argo CD among instances"},
      {"cluster", text("a name or URL"), "destination in Argo CD; default: its own cluster"},
      {"repository", url(), "its own GitOps repository"},
      {"kubernetes", text("a version (1.31.0)"), "that charts are rendered for"},
      {"api-versions", names(), "that charts are rendered for"},
      {"bake", duration(), "how long it must stay healthy before promotion"},
      {"timeout", duration(), "until a release that isn't healthy has failed"},
      {"approvals", std::move(approvals), "a number, or {count, from, not}"},
      {"rollback", std::move(rollback), ""},
      {"freeze", freeze_shape(), "spans without releases"},
      {"ticket", text("a pattern", check_regexp), "that --ticket must match: \"CHG[0-9]+\""},
      {"policies", policies_shape(), ""},
      {"hold", choice({"until-resumed", "until-next-commit"}), "default: until-resumed"},
      {"protected", boolean(), "drift holds the target until a person decides"},
      {"defaults", overlay_of(app_shape()), "lowest layer of every app here"}};
  add_facilities(fields);
  return fields;
}

Shape make_platform_shape() {
  Shape version = integer(1, 1);
  Shape instance = record({{"kind", text("argocd, vault, kubernetes, jenkins, harbor…"), "", true},
                           {"url", url(), ""},
                           {"options", map_of(any()), "of the kind"}});
  for (const char* key : {"token", "password", "username", "credential"}) {
    instance.elsewhere[key] = "credentials belong to daemon.yaml, as files: instances: {NAME: {credential: /path}}";
  }
  Shape project = with_short(record({{"source", url(), "default: hosted by the daemon"},
                                     {"branch", text("a branch"), "default: the source's own"},
                                     {"folder", path(), "of a monorepo"},
                                     {"owners", names(), "group:shop, user:jane"},
                                     {"environments", names(), "default: all"},
                                     {"quota", map_of(quota_shape(), "an environment"),
                                      "in an environment, over what its policies say: {production: {cpu: 80}}"}}),
                             url(), [](Value value) {
                               Value map = Value::map();
                               map.set("source", std::move(value));
                               return map;
                             });
  static const std::vector<std::string> kActions = {
      "deploy", "retry",    "restart", "promote", "approve", "reject",  "rollback", "hold",        "resume", "cancel",
      "freeze", "mark-bad", "retire",  "upgrade", "connect", "secrets", "view",     "break-glass", "admin"};
  Shape role = with_short(record({{"can", texts_or_one(choice(kActions)), "", true},
                                  {"members", list_of(text("group:…, user:… or token:…", check_member)),
                                   "default: the group of the role's name"},
                                  {"environments", names(), "default: all"}}),
                          list_of(choice(kActions)), [](Value value) {
                            Value map = Value::map();
                            map.set("can", std::move(value));
                            return map;
                          });
  Shape person = record({{"name", text(), ""},
                         {"email", text(), "as in commits and signatures"},
                         {"keys", list_of(text("an SSH public key (ssh-ed25519 AAAA…)", check_key)), "for approvals"}});
  Shape platform = record(
      {{"version", std::move(version), "1", true},
       {"instances", map_of(std::move(instance), "a name"), "named neighbours: Argo CD, Vault, clusters"},
       {"projects",
        map_of(std::move(project), "a project",
               [](std::string_view name) { return named("project", name, kMaxProject); }),
        "which repository may call itself what"},
       {"roles", map_of(std::move(role), "a role"), "who may do what; default: who can reach the daemon"},
       {"people", map_of(std::move(person), "a login name, or a token's"), "who is who, and signs with which key"},
       {"environments",
        map_of(record(environment_fields()), "an environment",
               [](std::string_view name) { return named("environment", name, kMaxEnvironment); }),
        "destinations and their policy", true}});
  platform.elsewhere["apps"] = "apps belong to autonomous.yaml in the source repository";
  return platform;
}

}  // namespace

const Shape& platform_shape() {
  static const Shape shape = make_platform_shape();
  return shape;
}

std::string platform_schema() {
  return json_schema_document(platform_shape(), "platform.yaml",
                              "Environments, projects, instances and roles, version 1");
}

const std::string_view kDefaultPlatform =
    R"(# platform.yaml: what the platform owns. Change it by pushing to this branch; the daemon reads it from here.
version: 1

# An environment is a destination and its policy.
environments:
  local:
    from: default branch        # every push to a project's default branch is released here

  # A second one, fed by promotion (autonomous promote web --from local):
  # production:
  #   from: local
  #   domain: "{app}-{project}.example.com"
  #   approvals: 1              # people who must agree before a release
  #   rollback: {approvals: 0}  # going back needs nobody's consent
  #   instances: [argocd]       # credentials of instances stay in daemon.yaml

# Named neighbours, used by environments.
# instances:
#   argocd: {kind: argocd, url: https://argocd.example.com}

# Which repository may call itself what. Projects that are pushed to this daemon need no entry.
# projects:
#   shop: {source: https://git.example.com/acme/shop.git, owners: [group:shop]}
)";

}  // namespace autonomous::model
