// The looking half of Service: status, reasons, configuration.
#include <algorithm>

#include "daemon/pipeline/recorded.h"
#include "daemon/pipeline/rows.h"
#include "daemon/pipeline/service.h"
#include "daemon/pipeline/why.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

std::vector<TargetRow> Service::status() { return pipeline_.board().rows(); }

std::vector<TargetRow> Service::status_at(Time time) {
  std::vector<TargetRow> out;
  store::StatePtr then = pipeline_.board().state()->at(time);
  for (const auto& [target, record] : then->targets) {
    TargetRow row = make_row(target, record.get(), nullptr, time);
    if (record->proposal) {
      row.state = TargetState::kWaiting;
      row.why = "waits for people: " + record->proposal->entry.subject;
    }
    bool nothing = row.release == 0 && row.state == TargetState::kNew;
    if (!nothing) out.push_back(std::move(row));
  }
  return out;
}

WhyAnswer Service::why_target(const model::Target& target) const {
  std::vector<BranchView> branches = pipeline_.branches();
  store::StatePtr state = pipeline_.board().state();
  std::optional<Flight> flight = pipeline_.board().flight(target);
  return walk_gates(target, branches, pipeline_.source_trouble(target.project), *state, flight,
                    pipeline_.board().view(), pipeline_.board().rewritten(), pipeline_.clock().now());
}

Result<std::vector<WhyAnswer>> Service::why(const Ctx& ctx, const std::string& subject) {
  if (subject.find('/') != std::string::npos) {
    TRY(Known known, this->known(subject));
    return std::vector<WhyAnswer>{why_target(known.target)};
  }
  TRY(WhereAnswer where, this->where(ctx, subject));
  std::vector<WhyAnswer> out;
  for (const BranchView& branch : pipeline_.branches()) {
    if (!branch.plan || branch.source.project != where.project) continue;
    if (branch.plan->environments.empty() && branch.head.hex() == where.source_commit) {
      out.push_back({"",
                     where.source_commit,
                     where.subject,
                     "no environment is fed from " + branch.branch,
                     {{"seen", Gate::Verdict::kOk, branch.branch + " is at " + where.source_commit.substr(0, 7)},
                      {"mapped", Gate::Verdict::kNo,
                       "no environment is fed from " + branch.branch + "; platform.yaml on main says which"}}});
    }
  }
  for (const WhereRow& row : where.rows) {
    auto target = model::Target::parse(row.target);
    if (!target) continue;
    WhyAnswer answer = why_target(*target);
    if (answer.source_commit == where.source_commit) {
      out.push_back(std::move(answer));
    } else {
      Gate::Verdict verdict = row.state == "live" ? Gate::Verdict::kOk : Gate::Verdict::kNo;
      out.push_back({row.target,
                     where.source_commit,
                     where.subject,
                     row.text,
                     {{"seen", Gate::Verdict::kOk, "seen"}, {"push", verdict, row.text}}});
    }
  }
  if (out.empty()) {
    std::string text = where.project + " has seen it, and no target was released from it";
    for (const BranchView& branch : pipeline_.branches()) {
      if (branch.head.hex() == where.source_commit && branch.plan && !branch.plan->errors.empty())
        text = branch.plan->errors.front().line();
    }
    out.push_back({"",
                   where.source_commit,
                   where.subject,
                   text,
                   {{"seen", Gate::Verdict::kOk, "in " + where.project}, {"spec", Gate::Verdict::kNo, text}}});
  }
  return out;
}

namespace {

ConfigAnswer config_answer(const model::Target& target, const std::string& source, const std::string& config,
                           const model::Effective& effective) {
  ConfigAnswer out{target.str(), source, config, {}};
  for (const model::Setting& setting : effective.settings) {
    std::string from =
        setting.place.line == 0 ? "default" : setting.place.file + ":" + std::to_string(setting.place.line);
    out.values.push_back({setting.path, setting.value, from});
  }
  return out;
}

}  // namespace

