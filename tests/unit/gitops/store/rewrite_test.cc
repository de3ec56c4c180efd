// Branches that somebody rewrites: every branch, in every way, at every moment, with the daemon up or started anew. It
// stops and asks, brings nothing back, and goes on once an operator has said that it is right.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "auditing.h"
#include "bed.h"
#include "remotes.h"

namespace autonomous::store {
namespace {

enum class Rewriting { kRewound, kAmended, kOrphan, kReplaced, kDeleted, kCollected };
enum class Moment { kBefore, kBetween, kAfter };  // the push; between: planned, and not yet sent
constexpr Rewriting kKinds[] = {Rewriting::kRewound,  Rewriting::kAmended, Rewriting::kOrphan,
                                Rewriting::kReplaced, Rewriting::kDeleted, Rewriting::kCollected};
constexpr Moment kMoments[] = {Moment::kBefore, Moment::kBetween, Moment::kAfter};
constexpr const char* kKindNames[] = {"rewound", "amended", "orphan", "replaced", "deleted", "rewound and collected"};
constexpr const char* kMomentNames[] = {"before", "between plan and push", "after"};

class Rewrites : public ::testing::TestWithParam<std::string> {
 protected:
  // Two releases of web and one of db, each with its outcome, and two commits on main: copied for each case.
  void SetUp() override {
    ASSERT_TRUE(git::Repository::init_bare(path("remote.git")));
    ASSERT_TRUE(open());
    for (const auto& [target, version] : {std::pair(kWeb, "1"), std::pair(kDb, "1"), std::pair(kWeb, "2")}) {
      uint32_t number = release(*record_, target, version);
      say(outcome_of(target, number));
    }
    git::Repository remote = git::Repository::open(path("remote.git")).value();
    git::Oid main = tip("main");
    put(remote, "main", remote.write_commit({remote.peel_tree(main).value(), {main}, kEve, kEve, "Again"}).value());
    ASSERT_TRUE(record_->sync(Ctx{}));
    record_.reset();
    std::filesystem::create_directory(bed_.path("base"));
    for (const char* part : {"remote.git", "mirror", "journal"})
      std::filesystem::rename(path(part), bed_.path("base") + "/" + part);
  }
  std::string path(const std::string& name) const { return bed_.path(name); }
  void fresh() {
    record_.reset();
    for (const char* part : {"remote.git", "mirror", "journal"}) {
      std::filesystem::remove_all(path(part));
      std::filesystem::copy(bed_.path("base") + "/" + part, path(part), std::filesystem::copy_options::recursive);
    }
  }
  Result<void> open() {
    record_.reset();
    RecordConfig config = bed_.config();
    config.repository = path("mirror");
    config.journal = path("journal");
    config.remote = remote_on_disk(path("remote.git"));
    config.fault = [this](Point point) -> Result<void> {
      if (point != at_) return ok();
      at_.reset();
      return then_();
    };
    TRY(record_, Record::open(Ctx{}, std::move(config), bed_.clock()));
    return ok();
  }
  void say(model::Entry entry) {
    Batch batch;
    batch.entries = {std::move(entry)};
    auto done = record_->commit(Ctx{}, std::move(batch));
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_FALSE(done->entries) << done->entries->text();
  }
  git::Oid tip(const std::string& branch) const {
    auto remote = git::Repository::open(path("remote.git")).value();
    auto found = git::read_ref(remote, "refs/heads/" + branch);
    return found ? *found : git::Oid();
  }
  void put(git::Repository& remote, const std::string& branch, const git::Oid& commit) {
    ASSERT_TRUE(git::update_refs(Ctx{}, remote, {{"refs/heads/" + branch, commit, std::nullopt}}));
  }
  void rewrite(const std::string& branch, Rewriting kind) {
    git::Repository remote = git::Repository::open(path("remote.git")).value();
    gone_ = tip(branch);
    git::Commit now = remote.commit(gone_).value();
    git::Oid to = now.parents.at(0);
    if (kind == Rewriting::kAmended) to = remote.write_commit({now.tree, {to}, kEve, kEve, "Amended"}).value();
    if (kind == Rewriting::kOrphan) to = remote.write_commit({now.tree, {}, kEve, kEve, "Orphan"}).value();
    if (kind == Rewriting::kDeleted) to = git::Oid();
    if (kind == Rewriting::kReplaced) {
      git::Oid tree = remote.update_tree(git::Oid(), {{"elsewhere.txt", remote.write_blob("x").value()}}).value();
      to = remote.write_commit({tree, {}, kEve, kEve, "Something else"}).value();
    }
    put(remote, branch, to);
    if (kind == Rewriting::kCollected) bed_.git({"gc", "-q", "--prune=now"}, path("remote.git"));
  }
  std::string refs() const { return bed_.git({"for-each-ref", "refs/heads"}, path("remote.git")); }

