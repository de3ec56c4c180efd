#include "gitops/git/upload_refs.h"

#include <algorithm>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/git/pktline.h"
#include "gitops/git/ref_files.h"
#include "gitops/git/refs.h"

namespace autonomous::git {

namespace {

constexpr size_t kMostPrefixes = 1000;  // git takes 65,535; whoever asks for so many may wait for it
constexpr int kMostNested = 1000;       // tags of tags
constexpr uint64_t kMostConfig = 1u << 20;
constexpr std::string_view kRefs = "refs/";

// Settings of a repository that change what is shown, or where it lies.
bool plain_settings(const std::string& folder) {
  auto text = read_file(folder + "/config", kMostConfig);
  if (!text) return false;
  std::string lower = to_lower(*text);
  for (std::string_view word : {"hiderefs", "lsrefs", "include", "extensions", "worktree"}) {
    if (lower.find(word) != std::string::npos) return false;
  }
  return true;
}

// Prefixes of refs, sorted, none below another; nothing that asks for no ref at all.
std::vector<std::string> narrowed(const std::vector<std::string>& prefixes) {
  std::vector<std::string> sorted;
  if (prefixes.empty()) sorted.emplace_back(kRefs);
  for (const std::string& prefix : prefixes) {
    if (starts_with(kRefs, prefix)) sorted.emplace_back(kRefs);
    // No name of a ref has these; as a folder's name they would lead elsewhere.
    bool odd = prefix.find("/.") != std::string::npos || prefix.find("//") != std::string::npos ||
               prefix.find('\0') != std::string::npos;
    if (starts_with(prefix, kRefs) && !odd) sorted.push_back(prefix);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::string> out;
  for (std::string& prefix : sorted) {
    if (out.empty() || !starts_with(prefix, out.back())) out.push_back(std::move(prefix));
  }
  return out;
}

struct Shown {
  std::string name;
  Oid oid;
  std::optional<Oid> peeled;
  bool peel_known = false;
};

}  // namespace

std::optional<LsRefs> parse_ls_refs_request(std::string_view body) {
  PktReader reader(body);
  auto packet = [&]() -> std::optional<Pkt> {
    auto read = reader.next();
    return read && *read ? **read : std::optional<Pkt>();
  };
  auto first = packet();
  if (!first || first->kind != PktKind::kData || first->data != "command=ls-refs") return std::nullopt;
  LsRefs out;
  auto next = packet();
  for (; next && next->kind == PktKind::kData; next = packet()) {
    if (!starts_with(next->data, "agent=") && next->data != "object-format=sha1") return std::nullopt;
  }
  if (!next) return std::nullopt;
  if (next->kind == PktKind::kDelimiter) {
    for (next = packet(); next && next->kind == PktKind::kData; next = packet()) {
      if (next->data == "peel") out.peel = true;
      else if (next->data == "symrefs") out.symrefs = true;
      else if (next->data == "unborn") out.unborn = true;
      else if (starts_with(next->data, "ref-prefix ")) out.prefixes.emplace_back(next->data.substr(11));
      else return std::nullopt;
    }
  }
  bool whole = next && next->kind == PktKind::kFlush && reader.rest().empty() && out.prefixes.size() <= kMostPrefixes;
  return whole ? std::optional(std::move(out)) : std::nullopt;
}

struct RefServer::Impl {
  explicit Impl(Repository opened) : repository(std::move(opened)), files(repository.path()) {}
  Repository repository;
  RefFiles files;

