// One release at a time: commit, tag, files, inputs, policy, outcome.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kTagFolder = "refs/tags/";

std::string_view block_of(std::string_view message, std::string_view first_line) {
  size_t at = message.rfind(first_line);
  return at == std::string_view::npos ? std::string_view() : message.substr(at);
}

}  // namespace

Result<void> Auditor::read_tags() {
  TRY(auto refs, git::list_refs(repository_, std::string(kTagFolder) + "release/"));
  for (const git::Ref& ref : refs) tags_.emplace(ref.name.substr(kTagFolder.size()), ref.oid);
  report_.tags = tags_.size();
  return ok();
}

// A tag on a number of ours that no release has.
void Auditor::check_strange_tags() {
  for (const auto& [name, oid] : tags_) {
    auto id = model::ReleaseId::parse(std::string_view(name).substr(std::string_view("release/").size()));
    if (!id || !row(*id))
      find("tag-unknown", Severity::kWarning, name + " is of no release that the ledger knows", oid);
  }
}

// A target that goes on after another one says so on both sides, and after a release that there is.
void Auditor::check_moves() {
  for (const auto& [move, number] : arrived_) {
    if (!left_.contains(move))
      find_of("move-unmatched", Severity::kError, move.from.str() + " does not say that it became " + move.to.str(),
              move.commit, move.to, number + 1);
    if (!row({move.from, number}))
      find_of("move-unmatched", Severity::kError,
              move.to.str() + " goes on after release " + std::to_string(number) + " of " + move.from.str() +
                  ", which there is not",
              move.commit, move.to, number + 1);
  }
  for (const Move& move : left_) {
    if (!arrived_.contains(move))
      find("move-unmatched", Severity::kError, move.to.str() + " does not say that it came from " + move.from.str(),
           move.commit);
  }
}

void Auditor::check_ends() {
  check_moves();
  check_missing();
  check_rewrites();
  learn_tag_window(*state_, tag_window_);
  for (const Made& made : untagged_) {
    TargetPtr target = state_->find(*made.target);
    ReleaseRowPtr release = target ? target->find(made.number) : nullptr;
    if (!release) continue;
    bool live = made.number == target->last_number;
    if (!live && may_go(tags_gone_, release->time, {*made.target, made.number})) continue;
    find_of("tag-missing", Severity::kError,
            model::ReleaseId{*made.target, made.number}.tag() + " is not in the repository", release->commit,
            *made.target, made.number);
  }
  for (const auto& [target, folded] : state_->targets) {
    for (const ReleaseRowPtr& made : folded->releases) {
      if (made->outcome || (options_.since && made->time < *options_.since)) continue;
      bool newest = made == folded->releases.back();
      find_of("outcome-missing", newest ? Severity::kNote : Severity::kError,
              newest ? "its outcome is not known yet" : "it has no outcome", made->commit, target, made->number);
    }
  }
}

void Auditor::check_release(const Named& named, const Before& before) {
  check_tag(named);
  if (!on_deploy_.contains(named.commit)) {
    missing_.emplace_back(made(named), named.commit);
    return;
  }
  check_commit(named);
  const Policy* policy = check_policy(named);
  check_tree(named, policy);
  bool adopted = check_origin(named);
  if (policy != nullptr && !adopted) check_rules(named, before, *policy);
}

void Auditor::check_commit(const Named& named) {
  auto commit = repository_.commit(named.commit);
  if (!commit) return find("commit-missing", Severity::kError, commit.error().line(), named.commit, "", &named);
  std::string why;
  if (!signed_well(commit->payload, commit->signature, why))
    find("commit-signature", Severity::kError, why, named.commit, "", &named);
  auto trailers = model::parse_trailers(commit->message);
  if (!trailers) return find("trailers-differ", Severity::kError, trailers.error().line(), named.commit, "", &named);
  if (*trailers != named.trailers)
    find("trailers-differ", Severity::kError, "commit and tag say different things", named.commit, "", &named);
  Time made = Time(std::chrono::seconds(commit->committer.seconds));
  if (std::chrono::abs(made - named.entry.time) > kAtOnce)
    find("time-implausible", Severity::kError,
         "the ledger says " + format_time(named.entry.time) + ", and its commit " + format_time(made), named.commit, "",
         &named);
  if (commit->parents.size() != 1)
    find("beyond-target", Severity::kError,
         "a release has one parent, this has " + std::to_string(commit->parents.size()), named.commit, "", &named);
}

