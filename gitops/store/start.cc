// Opening a record: first start, recovery, and the check that what is there is whole.
#include <algorithm>
#include <tuple>
#include <utility>

#include "gitops/base/file.h"
#include "gitops/base/log.h"
#include "gitops/git/refs.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/message.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kDefaultPlatform =
    "version: 1                      # what people want: environments, projects, policies\n"
    "environments:\n"
    "  local: {from: branch main}\n";

constexpr std::string_view kDeployReadme =
    "# deploy: what runs\n\n"
    "Written by Autonomous, read by Argo CD. A commit is one release of one target (environment/project/app); its\n"
    "trailers say who, what, why. `apps/<environment>/<project>/<app>/` holds the inputs (`release.yaml`), the values\n"
    "and the manifests of what runs now, `argocd/` the Applications.\n\n"
    "- history of a target: `git log origin/deploy -- apps/production/shop/web`\n"
    "- one release: `git show release/production/shop/web/42`\n"
    "- go back: `git switch deploy && git revert release/production/shop/web/42 && git push`: it is taken over as a\n"
    "  rollback, and held\n";

constexpr std::string_view kLedgerReadme =
    "# autonomous/ledger: what happened\n\n"
    "Append-only, signed. `<environment>/<project>/<app>/<segment>.jsonl` has one entry a line, 32 a segment: releases\n"
    "(with their tags, byte for byte), outcomes, attempts that failed, and what people decided. `_platform/` holds what\n"
    "is not about one target, `_inputs/sha256/` the specs and charts that releases were rendered from.\n\n"
    "- of one target: `git log -p -U0 origin/autonomous/ledger/deploy -- production/shop/web`\n";

constexpr size_t kCommitsLookedAt = 100;

Error corrupt_record(Error error, const std::string& path) {
  if (error.code() == Code::kUnavailable || error.code() == Code::kTimeout || error.code() == Code::kCancelled)
    return error;
  return fail(Code::kCorrupt, "the record ", path, " is damaged: ", error.line(), "; nothing was written to it")
      .hint("restore it from a backup or a clone; `git fsck` there tells more");
}

// A mirror is a cache: a damaged one is made again.
Result<git::Repository> open_repository(const RecordConfig& config) {
  git::InitOptions options;
  options.hosted = config.remote == nullptr;
  auto opened = git::Repository::init_bare(config.repository, options);
  if (opened || config.remote == nullptr) return opened;
  log(Level::kWarning, "the mirror is damaged and is made again",
      {{"path", config.repository}, {"error", opened.error().line()}});
  TRY_DO(remove_all(config.repository));
  return git::Repository::init_bare(config.repository, options);
}

}  // namespace

Result<std::unique_ptr<Record>> Record::open(const Ctx& ctx, RecordConfig config, const Clock& clock) {
  if (!config.signer) return fail(Code::kInvalid, "a record needs a key to sign with");
  std::string path = config.repository;
  bool hosted = config.remote == nullptr;
  auto opened = open_repository(config);
  if (!opened)
    return hosted && opened.error().code() != Code::kInvalid ? corrupt_record(std::move(opened).error(), path)
                                                             : std::move(opened).error();
  git::Repository repository = *std::move(opened);
  if (!git::remove_stale_locks(repository.path()).empty()) {
    log(Level::kWarning, "removed locks of a dead process", {{"path", path}});
  }
  TRY(Journal journal, Journal::open(config.journal, config.branch));
  auto impl = std::make_unique<Impl>(std::move(config), clock, std::move(repository), std::move(journal));
  auto started = impl->start(ctx);
  if (!started) {
    bool damaged = started.error().code() == Code::kCorrupt || started.error().code() == Code::kNotFound;
    return damaged ? corrupt_record(std::move(started).error(), path) : std::move(started).error();
  }
  return std::unique_ptr<Record>(new Record(std::move(impl)));
}

