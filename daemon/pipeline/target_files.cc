// What a rendered target has to keep to, and what is written of it.
#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/namespaces.h"
#include "daemon/pipeline/recording_tree.h"
#include "daemon/pipeline/render_format.h"
#include "daemon/pipeline/target_maker.h"
#include "daemon/pipeline/version.h"
#include "gitops/base/digest.h"
#include "gitops/model/policy.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

// What an app tells those that are bound to it: "web http:8080".
std::string facts_of(const model::App& app) {
  std::string out(model::app_type_name(app.type));
  for (const model::Port& port : app.ports) out += " " + port.name + ":" + std::to_string(port.number);
  return out;
}

}  // namespace

std::string overlay_file(const model::Target& target) { return store::overlay_file(target); }

// ---- checks

Result<void> TargetMaker::check() {
  std::vector<Error> errors = app::check_manifests(resources_, {ns_, environment_->policies.plaintext_secrets});
  std::vector<model::PolicyResource> facts;
  uint64_t bytes = 0;
  for (const app::Resource& resource : resources_) {
    facts.push_back(
        {resource.group, resource.kind, resource.name, resource.label_keys, resource.images, resource.asks});
    bytes += resource.text.size();
  }
  if (bytes > options_.max_output)
    return fail(Code::kLimit, "the manifests have ", bytes, " bytes; the limit is ", options_.max_output);
  const model::Platform& platform = *wish_.view->platform;
  for (const model::Violation& violation : model::check_resources(environment_->policies, facts)) {
    Error error = fail(Code::kDenied, violation.resource.empty() ? "" : violation.resource + ": ", violation.message,
                       " (policies.", violation.rule, ")");
    if (auto place = model::place_of_rule(platform, environment_->name, violation.rule))
      error = std::move(error).at(*place);
    errors.push_back(std::move(error));
  }
  if (has_quota(platform, *environment_, names_.project)) {
    for (const app::Resource& resource : resources_) {
      if (!resource.group.empty() || (resource.kind != "ResourceQuota" && resource.kind != "LimitRange")) continue;
      errors.push_back(fail(Code::kDenied, resource.kind, "/", resource.name,
                            ": quotas of this namespace are the platform's (policies.quota)")
                           .at(resource.place)
                           .hint("platform.yaml says them; leave it out"));
    }
    TRY(out_.demand, app::demand_of(resources_, demand_rules(*environment_, true)));
  }
  if (resources_.empty())
    errors.push_back(fail(Code::kInvalid, "app ", wish_.target.app, " renders to nothing")
                         .hint("`autonomous retire` takes an app away"));
  return errors.empty() ? ok() : Result<void>(model::merge_errors(errors));
}

// ---- what is written

Result<void> TargetMaker::write_files() {
  store::ReleaseInputs inputs;
  inputs.target = wish_.target;
  if (wish_.source)
    inputs.source = model::SourceFact{wish_.source->repository.url, wish_.source->id, wish_.source->ref};
  inputs.mode = environment_->mode;
  inputs.images = images_;
  inputs.chart = out_.trailers.chart;
  inputs.render_format = std::string(render_format());
  inputs.helm = kHelm;
  inputs.kubernetes = environment_->kubernetes;
  inputs.api_versions = environment_->api_versions;
  std::sort(inputs.api_versions.begin(), inputs.api_versions.end());
  inputs.namespace_name = ns_;
  inputs.release_name = names_.app;
  if (names_ != wish_.target) inputs.extra["names"] = names_.str();
  inputs.config_commit = wish_.config_commit.empty() ? wish_.view->commit.hex() : wish_.config_commit;
  inputs.platform_blob = wish_.view->blob;
  std::string overlay = overlay_file(wish_.target);
  if (wish_.view->tree) {
    if (auto entry = wish_.view->tree->stat(overlay)) inputs.overlay_blob = entry->oid;
  }
  inputs.artifact = artifact_of(wish_);
  if (wish_.spec_text) {
    inputs.spec_digest = "sha256:" + sha256_hex(*wish_.spec_text);
    out_.inputs[inputs.spec_digest] = {*wish_.spec_text, {}};
  }
  // What of other apps the render depends on: their overlays may change without ours.
  if (app_.rendering == model::Rendering::kBuiltIn) {
    for (const auto& [name, other] : wish_.neighbours) inputs.extra["app." + name] = facts_of(*other);
  }
  if (const auto* recorded = dynamic_cast<const RecordingTree*>(&project_)) {
    std::map<std::string, std::string> taken = recorded->taken();
    if (!taken.empty()) {
      std::string digest = digest_of_files(taken);
      inputs.extra["sources"] = digest;
      out_.inputs[digest] = {"", std::move(taken)};
    }
  }
  out_.files["release.yaml"] = store::format_release_yaml(inputs);
  out_.files["values.yaml"] = values_;
  if (elsewhere_) {
    // What was rendered here is what was checked; what runs, Argo CD renders from these.
    chart_files_["values.yaml"] = values_;
    for (auto& [path, content] : chart_files_) out_.files["chart/" + path] = std::move(content);
  }
  for (const app::Resource& resource : resources_) {
    if (elsewhere_) break;
    std::string file = store::manifest_file(resource.kind, resource.group, resource.ns, resource.name, ns_);
    out_.files[file] = resource.text;
  }
  fill_trailers(inputs);
  out_.summary = std::to_string(resources_.size()) + (resources_.size() == 1 ? " resource" : " resources");
  return ok();
}

void TargetMaker::fill_trailers(const store::ReleaseInputs& inputs) {
  model::Trailers& trailers = out_.trailers;
  trailers.release.target = wish_.target;
  trailers.trigger = wish_.trigger;
  trailers.because = model::clean_value(wish_.because);
  trailers.source = inputs.source;
  if (app_.build.kind == model::Build::Kind::kExternal) trailers.build = model::BuildFact{"", "external", {}, {}, ""};
  for (const auto& [name, reference] : images_) trailers.images.push_back({name, reference});
  trailers.renderer =
      model::RendererFact{std::string(render_format()), std::string(kHelm), "autonomous " + std::string(version())};
  trailers.input_digest = store::input_digest(inputs);
  trailers.policy = model::PolicyFact{wish_.view->commit.hex(), wish_.view->blob};
  trailers.requested_by = wish_.by;
  trailers.retry_of = wish_.retry_of;
  if (wish_.promoted_from) trailers.promoted_from = model::PromotedFrom{*wish_.promoted_from, "", ""};
  trailers.supersedes = wish_.supersedes;
  trailers.ticket = model::clean_value(wish_.ticket);
}

}  // namespace autonomous::daemon
