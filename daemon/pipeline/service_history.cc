// The history, as Service answers it: releases and what was tried, one of them in full, and where a commit lives.
#include <algorithm>

#include "daemon/pipeline/rows.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/whole_entries.h"
#include "gitops/base/text.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

std::string outcome_text(const store::ReleaseRow& row) {
  return row.outcome ? std::string(model::verdict_name(row.outcome->verdict)) : "running";
}

}  // namespace

ReleaseRow release_row(const model::Target& target, const store::ReleaseRow& row, bool live) {
  ReleaseRow out;
  out.target = target.str();
  out.number = row.number;
  out.outcome = outcome_text(row);
  out.live = live;
  out.trigger = model::trigger_name(row.trigger);
  out.because = row.because;
  out.who = row.requested_by;
  out.source_commit = row.source_commit;
  out.subject = row.subject;
  out.author = row.author;
  out.commit = row.commit.hex();
  out.at = row.time;
  out.ticket = row.ticket;
  if (row.outcome) out.reason = row.outcome->reason;
  return out;
}

namespace {

// Where the history goes on, before and after: on the first release of a target that another one became, and on the
// last one of that.
void link_moves(const store::TargetState& record, const store::ReleaseRow& row, ReleaseRow& out) {
  if (record.moved && row.number == record.moved->from.number + 1) out.moved_from = record.moved->from.str();
  if (record.moved_away && row.number == record.last_number) out.moved_to = record.moved_away->to.str();
}

// Of what ended before there was a commit, and of a number that no release has: what it is listed as; "" for what is
// not listed.
std::string ended_as(model::EntryType type) {
  switch (type) {
    case model::EntryType::kFailed: return "failed";
    case model::EntryType::kReject: return "rejected";
    case model::EntryType::kCancel: return "cancelled";
    case model::EntryType::kBurnt: return "burnt";
    default: return "";
  }
}

ReleaseRow attempt_row(const model::Target& target, const model::Entry& entry) {
  ReleaseRow row;
  row.target = target.str();
  row.outcome = ended_as(entry.type);
  if (entry.type == model::EntryType::kBurnt) row.number = entry.number;
  if (entry.trigger) row.trigger = model::trigger_name(*entry.trigger);
  row.because = entry.because;
  if (entry.by) row.who = entry.by->str();
  row.ticket = entry.ticket;
  row.source_commit = entry.source ? entry.source->commit : "";
  row.subject = entry.subject;
  row.author = entry.author;
  row.at = entry.time;
  row.reason = entry.step.empty() ? entry.reason : entry.step + ": " + entry.reason;
  return row;
}

// Something to list, and where the rest of it is.
struct Listed {
  Time at;
  const model::Target* target;
  const store::TargetState* record;
  bool released;  // else it is an attempt, or a decision that ended one
  size_t place;   // among the releases; or the line of the ledger
};

// The newest of a target that are wanted, found by what stands at the head of each: of 100,000 only those that are
// listed are unpacked, or read.
void list_target(const model::Target& target, const store::TargetState& record, const ReleaseFilter& filter,
                 std::vector<Listed>& found) {
  auto fits = [&](Time at, const git::Oid& source) {
    if (filter.until && at >= *filter.until) return false;
    return filter.commit.empty() || (!source.is_zero() && source.hex().starts_with(filter.commit));
  };
  const store::Rows& known = record.releases;
  uint32_t line = UINT32_MAX;  // what stands there or later comes after `before`
  size_t taken = 0;
  for (size_t i = known.size(); i-- > 0 && taken < filter.limit;) {
    if (filter.before != 0 && known.number(i) >= filter.before) {
      line = known[i]->line;
      continue;
    }
    if (!fits(known.time(i), filter.commit.empty() ? git::Oid() : known.source_commit(i))) continue;
    found.push_back({known.time(i), &target, &record, true, i});
    ++taken;
  }
  taken = 0;
  for (size_t i = record.attempts.size(); i-- > 0 && taken < filter.limit;) {
    const store::Attempt& one = record.attempts[i];
    if (!one.failed || one.line >= line || !fits(one.time, one.source)) continue;
    found.push_back({one.time, &target, &record, false, one.line});
    ++taken;
  }
  taken = 0;
  for (size_t i = record.said.size(); i-- > 0 && taken < filter.limit;) {
    const store::SaidHead& one = record.said.head(i);
    bool failed = one.type == model::EntryType::kFailed;  // among the attempts
    if (failed || one.line >= line || ended_as(one.type).empty() || !fits(one.time, one.source)) continue;
    found.push_back({one.time, &target, &record, false, one.line});
    ++taken;
  }
}

}  // namespace