void Auditor::check_tag(const Named& named) {
  std::string name = named.trailers.release.tag();
  git::Oid id = git::hash_object(git::ObjectKind::kTag, named.entry.tag);
  auto tag = git::parse_tag(id, named.entry.tag);
  if (!tag) return find("tag-signature", Severity::kError, tag.error().line(), named.commit, "", &named);
  std::string why;
  if (!signed_well(tag->payload, tag->signature, why))
    find("tag-signature", Severity::kError, why, named.commit, "", &named);
  if (tag->name != name || tag->target != named.commit)
    find("tag-signature", Severity::kError, "the tag names another commit or release", named.commit, "", &named);
  if (block_of(tag->message, "Release: ") != tag->message)
    find("tag-signature", Severity::kError, "the tag's message is more than its trailers", named.commit, "", &named);
  auto there = tags_.find(name);
  if (there != tags_.end()) {
    if (there->second != id)
      find("tag-moved", Severity::kError, name + " is not what the ledger holds", named.commit, "", &named);
  } else {
    untagged_.push_back(made(named));
  }
}

void Auditor::check_release_yaml(const Named& named, const std::string& text) {
  std::string file = target_folder(named.target) + "/release.yaml";
  auto wrong = [&](std::string_view what) {
    find("release-yaml", Severity::kError, std::string(what), named.commit, file, &named);
  };
  auto inputs = parse_release_yaml(text, file);
  if (!inputs) return wrong(inputs.error().line());
  const model::Trailers& trailers = named.trailers;
  if (inputs->target != named.target) wrong("it is of " + inputs->target.str());
  if (inputs->source.has_value() != trailers.source.has_value() ||
      (inputs->source && inputs->source->commit != trailers.source->commit)) {
    wrong("its source commit is not the one of the trailers");
  }
  std::map<std::string, std::string> images;
  for (const model::ImageFact& image : trailers.images) images[image.name] = image.reference;
  if (inputs->images != images) wrong("its images are not those of the trailers");
  if (!trailers.input_digest.empty() && input_digest(*inputs) != trailers.input_digest)
    wrong("its digest is not the Input-Digest of the trailers");
  check_config(named, *inputs);
}

// The platform.yaml and the overlay that it was rendered with. A rollback names those of the release that it restores.
void Auditor::check_config(const Named& named, const ReleaseInputs& inputs) {
  std::string file = target_folder(named.target) + "/release.yaml";
  auto wrong = [&](Severity severity, const std::string& what) {
    find("config-unknown", severity, what, named.commit, file, &named);
  };
  if (inputs.config_commit.empty()) return wrong(Severity::kNote, "it names no configuration");
  git::Oid commit = git::Oid::parse(inputs.config_commit).value_or(git::Oid());
  std::string blobs = inputs.platform_blob + " " + inputs.overlay_blob;
  auto good = last_config_.find(named.target);
  if (good != last_config_.end() && good->second == std::pair(commit, blobs)) return;
  std::string name = "its configuration " + one_line(inputs.config_commit, 40);
  if (!on_main_.contains(commit)) return wrong(Severity::kError, name + " is not on main");
  git::Oid platform = platform_at(commit);
  if ((platform.is_zero() ? "" : platform.hex()) != inputs.platform_blob)
    return wrong(Severity::kError, name + " has another platform.yaml");
  auto overlay = repository_.entry(commit, overlay_file(named.target));
  if ((overlay ? overlay->oid.hex() : "") != inputs.overlay_blob)
    return wrong(Severity::kError, name + " has another " + overlay_file(named.target));
  last_config_[named.target] = {commit, blobs};
}

}  // namespace autonomous::store
