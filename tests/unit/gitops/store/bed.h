// A record in a temporary folder, a clock that stands still, and the git program to look at it from outside.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "gitops/base/child.h"
#include "gitops/base/file.h"
#include "gitops/git/refs.h"
#include "gitops/git/repository.h"
#include "gitops/git/signer.h"
#include "gitops/store/layout.h"
#include "gitops/store/record.h"

namespace autonomous::store {

inline const model::Target kWeb{"local", "shop", "web"};
inline const model::Target kDb{"local", "shop", "db"};

class Bed {
 public:
  Bed() : folder_(TempFolder::make("store").value()), clock_(parse_time("2026-11-23T20:00:00Z").value()) {
    signer_ = std::make_shared<git::Signer>(git::Signer::load_or_make(folder_.path() + "/key").value());
  }

  RecordConfig config() const {
    RecordConfig config;
    config.repository = repository();
    config.journal = folder_.path() + "/journal";
    config.signer = signer_;
    config.stand_back = [](const Ctx&, int) {};
    return config;
  }
  std::string repository() const { return folder_.path() + "/gitops.git"; }
  std::string path(std::string_view name) const { return folder_.path() + "/" + std::string(name); }

  Record& open() { return open(config()); }
  Record& open(RecordConfig config) {
    record_.reset();
    auto opened = Record::open(Ctx{}, std::move(config), clock_);
    if (!opened) ADD_FAILURE() << opened.error().text();
    record_ = *std::move(opened);
    return *record_;
  }
  Record& record() { return *record_; }
  FakeClock& clock() { return clock_; }
  const git::Signer& signer() const { return *signer_; }

  // Runs git in `where` (default: the record), and expects success.
  std::string git(std::vector<std::string> args, std::string where = "", int expected = 0) const {
    ChildSpec spec;
    spec.argv = {"git"};
    spec.argv.insert(spec.argv.end(), args.begin(), args.end());
    spec.env = {"PATH=/usr/local/bin:/usr/bin:/bin",
                "HOME=" + folder_.path(),
                "GIT_CONFIG_NOSYSTEM=1",
                "GIT_AUTHOR_NAME=Jane Doe",
                "GIT_AUTHOR_EMAIL=jane@example.com",
                "GIT_COMMITTER_NAME=Jane Doe",
                "GIT_COMMITTER_EMAIL=jane@example.com",
                "GIT_ALLOW_PROTOCOL=file",
                "GIT_CONFIG_COUNT=1",
                "GIT_CONFIG_KEY_0=safe.directory",
                "GIT_CONFIG_VALUE_0=*"};
    spec.folder = where.empty() ? repository() : where;
    auto ran = run_child(Ctx{}, spec);
    if (!ran) {
      ADD_FAILURE() << ran.error().text();
      return "";
    }
    if (ran->status != expected)
      ADD_FAILURE() << "git " << join_args(args) << " gave " << ran->status << "\n" << ran->out << ran->err;
    return ran->out + (expected == 0 && args.front() != "fsck" ? "" : ran->err);
  }
  // A clone with a worktree on deploy.
  std::string clone(std::string_view name = "clone") const {
    std::string to = path(name);
    git({"clone", "-q", "-b", "deploy", repository(), to}, folder_.path());
    return to;
  }
  // leftovers: of something that was cut off in the middle.
  void expect_sound(bool leftovers = false) const {
    std::vector<std::string> args{"fsck", "--strict"};
    if (leftovers) args.push_back("--no-dangling");
    EXPECT_EQ(git(args), "");
  }

 private:
  static std::string join_args(const std::vector<std::string>& args) {
    std::string out;
    for (const auto& arg : args) out += arg + " ";
    return out;
  }
  TempFolder folder_;
  FakeClock clock_;
  std::shared_ptr<git::Signer> signer_;
  std::unique_ptr<Record> record_;
};

inline ReleaseInputs inputs_of(const model::Target& target, const std::string& version) {
  ReleaseInputs inputs;
  inputs.target = target;
  inputs.source = model::SourceFact{"https://git.example.com/shop.git", std::string(39, 'a') + version, ""};
  inputs.images = {{target.app, "registry.example.com/" + target.app + "@sha256:" + std::string(63, 'b') + version}};
  inputs.render_format = "render-format/1";
  inputs.artifact = "artifact-" + version;
  return inputs;
}

// A push of version "1", "2"… (one digit) of an app.
inline Draft push_draft(const Record& record, const model::Target& target, const std::string& version) {
  ReleaseInputs inputs = inputs_of(target, version);
  Draft draft;
  draft.target = target;
  draft.files = {{"release.yaml", format_release_yaml(inputs)},
                 {"values.yaml", "version: " + version + "\n"},
                 {"manifests/deployment.apps-" + target.app + ".yaml", "kind: Deployment\nversion: " + version + "\n"}};
  draft.trailers.trigger = model::Trigger::kPush;
  draft.trailers.source = inputs.source;
  draft.trailers.source->ref = "refs/heads/main";
  draft.trailers.images = {{target.app, inputs.images[target.app]}};
  draft.trailers.renderer = model::RendererFact{"render-format/1", "", "autonomous 0.1.0"};
  draft.trailers.input_digest = input_digest(inputs);
  draft.trailers.requested_by = model::Who{"Jane Doe", "jane@example.com", "socket uid 1000"};
  draft.author = {"Jane Doe", "jane@example.com", std::nullopt};
  draft.subject = "Version " + version;
  draft.quoted = "Version " + version + "\n\nLonger words.";
  draft.source_author = "Jane Doe <jane@example.com>";
  draft.artifact = inputs.artifact;
  TargetPtr state = record.state()->find(target);
  draft.on_number = state ? state->last_number : 0;
  return draft;
}

inline Batch batch_of(std::vector<Draft> drafts) {
  Batch batch;
  batch.drafts = std::move(drafts);
  return batch;
}

inline model::Entry outcome_of(const model::Target& target, uint32_t number,
                               model::Verdict verdict = model::Verdict::kHealthy) {
  model::Entry entry;
  entry.type = model::EntryType::kOutcome;
  entry.target = target;
  entry.number = number;
  entry.verdict = verdict;
  return entry;
}

// Releases one version and returns its number; 0 on anything but a release.
inline uint32_t release(Record& record, const model::Target& target, const std::string& version) {
  auto done = record.commit(Ctx{}, batch_of({push_draft(record, target, version)}));
  if (!done) {
    ADD_FAILURE() << done.error().text();
    return 0;
  }
  auto* released = std::get_if<Released>(&done->drafts.at(0));
  if (auto* refused = std::get_if<Refused>(&done->drafts[0])) ADD_FAILURE() << refused->words;
  if (auto* stale = std::get_if<Stale>(&done->drafts[0])) ADD_FAILURE() << stale->why;
  return released ? released->number : 0;
}

}  // namespace autonomous::store
