#include "gitops/model/platform.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "gitops/base/text.h"
#include "gitops/model/platform_shape.h"
#include "gitops/model/spec.h"

namespace autonomous::model {

namespace {

std::optional<Millis> millis_of(const Value& record, std::string_view key) {
  const Value* value = record.find(key);
  if (value == nullptr) return std::nullopt;
  auto parsed = parse_duration(value->text);
  return parsed ? std::optional<Millis>(*parsed) : std::nullopt;
}

Feed read_feed(const std::string& text) {
  if (text.empty() || text == "nothing") return {};
  if (text == "default branch") return {Feed::Kind::kDefaultBranch, ""};
  if (starts_with(text, "branch ")) return {Feed::Kind::kBranch, std::string(trim(std::string_view(text).substr(7)))};
  return {Feed::Kind::kEnvironment, text};
}

Quota read_quota(const Value& value) {
  return {text_of(value, "cpu"), text_of(value, "memory"), text_of(value, "storage"),
          static_cast<uint32_t>(number_of(value, "pods"))};
}

Policies read_policies(const Value& record) {
  Policies out;
  const Value* value = record.find("policies");
  if (value == nullptr) return out;
  out.registries = texts_of(value->find("registries"));
  if (const Value* kinds = value->find("kinds")) {
    out.deny_kinds = texts_of(kinds->find("deny"));
    out.allow_kinds = texts_of(kinds->find("allow"));
  }
  out.required_labels = texts_of(value->find("labels"));
  out.plaintext_secrets = texts_of(value->find("plaintext-secrets"));
  out.digests = flag_of(*value, "digests");
  out.strict_network = text_of(*value, "network") == "strict";
  if (const Value* max = value->find("max")) {
    out.max_cpu = text_of(*max, "cpu");
    out.max_memory = text_of(*max, "memory");
    out.max_storage = text_of(*max, "storage");
    out.max_pods = static_cast<uint32_t>(number_of(*max, "pods"));
  }
  out.pod_security = text_of(*value, "pod-security");
  if (const Value* quota = value->find("quota")) out.quota = read_quota(*quota);
  if (const Value* requests = value->find("requests")) {
    out.request_cpu = text_of(*requests, "cpu");
    out.request_memory = text_of(*requests, "memory");
  }
  return out;
}

FreezeWindow read_window(const Value& value) {
  FreezeWindow out;
  out.weekly = value.find("weekly") != nullptr;
  if (std::string zone = text_of(value, "zone"); !zone.empty()) out.zone = zone;
  out.because = text_of(value, "because");
  if (out.weekly) {
    auto span = parse_weekly(text_of(value, "weekly"));
    if (span) out.from_minute = span->from, out.to_minute = span->to;
    out.text = text_of(value, "weekly") + " " + out.zone;
  } else {
    out.from = parse_time(text_of(value, "from")).value_or(Time{});
    out.to = parse_time(text_of(value, "to")).value_or(Time{});
    out.text = text_of(value, "from") + " to " + text_of(value, "to");
  }
  return out;
}

Environment read_environment(const std::string& name, const Value& value) {
  Environment out;
  out.name = name;
  out.from = read_feed(text_of(value, "from"));
  out.domain = text_of(value, "domain");
  if (const Value* secrets = value.find("secrets")) out.secrets = text_of(*secrets, "path");
  if (std::string text = text_of(value, "namespace"); !text.empty()) out.namespace_template = text;
  if (std::string text = text_of(value, "mode"); !text.empty()) out.mode = text;
  if (std::string text = text_of(value, "write"); !text.empty()) out.write = text;
  out.instances = texts_of(value.find("instances"));
  out.reconcile = text_of(value, "reconcile");
  out.cluster = text_of(value, "cluster");
  out.repository = text_of(value, "repository");
  out.kubernetes = text_of(value, "kubernetes");
  out.api_versions = texts_of(value.find("api-versions"));
  out.bake = millis_of(value, "bake");
  out.timeout = millis_of(value, "timeout");
  if (const Value* approvals = value.find("approvals")) {
    out.approvals.from = texts_of(approvals->find("from"));
    out.approvals.without = texts_of(approvals->find("not"));
    out.approvals.count = static_cast<uint32_t>(number_of(*approvals, "count", 1));
    if (auto expires = millis_of(*approvals, "expires")) out.approvals.expires = *expires;
  }
  if (const Value* rollback = value.find("rollback")) {
    if (rollback->find("approvals") != nullptr)
      out.rollback.approvals = static_cast<uint32_t>(number_of(*rollback, "approvals"));
    out.rollback.in_freeze = text_of(*rollback, "in-freeze") != "denied";
    out.rollback.automatic = flag_of(*rollback, "automatic");
  }
  if (const Value* freeze = value.find("freeze")) {
    for (const Value& window : freeze->items) out.freeze.push_back(read_window(window));
  }
  out.ticket = text_of(value, "ticket");
  out.policies = read_policies(value);
  out.hold_until_next_commit = text_of(value, "hold") == "until-next-commit";
  out.is_protected = flag_of(value, "protected");
  if (const Value* defaults = value.find("defaults")) out.defaults = *defaults;
  out.facilities = read_facilities(value);
  return out;
}

std::vector<std::string> names_of(const Value* map) {
  std::vector<std::string> out;
  if (map == nullptr) return out;
  for (const Member& member : map->members) out.push_back(member.key);
  return out;
}

struct PlatformJudge {
  const Value& root;
  std::vector<Error>& errors;

