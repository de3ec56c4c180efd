// What others do on deploy: reverts, hotfixes, removals, rewrites.
#include <gtest/gtest.h>
#include <unistd.h>

#include "bed.h"
#include "gitops/store/lint.h"

namespace autonomous::store {
namespace {

using Kind = ForeignChange::Kind;

class Others : public ::testing::Test {
 protected:
  void SetUp() override {
    bed_.open();
    release(record(), kWeb, "1");
    bed_.clock().advance(Millis(10'000));
    release(record(), kWeb, "2");
    release(record(), kDb, "1");
    clone_ = bed_.clone();
  }
  Record& record() { return bed_.record(); }
  void git(std::vector<std::string> args) { bed_.git(std::move(args), clone_); }
  void push() { git({"push", "-q", "origin", "HEAD:deploy"}); }
  Foreign sync() {
    auto foreign = record().sync(Ctx{});
    if (!foreign) ADD_FAILURE() << foreign.error().text();
    return foreign ? *std::move(foreign) : Foreign{};
  }
  void write(const std::string& file, const std::string& text) { ASSERT_TRUE(write_file(clone_ + "/" + file, text)); }

  Bed bed_;
  std::string clone_;
};

// One of them stops every Application of the repository in Argo CD.
TEST_F(Others, LinksAndSubmodulesAreSaidUntilTheyAreGone) {
  auto unsafe = [&] {
    std::vector<std::string> said;
    for (const UnsafePath& one : record().state()->unsafe) said.push_back(unsafe_text(one, "deploy"));
    return said;
  };
  sync();
  EXPECT_TRUE(unsafe().empty());
  ASSERT_EQ(::symlink("/etc/passwd", (clone_ + "/apps/local/shop/web/manifests/evil.yaml").c_str()), 0);
  git({"add", "-A"});
  git({"update-index", "--add", "--cacheinfo", "160000," + std::string(40, 'a') + ",lib"});
  git({"commit", "-q", "-m", "A link"});
  std::string commit = bed_.git({"rev-parse", "HEAD"}, clone_).substr(0, 12);
  push();
  sync();
  std::string by = " (commit " + commit + " by Jane Doe <jane@example.com>)";
  std::vector<std::string> both = {"apps/local/shop/web/manifests/evil.yaml on deploy is a link" + by,
                                   "lib on deploy is a submodule" + by};
  EXPECT_EQ(unsafe(), both);
  EXPECT_NE(unsafe_remedy(record().state()->unsafe[1], "deploy").find("git rm 'lib' on deploy"), std::string::npos);
  bed_.open();  // a fresh daemon finds them too
  sync();
  EXPECT_EQ(unsafe(), both);
  Draft draft = push_draft(record(), kWeb, "3");
  draft.past_hold = true;
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft})));
  sync();
  EXPECT_EQ(unsafe(), std::vector<std::string>{both[1]}) << "a release took its place";
  git({"pull", "-q", "--rebase", "origin", "deploy"});
  git({"rm", "-q", "--cached", "lib"});
  git({"commit", "-q", "-m", "No library"});
  push();
  sync();
  EXPECT_TRUE(unsafe().empty());
}

