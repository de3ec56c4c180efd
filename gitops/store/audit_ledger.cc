// The ledger: signed commits, one after the other, each of which only adds.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kSegment = ".jsonl";
constexpr std::string_view kInputs = "_inputs/";
constexpr uint64_t kMaxSegmentBytes = 64u << 20;
constexpr size_t kInputPath = std::string_view("_inputs/sha256/").size() + 2 + 1 + 62;
constexpr Millis kClockSet = std::chrono::hours(24);
constexpr Millis kWaited = std::chrono::hours(24 * 7);
constexpr size_t kKeptSegments = 48u << 20;  // bytes of segments as they were read last

std::string_view key_of(std::string_view public_line) {
  size_t space = public_line.find(' ');
  size_t end = space == std::string_view::npos ? space : public_line.find(' ', space + 1);
  return public_line.substr(0, end);
}

git::Oid oid_of(const std::string& hex) { return git::Oid::parse(hex).value_or(git::Oid()); }

}  // namespace

Result<void> Auditor::read_the_ledger(const Ctx& ctx) {
  TRY(auto commits, repository_.walk(tips_.ledger, {.oldest_first = true}));
  git::Oid before;
  for (const git::Oid& id : commits) {
    TRY_DO(ctx.check());
    TRY_DO(ledger_commit(id, before));
    before = id;
  }
  segments_.clear();
  state_ = builder_.finish(tips_.deploy, tips_.ledger, tips_.main);
  report_.targets = state_->targets.size();
  return ok();
}

Result<void> Auditor::ledger_commit(const git::Oid& id, const git::Oid& before) {
  ++report_.commits;
  TRY(git::Commit commit, repository_.commit(id));
  bool follows = before.is_zero() ? commit.parents.empty() : commit.parents.size() == 1 && commit.parents[0] == before;
  if (!follows) find("ledger-rewritten", Severity::kError, "the ledger's history is not one line of commits", id);
  Time said = Time(std::chrono::seconds(commit.committer.seconds));
  // A daemon's clock may be set; hours are no longer a clock's doing.
  if (said + std::chrono::hours(1) < ledger_time_)
    find("time-backwards", Severity::kWarning,
         "it says " + format_time(said) + ", and one before it " + format_time(ledger_time_), id);
  ledger_time_ = std::max(ledger_time_, said);
  said_ = said;
  TRY(auto changes, repository_.diff_paths(before, id));
  // The first commit brings the key that it is signed with; without keys from outside that is all there is to go by.
  bool first = before.is_zero();
  std::vector<std::string> keys_before = trusted_keys_;
  if (first && outside_keys_ == 0) {
    for (const git::PathChange& change : changes) {
      if (change.path.ends_with(kSegment)) ledger_growth(id, change);
    }
  }
  std::string why;
  bool trusted = signed_well(commit.payload, commit.signature, why);
  if (!trusted) find("ledger-signature", Severity::kError, why, id);
  if (first && outside_keys_ == 0) return ok();
  std::set<std::string> inputs;
  for (const git::PathChange& change : changes) {
    bool input = change.path.starts_with(kInputs);
    if (input && !change.new_oid.is_zero()) inputs.insert(change.path.substr(0, kInputPath));
    if (change.path.ends_with(kSegment) && !input) {
      ledger_growth(id, change);
    } else if (!change.old_oid.is_zero()) {
      find("ledger-rewritten", Severity::kError, "a file was changed that is written once", id, change.path);
    }
  }
  for (const std::string& path : inputs) ledger_input(id, path);
  if (trusted_keys_ != keys_before && !trusted) {
    trusted_keys_ = std::move(keys_before);
    rebuild_signers();
    find("key-unproven", Severity::kError, "a key was brought in or ended by a commit that no known key signed", id);
  }
  return ok();
}

// What the daemon makes and says at once has the time of its commit. What people or a verification said may have
// waited for the remote, and a clock may have been set back by hours meanwhile.
void Auditor::check_time(const git::Oid& id, const std::string& file, const model::Entry& entry) {
  using model::EntryType;
  bool at_once = entry.type == EntryType::kRelease || entry.type == EntryType::kTakenOn ||
                 entry.type == EntryType::kDrift || entry.type == EntryType::kMoved ||
                 entry.type == EntryType::kRewriteAccepted;
  Millis older = said_ - entry.time;
  bool newer_than_it = older < (at_once ? -kAtOnce : -kClockSet);
  bool older_than_it = older > (at_once ? kAtOnce : kWaited);
  if ((!newer_than_it && !older_than_it) || !in_scope(entry.time)) return;
  bool error = at_once || newer_than_it;
  find("time-implausible", error ? Severity::kError : Severity::kWarning,
       std::string(model::entry_type_name(entry.type)) + (entry.target ? " of " + entry.target->str() : "") + " says " +
           format_time(entry.time) + ", and came into the ledger at " + format_time(said_),
       id, file);
}

