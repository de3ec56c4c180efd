// What people decided, read back from the ledger; and what others did to a target past the platform.
#include <algorithm>
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

bool is_listed(const Entry& entry) {
  return model::is_decision(entry.type) || entry.type == EntryType::kDrift || entry.type == EntryType::kBurnt ||
         entry.type == EntryType::kRewriteAccepted;
}

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
  std::vector<const Entry*> found;
  auto take = [&](const Entry& entry) {
    bool early = !filter.until || entry.time < *filter.until;
    if (early && is_listed(entry) && (filter.type.empty() || model::entry_type_name(entry.type) == filter.type))
      found.push_back(&entry);
  };
  bool everywhere = filter.environment.empty() && filter.project.empty() && filter.app.empty();
  std::set<std::string> scopes, artifacts;
  bool marks = std::any_of(state->platform.begin(), state->platform.end(), is_mark);
  for (const auto& [target, record] : state->targets) {
    bool wanted = (filter.environment.empty() || target.environment == filter.environment) &&
                  (filter.project.empty() || target.project == filter.project) &&
                  (filter.app.empty() || target.app == filter.app);
    if (!wanted) continue;
    for (const store::Said& one : record->said) take(one.entry);
    if (everywhere) continue;
    scopes.insert({target.environment, target.str()});
    if (marks) artifacts.merge(artifacts_of(*record));
  }
  if (!filter.environment.empty()) scopes.insert(filter.environment);
  for (const Entry& entry : state->platform) {
    if (everywhere || (is_mark(entry) ? artifacts.contains(entry.artifact) : scopes.contains(entry.scope))) take(entry);
  }
  std::stable_sort(found.begin(), found.end(), [](const Entry* a, const Entry* b) { return a->time > b->time; });
  if (found.size() > filter.limit) found.resize(filter.limit);
  std::vector<DecisionRow> rows;
  for (const Entry* entry : found) rows.push_back(row_of(*entry));
  return rows;
}

// Its proposal and what people said to it, the hold that came with it, marks on its artifact, and what it replaced.
void Service::add_decisions(const store::State& state, const store::TargetState& record, const store::ReleaseRow& row,
                            ReleaseDetails& out) {
  size_t index = record.releases.find(row.number);
  uint32_t after = index == 0 ? 0 : record.releases[index - 1]->line;
  const Entry* proposal = nullptr;
  for (const auto& [line, entry] : record.said) {
    bool of_it = entry.type == EntryType::kPropose && line < row.line && entry.artifact == row.artifact &&
                 entry.input_digest == row.input_digest && entry.intent == row.intent;
    if (of_it) proposal = &entry;
  }
  if (proposal != nullptr) out.waited = row.time - proposal->time;
  std::vector<const Entry*> said;
  for (const auto& [line, entry] : record.said) {
    bool asked = entry.type == EntryType::kAsk && !entry.intent.empty() && entry.intent == row.intent;
    bool answered = proposal != nullptr && entry.id == proposal->id && line < row.line;
    bool held = (entry.type == EntryType::kHold || entry.type == EntryType::kResume) && entry.number == row.number;
    bool before = line < row.line && (index == 0 || line > after);
    bool replaced = before && (entry.type == EntryType::kDrift || entry.type == EntryType::kBreakGlass);
    if (asked || answered || held || replaced) said.push_back(&entry);
  }
  for (const Entry& entry : state.platform) {
    if (is_mark(entry) && !row.artifact.empty() && entry.artifact == row.artifact) said.push_back(&entry);
  }
  std::stable_sort(said.begin(), said.end(), [](const Entry* a, const Entry* b) { return a->time < b->time; });
  for (const Entry* entry : said) out.decisions.push_back(row_of(*entry));
  out.adopts = row.adopts;
}

}  // namespace autonomous::daemon
