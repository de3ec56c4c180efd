#include "daemon/pipeline/assemble.h"

#include <algorithm>

#include "daemon/pipeline/gates.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/namespaces.h"
#include "daemon/pipeline/recording_tree.h"
#include "daemon/pipeline/version.h"
#include "gitops/base/digest.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/model/image.h"
#include "gitops/model/policy.h"
#include "gitops/store/layout.h"
#include "render/app/chart.h"
#include "render/app/context.h"
#include "render/app/manifests.h"
#include "render/app/volumes.h"

namespace autonomous::daemon {

namespace {

constexpr std::string_view kRenderFormat = "render-format/1";
constexpr std::string_view kHelm = "helm/4";

std::string digest_of_files(const std::map<std::string, std::string>& files) {
  Sha256 digest;
  for (const auto& [path, content] : files) digest.add_field(path).add_field(content);
  return "sha256:" + digest.finish_hex();
}

std::string overlay_file(const model::Target& target) {
  return "config/" + target.environment + "/" + target.project + "/" + target.app + ".yaml";
}

// What an app tells those that are bound to it: "web http:8080".
std::string facts_of(const model::App& app) {
  std::string out(model::app_type_name(app.type));
  for (const model::Port& port : app.ports) out += " " + port.name + ":" + std::to_string(port.number);
  return out;
}

// One target's render, step by step.
class Maker {
 public:
  Maker(const Ctx& ctx, const AssembleOptions& options, const Wish& wish, const FileTree& project)
      : ctx_(ctx), options_(options), wish_(wish), app_(*wish.app), project_(project) {}

  Result<Rendering> run() {
    environment_ = model::find_environment(*wish_.view->platform, wish_.target.environment);
    if (environment_ == nullptr)
      return fail(Code::kInvalid, "platform.yaml has no environment ", wish_.target.environment);
    names_ = wish_.names.value_or(wish_.target);
    ns_ = model::namespace_of(*environment_, names_);
    elsewhere_ = environment_->mode == "values";
    TRY_DO(choose_images());
    TRY_DO(render());
    TRY_DO(put_images());
    TRY_DO(check());
    TRY_DO(write_files());
    out_.resources = std::move(resources_);
    out_.ns = ns_;
    if (auto image = images_.find(wish_.target.app); image != images_.end()) out_.main_image = image->second;
    return std::move(out_);
  }

 private:
  // ---- what runs
  Result<void> choose_images() {
    for (const auto& [name, image] : app_.images) images_[name] = image.image;
    if (!app_.image.empty()) images_[wish_.target.app] = app_.image;
    if (!wish_.image.empty()) images_[wish_.target.app] = wish_.image;
    for (const auto& [name, reference] : wish_.images) images_[name] = reference;
    for (auto& [name, reference] : images_) {
      if (reference.empty()) {
        return fail(Code::kInvalid, "app ", wish_.target.app, ": no image is known for '", name, "'")
            .hint(
                "nothing builds it here: name `image:`, or let CI run `autonomous deploy --image …@sha256:… --commit …`");
      }
      TRY(model::ImageRef parsed, model::ImageRef::parse(reference));
      // The spec's own warning says it of those that are written there.
      bool given = name == wish_.target.app && !wish_.image.empty();
      if (given && parsed.digest.empty())
        out_.warnings.push_back("the image " + reference + " has no digest: what runs may change without a release");
    }
    return ok();
  }

  std::vector<app::ImageChange> image_changes() const {
    std::vector<app::ImageChange> changes;
    if (app_.rendering == model::Rendering::kBuiltIn) return changes;
    for (const auto& [name, reference] : images_) {
      auto given = app_.images.find(name);
      auto parsed = model::ImageRef::parse(reference);
      std::string replaces =
          given != app_.images.end() && !given->second.replaces.empty() ? given->second.replaces : parsed->name();
      changes.push_back({replaces, reference});
    }
    return changes;
  }

