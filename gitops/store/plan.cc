#include "gitops/store/plan.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/store/layout.h"
#include "gitops/store/message.h"

namespace autonomous::store {

namespace {

using model::Entry;
using model::EntryType;

constexpr std::string_view kReleaseFile = "release.yaml";
constexpr auto kMaxDepth = 50;

// What is wrong with a draft, against what is wrong with the world.
bool drafts_fault(const Error& error) {
  return error.code() == Code::kInvalid || error.code() == Code::kLimit || error.code() == Code::kDenied ||
         error.code() == Code::kConflict;
}

Result<git::Oid> oid_at(const git::Repository& repository, const git::Oid& root, const std::string& path) {
  if (root.is_zero()) return git::Oid();
  auto entry = repository.entry(root, path);
  if (entry) return entry->oid;
  if (entry.error().code() == Code::kNotFound) return git::Oid();
  return std::move(entry).error();
}

// The tree that files (path → bytes) make, by name; kInvalid for names that may not stand in one.
Result<git::Oid> tree_oid(const std::map<std::string, std::string>& files, std::string_view below = "") {
  if (std::count(below.begin(), below.end(), '/') > kMaxDepth)
    return fail(Code::kInvalid, "folders are nested too deeply: ", one_line(below, 80));
  std::vector<git::TreeEntry> entries;
  for (auto file = files.lower_bound(std::string(below)); file != files.end() && file->first.starts_with(below);) {
    std::string_view rest = std::string_view(file->first).substr(below.size());
    size_t slash = rest.find('/');
    if (slash == std::string_view::npos) {
      entries.push_back({std::string(rest), git::Mode::kFile, git::hash_object(git::ObjectKind::kBlob, file->second)});
      ++file;
      continue;
    }
    std::string folder = std::string(below) + std::string(rest.substr(0, slash + 1));
    TRY(git::Oid tree, tree_oid(files, folder));
    entries.push_back({std::string(rest.substr(0, slash)), git::Mode::kTree, tree});
    while (file != files.end() && file->first.starts_with(folder)) ++file;
  }
  TRY(std::string bytes, git::tree_bytes(std::move(entries)));
  return git::hash_object(git::ObjectKind::kTree, bytes);
}

// The freeze that somebody declared for this target, or null.
const Freeze* frozen(const State& state, const model::Target& target, Time now) {
  for (const std::string& scope : {target.environment, target.str()}) {
    auto freeze = state.freezes.find(scope);
    if (freeze != state.freezes.end() && (!freeze->second.until || *freeze->second.until > now)) return &freeze->second;
  }
  return nullptr;
}

}  // namespace

std::optional<DraftResult> stopped_by(const Draft& draft, const TargetState* target, const State& state,
                                      const git::Oid& main, Time now) {
  uint32_t last = draft.moved ? draft.moved->from.number : target == nullptr ? 0 : target->last_number;
  if (target != nullptr) {
    if (ReleaseRowPtr row = target->with_key(draft.artifact, draft.trailers.input_digest, draft.intent)) {
      if (row->number > draft.on_number || !draft.intent.empty())
        return DraftResult(Duplicate{row->number, row->commit});
    }
    if (const Hold* hold = target->hold_in_force(now); hold != nullptr && !draft.past_hold) {
      return DraftResult(Stale{"the target is held behind release " + std::to_string(hold->number)});
    }
  }
  if (const Freeze* freeze = frozen(state, draft.target, now); freeze != nullptr && !draft.past_freeze)
    return DraftResult(Stale{freeze->scope + " is frozen by " + freeze->by.name});
  bool open = target != nullptr && target->proposal && target->proposal->entry.id == draft.proposal;
  if (!draft.proposal.empty() && !open) return DraftResult(Stale{"what was approved is no longer proposed"});
  if (draft.on_number != last) {
    return DraftResult(Stale{"release " + std::to_string(last) + " came in between"});
  }
  const std::string judged_at = !draft.on_main.empty()  ? draft.on_main
                                : draft.trailers.policy ? draft.trailers.policy->commit
                                                        : "";
  if (!judged_at.empty() && judged_at != main.hex()) return DraftResult(Stale{"main moved to " + main.short_hex()});
  if (!draft.artifact.empty() && !draft.restore && state.is_bad(draft.artifact)) {
    return DraftResult(Stale{"its artifact was marked bad"});
  }
  return std::nullopt;
}

model::ReleaseId next_release(const model::Target& target, const std::optional<Moved>& moved,
                              const TargetState* state) {
  uint32_t last = state == nullptr ? 0 : state->last_number;
  if (moved) last = std::max(last, moved->from.number);
  return {target, last + 1};
}

Result<git::Oid> tree_of_files(const std::map<std::string, std::string>& files) { return tree_oid(files); }

Plan::Plan(const PlanBase& base)
    : base_(base), builder_(base.state), tip_(base.tips.deploy), ledger_tip_(base.tips.ledger) {
  for (auto [commit, tree] : {std::pair{tip_, &tree_}, std::pair{ledger_tip_, &ledger_tree_}}) {
    if (commit.is_zero()) continue;
    auto found = base_.repository.peel_tree(commit);
    if (found) *tree = *found;
    else broken_ = true;
  }
}

Result<void> Plan::add(Entry entry) {
  if (entry.time == Time{}) entry.time = base_.now;
  const TargetState* state = entry.target ? builder_.find(*entry.target) : nullptr;
  if (state != nullptr && stands_in(*state, entry)) return ok();
  if (!entry.target && stands_in(builder_.state().platform, entry)) return ok();
  uint32_t index = !entry.target ? builder_.state().platform_entries : state == nullptr ? 0 : state->entries;
  TRY(std::string line, model::format_entry(entry));  // whatever is wrong is found before anything changes
  TRY_DO(builder_.add(entry));
  ledger_.add(entry, line, index);
  return ok();
}

Result<git::Oid> Plan::commit_tree(const git::Oid& tree, const git::Person& author, const std::string& message) {
  git::CommitDraft draft;
  draft.tree = tree;
  if (!tip_.is_zero()) draft.parents = {tip_};
  draft.author = author;
  draft.committer = person(base_.committer.name, base_.committer.email, base_.now);
  draft.message = message;
  return base_.repository.write_commit(draft, base_.sign);
}

Result<std::optional<git::Oid>> Plan::take_on(const TakeOn& taken) {
  std::vector<git::TreeUpdate> updates;
  bool here = false;
  for (const auto& [path, content] : taken.files) {
    if (!path.starts_with("argocd/")) return fail(Code::kInvalid, "'", one_line(path, 120), "' is not below argocd/");
    TRY(git::Oid now, oid_at(base_.repository, tree_, path));
    git::Oid wanted;
    if (content) {
      TRY(wanted, base_.repository.write_blob(*content));
    }
    if (now == wanted) continue;
    here = here || path == application_file(taken.target);
    updates.push_back({path, content ? std::optional(wanted) : std::nullopt});
  }
  if (updates.empty()) return std::optional<git::Oid>();
  TRY(git::Oid tree, base_.repository.update_tree(tree_, updates));
  git::Person author = person(taken.author.name, taken.author.email, taken.author.time.value_or(base_.now));
  TRY(git::Oid commit, commit_tree(tree, author, taken_on_message(taken)));
  Entry entry;
  entry.type = EntryType::kTakenOn;
  entry.target = taken.target;
  entry.commit = commit.hex();
  entry.because = model::clean_value(taken.because, 1000);
  auto file = taken.files.find(application_file(taken.target));
  entry.removed = file != taken.files.end() && !file->second;
  TRY_DO(add(std::move(entry)));
  tip_ = commit;
  tree_ = tree;
  return std::optional<git::Oid>(commit);
}

// Computed, not written: what comes to nothing must leave nothing behind.
Result<git::Oid> Plan::draft_tree(const Draft& draft, const TargetState* state) const {
  if (draft.restore) {
    ReleaseRowPtr row = state == nullptr ? nullptr : state->find(*draft.restore);
    if (!row) return fail(Code::kInvalid, draft.target.str(), " has no release ", *draft.restore);
    return row->target_tree;
  }
  if (draft.files.empty()) return fail(Code::kInvalid, "a release of ", draft.target.str(), " without files");
  return tree_oid(draft.files);
}

Result<void> Plan::write_files(const Draft& draft, const git::Oid& tree) {
  for (const auto& [digest, input] : draft.inputs) TRY_DO(ledger_.keep(base_.repository, ledger_tree_, digest, input));
  if (draft.restore) return ok();
  std::vector<git::TreeUpdate> updates;
  for (const auto& [path, content] : draft.files) {
    TRY(git::Oid blob, base_.repository.write_blob(content));
    updates.push_back({path, blob});
  }
  TRY(git::Oid written, base_.repository.update_tree(git::Oid(), updates));
  if (written != tree)
    return fail(Code::kInternal, "the files of ", draft.target.str(), " were written as another tree");
  return ok();
}

// Nothing differs but release.yaml: the number of the release that stays.
Result<std::optional<uint32_t>> Plan::unchanged(const Draft& draft, const TargetState* state) const {
  std::optional<uint32_t> none;
  if (state == nullptr || state->releases.empty() || draft.restore || draft.even_unchanged || draft.moved) return none;
  TRY(git::Oid now, oid_at(base_.repository, tree_, target_folder(draft.target)));
  if (now.is_zero()) return none;
  TRY(auto before, base_.repository.tree(now));
  std::erase_if(before, [](const git::TreeEntry& entry) { return entry.name == kReleaseFile; });
  auto files = draft.files;
  files.erase(std::string(kReleaseFile));
  TRY(std::string then, git::tree_bytes(std::move(before)));
  TRY(git::Oid after, tree_oid(files));
  return git::hash_object(git::ObjectKind::kTree, then) == after ? std::optional(state->last_number) : none;
}

Result<DraftResult> Plan::release(const Draft& draft) {
  auto done = try_release(draft);
  if (!done && drafts_fault(done.error())) return DraftResult(Refused{done.error().text()});
  return done;
}

// Why what a draft takes over is not what it was computed with.
std::optional<std::string> Plan::moved_meanwhile(const Draft& draft) const {
  if (!draft.moved) return std::nullopt;
  const model::ReleaseId& from = draft.moved->from;
  const TargetState* other = builder_.find(from.target);
  uint32_t last = other == nullptr ? 0 : other->last_number;
  if (last != from.number) return from.target.str() + " is at release " + std::to_string(last) + " now";
  if (other->moved_away) return from.target.str() + " became " + other->moved_away->to.str() + " meanwhile";
  return std::nullopt;
}

Result<void> Plan::write_move(const model::Target& target, const Moved& moved, Making& making) {
  Entry to;
  to.type = EntryType::kMoved;
  to.target = target;
  to.origin = moved.from.str();
  to.scope = moved.names.str();
  Entry away;
  away.type = EntryType::kMoved;
  away.target = moved.from.target;
  away.origin = target.str();
  away.removed = true;
  TRY_DO(add(std::move(to)));
  TRY_DO(add(std::move(away)));
  making.prose += (making.prose.empty() ? "" : "\n\n") + std::string("This goes on after ") + moved.from.str() +
                  ", whose objects it takes over.";
  return ok();
}

Result<DraftResult> Plan::try_release(const Draft& draft) {
  const TargetState* state = builder_.find(draft.target);
  if (auto stop = stopped_by(draft, state, builder_.state(), base_.tips.main, base_.now)) return *std::move(stop);
  if (auto stop = moved_meanwhile(draft)) return DraftResult(Stale{*stop});
  if (draft.moved && state != nullptr && state->last_number > draft.moved->from.number)
    return fail(Code::kConflict, draft.target.str(), " has release ", state->last_number, " and cannot go on after ",
                draft.moved->from.str());
  TRY(git::Oid tree, draft_tree(draft, state));
  TRY(auto same, unchanged(draft, state));
  if (same) {
    // Wanted once more before anybody knew that it is released: its release says all that there is to say.
    ReleaseRowPtr row = state->with_key(draft.artifact, draft.trailers.input_digest, draft.intent);
    if (row && row->number == *same) return DraftResult(Duplicate{row->number, row->commit});
    Entry entry;
    entry.type = EntryType::kUnchanged;
    entry.target = draft.target;
    entry.number = *same;
    entry.artifact = draft.artifact;
    entry.input_digest = draft.trailers.input_digest;
    entry.intent = draft.intent;
    entry.trigger = draft.trailers.trigger;
    entry.source = draft.trailers.source;
    entry.subject = model::clean_value(draft.subject, 200);
    entry.author = model::clean_value(draft.source_author, 200);
    TRY_DO(add(std::move(entry)));
    return DraftResult(Unchanged{*same});
  }
  Making making{draft.target,   tree,
                draft.trailers, person(draft.author.name, draft.author.email, draft.author.time.value_or(base_.now)),
                draft.subject,  draft.prose,
                draft.quoted,   draft.source_author,
                draft.artifact, draft.intent,
                &draft};
  if (draft.restore) making.trailers.rollback_of = model::ReleaseId{draft.target, *draft.restore};
  if (state != nullptr && state->drift) {
    making.prose += "\n\nThis replaces a change that was made past the platform by " + state->drift->by + " in " +
                    state->drift->commit.hex() + ".";
  }
  if (draft.moved) TRY_DO(write_move(draft.target, *draft.moved, making));
  TRY(Released released, write_release(std::move(making)));
  if (draft.hold) {
    Entry hold = *draft.hold;
    hold.target = draft.target;
    if (hold.number == 0) hold.number = released.number;
    if (hold.artifact.empty()) hold.artifact = draft.artifact;
    TRY_DO(add(std::move(hold)));
  }
  return DraftResult(released);
}

// The next one that nobody else's tag has.
Result<uint32_t> Plan::free_number(const model::Target& target) const {
  model::ReleaseId id = next_release(target, std::nullopt, builder_.find(target));
  for (uint32_t burnt = 0; burnt <= kMostBurnt; ++burnt, ++id.number) {
    if (!base_.tags.contains(id.tag())) return id.number;
  }
  return fail(Code::kConflict, "tags that are not the platform's stand where those of the next ", kMostBurnt,
              " releases of ", target.str(), " would")
      .hint("delete them: git push --delete REMOTE " + id.tag() + " and those before it");
}

// The commit, its tag, and the ledger's entry; the one place where a number comes into being.
Result<Released> Plan::write_release(Making making) {
  model::Trailers& trailers = making.trailers;
  TRY(uint32_t number, free_number(making.target));
  trailers.release = {making.target, number};
  trailers.target_tree = making.tree.hex();
  TRY(std::string block, model::format_trailers(trailers));
  std::vector<uint32_t> burnt;
  for (model::ReleaseId id = next_release(making.target, std::nullopt, builder_.find(making.target));
       id.number < number; ++id.number) {
    Entry entry;
    entry.type = EntryType::kBurnt;
    entry.target = making.target;
    entry.number = id.number;
    entry.tree = base_.tags.at(id.tag()).hex();
    entry.reason = "the tag " + id.tag() + " is there already, and it is not the platform's";
    TRY_DO(add(std::move(entry)));
    burnt.push_back(id.number);
  }
  if (making.draft != nullptr) TRY_DO(write_files(*making.draft, making.tree));
  TRY(git::Oid tree,
      base_.repository.update_tree(tree_, {{target_folder(making.target), making.tree, git::Mode::kTree}}));
  TRY(git::Oid commit,
      commit_tree(tree, making.author, release_message(trailers, block, making.subject, making.prose, making.quoted)));
  git::TagDraft draft{commit, git::ObjectKind::kCommit, trailers.release.tag(),
                      person(base_.committer.name, base_.committer.email, base_.now), block};
  TRY(std::string tag, git::tag_bytes(draft, base_.sign));
  TRY(git::Oid tag_oid, base_.repository.write(git::ObjectKind::kTag, tag));
  Entry entry;
  entry.type = EntryType::kRelease;
  entry.target = making.target;
  entry.number = trailers.release.number;
  entry.commit = commit.hex();
  entry.artifact = making.artifact;
  entry.intent = making.intent;
  entry.subject = model::clean_value(making.subject, 200);
  entry.author = model::clean_value(making.source_author, 200);
  entry.tag = std::move(tag);
  TRY_DO(add(std::move(entry)));
  tip_ = commit;
  tree_ = tree;
  tags_.emplace_back(trailers.release.tag(), tag_oid);
  return Released{number, commit, tag_oid, making.tree, std::move(burnt)};
}

Result<Flight> Plan::finish() {
  if (broken_) return fail(Code::kCorrupt, "a branch's tip cannot be read");
  Flight flight;
  if (tip_ != base_.tips.deploy) flight.moves.push_back({branch_ref(base_.branch), base_.tips.deploy, tip_});
  if (!ledger_.empty()) {
    TRY(git::Oid tree, ledger_.write(base_.repository, ledger_tree_));
    git::CommitDraft draft;
    draft.tree = tree;
    if (!ledger_tip_.is_zero()) draft.parents = {ledger_tip_};
    draft.author = draft.committer = person(base_.committer.name, base_.committer.email, base_.now);
    draft.message = ledger_message(ledger_.names());
    TRY(git::Oid commit, base_.repository.write_commit(draft, base_.sign));
    flight.moves.push_back({branch_ref(ledger_branch(base_.branch)), base_.tips.ledger, commit});
    ledger_tip_ = commit;
  }
  for (const auto& [name, oid] : tags_) flight.tags.push_back(name);
  return flight;
}

}  // namespace autonomous::store