  void unknown(const Value& where, const std::string& name, std::string_view what,
               const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), where.text) != known.end()) return;
    std::string near = nearest(where.text, known);
    errors.push_back(shape_error(where.place(), name,
                                 "there is no " + std::string(what) + " '" + one_line(where.text, 60) + "'" +
                                     (near.empty() ? "" : "; did you mean '" + near + "'?")));
  }

  void list(const Value& record, std::string_view key, const std::string& name, std::string_view what,
            const std::vector<std::string>& known) {
    const Value* items = record.find(key);
    if (items == nullptr) return;
    for (const Value& item : items->items) unknown(item, name + "." + std::string(key), what, known);
  }

  void freeze(const Value& environment, const std::string& name) {
    const Value* windows = environment.find("freeze");
    if (windows == nullptr) return;
    for (const Value& window : windows->items) {
      const bool weekly = window.find("weekly") != nullptr;
      const bool once = window.find("from") != nullptr && window.find("to") != nullptr;
      const bool half = window.find("from") != nullptr || window.find("to") != nullptr;
      if (weekly ? half : !once) {
        errors.push_back(shape_error(window.place(), name + ".freeze", "a freeze is weekly, or has from and to"));
      } else if (once && read_window(window).to <= read_window(window).from) {
        errors.push_back(shape_error(window.place(), name + ".freeze", "it ends before it begins"));
      }
    }
  }

  void facilities(const Value& environment, const std::string& name) {
    const Value* tls = environment.find("tls");
    if (tls == nullptr || environment.find("gateway") == nullptr) return;
    errors.push_back(
        shape_error(tls->place(), name + ".tls", "a Gateway's listener brings the certificate, not the app")
            .hint("set it on the Gateway (cert-manager's annotation), or leave `gateway` out"));
  }

  // Promotion must come from somewhere: following `from` ends at a branch, never in a circle.
  void feeds(const Value& environments) {
    for (const Member& environment : environments.members) {
      std::set<std::string> seen = {environment.key};
      const Value* from = environment.value.find("from");
      while (from != nullptr && read_feed(from->text).kind == Feed::Kind::kEnvironment) {
        if (!seen.insert(from->text).second) {
          const Value* own = environment.value.find("from");
          errors.push_back(shape_error(own->place(), "environments." + environment.key + ".from",
                                       "the environments feed each other in a circle"));
          break;
        }
        const Value* next = environments.find(from->text);
        from = next != nullptr ? next->find("from") : nullptr;
      }
    }
  }

  void run() {
    const Value* environments = root.find("environments");
    const Value* instances = root.find("instances");
    const std::vector<std::string> known = names_of(environments);
    const std::vector<std::string> roles = names_of(root.find("roles"));
    if (environments->members.empty())
      errors.push_back(shape_error(environments->place(), "environments", "there is none"));
    for (const Member& environment : environments->members) {
      const std::string name = "environments." + environment.key;
      const Value* from = environment.value.find("from");
      if (from != nullptr && read_feed(from->text).kind == Feed::Kind::kEnvironment)
        unknown(*from, name + ".from", "environment", known);
      if (instances != nullptr) list(environment.value, "instances", name, "instance", names_of(instances));
      if (const Value* approvals = environment.value.find("approvals"))
        list(*approvals, "from", name + ".approvals", "role", roles);
      freeze(environment.value, name);
      facilities(environment.value, name);
    }
    feeds(*environments);
    for (const char* kind : {"projects", "roles"}) {
      const Value* records = root.find(kind);
      if (records == nullptr) continue;
      for (const Member& record : records->members)
        list(record.value, "environments", std::string(kind) + "." + record.key, "environment", known);
    }
    quotas(known);
    sources();
  }

  // A project's quota names environments that there are.
  void quotas(const std::vector<std::string>& known) {
    const Value* projects = root.find("projects");
    if (projects == nullptr) return;
    for (const Member& project : projects->members) {
      const Value* quota = project.value.find("quota");
      if (quota == nullptr) continue;
      for (const Member& environment : quota->members) {
        if (std::find(known.begin(), known.end(), environment.key) != known.end()) continue;
        const std::string near = nearest(environment.key, known);
        errors.push_back(shape_error(environment.place(), "projects." + project.key + ".quota",
                                     "there is no environment '" + one_line(environment.key, 60) + "'" +
                                         (near.empty() ? "" : "; did you mean '" + near + "'?")));
      }
    }
  }

  // The same repository and folder under two names would release everything twice.
  void sources() {
    const Value* projects = root.find("projects");
    if (projects == nullptr) return;
    std::map<std::string, std::string> seen;
    for (const Member& project : projects->members) {
      std::string source = text_of(project.value, "source");
      if (source.empty()) continue;
      auto [old, fresh] = seen.emplace(source + "\n" + text_of(project.value, "folder"), project.key);
      if (!fresh)
        errors.push_back(shape_error(project.place(), "projects." + project.key,
                                     "project '" + old->second + "' has the same source and folder"));
    }
  }
};

