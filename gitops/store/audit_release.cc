// One release at a time: commit, tag, files, inputs, policy, outcome.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/git/refs.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kTagFolder = "refs/tags/";
constexpr uint64_t kMaxManifest = 8u << 20;
// Older tags may have left the repository (design.md §4); the ledger has them.
constexpr size_t kTagWindow = 5000;

// A YAML document of kind Secret that carries data. Lines are enough: manifests are written by us, in block style, and
// what somebody else wrote in another style is found by its name below.
bool holds_secret(std::string_view text) {
  bool secret = false;
  bool data = false;
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("---")) secret = data = false;
    std::string_view value = line.starts_with("kind:") ? trim(line.substr(5)) : std::string_view();
    secret = secret || value == "Secret" || value == "\"Secret\"" || value == "'Secret'";
    bool key = line.starts_with("data:") || line.starts_with("stringData:") || line.starts_with("\"data\":") ||
               line.starts_with("\"stringData\":");
    std::string_view rest = key ? trim(line.substr(line.find(':') + 1)) : std::string_view();
    data = data || (key && rest != "{}" && rest != "null" && rest != "~");
    if (secret && data) return true;
  }
  return false;
}

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

Result<void> Auditor::check_releases(const Ctx& ctx) {
  for (const auto& [target, list] : releases_) {
    const Named* before = nullptr;
    for (const Named& named : list) {
      TRY_DO(ctx.check());
      uint32_t expected = before == nullptr ? 1 : before->entry.number + 1;
      if (named.entry.number != expected) {
        find("number-gap", Severity::kError,
             "release " + std::to_string(expected) + " is missing before release " + std::to_string(named.entry.number),
             named.commit, "", &named);
      }
      if (in_scope(named.entry.time)) {
        check_release(named, before);
        check_outcome(named, &named == &list.back());
      }
      before = &named;
    }
  }
  return ok();
}

void Auditor::check_release(const Named& named, const Named* before) {
  check_tag(named);
  if (!on_deploy_.contains(named.commit)) {
    bool given_up = std::any_of(rewrites_.begin(), rewrites_.end(),
                                [&](const auto& rewrite) { return rewrite.second >= named.entry.time; });
    find("commit-missing", given_up ? Severity::kNote : Severity::kError,
         given_up ? "its commit was given up by an accepted rewrite" : "its commit is not on deploy", named.commit, "",
         &named);
    return;
  }
  check_commit(named);
  check_tree(named);
  check_origin(named);
  check_policy(named, before);
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
  } else if (report_.releases <= kTagWindow || &named == &releases_.at(named.target).back()) {
    find("tag-missing", Severity::kError, name + " is not in the repository", named.commit, "", &named);
  }
}

void Auditor::check_tree(const Named& named) {
  std::string folder = target_folder(named.target);
  auto entry = repository_.entry(named.commit, folder);
  if (!entry || entry->oid.hex() != named.trailers.target_tree) {
    return find("target-tree", Severity::kError, "the files are not those that Target-Tree names", named.commit, folder,
                &named);
  }
  auto files = repository_.tree_of(entry->oid);
  if (!files) return find("target-tree", Severity::kError, files.error().line(), named.commit, folder, &named);
  auto text = (*files)->read("release.yaml", 1u << 20);
  if (!text) find("release-yaml", Severity::kError, "there is no release.yaml", named.commit, folder, &named);
  else check_release_yaml(named, *text);
  if (!trees_seen_.insert(entry->oid).second) return;
  auto list = (*files)->list();
  if (!list) return find("target-tree", Severity::kError, list.error().line(), named.commit, folder, &named);
  for (const FileEntry& file : *list) {
    bool odd = file.kind == FileKind::kLink || file.kind == FileKind::kSubmodule;
    if (odd)
      find("odd-file", Severity::kError, "a link or a submodule", named.commit, folder + "/" + file.path, &named);
    auto oid = git::Oid::parse(file.oid);
    if (odd || !file.path.starts_with("manifests/") || (oid && !blobs_seen_.insert(*oid).second)) continue;
    auto content = (*files)->read(file.path, kMaxManifest);
    if (content && holds_secret(*content)) {
      find("plaintext-secret", Severity::kError, "a Secret with its values", named.commit, folder + "/" + file.path,
           &named);
    }
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
}

void Auditor::check_origin(const Named& named) {
  auto release = [&](const model::ReleaseId& id) -> const Named* {
    auto list = releases_.find(id.target);
    if (list == releases_.end()) return nullptr;
    for (const Named& other : list->second) {
      if (other.entry.number == id.number) return &other;
    }
    return nullptr;
  };
  const model::Trailers& trailers = named.trailers;
  if (trailers.rollback_of) {
    const Named* restored = release(*trailers.rollback_of);
    bool same = restored != nullptr && trailers.rollback_of->target == named.target &&
                trailers.rollback_of->number < named.entry.number &&
                restored->trailers.target_tree == trailers.target_tree;
    if (!same)
      find("rollback-differs", Severity::kError, "its files are not those of " + trailers.rollback_of->str(),
           named.commit, "", &named);
  }
  if (trailers.retry_of && release(*trailers.retry_of) == nullptr) {
    find("origin-unknown", Severity::kError,
         "it is a retry of " + trailers.retry_of->str() + ", which the ledger does not name", named.commit, "", &named);
  }
  if (trailers.promoted_from && trailers.promoted_from->repository.empty()) {
    const Named* from = release(trailers.promoted_from->release);
    if (from == nullptr || from->entry.artifact != named.entry.artifact) {
      find("origin-unknown", Severity::kError, "it is not the artifact of " + trailers.promoted_from->release.str(),
           named.commit, "", &named);
    }
  }
}

void Auditor::check_policy(const Named& named, const Named* before) {
  if (!named.trailers.policy) return;
  git::Oid policy = git::Oid::parse(named.trailers.policy->commit).value_or(git::Oid());
  if (!ancestor(policy, tips_.main)) {
    return find("policy-unknown", Severity::kError, "its policy " + policy.short_hex(12) + " is not on main",
                named.commit, "", &named);
  }
  auto blob = repository_.entry(policy, kPlatformFile);
  if (!blob || blob->oid.hex() != named.trailers.policy->blob) {
    find("policy-unknown", Severity::kError, "platform.yaml at " + policy.short_hex(12) + " is another one",
         named.commit, "", &named);
  }
  if (before == nullptr || !before->trailers.policy || before->trailers.policy->commit == named.trailers.policy->commit)
    return;
  git::Oid older = git::Oid::parse(before->trailers.policy->commit).value_or(git::Oid());
  if (!ancestor(older, policy))
    find("policy-older", Severity::kError, "the release before was judged by a newer policy", named.commit, "", &named);
}

void Auditor::check_outcome(const Named& named, bool newest) {
  TargetPtr target = state_->find(named.target);
  ReleaseRowPtr row = target ? target->find(named.entry.number) : nullptr;
  if (row && row->outcome) return;
  find("outcome-missing", newest ? Severity::kNote : Severity::kError,
       newest ? "its outcome is not known yet" : "it has no outcome", named.commit, "", &named);
}

}  // namespace autonomous::store
