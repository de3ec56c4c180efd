// Releases that a forger made or changed: commit, tag, trailers and what lies between two of them.
#include "forging.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;

TEST_F(Tampering, ACommitThatIsGone) {
  move("deploy", git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/deploy~1"})))).value());
  EXPECT_EQ(found(), "commit-missing");
}

TEST_F(Tampering, ATagMovedMissingOrStrange) {
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/1", "refs/tags/release/local/shop/web/2"});
  EXPECT_EQ(found(), "tag-moved");
  bed_.git({"update-ref", "-d", "refs/tags/release/local/shop/web/1"});
  EXPECT_EQ(found(), "tag-missing");
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/9", "refs/tags/release/local/shop/web/2"});
  EXPECT_EQ(found(), "tag-missing tag-unknown");
}

TEST_F(Tampering, InputsThatDisagreeWithTheTrailers) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.source->commit = std::string(40, 'e');
  commit(draft);
  EXPECT_EQ(found(), "release-yaml");
}

TEST_F(Tampering, AFileOfAnotherTargetInARelease) {
  git::Oid before = tip("deploy");
  Draft draft = draft_of(kWeb, "3");
  commit(draft);
  // The same release, with something more in it; ledger and tag are made to fit.
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Commit good = repository.commit(tip("deploy")).value();
  git::Oid more = with_file("deploy", "apps/local/shop/db/values.yaml", "evil: true\n");
  git::Oid made = forge(before, more, good.message);
  move("deploy", made);
  EXPECT_EQ(found(), "commit-missing not-taken-in") << "the ledger names another commit";
}

TEST_F(Tampering, AForgedReleaseThatFitsIsARelease) {
  forge_release({});
  EXPECT_EQ(found(), "") << audit_text(last_);  // with the daemon's key: so the tests below find what they mean
}

TEST_F(Tampering, TrailersOfTheCommitThatAreNotThoseOfTheTag) {
  forge_release({.in_commit = [](model::Trailers& trailers) { trailers.because = "another reason"; }});
  EXPECT_EQ(found(), "trailers-differ") << audit_text(last_);
  EXPECT_EQ(last_.findings[0].release, 3u);
}

TEST_F(Tampering, ATagThatNobodySigned) {
  forge_release({.sign_tag = false});
  EXPECT_EQ(found(), "tag-signature") << audit_text(last_);
}

TEST_F(Tampering, ATagThatSaysMoreThanItsTrailers) {
  forge_release({.tag_begins_with = "Approved by everybody.\n\n"});
  EXPECT_EQ(found(), "tag-signature") << audit_text(last_);
}

TEST_F(Tampering, ATagOfAnotherCommit) {
  forge_release({});
  // The tag of release 2, signed and whole, cannot stand for release 3: neither in the ledger nor as the ref.
  std::string second = bed_.git({"rev-parse", "refs/tags/release/local/shop/web/2"});
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/3", std::string(trim(second))});
  EXPECT_EQ(found(), "tag-moved") << audit_text(last_);
}

TEST_F(Tampering, ATargetTreeThatIsAnothersFiles) {
  std::string second = record().state()->find(kWeb)->releases.back()->target_tree.hex();
  forge_release({.in_both = [&](model::Trailers& trailers) { trailers.target_tree = second; }});
  EXPECT_EQ(found(), "target-tree") << audit_text(last_);
}

TEST_F(Tampering, AReleaseThatReachesBeyondItsTarget) {
  forge_release({.more = {{"apps/local/shop/db/values.yaml", "evil: true\n"}}});
  EXPECT_EQ(found(), "beyond-target") << audit_text(last_);
  EXPECT_THAT(last_.findings[0].message, HasSubstr("apps/local/shop/db/values.yaml"));
}

