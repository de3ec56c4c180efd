// Wish: that a target shall become what a source commit (or an earlier release) says, with everything that is known of
// who wants it and why. Immutable once made; shared between threads.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "daemon/pipeline/sources.h"
#include "gitops/base/tree.h"
#include "gitops/git/object.h"
#include "gitops/model/entry.h"
#include "gitops/model/platform.h"
#include "gitops/model/spec.h"
#include "gitops/model/trailers.h"
#include "gitops/store/policy.h"

namespace autonomous::daemon {

// What main of the GitOps repository said at a moment. When platform.yaml is wrong, or weaker than people agreed to,
// `platform` is that of the last commit that was right, and `errors` says what is wrong now.
struct PlatformView {
  git::Oid commit;   // of main; what `platform` was read from
  std::string blob;  // oid of platform.yaml in it
  git::Oid tip;      // of main when it was looked at: `commit`, or a later one that is wrong
  std::shared_ptr<const model::Platform> platform;
  std::shared_ptr<const FileTree> tree;  // of that commit: config/<env>/<project>/<app>.yaml
  std::vector<Error> errors;
  // `tip` is weaker than what is in force, and waits for these approvals.
  std::vector<store::PolicyQuestion> questions = {};
};
using PlatformPtr = std::shared_ptr<const PlatformView>;

// A source commit, as records tell of it.
struct SourceCommit {
  SourceRepository repository;
  std::string id;   // 40 hex digits
  std::string ref;  // refs/heads/main
  std::string subject;
  std::string message;  // without the subject
  git::Person author;
};
using SourceCommitPtr = std::shared_ptr<const SourceCommit>;

using Neighbours = std::map<std::string, std::shared_ptr<const model::App>>;
// The apps of the same project that an app's configuration names.
std::set<std::string> neighbours_of(const model::App& app);

// So much of a project is gone from its spec in one commit that a person has to say that this is right.
struct Doubt {
  std::vector<model::Target> vanished;
  size_t apps = 0;   // that ran before
  std::string text;  // a sentence for people
};

struct Wish {
  model::Target target;
  model::Trigger trigger = model::Trigger::kPush;
  SourceCommitPtr source;                 // null: a rollback to something without one
  std::shared_ptr<const model::App> app;  // effective; null for a rollback and a retire
  Neighbours neighbours;  // the apps that it names (bindings, needs, calls), and under a strict network those that name
                          // it; effective likewise
  std::shared_ptr<const std::string> spec_text;  // autonomous.yaml as used (written or inferred)
  PlatformPtr view;
  git::Oid app_at;  // the tip of main that `app` was computed with, where it isn't `view`'s: it is computed again

  model::Who by;
  std::string because;
  std::string ticket;
  std::string intent;               // what makes a person's wish unique; empty for pushes
  std::optional<uint32_t> restore;  // rollback: the release whose tree comes back
  std::optional<model::ReleaseId> retry_of;
  bool retire = false;  // a release without workloads
  bool moves = false;   // somebody who may says that it takes over another project's app (renamed-from)
  // Whose names its objects bear; nothing: its own. Filled in where it is rendered.
  std::optional<model::Target> names;
  bool past_hold = false;
  std::optional<model::Entry> decision;  // hold or resume that goes with it
  std::string image;                     // `deploy --image`: in place of the spec's
  // A promotion moves an artifact: the images that were tested run, whatever the spec says they are.
  std::optional<model::ReleaseId> promoted_from;
  std::map<std::string, std::string> images;  // by name
  std::string artifact;                       // what it is called; "" = artifact_of says it
  std::string config_commit;                  // of main, as release.yaml says it; "" = the view's
  bool proposed = false;                      // the ledger has an open proposal of it (a daemon before us made it)
  std::vector<std::string> supersedes;        // source commits that were never released
  std::shared_ptr<const Doubt> doubt;         // about the commit, in this environment; null: none

  bool asked() const { return !intent.empty(); }
  // A push is found again by looking at its branch. Everything else that waits must stand in the ledger.
  bool lasting() const { return asked() || promoted_from.has_value(); }
  std::string commit() const { return source ? source->id : ""; }
};
using WishPtr = std::shared_ptr<const Wish>;

}  // namespace autonomous::daemon
