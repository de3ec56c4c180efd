// A good history and a forger's tools: commits, tags and lines of the ledger that fit each other, signed with the
// daemon's key where a test says so.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "auditing.h"
#include "bed.h"
#include "gitops/base/text.h"
#include "gitops/model/approval.h"

namespace autonomous::store {

inline constexpr std::string_view kTamperPolicy = R"(version: 1
people:
  lena: {name: Lena Lead, email: lena@example.com, keys: ["LENA"]}
roles:
  approver: {can: [approve], members: [user:lena]}
environments:
  local: {from: branch main}
  production:
    from: local
    approvals: {count: 1, from: approver, not: [author, requester]}
    rollback: {approvals: 0}
    freeze: [{weekly: Fri 16:00-Mon 06:00, zone: Europe/Berlin}]
    ticket: "CHG[0-9]+"
    policies: {plaintext-secrets: [allowed]}
)";
inline const model::Target kProd{"production", "shop", "web"};

class Tampering : public ::testing::Test {
 protected:
  void SetUp() override {
    lena_ = std::make_unique<git::Signer>(git::Signer::load_or_make(bed_.path("lena")).value());
    RecordConfig config = bed_.config();
    config.platform_yaml = std::string(kTamperPolicy);
    config.platform_yaml.replace(config.platform_yaml.find("LENA"), 4, lena_->public_line());
    bed_.open(config);
    bed_.clock().set(parse_time("2026-11-25T10:00:00Z").value());  // a Wednesday
    release_of(kWeb, "1");
    release_of(kWeb, "2");
  }
  Record& record() { return bed_.record(); }

