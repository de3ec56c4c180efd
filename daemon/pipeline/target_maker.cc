#include "daemon/pipeline/target_maker.h"

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/model/image.h"
#include "render/app/chart.h"
#include "render/app/context.h"

namespace autonomous::daemon {

std::string digest_of_files(const std::map<std::string, std::string>& files) {
  Sha256 digest;
  for (const auto& [path, content] : files) digest.add_field(path).add_field(content);
  return "sha256:" + digest.finish_hex();
}

Result<Rendering> TargetMaker::run() {
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

// ---- what runs

Result<void> TargetMaker::choose_images() {
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

std::vector<app::ImageChange> TargetMaker::image_changes() const {
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

Result<void> TargetMaker::put_images() {
  std::string before;
  if (elsewhere_) before = all_text();
  TRY_DO(app::put_images(resources_, image_changes()));
  if (!elsewhere_ || before == all_text()) return ok();
  return fail(Code::kInvalid, "app ", wish_.target.app, ": its image is put into the rendered manifests, and in ",
              environment_->name, " Argo CD renders (mode: values)")
      .hint("say where the chart's values have it: images: {" + wish_.target.app + ": {values: image}}");
}

std::string TargetMaker::all_text() const {
  std::string text;
  for (const app::Resource& resource : resources_) text += resource.text;
  return text;
}

Result<void> TargetMaker::check_mode() const {
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

Result<void> TargetMaker::render() {
  TRY_DO(check_mode());
  switch (app_.rendering) {
    case model::Rendering::kManifests: return render_manifests();
    case model::Rendering::kChart: return render_chart();
    case model::Rendering::kBuiltIn: return render_built_in();
  }
  return fail(Code::kInternal, "an app without a way to be rendered");
}

Result<void> TargetMaker::render_manifests() {
  TRY(resources_, app::load_manifests(project_, app_));
  values_ = "{}\n";
  if (!images_.empty()) {
    values_ = "images:\n";
    for (const auto& [name, reference] : images_) values_ += "  " + name + ": " + reference + "\n";
  }
  return ok();
}

Result<void> TargetMaker::render_chart() {
  TRY(model::ChartName named, model::chart_name(app_.chart, app_.version));
  return named.kind == model::ChartName::Kind::kFolder ? render_own_chart() : render_fetched_chart(named);
}

Result<void> TargetMaker::render_fetched_chart(const model::ChartName& named) {
  TRY_WITH(PackedChart chart, "while fetching the chart of " + wish_.target.app + ", " + app_.chart,
           fetched_chart(ctx_, *options_.renderer, options_.fetch_chart, named));
  MemoryTree tree(chart.files);
  job_.chart = &tree;
  job_.chart_digest = chart.digest;
  if (elsewhere_) chart_files_ = std::move(chart.files);
  out_.inputs[chart.digest] = {std::move(chart.bytes), {}};
  return render_with_values();
}

Result<void> TargetMaker::render_own_chart() {
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

Result<void> TargetMaker::render_with_values() {
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

void TargetMaker::add_image_values() {
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

Result<void> TargetMaker::render_built_in() {
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

Result<void> TargetMaker::run_job() {
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
    return std::move(rendered).error().with("while rendering " + wish_.target.app + " for " + wish_.target.environment);
  out_.warnings.insert(out_.warnings.end(), rendered->warnings.begin(), rendered->warnings.end());
  values_ = rendered->values;
  TRY(resources_, app::split_manifests(rendered->manifest, wish_.target.app));
  if (!out_.trailers.chart) {
    out_.trailers.chart = model::ChartFact{model::clean_value(rendered->chart_name, 200),
                                           model::clean_value(rendered->chart_version, 100), job_.chart_digest};
  }
  return ok();
}

}  // namespace autonomous::daemon
