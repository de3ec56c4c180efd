#include "gitops/store/ledger.h"

#include <algorithm>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kSegmentEnd = ".jsonl";
constexpr uint64_t kMaxSegment = 64u << 20;

// The target whose segment this is; nothing: the platform's. kCorrupt for other places.
Result<std::optional<model::Target>> segment_owner(std::string_view file) {
  std::string_view folder = file.substr(0, file.rfind('/'));
  if (folder == kPlatformFolder) return std::optional<model::Target>();
  auto target = model::Target::parse(folder);
  if (!target) return fail(Code::kCorrupt, "the ledger has a segment at ", one_line(file, 120), ", where none belongs");
  return std::optional<model::Target>(*std::move(target));
}

Result<void> read_lines(std::string_view text, const std::string& file, uint32_t first_line,
                        const std::function<Result<void>(model::Entry)>& take) {
  uint32_t line = first_line;
  for (; !text.empty(); ++line) {
    size_t end = text.find('\n');
    auto corrupt = [&](std::string_view why) {
      return fail(Code::kCorrupt, "the ledger is damaged: ", why).at({file, line, 1, ""});
    };
    if (end == std::string_view::npos) return corrupt("a line has no end");
    auto entry = model::parse_entry(text.substr(0, end));
    text.remove_prefix(end + 1);
    if (!entry) return corrupt(entry.error().message());
    auto taken = take(*std::move(entry));
    if (!taken) return corrupt(taken.error().line());
  }
  return ok();
}

// The entries that a changed segment gained.
Result<void> read_growth(const git::Repository& repository, const git::PathChange& change, Builder& builder,
                         std::vector<model::Entry>* added) {
  if (change.new_oid.is_zero()) return fail(Code::kCorrupt, "the ledger lost ", one_line(change.path, 120));
  TRY(auto owner, segment_owner(change.path));
  std::string before;
  if (!change.old_oid.is_zero()) {
    TRY(before, repository.blob(change.old_oid, kMaxSegment));
  }
  TRY(std::string after, repository.blob(change.new_oid, kMaxSegment));
  if (!after.starts_with(before))
    return fail(Code::kCorrupt, "the ledger did more than grow: ", one_line(change.path, 120));
  auto known = static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
  return read_lines(std::string_view(after).substr(before.size()), change.path, known + 1,
                    [&](model::Entry entry) -> Result<void> {
                      if (entry.target != owner) return fail(Code::kCorrupt, "the entry belongs elsewhere");
                      TRY_DO(builder.add(entry));
                      if (added != nullptr) added->push_back(std::move(entry));
                      return ok();
                    });
}

std::string entry_title(const model::Entry& entry) {
  std::string title(model::entry_type_name(entry.type));
  if (entry.target) title += " " + entry.target->str();
  if (entry.number > 0) title += "/" + std::to_string(entry.number);
  if (!entry.scope.empty()) title += " " + model::clean_value(entry.scope, 100);
  if (entry.verdict) title += " " + std::string(model::verdict_name(*entry.verdict));
  return title;
}

}  // namespace

Result<void> read_ledger(const git::Repository& repository, const git::Oid& from, const git::Oid& to, Builder& builder,
                         std::vector<model::Entry>* added) {
  TRY(auto changes, repository.diff_paths(from, to));
  for (const git::PathChange& change : changes) {
    if (!change.path.ends_with(kSegmentEnd) || change.path.starts_with("_inputs/")) continue;
    TRY_DO(read_growth(repository, change, builder, added));
  }
  return ok();
}

Result<std::vector<model::Entry>> read_segment(const git::Repository& repository, const git::Oid& ledger,
                                               const std::string& file) {
  TRY(git::TreeEntry blob, repository.entry(ledger, file));
  TRY(std::string text, repository.blob(blob.oid, kMaxSegment));
  std::vector<model::Entry> entries;
  TRY_DO(read_lines(text, file, 1, [&](model::Entry entry) -> Result<void> {
    entries.push_back(std::move(entry));
    return ok();
  }));
  return entries;
}

Result<model::Entry> read_entry(const git::Repository& repository, const git::Oid& ledger, const model::Target& target,
                                uint32_t line) {
  TRY(auto entries, read_segment(repository, ledger, ledger_file(target, line)));
  size_t at = line % kSegmentEntries;
  if (at >= entries.size()) return fail(Code::kNotFound, "the ledger of ", target.str(), " has no line ", line + 1);
  return std::move(entries[at]);
}

std::string digest_of(const KeptInput& input) {
  if (input.files.empty()) return "sha256:" + sha256_hex(input.file);
  Sha256 digest;
  for (const auto& [path, content] : input.files) digest.add_field(path).add_field(content);
  return "sha256:" + digest.finish_hex();
}

Result<KeptInput> read_input(const git::Repository& repository, const git::Oid& ledger, std::string_view digest) {
  TRY(std::string path, input_path(digest));
  auto found = repository.entry(ledger, path);
  if (!found) {
    if (found.error().code() != Code::kNotFound) return std::move(found).error();
    return fail(Code::kNotFound, "the ledger does not keep ", digest);
  }
  KeptInput input;
  if (!found->is_tree()) {
    TRY(input.file, repository.blob(found->oid, kMaxInput));
  } else {
    TRY(auto files, repository.tree_of(found->oid));
    TRY(auto list, files->list());
    for (const FileEntry& file : list) {
      TRY(std::string content, files->read(file.path, kMaxInput));
      input.files.emplace(unescape_input_path(file.path), std::move(content));
    }
  }
  if (digest_of(input) != digest)
    return fail(Code::kCorrupt, "what the ledger keeps as ", digest, " is something else");
  return input;
}

void LedgerWriter::add(const model::Entry& entry, std::string_view line, uint32_t index) {
  lines_[ledger_file(entry.target, index)] += line;
  names_.push_back(entry_title(entry));
}

Result<void> LedgerWriter::keep(git::Repository& repository, const git::Oid& ledger_tree, const std::string& digest,
                                const KeptInput& input) {
  TRY(std::string path, input_path(digest));
  if (!ledger_tree.is_zero() && repository.entry(ledger_tree, path)) return ok();
  if (input.files.empty()) {
    TRY(git::Oid blob, repository.write_blob(input.file));
    updates_.push_back({path, blob});
    return ok();
  }
  for (const auto& [name, content] : input.files) {
    TRY(git::Oid blob, repository.write_blob(content));
    updates_.push_back({path + "/" + escape_input_path(name), blob});
  }
  return ok();
}

Result<git::Oid> LedgerWriter::write(git::Repository& repository, const git::Oid& ledger_tree) {
  std::vector<git::TreeUpdate> updates = updates_;
  for (const auto& [file, added] : lines_) {
    std::string text;
    if (!ledger_tree.is_zero()) {
      auto before = repository.entry(ledger_tree, file);
      if (before) {
        TRY(text, repository.blob(before->oid, kMaxSegment));
      } else if (before.error().code() != Code::kNotFound) {
        return std::move(before).error();
      }
    }
    TRY(git::Oid blob, repository.write_blob(text + added));
    updates.push_back({file, blob});
  }
  return repository.update_tree(ledger_tree, updates);
}

}  // namespace autonomous::store
