#include "plugins/ports/live.h"

#include <gtest/gtest.h>

namespace autonomous::ports {
namespace {

using Verdict = Live::Verdict;

const std::string kBefore(40, '0'), kOurs(40, '1'), kLater(40, '2'), kOther(40, '3'), kForeign(40, 'f');
const Time kNow{Millis(1'000'000)};

// The branch: before ← ours ← later (another target's release) ← other (this target's next).
History branch() {
  auto place = [](const std::string& oid) {
    const std::string order[] = {kBefore, kOurs, kLater, kOther};
    return std::find(std::begin(order), std::end(order), oid) - std::begin(order);
  };
  return {[=](const std::string& commit, const std::string& revision) {
            return place(revision) < 4 && place(revision) >= place(commit);
          },
          [](const std::string& revision) -> std::string {
            if (revision == kBefore) return "old-tree";
            if (revision == kOther) return "new-tree";
            return revision == kForeign ? "" : "tree";
          }};
}

const Source kSource{"http://localhost:7300/git/gitops.git", "apps/local/shop/web", "refs/heads/deploy"};
const ResourceId kDeployment{"apps", "Deployment", "", "web"}, kService{"", "Service", "", "web"};

Released released() {
  return {"local.shop.web", kOurs, "tree", kSource, {kDeployment, kService}, kNow + Millis(60'000)};
}

ResourceStatus in(const std::string& ns, ResourceId id, Sync sync = Sync::kSynced, Health health = Health::kHealthy,
                  std::string message = "") {
  id.ns = ns;
  return {id, sync, health, true, std::move(message)};
}

// Everything as it is when a release is live.
AppStatus live_status() {
  AppStatus status;
  status.found = true;
  status.name = "local.shop.web";
  status.source = status.compared = kSource;
  status.sync = Sync::kSynced;
  status.revision = status.operation_revision = kOurs;
  status.health = Health::kHealthy;
  status.health_since = kNow - Millis(60'000);
  status.operation = Operation::kSucceeded;
  status.resources = {in("shop-local", kDeployment), in("shop-local", kService)};
  return status;
}

using Change = std::function<void(AppStatus&)>;

Live after(const Change& change, Time now = kNow) {
  AppStatus status = live_status();
  change(status);
  return judge(released(), status, branch(), now);
}

void assert_live(const char* name, const Change& change, Live expected) {
  const Live live = after(change);
  EXPECT_EQ(static_cast<int>(live.verdict), static_cast<int>(expected.verdict)) << name << ": " << live.why;
  EXPECT_EQ(live.why, expected.why) << name;
  EXPECT_EQ(live.resource, expected.resource) << name;
  EXPECT_EQ(live.message, expected.message) << name;
}

TEST(Judge, HealthyOnlyWhenAllIsSo) {
  assert_live("as it should be", [](AppStatus&) {}, {Verdict::kHealthy, "", "", ""});
  assert_live("at a later commit with the same tree", [](AppStatus& s) { s.revision = kLater; },
              {Verdict::kHealthy, "", "", ""});
  assert_live("URL written otherwise", [](AppStatus& s) { s.compared.repo = "http://localhost:7300/git/gitops/"; },
              {Verdict::kHealthy, "", "", ""});
  assert_live("no sync was needed", [](AppStatus& s) { s.operation = Operation::kNone, s.operation_revision = ""; },
              {Verdict::kHealthy, "", "", ""});
  assert_live("an older sync failed",
              [](AppStatus& s) { s.operation = Operation::kFailed, s.operation_revision = kBefore; },
              {Verdict::kHealthy, "", "", ""});
  assert_live("more resources than ours",
              [](AppStatus& s) {
                s.resources.push_back(in("", {"", "Namespace", "", "shop"}));
              },
              {Verdict::kHealthy, "", "", ""});
}

TEST(Judge, WhatIsNotThereYetIsWaitedFor) {
  EXPECT_EQ(judge(released(), std::nullopt, branch(), kNow).verdict, Verdict::kProgressing);
  assert_live("no such Application", [](AppStatus& s) { s.found = false; },
              {Verdict::kProgressing, "the reconciler has no Application local.shop.web yet", "", ""});
  assert_live("no such Application, because of its root",
              [](AppStatus& s) {
                s.found = false, s.conditions = {{"ComparisonError", "no such repository"}};
              },
              {Verdict::kProgressing,
               "the reconciler has no Application local.shop.web yet: ComparisonError: no such repository", "",
               "ComparisonError: no such repository"});
  assert_live("another path", [](AppStatus& s) { s.source.path = "apps/x"; },
              {Verdict::kProgressing,
               "the Application follows another source: http://localhost:7300/git/gitops.git apps/x refs/heads/deploy",
               "", ""});
  assert_live("compared with another source", [](AppStatus& s) { s.compared.revision = "main"; },
              {Verdict::kProgressing, "the Application wasn't compared with our source yet", "", ""});
  assert_live("never compared", [](AppStatus& s) { s.compared = {}, s.revision = ""; },
              {Verdict::kProgressing, "the Application wasn't compared with our source yet", "", ""});
  assert_live("an older revision", [](AppStatus& s) { s.revision = kBefore; },
              {Verdict::kProgressing, "compared at 0000000, which doesn't hold the release yet", "", ""});
  assert_live("a revision that we don't know", [](AppStatus& s) { s.revision = kForeign; },
              {Verdict::kProgressing, "compared at fffffff, which doesn't hold the release yet", "", ""});
  assert_live("no revision", [](AppStatus& s) { s.revision = ""; },
              {Verdict::kProgressing, "compared at no revision, which doesn't hold the release yet", "", ""});
}

TEST(Judge, NewerAndDifferentIsSuperseded) {
  const Live expected{Verdict::kSuperseded, "the target's files are other ones at 3333333", "", ""};
  assert_live(
      "healthy", [](AppStatus& s) { s.revision = kOther; }, expected);
  assert_live(
      "even when it fails", [](AppStatus& s) { s.revision = kOther, s.operation = Operation::kFailed; }, expected);
}

TEST(Judge, AnApplicationWithoutResourcesIsNotHealthy) {
  assert_live(
      "Synced and Healthy, but empty", [](AppStatus& s) { s.resources.clear(); },
      {Verdict::kProgressing, "the Application doesn't hold apps/Deployment web yet", "apps/Deployment web", ""});
  assert_live("one is missing", [](AppStatus& s) { s.resources.pop_back(); },
              {Verdict::kProgressing, "the Application doesn't hold Service web yet", "Service web", ""});
  Released elsewhere = released();
  elsewhere.manifests = {{"", "Service", "other", "web"}};
  EXPECT_EQ(judge(elsewhere, live_status(), branch(), kNow).resource, "Service other/web");
  elsewhere.manifests.clear();
  AppStatus empty = live_status();
  empty.resources.clear();
  EXPECT_EQ(judge(elsewhere, empty, branch(), kNow).verdict, Verdict::kHealthy) << "a release without workloads";
}

TEST(Judge, AMissingPathIsUnknownAndHealthyButNotLive) {
  assert_live("with its condition",
              [](AppStatus& s) {
                s.sync = Sync::kUnknown;
                s.resources.clear();
                s.conditions = {{"ComparisonError", "app path does not exist"}};
              },
              {Verdict::kProgressing, "ComparisonError: app path does not exist", "",
               "ComparisonError: app path does not exist"});
  assert_live("before it had a revision",
              [](AppStatus& s) {
                s.sync = Sync::kUnknown;
                s.revision = "";
                s.conditions = {{"ComparisonError", "repository not accessible"}};
              },
              {Verdict::kProgressing, "ComparisonError: repository not accessible", "",
               "ComparisonError: repository not accessible"});
  assert_live("without one", [](AppStatus& s) { s.sync = Sync::kUnknown; },
              {Verdict::kProgressing, "whether it is in sync is unknown", "", ""});
}

TEST(Judge, ARunningOperationIsWaitedFor) {
  assert_live("running",
              [](AppStatus& s) { s.operation = Operation::kRunning, s.operation_message = "waiting for hooks"; },
              {Verdict::kProgressing, "syncing: waiting for hooks", "", ""});
  assert_live("asked for", [](AppStatus& s) { s.operation_waits = true; }, {Verdict::kProgressing, "syncing", "", ""});
  assert_live("terminating", [](AppStatus& s) { s.operation = Operation::kTerminating; },
              {Verdict::kProgressing, "syncing", "", ""});
}

TEST(Judge, AFailedSyncFails) {
  auto break_it = [](AppStatus& s) {
    s.operation = Operation::kFailed;
    s.operation_message = "one or more objects failed to apply";
    s.sync = Sync::kOutOfSync;
  };
  assert_live("without details", break_it,
              {Verdict::kFailed, "the sync failed: one or more objects failed to apply", "",
               "one or more objects failed to apply"});
  assert_live(
      "with the resource",
      [&](AppStatus& s) {
        break_it(s);
        s.operation_results = {in("shop-local", kService, Sync::kOutOfSync, Health::kUnknown, "port 0 is invalid")};
      },
      {Verdict::kFailed, "the sync failed: Service shop-local/web: port 0 is invalid", "Service shop-local/web",
       "port 0 is invalid"});
  assert_live(
      "at a later commit with our tree",
      [&](AppStatus& s) { break_it(s), s.revision = s.operation_revision = kLater, s.operation = Operation::kError; },
      {Verdict::kFailed, "the sync failed: one or more objects failed to apply", "",
       "one or more objects failed to apply"});
  assert_live("of the release before", [&](AppStatus& s) { break_it(s), s.operation_revision = kBefore; },
              {Verdict::kProgressing, "OutOfSync: waits for the sync", "", ""});
}

TEST(Judge, OutOfSyncNamesTheResource) {
  assert_live("before the sync",
              [](AppStatus& s) {
                s.sync = Sync::kOutOfSync, s.operation_revision = kBefore;
                s.resources[0].sync = Sync::kOutOfSync;
              },
              {Verdict::kProgressing, "waits for the sync of apps/Deployment shop-local/web",
               "apps/Deployment shop-local/web", ""});
  auto stuck = [](AppStatus& s) { s.sync = s.resources[0].sync = Sync::kOutOfSync; };
  const std::string hint = "something changes it back, or it holds a field that the cluster doesn't keep";
  assert_live("after a successful one", stuck,
              {Verdict::kProgressing, "OutOfSync although the sync succeeded: apps/Deployment shop-local/web",
               "apps/Deployment shop-local/web", hint});
  const Live late = after(stuck, released().deadline);
  EXPECT_EQ(late.verdict, Verdict::kFailed);
  EXPECT_EQ(late.resource, "apps/Deployment shop-local/web");
}

TEST(Judge, HealthNamesTheResource) {
  auto sick = [](Health health) {
    return [health](AppStatus& s) {
      s.health = s.resources[0].health = health;
      s.resources[0].message = "1 of 2 updated";
    };
  };
  const std::string web = "apps/Deployment shop-local/web";
  assert_live("progressing", sick(Health::kProgressing),
              {Verdict::kProgressing, web + " is Progressing: 1 of 2 updated", web, "1 of 2 updated"});
  assert_live("missing", sick(Health::kMissing),
              {Verdict::kProgressing, web + " is Missing: 1 of 2 updated", web, "1 of 2 updated"});
  assert_live("suspended", sick(Health::kSuspended),
              {Verdict::kProgressing, web + " is Suspended: 1 of 2 updated", web, "1 of 2 updated"});
  assert_live("unknown is never healthy", sick(Health::kUnknown),
              {Verdict::kProgressing, web + " is Unknown: 1 of 2 updated", web, "1 of 2 updated"});
  assert_live("degraded", sick(Health::kDegraded),
              {Verdict::kFailed, web + " is Degraded: 1 of 2 updated", web, "1 of 2 updated"});
  assert_live("degraded, but nobody says which",
              [](AppStatus& s) { s.health = Health::kDegraded, s.health_message = "cache"; },
              {Verdict::kFailed, "Degraded: cache", "", "cache"});
}

TEST(Judge, DegradedForAMomentIsWaitedFor) {
  auto just_now = [](AppStatus& s) {
    s.health = Health::kDegraded, s.health_since = kNow - kDegradedLasts + Millis(1);
  };
  EXPECT_EQ(after(just_now).verdict, Verdict::kProgressing);
  EXPECT_EQ(after(just_now, kNow + Millis(1)).verdict, Verdict::kFailed);
}

TEST(Judge, TheDeadlineEndsEveryWait) {
  const Time deadline = released().deadline;
  EXPECT_EQ(after([](AppStatus& s) { s.found = false; }, deadline - Millis(1)).verdict, Verdict::kProgressing);
  const Live late = after([](AppStatus& s) { s.found = false; }, deadline);
  EXPECT_EQ(late.verdict, Verdict::kFailed);
  EXPECT_EQ(late.why, "not live by the deadline: the reconciler has no Application local.shop.web yet");
  EXPECT_EQ(judge(released(), std::nullopt, branch(), deadline).verdict, Verdict::kFailed);
  EXPECT_EQ(after([](AppStatus&) {}, deadline).verdict, Verdict::kHealthy) << "healthy is healthy, however late";
  EXPECT_EQ(after([](AppStatus& s) { s.revision = kOther; }, deadline).verdict, Verdict::kSuperseded);
}

// What a chart makes in the reconciler isn't known before; nothing at all is never a live release.
TEST(Judge, AnApplicationWithoutResourcesIsNotLiveWhereTheReconcilerRenders) {
  Released ours = released();
  ours.manifests.clear();
  ours.renders = true;
  AppStatus status = live_status();
  EXPECT_EQ(judge(ours, status, branch(), kNow).verdict, Verdict::kHealthy);
  status.resources.clear();
  Live waits = judge(ours, status, branch(), kNow);
  EXPECT_EQ(waits.verdict, Verdict::kProgressing);
  EXPECT_EQ(judge(ours, status, branch(), ours.deadline).verdict, Verdict::kFailed);
  ours.renders = false;  // a release without workloads: it is retired
  EXPECT_EQ(judge(ours, status, branch(), kNow).verdict, Verdict::kHealthy);
}

}  // namespace
}  // namespace autonomous::ports
