// Approval: who may do what, who is independent of whom, and what an approval is about. Pure, judged by platform.yaml.
//
// "commit, unverified" is what a commit says about itself: it can be held against somebody, and never for them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/model/entry.h"
#include "gitops/model/platform.h"

namespace autonomous::model {

// Somebody who asks for something, as the daemon knows them.
struct Identity {
  Who who;
  std::string user;   // login name on this machine
  std::string token;  // the token's name
  std::vector<std::string> groups;
};

// The roles that allow `action` in `environment` ("": anywhere) to this identity, by name. Owners of `project` have the
// role "owner", which allows what is the project's own business (see kOwnerActions in the source).
std::vector<std::string> roles_for(const Platform& platform, std::string_view action, std::string_view environment,
                                   std::string_view project, const Identity& identity);
// Whether they may: true for everybody where platform.yaml names no roles.
bool may(const Platform& platform, std::string_view action, std::string_view environment, std::string_view project,
         const Identity& identity);

// True where we know it ourselves: not what a commit says about itself, and not "".
bool is_verified(const Who& who);
// True where both are one person, by address, name, login or what platform.yaml says of people.
bool same_person(const Platform& platform, const Who& a, const Who& b);

// What the independence of an approval is judged by.
struct Responsible {
  std::optional<Who> author;  // of the source commit, as it claims
  std::vector<Who> bringers;  // who asked for the releases that the artifact came through before
  std::optional<Who> requester;
  // It came with main, which does not say who pushed it: the requester is the author of that commit, as it claims, and
  // counts as an author, too. Where a policy wants others than those who ask, the first to agree is held to be the one
  // who asks.
  bool from_main = false;
  std::optional<Who> stands_for;  // that one, once there is one
};

// With the one among these approvals (oldest first) who stands for it, where somebody has to.
Responsible with_stand(const Platform& platform, const Approvals& policy, Responsible responsible,
                       const std::vector<Entry>& approvals, Time now);

// "" where the approval counts, or why it does not.
std::string approval_trouble(const Platform& platform, const Approvals& policy, const Responsible& responsible,
                             const Entry& approval, Time now);
// Those that count, one a person, in their order.
std::vector<Entry> counting_approvals(const Platform& platform, const Approvals& policy, const Responsible& responsible,
                                      const std::vector<Entry>& approvals, Time now);

// What a person signs: the proposal's target (or the environment whose policy gets weaker, "production/platform.yaml"),
// artifact, input digest and tree, and until when the approval counts. Ends in a line end. The namespace of the SSH
// signature is kApprovalNamespace.
inline constexpr std::string_view kApprovalNamespace = "autonomous-approval";
std::string approval_text(const Entry& proposal, Time until);
// Reads the id and the end back from a text that somebody signed. kInvalid for anything else.
struct ApprovalText {
  std::string target;
  std::string id;
  Time until;
};
Result<ApprovalText> parse_approval_text(std::string_view text);
// The people of platform.yaml as an allowed-signers file; "" where nobody has a key.
std::string approvers_file(const Platform& platform);
// As Approved-By says it: "signed SHA256:…" or "attested by the daemon: socket uid 1000".
Who approved_by(const Entry& approval);

}  // namespace autonomous::model
