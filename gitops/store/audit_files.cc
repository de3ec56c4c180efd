// The files of a release, what others put beside them, and what the ledger keeps: manifests, values, images, Secrets,
// inputs.
#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/ledger.h"
#include "gitops/store/secrets_in.h"

namespace autonomous::store {

namespace {

constexpr uint64_t kMaxManifest = 8u << 20;

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

bool is_rendered(std::string_view path) { return path.starts_with("manifests/"); }

// Of mode `values`: templates that Argo CD renders, and what lies beside them.
bool is_chart(std::string_view path) { return path.starts_with("chart/"); }

// A path below apps/, as its target sees it.
std::string_view inside(const model::Target& target, std::string_view path) {
  return path.substr(std::min(path.size(), target_folder(target).size() + 1));
}

}  // namespace

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
  bool manifests = false, chart = false;
  for (const FileEntry& file : *list) {
    bool odd = file.kind == FileKind::kLink || file.kind == FileKind::kSubmodule;
    if (odd && fresh)
      find("odd-file", Severity::kError, "a link or a submodule", named.commit, folder + "/" + file.path, &named);
    bool rendered = is_rendered(file.path);
    chart = chart || is_chart(file.path);
    if (odd || !(rendered || is_chart(file.path))) continue;
    manifests = manifests || rendered;
    auto oid = git::Oid::parse(file.oid);
    if (!oid) continue;
    const std::vector<std::string>& named_there = look_at(*oid);
    if (rendered) images.insert(named_there.begin(), named_there.end());
    check_secrets({named.target, named.commit, folder + "/" + file.path, &named}, *oid, policy);
  }
  if (chart) ++charts_;
  if (!files.stat("values.yaml"))
    find("values-yaml", Severity::kError, "there is no values.yaml", named.commit, folder, &named);
  for (const model::ImageFact& image : named.trailers.images) {
    if (!manifests || images.empty() || images.contains(image.reference)) continue;
    find("image-elsewhere", Severity::kWarning,
         "the image " + image.name + " (" + image.reference + ") is in none of its manifests", named.commit, folder,
         &named);
  }
}

// What is equal is read once, whoever put it there. The images that it names.
const std::vector<std::string>& Auditor::look_at(const git::Oid& blob) {
  auto [images, unseen] = images_of_.try_emplace(blob);
  if (!unseen) return images->second;
  auto content = repository_.blob(blob, kMaxManifest);
  if (!content) {
    unread_[blob] = content.error().code() == Code::kLimit
                        ? "it is larger than " + std::to_string(kMaxManifest >> 20) + " MiB"
                        : content.error().line();
    return images->second;
  }
  images->second = images_in(*content);
  auto secrets = secrets_in(*content);
  if (!secrets) unread_[blob] = "it is no YAML that can be read: " + secrets.error().message();
  else if (!secrets->empty()) secrets_of_[blob] = *std::move(secrets);
  return images->second;
}

// By the policy of that environment each time, and said once of a blob there.
void Auditor::check_secrets(const Where& where, const git::Oid& blob, const Policy* policy) {
  auto secrets = secrets_of_.find(blob);
  auto unread = unread_.find(blob);
  if (secrets == secrets_of_.end() && unread == unread_.end()) return;
  auto say = [&](Severity severity, std::string message) {
    if (!secrets_said_.insert({blob, where.target.environment}).second) return;
    size_t before = report_.findings.size();
    find("plaintext-secret", severity, std::move(message), where.commit, where.file, where.named);
    if (report_.findings.size() > before) report_.findings.back().target = where.target.str();
  };
  if (unread != unread_.end()) {
    // A template is no YAML before it is rendered: conclude() says that.
    if (!is_chart(inside(where.target, where.file)))
      say(Severity::kWarning, "whether it holds a Secret with its values is not known: " + unread->second);
    return;
  }
  const model::Environment* environment =
      policy == nullptr ? nullptr : model::find_environment(*policy->platform, where.target.environment);
  const std::vector<std::string> none;
  const std::vector<std::string>& allowed = environment == nullptr ? none : environment->policies.plaintext_secrets;
  for (const PlainSecret& secret : secrets->second) {
    if (is_allowed(secret, allowed)) continue;
    return say(Severity::kError, "the Secret " + one_line(secret.name, 100) + " with its values");
  }
}

// A person's commit on deploy can hold one, too; also where the next one takes it away again, git keeps it.
Result<void> Auditor::foreign_secrets(const git::Oid& commit) {
  TRY(git::Commit read, repository_.commit(commit));
  git::Oid parent = read.parents.empty() ? git::Oid() : read.parents[0];
  TRY(auto changes, repository_.diff_paths(parent, commit, "apps"));
  for (const git::PathChange& change : changes) {
    auto target = change.new_oid.is_zero() ? std::nullopt : target_of(change.path);
    if (!target || change.new_mode == git::Mode::kLink || change.new_mode == git::Mode::kSubmodule) continue;
    std::string_view file = inside(*target, change.path);
    if (!is_rendered(file) && !is_chart(file)) continue;
    auto named = last_policy_.find(*target);
    git::Oid platform = platform_at(named == last_policy_.end() ? in_force_ : named->second);
    look_at(change.new_oid);
    check_secrets({*target, commit, change.path, nullptr}, change.new_oid,
                  platform.is_zero() ? nullptr : policy_of(platform));
  }
  return ok();
}

// When it comes, or when something comes to it: what is kept by a digest has it. One file in memory at a time.
void Auditor::ledger_input(const git::Oid& id, const std::string& path) {
  auto wrong = [&](std::string_view why) { find("input-differs", Severity::kError, std::string(why), id, path); };
  auto entry = repository_.entry(id, path);
  if (!entry) return wrong(entry.error().line());
  std::string digest;
  if (!entry->is_tree()) {
    auto content = repository_.blob(entry->oid, kMaxInput);
    if (!content) return wrong(content.error().line());
    digest = sha256_hex(*content);
  } else {
    auto files = repository_.tree_of(entry->oid);
    auto list = files ? (*files)->list() : Result<std::vector<FileEntry>>(files.error());
    if (!list) return wrong(list.error().line());
    std::map<std::string, std::string> names;  // as the digest has them → as git does
    for (const FileEntry& file : *list) names.emplace(unescape_input_path(file.path), file.path);
    Sha256 sum;
    for (const auto& [name, file] : names) {
      auto content = (*files)->read(file, kMaxInput);
      if (!content) return wrong(content.error().line());
      sum.add_field(name).add_field(*content);
    }
    digest = sum.finish_hex();
  }
  auto expected = input_path("sha256:" + digest);
  if (!expected || *expected != path) wrong("what is kept there has the digest sha256:" + digest);
}

}  // namespace autonomous::store
