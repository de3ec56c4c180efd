// The ledger: signed commits, one after the other, each of which only adds.
#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kSegment = ".jsonl";
constexpr std::string_view kInputs = "_inputs/";
constexpr uint64_t kMaxSegmentBytes = 64u << 20;

}  // namespace

Result<void> Auditor::read_the_ledger(const Ctx& ctx) {
  TRY(auto commits, repository_.walk(tips_.ledger, {.oldest_first = true}));
  Builder builder;
  git::Oid before;
  for (const git::Oid& id : commits) {
    TRY_DO(ctx.check());
    TRY_DO(ledger_commit(id, before, builder));
    before = id;
  }
  state_ = builder.finish(tips_.deploy, tips_.ledger, tips_.main);
  report_.targets = state_->targets.size();
  return ok();
}

Result<void> Auditor::ledger_commit(const git::Oid& id, const git::Oid& before, Builder& builder) {
  ++report_.commits;
  TRY(git::Commit commit, repository_.commit(id));
  bool follows = before.is_zero() ? commit.parents.empty() : commit.parents.size() == 1 && commit.parents[0] == before;
  if (!follows) find("ledger-rewritten", Severity::kError, "the ledger's history is not one line of commits", id);
  TRY(auto changes, repository_.diff_paths(before, id));
  // The first commit brings the key that it is signed with; without keys from outside that is all there is to go by.
  bool first = before.is_zero();
  size_t keys_before = trusted_keys_.size();
  if (first && outside_keys_ == 0) {
    for (const git::PathChange& change : changes) {
      if (change.path.ends_with(kSegment)) ledger_growth(id, change, builder);
    }
  }
  std::string why;
  bool trusted = signed_well(commit.payload, commit.signature, why);
  if (!trusted) find("ledger-signature", Severity::kError, why, id);
  if (first && outside_keys_ == 0) return ok();
  for (const git::PathChange& change : changes) {
    if (change.path.ends_with(kSegment) && !change.path.starts_with(kInputs)) {
      ledger_growth(id, change, builder);
    } else if (!change.old_oid.is_zero()) {
      find("ledger-rewritten", Severity::kError, "a file was changed that is written once", id, change.path);
    }
  }
  if (trusted_keys_.size() != keys_before && !trusted) {
    trusted_keys_.resize(keys_before);
    rebuild_signers();
    find("key-unproven", Severity::kError, "a key was brought in by a commit that no known key signed", id);
  }
  return ok();
}

void Auditor::ledger_growth(const git::Oid& id, const git::PathChange& change, Builder& builder) {
  std::string before;
  if (!change.old_oid.is_zero()) {
    auto old = repository_.blob(change.old_oid, kMaxSegmentBytes);
    if (!old) return find("ledger-line", Severity::kError, old.error().line(), id, change.path);
    before = *std::move(old);
  }
  if (change.new_oid.is_zero())
    return find("ledger-rewritten", Severity::kError, "a segment was removed", id, change.path);
  auto now = repository_.blob(change.new_oid, kMaxSegmentBytes);
  if (!now) return find("ledger-line", Severity::kError, now.error().line(), id, change.path);
  if (!now->starts_with(before))
    return find("ledger-rewritten", Severity::kError, "lines that stood there were changed", id, change.path);
  std::string_view added = std::string_view(*now).substr(before.size());
  while (!added.empty()) {
    size_t end = std::min(added.find('\n'), added.size());
    ledger_line(id, change.path, added.substr(0, end), builder);
    added.remove_prefix(std::min(end + 1, added.size()));
  }
}

void Auditor::ledger_line(const git::Oid& id, const std::string& file, std::string_view line, Builder& builder) {
  ++report_.entries;
  auto entry = model::parse_entry(line);
  if (!entry) return find("ledger-line", Severity::kError, entry.error().message(), id, file);
  std::string folder = file.substr(0, file.rfind('/'));
  if (folder != (entry->target ? entry->target->str() : std::string(kPlatformFolder))) {
    return find("ledger-line", Severity::kError, "an entry stands in another target's file", id, file);
  }
  auto added = builder.add(*entry);
  if (!added) return find("ledger-line", Severity::kError, added.error().line(), id, file);
  learn(id, *entry);
}

// What the other parts need to know of an entry.
void Auditor::learn(const git::Oid& id, const model::Entry& entry) {
  auto oid = [](const std::string& hex) { return git::Oid::parse(hex).value_or(git::Oid()); };
  switch (entry.type) {
    case model::EntryType::kRelease: {
      auto trailers = model::parse_trailers(entry.tag);  // the fold has read them already
      if (!trailers) return find("ledger-line", Severity::kError, trailers.error().line(), id);
      auto& list = releases_[*entry.target];
      by_commit_[oid(entry.commit)] = {*entry.target, list.size()};
      list.push_back({*entry.target, entry, *std::move(trailers), oid(entry.commit)});
      ++report_.releases;
      break;
    }
    case model::EntryType::kOutcome: ++report_.outcomes; break;
    case model::EntryType::kTakenOn: taken_on_[oid(entry.commit)] = *entry.target; break;
    case model::EntryType::kDrift:
      drifts_[*entry.target].insert(oid(entry.tree));
      report_.foreign.push_back(entry.target->str() + ": changed past the platform in " + entry.commit.substr(0, 12) +
                                " by " + entry.author + (entry.tree.empty() ? " (the whole target was removed)" : ""));
      break;
    case model::EntryType::kRewriteAccepted: rewrites_.emplace_back(oid(entry.commit), entry.time); break;
    case model::EntryType::kKey:
      if (!entry.commit.empty() && begin_.is_zero()) begin_ = oid(entry.commit);
      if (!entry.removed) trusted_keys_.push_back("* namespaces=\"git\" " + entry.key);
      rebuild_signers();
      break;
    default: break;
  }
}

}  // namespace autonomous::store
