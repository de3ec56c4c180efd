// Record: one GitOps repository and branch, written by nobody else of ours: main says what people want, deploy what
// runs, autonomous/ledger/deploy what happened (design.md §4, §5).
//
// Hosted: `repository` is the record itself. Remote: it is a local mirror of `url`, which may be deleted at any time.
// Owned by one thread, the writer; only state() and counters() may be called from any. Nothing is kept in memory that
// git does not say: a fresh Record on the same repository answers the same.
//
// commit() writes one signed commit a release, one ledger commit, moves both branches at once (a ref transaction, or
// an atomic push with leases), and lets the tags follow. Before it moves a ref, the journal holds what is about to
// move, and everything that it names is on the disk: open() finishes or drops what was in flight.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/ctx.h"
#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "gitops/git/oid.h"
#include "gitops/model/entry.h"
#include "gitops/model/trailers.h"
#include "gitops/store/state.h"

namespace autonomous::git {
class Remote;
class Repository;
class Signer;
}  // namespace autonomous::git

namespace autonomous::store {

// A point between two steps of writing; tests abort there, as a kill would.
enum class Point : uint8_t {
  kObjectsWritten,  // on the disk, nothing refers to them
  kJournalWritten,
  kRefsMoved,   // branches moved; tags not yet
  kTagsPushed,  // the journal is still there
};

struct Identity {
  std::string name = "Autonomous";
  std::string email = "autonomous@localhost";
};

struct RecordConfig {
  std::string repository;               // a bare repository; made when missing
  std::string journal;                  // a folder
  std::string index;                    // a file of the cache (index.h); empty: none
  std::shared_ptr<git::Remote> remote;  // null: hosted
  std::shared_ptr<git::Signer> signer;  // required
  // The key before it, where it still counts: it brings the new one in, and is ended then.
  std::shared_ptr<git::Signer> retiring;
  Identity committer;
  std::string branch = "deploy";
  std::string platform_yaml;  // of a new record's main
  // So many release tags stay in the repository, and those of what is live (tag_window.h); 0: all.
  uint32_t tag_window = 1000;
  // Whoever calls commit() calls make_tags() afterwards, once everybody who waits is told: to a remote it is a push of
  // its own, which takes as long as the release's.
  bool tags_later = false;
  // Whether drift holds the target; null: never (a whole target's removal always does).
  std::function<bool(const model::Target&)> drift_holds;
  // Waits before another try after others were faster, `round` times so far (from 0). Null: a short pause of random
  // length, longer each time.
  std::function<void(const Ctx&, int round)> stand_back;
  // An error returned here ends the operation on the spot, as a kill would. Tests only.
  std::function<Result<void>(Point)> fault;
};

struct Author {
  std::string name;
  std::string email;
  std::optional<Time> time;  // of the source commit; nothing: now
};

// What a chart or a spec was, kept in the ledger by digest ("sha256:<64 hex>").
struct KeptInput {
  std::string file;                          // a spec: its bytes
  std::map<std::string, std::string> files;  // a chart: path → bytes; empty: it is a file
};

// One release that is to be made. The numbers, Target-Tree and the Undo line are the record's to fill in.
struct Draft {
  model::Target target;
  // The whole new content of apps/<target>/: path → bytes. Or `restore`: the tree of an earlier release, as it is.
  std::map<std::string, std::string> files;
  std::optional<uint32_t> restore;

  // All but release, target_tree (filled in). rollback_of is filled in for `restore`.
  model::Trailers trailers;
  Author author;              // who caused it
  std::string subject;        // of the source commit, hostile; goes into the commit's subject
  std::string prose;          // ours, plain lines
  std::string quoted;         // from outside (the source commit's message, a reason): indented
  std::string source_author;  // "Name <email>", for listings
  std::string artifact;
  std::string intent;
  std::map<std::string, KeptInput> inputs;  // by digest; those already kept cost nothing

