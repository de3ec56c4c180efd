#include "daemon/pipeline/news.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// A person took this commit back after it was last wanted: "rejected by Jane: too risky".
std::string given_up(const store::TargetState& state, const std::string& commit) {
  git::Oid wanted = git::Oid::parse(commit).value_or(git::Oid());
  for (size_t i = state.said.size(); i-- > 0;) {
    const store::SaidHead& head = state.said.head(i);
    if (head.source.is_zero() || head.source != wanted) continue;
    if (head.type == model::EntryType::kPropose) return "";
    if (head.type != model::EntryType::kReject && head.type != model::EntryType::kCancel) continue;
    model::Entry entry = state.said[i].entry;
    if (!entry.by) continue;
    return (entry.type == model::EntryType::kReject ? "rejected by " : "cancelled by ") + entry.by->name +
           (entry.because.empty() ? "" : ": " + entry.because);
  }
  return "";
}

}  // namespace

std::optional<NoNews> News::none_for(const store::TargetState* state, const model::App& app) {
  if (state == nullptr) return std::nullopt;
  std::string commit = commit_.hex();
  if (failed_before(*state, commit_)) {
    std::string reason;  // of an old one it stands in the ledger alone
    for (const auto& [line, attempt] : state->newest_attempts) {
      bool same = attempt.source && attempt.source->commit == commit;
      if (same && attempt.type == model::EntryType::kFailed) reason = ": " + one_line(attempt.reason);
    }
    return NoNews{"seen", "this commit failed before" + reason, true};
  }
  if (std::string ended = given_up(*state, commit); !ended.empty()) return NoNews{"approval", ended, true};
  std::string base = released_source(state);
  if (base.empty()) return std::nullopt;
  if (base == commit) return NoNews{"seen", "this commit is what was released"};
  const Changes& changed = since(base);
  if (!changed.known) return std::nullopt;
  if (!changed.paths.empty() && model::touches(app, changed.paths)) return std::nullopt;
  return NoNews{"paths", "nothing that this app is made of changed since " + base.substr(0, 7)};
}

const News::Changes& News::since(const std::string& base) {
  auto [at, fresh] = changes_.try_emplace(base);
  if (fresh) at->second = compute(base);
  return at->second;
}

News::Changes News::compute(const std::string& base) const {
  auto oid = git::Oid::parse(base);
  if (!oid || !repository_.has(*oid)) return {};
  auto changes = repository_.diff_paths(*oid, commit_, folder_, 100'000);
  if (!changes) return {};
  Changes answer{true, {}};
  size_t cut = folder_.empty() ? 0 : folder_.size() + 1;
  for (const git::PathChange& change : *changes)
    answer.paths.push_back(change.path.substr(std::min(cut, change.path.size())));
  return answer;
}

std::string released_source(const store::TargetState* state) {
  if (state == nullptr) return "";
  std::string commit;
  Time at{};
  for (auto it = state->releases.rbegin(); it != state->releases.rend(); ++it) {
    if ((*it)->source_commit.empty()) continue;
    commit = (*it)->source_commit;
    at = (*it)->time;
    break;
  }
  for (size_t i = state->attempts.size(); i-- > 0;) {
    const store::Attempt& attempt = state->attempts[i];
    bool newer = !attempt.failed && !attempt.source.is_zero() && attempt.time >= at;
    if (newer) return attempt.source.hex();
  }
  return commit;
}

bool failed_before(const store::TargetState& state, const git::Oid& commit) {
  for (size_t i = state.attempts.size(); i-- > 0;) {
    if (state.attempts[i].failed && state.attempts[i].source == commit) return true;
  }
  return false;
}

}  // namespace autonomous::daemon