TEST_F(Tampering, AnUnsignedReleaseCommit) {
  git::Oid before = tip("deploy");
  git::Oid ledger = tip(kLedger);
  commit(draft_of(kWeb, "3"));
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Commit good = repository.commit(tip("deploy")).value();
  git::Oid made = forge(before, good.tree, good.message, false);
  move("deploy", made);
  // The ledger and the tag are made to name it.
  auto trailers = model::parse_trailers(good.message).value();
  git::TagDraft tag{made, git::ObjectKind::kCommit, "release/local/shop/web/3", good.committer,
                    model::format_trailers(trailers).value()};
  Entry release;
  release.type = EntryType::kRelease;
  release.target = kWeb;
  release.number = 3;
  release.time = bed_.clock().now();
  release.commit = made.hex();
  release.artifact = "artifact-3";
  release.tag = git::tag_bytes(tag, [&](std::string_view b) { return bed_.signer().sign(b); }).value();
  git::Oid tag_oid = repository.write(git::ObjectKind::kTag, release.tag).value();
  ASSERT_TRUE(repository.flush());
  bed_.git({"update-ref", "refs/tags/release/local/shop/web/3", tag_oid.hex()});
  move(kLedger, ledger);
  add_line(kWebLedger, release);
  EXPECT_EQ(found(), "commit-signature") << audit_text(last_);
}

TEST_F(Tampering, AChangeThatNobodyWroteDown) {
  git::Oid tree = with_file("deploy", "apps/local/shop/web/values.yaml", "hot: true\n");
  move("deploy", forge(tip("deploy"), tree, "hotfix\n"));
  EXPECT_EQ(found(), "not-taken-in");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(found(), "");
}

TEST_F(Forging, TwoReleasesBesideEachOther) {
  git::Oid base = tip("deploy");
  release_of(kWeb, "3");
  git::Oid one = tip("deploy");
  move("deploy", base);
  forge_release({.target = kDb, .number = 1, .version = "1"});
  git::Oid other = tip("deploy");
  git::Repository repository = git::Repository::open(bed_.repository()).value();
  git::Oid mounted = repository.entry(other, target_folder(kDb)).value().oid;
  git::CommitDraft merge;
  merge.tree =
      repository.update_tree(repository.peel_tree(one).value(), {{target_folder(kDb), mounted, git::Mode::kTree}})
          .value();
  merge.parents = {one, other};
  merge.author = merge.committer = repository.commit(one).value().committer;
  merge.message = "merge\n";
  git::Oid made = repository.write_commit(merge).value();
  ASSERT_TRUE(repository.flush());
  move("deploy", made);
  EXPECT_EQ(found(), "commit-missing") << text_of(last_);
  EXPECT_THAT(message("commit-missing"), HasSubstr("not one after the other"));
}

TEST_F(Forging, AReleaseThatWentOverAHotfixWithoutAWord) {
  hotfix("apps/local/shop/web/values.yaml", "hot: true\n", "hotfix");
  forge_release({});
  EXPECT_EQ(found(), "unrecorded-change") << text_of(last_);
  EXPECT_THAT(message("unrecorded-change"), HasSubstr("a release went over it without a word"));
  EXPECT_EQ(of("unrecorded-change")->release, 3u);
}

TEST_F(Forging, TheConfigurationIsOnMainAsReleaseYamlSays) {
  std::string text = "env: {A: b}\n";
  git::Oid main = push_overlay(text);
  commit(configured(kWeb, "3", main, blob_of(text)));
  EXPECT_EQ(found(), "") << text_of(last_);
  commit(configured(kWeb, "4", main, ""));
  EXPECT_EQ(found(), "config-unknown");
  EXPECT_THAT(message("config-unknown"), HasSubstr("has another config/local/shop/web.yaml"));
  commit(configured(kWeb, "5", tip("deploy"), blob_of(text)));
  EXPECT_THAT((found(), text_of(last_)), HasSubstr("is not on main"));
  Draft draft = configured(kWeb, "6", main, blob_of(text));
  ReleaseInputs inputs = parse_release_yaml(draft.files["release.yaml"]).value();
  inputs.platform_blob = blob_of("another\n");
  draft.files["release.yaml"] = format_release_yaml(inputs);
  draft.trailers.input_digest = input_digest(inputs);
  commit(draft);
  EXPECT_THAT((found(), text_of(last_)), HasSubstr("has another platform.yaml"));
}

}  // namespace
}  // namespace autonomous::store
