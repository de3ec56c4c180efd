#include "gitops/git/push_report.h"

#include <algorithm>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::git {

namespace {

constexpr size_t kMostWords = 8u << 10;

bool holds(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

// "[remote rejected] (pre-receive hook declined)" → the part in the outer brackets.
std::string reason_of(std::string_view summary) {
  size_t open = summary.find(" (");
  if (open == std::string_view::npos || !summary.ends_with(')')) return masked(one_line(summary));
  return masked(one_line(summary.substr(open + 2, summary.size() - open - 3)));
}

PushOutcome outcome_of(char flag, std::string_view summary, std::string_view reason) {
  if (flag == '=') return PushOutcome::kUpToDate;
  if (flag != '!') return PushOutcome::kOk;
  if (holds(reason, "atomic")) return PushOutcome::kAborted;
  bool moved =
      holds(reason, "stale info") || holds(reason, "fetch first") || holds(reason, "incorrect old value") ||
      holds(reason, "reference already exists") || (holds(reason, "is at ") && holds(reason, "but expected")) ||
      (starts_with(summary, "[rejected]") && (holds(reason, "already exists") || holds(reason, "non-fast-forward")));
  return moved ? PushOutcome::kStale : PushOutcome::kRejected;
}

}  // namespace

bool PushReport::all_ok() const {
  return std::all_of(refs.begin(), refs.end(), [](const PushVerdict& verdict) {
    return verdict.outcome == PushOutcome::kOk || verdict.outcome == PushOutcome::kUpToDate;
  });
}

std::string server_words(std::string_view err) {
  std::string words;
  for (std::string_view line : split(err, '\n')) {
    // Progress of sideband ends in a carriage return; the last state of such a line is what stays.
    size_t back = trim(line).rfind('\r');
    if (back != std::string_view::npos) line = trim(line).substr(back + 1);
    if (!starts_with(line, "remote:")) continue;
    line = line.substr(7);
    if (size_t erase = line.find("\x1b[K"); erase != std::string_view::npos) line = line.substr(0, erase);
    std::string clean = one_line(line, 500);
    words += std::string(trim(clean)) + "\n";
    if (words.size() > kMostWords) break;
  }
  return masked(std::string(trim(words)));
}

Result<PushReport> parse_push_report(const std::vector<PushUpdate>& updates, std::string_view out,
                                     std::string_view err) {
  PushReport report;
  report.server_words = server_words(err);
  for (const PushUpdate& update : updates) report.refs.push_back({update.ref, PushOutcome::kOk, ""});
  std::vector<bool> answered(updates.size(), false);
  for (std::string_view line : split(out, '\n')) {
    auto fields = split(line, '\t');
    if (fields.size() < 3 || fields[0].size() != 1) continue;
    std::string_view to = fields[1].substr(std::min(fields[1].rfind(':') + 1, fields[1].size()));
    auto at = std::find_if(report.refs.begin(), report.refs.end(),
                           [&](const PushVerdict& verdict) { return verdict.ref == to; });
    if (at == report.refs.end() || holds(fields[2], "[remote failure]")) continue;
    at->reason = fields[0] == "!" ? reason_of(fields[2]) : "";
    at->outcome = outcome_of(fields[0][0], fields[2], at->reason);
    answered[static_cast<size_t>(at - report.refs.begin())] = true;
  }
  if (std::find(answered.begin(), answered.end(), false) != answered.end()) {
    return fail(Code::kUnavailable, "no answer for what was pushed").may_retry();
  }
  return report;
}

}  // namespace autonomous::git