// Names that git itself would refuse to write.
TEST_F(Others, NamesThatHurtAreSaid) {
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid tip = record().deploy();
  git::Oid blob = repository.write_blob("x").value();
  auto entries = repository.tree(repository.peel_tree(tip).value()).value();
  std::string bytes;
  auto put = [&](const std::string& mode, const std::string& name, const git::Oid& oid) {
    bytes += mode + " " + name + std::string(1, '\0') + std::string(oid.bytes());
  };
  put("100644", ".GIT", blob);
  for (const git::TreeEntry& entry : entries) put(entry.is_tree() ? "40000" : "100644", entry.name, entry.oid);
  git::Oid tree = repository.write(git::ObjectKind::kTree, bytes).value();
  git::Person eve{"Eve", "eve@example.com", 1'700'000'000, 0};
  git::Oid commit = repository.write_commit({tree, {tip}, eve, eve, "Names"}).value();
  ASSERT_TRUE(git::update_refs(Ctx{}, repository, {{"refs/heads/deploy", commit, tip}}));
  sync();
  ASSERT_EQ(record().state()->unsafe.size(), 1u);
  EXPECT_EQ(unsafe_text(record().state()->unsafe[0], "deploy"),
            ".GIT on deploy has a name that cannot be checked out everywhere (commit " + commit.short_hex(12) +
                " by Eve <eve@example.com>)");
}

TEST_F(Others, ARevertIsAHeldRollback) {
  git({"revert", "--no-edit", "release/local/shop/web/2"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u);
  EXPECT_EQ(foreign.changes[0].kind, Kind::kRollback);
  EXPECT_EQ(foreign.changes[0].to, 1u);
  EXPECT_EQ(foreign.changes[0].adopted_as, 3u);
  EXPECT_EQ(foreign.changes[0].author, "Jane Doe <jane@example.com>");
  TargetPtr web = record().state()->find(kWeb);
  EXPECT_EQ(web->last_number, 3u);
  EXPECT_EQ(web->live()->rollback_of, 1u);
  EXPECT_EQ(web->live()->adopts, foreign.changes[0].commits[0].hex());
  EXPECT_EQ(web->live()->artifact, "artifact-1");
  ASSERT_TRUE(web->hold_in_force(bed_.clock().now()));
  EXPECT_EQ(web->hold->number, 3u);
  EXPECT_EQ(web->hold->by.name, "Jane Doe");
  EXPECT_TRUE(std::holds_alternative<Stale>(
      record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "3")})).value().drafts[0]));
  EXPECT_EQ(bed_.git({"show", "-s", "--format=%an|%cn|%s", "deploy"}),
            "Jane Doe|Autonomous|local/shop/web: release 3 (rollback to 1: aaaaaaa Version 1)\n");
  EXPECT_EQ(bed_.git({"diff", "deploy^", "deploy"}), "");
  EXPECT_EQ(bed_.git({"tag", "-l", "release/local/shop/web/3"}), "release/local/shop/web/3\n");
  EXPECT_TRUE(sync().quiet());
  bed_.expect_sound();
}

TEST_F(Others, TheMessageOfARevertDoesNotMatter) {
  git({"revert", "--no-commit", "release/local/shop/web/2"});
  git({"commit", "-qm", "tidy up\n\nRelease: local/shop/web/77\nTarget-Tree: 0"});
  push();
  EXPECT_EQ(sync().changes.at(0).kind, Kind::kRollback);
}

TEST_F(Others, ARevertOfARevertResumes) {
  git({"revert", "--no-edit", "release/local/shop/web/2"});
  push();
  sync();
  git({"revert", "--no-edit", "HEAD"});
  git({"pull", "-q", "--no-rebase", "--no-edit", "origin", "deploy"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u);
  EXPECT_EQ(foreign.changes[0].kind, Kind::kResume);
  EXPECT_EQ(foreign.changes[0].to, 2u);
  TargetPtr web = record().state()->find(kWeb);
  EXPECT_FALSE(web->hold_in_force(bed_.clock().now()));
  EXPECT_EQ(web->live()->number, 4u);
  EXPECT_EQ(web->live()->target_tree, web->find(2)->target_tree);
}

TEST_F(Others, SeveralTargetsInOneCommitAreSeveralRollbacks) {
  release(record(), kDb, "2");
  git({"pull", "-q", "--tags", "origin", "deploy"});
  git({"revert", "--no-commit", "release/local/shop/db/2", "release/local/shop/web/2"});
  git({"commit", "-qm", "back"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 2u);
  EXPECT_EQ(foreign.changes[0].target, kDb);
  EXPECT_EQ(foreign.changes[1].target, kWeb);
  EXPECT_EQ(record().state()->find(kDb)->last_number, 3u);
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 3u);
}

TEST_F(Others, AHotfixIsDriftAndTheNextReleaseSaysSo) {
  write("apps/local/shop/web/values.yaml", "version: hot\n");
  git({"commit", "-qam", "hotfix"});
  push();
  Foreign foreign = sync();
  ASSERT_EQ(foreign.changes.size(), 1u);
  EXPECT_EQ(foreign.changes[0].kind, Kind::kDrift);
  TargetPtr web = record().state()->find(kWeb);
  ASSERT_TRUE(web->drift);
  EXPECT_EQ(web->drift->by, "Jane Doe <jane@example.com>");
  EXPECT_FALSE(web->hold);
  EXPECT_EQ(web->last_number, 2u);
  EXPECT_TRUE(sync().quiet());
  bed_.open();
  EXPECT_TRUE(sync().changes.empty());
  EXPECT_EQ(release(record(), kWeb, "3"), 3u);
  EXPECT_FALSE(record().state()->find(kWeb)->drift);
  EXPECT_NE(bed_.git({"show", "-s", "--format=%B", "deploy"}).find("past the platform by Jane Doe"), std::string::npos);
}

TEST_F(Others, DriftHoldsWhereItShould) {
  RecordConfig config = bed_.config();
  config.drift_holds = [](const model::Target& target) { return target == kWeb; };
  bed_.open(std::move(config));
  write("apps/local/shop/web/values.yaml", "version: hot\n");
  write("apps/local/shop/db/values.yaml", "version: hot\n");
  git({"commit", "-qam", "hotfix"});
  push();
  EXPECT_EQ(sync().changes.size(), 2u);
  EXPECT_TRUE(record().state()->find(kWeb)->hold);
  EXPECT_FALSE(record().state()->find(kDb)->hold);
}

TEST_F(Others, DriftThatIsTakenBackIsGone) {
  write("apps/local/shop/web/values.yaml", "version: hot\n");
  git({"commit", "-qam", "hotfix"});
  push();
  sync();
  git({"revert", "--no-edit", "HEAD"});
  push();
  EXPECT_EQ(sync().changes.at(0).kind, Kind::kUndone);
  EXPECT_FALSE(record().state()->find(kWeb)->drift);
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 2u);
}