void read_platform(Platform& out) {
  const Value& root = out.root;
  for (const Member& member : root.find("environments")->members)
    out.environments[member.key] = read_environment(member.key, member.value);
  if (const Value* projects = root.find("projects")) {
    for (const Member& member : projects->members) {
      out.projects[member.key] = {member.key,
                                  text_of(member.value, "source"),
                                  text_of(member.value, "branch"),
                                  text_of(member.value, "folder"),
                                  texts_of(member.value.find("owners")),
                                  texts_of(member.value.find("environments")),
                                  {}};
      if (const Value* quotas = member.value.find("quota")) {
        for (const Member& quota : quotas->members) out.projects[member.key].quota[quota.key] = read_quota(quota.value);
      }
    }
  }
  if (const Value* instances = root.find("instances")) {
    for (const Member& member : instances->members) {
      out.instances[member.key] = {member.key, text_of(member.value, "kind"), text_of(member.value, "url"),
                                   member.value};
    }
  }
  if (const Value* roles = root.find("roles")) {
    for (const Member& member : roles->members) {
      out.roles[member.key] = {texts_of(member.value.find("can")), texts_of(member.value.find("members")),
                               texts_of(member.value.find("environments"))};
    }
  }
  if (const Value* people = root.find("people")) {
    for (const Member& member : people->members) {
      out.people[member.key] = {member.key, text_of(member.value, "name"), text_of(member.value, "email"),
                                texts_of(member.value.find("keys"))};
    }
  }
  for (auto& [name, environment] : out.environments) {
    if (!environment.reconcile.empty()) continue;
    std::vector<std::string> argos;
    for (const std::string& instance : environment.instances) {
      auto found = out.instances.find(instance);
      if (found != out.instances.end() && found->second.kind == "argocd") argos.push_back(instance);
    }
    if (argos.size() == 1) environment.reconcile = argos.front();
  }
}

std::optional<Place> place_at(const Value& root, const std::vector<std::string_view>& path) {
  const Value* at = &root;
  for (std::string_view key : path) {
    at = at->find(key);
    if (at == nullptr) return std::nullopt;
  }
  return at->place();
}

bool feeds_from_branch(const Environment& environment, std::string_view branch, std::string_view default_branch) {
  if (environment.from.kind == Feed::Kind::kDefaultBranch) return branch == default_branch;
  return environment.from.kind == Feed::Kind::kBranch && glob_matches(environment.from.name, branch);
}

}  // namespace

Parsed<Platform> parse_platform(std::string_view text, std::string_view file) {
  Parsed<Platform> out;
  Parsed<Value> value = parse_yaml(text, file);
  out.errors = std::move(value.errors);
  if (!value) return out;
  ShapeCheck check{out.errors, ""};
  check_shape(platform_shape(), *value, "", check);
  if (!out.errors.empty()) return out;
  PlatformJudge{*value, out.errors}.run();
  if (!out.errors.empty()) return out;
  auto platform = std::make_unique<Platform>();
  platform->root = std::move(*value);
  read_platform(*platform);
  out.value = std::move(platform);
  return out;
}