Result<void> Record::Impl::start(const Ctx& ctx) {
  state_ = index_.load();
  TRY_DO(settle_flight(ctx));
  TRY(Tips tips, wire_->look(ctx));
  TRY_DO(check_none_gone(tips));
  if (!tips.ledger.is_zero() && (tips.deploy.is_zero() || tips.main.is_zero())) {
    return fail(Code::kCorrupt, "there is a ledger, but no branch ",
                tips.deploy.is_zero() ? config_.branch : std::string(kMain));
  }
  if (tips.ledger.is_zero() || tips.deploy.is_zero() || tips.main.is_zero()) {
    TRY_DO(make_branches(ctx, tips));
    TRY(tips, wire_->look(ctx));
  }
  TRY_DO(load(tips));
  TRY_DO(check_whole());
  if (auto before = journal_.known()) {
    auto same_history = guard_.check(repository_, *before, known_);
    if (!same_history) {
      guard_.give_up(*before);
      log(Level::kError, same_history.error().message(), {});
    }
  }
  if (!index_.has_one()) index_.save(state());
  if (!guard_.stopped()) {
    TRY_DO(introduce_key(ctx));
    remember();
  }
  return ok();
}

// A branch that was there is not begun anew: what it said would be lost, and its numbers given again.
Result<void> Record::Impl::check_none_gone(const Tips& tips) {
  Tips before = journal_.known().value_or(Tips{});
  for (const auto& [branch, was, now] :
       {std::tuple(std::string(kMain), before.main, tips.main), std::tuple(config_.branch, before.deploy, tips.deploy),
        std::tuple(ledger_branch(config_.branch), before.ledger, tips.ledger)}) {
    if (was.is_zero() || !now.is_zero()) continue;
    return fail(Code::kConflict, "branch ", branch, " is gone from the repository; nothing is written to it")
        .hint("push it again from a clone: its last commit was " + was.hex());
  }
  if (!tips.ledger.is_zero() || tips.deploy.is_zero()) return ok();
  git::WalkOptions newest;
  newest.limit = kCommitsLookedAt;
  TRY(auto commits, repository_.walk(tips.deploy, newest));
  for (const git::Oid& id : commits) {
    TRY(git::Commit commit, repository_.commit(id));
    if (!model::parse_trailers(commit.message)) continue;
    return fail(Code::kConflict, "branch ", config_.branch, " holds releases (", id.short_hex(12), "), and branch ",
                ledger_branch(config_.branch), ", which says what became of them, is not there")
        .hint("push the ledger again from a clone or a backup; without one, begin in a new repository");
  }
  return ok();
}

// Branches that exist already (a remote with only main, a deploy of before us) are taken as they are.
Result<void> Record::Impl::make_branches(const Ctx& ctx, const Tips& there) {
  git::Person self = person(config_.committer.name, config_.committer.email, clock_.now());
  Flight flight;
  auto root = [&](std::string_view branch, const std::vector<std::pair<std::string, std::string>>& files,
                  std::string message) -> Result<git::Oid> {
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : files) {
      TRY(git::Oid blob, repository_.write_blob(content));
      updates.push_back({path, blob});
    }
    TRY(git::Oid tree, repository_.update_tree(git::Oid(), updates));
    TRY(git::Oid commit, repository_.write_commit({tree, {}, self, self, std::move(message)}, sign_));
    flight.moves.push_back({branch_ref(branch), git::Oid(), commit});
    return commit;
  };
  std::string platform = config_.platform_yaml.empty() ? std::string(kDefaultPlatform) : config_.platform_yaml;
  if (there.main.is_zero()) {
    TRY_DO(root(
        kMain, {{std::string(kPlatformFile), platform}},
        "Start the platform\n\nWhat people want is written on this branch: platform.yaml, and config/ for single targets.\n"));
  }
  git::Oid deploy = there.deploy;
  if (deploy.is_zero()) {
    TRY(deploy,
        root(config_.branch, {{"README.md", std::string(kDeployReadme)}}, "Start the branch that says what runs\n"));
  }
  model::Entry key;
  key.type = model::EntryType::kKey;
  key.time = clock_.now();
  key.key = config_.signer->public_line();
  key.commit = deploy.hex();
  key.because = "the first key; the record begins after this commit";
  TRY(std::string line, model::format_entry(key));
  TRY_DO(root(ledger_branch(config_.branch),
              {{"README.md", std::string(kLedgerReadme)}, {ledger_file(std::nullopt, 0), line}},
              "Start the ledger\n\nkey\n"));
  TRY(MoveResult moved, fly(ctx, flight));
  if (moved.kind == MoveResult::Kind::kRefused)
    return fail(Code::kDenied, "the repository refused its first branches: ", moved.words);
  if (moved.kind == MoveResult::Kind::kLanded) TRY_DO(settle_flight(ctx));
  return journal_.clear();  // a race is fine: then somebody else made them
}