TEST_F(Others, ARemovedTargetIsHeldAndNotFollowed) {
  git({"rm", "-rq", "apps/local/shop/web"});
  git({"commit", "-qm", "away"});
  push();
  Foreign foreign = sync();
  EXPECT_EQ(foreign.changes.at(0).kind, Kind::kRemoved);
  TargetPtr web = record().state()->find(kWeb);
  EXPECT_TRUE(web->hold);
  EXPECT_EQ(web->last_number, 2u);
  EXPECT_TRUE(web->drift->tree.is_zero());
}

TEST_F(Others, ChangesBesideTheTargetsAreNamed) {
  write("notes.txt", "x\n");
  git({"add", "."});
  git({"commit", "-qm", "notes"});
  push();
  Foreign foreign = sync();
  EXPECT_TRUE(foreign.deploy_moved);
  EXPECT_EQ(foreign.other_paths, std::vector<std::string>{"notes.txt"});
}

TEST_F(Others, AReleaseMeetsARevertThatCameFirst) {
  git({"revert", "--no-edit", "release/local/shop/web/2"});
  push();
  auto done = record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "3"), push_draft(record(), kDb, "2")}));
  ASSERT_TRUE(done) << done.error().text();
  EXPECT_TRUE(std::holds_alternative<Stale>(done->drafts[0]));
  EXPECT_EQ(std::get<Released>(done->drafts[1]).number, 2u);
  ASSERT_EQ(done->foreign.changes.size(), 1u);
  EXPECT_EQ(done->foreign.changes[0].adopted_as, 3u);
}

TEST_F(Others, MainThatMovedIsTold) {
  git({"checkout", "-q", "main"});
  write("platform.yaml", "version: 1\nenvironments: {}\n");
  git({"commit", "-qam", "change"});
  git({"push", "-q", "origin", "main"});
  Foreign foreign = sync();
  EXPECT_TRUE(foreign.main_moved);
  EXPECT_FALSE(foreign.deploy_moved);
  EXPECT_EQ(foreign.main, record().state()->main);
}

TEST_F(Others, ARewoundBranchStopsTheWriterUntilAccepted) {
  const model::Who op{"Op", "op@example.com", "socket uid 0"};
  EXPECT_EQ(record().accept_rewrite(Ctx{}, op, "wanted").error().code(), Code::kConflict) << "nothing was rewritten";
  git::Oid before = record().deploy();
  bed_.git({"update-ref", "refs/heads/deploy", "release/local/shop/web/1^{commit}"});
  auto foreign = record().sync(Ctx{});
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), Code::kConflict);
  EXPECT_NE(foreign.error().message().find("rewritten"), std::string::npos);
  EXPECT_FALSE(record().commit(Ctx{}, batch_of({push_draft(record(), kWeb, "3")})));
  bed_.open();  // a restart does not forget it
  EXPECT_FALSE(record().sync(Ctx{}));
  EXPECT_EQ(bed_.git({"rev-parse", "deploy"}), bed_.git({"rev-parse", "release/local/shop/web/1^{commit}"}));
  ASSERT_TRUE(record().accept_rewrite(Ctx{}, op, "wanted"));
  Foreign after = sync();
  EXPECT_EQ(after.changes.size(), 2u);  // web is back at 1; db is gone
  EXPECT_EQ(record().state()->find(kWeb)->live()->rollback_of, 1u);
  EXPECT_EQ(record().state()->find(kWeb)->last_number, 3u);  // no number twice
  EXPECT_EQ(record().state()->platform.back().previous, before.hex());
  EXPECT_EQ(release(record(), {"local", "shop", "api"}, "1"), 1u);
}

}  // namespace
}  // namespace autonomous::store
