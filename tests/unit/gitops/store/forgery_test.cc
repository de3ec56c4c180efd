// What a forger with the daemon's key, or a person past the platform, may try; the audit finds exactly that.
#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/store/ledger.h"
#include "tampering.h"

namespace autonomous::store {
namespace {

using model::Entry;
using model::EntryType;
using ::testing::HasSubstr;
using ::testing::Not;

class Forging : public Tampering {
 protected:
  static std::string text_of(const AuditReport& report) { return audit_text(report); }
  std::string work() {
    if (work_.empty()) work_ = bed_.clone("work");
    return work_;
  }
  // Somebody's own commit on deploy; nothing: the file goes.
  void hotfix(const std::string& path, const std::optional<std::string>& content, const std::string& subject) {
    bed_.git({"fetch", "-q", "origin"}, work());
    bed_.git({"reset", "-q", "--hard", "origin/deploy"}, work());
    if (content) {
      ASSERT_TRUE(make_folders((work() + "/" + path).substr(0, (work() + "/" + path).rfind('/')), 0700));
      ASSERT_TRUE(write_file(work() + "/" + path, *content));
      bed_.git({"add", path}, work());
    } else {
      bed_.git({"rm", "-q", path}, work());
    }
    bed_.git({"commit", "-qm", subject}, work());
    bed_.git({"push", "-q", "origin", "HEAD:deploy"}, work());
  }
  void rewind(const git::Oid& to) {
    move("deploy", to);
    EXPECT_FALSE(record().sync(Ctx{}));
  }
  void accept(const std::string& because = "restored from a backup") {
    auto done = record().accept_rewrite(Ctx{}, model::Who{"Olga Ops", "olga@example.com", "token olga"}, because);
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_TRUE(record().sync(Ctx{}));
    bed_.clock().advance(Millis(1000));
  }
  void finish_all() {
    StatePtr now = record().state();
    for (const auto& [target, state] : now->targets) {
      if (ReleaseRowPtr live = state->live(); live && !live->outcome) say(outcome_of(target, live->number));
    }
  }
  void freeze_production() {
    Entry freeze = entry(EntryType::kFreeze);
    freeze.target.reset();
    freeze.scope = "production";
    say(freeze);
  }
  AuditReport run_with(const std::function<void(AuditOptions&)>& change) {
    AuditOptions options;
    options.repository = bed_.repository();
    change(options);
    auto report = audit(Ctx{}, options);
    if (!report) ADD_FAILURE() << report.error().text();
    return report ? *std::move(report) : AuditReport{};
  }
  static std::string foreign(const AuditReport& report) {
    std::string out;
    for (const PastPlatform& change : report.foreign) out += change.line() + "\n";
    return out;
  }
  const Finding* of(std::string_view rule) const {
    for (const Finding& finding : last_.findings) {
      if (finding.rule == rule && finding.severity != Severity::kNote) return &finding;
    }
    return nullptr;
  }
  std::string message(std::string_view rule) const { return of(rule) == nullptr ? "" : of(rule)->message; }
  // A release whose release.yaml names a configuration.
  Draft configured(const model::Target& target, const std::string& version, const git::Oid& commit,
                   const std::string& overlay) {
    Draft draft = draft_of(target, version);
    ReleaseInputs inputs = parse_release_yaml(draft.files["release.yaml"]).value();
    inputs.config_commit = commit.hex();
    inputs.platform_blob = draft.trailers.policy->blob;
    inputs.overlay_blob = overlay;
    draft.files["release.yaml"] = format_release_yaml(inputs);
    draft.trailers.input_digest = input_digest(inputs);
    return draft;
  }
  git::Oid push_overlay(const std::string& text) {
    git::Oid made =
        forge(tip("main"), with_file("main", overlay_file(kWeb), text), "An overlay\n", true, seconds_now());
    move("main", made);
    EXPECT_TRUE(record().sync(Ctx{}));
    return made;
  }
  std::string blob_of(const std::string& text) { return git::hash_object(git::ObjectKind::kBlob, text).hex(); }