  // It takes over the objects of another target, and goes on after its last release.
  std::optional<Moved> moved;
  // The target's last number when this was computed (of `moved`: that release's): else it is stale.
  uint32_t on_number = 0;
  // The tip of main that was looked at, where it isn't the policy's own commit: a platform.yaml that is wrong leaves
  // the one before in force. Empty: the policy's commit.
  std::string on_main;
  bool past_hold = false;       // a rollback or a resume goes past a hold
  bool past_freeze = false;     // a rollback where the environment allows it, or broken glass
  std::string proposal;         // the open one that approvals were given to; closed meanwhile: the draft is stale
  bool even_unchanged = false;  // make a release although no byte changes (retry, restart with annotation: not needed)
  std::optional<model::Entry> hold;  // hold or resume that belongs to it, in the same push
};

// A target is taken on (its Application is written), changed, or let go of: a commit of its own.
struct TakeOn {
  model::Target target;
  // argocd/… path → bytes; nothing: removed. _root.yaml and the AppProject's file belong here too.
  std::map<std::string, std::optional<std::string>> files;
  std::string what = "taken on";  // "production/shop/web: taken on"
  std::string because;
  Author author;
};

// Done in this order: entries, takings-on, drafts; those of the first two last of all that the server refused by
// themselves before: they are offered again, less and less often (refusals.h). A hold among the entries makes the
// drafts of its target stale; marks and freezes are written down for the whole platform, whatever target they came
// with.
struct Batch {
  std::vector<model::Entry> entries;  // outcomes, decisions, failed…; time zero: now
  std::vector<TakeOn> taken;
  std::vector<Draft> drafts;
};

// The tree that such files make; kInvalid for names that may not stand in one.
Result<git::Oid> tree_of_files(const std::map<std::string, std::string>& files);

struct Released {
  uint32_t number = 0;
  git::Oid commit;
  git::Oid tag;
  git::Oid target_tree;
  std::vector<uint32_t> burnt;  // numbers before it that somebody else's tags have
};
struct Unchanged {
  uint32_t number = 0;
};  // nothing differs from this release; said in the ledger
struct Duplicate {
  uint32_t number = 0;
  git::Oid commit;
};  // this very key was released before
struct Refused {
  std::string words;
};  // by the server, or because the draft cannot be written
struct Stale {
  std::string why;
};  // compute it again: other number, hold, policy
struct Postponed {
  std::string words;
};  // it was sent with others only, the server refused them together, and did so with too many: it may be fine, send it
    // again
using DraftResult = std::variant<Released, Unchanged, Duplicate, Refused, Stale, Postponed>;

// What others did since the last look.
struct ForeignChange {
  enum class Kind : uint8_t {
    kRollback,  // the target's tree is that of release `to` again: adopted, with a hold
    kResume,    // a revert of a revert: adopted, the hold ended
    kDrift,     // something that was never released
    kUndone,    // drift was taken back by hand: the newest release's tree stands again
    kRemoved,   // the whole target is gone: drift and a hold, never followed
  };
  model::Target target;
  Kind kind = Kind::kDrift;
  uint32_t to = 0;                // release whose tree it is
  git::Oid tree;                  // zero: removed
  std::vector<git::Oid> commits;  // that touched the target, newest first
  std::string author;             // of the newest, "Name <email>"
  std::string committer;
  std::string subject;  // hostile
  // No commit made it: the branch was rewritten, and somebody accepted that. commits: its tip; author: who accepted it.
  std::optional<model::Entry> rewrite;
  uint32_t adopted_as = 0;  // the release that the record made of it; 0 for drift
  git::Oid adopted_commit;
};

struct Foreign {
  git::Oid main;
  bool main_moved = false;
  bool deploy_moved = false;             // by others
  bool ledger_moved = false;             // by others (another daemon)
  std::vector<ForeignChange> changes;    // already adopted and written down
  std::vector<model::Entry> entries;     // ledger entries made by others
  std::vector<std::string> other_paths;  // outside apps/: argocd/…, and names that are refused
  bool quiet() const { return !main_moved && !deploy_moved && !ledger_moved; }
};

struct BatchResult {
  std::vector<DraftResult> drafts;          // one each, in order
  std::vector<std::optional<Error>> taken;  // one each; nothing: done (or nothing to do)
  std::vector<std::optional<git::Oid>> taken_commits;
  std::optional<Error> entries;                  // nothing: all written; else the first that was not
  std::vector<std::optional<Error>> each_entry;  // one each; nothing: written
  Foreign foreign;                               // what was met on the way
  uint32_t pushes = 0;
  size_t accepted = 0;  // of them
};

// A change of one file on main that a person asked for.
struct MainChange {
  std::string file;  // platform.yaml
  // Its new bytes, from those at the tip (none: ""); asked again after a lost race. Nothing: it is so already.
  std::function<Result<std::optional<std::string>>(const std::string& before)> edit;
  Author author;  // whose commit it is; the daemon commits and signs it
  std::string message;
};

// Everything about one release, from git.
struct ReleaseDetail {
  model::Target target;
  ReleaseRowPtr row;
  model::Trailers trailers;
  std::string message;                // of the commit
  std::string tag;                    // the tag object, as the ledger holds it
  std::vector<model::Entry> entries;  // of the ledger, about this release, oldest first
};

class Record {
 public:
  // First start: makes main (platform.yaml), deploy and the ledger. kCorrupt: what is there is not whole; nothing was
  // written. kInvalid for a SHA-256 repository. Finishes or drops what the journal holds.
  static Result<std::unique_ptr<Record>> open(const Ctx& ctx, RecordConfig config, const Clock& clock);
  virtual ~Record();

