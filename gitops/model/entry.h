// Entry: one line of the ledger (design.md §4), a record with a type and named fields. Pure values.
//
// Written as one JSON object a line, keys in a fixed order, absent where empty. The reader takes keys that it does not
// know (a newer daemon's), and refuses lines whose known fields are wrong. A decision is an entry that somebody
// decided: it carries who, how we know, because, ticket and until.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "gitops/model/ids.h"
#include "gitops/model/trailers.h"

namespace autonomous::model {

enum class EntryType : uint8_t {
  kRelease,    // number, commit, tag byte for byte
  kFailed,     // an attempt that made no commit
  kOutcome,    // of release `number`
  kUnchanged,  // a render that changed nothing
  kOrphaned,   // the app vanished from the spec; ends with the next release, or with kFound
  kFound,
  kTakenOn,  // the target's Application was written (or removed: `removed`) in `commit`
  kHold,
  kResume,
  kPropose,
  kApprove,
  kReject,
  kCancel,
  kMarkBad,  // of `artifact`
  kUnmark,
  kFreeze,  // of target, or of `scope` (an environment), until `until`
  kUnfreeze,
  kBreakGlass,
  kDrift,            // `tree` is what the target looks like at `commit`, made by others
  kRewriteAccepted,  // the branches' new tips: commit (deploy), previous
  kKey,              // a key of the daemon that counts from here on (or no longer: `removed`)
  kTagWindow,        // from here on the tags of what is live and of the newest releases stay, `number` in all
  // The target takes over what `origin`, the last release of another one, made; its numbers go on from there, and the
  // objects go on bearing the names of the target `scope`. On the other one's side, in the same commit: `removed`, and
  // `origin` is the target that they went to.
  kMoved,
  // What somebody asked for, accepted before it could be done: all that it is made of again from. Ends with its
  // release, failure or finding that it changes nothing (by intent, or artifact where there is none), with its
  // proposal, or with a cancel of its `id`. `scope` "move": it may take over another project's app.
  kAsk,
  // Somebody else's tag stands where that of release `number` would: the number is used up, and no release has it.
  // `tree` is what the tag's ref says.
  kBurnt,
};
std::string_view entry_type_name(EntryType type);
Result<EntryType> parse_entry_type(std::string_view name);

enum class Verdict : uint8_t { kHealthy, kFailed, kSuperseded, kCancelled, kRejected, kUnverified };
std::string_view verdict_name(Verdict verdict);
Result<Verdict> parse_verdict(std::string_view name);

struct StepTime {
  std::string name;  // "render", "commit", "push", "sync", "verify"…
  Millis took{0};
  auto operator<=>(const StepTime&) const = default;
};

struct Entry {
  EntryType type = EntryType::kOutcome;
  Time time{};
  std::optional<Target> target;  // none: of the whole platform
  uint32_t number = 0;           // the release that this is about (0: none), or how many tags
  std::string id;                // of the proposal that is made or answered

  // Decisions; also who caused an attempt.
  std::optional<Who> by;
  std::string because;
  std::string ticket;
  std::optional<Time> until;
  // An environment's name: of a freeze without a target, or of a weaker platform.yaml that is proposed and approved.
  std::string scope;

  // What it is about.
  std::string artifact;      // digest of an artifact, as the pipeline names it
  std::string input_digest;  // "sha256:…"
  std::string intent;        // what makes a person's wish unique; "" for pushes
  std::optional<Trigger> trigger;
  std::optional<SourceFact> source;
  std::string subject;   // the source commit's, one line
  std::string author;    // the source commit's, "Name <email>"
  std::string commit;    // 40 hex digits: the release's, or the foreign one
  std::string tree;      // drift, approvals: the target's tree ("" in a drift: the whole target is gone); or the blob
                         // of platform.yaml
  std::string previous;  // rewrite-accepted: the tip that was given up; of a policy: the platform.yaml in force
  std::string tag;       // release: the annotated tag object, byte for byte
  bool removed = false;

  // Outcomes and failures.
  std::optional<Verdict> verdict;
  std::string step;       // where it failed
  std::string resource;   // "Deployment shop-web"
  std::string reason;     // for people
  std::string looked_at;  // what the verdict rests on
  std::vector<StepTime> steps;

  std::string key;  // the public line of a key, "ssh-ed25519 AAAA…"

  // Proposals hold all that a release is made of again from, so that a fresh daemon can go on with one.
  std::string origin;  // the release that is promoted, restored or tried again, "staging/shop/web/41"
  std::string image;   // the image that was asked for in place of the spec's
  // Approvals.
  std::string role;       // of platform.yaml, that allowed it
  std::string signature;  // of approval_text(), by the person's own key; empty: the daemon attests who it was

  bool operator==(const Entry&) const = default;
};

// One line, ending in '\n'. kInvalid where a text is not UTF-8 or a value cannot be what it should (a digest, an oid).
Result<std::string> format_entry(const Entry& entry);
// `line` without or with its line end.
Result<Entry> parse_entry(std::string_view line);

// True for the types that a person decides.
bool is_decision(EntryType type);

}  // namespace autonomous::model