Result<std::string> Auditor::segment(const std::string& file, const git::Oid& blob) {
  if (blob.is_zero()) return std::string();
  auto kept = segments_.find(file);
  if (kept != segments_.end() && kept->second.blob == blob) return std::move(kept->second.text);
  return repository_.blob(blob, kMaxSegmentBytes);
}

void Auditor::keep_segment(const std::string& file, const git::Oid& blob, std::string text) {
  segment_bytes_ += text.size();
  if (segment_bytes_ > kKeptSegments) {
    segments_.clear();
    segment_bytes_ = text.size();
  }
  segments_[file] = Segment{blob, std::move(text)};
}

void Auditor::ledger_growth(const git::Oid& id, const git::PathChange& change) {
  auto before = segment(change.path, change.old_oid);
  if (!before) return find("ledger-line", Severity::kError, before.error().line(), id, change.path);
  if (auto kept = segments_.find(change.path); kept != segments_.end()) {
    segment_bytes_ -= std::min(segment_bytes_, before->size());
    segments_.erase(kept);
  }
  if (change.new_oid.is_zero())
    return find("ledger-rewritten", Severity::kError, "a segment was removed", id, change.path);
  auto now = repository_.blob(change.new_oid, kMaxSegmentBytes);
  if (!now) return find("ledger-line", Severity::kError, now.error().line(), id, change.path);
  if (!now->starts_with(*before))
    return find("ledger-rewritten", Severity::kError, "lines that stood there were changed", id, change.path);
  std::string_view added = std::string_view(*now).substr(before->size());
  while (!added.empty()) {
    size_t end = std::min(added.find('\n'), added.size());
    ledger_line(id, change.path, added.substr(0, end));
    added.remove_prefix(std::min(end + 1, added.size()));
  }
  keep_segment(change.path, change.new_oid, *std::move(now));
}

Before Auditor::before(const model::Entry& entry) const {
  Before out;
  const TargetState* target = builder_.find(*entry.target);
  const State& state = builder_.state();
  for (const std::string& scope : {entry.target->environment, entry.target->str()}) {
    auto freeze = state.freezes.find(scope);
    bool in_force = freeze != state.freezes.end() && (!freeze->second.until || *freeze->second.until > entry.time);
    if (in_force) out.freeze = freeze->second;
  }
  out.bad = !entry.artifact.empty() && state.is_bad(entry.artifact);
  if (target == nullptr) return out;
  out.last = target->live();
  out.last_number = target->last_number;
  if (const Hold* hold = target->hold_in_force(entry.time)) out.hold = *hold;
  if (const model::Entry* glass = target->glass_broken(entry.time)) out.glass = *glass;
  if (target->proposal && target->proposal->entry.artifact == entry.artifact &&
      target->proposal->entry.intent == entry.intent)
    out.proposal = target->proposal;
  return out;
}

void Auditor::ledger_line(const git::Oid& id, const std::string& file, std::string_view line) {
  ++report_.entries;
  auto entry = model::parse_entry(line);
  if (!entry) return find("ledger-line", Severity::kError, entry.error().message(), id, file);
  std::string folder = file.substr(0, file.rfind('/'));
  if (folder != (entry->target ? entry->target->str() : std::string(kPlatformFolder))) {
    return find("ledger-line", Severity::kError, "an entry stands in another target's file", id, file);
  }
  check_time(id, file, *entry);
  bool release = entry->type == model::EntryType::kRelease;
  bool numbered = release || entry->type == model::EntryType::kBurnt;
  Before was = numbered ? before(*entry) : Before{};
  auto added = builder_.add(*entry);
  if (!added) return find("ledger-line", Severity::kError, added.error().line(), id, file);
  if (release) return learn_release(id, *entry, was);
  if (numbered) learn_burnt(id, file, *entry, was);
  learn(id, file, *entry);
}

void Auditor::learn_release(const git::Oid& id, const model::Entry& entry, const Before& before) {
  auto trailers = model::parse_trailers(entry.tag);  // the fold has read them already
  if (!trailers) return find("ledger-line", Severity::kError, trailers.error().line(), id);
  const model::Target& target = *targets_.insert(*entry.target).first;
  Named named{target, entry, *std::move(trailers), oid_of(entry.commit)};
  by_commit_[named.commit] = made(named);
  ++report_.releases;
  uint32_t expected = before.last_number + 1;
  if (entry.number != expected) {
    find("number-gap", Severity::kError,
         "release " + std::to_string(expected) + " is missing before release " + std::to_string(entry.number),
         named.commit, "", &named);
  }
  if (in_scope(entry.time)) check_release(named, before);
  if (named.trailers.policy) in_force_ = last_policy_[target] = oid_of(named.trailers.policy->commit);
  note_release(named, before);
}

