#include "gitops/model/weaker.h"

#include <algorithm>
#include <array>
#include <set>

#include "gitops/base/text.h"
#include "gitops/model/quantity.h"

namespace autonomous::model {

namespace {

using NameList = std::vector<std::string>;

bool is_in(const NameList& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

NameList missing(const NameList& all, const NameList& from) {
  NameList out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const auto& item) { return !is_in(from, item); });
  return out;
}

bool approves(const Role& role, const std::string& environment) {
  return (is_in(role.can, "approve") || is_in(role.can, "admin")) &&
         (role.environments.empty() || is_in(role.environments, environment));
}

// Roles whose members' approvals count in an environment.
std::map<std::string, const Role*> approvers(const Platform& platform, const Environment& environment) {
  std::map<std::string, const Role*> out;
  const NameList& from = environment.approvals.from;
  for (const auto& [name, role] : platform.roles) {
    if (approves(role, environment.name) && (from.empty() || is_in(from, name))) out[name] = &role;
  }
  return out;
}

NameList members_of(const std::string& name, const Role& role) {
  return role.members.empty() ? NameList{"group:" + name} : role.members;
}

struct Comparison {
  const Platform& old_platform;
  const Platform& new_platform;
  const Environment& before;
  const Environment& after;
  NameList out;

  void say(bool weaker, std::string text) {
    if (weaker) out.push_back(std::move(text));
  }
  // A list that forbids, or asks for something: nothing may leave it.
  void keeps(const NameList& old_list, const NameList& new_list, const std::string& rule) {
    NameList gone = missing(old_list, new_list);
    say(!gone.empty(), rule + " no longer has " + join(gone, ", "));
  }
  // A list that allows: nothing may come in; empty, it allows everything.
  void allows_only(const NameList& old_list, const NameList& new_list, const std::string& rule) {
    if (old_list.empty()) return;
    NameList more = missing(new_list, old_list);
    say(new_list.empty(), rule + " allows everything");
    say(!more.empty(), rule + " allows " + join(more, ", "));
  }
  // "" = no limit. What cannot be compared is weaker.
  void at_most(const std::string& old_limit, const std::string& new_limit, const std::string& rule) {
    if (old_limit.empty() || old_limit == new_limit) return;
    auto was = parse_quantity(old_limit), is = parse_quantity(new_limit);
    bool stays = was && is && *is <= *was;
    say(!stays, rule + " is " + (new_limit.empty() ? "without a limit" : new_limit) + " instead of " + old_limit);
  }
  void at_most(uint32_t old_limit, uint32_t new_limit, const std::string& rule) {
    at_most(old_limit == 0 ? "" : std::to_string(old_limit), new_limit == 0 ? "" : std::to_string(new_limit), rule);
  }

