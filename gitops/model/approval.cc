#include "gitops/model/approval.h"

#include <algorithm>
#include <array>

#include "gitops/base/text.h"

namespace autonomous::model {

namespace {

constexpr std::string_view kUnverified = "commit, unverified";
constexpr std::string_view kSigned = "signed ";
constexpr std::string_view kAttested = "attested by the daemon: ";
constexpr std::string_view kFirstLine = "autonomous approval/1";
constexpr std::string_view kStandsForIt = "who agrees first is held to be the one who asks";
constexpr std::array<std::string_view, 9> kOwnerActions = {"deploy", "retry",  "restart", "promote", "rollback",
                                                           "hold",   "resume", "cancel",  "mark-bad"};

bool has(const std::vector<std::string>& list, std::string_view item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_member(const std::string& member, const Identity& identity) {
  std::string_view name = member;
  name.remove_prefix(std::min(name.find(':') + 1, name.size()));
  if (starts_with(member, "group:")) return has(identity.groups, name);
  if (starts_with(member, "token:")) return !identity.token.empty() && identity.token == name;
  if (!starts_with(member, "user:")) return false;
  return (!identity.user.empty() && identity.user == name) || (!identity.token.empty() && identity.token == name);
}

bool is_member_of(const std::vector<std::string>& members, const std::string& role, const Identity& identity) {
  if (members.empty()) return has(identity.groups, role);
  return std::any_of(members.begin(), members.end(),
                     [&](const std::string& member) { return is_member(member, identity); });
}

// "jane@host" of "socket uid 1000": the login name; "jane" of "token jane".
std::string local_name(const Who& who) {
  std::string_view how = who.how;
  if (starts_with(how, kAttested)) how.remove_prefix(kAttested.size());
  if (starts_with(how, "token ")) return std::string(how.substr(6));
  if (how.find("uid ") != std::string_view::npos) return who.email.substr(0, who.email.find('@'));
  return "";
}

const Person* person_of(const Platform& platform, const Who& who) {
  std::string local = local_name(who);
  for (const auto& [name, person] : platform.people) {
    bool by_mail = !person.email.empty() && to_lower(person.email) == to_lower(who.email);
    if (by_mail || (!local.empty() && local == name)) return &person;
  }
  return nullptr;
}

}  // namespace

std::vector<std::string> roles_for(const Platform& platform, std::string_view action, std::string_view environment,
                                   std::string_view project, const Identity& identity) {
  std::vector<std::string> out;
  for (const auto& [name, role] : platform.roles) {
    bool here = role.environments.empty() || environment.empty() || has(role.environments, environment);
    bool allows = has(role.can, action) || has(role.can, "admin");
    if (here && allows && is_member_of(role.members, name, identity)) out.push_back(name);
  }
  auto bound = platform.projects.find(std::string(project));
  bool owner = bound != platform.projects.end() && !bound->second.owners.empty() &&
               std::find(kOwnerActions.begin(), kOwnerActions.end(), action) != kOwnerActions.end() &&
               is_member_of(bound->second.owners, "", identity);
  if (owner) out.push_back("owner");
  return out;
}

bool may(const Platform& platform, std::string_view action, std::string_view environment, std::string_view project,
         const Identity& identity) {
  return platform.roles.empty() || !roles_for(platform, action, environment, project, identity).empty();
}

bool is_verified(const Who& who) { return !who.how.empty() && who.how != kUnverified; }

bool same_person(const Platform& platform, const Who& a, const Who& b) {
  if (!a.email.empty() && to_lower(a.email) == to_lower(b.email)) return true;
  if (!a.name.empty() && a.name != "unknown" && to_lower(a.name) == to_lower(b.name)) return true;
  if (is_verified(a) && a.how == b.how) return true;
  const Person* person = person_of(platform, a);
  return person != nullptr && person == person_of(platform, b);
}

std::string approval_trouble(const Platform& platform, const Approvals& policy, const Responsible& responsible,
                             const Entry& approval, Time now) {
  if (!approval.by || !is_verified(*approval.by)) return "nobody knows who gave it";
  const Who& who = *approval.by;
  if (approval.until && *approval.until <= now) return "it expired at " + format_time(*approval.until);
  if (!policy.from.empty() && !has(policy.from, approval.role))
    return who.name + " has none of the roles " + join(policy.from, ", ");
  if (policy.without.empty()) return "";
  auto is = [&](const std::optional<Who>& other) { return other && same_person(platform, who, *other); };
  bool not_author = has(policy.without, "author");
  bool not_requester = has(policy.without, "requester");
  if (not_author && is(responsible.author)) return who.name + " is the author of the source commit";
  if (not_author && responsible.from_main && is(responsible.requester)) return who.name + " changed the configuration";
  if (is(responsible.stands_for)) return std::string(kStandsForIt);
  if (not_requester && is(responsible.requester)) return who.name + " asked for this release";
  // Somebody else must stand for it whom we know: a name in a commit is anybody's to write.
  bool other = responsible.from_main ||
               (responsible.requester && is_verified(*responsible.requester) && !is(responsible.requester));
  for (const Who& bringer : responsible.bringers) {
    if (!is_verified(bringer)) continue;
    if (not_author && same_person(platform, who, bringer)) return who.name + " brought the source commit in";
    other = other || !same_person(platform, who, bringer);
  }
  if (!other) return "nobody but " + who.name + " is known to stand for it: its author is only what the commit says";
  return "";
}

Responsible with_stand(const Platform& platform, const Approvals& policy, Responsible responsible,
                       const std::vector<Entry>& approvals, Time now) {
  if (!responsible.from_main || policy.without.empty() || responsible.stands_for) return responsible;
  auto first = std::find_if(approvals.begin(), approvals.end(), [&](const Entry& approval) {
    return approval_trouble(platform, policy, responsible, approval, now).empty();
  });
  if (first != approvals.end()) responsible.stands_for = first->by;
  return responsible;
}

std::vector<Entry> counting_approvals(const Platform& platform, const Approvals& policy, const Responsible& responsible,
                                      const std::vector<Entry>& approvals, Time now) {
  const Responsible judged = with_stand(platform, policy, responsible, approvals, now);
  std::vector<Entry> out;
  for (const Entry& approval : approvals) {
    if (!approval_trouble(platform, policy, judged, approval, now).empty()) continue;
    bool again = std::any_of(out.begin(), out.end(),
                             [&](const Entry& other) { return same_person(platform, *other.by, *approval.by); });
    if (!again) out.push_back(approval);
  }
  return out;
}

std::string approval_text(const Entry& proposal, Time until) {
  std::string text(kFirstLine);
  text += "\nproposal: " + proposal.id;
  text += "\ntarget: " + (proposal.target ? proposal.target->str() : proposal.scope + "/platform.yaml");
  text += "\nartifact: " + proposal.artifact;
  text += "\ninput-digest: " + proposal.input_digest;
  text += "\ntarget-tree: " + proposal.tree;
  return text + "\nuntil: " + format_time(until) + "\n";
}

Result<ApprovalText> parse_approval_text(std::string_view text) {
  constexpr std::array<std::string_view, 7> kStarts = {
      kFirstLine, "proposal: ", "target: ", "artifact: ", "input-digest: ", "target-tree: ", "until: "};
  std::vector<std::string_view> lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  bool fits = lines.size() == kStarts.size();
  for (size_t i = 0; fits && i < kStarts.size(); ++i) fits = starts_with(lines[i], kStarts[i]);
  if (!fits)
    return fail(Code::kInvalid, "this is not the text of an approval")
        .hint("`autonomous approve TARGET --text > approval.txt` writes it");
  auto value = [&](size_t line) { return std::string(lines[line].substr(kStarts[line].size())); };
  ApprovalText out{value(2), value(1), {}};
  TRY(out.until, parse_time(value(6)));
  return out;
}

std::string approvers_file(const Platform& platform) {
  std::string out;
  for (const auto& [name, person] : platform.people) {
    for (const std::string& key : person.keys) {
      out += (person.email.empty() ? name : person.email) + " namespaces=\"" + std::string(kApprovalNamespace) + "\" " +
             key + "\n";
    }
  }
  return out;
}

Who approved_by(const Entry& approval) {
  Who who = approval.by.value_or(Who{});
  if (!starts_with(who.how, kSigned)) who.how = std::string(kAttested) + who.how;
  return who;
}

}  // namespace autonomous::model
