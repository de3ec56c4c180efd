// Decisions as the ledger keeps them: what is open, what ends it, and that no release goes past them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "bed.h"
#include "gitops/store/index.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;

class Decisions : public ::testing::Test {
 protected:
  void SetUp() override { bed_.open(); }
  Record& record() { return bed_.record(); }
  TargetPtr web() { return record().state()->find(kWeb); }
  void say(Entry entry) {
    if (entry.time == Time{}) entry.time = bed_.clock().now();
    Batch batch;
    batch.entries = {std::move(entry)};
    auto done = record().commit(Ctx{}, std::move(batch));
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_FALSE(done->entries) << done->entries->text();
    bed_.clock().advance(Millis(1000));
  }
  static Entry entry(EntryType type, const std::string& id = "") {
    Entry out;
    out.type = type;
    out.target = kWeb;
    out.id = id;
    out.by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
    out.because = "because";
    return out;
  }
  Entry proposal(const std::string& id, const Draft& draft) {
    Entry out = entry(EntryType::kPropose, id);
    out.artifact = draft.artifact;
    out.input_digest = draft.trailers.input_digest;
    out.tree = tree_of_files(draft.files).value().hex();
    out.intent = draft.intent;
    return out;
  }
  Entry approval(const std::string& id, const std::string& name) {
    Entry out = entry(EntryType::kApprove, id);
    out.by = model::Who{name, name + "@example.com", "socket uid 1000"};
    return out;
  }
  std::string stale(const Draft& draft) {
    auto done = record().commit(Ctx{}, batch_of({draft}));
    if (!done) return done.error().text();
    const auto* why = std::get_if<Stale>(&done->drafts[0]);
    return why != nullptr ? why->why : "not stale";
  }

  Bed bed_;
};

TEST_F(Decisions, AProposalIsOpenUntilItsReleaseIsMade) {
  Draft draft = push_draft(record(), kWeb, "1");
  say(proposal("p1", draft));
  ASSERT_TRUE(web()->proposal);
  EXPECT_TRUE(record().state()->proposals.contains(kWeb));
  say(approval("p1", "ann"));
  say(approval("p1", "bob"));
  say(approval("p1", "ann"));
  say(approval("other", "eve"));
  EXPECT_EQ(web()->proposal->approvals.size(), 2u) << "a person's last word, and only to this proposal";
  draft.proposal = "p1";
  draft.trailers.approved_by = {model::Who{"ann", "ann@example.com", "attested by the daemon: socket uid 1000"}};
  auto done = record().commit(Ctx{}, batch_of({draft}));
  ASSERT_TRUE(done);
  ASSERT_TRUE(std::holds_alternative<Released>(done->drafts[0]));
  EXPECT_FALSE(web()->proposal);
  EXPECT_TRUE(record().state()->proposals.empty());
  EXPECT_THAT(bed_.git({"log", "-1", "--format=%B", "deploy"}),
              HasSubstr("Approved-By: ann <ann@example.com> (attested by the daemon: socket uid 1000)"));
  // Another daemon, with nothing but the repository, folds the same.
  Reader reader = Reader::open(bed_.repository()).value();
  EXPECT_FALSE(reader.state().value()->find(kWeb)->proposal);
}

TEST_F(Decisions, AReleaseOfSomethingElseLeavesItOpen) {
  say(proposal("p1", push_draft(record(), kWeb, "1")));
  EXPECT_EQ(release(record(), kWeb, "2"), 1u);
  EXPECT_TRUE(web()->proposal);
}

TEST_F(Decisions, RejectionAndCancellationEndIt) {
  for (EntryType end : {EntryType::kReject, EntryType::kCancel}) {
    Draft draft = push_draft(record(), kWeb, "1");
    say(proposal("p1", draft));
    Entry other = entry(end, "p0");
    say(other);
    EXPECT_TRUE(web()->proposal) << "another one was meant";
    say(entry(end, "p1"));
    EXPECT_FALSE(web()->proposal);
    draft.proposal = "p1";
    EXPECT_THAT(stale(draft), HasSubstr("no longer proposed"));
  }
}

TEST_F(Decisions, ANewProposalVoidsTheApprovalsOfTheOneBefore) {
  say(proposal("p1", push_draft(record(), kWeb, "1")));
  say(approval("p1", "ann"));
  say(proposal("p2", push_draft(record(), kWeb, "2")));
  EXPECT_EQ(web()->proposal->entry.id, "p2");
  EXPECT_TRUE(web()->proposal->approvals.empty());
}

