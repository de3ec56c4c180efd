// How the daemon is: doctor, metrics, readiness.
#include "daemon/pipeline/doctor.h"
#include "daemon/pipeline/service.h"
#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "gitops/store/index.h"
#include "gitops/store/lint.h"

namespace autonomous::daemon {

namespace {

constexpr size_t kNamedTags = 10;
constexpr std::chrono::hours kBurntNews{30 * 24};

}  // namespace

// What is kept of the ledger, in memory and on disk, against git itself.
std::vector<Check> Service::prove_state() const {
  auto proven = [&]() -> Result<size_t> {
    TRY(git::Repository repository, git::Repository::open(options_.gitops));
    store::StatePtr state = pipeline_.board().state();
    TRY(store::StatePtr folded, store::fold_from(nullptr, repository, {state->main, state->deploy, state->ledger}));
    TRY(std::string ours, store::index_bytes(*state));
    TRY(std::string gits, store::index_bytes(*folded));
    if (ours != gits)
      return fail(Code::kCorrupt, "what this daemon knows is not what git says").hint("restart the daemon");
    if (exists(options_.index)) TRY_DO(store::prove_index(options_.index, repository));
    size_t releases = 0;
    for (const auto& [target, each] : folded->targets) releases += each->releases.size();
    return releases;
  }();
  if (proven)
    return {{"ledger", "ok", "memory and index say of " + std::to_string(*proven) + " releases what git says", ""}};
  return {{"ledger", "failed", proven.error().line(), proven.error().hint()}};
}

// Tags are the public face of the history: whoever stands in their way is named.
std::vector<Check> Service::tag_checks() const {
  std::vector<Check> checks;
  auto refused = pipeline_.writer().refused_tags();
  for (size_t i = 0; i < refused.size() && i < kNamedTags; ++i) {
    const auto& [tag, why] = refused[i];
    std::string more = i + 1 == kNamedTags && refused.size() > kNamedTags
                           ? " (and " + std::to_string(refused.size() - kNamedTags) + " more tags)"
                           : "";
    checks.push_back({"release tags", "failed", tag + " was not taken: " + one_line(why, 300) + more,
                      "where somebody else made it: delete it at the host, then autonomous repair; where tags are "
                      "protected: allow the daemon to make those below release/"});
  }
  Time since = pipeline_.clock().now() - kBurntNews;
  store::StatePtr state = pipeline_.board().state();
  for (const auto& [target, record] : state->targets) {
    for (size_t i = 0; i < record->said.size(); ++i) {
      const store::SaidHead& one = record->said.head(i);
      if (one.type != model::EntryType::kBurnt || one.time < since || checks.size() >= 2 * kNamedTags) continue;
      model::ReleaseId id{target, one.number};
      checks.push_back({"release tags", "warning",
                        "number " + std::to_string(id.number) + " of " + target.str() + " is burnt since " +
                            format_time(one.time) + ": somebody else made " + id.tag(),
                        "find out who made it, and delete it at the host; tags below release/ are the platform's"});
    }
  }
  return checks;
}

// What others put on the branch that says what runs, and that hurts who reads it.
std::vector<Check> Service::branch_checks() const {
  std::vector<Check> checks;
  for (const store::UnsafePath& one : pipeline_.board().state()->unsafe)
    checks.push_back({"branch " + options_.branch, "warning", store::unsafe_text(one, options_.branch),
                      store::unsafe_remedy(one, options_.branch)});
  return checks;
}

std::vector<Check> Service::doctor(const Ctx& ctx, bool deep) {
  std::vector<Check> checks = options_.check_config ? options_.check_config() : std::vector<Check>{};
  for (Check& check : git_checks(ctx, pipeline_.options().sources.git)) checks.push_back(std::move(check));
  std::string trouble = pipeline_.writer().trouble();
  checks.push_back(trouble.empty() ? Check{"gitops repository", "ok", options_.gitops, ""}
                                   : Check{"gitops repository", "failed", trouble, ""});
  for (Check& check : tag_checks()) checks.push_back(std::move(check));
  for (Check& check : branch_checks()) checks.push_back(std::move(check));
  if (PlatformPtr view = pipeline_.board().view()) {
    if (view->errors.empty()) checks.push_back({"platform.yaml", "ok", "main is at " + view->commit.short_hex(), ""});
    for (const Error& error : view->errors)
      checks.push_back({"platform.yaml", "failed", error.text(), "the one before stays in force until main is right"});
  }
  for (const SourceRepository& source : pipeline_.projects()) {
    std::string why = pipeline_.source_trouble(source.project);
    checks.push_back({"source " + source.project, why.empty() ? "ok" : "failed", why.empty() ? source.url : why, ""});
  }
  for (Check& check : pipeline_.instances().check(ctx)) checks.push_back(std::move(check));
  if (deep) {
    for (Check& check : prove_state()) checks.push_back(std::move(check));
  }
  return checks;
}

std::vector<Metric> Service::metrics() {
  store::StatePtr state = pipeline_.board().state();
  std::map<std::string, double> by_state;
  for (const TargetRow& row : pipeline_.board().rows()) by_state[std::string(state_name(row.state))] += 1;
  Metric targets{"autonomous_targets", "Targets by what they are now.", Metric::Kind::kGauge, {}};
  for (const auto& [name, count] : by_state) targets.samples.push_back({{{"state", name}}, count});
  Metric releases{"autonomous_releases_total", "Releases in the ledger by their outcome.", Metric::Kind::kCounter, {}};
  const store::Counts& counts = state->releases_by_outcome;
  auto count = [&](std::string_view outcome, uint64_t number) {
    if (number != 0) releases.samples.push_back({{{"outcome", std::string(outcome)}}, static_cast<double>(number)});
  };
  for (size_t i = 0; i < counts.by_verdict.size(); ++i)
    count(model::verdict_name(static_cast<model::Verdict>(i)), counts.by_verdict[i]);
  Metric flights{"autonomous_releases_in_flight",
                 "Releases that are on their way.",
                 Metric::Kind::kGauge,
                 {{{}, static_cast<double>(pipeline_.board().in_flight())}}};
  Metric pushes{"autonomous_gitops_pushes_total",
                "Pushes to the GitOps repository since the start.",
                Metric::Kind::kCounter,
                {{{}, static_cast<double>(pipeline_.writer().pushes())}}};
  Metric writable{"autonomous_gitops_writable",
                  "1 while the GitOps repository can be written.",
                  Metric::Kind::kGauge,
                  {{{}, pipeline_.writer().trouble().empty() ? 1.0 : 0.0}}};
  return {targets, releases, flights, pushes, writable};
}

std::vector<Check> Service::readiness() {
  std::vector<Check> checks;
  bool read = pipeline_.board().view() != nullptr;
  checks.push_back({"gitops", read ? "ok" : "failed",
                    read ? "the GitOps repository was read" : "the GitOps repository was not read yet", ""});
  std::string trouble = pipeline_.writer().trouble();
  if (!trouble.empty()) checks.push_back({"writer", "warning", trouble, ""});
  for (Check& check : branch_checks()) checks.push_back(std::move(check));
  return checks;
}

}  // namespace autonomous::daemon
