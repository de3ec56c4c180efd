// State: what the ledger says, folded: per target its releases, what is live, its hold. A snapshot is immutable and may
// be read by any thread; the record publishes a new one after each change. Rows are shared between snapshots.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/git/oid.h"
#include "gitops/model/approval.h"
#include "gitops/model/entry.h"
#include "gitops/model/ids.h"
#include "gitops/model/trailers.h"
#include "gitops/store/attempts.h"
#include "gitops/store/rows.h"
#include "gitops/store/said.h"
#include "gitops/store/targets.h"

namespace autonomous::store {

struct Hold {
  model::Who by;
  Time since{};
  std::optional<Time> until;
  std::string because;
  std::string ticket;
  uint32_t number = 0;   // the release that stays
  std::string artifact;  // the one that runs while it holds
};

// A file on deploy that hurts those who read it.
struct UnsafePath {
  std::string path;  // hostile
  std::string what;  // "is a link"
  git::Oid commit;   // that brought it; zero: not looked up
  std::string by;    // its author
  bool operator==(const UnsafePath&) const = default;
};

struct Orphaned {
  Time since{};
  std::string reason;
};

// A target that took over the objects of another one (renamed-from).
struct Moved {
  model::ReleaseId from;  // the last release of the one that it continues
  model::Target names;    // whose names the objects bear
  Time since{};
};
// The other side of it.
struct MovedAway {
  model::Target to;
  Time since{};
};

// What others made of a target, and nobody released.
struct Drift {
  Time since{};
  git::Oid commit;
  git::Oid tree;   // zero: the whole target was removed
  std::string by;  // "Name <email>"
};

// A release that was rendered and waits for people, and what they said to it.
struct Proposal {
  model::Entry entry;                   // kPropose
  std::vector<model::Entry> approvals;  // oldest first, one a person's last word
};

struct State;

struct TargetState {
  model::Target target;
  uint32_t last_number = 0;
  bool taken_on = false;           // its Application is written
  std::string application_commit;  // the commit that did it
  Rows releases;                   // oldest first
  std::optional<Hold> hold;        // the last one said; `in_force` judges its end
  std::optional<Orphaned> orphaned;
  std::optional<Moved> moved;                // the last time
  std::optional<MovedAway> moved_away;       // its objects are another target's now
  std::optional<Drift> drift;                // since the last release
  std::optional<Proposal> proposal;          // the one that is open
  std::vector<model::Entry> asked;           // kAsk, oldest first: what people asked for and was not done yet
  std::optional<model::Entry> broken_glass;  // kBreakGlass, until its `until` or the next release
  // All that decides what is in force, oldest first: what people decided, drift, vanishing, moves, burnt numbers, and
  // the attempts that ended what was asked for. With the releases they make every state of the past again.
  Statements said;
  Attempts attempts;                  // all of them
  std::vector<Said> newest_attempts;  // whole, oldest first: the last that failed, and that changed nothing
  uint32_t entries = 0;               // lines of its ledger

  // So many, and no more: an entry takes a kilobyte, and there may be 10,000 targets.
  static constexpr size_t kFailedKept = 4;
  static constexpr size_t kUnchangedKept = 2;

  // The newest release: what `deploy` says should run. Null before the first.
  ReleaseRowPtr live() const { return releases.back(); }
  ReleaseRowPtr find(uint32_t number) const;
  // The newest release whose outcome is healthy (or unverified, where `unverified` counts), before `before` (0: any),
  // and whose artifact `marks` does not call bad (null: nobody asks).
  ReleaseRowPtr last_good(uint32_t before = 0, bool unverified = true, const State* marks = nullptr) const;
  // The newest release with this tree, or null.
  ReleaseRowPtr with_tree(const git::Oid& tree) const;
  // Its Application was taken away, and what runs was left as it is.
  bool application_gone() const { return !taken_on && !application_commit.empty(); }
  bool let_go() const { return orphaned && application_gone(); }
  // The newest attempt, whole, or null.
  const model::Entry* last_attempt() const { return newest_attempts.empty() ? nullptr : &newest_attempts.back().entry; }
  // Hold, unless its `until` has passed.
  const Hold* hold_in_force(Time now) const;
  // Nothing, or the break-glass that lets releases pass freezes now.
  const model::Entry* glass_broken(Time now) const;
  // What the target looks like on deploy, as far as the ledger knows: the newest of release and drift. Zero: nothing.
  git::Oid expected_tree() const;
  // The release that an idempotency key (artifact, input digest, intent) made, or null. A key without intent is only
  // compared with the newest release: going back to an earlier input is a change like any other. An intent is what one
  // person asked for once: whoever rendered it again under another configuration does not make it twice.
  ReleaseRowPtr with_key(std::string_view artifact, std::string_view input_digest, std::string_view intent) const;
};

struct Bad {
  Time since{};
  model::Who by;
  std::string because;
};

struct Freeze {
  std::string scope;  // an environment, or a target
  Time since{};
  std::optional<Time> until;
  model::Who by;
  std::string because;
};

// How many releases there are by how they ended, counted as they are folded.
struct Counts {
  uint64_t running = 0;                     // without an outcome yet
  std::array<uint64_t, 6> by_verdict = {};  // in the order of model::Verdict
};

struct State {
  // What it was folded from.
  git::Oid deploy;
  git::Oid ledger;
  git::Oid main;
  git::Oid policy;  // the commit of main that the newest release names: policy.h goes on from there; zero: none did
  Targets targets;
  std::map<std::string, Bad, std::less<>> bad;         // by artifact
  std::map<std::string, Freeze, std::less<>> freezes;  // by scope
  std::set<model::Target> proposals;                   // targets with an open one
  std::set<model::Target> asked;                       // targets of which something was asked and is not done
  std::vector<model::Entry> platform;                  // entries without a target, oldest first
  std::vector<UnsafePath> unsafe;                      // what others put on deploy; kept by a Record only (lint.h)
  std::vector<std::string> keys;                       // public lines that count now
  uint32_t platform_entries = 0;
  Counts releases_by_outcome;