Result<std::vector<ReleaseRow>> Service::releases(const Ctx&, const ReleaseFilter& filter) {
  store::StatePtr state = pipeline_.board().state();
  std::vector<Listed> found;
  for (const auto& [target, record] : state->targets) {
    bool wanted = (filter.environment.empty() || target.environment == filter.environment) &&
                  (filter.project.empty() || target.project == filter.project) &&
                  (filter.app.empty() || target.app == filter.app);
    if (wanted) list_target(target, *record, filter, found);
  }
  auto newest = found.begin() + static_cast<std::ptrdiff_t>(std::min<size_t>(filter.limit, found.size()));
  std::partial_sort(found.begin(), newest, found.end(), [](const Listed& a, const Listed& b) {
    if (a.at != b.at) return a.at > b.at;
    if (a.target != b.target) return *a.target < *b.target;
    return a.released != b.released ? a.released : a.place > b.place;
  });
  WholeEntries whole(options_.gitops, state);
  std::vector<ReleaseRow> rows;
  for (auto each = found.begin(); each != newest; ++each) {
    if (!each->released) {
      TRY(model::Entry entry, whole.at(*each->record, static_cast<uint32_t>(each->place)));
      rows.push_back(attempt_row(*each->target, entry));
      continue;
    }
    const store::Rows& known = each->record->releases;
    bool live = each->place + 1 == known.size() && !each->record->moved_away;
    store::ReleaseRowPtr row = known[each->place];
    rows.push_back(release_row(*each->target, *row, live));
    link_moves(*each->record, *row, rows.back());
  }
  return rows;
}