Result<void> Record::Impl::load(const Tips& tips) {
  TRY(StatePtr folded, fold_from(state(), repository_, tips));
  publish(std::move(folded));
  known_ = tips;
  behind_ = false;
  checked_ = git::Oid();
  return ok();
}

// Cheap, and finds what a torn disk or a swapped repository leaves: tips that can't be read, releases that are not
// there.
Result<void> Record::Impl::check_whole() {
  for (const git::Oid& tip : {known_.main, known_.deploy, known_.ledger}) {
    TRY(git::Oid tree, repository_.peel_tree(tip));
    TRY_DO(repository_.tree(tree));
  }
  ReleaseRowPtr newest;
  StatePtr now = state();
  for (const auto& [target, state] : now->targets) {
    if (ReleaseRowPtr live = state->live(); live && (!newest || live->time > newest->time)) newest = live;
  }
  if (!newest) return ok();
  auto there = repository_.is_ancestor(newest->commit, known_.deploy);
  if (there && *there) return ok();
  bool accepted = false;
  for (const model::Entry& entry : now->platform)
    accepted = accepted || (entry.type == model::EntryType::kRewriteAccepted && entry.time >= newest->time);
  if (!accepted) guard_.stop_for_release(newest->commit);
  return ok();
}

// Also after a crash between the two: what was said is not said again.
Result<void> Record::Impl::introduce_key(const Ctx& ctx) {
  StatePtr now = state();
  auto counts = [&](const std::string& line) {
    return std::find(now->keys.begin(), now->keys.end(), line) != now->keys.end();
  };
  std::string line = config_.signer->public_line();
  std::string old = config_.retiring ? config_.retiring->public_line() : line;
  bool replaces = old != line && counts(old);
  model::Entry key;
  key.type = model::EntryType::kKey;
  if (!counts(line)) {
    key.key = line;
    key.because = replaces ? "the key before it brings it in" : "another key of the daemon";
    // Signed by the key that counts, so that whoever trusts that one trusts the new one.
    git::SignFunction own = sign_;
    if (replaces) sign_ = [signer = config_.retiring](std::string_view bytes) { return signer->sign(bytes); };
    auto written = write_key(ctx, key);
    sign_ = std::move(own);
    TRY_DO(std::move(written));
  }
  if (!replaces) return ok();
  key.key = old;
  key.removed = true;
  key.because = "replaced by another key";
  return write_key(ctx, key);
}

Result<void> Record::Impl::write_key(const Ctx& ctx, const model::Entry& key) {
  Plan plan(base());
  TRY_DO(plan.add(key));
  TRY(MoveResult moved, launch(ctx, plan));
  if (moved.kind == MoveResult::Kind::kRefused)
    return fail(Code::kDenied, "the repository refused the ledger: ", moved.words);
  if (moved.kind != MoveResult::Kind::kMoved)
    return fail(Code::kUnavailable, "the ledger moved while starting").may_retry();
  return ok();
}

}  // namespace autonomous::store
