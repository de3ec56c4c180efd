// Where a release comes from, or says that it does: adoptions, promotions, and rewrites that somebody accepted.
#include <algorithm>

#include "forging.h"

namespace autonomous::store {
namespace {

using ::testing::HasSubstr;

TEST_F(Tampering, ARollbackThatIsNone) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.trigger = model::Trigger::kRollback;
  draft.trailers.rollback_of = model::ReleaseId{kWeb, 1};
  commit(draft);
  EXPECT_EQ(found(), "rollback-differs");
}

TEST_F(Tampering, AnOriginThatIsNot) {
  Draft draft = draft_of(kWeb, "3");
  draft.trailers.retry_of = model::ReleaseId{kWeb, 9};
  commit(draft);
  EXPECT_EQ(found(), "origin-unknown");
  draft = draft_of(kWeb, "4");
  draft.trailers.promoted_from = model::PromotedFrom{{kWeb, 1}, "", ""};  // another artifact
  commit(draft);
  EXPECT_EQ(found(), "origin-unknown");
  EXPECT_EQ(std::count_if(last_.findings.begin(), last_.findings.end(),
                          [](const Finding& one) { return one.severity != Severity::kNote; }),
            2);
}

TEST_F(Forging, AnAdoptionOfNothingIsNoWayAroundTheRules) {
  Draft first = prod_draft("1");
  approve(first);
  commit(first);
  freeze_production();
  EXPECT_EQ(found(), "");
  Forgery forgery{.target = kProd, .number = 2, .version = "2"};
  forgery.in_both = [](model::Trailers& trailers) { trailers.adopts = std::string(40, '1'); };
  forge_release(forgery);
  EXPECT_EQ(found(), "adopts-unfounded approval-missing in-freeze ticket-missing") << text_of(last_);
  EXPECT_THAT(message("adopts-unfounded"), HasSubstr("goes back to an earlier release"));
}

TEST_F(Forging, AnAdoptionNamesACommitOfSomebodyElseThatMadeIt) {
  git::Oid second = record().state()->find(kWeb)->live()->commit;
  auto going_back_to = [&](const std::string& adopts) {
    return [adopts](model::Trailers& trailers) {
      trailers.trigger = model::Trigger::kRollback;
      trailers.rollback_of = model::ReleaseId{kWeb, 1};
      trailers.adopts = adopts;
    };
  };
  git::Oid deploy = tip("deploy"), ledger = tip(kLedger);
  auto judged = [&](const std::string& adopts) {
    move("deploy", deploy);
    move(kLedger, ledger);
    Forgery forgery{.version = "1"};  // the files of release 1
    forgery.in_both = going_back_to(adopts);
    forge_release(forgery);
    EXPECT_EQ(found(), "adopts-unfounded") << text_of(last_);
    return message("adopts-unfounded");
  };
  EXPECT_THAT(judged(second.hex()), HasSubstr("a commit of the platform itself"));
  EXPECT_THAT(judged(ledger.hex()), HasSubstr("no commit of deploy"));
  // Somebody's commit, that did something else.
  move("deploy", deploy);
  git::Oid tree = with_file("deploy", "notes.txt", "x\n");
  deploy = forge(deploy, tree, "Notes\n", false);
  EXPECT_THAT(judged(deploy.hex()), HasSubstr("are not those of this release"));
}

TEST_F(Forging, OfAMergeTheCommitIsNamedThatLeftTheFilesAsTheyAre) {
  std::string work = bed_.clone("merger");
  bed_.git({"checkout", "-q", "-b", "mine"}, work);
  bed_.git({"revert", "--no-edit", "release/local/shop/web/2"}, work);
  std::string mine(trim(bed_.git({"rev-parse", "HEAD"}, work)));
  bed_.git({"checkout", "-q", "-b", "theirs", "deploy"}, work);
  ASSERT_TRUE(write_file(work + "/apps/local/shop/web/values.yaml", "hot: true\n"));
  bed_.git({"commit", "-qam", "hotfix", "--date", "2030-01-01T00:00:00Z"}, work);
  bed_.git({"checkout", "-q", "mine"}, work);
  bed_.git({"merge", "-q", "-s", "ours", "-m", "mine it is", "theirs"}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  ASSERT_TRUE(record().sync(Ctx{}));
  finish_all();
  EXPECT_EQ(record().state()->find(kWeb)->live()->adopts, mine);
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(foreign(last_), HasSubstr("taken over as release 3"));
}

TEST_F(Forging, AnAcceptedRewriteForgivesWhatItGaveUpAndNothingElse) {
  git::Oid first = record().state()->find(kWeb)->find(1)->commit;
  git::Oid second = tip("deploy");
  release_of(kDb, "1");
  git::Oid third = tip("deploy");
  rewind(second);
  accept();
  finish_all();
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(last_.proved.at(0), HasSubstr("but for 1 that an accepted rewrite of the branch gave up"));
  // Whatever is cut off later is not forgiven, be it the rewrite's own end.
  git::Oid now = tip("deploy");
  move("deploy", first);
  EXPECT_EQ(found(), "commit-missing") << text_of(last_);
  EXPECT_EQ(std::count_if(last_.findings.begin(), last_.findings.end(),
                          [](const Finding& one) { return one.severity == Severity::kError; }),
            2)
      << "release 2, and the tip that was accepted: " << text_of(last_);
  EXPECT_THAT(text_of(last_), HasSubstr("the tip of the rewrite that Olga Ops"));
  // Given up again by another rewrite, it is.
  move("deploy", now);
  ASSERT_TRUE(record().sync(Ctx{}));
  rewind(first);
  accept("once more");
  finish_all();
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(last_.proved.at(0), HasSubstr("but for 2 that accepted rewrites"));
  EXPECT_NE(third, now);
}

TEST_F(Forging, ATargetThatARewriteTookAwayIsNotLaidAtTheDoorOfAnotherCommit) {
  git::Oid second = tip("deploy");
  release_of(kDb, "1");
  rewind(second);
  accept();
  TargetPtr db = record().state()->find(kDb);
  ASSERT_TRUE(db->drift);
  EXPECT_EQ(db->drift->by, "Olga Ops <olga@example.com>");
  ASSERT_TRUE(db->hold);
  EXPECT_THAT(db->hold->because, HasSubstr("by a rewrite of it that Olga Ops <olga@example.com> accepted"));
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(foreign(last_), HasSubstr("local/shop/db: changed by the rewrite of deploy that Olga Ops "
                                        "<olga@example.com> (token olga) accepted (restored from a backup) (the whole "
                                        "target was removed)"));
}

TEST_F(Forging, AReleaseThatARewriteTookBackSaysWhoAcceptedIt) {
  git::Oid first = record().state()->find(kWeb)->find(1)->commit;
  rewind(first);
  accept();
  ReleaseRowPtr live = record().state()->find(kWeb)->live();
  EXPECT_EQ(live->number, 3u);
  EXPECT_EQ(live->adopts, first.hex()) << "the tip that was accepted";
  auto reader = Reader::open(bed_.repository());
  ASSERT_TRUE(reader);
  auto shown = reader->show({kWeb, 3});
  ASSERT_TRUE(shown);
  EXPECT_EQ(shown->trailers.requested_by->str(), "Olga Ops <olga@example.com> (token olga)");
  EXPECT_THAT(shown->message, HasSubstr("Olga Ops <olga@example.com> accepted that the branch was rewritten"));
  finish_all();
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(foreign(last_), HasSubstr("accepted (restored from a backup), taken over as release 3"));
}

TEST_F(Forging, AStrangersCommitInAReleasesPlaceIsAnsweredForByWhoAcceptedIt) {
  git::Oid first = record().state()->find(kWeb)->find(1)->commit;
  git::Oid tree = record().repository().peel_tree(tip("deploy")).value();
  rewind(strangers(first, tree));
  accept();
  finish_all();
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(foreign(last_),
              HasSubstr("local/shop/web: the files of release 2 in a commit of Eve <eve@example.com>, by "
                        "the rewrite of deploy that Olga Ops <olga@example.com> (token olga) accepted"));
  release_of(kWeb, "3");
  EXPECT_EQ(found(), "") << text_of(last_);
  // The same once more, and nobody accepted it.
  git::Oid third = tip("deploy");
  tree = record().repository().peel_tree(third).value();
  move("deploy", strangers(record().repository().commit(third).value().parents[0], tree));
  EXPECT_EQ(found(), "commit-missing not-taken-in") << text_of(last_);
}

TEST_F(Forging, AnAcceptedRewriteAnswersForNoFilesThatTheLedgerDoesNotKnow) {
  // Whoever has the daemon's key accepts other files, and releases over them without a word.
  git::Oid second = tip("deploy");
  git::Oid other = strangers(record().state()->find(kWeb)->find(1)->commit,
                             with_file("deploy", "apps/local/shop/web/values.yaml", "hot: true\n"));
  say(acceptance(other, second));
  move("deploy", other);
  forge_release({.number = 3, .version = "3"});
  EXPECT_EQ(found(), "unrecorded-change") << text_of(last_);
}

TEST_F(Forging, WhoAcceptsARewriteWhereThereWasNoneForgivesNothing) {
  Batch batch;
  batch.taken = {{.target = kWeb, .files = {{application_file(kWeb), "kind: Application\n"}}}};
  ASSERT_FALSE(record().commit(Ctx{}, batch).value().taken[0]);
  git::Oid before = tip("deploy");
  git::Oid fix = strangers(before, with_file("deploy", application_file(kWeb), "evil: true\n"));
  say(acceptance(fix, before));
  move("deploy", fix);
  EXPECT_EQ(found(), "unrecorded-change") << text_of(last_);
}

TEST_F(Forging, ApplicationsComeBackWithTheTakingOnThatARewriteGaveUp) {
  git::Oid before = tip("deploy");
  Batch batch;
  batch.taken = {{.target = kWeb, .files = {{application_file(kWeb), "kind: Application\n"}}}};
  ASSERT_FALSE(record().commit(Ctx{}, batch).value().taken[0]);
  EXPECT_EQ(found(), "");
  rewind(strangers(before, record().repository().peel_tree(tip("deploy")).value()));
  accept();
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(foreign(last_), HasSubstr("argocd/local/shop/web.yaml: changed past the platform"));
  // What somebody changes afterwards nobody accepted.
  hotfix(application_file(kWeb), "kind: Application\nevil: true\n", "Later");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(found(), "unrecorded-change") << text_of(last_);
}

TEST_F(Forging, WhatARewriteGaveUpMayBeMergedBack) {
  git::Oid second = tip("deploy");
  release_of(kWeb, "3");
  git::Oid third = tip("deploy");
  rewind(second);
  accept();
  std::string work = bed_.clone("merger");
  bed_.git({"fetch", "-q", "origin", "refs/tags/*:refs/tags/*"}, work);
  bed_.git({"merge", "-q", "--no-edit", third.hex()}, work);
  bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work);
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(record().state()->find(kWeb)->live()->number, 5u) << "release 3 stands again";
  say(outcome_of(kWeb, 4));
  finish_all();
  EXPECT_EQ(found(), "") << text_of(last_);
}

}  // namespace
}  // namespace autonomous::store