  // False: git has to be asked.
  bool head(const LsRefs& asked, std::string& out) const;
  bool collect(const std::string& prefix, std::vector<Shown>& out) const;
  void show(const LsRefs& asked, const Shown& ref, const std::string& target, std::string& out) const;
  std::optional<Oid> peeled(const Oid& oid) const;
};

RefServer::RefServer(Repository repository) : impl_(std::make_unique<Impl>(std::move(repository))) {}
RefServer::~RefServer() = default;

Result<std::unique_ptr<RefServer>> RefServer::open(const std::string& folder) {
  TRY(Repository repository, Repository::open(folder));
  return std::make_unique<RefServer>(std::move(repository));
}

// What a tag of tags is of in the end, which need not be there; nothing for what is no tag, or leads nowhere.
std::optional<Oid> RefServer::Impl::peeled(const Oid& oid) const {
  auto kind = repository.kind(oid);
  if (!kind || *kind != ObjectKind::kTag) return std::nullopt;
  Oid at = oid;
  for (int depth = 0; depth < kMostNested; ++depth) {
    auto tag = repository.tag(at);
    if (!tag) return std::nullopt;
    at = tag->target;
    if (tag->target_kind != ObjectKind::kTag) return at;
  }
  return std::nullopt;
}

void RefServer::Impl::show(const LsRefs& asked, const Shown& ref, const std::string& target, std::string& out) const {
  std::string line = ref.oid.is_zero() ? "unborn " + ref.name : ref.oid.hex() + " " + ref.name;
  if (asked.symrefs && !target.empty()) line += " symref-target:" + target;
  if (asked.peel && !ref.oid.is_zero()) {
    std::optional<Oid> end = ref.peel_known ? ref.peeled : peeled(ref.oid);
    if (end) line += " peeled:" + end->hex();
  }
  out += pkt_line(line + "\n");
}

// git shows HEAD first, and does not look whether its commit is there.
bool RefServer::Impl::head(const LsRefs& asked, std::string& out) const {
  bool wanted =
      asked.prefixes.empty() || std::any_of(asked.prefixes.begin(), asked.prefixes.end(),
                                            [](const std::string& prefix) { return starts_with("HEAD", prefix); });
  auto text = files.loose("HEAD");
  if (!text || !*text) return false;
  Shown shown{"HEAD", {}, {}, false};
  std::string target;
  if (starts_with(**text, "ref:")) {
    target = std::string(trim(std::string_view(**text).substr(4)));
    if (!is_ref_name(target)) return false;
    auto value = files.value(target);  // kInvalid: symbolic once more
    if (!value) return false;
    if (*value) shown.oid = **value;
  } else {
    auto oid = Oid::parse(**text);
    if (!oid) return false;
    shown.oid = *oid;
  }
  bool unborn = shown.oid.is_zero();
  if (!wanted || (unborn && !(asked.unborn && asked.symrefs && !target.empty()))) return true;
  show(asked, shown, target, out);
  return true;
}

// Loose ones first: one that is packed meanwhile is found in either place.
bool RefServer::Impl::collect(const std::string& prefix, std::vector<Shown>& out) const {
  auto names = files.loose_names(prefix);
  if (!names) return false;
  std::vector<Shown> loose;
  for (const std::string& name : *names) {
    if (!is_ref_name(name)) return false;
    auto value = files.loose_value(name);
    if (!value) return false;
    if (*value) loose.push_back({name, **value, {}, false});
  }
  auto packed = files.packed();
  if (!packed) return false;
  const std::vector<PackedRefs::Line>& lines = (*packed)->lines();
  auto line = std::lower_bound(lines.begin(), lines.end(), std::string_view(prefix),
                               [](const PackedRefs::Line& each, std::string_view name) { return each.name < name; });
  auto next = loose.begin();
  for (; line != lines.end() && starts_with(line->name, prefix); ++line) {
    while (next != loose.end() && next->name < line->name) out.push_back(std::move(*next++));
    if (next != loose.end() && next->name == line->name) continue;  // the loose one counts
    if (!is_ref_name(line->name)) return false;
    out.push_back({std::string(line->name), line->oid, line->peeled, (*packed)->fully_peeled()});
  }
  std::move(next, loose.end(), std::back_inserter(out));
  return true;
}

std::optional<std::string> RefServer::answer(const LsRefs& asked) {
  std::lock_guard lock(mutex_);
  Impl& impl = *impl_;
  if (!plain_settings(impl.files.folder())) return std::nullopt;
  std::string out;
  if (!impl.head(asked, out)) return std::nullopt;
  std::vector<Shown> refs;
  for (const std::string& prefix : narrowed(asked.prefixes)) {
    if (!impl.collect(prefix, refs)) return std::nullopt;
  }
  for (const Shown& ref : refs) {
    if (!impl.repository.has(ref.oid)) return std::nullopt;  // git leaves it out, and complains
    impl.show(asked, ref, "", out);
  }
  return out.append(kPktFlush);
}

}  // namespace autonomous::git
