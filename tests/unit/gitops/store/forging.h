// What a forger with the daemon's key may try, or a person past the platform: hotfixes, rewrites, configurations.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tampering.h"

namespace autonomous::store {

inline constexpr std::string_view kSecret = "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: b}\n";

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
  // A commit of somebody else, unsigned.
  git::Oid strangers(const git::Oid& parent, const git::Oid& tree) {
    git::Person eve{"Eve", "eve@example.com", seconds_now(), 0};
    git::Oid made = record().repository().write_commit({tree, {parent}, eve, eve, "Rebased\n"}).value();
    EXPECT_TRUE(record().repository().flush());
    return made;
  }
  model::Entry acceptance(const git::Oid& tip, const git::Oid& previous) {
    model::Entry out = entry(model::EntryType::kRewriteAccepted);
    out.target.reset();
    out.commit = tip.hex();
    out.previous = previous.hex();
    return out;
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
    model::Entry freeze = entry(model::EntryType::kFreeze);
    freeze.target.reset();
    freeze.scope = "production";
    say(freeze);
  }
  AuditReport run_with(const std::function<void(AuditOptions&)>& change) {
    AuditOptions options;
    options.repository = bed_.repository();
    change(options);
    return audited(options);
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

}  // namespace autonomous::store