  // Looks at the repository and takes in what others did: adopts reverts, writes drift down. Cheap when nothing moved.
  // Where there are more release tags than the window has room for, some of the oldest leave.
  // kConflict ("rewritten"): a tip does not descend from the last known one; nothing is written until accept_rewrite.
  virtual Result<Foreign> sync(const Ctx& ctx);
  // An error: nothing is known to be done (the remote is away, a rewrite, a stop). Otherwise every draft has a result.
  virtual Result<BatchResult> commit(const Ctx& ctx, Batch batch);
  // Makes the tags of releases that have none yet. With tags_later, after each commit(); else there is nothing to do.
  virtual void make_tags(const Ctx& ctx);
  // The commit; nothing where it is so already. kDenied, with the server's words: main is not ours to write.
  virtual Result<std::optional<git::Oid>> change_main(const Ctx& ctx, const MainChange& change);
  // An operator says that the rewritten branches are right. What they gave up is named in the ledger. kConflict where
  // no branch was rewritten.
  virtual Result<void> accept_rewrite(const Ctx& ctx, const model::Who& by, std::string_view because);
  // Why nothing is written until somebody accepts a rewrite, and how; "" where none was met. What state() says runs may
  // be gone from the branch then.
  virtual std::string rewritten() const;

  // Any thread.
  virtual StatePtr state() const;

  // ---- reading, on the writer's thread (other threads open their own Reader)
  virtual git::Repository& repository();
  virtual git::Oid main() const;  // the tip as of the last look
  virtual git::Oid deploy() const;

  // Tags that the ledger holds and the repository does not, or elsewhere: put back, byte for byte.
  struct TagChoice {
    std::optional<size_t> newest;         // what is live, and the newest releases; nothing: the record's window
    bool all = false;                     // beyond the window
    std::optional<model::Target> target;  // only its releases, all of them
    uint32_t number = 0;                  // only this one of the target
    bool dry_run = false;
  };
  struct TagRepair {
    std::vector<std::string> restored, moved_back;
    std::vector<std::string> refused;  // by the server: it protects its tags from us, too
    std::vector<std::string> unknown;  // below release/, and no release of the ledger
    size_t looked_at = 0;
  };
  virtual Result<TagRepair> repair_tags(const Ctx& ctx, const TagChoice& choice);
  // Release tags that the repository did not take, and why: protected, or somebody was faster. Offered again by itself.
  virtual std::vector<std::pair<std::string, std::string>> refused_tags() const;

 protected:
  Record();  // of a world without disks (tests/fault), which overrides all of the above

 private:
  struct Impl;
  explicit Record(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Reads one GitOps repository, without writing: for API threads, the CLI on a clone, and verify. Owned by one thread.
class Reader {
 public:
  // refs/heads/… or, in a plain clone, refs/remotes/origin/….
  static Result<Reader> open(const std::string& repository, std::string_view branch = "deploy");
  Reader(Reader&&) noexcept;
  Reader& operator=(Reader&&) noexcept;
  ~Reader();
  // The fold of the ledger as it is now.
  Result<StatePtr> state();
  // kNotFound.
  Result<ReleaseDetail> show(const model::ReleaseId& id);
  // The files of a release: apps/<target>/ at its commit.
  Result<std::shared_ptr<const FileTree>> files(const model::ReleaseId& id);
  // A spec or chart that the ledger keeps; kNotFound.
  Result<KeptInput> input(std::string_view digest);
  // main at a commit (a release's policy): platform.yaml and config/….
  Result<std::shared_ptr<const FileTree>> main_at(const git::Oid& commit);
  git::Repository& repository();

 private:
  struct Impl;
  explicit Reader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace autonomous::store