// A number that no release has: the next one all the same, and somebody's tag is the reason.
void Auditor::learn_burnt(const git::Oid& id, const std::string& file, const model::Entry& entry,
                          const Before& before) {
  uint32_t expected = before.last_number + 1;
  if (entry.number != expected)
    find("number-gap", Severity::kError,
         "release " + std::to_string(expected) + " of " + entry.target->str() + " is missing before number " +
             std::to_string(entry.number) + ", which was burnt",
         id, file);
  if (in_scope(entry.time))
    find("number-burnt", Severity::kNote,
         "number " + std::to_string(entry.number) + " of " + entry.target->str() +
             " has no release: " + one_line(entry.reason, 300),
         id, file);
}

// What the other parts need to know of an entry.
void Auditor::learn(const git::Oid& id, const std::string& file, const model::Entry& entry) {
  note_decision(entry);
  switch (entry.type) {
    case model::EntryType::kOutcome: ++report_.outcomes; break;
    case model::EntryType::kFailed: note_failed(entry); break;
    case model::EntryType::kTakenOn: {
      taken_on_[oid_of(entry.commit)] = {&*targets_.insert(*entry.target).first, 0,
                                         static_cast<uint32_t>(rewrites_.size())};
      auto commit = repository_.commit(oid_of(entry.commit));
      std::string why = commit ? "" : commit.error().line();
      if (!commit || !signed_well(commit->payload, commit->signature, why))
        find("commit-signature", Severity::kError, "taking-on of " + entry.target->str() + ": " + why,
             oid_of(entry.commit));
      break;
    }
    case model::EntryType::kDrift: learn_drift(entry); break;
    case model::EntryType::kRewriteAccepted:
      rewrites_.push_back({oid_of(entry.commit), oid_of(entry.previous), entry.time,
                           entry.by ? entry.by->str() : "somebody", entry.because});
      break;
    case model::EntryType::kBreakGlass:
      if (in_scope(entry.time))
        find("break-glass", Severity::kWarning,
             entry.target->str() + ": " + (entry.by ? entry.by->str() : "somebody") + ": " + entry.because, id, file);
      break;
    case model::EntryType::kKey: learn_key(entry); break;
    case model::EntryType::kTagWindow:
      builder_.settle();
      learn_tag_window(builder_.state(), entry.number);
      break;
    case model::EntryType::kMoved: learn_move(id, entry); break;
    default: break;
  }
}

void Auditor::learn_drift(const model::Entry& entry) {
  drifts_[*entry.target].insert(oid_of(entry.tree));
  const Rewrite* rewrite = rewrite_to(oid_of(entry.commit));
  std::string by = rewrite == nullptr
                       ? "changed past the platform in " + entry.commit.substr(0, 12) + " by " + entry.author
                       : "changed by the rewrite of " + options_.branch + " that " + rewrite->by + " accepted (" +
                             rewrite->because + ")";
  note_foreign({entry.time, entry.commit, entry.target->str(),
                by + (entry.tree.empty() ? " (the whole target was removed)" : "")});
}

// What left under the window before does not come back by itself where the next one is wider.
void Auditor::learn_tag_window(const State& state, uint32_t next) {
  if (tag_window_ != 0) tags_gone_ = std::max(tags_gone_, tag_cut(state, tag_window_));
  tag_window_ = next;
}

void Auditor::learn_move(const git::Oid& id, const model::Entry& entry) {
  if (entry.removed) {
    if (auto to = model::Target::parse(entry.origin)) left_.insert({id, *entry.target, *to});
  } else if (auto from = model::ReleaseId::parse(entry.origin)) {
    arrived_[{id, from->target, *entry.target}] = from->number;
  }
}

// From here on, in the ledger's order: what an ended key signs later does not count, whatever date it bears.
void Auditor::learn_key(const model::Entry& entry) {
  if (!entry.commit.empty() && begin_.is_zero()) begin_ = oid_of(entry.commit);
  std::string key(key_of(entry.key));
  if (entry.removed) {
    std::erase_if(trusted_keys_, [&](const std::string& line) { return line.find(key) != std::string::npos; });
  } else if (std::none_of(trusted_keys_.begin(), trusted_keys_.end(), [&](const std::string& line) {
               return line.find(key) != std::string::npos;  // what the file from outside says of it stands
             })) {
    trusted_keys_.push_back("* namespaces=\"git\" " + entry.key);
  }
  rebuild_signers();
}

}  // namespace autonomous::store