  Result<void> put_images() {
    std::string before;
    if (elsewhere_) before = all_text();
    TRY_DO(app::put_images(resources_, image_changes()));
    if (!elsewhere_ || before == all_text()) return ok();
    return fail(Code::kInvalid, "app ", wish_.target.app, ": its image is put into the rendered manifests, and in ",
                environment_->name, " Argo CD renders (mode: values)")
        .hint("say where the chart's values have it: images: {" + wish_.target.app + ": {values: image}}");
  }

  std::string all_text() const {
    std::string text;
    for (const app::Resource& resource : resources_) text += resource.text;
    return text;
  }

  // Where the reconciler renders, only a chart and its values can be handed over.
  Result<void> check_mode() const {
    if (!elsewhere_) return ok();
    auto refuse = [&](const std::string& what) {
      return fail(Code::kInvalid, "app ", wish_.target.app, ": ", what, ", and in ", environment_->name,
                  " Argo CD renders (mode: values)")
          .hint("mode: manifests in platform.yaml, or a chart that needs no more than its values");
    };
    if (app_.rendering == model::Rendering::kManifests) return refuse("it is plain manifests");
    if (!app_.patches.empty()) return refuse("it has patches:");
    if (!app_.extra.empty()) return refuse("it has extra:");
    return ok();
  }

  // ---- rendering
  Result<void> render() {
    TRY_DO(check_mode());
    switch (app_.rendering) {
      case model::Rendering::kManifests: return render_manifests();
      case model::Rendering::kChart: return render_chart();
      case model::Rendering::kBuiltIn: return render_built_in();
    }
    return fail(Code::kInternal, "an app without a way to be rendered");
  }

  Result<void> render_manifests() {
    TRY(resources_, app::load_manifests(project_, app_));
    values_ = "{}\n";
    if (!images_.empty()) {
      values_ = "images:\n";
      for (const auto& [name, reference] : images_) values_ += "  " + name + ": " + reference + "\n";
    }
    return ok();
  }

  Result<void> render_chart() {
    TRY(model::ChartName named, model::chart_name(app_.chart, app_.version));
    return named.kind == model::ChartName::Kind::kFolder ? render_own_chart() : render_fetched_chart(named);
  }

  // The chart itself is kept beside the spec, by the digest that the release names.
  Result<void> render_fetched_chart(const model::ChartName& named) {
    TRY_WITH(PackedChart chart, "while fetching the chart of " + wish_.target.app + ", " + app_.chart,
             fetched_chart(ctx_, options_.fetch_chart, named));
    MemoryTree tree(chart.files);
    job_.chart = &tree;
    job_.chart_digest = chart.digest;
    if (elsewhere_) chart_files_ = std::move(chart.files);
    out_.inputs[chart.digest] = {std::move(chart.bytes), {}};
    return render_with_values();
  }

  Result<void> render_own_chart() {
    auto chart = sub_tree(project_, app_.chart);
    TRY(auto files, chart->list());
    if (files.empty()) return fail(Code::kInvalid, "app ", wish_.target.app, ": there is no chart in ", app_.chart);
    std::map<std::string, std::string> content;
    for (const FileEntry& file : files) {
      if (file.kind == FileKind::kSubmodule)
        return fail(Code::kDenied, app_.chart, "/", file.path,
                    " is a submodule; a chart must be whole in its repository");
      TRY(content[file.path], chart->read(file.path, options_.max_file));
    }
    job_.chart = chart.get();
    job_.chart_digest = digest_of_files(content);
    if (elsewhere_) chart_files_ = std::move(content);
    return render_with_values();
  }

  Result<void> render_with_values() {
    for (const model::ValueFile& file : app_.value_files) {
      if (!file.required && !project_.stat(file.path)) continue;
      TRY_WITH(std::string text, "while reading the values of app " + wish_.target.app,
               project_.read(file.path, options_.max_file));
      job_.values.push_back({file.path, std::move(text)});
    }
    if (app_.values != "{}") job_.values.push_back({"autonomous.yaml (values)", app_.values});
    add_image_values();
    TRY_DO(run_job());
    return app::patch_resources(resources_, project_, app_);
  }

