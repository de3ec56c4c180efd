// What people decided, read back from the ledger; and what others did to a target past the platform.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "daemon/pipeline/service.h"
#include "gitops/model/approval.h"

namespace autonomous::daemon {

namespace {

using model::Entry;
using model::EntryType;

bool is_mark(const Entry& entry) { return entry.type == EntryType::kMarkBad || entry.type == EntryType::kUnmark; }

DecisionRow row_of(const Entry& entry) {
  DecisionRow out;
  out.type = model::entry_type_name(entry.type);
  if (entry.target) out.target = entry.target->str();
  out.release = entry.number;
  // A mark holds everywhere; this is what it was seen on.
  if (auto seen_on = model::ReleaseId::parse(is_mark(entry) ? entry.origin : "")) out.target = seen_on->target.str();
  out.scope = entry.scope;
  if (entry.by) out.who = entry.type == EntryType::kApprove ? model::approved_by(entry).str() : entry.by->str();
  if (entry.type == EntryType::kDrift) out.who = entry.author;
  out.because = entry.because;
  out.ticket = entry.ticket;
  out.at = entry.time;
  out.until = entry.until;
  out.id = entry.id;
  out.role = entry.role;
  out.artifact = entry.artifact;
  if (entry.source) out.source_commit = entry.source->commit;
  out.subject = entry.subject;
  out.commit = entry.commit;
  out.reason = entry.reason;
  return out;
}

bool is_listed(EntryType type) {
  return model::is_decision(type) || type == EntryType::kDrift || type == EntryType::kBurnt ||
         type == EntryType::kRewriteAccepted;
}

// One that fits, and where the rest of it is: in `entry`, or in what was said of a target.
struct Found {
  Time time{};
  const Entry* entry = nullptr;
  const store::TargetState* target = nullptr;
  size_t place = 0;
};

// Marks are of artifacts, wherever they run.
std::set<std::string> artifacts_of(const store::TargetState& target) {
  std::set<std::string> out;
  for (const store::ReleaseRowPtr& row : target.releases) {
    if (!row->artifact.empty()) out.insert(row->artifact);
  }
  return out;
}

}  // namespace

Result<std::vector<DecisionRow>> Service::decisions(const Ctx&, const DecisionFilter& filter) {
  store::StatePtr state = pipeline_.board().state();
  std::vector<Found> found;
  auto fits = [&](Time time, EntryType type) {
    bool early = !filter.until || time < *filter.until;
    return early && is_listed(type) && (filter.type.empty() || model::entry_type_name(type) == filter.type);
  };
  bool everywhere = filter.environment.empty() && filter.project.empty() && filter.app.empty();
  std::set<std::string> scopes, artifacts;
  bool marks = std::any_of(state->platform.begin(), state->platform.end(), is_mark);
  for (const auto& [target, record] : state->targets) {
    bool wanted = (filter.environment.empty() || target.environment == filter.environment) &&
                  (filter.project.empty() || target.project == filter.project) &&
                  (filter.app.empty() || target.app == filter.app);
    if (!wanted) continue;
    for (size_t i = 0; i < record->said.size(); ++i) {
      const store::SaidHead& one = record->said.head(i);
      if (fits(one.time, one.type)) found.push_back({one.time, nullptr, record.get(), i});
    }
    if (everywhere) continue;
    scopes.insert({target.environment, target.str()});
    if (marks) artifacts.merge(artifacts_of(*record));
  }
  if (!filter.environment.empty()) scopes.insert(filter.environment);
  for (const Entry& entry : state->platform) {
    bool here = is_mark(entry) ? artifacts.contains(entry.artifact) : scopes.contains(entry.scope);
    if ((everywhere || here) && fits(entry.time, entry.type)) found.push_back({entry.time, &entry, nullptr, 0});
  }
  std::stable_sort(found.begin(), found.end(), [](const Found& a, const Found& b) { return a.time > b.time; });
  if (found.size() > filter.limit) found.resize(filter.limit);
  std::vector<DecisionRow> rows;
  std::map<const store::TargetState*, store::Statements::Reader> readers;
  for (const Found& one : found) {
    if (one.entry != nullptr) rows.push_back(row_of(*one.entry));
    else rows.push_back(row_of(readers.try_emplace(one.target, one.target->said).first->second.entry(one.place)));
  }
  return rows;
}

// Its proposal and what people said to it, the hold that came with it, marks on its artifact, and what it replaced.
void Service::add_decisions(const store::State& state, const store::TargetState& record, const store::ReleaseRow& row,
                            ReleaseDetails& out) {
  size_t index = record.releases.find(row.number);
  uint32_t after = index == 0 ? 0 : record.releases[index - 1]->line;
  store::Statements::Reader reader(record.said);
  std::optional<Entry> proposal;
  size_t proposed = record.said.before(row.line);
  while (!proposal && proposed > 0) {
    if (record.said.head(--proposed).type != EntryType::kPropose) continue;
    Entry entry = reader.entry(proposed);
    if (entry.artifact == row.artifact && entry.input_digest == row.input_digest && entry.intent == row.intent)
      proposal = std::move(entry);
  }
  if (proposal) out.waited = row.time - proposal->time;
  std::vector<Entry> kept;
  for (size_t i = 0; i < record.said.size(); ++i) {
    const auto& [time, source, line, number, type] = record.said.head(i);
    bool may_ask = type == EntryType::kAsk && !row.intent.empty();
    bool may_answer = proposal && i >= proposed && line < row.line;
    bool held = (type == EntryType::kHold || type == EntryType::kResume) && number == row.number;
    bool before = line < row.line && (index == 0 || line > after);
    bool replaced = before && (type == EntryType::kDrift || type == EntryType::kBreakGlass);
    if (!may_ask && !may_answer && !held && !replaced) continue;
    Entry entry = reader.entry(i);
    bool asked = may_ask && entry.intent == row.intent;
    bool answered = may_answer && entry.id == proposal->id;
    if (asked || answered || held || replaced) kept.push_back(std::move(entry));
  }
  std::vector<const Entry*> said;
  for (const Entry& entry : kept) said.push_back(&entry);
  for (const Entry& entry : state.platform) {
    if (is_mark(entry) && !row.artifact.empty() && entry.artifact == row.artifact) said.push_back(&entry);
  }
  std::stable_sort(said.begin(), said.end(), [](const Entry* a, const Entry* b) { return a->time < b->time; });
  for (const Entry* entry : said) out.decisions.push_back(row_of(*entry));
  out.adopts = row.adopts;
}

}  // namespace autonomous::daemon