TEST_F(Decisions, WhatWasAskedForIsOpenUntilItIsDoneOrTakenBack) {
  auto ask = [](const std::string& id, const std::string& intent) {
    Entry out = entry(EntryType::kAsk, id);
    out.trigger = model::Trigger::kRequest;
    out.intent = intent;
    out.artifact = "artifact-1";
    return out;
  };
  say(ask("a1", "deploy-1"));
  say(ask("a1", "deploy-1"));  // its answer was lost
  say(ask("a2", "deploy-2"));
  say(ask("a3", "deploy-3"));
  say(ask("a4", ""));  // a promotion
  ASSERT_EQ(web()->asked.size(), 4u);
  EXPECT_TRUE(record().state()->asked.contains(kWeb));
  StatePtr then = record().state()->at(bed_.clock().now());
  EXPECT_EQ(then->find(kWeb)->asked.size(), 4u);
  auto packed = parse_index(index_bytes(*record().state()).value());
  ASSERT_TRUE(packed) << packed.error().text();
  EXPECT_EQ((*packed)->find(kWeb)->asked, web()->asked);
  EXPECT_TRUE((*packed)->asked.contains(kWeb));
  Draft draft = push_draft(record(), kWeb, "1");
  draft.intent = "deploy-1";
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft})));
  EXPECT_EQ(web()->asked.size(), 3u) << "another intent with the same artifact is not done by it";
  say(entry(EntryType::kCancel, "a2"));
  Entry failed = entry(EntryType::kFailed);
  failed.intent = "deploy-3";
  failed.step = "render";
  say(failed);
  ASSERT_EQ(web()->asked.size(), 1u);
  Entry proposed = entry(EntryType::kPropose, "p1");
  proposed.artifact = "artifact-1";
  proposed.tree = std::string(40, 'd');
  say(proposed);
  EXPECT_TRUE(web()->asked.empty()) << "the proposal holds all of it from here on";
  EXPECT_TRUE(record().state()->asked.empty());
  EXPECT_TRUE(record().state()->at(bed_.clock().now())->asked.empty());
  Reader reader = Reader::open(bed_.repository()).value();
  EXPECT_TRUE(reader.state().value()->asked.empty());
}

TEST_F(Decisions, AnAskThatComesAfterItsReleaseIsNotOpenForEver) {
  Draft draft = push_draft(record(), kWeb, "1");
  draft.intent = "deploy-1";
  ASSERT_TRUE(record().commit(Ctx{}, batch_of({draft})));
  Entry ask = entry(EntryType::kAsk, "a1");
  ask.trigger = model::Trigger::kRequest;
  ask.intent = "deploy-1";
  say(ask);
  EXPECT_TRUE(web()->asked.empty());
  ask.intent = "deploy-2";
  say(ask);
  EXPECT_EQ(web()->asked.size(), 1u);
}

TEST_F(Decisions, AFreezeOfTheSameMomentStopsARelease) {
  Entry freeze = entry(EntryType::kFreeze);
  freeze.scope = "local";
  freeze.target.reset();
  freeze.time = bed_.clock().now();
  Batch batch = batch_of({push_draft(record(), kWeb, "1")});
  batch.entries = {freeze};
  auto done = record().commit(Ctx{}, std::move(batch));
  ASSERT_TRUE(done);
  ASSERT_TRUE(std::holds_alternative<Stale>(done->drafts[0]));
  EXPECT_THAT(std::get<Stale>(done->drafts[0]).why, HasSubstr("local is frozen by Jane Doe"));
  Draft emergency = push_draft(record(), kWeb, "1");
  emergency.past_freeze = true;
  EXPECT_EQ(stale(emergency), "not stale");
  Entry thaw = entry(EntryType::kUnfreeze);
  thaw.scope = "local";
  say(thaw);
  EXPECT_EQ(release(record(), kWeb, "2"), 2u);
}

// Two daemons by mistake: the second one's hold or freeze is in force as soon as its push was accepted.
TEST_F(Decisions, NoReleaseRacesPastAnotherDaemonsDecision) {
  release(record(), kWeb, "1");
  RecordConfig config = bed_.config();
  config.journal = bed_.path("journal-2");
  auto other = Record::open(Ctx{}, config, bed_.clock());
  ASSERT_TRUE(other);
  for (EntryType type : {EntryType::kHold, EntryType::kFreeze}) {
    Draft draft = push_draft(record(), kWeb, "2");  // computed before the decision
    Entry decided = entry(type);
    decided.time = bed_.clock().now();
    Batch batch;
    batch.entries = {decided};
    auto said = (*other)->commit(Ctx{}, std::move(batch));
    ASSERT_TRUE(said) << said.error().text();
    EXPECT_NE(stale(draft), "not stale");
    EXPECT_EQ(web()->last_number, 1u);
    say(entry(type == EntryType::kHold ? EntryType::kResume : EntryType::kUnfreeze));
    ASSERT_TRUE((*other)->sync(Ctx{}));
  }
}