  void add_image_values() {
    for (const auto& [name, image] : app_.images) {
      if (image.values.empty()) continue;
      auto parsed = model::ImageRef::parse(images_[name]);
      if (!parsed) continue;
      model::ImageValues values = model::image_values(*parsed);
      std::string text = "{\"repository\": \"" + values.repository + "\", \"tag\": \"" + values.tag + "\"}";
      auto path = split(image.values, '.');
      for (auto key = path.rbegin(); key != path.rend(); ++key) text = "{\"" + std::string(*key) + "\": " + text + "}";
      job_.values.push_back({"images." + name, text});
    }
  }

  Result<void> render_built_in() {
    const app::BuiltInChart& chart = app::built_in_chart();
    auto image = images_.find(wish_.target.app);
    std::map<std::string, const model::App*> others;
    for (const auto& [name, other] : wish_.neighbours) others[name] = other.get();
    TRY(app::ChartContext context,
        app::chart_context(*environment_, app_, image == images_.end() ? "" : image->second, project_, others));
    TRY(std::string values, app::built_in_values(app_, context));
    if (elsewhere_) {
      TRY(auto entries, chart.files->list());
      for (const FileEntry& file : entries) {
        TRY(chart_files_[file.path], chart.files->read(file.path, options_.max_file));
      }
    }
    job_.chart = chart.files.get();
    job_.chart_digest = chart.digest;
    job_.values.push_back({"autonomous.yaml", std::move(values)});
    out_.trailers.chart = model::ChartFact{std::string(app::kChartName), chart.version, chart.digest};
    TRY_DO(run_job());
    return app::patch_resources(resources_, project_, app_);
  }

  Result<void> run_job() {
    job_.release_name = names_.app;
    job_.release_namespace = ns_;
    job_.kube_version = environment_->kubernetes;
    job_.api_versions = environment_->api_versions;
    Sha256 seed;
    seed.add_field(names_.str()).add_field(job_.chart_digest).add_field(wish_.commit());
    for (const helm::ValuesText& values : job_.values) seed.add_field(values.text);
    job_.seed = seed.finish_hex();
    job_.source_time = wish_.source ? Time(std::chrono::seconds(wish_.source->author.seconds)) : Time{};
    auto rendered = options_.renderer->render(ctx_, job_);
    if (!rendered)
      return std::move(rendered).error().with("while rendering " + wish_.target.app + " for " +
                                              wish_.target.environment);
    out_.warnings.insert(out_.warnings.end(), rendered->warnings.begin(), rendered->warnings.end());
    values_ = rendered->values;
    TRY(resources_, app::split_manifests(rendered->manifest, wish_.target.app));
    if (!out_.trailers.chart) {
      auto chart = chart_fact();
      if (chart) out_.trailers.chart = *chart;
    }
    return ok();
  }

  Result<model::ChartFact> chart_fact() const {
    TRY(auto loaded, helm::load_chart(*job_.chart));
    return model::ChartFact{model::clean_value(loaded->metadata.name, 200),
                            model::clean_value(loaded->metadata.version, 100), job_.chart_digest};
  }