std::vector<const Environment*> environments_for(const Platform& platform, std::string_view project,
                                                 std::string_view branch, std::string_view default_branch) {
  std::vector<const Environment*> out;
  auto bound = platform.projects.find(std::string(project));
  const Project* own = bound == platform.projects.end() ? nullptr : &bound->second;
  std::string_view main = own != nullptr && !own->branch.empty() ? std::string_view(own->branch) : default_branch;
  for (const auto& [name, environment] : platform.environments) {
    if (own != nullptr && !own->environments.empty() &&
        std::find(own->environments.begin(), own->environments.end(), name) == own->environments.end()) {
      continue;
    }
    if (feeds_from_branch(environment, branch, main)) out.push_back(&environment);
  }
  return out;
}

std::vector<const Environment*> promoted_from(const Platform& platform, std::string_view from) {
  std::vector<const Environment*> out;
  for (const auto& [name, environment] : platform.environments) {
    if (environment.from.kind == Feed::Kind::kEnvironment && environment.from.name == from) out.push_back(&environment);
  }
  return out;
}

const Environment* find_environment(const Platform& platform, std::string_view name) {
  auto found = platform.environments.find(std::string(name));
  return found == platform.environments.end() ? nullptr : &found->second;
}

std::string expand(std::string_view pattern, const Target& target) {
  std::string out;
  while (!pattern.empty()) {
    size_t open = pattern.find('{');
    out += pattern.substr(0, open);
    if (open == std::string_view::npos) break;
    pattern.remove_prefix(open);
    if (starts_with(pattern, "{app}")) {
      out += target.app;
      pattern.remove_prefix(5);
    } else if (starts_with(pattern, "{project}")) {
      out += target.project;
      pattern.remove_prefix(9);
    } else if (starts_with(pattern, "{env}")) {
      out += target.environment;
      pattern.remove_prefix(5);
    } else {
      out += '{';
      pattern.remove_prefix(1);
    }
  }
  return out;
}

std::string namespace_of(const Environment& environment, const Target& target) {
  return expand(environment.namespace_template, target);
}

Quota quota_of(const Platform& platform, const Environment& environment, std::string_view project) {
  Quota out = environment.policies.quota;
  auto bound = platform.projects.find(std::string(project));
  if (bound == platform.projects.end()) return out;
  auto own = bound->second.quota.find(environment.name);
  if (own == bound->second.quota.end()) return out;
  const Quota& over = own->second;
  if (!over.cpu.empty()) out.cpu = over.cpu;
  if (!over.memory.empty()) out.memory = over.memory;
  if (!over.storage.empty()) out.storage = over.storage;
  if (over.pods != 0) out.pods = over.pods;
  return out;
}

std::optional<Place> place_of_rule(const Platform& platform, std::string_view environment, std::string_view rule) {
  std::vector<std::string_view> path = split(rule, '.');
  path.insert(path.begin(), {"environments", environment, "policies"});
  return place_at(platform.root, path);
}

std::optional<Place> place_of_quota(const Platform& platform, std::string_view environment, std::string_view project,
                                    std::string_view key) {
  auto own = place_at(platform.root, {"projects", project, "quota", environment, key});
  return own ? own : place_at(platform.root, {"environments", environment, "policies", "quota", key});
}

Result<Weekly> parse_weekly(std::string_view text) {
  auto wrong = [&] {
    return fail(Code::kInvalid, "expected a span like Fri 16:00-Mon 06:00, not '", one_line(text, 60), "'");
  };
  auto minute = [](std::string_view part, bool end) -> std::optional<uint32_t> {
    static const std::vector<std::string_view> kDays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};
    part = trim(part);
    size_t space = part.find(' ');
    auto day = std::find(kDays.begin(), kDays.end(), part.substr(0, space));
    std::string time(space == std::string_view::npos ? (end ? "24:00" : "00:00") : trim(part.substr(space)));
    unsigned hours = 0, minutes = 0;
    int length = 0;
    if (day == kDays.end() || std::sscanf(time.c_str(), "%2u:%2u%n", &hours, &minutes, &length) != 2)
      return std::nullopt;
    if (static_cast<size_t>(length) != time.size() || hours > 24 || minutes > 59 || (hours == 24 && minutes != 0))
      return std::nullopt;
    return static_cast<uint32_t>(day - kDays.begin()) * 1440 + hours * 60 + minutes;
  };
  size_t dash = text.find('-');
  if (dash == std::string_view::npos) return wrong();
  auto from = minute(text.substr(0, dash), false);
  auto to = minute(text.substr(dash + 1), true);
  if (!from || !to || *from == *to) return wrong();
  return Weekly{*from, *to};
}

}  // namespace autonomous::model
