// Verbs that put back what the ledger holds.
#include <nlohmann/json.hpp>

#include "daemon/cli/acting.h"
#include "daemon/cli/command.h"
#include "gitops/base/text.h"
#include "gitops/model/ids.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

Result<int> repair(Command& command) {
  if (!command.options.has("accept-rewrite")) return act(command, "/api/v1/tags/restore", ask_body(command), false);
  if (trim(command.options.get("because")).empty())
    return fail(Code::kInvalid, "say why the rewrite is right: it goes into the ledger").hint("--because '…'");
  TRY_DO(confirm(command, "The branches as they are now become the record; what they lost is only named.", true));
  return act(command, "/api/v1/record/accept-rewrite", ask_body(command), false);
}

// "restore" and what: a release (web/42), a target, or nothing.
Result<int> tags(Command& command) {
  if (command.word(0) != "restore")
    return fail(Code::kInvalid, "tags what? '", one_line(command.word(0), 40), "' is none of: restore");
  json body = ask_body(command);
  if (command.options.has("all")) body["all"] = true;
  std::string only = command.word(1);
  if (starts_with(only, "release/")) only = only.substr(8);
  if (!only.empty() && !model::ReleaseId::parse(only)) {
    size_t slash = only.rfind('/');
    std::string tail = only.substr(slash == std::string::npos ? 0 : slash + 1);
    bool numbered = slash != std::string::npos && tail.find_first_not_of("0123456789") == std::string::npos;
    TRY(std::string target, find_target(command, numbered ? only.substr(0, slash) : only));
    only = numbered ? target + "/" + tail : target;
  }
  if (!only.empty()) body["only"] = only;
  return act(command, "/api/v1/tags/restore", body, false);
}

}  // namespace

std::vector<Verb> repair_verbs() {
  return {
      {{"repair",
        "Put back release tags that are missing or moved; accept a rewritten branch",
        "Tags come back byte for byte as the ledger holds them. When a branch of the GitOps repository was rewritten, nothing is written until somebody says that this is right: --accept-rewrite, which goes into the ledger.",
        {},
        acting({{"--accept-rewrite", "", "The rewritten branches are right (needs --because)"}}),
        {{"autonomous repair --dry-run", "what is missing?"},
         {"autonomous repair", "put it back"},
         {"autonomous repair --accept-rewrite --because 'restored from the backup of Monday'",
          "after a branch was rewound on purpose"}}},
       repair},
      {{"tags",
        "Bring back release tags that a repository no longer keeps",
        "A repository keeps the tags of what is live and of the newest releases; the ledger has them all.",
        {{"ACTION", "restore", true, false, "restore"},
         {"RELEASE", "web/42, or web for all of its releases; default: those that should be there", false, false,
          "target"}},
        aimed_action({{"--all", "", "Every release of the ledger"}}),
        {{"autonomous tags restore web/3", "an old release's tag"},
         {"autonomous tags restore production/shop/web", "all tags of one target"},
         {"autonomous tags restore --all", "everything: costs everybody who fetches"}}},
       tags},
  };
}

}  // namespace autonomous::daemon
