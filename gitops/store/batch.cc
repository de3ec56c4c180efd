// One batch: planned on the tips, pushed, and where that fails, planned again or cut in half.
#include <algorithm>
#include <set>

#include "gitops/base/log.h"
#include "gitops/store/record_impl.h"

namespace autonomous::store {

namespace {

// So many single refusals of one kind in a row, and nothing accepted: it may be that the server refuses everything, and
// then each further push is in vain. What was not tried by itself is no worse for it: it comes again, and before those.
constexpr size_t kRefusalsOfAll = 4;

// Marks and freezes hold for more than the target they came with: they stand in the platform's file, in one order.
void widen(model::Entry& entry) {
  switch (entry.type) {
    case model::EntryType::kFreeze:
    case model::EntryType::kUnfreeze:
      if (entry.scope.empty() && entry.target) entry.scope = entry.target->str();
      [[fallthrough]];
    case model::EntryType::kMarkBad:
    case model::EntryType::kUnmark: entry.target.reset(); break;
    default: break;
  }
}

void merge(Foreign& into, Foreign from) {
  into.main = from.main;
  into.main_moved = into.main_moved || from.main_moved;
  into.deploy_moved = into.deploy_moved || from.deploy_moved;
  into.ledger_moved = into.ledger_moved || from.ledger_moved;
  std::move(from.changes.begin(), from.changes.end(), std::back_inserter(into.changes));
  std::move(from.entries.begin(), from.entries.end(), std::back_inserter(into.entries));
  std::move(from.other_paths.begin(), from.other_paths.end(), std::back_inserter(into.other_paths));
}

void refuse(const Item& item, const std::string& words, BatchResult& result) {
  switch (item.kind) {
    case Item::Kind::kEntry: result.each_entry[item.index] = fail(Code::kDenied, words); break;
    case Item::Kind::kTaken: result.taken[item.index] = fail(Code::kDenied, words); break;
    case Item::Kind::kDraft: result.drafts[item.index] = Refused{words}; break;
  }
}

// "" for a draft: what is refused of those does not come again.
std::string name_among(const Batch& batch, const Item& item) {
  switch (item.kind) {
    case Item::Kind::kEntry: return name_of(batch.entries[item.index]);
    case Item::Kind::kTaken: return name_of(batch.taken[item.index]);
    case Item::Kind::kDraft: return "";
  }
  return "";
}

std::string describe(const Batch& batch, const Item& item) {
  if (item.kind == Item::Kind::kTaken)
    return batch.taken[item.index].target.str() + ": " + batch.taken[item.index].what;
  const model::Entry& entry = batch.entries[item.index];
  return std::string(model::entry_type_name(entry.type)) + (entry.target ? " of " + entry.target->str() : "");
}

void postpone(const Item& item, const std::string& words, BatchResult& result) {
  Error later = fail(Code::kUnavailable, "the server refuses one push after the other: ", words).may_retry();
  switch (item.kind) {
    case Item::Kind::kEntry: result.each_entry[item.index] = later; break;
    case Item::Kind::kTaken: result.taken[item.index] = later; break;
    case Item::Kind::kDraft: result.drafts[item.index] = Postponed{later.message()}; break;
  }
}

// A commit that was planned and did not arrive.
void forget(const std::vector<Item>& items, BatchResult& result) {
  for (const Item& item : items) {
    if (item.kind == Item::Kind::kTaken) result.taken_commits[item.index].reset();
  }
}

// Releases that came back in what others did, because they went on from them.
void drop_ours(Foreign& foreign, const BatchResult& result) {
  std::set<std::string> ours;
  for (const DraftResult& draft : result.drafts) {
    if (const auto* released = std::get_if<Released>(&draft)) ours.insert(released->commit.hex());
  }
  std::erase_if(foreign.entries, [&](const model::Entry& entry) {
    return entry.type == model::EntryType::kRelease && ours.contains(entry.commit);
  });
}

}  // namespace

Result<void> Record::Impl::fill(Plan& plan, const Batch& batch, const std::vector<Item>& items, BatchResult& result) {
  for (const Item& item : items) {
    if (item.kind == Item::Kind::kEntry) {
      auto added = plan.add(batch.entries[item.index]);
      result.each_entry[item.index] = added ? std::nullopt : std::optional(added.error());
    } else if (item.kind == Item::Kind::kTaken) {
      auto done = plan.take_on(batch.taken[item.index]);
      result.taken[item.index] = done ? std::nullopt : std::optional(done.error());
      if (done) result.taken_commits[item.index] = *done;
    } else {
      TRY(result.drafts[item.index], plan.release(batch.drafts[item.index]));
    }
  }
  return ok();
}

std::vector<model::ReleaseId> Record::Impl::next_of(const Batch& batch, const std::vector<Item>& items) const {
  std::vector<model::ReleaseId> next;
  StatePtr now = state();
  for (const Item& item : items) {
    if (item.kind != Item::Kind::kDraft) continue;
    const Draft& draft = batch.drafts[item.index];
    next.push_back(next_release(draft.target, draft.moved, now->find(draft.target).get()));
  }
  return next;
}

// Until it is moved or refused; a race is followed by a look at what the others did.
Result<MoveResult> Record::Impl::attempt(const Ctx& ctx, const Batch& batch, const std::vector<Item>& items,
                                         BatchResult& result) {
  for (int round = 0; round < kMaxRaces; ++round) {
    TRY_DO(ctx.check());
    if (behind_) {
      TRY(Foreign foreign, take_in(ctx));
      merge(result.foreign, std::move(foreign));
    }
    std::vector<model::ReleaseId> next = next_of(batch, items);
    InTheWay others;
    if (!next.empty()) {
      TRY(others, tags_in_the_way(ctx, std::move(next)));
    }
    if (others.moved) {  // known before the push, which would only be refused
      TRY(Foreign foreign, take_in(ctx));
      merge(result.foreign, std::move(foreign));
      TRY(others, tags_in_the_way(ctx, next_of(batch, items)));
    }
    Plan plan(base(std::move(others.tags)));
    TRY_DO(fill(plan, batch, items, result));
    if (plan.empty()) return MoveResult{};
    ++result.pushes;
    TRY(MoveResult moved, launch(ctx, plan));
    if (moved.kind == MoveResult::Kind::kMoved || moved.kind == MoveResult::Kind::kRefused) return moved;
    bool landed = moved.kind == MoveResult::Kind::kLanded;
    if (!landed) {
      forget(items, result);
      stand_back(ctx, round);
    }
    TRY(Foreign foreign, take_in(ctx));
    if (landed) drop_ours(foreign, result);
    merge(result.foreign, std::move(foreign));
    if (landed) return MoveResult{};
  }
  return fail(Code::kUnavailable, "others keep moving the branch").may_retry();
}

Result<void> Record::Impl::settle(const Ctx& ctx, const Batch& batch, std::vector<Item> items, BatchResult& result,
                                  Bisection& met) {
  if (items.empty()) return ok();
  uint32_t before = result.pushes;
  auto moved = attempt(ctx, batch, items, result);
  bool single = items.size() == 1;
  if (moved && moved->kind == MoveResult::Kind::kMoved) {
    if (result.pushes == before) return ok();  // there was nothing to say
    met.refusals = 0;
    ++met.accepted;
    for (const Item& item : items) taken(batch, item, result);
    return ok();
  }
  if (!moved && moved.error().code() != Code::kLimit) return std::move(moved).error();
  if (!moved) TRY_DO(ready(ctx));
  forget(items, result);
  std::string words = moved ? moved->words : moved.error().text();
  bool unanswered = !moved && moved.error().retryable();
  if (!single) return halve(ctx, batch, items, result, met, words);
  ++met.refusals;
  if (!unanswered) {
    refuse(items.front(), words, result);
    keep_refusal(batch, items.front(), words);
    return ok();
  }
  postpone(items.front(), words, result);
  // The way there is cut, not what went on it: the second one in vain says so.
  bool again = met.unanswered.has_value();
  met.unanswered = std::move(moved).error();
  if (again && met.accepted == 0) return *met.unanswered;
  return ok();
}

// It may still be that it could not be written, and nobody was asked.
void Record::Impl::taken(const Batch& batch, const Item& item, const BatchResult& result) {
  if (refusals_.empty() || item.kind == Item::Kind::kDraft) return;
  const auto& error = item.kind == Item::Kind::kEntry ? result.each_entry[item.index] : result.taken[item.index];
  if (!error) refusals_.taken(name_among(batch, item));
}

void Record::Impl::keep_refusal(const Batch& batch, const Item& item, const std::string& words) {
  std::string name = name_among(batch, item);
  if (name.empty()) return;
  if (refusals_.add(name, words, clock_.now()).times > 1) return;
  log(Level::kWarning, "the server refuses this by itself; it is offered again after all else, less and less often",
      {{"what", describe(batch, item)}, {"words", words}});
}

// Those first that the server never refused by themselves. What it did, and whose turn it is, comes last, and of that
// what was refused least often; the rest waits, with the words that it was refused with.
Record::Impl::Order Record::Impl::in_order(const Batch& batch, BatchResult& result) const {
  Order order;
  std::vector<std::pair<uint32_t, Item>> again;
  auto put = [&](const Item& item) {
    const Refusals::Refusal* before = refusals_.empty() ? nullptr : refusals_.find(name_among(batch, item));
    if (before == nullptr) order.first.push_back(item);
    else if (before->next > clock_.now()) refuse(item, before->words, result);
    else again.emplace_back(before->times, item);
  };
  for (size_t i = 0; i < batch.entries.size(); ++i) put({Item::Kind::kEntry, i});
  for (size_t i = 0; i < batch.taken.size(); ++i) put({Item::Kind::kTaken, i});
  for (size_t i = 0; i < batch.drafts.size(); ++i) order.first.push_back({Item::Kind::kDraft, i});
  std::stable_sort(again.begin(), again.end(),
                   [](const auto& one, const auto& other) { return one.first < other.first; });
  for (const auto& [times, item] : again) order.last.push_back(item);
  return order;
}

// Entries, takings-on and releases apart from each other at first: a server that takes no word of one kind may take
// the others, and what was refused of one kind says nothing of them.
Result<void> Record::Impl::halve(const Ctx& ctx, const Batch& batch, const std::vector<Item>& items,
                                 BatchResult& result, Bisection& met, const std::string& words) {
  auto other = std::find_if(items.begin(), items.end(), [&](const Item& item) { return item.kind != items[0].kind; });
  if (other != items.end()) {
    TRY_DO(settle(ctx, batch, {items.begin(), other}, result, met));
    met.refusals = 0;
    return settle(ctx, batch, {other, items.end()}, result, met);
  }
  if (met.refusals >= kRefusalsOfAll) {
    for (const Item& item : items) postpone(item, words, result);
    return ok();
  }
  auto middle = items.begin() + static_cast<std::ptrdiff_t>(items.size() / 2);
  TRY_DO(settle(ctx, batch, {items.begin(), middle}, result, met));
  return settle(ctx, batch, {middle, items.end()}, result, met);
}

Result<BatchResult> Record::Impl::commit(const Ctx& ctx, Batch batch) {
  TRY_DO(ready(ctx));
  BatchResult result;
  result.foreign.main = known_.main;
  if (behind_ || checked_ != known_.deploy) {
    TRY(result.foreign, take_in(ctx));
  }
  Time now = clock_.now();
  for (model::Entry& entry : batch.entries) {
    if (entry.time == Time{}) entry.time = now;
    widen(entry);
  }
  result.each_entry.resize(batch.entries.size());
  result.taken.resize(batch.taken.size());
  result.taken_commits.resize(batch.taken.size());
  result.drafts.assign(batch.drafts.size(), DraftResult(Stale{"not tried"}));
  Order order = in_order(batch, result);
  Bisection met;
  TRY_DO(settle(ctx, batch, std::move(order.first), result, met));
  // Where nothing at all goes in, these would not either.
  bool closed = met.accepted == 0 && met.refusals > 0;
  met.refusals = 0;
  if (closed) {
    for (const Item& item : order.last) refuse(item, refusals_.find(name_among(batch, item))->words, result);
  } else {
    TRY_DO(settle(ctx, batch, std::move(order.last), result, met));
  }
  if (met.unanswered && met.accepted == 0) return *met.unanswered;
  result.accepted = met.accepted;
  for (const auto& error : result.each_entry) {
    if (error && !result.entries) result.entries = error;
  }
  return result;
}

}  // namespace autonomous::store