  void approvals();
  void who_approves();
  void who_is_who();
  void gates();
  void policies();
  void projects();
};

void Comparison::approvals() {
  const Approvals &was = before.approvals, &is = after.approvals;
  say(is.count < was.count,
      "approvals.count is " + std::to_string(is.count) + " instead of " + std::to_string(was.count));
  keeps(was.without, is.without, "approvals.not");
  say(is.expires > was.expires, "approvals.expires is longer");
  uint32_t old_rollback = before.rollback.approvals.value_or(was.count);
  uint32_t new_rollback = after.rollback.approvals.value_or(is.count);
  say(new_rollback < old_rollback,
      "rollback.approvals is " + std::to_string(new_rollback) + " instead of " + std::to_string(old_rollback));
}

void Comparison::who_approves() {
  allows_only(before.approvals.from, after.approvals.from, "approvals.from");
  if (old_platform.roles.empty()) return;  // everybody might
  if (new_platform.roles.empty()) return say(true, "roles are gone: everybody may approve");
  auto was = approvers(old_platform, before);
  for (const auto& [name, role] : approvers(new_platform, after)) {
    auto old_role = was.find(name);
    if (old_role == was.end()) {
      // A role that `from` names and that is new is somebody new, too.
      say(true, "the role " + name + " may approve");
      continue;
    }
    NameList more = missing(members_of(name, *role), members_of(name, *old_role->second));
    say(!more.empty(), "the role " + name + " has " + join(more, ", "));
  }
}

// Who signs as whom, and which names are one person. Somebody new without a key changes neither.
void Comparison::who_is_who() {
  auto address = [](const std::string& name, const Person& person) {
    return to_lower(person.email.empty() ? name : person.email);
  };
  std::map<std::string, std::set<std::string>> keys;
  std::set<std::string> addresses;
  for (const auto& [name, person] : old_platform.people) {
    keys[address(name, person)].insert(person.keys.begin(), person.keys.end());
    addresses.insert(address(name, person));
  }
  std::set<std::string> signing;  // those whom a role names
  for (const auto& [name, role] : approvers(new_platform, after)) {
    for (const std::string& member : role->members) {
      std::string user = member.substr(std::min(member.find(':') + 1, member.size()));
      auto person = new_platform.people.find(user);
      if (person != new_platform.people.end()) signing.insert(address(user, person->second));
    }
  }
  for (const auto& [name, person] : new_platform.people) {
    const std::string mail = address(name, person);
    bool fresh = std::any_of(person.keys.begin(), person.keys.end(),
                             [&](const std::string& key) { return !keys[mail].contains(key); });
    bool counts = signing.contains(mail) || new_platform.roles.empty();
    say(fresh && counts, "people." + name + " has another key to sign approvals with");
    say(!old_platform.people.contains(name) && addresses.contains(mail),
        "people." + name + " has an address of another");
  }
  if (before.approvals.without.empty() && before.approvals.count < 2) return;  // nobody has to be somebody else
  for (const auto& [name, person] : old_platform.people) {
    auto now = new_platform.people.find(name);
    bool same = now != new_platform.people.end() && address(name, now->second) == address(name, person);
    say(!same, "people." + name + (now == new_platform.people.end() ? " is gone" : " has another address") +
                   ": whose names are one person is told by it");
  }
}

void Comparison::gates() {
  bool fed_alike = before.from.kind == after.from.kind && before.from.name == after.from.name;
  say(before.from.kind == Feed::Kind::kEnvironment && !fed_alike && after.from.kind != Feed::Kind::kNothing,
      "it is no longer promoted to from " + before.from.name);
  say(before.bake && (!after.bake || *after.bake < *before.bake), "bake is shorter");
  say(before.write == "pull-request" && after.write != "pull-request", "write is " + after.write);
  say(!before.ticket.empty() && after.ticket != before.ticket, "ticket is another pattern");
  say(before.is_protected && !after.is_protected, "it is no longer protected");
  say(!before.rollback.in_freeze && after.rollback.in_freeze, "rollback.in-freeze is allowed");
  say(before.hold_until_next_commit < after.hold_until_next_commit, "a hold ends with the next commit");
  auto windows = [](const Environment& environment) {
    NameList out;
    for (const FreezeWindow& window : environment.freeze) out.push_back(window.text);
    return out;
  };
  keeps(windows(before), windows(after), "freeze");
}

void Comparison::policies() {
  const Policies &was = before.policies, &is = after.policies;
  allows_only(was.registries, is.registries, "policies.registries");
  keeps(was.deny_kinds, is.deny_kinds, "policies.kinds.deny");
  allows_only(was.allow_kinds, is.allow_kinds, "policies.kinds.allow");
  keeps(was.required_labels, is.required_labels, "policies.labels");
  NameList plaintext = missing(is.plaintext_secrets, was.plaintext_secrets);
  say(!plaintext.empty(), "policies.plaintext-secrets allows " + join(plaintext, ", "));
  say(was.digests && !is.digests, "images without a digest are allowed");
  say(was.strict_network && !is.strict_network, "policies.network is no longer strict");
  at_most(was.max_cpu, is.max_cpu, "policies.max.cpu");
  at_most(was.max_memory, is.max_memory, "policies.max.memory");
  at_most(was.max_storage, is.max_storage, "policies.max.storage");
  at_most(was.max_pods, is.max_pods, "policies.max.pods");
  at_most(was.quota.cpu, is.quota.cpu, "policies.quota.cpu");
  at_most(was.quota.memory, is.quota.memory, "policies.quota.memory");
  at_most(was.quota.storage, is.quota.storage, "policies.quota.storage");
  at_most(was.quota.pods, is.quota.pods, "policies.quota.pods");
  constexpr std::array<std::string_view, 4> kSecurity = {"", "privileged", "baseline", "restricted"};
  auto rank = [&](const std::string& level) { return std::find(kSecurity.begin(), kSecurity.end(), level); };
  say(rank(is.pod_security) < rank(was.pod_security),
      "policies.pod-security is " + (is.pod_security.empty() ? "the cluster's default" : is.pod_security));
}

// What single projects are allowed beyond the environment's own rules. One that is not in the file has no rules of its
// own: it goes everywhere, under the environment's quota.
void Comparison::projects() {
  std::set<std::string> names;
  for (const Platform* platform : {&old_platform, &new_platform}) {
    for (const auto& [name, project] : platform->projects) names.insert(name);
  }
  auto find = [&](const Platform& platform, const std::string& name) {
    auto found = platform.projects.find(name);
    return found == platform.projects.end() ? nullptr : &found->second;
  };
  auto own_quota = [&](const Project* project) { return project != nullptr && project->quota.contains(before.name); };
  auto goes_here = [&](const Project* project) {
    return project == nullptr || project->environments.empty() || is_in(project->environments, before.name);
  };
  for (const std::string& name : names) {
    const Project *was = find(old_platform, name), *is = find(new_platform, name);
    say(!goes_here(was) && goes_here(is), "projects." + name + ".environments lets it go there");
    if (!own_quota(was) && !own_quota(is)) continue;
    Quota old_quota = quota_of(old_platform, before, name), new_quota = quota_of(new_platform, after, name);
    const std::string rule = "projects." + name + ".quota." + before.name;
    at_most(old_quota.cpu, new_quota.cpu, rule + ".cpu");
    at_most(old_quota.memory, new_quota.memory, rule + ".memory");
    at_most(old_quota.storage, new_quota.storage, rule + ".storage");
    at_most(old_quota.pods, new_quota.pods, rule + ".pods");
  }
}

}  // namespace

uint32_t guarded_by(const Environment& environment) {
  return std::max(environment.approvals.count, environment.rollback.approvals.value_or(0));
}

std::map<std::string, std::vector<std::string>> weakened(const Platform& before, const Platform& after) {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& [name, environment] : before.environments) {
    if (guarded_by(environment) == 0) continue;
    auto now = after.environments.find(name);
    if (now == after.environments.end()) {
      // It could come back tomorrow, without its rules.
      out[name] = {"the environment is gone"};
      continue;
    }
    Comparison comparison{before, after, environment, now->second, {}};
    comparison.approvals();
    comparison.who_approves();
    comparison.who_is_who();
    comparison.gates();
    comparison.policies();
    comparison.projects();
    if (!comparison.out.empty()) out[name] = std::move(comparison.out);
  }
  return out;
}

}  // namespace autonomous::model