Result<ReleaseDetails> Service::release(const Ctx&, const std::string& id) {
  TRY(model::ReleaseId release, model::ReleaseId::parse(id));
  TRY(store::Reader reader, store::Reader::open(options_.gitops, options_.branch));
  store::StatePtr state = pipeline_.board().state();
  store::TargetPtr record = state->find(release.target);
  for (size_t i = 0; record && i < record->said.size(); ++i) {
    const store::SaidHead& one = record->said.head(i);
    if (one.type == model::EntryType::kBurnt && one.number == release.number)
      return fail(Code::kNotFound, release.str(),
                  " was never made, its number is burnt: ", record->said[i].entry.reason);
  }
  TRY(store::ReleaseDetail detail, reader.show(release));
  ReleaseDetails out;
  out.row = release_row(release.target, *detail.row,
                        record && record->live() && record->live()->number == release.number && !record->moved_away);
  if (record) link_moves(*record, *detail.row, out.row);
  for (const model::Who& who : detail.trailers.approved_by) out.row.approved_by.push_back(who.str());
  TRY(std::string block, model::format_trailers(detail.trailers));
  for (std::string_view line : split(block, '\n')) {
    size_t colon = line.find(": ");
    if (colon != std::string_view::npos) out.trailers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
  }
  if (detail.row->outcome) {
    for (const model::StepTime& step : detail.row->outcome->steps)
      out.steps.push_back({step.name, "done", step.took, ""});
    out.steps.push_back({"outcome", out.row.outcome == "failed" ? "failed" : "done", Millis(0),
                         out.row.outcome + (out.row.reason.empty() ? "" : ": " + out.row.reason)});
  } else {
    out.steps.push_back({"verify", "running", Millis(0), ""});
  }
  auto commit = reader.repository().commit(detail.row->commit);
  if (commit) {
    git::Oid parent = commit->parents.empty() ? git::Oid::zero() : commit->parents.front();
    auto changes = reader.repository().diff_paths(parent, commit->id, store::target_folder(release.target), 10'000);
    size_t cut = store::target_folder(release.target).size() + 1;
    for (const git::PathChange& change : changes ? *changes : std::vector<git::PathChange>{}) {
      std::string kind = change.old_oid.is_zero() ? "A " : change.new_oid.is_zero() ? "D " : "M ";
      out.changed.push_back(kind + change.path.substr(cut));
    }
  }
  if (record && record->find(release.number)) add_decisions(*state, *record, *detail.row, out);
  out.tag = release.tag();
  out.undo = "git revert " + release.tag();
  return out;
}

Result<TargetDetails> Service::target(const Ctx&, const std::string& text) {
  TRY(Known known, this->known(text));
  TargetDetails out;
  if (auto row = pipeline_.board().row(known.target)) out.row = *row;
  out.gates = why_target(known.target).gates;
  size_t taken = 0;
  for (auto row = known.state->releases.rbegin(); row != known.state->releases.rend() && taken < 10; ++row, ++taken) {
    out.releases.push_back(release_row(known.target, **row, taken == 0 && !known.state->moved_away));
    link_moves(*known.state, **row, out.releases.back());
  }
  return out;
}

namespace {

struct Attempted {
  model::Target target;
  model::Entry entry;
};

// What came of a commit that was not released, whole, the newest of each target first. kConflict where the digits are
// of several commits.
Result<std::vector<Attempted>> attempts_of(const store::State& state, const std::string& commit, WholeEntries& whole) {
  std::vector<Attempted> out;
  git::Oid source;
  for (const store::State::Tried& tried : state.tried(commit)) {
    if (!source.is_zero() && source != tried.source)
      return fail(Code::kConflict, "'", commit, "' begins more than one commit: ", source.hex(), " and ",
                  tried.source.hex());
    source = tried.source;
    TRY(model::Entry entry, whole.at(*state.find(tried.target), tried.line));
    if (entry.source) out.push_back({tried.target, std::move(entry)});
  }
  return out;
}

WhereRow where_tried(const Attempted& attempted) {
  const model::Entry& entry = attempted.entry;
  std::string by = entry.by ? " by " + (entry.by->name.empty() ? entry.by->how : entry.by->name) : "";
  std::string said = entry.because.empty() ? entry.reason : entry.because;
  WhereRow row{attempted.target.str(), "not released", 0, entry.time, "it changed nothing"};
  switch (entry.type) {
    case model::EntryType::kFailed:
      row.state = "failed";
      row.text = entry.step + " failed: " + entry.reason;
      break;
    case model::EntryType::kReject: row.text = "rejected" + by + (said.empty() ? "" : ": " + said); break;
    case model::EntryType::kCancel: row.text = "cancelled" + by + (said.empty() ? "" : ": " + said); break;
    default: break;
  }
  return row;
}

}  // namespace

Result<WhereAnswer> Service::where(const Ctx&, const std::string& commit) {
  if (commit.size() < 4 || !is_hex(commit))
    return fail(Code::kInvalid, "'", one_line(commit, 50), "' is no commit: at least 4 hexadecimal digits");
  WhereAnswer out;
  store::StatePtr state = pipeline_.board().state();
  for (const BranchView& branch : pipeline_.branches()) {
    auto repository = git::Repository::open(branch.source.path);
    if (!repository) continue;
    auto found = repository->find_prefix(commit);
    if (!found) {
      if (found.error().code() == Code::kConflict) return std::move(found).error();
      continue;
    }
    auto read = repository->commit(*found);
    if (!read) continue;
    out.source_commit = found->hex();
    out.project = branch.source.project;
    out.subject = one_line(read->subject());
    out.author = read->author.name + " <" + read->author.email + ">";
    auto within = repository->is_ancestor(*found, branch.head);
    if (within && *within) {
      out.ref = "refs/heads/" + branch.branch;
      break;
    }
  }
  WholeEntries whole(options_.gitops, state);
  TRY(std::vector<Attempted> attempted,
      attempts_of(*state, out.source_commit.empty() ? commit : out.source_commit, whole));
  for (const auto& located : state->where(out.source_commit.empty() ? commit : out.source_commit)) {
    if (out.source_commit.empty()) {
      out.source_commit = located.release->source_commit;
      out.project = located.target.project;
      out.subject = located.release->subject;
      out.author = located.release->author;
    }
    std::string outcome = outcome_text(*located.release);
    std::string where_now = located.live ? (outcome == "failed"    ? "failed"
                                            : outcome == "running" ? "releasing"
                                                                   : "live")
                                         : "replaced";
    out.rows.push_back({located.target.str(), where_now, located.release->number, located.release->time,
                        "release " + std::to_string(located.release->number) + ": " + outcome +
                            (located.live ? "" : ", replaced since")});
  }
  if (out.source_commit.empty() && !attempted.empty()) {
    const model::Entry& entry = attempted.front().entry;
    out.source_commit = entry.source->commit;
    out.project = attempted.front().target.project;
    out.subject = entry.subject;
    out.author = entry.author;
    out.ref = entry.source->ref;
  }
  for (const auto& [target, record] : state->targets) {
    if (out.project != target.project) continue;
    bool listed = std::any_of(out.rows.begin(), out.rows.end(),
                              [&, name = target.str()](const WhereRow& row) { return row.target == name; });
    if (listed) continue;
    auto flight = pipeline_.board().flight(target);
    if (flight && flight->wish->commit() == out.source_commit) {
      bool blocked = !flight->release.blocked.empty();
      out.rows.push_back({target.str(), blocked ? "waiting" : "releasing", 0, flight->release.since,
                          blocked ? flight->release.blocked : step_of(flight->release)});
      continue;
    }
    auto newest = std::find_if(attempted.begin(), attempted.end(),
                               [&, &name = target](const Attempted& one) { return one.target == name; });
    if (newest != attempted.end()) out.rows.push_back(where_tried(*newest));
  }
  if (out.source_commit.empty()) return fail(Code::kNotFound, "no project has a commit ", commit);
  return out;
}

}  // namespace autonomous::daemon