  void goes_on(const std::string& branch, Rewriting kind);
  // What accepting it cannot mend: a stranger's commits in the place of the ledger's signed ones.
  static std::set<std::string> what_the_audit_says(const std::string& branch, Rewriting kind) {
    bool others = kind == Rewriting::kAmended || kind == Rewriting::kOrphan;
    if (branch != "autonomous/ledger/deploy") return {};
    if (others) return {"ledger-signature"};
    if (kind == Rewriting::kReplaced) return {"commit-signature", "key-unproven", "ledger-signature", "tag-signature"};
    return {};
  }
  void run(const std::string& branch, Rewriting kind, Moment moment, bool restarted);

  static inline const git::Person kEve{"Eve", "eve@example.com", 1'795'464'000, 0};
  Bed bed_;
  std::unique_ptr<Record> record_;
  std::optional<Point> at_;  // there `then_` is done, once
  std::function<Result<void>()> then_;
  git::Oid gone_;
};

void Rewrites::run(const std::string& branch, Rewriting kind, Moment moment, bool restarted) {
  fresh();
  ASSERT_TRUE(open());
  Draft draft = push_draft(*record_, kWeb, "3");
  if (moment == Moment::kBefore) {
    rewrite(branch, kind);
  } else {
    at_ = moment == Moment::kBetween ? Point::kJournalWritten : Point::kRefsMoved;
    then_ = [&]() -> Result<void> {
      rewrite(branch, kind);
      if (restarted) return fail(Code::kCancelled, "killed");
      return ok();
    };
    (void)record_->commit(Ctx{}, batch_of({draft}));
    ASSERT_FALSE(at_);
  }
  if (restarted && moment == Moment::kAfter && branch == "autonomous/ledger/deploy" &&
      (kind == Rewriting::kRewound || kind == Rewriting::kCollected)) {
    // A server that ended in the middle of the push leaves just this: what is on deploy is written down.
    ASSERT_TRUE(open());
    ASSERT_TRUE(record_->sync(Ctx{}));
    EXPECT_EQ(tip(branch), gone_);
    goes_on(branch, kind);
    return;
  }
  std::string then = refs();
  bool kept = true;  // that the daemon could be opened
  if (restarted) kept = open().has_value();

  // It stops, whatever is asked, and leaves the branches as they are.
  for (int again = 0; kept && again < 2; ++again) {
    auto looked = record_->sync(Ctx{});
    ASSERT_FALSE(looked);
    EXPECT_EQ(looked.error().code(), Code::kConflict) << looked.error().text();
    auto done = record_->commit(Ctx{}, batch_of({draft}));
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().message().find("rewritten"), std::string::npos) << done.error().text();
  }
  ASSERT_EQ(refs(), then) << "something was brought back";

