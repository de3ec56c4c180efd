// What the walk writes down for the evidence, while it looks.
#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/store/auditor.h"
#include "gitops/store/layout.h"
#include "gitops/store/message.h"

namespace autonomous::store {

namespace {

constexpr std::string_view kConfigFolder = "config";
constexpr size_t kMaxFiles = 20;  // of one commit

bool within(const AuditOptions& options, Time time) {
  return (!options.from || time >= *options.from) && (!options.to || time < *options.to);
}

// As the trailer says it.
std::string build_text(const std::optional<model::BuildFact>& build) {
  if (!build) return "not known: no build by the platform";
  std::string out = (build->url.empty() ? "-" : build->url) + " " + build->result;
  if (build->passed && build->failed)
    out += " tests=" + std::to_string(*build->passed) + "/" + std::to_string(*build->failed);
  if (!build->log_sha256.empty()) out += " log-sha256:" + build->log_sha256;
  return out;
}

std::string source_text(const model::SourceFact& source) { return source.url + " " + source.commit + " " + source.ref; }

ReleaseEvidence evidence_of(const model::Trailers& trailers, const model::Entry& entry) {
  ReleaseEvidence out;
  out.target = entry.target->str();
  out.number = entry.number;
  out.at = entry.time;
  out.trigger = model::trigger_name(trailers.trigger);
  out.because = trailers.because;
  out.ticket = trailers.ticket;
  if (trailers.requested_by) out.requested_by = trailers.requested_by->str();
  for (const model::Who& who : trailers.approved_by) out.approved_by.push_back(who.str());
  out.author = entry.author;
  out.subject = entry.subject;
  if (trailers.source) out.source = source_text(*trailers.source);
  out.build = build_text(trailers.build);
  for (const model::ImageFact& image : trailers.images) out.images.push_back(image.name + "=" + image.reference);
  for (const model::SecretFact& secret : trailers.secrets)
    out.secrets.push_back(secret.name + " " + secret.path + " v" + secret.version);
  if (trailers.chart) out.chart = trailers.chart->name + " " + trailers.chart->version + " " + trailers.chart->digest;
  out.input_digest = trailers.input_digest;
  out.target_tree = trailers.target_tree;
  if (trailers.policy) out.policy = trailers.policy->commit + " " + trailers.policy->blob;
  out.commit = entry.commit;
  if (trailers.rollback_of) out.restores = trailers.rollback_of->str();
  if (trailers.promoted_from) out.promoted_from = trailers.promoted_from->release.str();
  out.adopts = trailers.adopts;
  return out;
}

}  // namespace

// Also of releases before the span, where they still ran in it: the last one of each target before it begins.
void Auditor::note_release(const Named& named, const Before& before) {
  if (!options_.evidence || (options_.to && named.entry.time >= *options_.to)) {
    if (options_.evidence && last_evidence_.contains(named.target)) {
      ReleaseEvidence& last = report_.evidence.releases[last_evidence_[named.target]];
      if (!last.until) last.until = named.entry.time;
    }
    return;
  }
  std::vector<ReleaseEvidence>& rows = report_.evidence.releases;
  ReleaseEvidence evidence = evidence_of(named.trailers, named.entry);
  note_config(named, evidence);
  if (before.glass)
    evidence.emergency = (before.glass->by ? before.glass->by->str() + ": " : "") + before.glass->because;
  auto policy = named.trailers.policy ? git::Oid::parse(named.trailers.policy->blob) : Result<git::Oid>(git::Oid());
  auto known = policies_.find(policy.value_or(git::Oid()));
  const model::Environment* environment =
      known == policies_.end() || !known->second.platform
          ? nullptr
          : model::find_environment(*known->second.platform, named.target.environment);
  model::Intent intent =
      named.trailers.trigger == model::Trigger::kRollback ? model::Intent::kRollback : model::Intent::kRelease;
  if (environment != nullptr) evidence.approvals_needed = model::approvals_needed(*environment, intent);
  evidence.independent = evidence.approvals_needed == 0 ? "not asked for" : "no: nobody approved it";
  if (environment != nullptr && before.proposal && evidence.approvals_needed > 0) {
    model::Responsible responsible =
        model::with_stand(*known->second.platform, environment->approvals,
                          responsible_for(before.proposal->entry, [&](const model::ReleaseId& id) { return row(id); }),
                          before.proposal->approvals, named.entry.time);
    std::string first;
    uint32_t good = 0;
    for (const model::Entry& approval : before.proposal->approvals) {
      std::string trouble = model::approval_trouble(*known->second.platform, environment->approvals, responsible,
                                                    approval, named.entry.time);
      if (trouble.empty()) ++good;
      else if (first.empty()) first = trouble;
    }
    evidence.independent = good >= evidence.approvals_needed ? "yes" : "no: " + (first.empty() ? "too few" : first);
  }
  auto last = last_evidence_.find(named.target);
  if (last != last_evidence_.end()) {
    ReleaseEvidence& earlier = rows[last->second];
    earlier.until = named.entry.time;
    if (options_.from && named.entry.time <= *options_.from) {  // it ran before the span only
      earlier = std::move(evidence);
      return;
    }
  }
  last_evidence_[named.target] = rows.size();
  rows.push_back(std::move(evidence));
}

void Auditor::note_config(const Named& named, ReleaseEvidence& evidence) {
  auto entry = repository_.entry(named.commit, target_folder(named.target) + "/release.yaml");
  auto text = entry ? repository_.blob(entry->oid, 1u << 20) : Result<std::string>(entry.error());
  auto inputs = text ? parse_release_yaml(*text) : Result<ReleaseInputs>(text.error());
  if (!inputs) return;  // a finding, or out of what is looked at
  evidence.config_commit = inputs->config_commit;
  evidence.config_platform = inputs->platform_blob;
  evidence.config_overlay = inputs->overlay_blob;
}

void Auditor::note_failed(const model::Entry& entry) {
  if (!options_.evidence || !within(options_, entry.time)) return;
  AttemptEvidence out;
  out.at = entry.time;
  out.target = entry.target ? entry.target->str() : "";
  if (entry.trigger) out.trigger = model::trigger_name(*entry.trigger);
  if (entry.by) out.who = entry.by->str();
  if (entry.source) out.source = source_text(*entry.source);
  out.subject = entry.subject;
  out.step = entry.step;
  out.reason = entry.reason;
  report_.evidence.failed.push_back(std::move(out));
}

void Auditor::note_decision(const model::Entry& entry) {
  if (!options_.evidence || !within(options_, entry.time)) return;
  bool key = entry.type == model::EntryType::kKey;
  if (!key && !model::is_decision(entry.type) && entry.type != model::EntryType::kRewriteAccepted) return;
  DecisionEvidence out;
  out.at = entry.time;
  out.type = model::entry_type_name(entry.type);
  if (key && entry.removed) out.type = "key ended";
  out.subject = entry.target ? entry.target->str() : entry.scope;
  if (out.subject.empty()) out.subject = key ? entry.key : entry.artifact;
  if (entry.by) out.who = entry.by->str();
  out.because = entry.because.empty() ? entry.reason : entry.because;
  out.ticket = entry.ticket;
  out.until = entry.until;
  (key ? report_.evidence.keys : report_.evidence.decisions).push_back(std::move(out));
}

Result<void> Auditor::note_policies() {
  std::map<git::Oid, std::vector<std::string>> changed;
  for (std::string_view path : {kPlatformFile, kConfigFolder}) {
    git::WalkOptions options;
    options.path = std::string(path);
    TRY(auto commits, repository_.walk(tips_.main, options));
    for (const git::Oid& id : commits) {
      TRY(git::Commit commit, repository_.commit(id));
      Time at = Time(std::chrono::seconds(commit.committer.seconds));
      if (!within(options_, at)) continue;
      auto [files, fresh] = changed.try_emplace(id);
      if (path == kPlatformFile) {
        files->second.emplace_back(path);
      } else {
        TRY(auto paths, repository_.diff_paths(commit.parents.empty() ? git::Oid() : commit.parents[0], id, path));
        for (size_t i = 0; i < paths.size() && i < kMaxFiles; ++i) files->second.push_back(paths[i].path);
        if (paths.size() > kMaxFiles) files->second.push_back(std::to_string(paths.size() - kMaxFiles) + " more");
      }
      if (!fresh) continue;
      report_.evidence.policies.push_back(
          {at, id.hex(), person_text(commit.author), one_line(commit.subject(), 200), {}, !commit.signature.empty()});
    }
  }
  for (PolicyEvidence& one : report_.evidence.policies) {
    if (auto id = git::Oid::parse(one.commit)) one.files = std::move(changed[*id]);
  }
  std::stable_sort(report_.evidence.policies.begin(), report_.evidence.policies.end(),
                   [](const PolicyEvidence& a, const PolicyEvidence& b) { return a.at > b.at; });
  return ok();
}

void Auditor::end_evidence() {
  Evidence& evidence = report_.evidence;
  evidence.from = options_.from;
  evidence.to = options_.to;
  for (ReleaseEvidence& release : evidence.releases) {
    auto target = model::Target::parse(release.target);
    ReleaseRowPtr made = target ? row({*target, release.number}) : nullptr;
    release.outcome = made && made->outcome ? std::string(model::verdict_name(made->outcome->verdict)) : "unknown";
    if (made && made->outcome) release.reason = made->outcome->reason;
  }
  std::stable_sort(evidence.releases.begin(), evidence.releases.end(),
                   [](const ReleaseEvidence& a, const ReleaseEvidence& b) { return a.at < b.at; });
}

}  // namespace autonomous::store