  // ---- good things
  Draft draft_of(const model::Target& target, const std::string& version) {
    Draft draft = push_draft(record(), target, version);
    auto blob = record().repository().entry(record().main(), kPlatformFile).value().oid.hex();
    draft.trailers.policy = model::PolicyFact{record().main().hex(), blob};
    draft.files["manifests/deployment.apps-" + target.app + ".yaml"] +=
        "spec:\n  containers:\n  - image: " + draft.trailers.images[0].reference + "\n";
    return draft;
  }
  uint32_t commit(const Draft& draft) {
    auto done = record().commit(Ctx{}, batch_of({draft}));
    EXPECT_TRUE(done) << done.error().text();
    const auto* released = done ? std::get_if<Released>(&done->drafts[0]) : nullptr;
    EXPECT_NE(released, nullptr);
    if (released == nullptr) return 0;
    say(outcome_of(draft.target, released->number));
    bed_.clock().advance(Millis(10'000));
    return released->number;
  }
  uint32_t release_of(const model::Target& target, const std::string& version) {
    return commit(draft_of(target, version));
  }
  void say(model::Entry entry) {
    if (entry.time == Time{}) entry.time = bed_.clock().now();
    Batch batch;
    batch.entries = {std::move(entry)};
    auto done = record().commit(Ctx{}, std::move(batch));
    ASSERT_TRUE(done) << done.error().text();
    ASSERT_FALSE(done->entries) << done->entries->text();
    bed_.clock().advance(Millis(1000));
  }
  model::Entry entry(model::EntryType type) {
    model::Entry out;
    out.type = type;
    out.target = kProd;
    out.time = bed_.clock().now();
    out.by = model::Who{"Carl", "carl@example.com", "token carl"};
    out.because = "a reason";
    return out;
  }
  // A production release of `version`, as it would be proposed.
  Draft prod_draft(const std::string& version) {
    Draft draft = draft_of(kProd, version);
    draft.trailers.trigger = model::Trigger::kPromotion;
    draft.trailers.requested_by = model::Who{"Carl", "carl@example.com", "token carl"};
    draft.trailers.ticket = "CHG1";
    return draft;
  }
  model::Entry proposal_of(const Draft& draft) {
    model::Entry out = entry(model::EntryType::kPropose);
    out.id = "0123456789ab";
    out.artifact = draft.artifact;
    out.input_digest = draft.trailers.input_digest;
    out.tree = tree_of_files(draft.files).value().hex();
    out.author = "Jane Doe <jane@example.com>";
    return out;
  }
  model::Entry approval_of(const model::Entry& proposal, bool sign) {
    model::Entry out = entry(model::EntryType::kApprove);
    out.id = proposal.id;
    out.artifact = proposal.artifact;
    out.input_digest = proposal.input_digest;
    out.tree = proposal.tree;
    out.role = "approver";
    out.until = bed_.clock().now() + std::chrono::hours(24);
    out.by = model::Who{"Lena Lead", "lena@example.com", "token lena"};
    if (sign) {
      out.signature = lena_->sign(model::approval_text(proposal, *out.until), model::kApprovalNamespace).value();
      out.by->how = "signed " + lena_->fingerprint();
    }
    return out;
  }
  void approve(Draft& draft, bool sign = false) {
    model::Entry proposal = proposal_of(draft);
    say(proposal);
    model::Entry approval = approval_of(proposal, sign);
    say(approval);
    draft.trailers.approved_by = {model::approved_by(approval)};
    draft.proposal = proposal.id;
  }

  // ---- what is found
  AuditReport run(std::optional<std::string> signers = std::nullopt) {
    return audited(bed_.repository(), std::move(signers));
  }
  std::string found() {
    last_ = run();
    return rules(last_);
  }

  // ---- a forger's tools: commits with any tree and message, signed with the daemon's key where `sign`
  git::Oid forge(const git::Oid& parent, const git::Oid& tree, const std::string& message, bool sign = true,
                 std::optional<int64_t> seconds = std::nullopt) {
    git::Repository repository = git::Repository::open(bed_.repository()).value();
    git::Commit before = repository.commit(parent).value();
    git::CommitDraft draft;
    draft.tree = tree;
    draft.parents = {parent};
    draft.author = draft.committer = before.committer;
    if (seconds) draft.committer.seconds = draft.author.seconds = *seconds;
    draft.message = message;
    git::SignFunction signing = [&](std::string_view bytes) { return bed_.signer().sign(bytes); };
    git::Oid made = repository.write_commit(draft, sign ? signing : nullptr).value();
    EXPECT_TRUE(repository.flush());
    return made;
  }
  git::Oid tip(const std::string& branch) {
    return git::Oid::parse(std::string(trim(bed_.git({"rev-parse", "refs/heads/" + branch})))).value();
  }
  void move(const std::string& branch, const git::Oid& to) {
    bed_.git({"update-ref", "refs/heads/" + branch, to.hex()});
  }
  // A tree of `branch` with one file other than it was; nothing: removed.
  git::Oid with_file(const std::string& branch, const std::string& path, const std::optional<std::string>& content) {
    git::Repository repository = git::Repository::open(bed_.repository()).value();
    std::optional<git::Oid> blob;
    if (content) blob = repository.write_blob(*content).value();
    git::Oid tree = repository.update_tree(repository.peel_tree(tip(branch)).value(), {{path, blob}}).value();
    EXPECT_TRUE(repository.flush());
    return tree;
  }
  std::string file(const std::string& branch, const std::string& path) {
    return bed_.git({"show", "refs/heads/" + branch + ":" + path});
  }
  int64_t seconds_now() {
    return std::chrono::floor<std::chrono::seconds>(bed_.clock().now()).time_since_epoch().count();
  }
  void forge_ledger(const std::string& path, const std::optional<std::string>& content, bool sign = true) {
    move(kLedger, forge(tip(kLedger), with_file(kLedger, path, content), "forged\n", sign, seconds_now()));
  }
  // One line more, as if the daemon had written it.
  void add_line(const std::string& path, const model::Entry& entry) {
    std::string listed = bed_.git({"ls-tree", "--name-only", "refs/heads/" + kLedger, path});
    std::string before = listed.empty() ? "" : file(kLedger, path);
    forge_ledger(path, before + model::format_entry(entry).value());
  }

  // A release, as somebody with the daemon's key makes it past the daemon: commit, tag and ledger fit each other, but
  // for what is asked.
  struct Forgery {
    model::Target target = kWeb;
    uint32_t number = 3;
    std::string version = "3";
    std::optional<Time> time;                                  // of the ledger's entry
    std::optional<int64_t> committed;                          // of the release's commit, in seconds
    std::function<void(model::Trailers&)> in_both, in_commit;  // change the trailers
    std::map<std::string, std::string> more;                   // files of deploy
    bool sign_tag = true;
    std::string tag_begins_with;
  };
  void forge_release(const Forgery& forgery) {
    Draft draft = draft_of(forgery.target, forgery.version);
    git::Repository repository = git::Repository::open(bed_.repository()).value();
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : draft.files)
      updates.push_back({target_folder(forgery.target) + "/" + path, repository.write_blob(content).value()});
    for (const auto& [path, content] : forgery.more) updates.push_back({path, repository.write_blob(content).value()});
    git::Oid tree = repository.update_tree(repository.peel_tree(tip("deploy")).value(), updates).value();
    ASSERT_TRUE(repository.flush());
    model::Trailers trailers = draft.trailers;
    trailers.release = {forgery.target, forgery.number};
    trailers.target_tree = repository.entry(tree, target_folder(forgery.target)).value().oid.hex();
    if (forgery.in_both) forgery.in_both(trailers);
    model::Trailers in_commit = trailers;
    if (forgery.in_commit) forgery.in_commit(in_commit);
    git::Oid made = forge(tip("deploy"), tree,
                          forgery.target.str() + ": release " + std::to_string(forgery.number) + "\n\n" +
                              model::format_trailers(in_commit).value(),
                          true, forgery.committed.value_or(seconds_now()));
    git::TagDraft tag{made, git::ObjectKind::kCommit, trailers.release.tag(), repository.commit(made)->committer,
                      forgery.tag_begins_with + model::format_trailers(trailers).value()};
    git::SignFunction signing = [&](std::string_view bytes) { return bed_.signer().sign(bytes); };
    model::Entry release;
    release.type = model::EntryType::kRelease;
    release.target = forgery.target;
    release.number = forgery.number;
    release.time = forgery.time.value_or(bed_.clock().now());
    release.commit = made.hex();
    release.artifact = draft.artifact;
    release.tag = git::tag_bytes(tag, forgery.sign_tag ? signing : nullptr).value();
    git::Oid tag_oid = repository.write(git::ObjectKind::kTag, release.tag).value();
    ASSERT_TRUE(repository.flush());
    move("deploy", made);
    bed_.git({"update-ref", "refs/tags/" + trailers.release.tag(), tag_oid.hex()});
    add_line(forgery.target.str() + "/000001.jsonl", release);
  }

  const std::string kLedger = "autonomous/ledger/deploy";
  const std::string kWebLedger = "local/shop/web/000001.jsonl";
  Bed bed_;
  std::unique_ptr<git::Signer> lena_;
  AuditReport last_;
};

}  // namespace autonomous::store
