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

// A YAML document of kind Secret that carries data, unless the platform allows it by its name. Lines are enough:
// manifests are written by us, in block style.
bool holds_secret(std::string_view text, const std::vector<std::string>& allowed) {
  bool secret = false, data = false, metadata = false;
  std::string name;
  auto is = [&] { return secret && data && std::find(allowed.begin(), allowed.end(), name) == allowed.end(); };
  auto unquoted = [](std::string_view value) {
    value = trim(value);
    bool quoted = value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
    return quoted ? value.substr(1, value.size() - 2) : value;
  };
  for (std::string_view line : split(text, '\n')) {
    if (line.starts_with("---")) {
      if (is()) return true;
      secret = data = metadata = false;
      name.clear();
    }
    if (!line.empty() && line.front() != ' ') metadata = line.starts_with("metadata:");
    if (metadata && line.starts_with("  name:")) name = std::string(unquoted(line.substr(7)));
    if (line.starts_with("kind:")) secret = unquoted(line.substr(5)) == "Secret";
    bool key = line.starts_with("data:") || line.starts_with("stringData:") || line.starts_with("\"data\":") ||
               line.starts_with("\"stringData\":");
    std::string_view rest = key ? trim(line.substr(line.find(':') + 1)) : std::string_view();
    data = data || (key && rest != "{}" && rest != "null" && rest != "~");
  }
  return is();
}

// What stands after `image:` in a manifest.
std::vector<std::string> images_in(std::string_view text) {
  std::vector<std::string> out;
  for (std::string_view line : split(text, '\n')) {
    std::string_view rest = trim(line);
    if (rest.starts_with("- ")) rest = trim(rest.substr(2));
    if (!rest.starts_with("image:")) continue;
    rest = trim(rest.substr(6));
    if (rest.size() >= 2 && (rest.front() == '"' || rest.front() == '\'')) rest = rest.substr(1, rest.size() - 2);
    if (!rest.empty()) out.emplace_back(rest);
  }
  return out;
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
  for (const auto& [made, commit] : missing_) {
    ReleaseRowPtr release = row({*made.target, made.number});
    bool given_up = release && std::any_of(rewrites_.begin(), rewrites_.end(),
                                           [&](const auto& rewrite) { return rewrite.second >= release->time; });
    find_of("commit-missing", given_up ? Severity::kNote : Severity::kError,
            given_up ? "its commit was given up by an accepted rewrite" : "its commit is not on deploy", commit,
            *made.target, made.number);
  }
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
      if (made->outcome || !in_scope(made->time)) continue;
      bool newest = made == folded->releases.back();
      find_of("outcome-missing", newest ? Severity::kNote : Severity::kError,
              newest ? "its outcome is not known yet" : "it has no outcome", made->commit, target, made->number);
    }
  }
}

void Auditor::check_release(const Named& named, const Before& before) {
  check_tag(named);
  if (!on_deploy_.contains(named.commit)) {
    missing_.emplace_back(Made{&named.target, named.entry.number}, named.commit);
    return;
  }
  check_commit(named);
  const Policy* policy = check_policy(named);
  check_tree(named, policy);
  check_origin(named);
  if (policy != nullptr) check_rules(named, before, *policy);
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
  } else {
    untagged_.push_back({&named.target, named.entry.number});
  }
}

void Auditor::check_tree(const Named& named, const Policy* policy) {
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
  check_files(named, entry->oid, **files, policy);
}

void Auditor::check_files(const Named& named, const git::Oid& tree, const FileTree& files, const Policy* policy) {
  std::string folder = target_folder(named.target);
  bool fresh = trees_seen_.insert(tree).second;
  auto list = files.list();
  if (!list) return find("target-tree", Severity::kError, list.error().line(), named.commit, folder, &named);
  std::set<std::string> images;
  bool manifests = false;
  const model::Environment* environment =
      policy == nullptr ? nullptr : model::find_environment(*policy->platform, named.target.environment);
  std::vector<std::string> allowed =
      environment == nullptr ? std::vector<std::string>{} : environment->policies.plaintext_secrets;
  for (const FileEntry& file : *list) {
    bool odd = file.kind == FileKind::kLink || file.kind == FileKind::kSubmodule;
    if (odd && fresh)
      find("odd-file", Severity::kError, "a link or a submodule", named.commit, folder + "/" + file.path, &named);
    if (odd || !file.path.starts_with("manifests/")) continue;
    manifests = true;
    auto oid = git::Oid::parse(file.oid);
    if (!oid) continue;
    auto [seen, unseen] = images_of_.try_emplace(*oid);
    if (unseen) {
      auto content = files.read(file.path, kMaxManifest);
      if (!content) continue;
      seen->second = images_in(*content);
      if (holds_secret(*content, allowed))
        find("plaintext-secret", Severity::kError, "a Secret with its values", named.commit, folder + "/" + file.path,
             &named);
    }
    images.insert(seen->second.begin(), seen->second.end());
  }
  if (!files.stat("values.yaml"))
    find("values-yaml", Severity::kError, "there is no values.yaml", named.commit, folder, &named);
  for (const model::ImageFact& image : named.trailers.images) {
    if (!manifests || images.empty() || images.contains(image.reference)) continue;
    find("image-elsewhere", Severity::kWarning,
         "the image " + image.name + " (" + image.reference + ") is in none of its manifests", named.commit, folder,
         &named);
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
  const model::Trailers& trailers = named.trailers;
  if (trailers.rollback_of) {
    ReleaseRowPtr restored = row(*trailers.rollback_of);
    bool same = restored && trailers.rollback_of->target == named.target &&
                trailers.rollback_of->number < named.entry.number &&
                restored->target_tree.hex() == trailers.target_tree;
    if (!same)
      find("rollback-differs", Severity::kError, "its files are not those of " + trailers.rollback_of->str(),
           named.commit, "", &named);
  }
  if (trailers.retry_of && !row(*trailers.retry_of)) {
    find("origin-unknown", Severity::kError,
         "it is a retry of " + trailers.retry_of->str() + ", which the ledger does not name", named.commit, "", &named);
  }
  if (trailers.promoted_from && trailers.promoted_from->repository.empty()) {
    ReleaseRowPtr from = row(trailers.promoted_from->release);
    if (!from || from->artifact != named.entry.artifact) {
      find("origin-unknown", Severity::kError, "it is not the artifact of " + trailers.promoted_from->release.str(),
           named.commit, "", &named);
    }
  }
}

}  // namespace autonomous::store