TEST_F(Decisions, BrokenGlassLastsUntilTheNextRelease) {
  Entry glass = entry(EntryType::kBreakGlass);
  glass.until = bed_.clock().now() + std::chrono::hours(1);
  say(glass);
  EXPECT_NE(web()->glass_broken(bed_.clock().now()), nullptr);
  EXPECT_EQ(web()->glass_broken(*glass.until), nullptr);
  release(record(), kWeb, "1");
  EXPECT_EQ(web()->glass_broken(bed_.clock().now()), nullptr);
}

TEST_F(Decisions, ThePastIsFoldedFromTheSameEntries) {
  std::vector<std::pair<Time, std::string>> moments;
  auto describe = [](const State& state) {
    TargetPtr web = state.find(kWeb);
    if (!web) return std::string("nothing");
    std::string out = std::to_string(web->last_number);
    if (web->proposal) out += " " + web->proposal->entry.id + "+" + std::to_string(web->proposal->approvals.size());
    if (web->broken_glass) out += " glass";
    if (web->hold) out += " held";
    if (web->orphaned) out += " orphaned";
    if (web->drift) out += " drift " + web->drift->by;
    if (web->moved_away) out += " moved to " + web->moved_away->to.str();
    for (const Entry& ask : web->asked) out += " asked " + ask.id;
    if (state.is_bad("artifact-1")) out += " bad";
    if (state.freezes.contains("local")) out += " frozen";
    if (state.proposals.contains(kWeb) != web->proposal.has_value()) out += " WRONG";
    return out;
  };
  auto note = [&] {
    moments.emplace_back(bed_.clock().now(), describe(*record().state()));
    bed_.clock().advance(Millis(5000));
  };
  Draft draft = push_draft(record(), kWeb, "1");
  say(proposal("p1", draft));
  note();
  say(approval("p1", "ann"));
  note();
  release(record(), kWeb, "1");
  note();
  say(entry(EntryType::kBreakGlass));
  note();
  say(proposal("p2", push_draft(record(), kWeb, "2")));
  note();
  say(entry(EntryType::kHold));
  Entry bad = entry(EntryType::kMarkBad);
  bad.artifact = "artifact-1";
  say(bad);
  note();
  say(entry(EntryType::kReject, "p2"));
  Entry freeze = entry(EntryType::kFreeze);
  freeze.scope = "local";
  say(freeze);
  note();
  // What ended since.
  Entry ask = entry(EntryType::kAsk, "a1");
  ask.trigger = model::Trigger::kRequest;
  ask.intent = "deploy-1";
  say(ask);
  Entry orphaned = entry(EntryType::kOrphaned);
  orphaned.reason = "gone from the spec";
  say(orphaned);
  note();
  Entry drift = entry(EntryType::kDrift);
  drift.author = "Eve";
  drift.commit = std::string(40, 'e');
  drift.tree = std::string(40, 'f');
  say(drift);
  Entry failed = entry(EntryType::kFailed);
  failed.intent = "deploy-1";
  say(failed);
  say(entry(EntryType::kFound));
  note();
  say(entry(EntryType::kResume));
  Entry thaw = entry(EntryType::kUnfreeze);
  thaw.scope = "local";
  say(thaw);
  Entry fine = entry(EntryType::kUnmark);
  fine.artifact = "artifact-1";
  say(fine);
  release(record(), kWeb, "3");
  note();
  Entry away = entry(EntryType::kMoved);
  away.origin = "local/shop/site";
  away.removed = true;
  say(away);
  note();
  EXPECT_EQ(moments[7].second, "1 glass held orphaned asked a1 bad frozen");
  EXPECT_EQ(moments[8].second, "1 glass held drift Eve bad frozen");
  EXPECT_EQ(moments[9].second, "2");
  EXPECT_EQ(moments[10].second, "2 moved to local/shop/site");
  EXPECT_EQ(moments[1].second, "0 p1+1");
  EXPECT_EQ(moments[2].second, "1");
  EXPECT_EQ(moments[5].second, "1 p2+0 glass held bad");
  StatePtr now = Reader::open(bed_.repository()).value().state().value();
  for (const auto& [time, was] : moments) EXPECT_EQ(describe(*now->at(time)), was) << format_time(time);
}

}  // namespace
}  // namespace autonomous::store