  // ---- checks: what would fail, or is not allowed, is said before the commit, all at once
  Result<void> check() {
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
    if (has_quota(platform, *environment_, wish_.target.project)) {
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
  Result<void> write_files() {
    store::ReleaseInputs inputs;
    inputs.target = wish_.target;
    if (wish_.source)
      inputs.source = model::SourceFact{wish_.source->repository.url, wish_.source->id, wish_.source->ref};
    inputs.mode = environment_->mode;
    inputs.images = images_;
    inputs.chart = out_.trailers.chart;
    inputs.render_format = kRenderFormat;
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

  void fill_trailers(const store::ReleaseInputs& inputs) {
    model::Trailers& trailers = out_.trailers;
    trailers.release.target = wish_.target;
    trailers.trigger = wish_.trigger;
    trailers.because = model::clean_value(wish_.because);
    trailers.source = inputs.source;
    if (app_.build.kind == model::Build::Kind::kExternal) trailers.build = model::BuildFact{"", "external", {}, {}, ""};
    for (const auto& [name, reference] : images_) trailers.images.push_back({name, reference});
    trailers.renderer =
        model::RendererFact{std::string(kRenderFormat), std::string(kHelm), "autonomous " + std::string(kVersion)};
    trailers.input_digest = store::input_digest(inputs);
    trailers.policy = model::PolicyFact{wish_.view->commit.hex(), wish_.view->blob};
    trailers.requested_by = wish_.by;
    trailers.retry_of = wish_.retry_of;
    if (wish_.promoted_from) trailers.promoted_from = model::PromotedFrom{*wish_.promoted_from, "", ""};
    trailers.supersedes = wish_.supersedes;
    trailers.ticket = model::clean_value(wish_.ticket);
  }

  const Ctx& ctx_;
  const AssembleOptions& options_;
  const Wish& wish_;
  const model::App& app_;
  const FileTree& project_;
  const model::Environment* environment_ = nullptr;
  model::Target names_;  // that the objects bear
  std::string ns_;
  bool elsewhere_ = false;                          // the reconciler renders
  std::map<std::string, std::string> chart_files_;  // then
  std::map<std::string, std::string> images_;
  ChartJob job_;
  std::vector<app::Resource> resources_;
  std::string values_;
  Rendering out_;
};

store::Author author_of(const Wish& wish) {
  if (!wish.source) return {wish.by.name, wish.by.email, std::nullopt};
  return {wish.source->author.name, wish.source->author.email, Time(std::chrono::seconds(wish.source->author.seconds))};
}

// What a draft says whatever it is about.
store::Draft draft_of(const Wish& wish, const store::TargetState* state) {
  store::Draft draft;
  draft.target = wish.target;
  draft.author = author_of(wish);
  if (wish.source) {
    draft.subject = wish.source->subject;
    draft.quoted = wish.source->message;
    draft.source_author = wish.source->author.name + " <" + wish.source->author.email + ">";
  }
  draft.artifact = artifact_of(wish);
  draft.intent = wish.intent;
  draft.on_number = state != nullptr ? state->last_number : 0;
  draft.on_main = wish.view->tip.hex();
  draft.past_hold = wish.past_hold;
  draft.hold = wish.decision;
  draft.even_unchanged = wish.retry_of.has_value() || wish.retire;
  return draft;
}

// The Jobs among a release's manifests.
Result<std::vector<app::Resource>> jobs_of(store::Reader& reader, const model::ReleaseId& id, uint64_t max_file) {
  std::vector<app::Resource> out;
  TRY(auto tree, reader.files(id));
  TRY(auto entries, tree->list("manifests"));
  for (const FileEntry& entry : entries) {
    if (!starts_with(entry.path, "manifests/job.batch-")) continue;
    TRY(std::string text, tree->read(entry.path, max_file));
    TRY(auto found, app::split_manifests(text, entry.path));
    std::move(found.begin(), found.end(), std::back_inserter(out));
  }
  return out;
}

// What becomes of the volumes that the live release has. Only what differs is read: most releases touch none.
Result<app::VolumePlan> volume_plan(const AssembleOptions& options, store::Reader& reader, const model::ReleaseId& live,
                                    const std::map<std::string, std::string>& files, bool built_in) {
  static constexpr std::string_view kKinds[] = {"statefulset.apps-", "persistentvolumeclaim-",
                                                "cluster.postgresql.cnpg.io-"};
  TRY(auto tree, reader.files(live));
  std::vector<app::Resource> before, after;
  auto add = [](std::vector<app::Resource>& to, const std::string& text, const std::string& path) -> Result<void> {
    TRY(auto resources, app::split_manifests(text, path));
    std::move(resources.begin(), resources.end(), std::back_inserter(to));
    return ok();
  };
  for (const auto& [path, text] : files) {
    auto named = [&, &path = path](std::string_view kind) {
      return path.starts_with("manifests/" + std::string(kind));
    };
    if (std::any_of(std::begin(kKinds), std::end(kKinds), named)) {
      if (!tree->stat(path)) continue;
      TRY(std::string was, tree->read(path, options.max_output));
      if (was == text) continue;
      TRY_DO(add(before, was, path));
    } else if (!named("job.batch-")) {
      continue;
    }
    TRY_DO(add(after, text, path));
  }
  return app::plan_volumes(before, after, built_in);
}

Result<std::map<std::string, std::string>> files_of(store::Reader& reader, const model::ReleaseId& id,
                                                    uint64_t max_file) {
  std::map<std::string, std::string> out;
  TRY(auto tree, reader.files(id));
  TRY(auto entries, tree->list());
  for (const FileEntry& entry : entries) {
    TRY(out[entry.path], tree->read(entry.path, max_file));
  }
  return out;
}

bool is_built_in(const model::Trailers& trailers) {
  if (!trailers.chart || trailers.chart->name != app::kChartName) return false;
  auto ours = app::built_in_chart(trailers.chart->version);
  return ours && (*ours)->digest == trailers.chart->digest;
}

std::string prose_of(const std::vector<std::string>& steps) {
  return steps.empty() ? "" : "Volumes:\n" + join(steps, "\n");
}

Result<std::shared_ptr<const Assembled>> assemble_rollback(const AssembleOptions& options, const Wish& wish,
                                                           const store::TargetState* state) {
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY_WITH(store::ReleaseDetail detail, "while reading what to go back to", reader.show({wish.target, *wish.restore}));
  auto out = std::make_shared<Assembled>();
  out->draft = draft_of(wish, state);
  out->draft.restore = wish.restore;
  out->draft.trailers = detail.trailers;
  model::Trailers& trailers = out->draft.trailers;
  trailers.trigger = model::Trigger::kRollback;
  trailers.because = model::clean_value(wish.because);
  trailers.ticket = model::clean_value(wish.ticket);
  trailers.requested_by = wish.by;
  trailers.policy = model::PolicyFact{wish.view->commit.hex(), wish.view->blob};
  trailers.rollback_of = model::ReleaseId{wish.target, *wish.restore};
  trailers.retry_of.reset();
  trailers.promoted_from.reset();
  trailers.approved_by.clear();
  trailers.supersedes.clear();
  trailers.adopts.clear();
  out->draft.subject = detail.row->subject;
  out->draft.source_author = detail.row->author;
  out->draft.artifact = detail.row->artifact;
  if (state == nullptr) return fail(Code::kNotFound, wish.target.str(), " was never released");
  TRY(auto files, files_of(reader, {wish.target, *wish.restore}, options.max_output));
  TRY(app::VolumePlan volumes,
      volume_plan(options, reader, {wish.target, state->live()->number}, files, is_built_in(detail.trailers)));
  // A rollback is never refused for what it can't undo; it is said.
  for (const Error& error : volumes.errors) volumes.steps.push_back(error.message());
  TRY(auto ran, jobs_of(reader, {wish.target, state->live()->number}, options.max_file));
  TRY(auto goal, jobs_of(reader, {wish.target, *wish.restore}, options.max_file));
  std::vector<std::string> stays = cannot_be_undone(ran, goal);
  out->draft.prose = "Rollback to release " + std::to_string(*wish.restore) + ".\n\n" + prose_of(volumes.steps);
  for (const std::string& each : stays) out->draft.prose += "\n\n" + each + ".";
  out->warnings = std::move(volumes.steps);
  out->warnings.insert(out->warnings.end(), stays.begin(), stays.end());
  out->tree = detail.row->target_tree.hex();
  out->summary = "release " + std::to_string(*wish.restore) + " again";
  return out;
}

Result<std::shared_ptr<const Assembled>> assemble_retire(const AssembleOptions& options, const Wish& wish,
                                                         const store::TargetState* state) {
  auto live = state != nullptr ? state->live() : nullptr;
  if (!live) return fail(Code::kNotFound, wish.target.str(), " was never released");
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY(store::ReleaseDetail detail, reader.show({wish.target, live->number}));
  TRY(auto files, reader.files({wish.target, live->number}));
  auto out = std::make_shared<Assembled>();
  out->draft = draft_of(wish, state);
  TRY(out->draft.files["release.yaml"], files->read("release.yaml", options.max_file));
  out->draft.files["values.yaml"] = "{}\n";
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment != nullptr && environment->mode == "values") {
    // A chart that renders to nothing: without any, the reconciler would only say that the path is gone.
    out->draft.files["chart/Chart.yaml"] = "apiVersion: v2\nname: retired\nversion: 0.0.0\n";
    out->draft.files["chart/values.yaml"] = "{}\n";
  }
  out->draft.trailers = detail.trailers;
  model::Trailers& trailers = out->draft.trailers;
  trailers.trigger = model::Trigger::kRetire;
  trailers.because = model::clean_value(wish.because);
  trailers.ticket = model::clean_value(wish.ticket);
  trailers.requested_by = wish.by;
  trailers.rollback_of.reset();
  trailers.retry_of.reset();
  trailers.supersedes.clear();
  trailers.adopts.clear();
  trailers.promoted_from.reset();
  trailers.approved_by.clear();
  trailers.policy = model::PolicyFact{wish.view->commit.hex(), wish.view->blob};
  out->draft.subject = "retired: all its workloads are taken away";
  out->draft.prose = "The target is retired: this release has no workloads.";
  TRY(git::Oid tree, store::tree_of_files(out->draft.files));
  out->tree = tree.hex();
  out->summary = "no workloads: retired";
  return out;
}

// Whether the draft's manifests and values are those of the live release, byte for byte.
Result<bool> same_as_live(const AssembleOptions& options, const Wish& wish, const store::TargetState& state,
                          const std::map<std::string, std::string>& files) {
  auto live = state.live();
  if (!live) return false;
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY(auto tree, reader.files({wish.target, live->number}));
  TRY(auto entries, tree->list());
  size_t compared = 0;
  for (const FileEntry& entry : entries) {
    if (entry.path == "release.yaml") continue;
    auto ours = files.find(entry.path);
    if (ours == files.end()) return false;
    TRY(std::string theirs, tree->read(entry.path, options.max_output));
    if (theirs != ours->second) return false;
    ++compared;
  }
  return compared + 1 == files.size();
}

// Until what was moved is known to be its own, objects bear the mark of the Application that they come from.
bool takes_over_still(const store::TargetState* target) {
  if (target == nullptr || !target->moved) return false;
  auto good = target->last_good(0, false);
  return !good || good->number <= target->moved->from.number;
}

void add_namespace(ports::Root& root, const std::string& ns) {
  if (std::find(root.namespaces.begin(), root.namespaces.end(), ns) == root.namespaces.end())
    root.namespaces.push_back(ns);
}

// The target's Application and its root, where they aren't on deploy yet or say something else.
Result<std::optional<store::TakeOn>> take_on(const AssembleOptions& options, const Wish& wish,
                                             const store::State& known, const std::optional<Moving>& move) {
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  if (environment == nullptr || environment->reconcile.empty() || !options.reconciler)
    return std::optional<store::TakeOn>();
  ports::Reconciler* reconciler = options.reconciler(environment->reconcile);
  if (reconciler == nullptr) return std::optional<store::TakeOn>();
  const model::Target& target = wish.target;
  const model::Target names = wish.names.value_or(target);
  ports::Application application{target.environment,
                                 target.project,
                                 target.app,
                                 options.gitops_url,
                                 options.branch,
                                 model::namespace_of(*environment, names),
                                 environment->cluster,
                                 environment->mode == "values",
                                 environment->policies.pod_security};
  application.release = names.app;
  application.takes_over = move.has_value() || takes_over_still(known.find(target).get());
  ports::Root root = root_of(options.gitops_url, options.branch, *wish.view->platform, *environment, target, known);
  if (move) add_namespace(root, application.ns);
  std::map<std::string, std::optional<std::string>> wanted;
  if (names.project == target.project)
    wanted = namespace_files(*reconciler, root, *wish.view->platform, *environment, application.ns);
  wanted.merge(std::map<std::string, std::optional<std::string>>{
      {store::application_file(target), reconciler->application_file(application)},
      {store::root_file(target.environment, target.project), reconciler->root_file(root)}});
  // Two Applications of the same objects would not sync.
  if (move) wanted[store::application_file(move->moved.from.target)] = std::nullopt;
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY(store::StatePtr state, reader.state());
  store::TakeOn out;
  bool there = false;
  for (auto& [path, text] : wanted) {
    auto entry = reader.repository().entry(state->deploy, path);
    if (!entry && !text) continue;
    if (entry) {
      there = there || text.has_value();
      auto blob = reader.repository().blob(entry->oid);
      if (text && blob && *blob == *text) continue;
    }
    out.files[path] = std::move(text);
  }
  if (out.files.empty()) return std::optional<store::TakeOn>();
  out.target = target;
  out.what = move ? "taken on, in place of " + move->moved.from.target.str()
             : there && out.files.contains(store::application_file(target)) && state->find(target) &&
                     state->find(target)->taken_on
                 ? "application changed"
                 : "taken on";
  out.author = author_of(wish);
  return std::optional<store::TakeOn>(std::move(out));
}

// The release whose objects a new one changes.
std::optional<model::ReleaseId> what_stands(const model::Target& target, const store::TargetState* record,
                                            const std::optional<Moving>& move) {
  if (move) return move->moved.from;
  auto live = record != nullptr && !record->moved_away ? record->live() : nullptr;
  return live ? std::optional(model::ReleaseId{target, live->number}) : std::nullopt;
}

// What would fail later is said now; what nobody can check is named.
Result<void> look_ahead(const Ctx& ctx, const AssembleOptions& options, const Wish& wish, const store::State& state,
                        const std::optional<Moving>& move, Rendering& rendering) {
  PreflightOptions looking{options.repository, options.branch, options.images, options.cluster, options.routes};
  Looked looked{wish, rendering.resources, rendering.ns, rendering.main_image, std::nullopt};
  looked.before = what_stands(wish.target, state.find(wish.target).get(), move);
  TRY_WITH(Preflight found, "while looking ahead for " + wish.target.str(), preflight(ctx, looking, looked, state));
  if (!found.errors.empty()) return model::merge_errors(found.errors);
  rendering.warnings.insert(rendering.warnings.end(), found.warnings.begin(), found.warnings.end());
  if (!found.unchecked.empty()) rendering.summary += "; not checked: " + join(found.unchecked, ", ");
  return ok();
}

}  // namespace

ports::Root root_of(const std::string& gitops_url, const std::string& branch, const model::Platform& platform,
                    const model::Environment& environment, const model::Target& target, const store::State& state) {
  model::Target any = target;
  const model::Policies& policies = environment.policies;
  ports::Root root{target.environment,
                   target.project,
                   gitops_url,
                   branch,
                   environment.cluster,
                   {},
                   policies.deny_kinds,
                   policies.allow_kinds,
                   has_quota(platform, environment, target.project),
                   policies.pod_security};
  // A pattern with {app} gives each app a namespace of its own: the project may then use all that fit.
  any.app = "*";
  root.namespaces.push_back(model::namespace_of(environment, any));
  // What came from another project is where it was.
  for (auto it = state.targets.lower_bound({target.environment, target.project, ""}); it != state.targets.end(); ++it) {
    if (it->first.environment != target.environment || it->first.project != target.project) break;
    const auto& moved = it->second->moved;
    if (moved && moved->names.project != target.project)
      add_namespace(root, model::namespace_of(environment, moved->names));
  }
  return root;
}

Result<Rendering> render_target(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                const FileTree& project) {
  return Maker(ctx, options, wish, project).run();
}

Result<std::shared_ptr<const Assembled>> assemble(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                                  const store::State& state) {
  store::TargetPtr target = state.find(wish.target);
  if (wish.restore) return assemble_rollback(options, wish, target.get());
  if (wish.retire) return assemble_retire(options, wish, target.get());
  if (!wish.app || !wish.source) return fail(Code::kInternal, "a wish without an app");
  TRY(git::Repository repository, git::Repository::open(wish.source->repository.path));
  TRY(git::Oid commit, git::Oid::parse(wish.source->id));
  TRY(auto tree, repository.tree_of(commit, wish.source->repository.folder));
  RecordingTree recorded(*tree);
  for (const std::string& file : wish.app->spec_files) (void)recorded.read(file, options.max_file).has_value();
  Wish placed = wish;
  std::optional<Moving> move = moving(state, wish.target, *wish.app, wish.moves, Time{});
  placed.names = names_of(state, wish.target, wish.app.get());
  placed.app = named(wish.app, *placed.names);
  for (auto& [name, neighbour] : placed.neighbours) {
    model::Target other{wish.target.environment, wish.target.project, name};
    neighbour = named(neighbour, names_of(state, other, neighbour.get()));
  }
  if (options.config_commits != nullptr) {
    TRY(git::Repository gitops, git::Repository::open(options.repository));
    placed.config_commit = options.config_commits->commit_for(gitops, *wish.view, overlay_file(wish.target));
  }
  TRY(Rendering rendering, render_target(ctx, options, placed, recorded));
  // Nobody is asked to approve what changes nothing.
  const model::Environment* environment = model::find_environment(*wish.view->platform, wish.target.environment);
  bool asks = environment != nullptr && environment->approvals.count > 0 && !wish.retry_of;
  if ((wish.trigger == model::Trigger::kConfiguration || asks) && target) {
    TRY(bool same, same_as_live(options, wish, *target, rendering.files));
    if (same) return std::shared_ptr<const Assembled>();
  }
  TRY_DO(look_ahead(ctx, options, placed, state, move, rendering));
  auto out = std::make_shared<Assembled>();
  out->draft = draft_of(wish, target.get());
  if (options.demands != nullptr && environment != nullptr && !rendering.demand.empty()) {
    TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
    TRY(Demands::Others others, options.demands->others(reader, state, *environment, wish.target));
    auto errors = check_quota(*wish.view->platform, *environment, wish.target, rendering.demand, others);
    if (!errors.empty()) return model::merge_errors(errors);
    if (others.unknown > 0)
      rendering.warnings.push_back("the quota was checked without " + std::to_string(others.unknown) +
                                   " other apps of the namespace, which Argo CD renders");
  }
  if (std::optional<model::ReleaseId> stands = what_stands(wish.target, target.get(), move)) {
    TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
    TRY(app::VolumePlan volumes,
        volume_plan(options, reader, *stands, rendering.files, wish.app->rendering == model::Rendering::kBuiltIn));
    if (!volumes.errors.empty()) return model::merge_errors(volumes.errors);
    out->draft.prose = prose_of(volumes.steps);
    rendering.warnings.insert(rendering.warnings.end(), volumes.steps.begin(), volumes.steps.end());
  }
  out->draft.files = std::move(rendering.files);
  out->draft.trailers = std::move(rendering.trailers);
  out->draft.inputs = std::move(rendering.inputs);
  if (move) {
    out->draft.moved = move->moved;
    out->draft.on_number = move->moved.from.number;
  }
  TRY(git::Oid made, store::tree_of_files(out->draft.files));
  out->tree = made.hex();
  out->warnings = std::move(rendering.warnings);
  out->summary = std::move(rendering.summary);
  TRY(out->take_on, take_on(options, placed, state, move));
  return out;
}

}  // namespace autonomous::daemon