  TargetPtr find(const model::Target& target) const;  // null
  ReleaseRowPtr find(const model::ReleaseId& id) const;
  bool is_bad(std::string_view artifact) const { return bad.contains(artifact); }

  // Newest first; limit 0: all.
  std::vector<ReleaseRowPtr> releases(const model::Target& target, size_t limit = 0) const;
  struct Located {
    model::Target target;
    ReleaseRowPtr release;
    bool live = false;
  };
  // Releases made from source commits that begin with `commit` (≥ 4 hex digits), newest first of each target.
  std::vector<Located> where(std::string_view commit) const;
  // What was tried of such a commit, and what people rejected or took back of it, newest first of each target.
  struct Tried {
    model::Target target;
    git::Oid source;
    Time time{};
    uint32_t line = 0;  // where the whole entry stands: read_entry
  };
  std::vector<Tried> tried(std::string_view commit) const;
  // The same state as it was at a moment, folded from what was said until then: releases, outcomes, holds, marks,
  // drift. deploy, ledger, main and policy stay those of now.
  std::shared_ptr<const State> at(Time time) const;
};
using StatePtr = std::shared_ptr<const State>;

// Whether the ledger says already what was found out: the entry itself (its answer was lost, and it comes again), or an
// outcome of a release that has one (two daemons found it out). Said again, it would be doubled. A decision that was
// taken back in the same moment counts as not said: a clock may stand still between a hold, a resume and a hold.
bool stands_in(const TargetState& target, const model::Entry& entry);
// The same of decisions, oldest first: a target's, or the platform's.
bool stands_in(const std::vector<model::Entry>& decisions, const model::Entry& entry);

// Takes in one entry of a target's ledger, but for releases and outcomes: kCorrupt for what cannot follow. True: it is
// one of TargetState::said.
Result<bool> apply_said(TargetState& state, const model::Entry& entry);
// Takes in a release: what it ends. It is the last of state.releases already.
void apply_release(TargetState& state);
// Takes in what an entry says beyond its target: marks, freezes, keys.
void apply_everywhere(State& state, const model::Entry& entry);

// Who stands for a proposed release: what the independence of its approvals is judged by. `find`: null where there is
// no such release.
model::Responsible responsible_for(const model::Entry& proposal,
                                   const std::function<ReleaseRowPtr(const model::ReleaseId&)>& find);

// The fold. A Builder is filled entry by entry, in the ledger's order, and gives a snapshot; rows of earlier snapshots
// are never changed.
class Builder {
 public:
  Builder() = default;
  explicit Builder(const StatePtr& from);
  // The platform-wide parts (marks, freezes, keys), as folded so far. Targets: find.
  const State& state() const { return *state_; }
  // Null, or as folded so far; valid until the next call.
  const TargetState* find(const model::Target& target) const;
  // kCorrupt for what cannot follow (a number that is not the next one, an outcome of no release).
  Result<void> add(const model::Entry& entry);
  // From here on state() has all targets, too.
  void settle();
  // Ends the builder.
  StatePtr finish(const git::Oid& deploy, const git::Oid& ledger, const git::Oid& main);

 private:
  TargetState& touch(const model::Target& target);
  Result<void> add_release(TargetState& state, const model::Entry& entry);
  Result<void> add_outcome(TargetState& state, const model::Entry& entry);
  Result<void> add_to_target(TargetState& state, const model::Entry& entry);
  void pack_some();
  std::shared_ptr<State> state_ = std::make_shared<State>();
  size_t unpacked_ = 0;  // statements
  std::map<model::Target, std::shared_ptr<TargetState>> touched_;
};

}  // namespace autonomous::store