 private:
  std::string work_;
};

constexpr std::string_view kSecret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: b}\n";

// ---- adoptions

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

// ---- rewrites that somebody accepted

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

// ---- Secrets

TEST_F(Forging, ASecretIsFoundInAnyStyle) {
  for (auto [version, text] :
       {std::pair("3", std::string(kSecret)),
        std::pair("4", std::string("{\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": "
                                   "{\"name\": \"k\"}, \"stringData\": {\"a\": \"b\"}}\n"))}) {
    Draft draft = draft_of(kWeb, version);
    draft.files["manifests/secret-key.yaml"] = text;
    uint32_t number = commit(draft);
    EXPECT_EQ(found(), "plaintext-secret") << text_of(last_);
    EXPECT_EQ(
        std::count_if(last_.findings.begin(), last_.findings.end(),
                      [&](const Finding& one) { return one.release == number && one.rule == "plaintext-secret"; }),
        1);
  }
}

TEST_F(Forging, ASecretIsJudgedByThePolicyOfEachEnvironmentThatHasIt) {
  std::string allowed = "apiVersion: v1\nkind: Secret\nmetadata: {name: allowed}\nstringData: {a: b}\n";
  Draft prod = prod_draft("3");
  prod.files["manifests/secret-allowed.yaml"] = allowed;
  approve(prod);
  commit(prod);
  EXPECT_EQ(found(), "") << "flow style, and allowed there: " << text_of(last_);
  Draft local = draft_of(kWeb, "3");
  local.files["manifests/secret-allowed.yaml"] = allowed;
  commit(local);
  EXPECT_EQ(found(), "plaintext-secret") << "the same file, where nobody allows it";
  EXPECT_EQ(of("plaintext-secret")->target, "local/shop/web");
}

TEST_F(Forging, ASecretOfAHotfixIsFoundThoughItWentAgain) {
  std::string path = "apps/local/shop/web/manifests/secret-key.yaml";
  hotfix(path, std::string(kSecret), "Just for a moment");
  std::string commit(trim(bed_.git({"rev-parse", "refs/heads/deploy"})));
  EXPECT_EQ(found(), "not-taken-in plaintext-secret") << text_of(last_);
  EXPECT_EQ(of("plaintext-secret")->file, path);
  EXPECT_EQ(of("plaintext-secret")->commit, commit);
  hotfix(path, std::nullopt, "Gone");
  ASSERT_TRUE(record().sync(Ctx{}));
  EXPECT_EQ(found(), "plaintext-secret") << "git keeps it: " << text_of(last_);
}

TEST_F(Forging, ASecretOfAChartThatArgoCdRenders) {
  Draft draft = draft_of(kWeb, "3");
  draft.files.erase("manifests/deployment.apps-web.yaml");
  draft.files["chart/Chart.yaml"] = "apiVersion: v2\nname: web\nversion: 1.0.0\n";
  draft.files["chart/templates/templated.yaml"] = "kind: Secret\nmetadata:\n  {{- .Values.x }}\ndata: [\n";
  commit(draft);
  EXPECT_EQ(found(), "") << text_of(last_);
  EXPECT_THAT(text_of(last_), HasSubstr("Which Secrets the charts of 1 release make"));
  Draft next = draft_of(kWeb, "4");
  next.files["chart/templates/secret.yaml"] = kSecret;
  commit(next);
  EXPECT_EQ(found(), "plaintext-secret") << text_of(last_);
  EXPECT_EQ(of("plaintext-secret")->file, "apps/local/shop/web/chart/templates/secret.yaml");
}

TEST_F(Forging, WhatCannotBeReadIsSaid) {
  Draft draft = draft_of(kWeb, "3");
  draft.files["manifests/configmap-big.yaml"] = "kind: ConfigMap\ndata:\n  x: " + std::string(9u << 20, 'x') + "\n";
  draft.files["manifests/odd.yaml"] = "kind: Secret\ndata: [\n";
  commit(draft);
  EXPECT_EQ(found(), "plaintext-secret");
  EXPECT_TRUE(last_.ok()) << "warnings";
  EXPECT_THAT(text_of(last_), HasSubstr("it is larger than 8 MiB"));
  EXPECT_THAT(text_of(last_), HasSubstr("it is no YAML that can be read"));
}

// ---- times

TEST_F(Forging, ABackdatedReleaseIsFoundAndDoesNotEscapeBySince) {
  bed_.clock().advance(std::chrono::hours(48));
  Time since = bed_.clock().now() - std::chrono::hours(1);
  Forgery forgery{.time = parse_time("2020-01-01T00:00:00Z").value(), .sign_tag = false};
  forge_release(forgery);
  EXPECT_EQ(found(), "tag-signature time-implausible") << text_of(last_);
  AuditReport recent = run_with([&](AuditOptions& options) { options.since = since; });
  EXPECT_EQ(rules(recent), "tag-signature time-implausible") << text_of(recent);
  EXPECT_THAT(recent.proved, ::testing::IsEmpty());
}

TEST_F(Forging, ACommitOfAnotherTimeThanTheLedgersEntry) {
  forge_release({.committed = seconds_now() - 3600});
  EXPECT_EQ(found(), "time-implausible") << text_of(last_);
  EXPECT_THAT(message("time-implausible"), HasSubstr("and its commit 2026-11-25T09:"));
}

TEST_F(Forging, WhatWaitedForTheRemoteIsPlausibleAndAClockMayBeSetByHours) {
  auto judged = [&](std::chrono::hours by) {
    Entry hold = entry(EntryType::kHold);
    hold.target = kWeb;
    hold.time = bed_.clock().now() + by;
    say(hold);
    std::string out = found();
    return out + (last_.ok() ? "" : " NOT whole");
  };
  EXPECT_EQ(judged(std::chrono::hours(-72)), "");
  EXPECT_EQ(judged(std::chrono::hours(12)), "");
  EXPECT_EQ(judged(std::chrono::hours(-24 * 8)), "time-implausible") << "a warning";
  EXPECT_EQ(judged(std::chrono::hours(30)), "time-implausible NOT whole");
}

// ---- what the ledger keeps

TEST_F(Forging, AKeptInputIsWhatItsDigestSays) {
  KeptInput spec{"version: 1\n", {}};
  KeptInput chart{"", {{"Chart.yaml", "name: x\n"}, {".gitmodules", "x\n"}, {"a/b.yaml", "c\n"}}};
  Draft draft = draft_of(kWeb, "3");
  draft.inputs = {{digest_of(spec), spec}, {digest_of(chart), chart}};
  commit(draft);
  EXPECT_EQ(found(), "") << text_of(last_);
  // A file that comes to a folder later changes what a digest means.
  forge_ledger(input_path(digest_of(chart)).value() + "/templates/evil.yaml", "x\n");
  EXPECT_EQ(found(), "input-differs");
  EXPECT_EQ(of("input-differs")->file, input_path(digest_of(chart)).value());
  Draft next = draft_of(kWeb, "4");
  std::string wrong = "sha256:" + std::string(64, 'a');
  next.inputs = {{wrong, spec}};
  ASSERT_TRUE(record().sync(Ctx{}));
  commit(next);
  EXPECT_EQ(found(), "input-differs");
  EXPECT_EQ(std::count_if(last_.findings.begin(), last_.findings.end(),
                          [](const Finding& one) { return one.rule == "input-differs"; }),
            2);
}

TEST_F(Forging, AFileThatIsWrittenOnce) {
  forge_ledger("README.md", "Nothing to see here.\n");
  EXPECT_EQ(found(), "ledger-rewritten");
  EXPECT_THAT(message("ledger-rewritten"), HasSubstr("a file was changed that is written once"));
}

// ---- the configuration

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

TEST_F(Forging, TheEvidenceHasConfigurationsFailuresAndTimes) {
  std::string text = "env: {A: b}\n";
  bed_.clock().advance(std::chrono::hours(1));
  git::Oid main = push_overlay(text);
  commit(configured(kWeb, "3", main, blob_of(text)));
  release_of(kWeb, "4");
  Draft back = draft_of(kWeb, "3");
  back.files.clear();
  back.restore = 3;
  back.trailers.trigger = model::Trigger::kRollback;
  back.trailers.input_digest = record().state()->find(kWeb)->find(3)->input_digest;
  commit(back);
  Entry failed = entry(EntryType::kFailed);
  failed.target = kWeb;
  failed.step = "render";
  failed.reason = "line 3: no such value";
  failed.source = model::SourceFact{"https://git.example.com/shop.git", std::string(40, 'c'), "refs/heads/main"};
  say(failed);
  Time before = bed_.clock().now();
  bed_.clock().advance(std::chrono::hours(1));
  hotfix("apps/local/shop/web/values.yaml", "hot: true\n", "hotfix");
  ASSERT_TRUE(record().sync(Ctx{}));
  AuditReport all = run_with([](AuditOptions& options) { options.evidence = true; });
  ASSERT_EQ(all.evidence.releases.size(), 5u);
  EXPECT_EQ(all.evidence.releases[2].config_commit, main.hex());
  EXPECT_EQ(all.evidence.releases[2].config_overlay, blob_of(text));
  EXPECT_EQ(all.evidence.releases[2].build, "not known: no build by the platform");
  ASSERT_EQ(all.evidence.policies.size(), 2u);
  EXPECT_EQ(all.evidence.policies[0].commit, main.hex());
  EXPECT_EQ(all.evidence.policies[0].files, std::vector<std::string>{"config/local/shop/web.yaml"});
  ASSERT_EQ(all.evidence.failed.size(), 1u);
  EXPECT_EQ(all.evidence.failed[0].reason, "line 3: no such value");
  ASSERT_EQ(all.foreign.size(), 1u);
  EXPECT_EQ(all.foreign[0].target, "local/shop/web");
  std::string html = evidence_html(all);
  for (const std::string& word :
       {"that of local/shop/web/3 again: commit of main " + main.hex(),
        std::string("not known: release.yaml names none"), std::string("<td>config/local/shop/web.yaml</td>"),
        std::string("<td>line 3: no such value</td>"), std::string("<td>not known: no build by the platform</td>")})
    EXPECT_THAT(html, HasSubstr(word));
  std::string csv = evidence_csv(all), json = evidence_json(all);
  EXPECT_THAT(csv, HasSubstr("," + main.hex() + ","));
  EXPECT_THAT(json, HasSubstr("\"config_overlay\": \"" + blob_of(text) + "\""));
  EXPECT_THAT(json, HasSubstr("\"reason\": \"line 3: no such value\""));
  AuditReport early = run_with([&](AuditOptions& options) {
    options.evidence = true;
    options.to = before;
  });
  EXPECT_EQ(early.foreign.size(), 0u) << "made after the span";
  EXPECT_EQ(early.evidence.failed.size(), 1u);
  AuditReport late = run_with([&](AuditOptions& options) {
    options.evidence = true;
    options.from = before;
  });
  EXPECT_EQ(late.foreign.size(), 1u);
  EXPECT_EQ(late.evidence.failed.size(), 0u);
  EXPECT_EQ(late.evidence.policies.size(), 0u);
}

// ---- past the platform

TEST_F(Forging, AReleaseThatWentOverAHotfixWithoutAWord) {
  hotfix("apps/local/shop/web/values.yaml", "hot: true\n", "hotfix");
  forge_release({});
  EXPECT_EQ(found(), "unrecorded-change") << text_of(last_);
  EXPECT_THAT(message("unrecorded-change"), HasSubstr("a release went over it without a word"));
  EXPECT_EQ(of("unrecorded-change")->release, 3u);
}

}  // namespace
}  // namespace autonomous::store