// From what the record keeps of the release that ran then: the source repository may be gone.
Result<ConfigAnswer> Service::config_at(const Known& known, Time time) {
  store::TargetPtr then = pipeline_.board().state()->at(time)->find(known.target);
  store::ReleaseRowPtr live = then ? then->live() : nullptr;
  if (!live) return fail(Code::kNotFound, known.target.str(), " had no release at ", format_time(time));
  TRY(store::Reader reader, store::Reader::open(options_.gitops, options_.branch));
  TRY(RecordedInputs kept, recorded_inputs(reader, {known.target, live->number}));
  return config_answer(known.target, live->source_commit, kept.inputs.config_commit, kept.effective);
}

Result<ConfigAnswer> Service::config(const Ctx&, const std::string& text, std::optional<Time> at) {
  TRY(Known known, this->known(text));
  if (at) return config_at(known, *at);
  std::vector<BranchView> branches = pipeline_.branches();
  const BranchView* branch = branch_of(branches, known.target);
  if (branch == nullptr && known.state->live()) return config_at(known, pipeline_.clock().now());  // promoted
  if (branch == nullptr)
    return fail(Code::kNotFound, "no branch of ", known.target.project, " feeds ", known.target.environment);
  PlatformPtr view = pipeline_.board().view();
  TRY(git::Repository repository, git::Repository::open(branch->source.path));
  TRY(auto tree, repository.tree_of(branch->head, branch->source.folder));
  model::Detected detected = model::detect(*tree, known.target.project);
  if (!detected.spec)
    return model::merge_errors(detected.errors.empty()
                                   ? std::vector<Error>{fail(Code::kInvalid, "the project has no spec")}
                                   : detected.errors);
  const model::Environment* environment = model::find_environment(*view->platform, known.target.environment);
  if (environment == nullptr)
    return fail(Code::kNotFound, "platform.yaml has no environment ", known.target.environment);
  model::Parsed<model::Value> overlay;
  std::string file =
      "config/" + known.target.environment + "/" + known.target.project + "/" + known.target.app + ".yaml";
  if (view->tree && view->tree->stat(file)) {
    TRY(std::string overlay_text, view->tree->read(file, 1u << 20));
    overlay = model::parse_overlay(overlay_text, file);
    if (!overlay) return overlay.error();
  }
  model::Layers layers{environment->defaults.is_null() ? nullptr : &environment->defaults, overlay.value.get()};
  auto effective =
      model::effective(*detected.spec, known.target.project, known.target.environment, known.target.app, layers);
  if (!effective) return effective.error();
  return config_answer(known.target, branch->head.hex(), view->commit.hex(), *effective.value);
}

std::vector<ProjectRow> Service::projects() {
  std::vector<ProjectRow> out;
  std::vector<BranchView> branches = pipeline_.branches();
  store::StatePtr state = pipeline_.board().state();
  for (const SourceRepository& source : pipeline_.projects()) {
    ProjectRow row{source.project, source.url, source.hosted(), "new", "", {}};
    for (const BranchView& branch : branches) {
      if (branch.source.project != source.project || !branch.plan) continue;
      if (branch.plan->environments.empty()) continue;
      row.state = branch.plan->errors.empty() ? "ok" : "failing";
      if (!branch.plan->errors.empty()) row.why = branch.plan->errors.front().line();
    }
    std::string trouble = pipeline_.source_trouble(source.project);
    for (const BranchView& branch : branches) {
      if (branch.source.project != source.project || !branch.gone) continue;
      if (!branch.plan || branch.plan->environments.empty()) continue;
      row.state = "failing";
      row.why = branch.branch + " was deleted in the source; what it released keeps running";
    }
    if (!trouble.empty()) {
      row.state = "failing";
      row.why = trouble;
    }
    for (const auto& [target, record] : state->targets) {
      if (target.project == source.project && std::find(row.apps.begin(), row.apps.end(), target.app) == row.apps.end())
        row.apps.push_back(target.app);
    }
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace autonomous::daemon