  // A branch that is gone has to be pushed again first.
  model::Who jane{"Jane Doe", "jane@example.com", "socket uid 1000"};
  if (kind == Rewriting::kDeleted) {
    EXPECT_FALSE(kept && record_->accept_rewrite(Ctx{}, jane, "right so"));
    ASSERT_EQ(refs(), then);
    git::Repository remote = git::Repository::open(path("remote.git")).value();
    put(remote, branch, gone_);
    ASSERT_TRUE(kept || open());
  }
  auto accepted = record_->accept_rewrite(Ctx{}, jane, "right so");
  EXPECT_TRUE(accepted || kind == Rewriting::kDeleted) << accepted.error().text();
  goes_on(branch, kind);
}

void Rewrites::goes_on(const std::string& branch, Rewriting kind) {
  auto looked = record_->sync(Ctx{});
  ASSERT_TRUE(looked) << looked.error().text();
  Draft draft = push_draft(*record_, kWeb, "4");
  draft.past_hold = true;
  auto done = record_->commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(done) << done.error().text();
  const auto* released = std::get_if<Released>(&done->drafts[0]);
  ASSERT_NE(released, nullptr) << done->drafts[0].index();
  EXPECT_EQ(bed_.git({"show", "deploy:apps/local/shop/web/values.yaml"}, path("remote.git")), "version: 4\n");
  AuditReport report = audited(path("remote.git"));
  std::set<std::string> rules;
  for (const Finding& finding : report.findings) {
    bool expected = finding.rule == "outcome-missing";  // nobody verifies anything here
    if (finding.severity == Severity::kError && !expected) rules.insert(finding.rule);
  }
  EXPECT_EQ(rules, what_the_audit_says(branch, kind)) << audit_text(report);
}

// The whole repository is another one.
TEST_P(Rewrites, AnotherRepositoryInItsPlaceIsNotWrittenTo) {
  if (GetParam() != "main") return;
  fresh();
  ASSERT_TRUE(open());
  std::filesystem::remove_all(path("remote.git"));
  git::Repository other = git::Repository::init_bare(path("remote.git")).value();
  git::Oid tree = other.update_tree(git::Oid(), {{"README.md", other.write_blob("x").value()}}).value();
  put(other, "main", other.write_commit({tree, {}, kEve, kEve, "Another one"}).value());
  std::string then = refs();
  EXPECT_EQ(record_->sync(Ctx{}).error().code(), Code::kConflict);
  EXPECT_EQ(record_->commit(Ctx{}, batch_of({push_draft(*record_, kWeb, "3")})).error().code(), Code::kConflict);
  auto opened = open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("push it again from a clone"), std::string::npos) << opened.error().text();
  EXPECT_EQ(refs(), then);
  // Nor where the releases are there, and what the ledger said of them is not, for a daemon with an empty disk.
  fresh();
  git::Repository remote = git::Repository::open(path("remote.git")).value();
  put(remote, "autonomous/ledger/deploy", git::Oid());
  for (const char* part : {"mirror", "journal"}) std::filesystem::remove_all(path(part));
  then = refs();
  opened = open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text().find("holds releases"), std::string::npos) << opened.error().text();
  EXPECT_EQ(refs(), then);
}

TEST_P(Rewrites, StopAskAndGoOn) {
  int cases = 0;
  for (Rewriting kind : kKinds) {
    for (Moment moment : kMoments) {
      for (bool restarted : {false, true}) {
        SCOPED_TRACE(GetParam() + " " + kKindNames[static_cast<int>(kind)] + ", " +
                     kMomentNames[static_cast<int>(moment)] + (restarted ? ", restarted" : ""));
        run(GetParam(), kind, moment, restarted);
        at_.reset();
        ++cases;
      }
    }
  }
  EXPECT_EQ(cases, 36);
}

INSTANTIATE_TEST_SUITE_P(Branches, Rewrites, ::testing::Values("main", "deploy", "autonomous/ledger/deploy"),
                         [](const auto& info) { return std::string(info.param.substr(0, info.param.find('/'))); });

}  // namespace
}  // namespace autonomous::store
