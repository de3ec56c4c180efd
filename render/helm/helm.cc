#include "render/helm/helm.h"

#include <algorithm>
#include <new>
#include <optional>

#include "gitops/base/text.h"
#include "render/funcs/semver.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/capabilities.h"
#include "render/helm/engine.h"
#include "render/helm/output.h"
#include "render/helm/schema_check.h"
#include "render/helm/values.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

constexpr std::string_view kNameRule = R"(^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$)";
constexpr size_t kMaxReleaseName = 53;

Error wrapped(std::string_view what, const Error& error) { return fail(error.code(), what, ": ", error.message()); }

bool fits_name_rule(std::string_view name) {
  auto edge = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  for (std::string_view part : split(name, '.')) {
    if (part.empty() || !edge(part.front()) || !edge(part.back())) return false;
    for (char c : part) {
      if (!edge(c) && c != '-') return false;
    }
  }
  return true;
}

Map* release_of(Work& work, const ChartInput& input) {
  Map* release = Map::make(work.arena, 6);
  release->set("IsInstall", Value::of(!input.is_upgrade));
  release->set("IsUpgrade", Value::of(input.is_upgrade));
  release->set("Name", Value::of(std::string_view(input.release_name)));
  release->set("Namespace", Value::of(std::string_view(input.release_namespace)));
  release->set("Revision", Value::of_int(1));
  release->set("Service", Value::of("Helm"));
  return release;
}

render::Options options_of(const ChartInput& input) {
  render::Options options;
  options.helm = static_cast<int>(input.helm);
  options.wants_dns = input.enable_dns;
  options.wants_cluster = input.ask_cluster;
  if (input.determinism) {
    options.deterministic = true;
    options.seed = input.determinism->seed;
    options.now_ns = std::chrono::nanoseconds(input.determinism->now.time_since_epoch()).count();
    options.time_zone = "UTC";
  }
  return options;
}

Result<KubeVersion> kube_version_of(std::string_view text, HelmVersion helm) {
  auto kube = parse_kube_version(text, helm);
  if (!kube) return fail(Code::kInvalid, "invalid kube version '", text, "': ", kube.error().message());
  return kube;
}

// One call of render(); its parts share the work's state.
class Run {
 public:
  Run(const ChartInput& input, std::vector<std::string>* warnings)
      : input_(input), arena_(input.limits.memory), work_(arena_, input.helm, warnings), warnings_(warnings) {
    work_.debug = input.debug;
  }

  Result<Rendered> go(Rendered* partial) {
    TRY(KubeVersion kube, kube_version_of(input_.kube_version, input_.helm));
    kube_ = std::move(kube);
    TRY(Map * user, user_values(work_, input_));
    TRY_DO(check_chart());
    TRY_DO(check_name());
    WorkChart* root = work_.add(*input_.chart);
    TRY_DO(dependencies(*root, user));
    TRY(Map * values, coalesce_values(work_, *root, user));
    if (!input_.skip_schema) TRY_DO(check_schemas(work_, *root, values));
    TRY_DO(check_labels());
    Rendered rendered;
    if (input_.with_values) {
      TRY(rendered.values, values_text(*values));
    }
    auto filled = templates(*root, values, rendered);
    if (!filled) {
      if (partial != nullptr) *partial = std::move(rendered);
      // helm shows what it has so far only when asked; the words are its own.
      return std::move(std::move(filled).error()).hint("Use --debug flag to render out invalid YAML");
    }
    if (!input_.show_only.empty()) {
      TRY(rendered.manifest, only_shown(rendered.manifest, input_.show_only, input_.helm));
    }
    return rendered;
  }

 private:
  bool four() const { return input_.helm == HelmVersion::k4; }

  // What yaml.v2 can't write (a control character that came in escaped), yaml.v3 can.
  Result<std::string> values_text(Map& values) const {
    auto text = render::write_yaml(Value::of(&values), input_.limits.output);
    if (text || text.error().code() == Code::kLimit) return text;
    return render::write_pretty_yaml(Value::of(&values), helm_library(input_.helm), input_.limits.output);
  }

  Result<void> check_chart() {
    const Metadata& md = input_.chart->metadata;
    if (!md.type.empty() && md.type != "application")
      return fail(Code::kInvalid, md.type, " charts are not installable");
    if (md.deprecated) {
      if (four()) {
        work_.slog("WARN", "this chart is deprecated");
      } else if (warnings_ != nullptr) {
        warnings_->push_back("WARNING: This chart is deprecated");
      }
    }
    // helm 4 loads charts of version 3, which are still an experiment, and then refuses them in two places.
    bool third = four() && md.api_version == "v3";
    // It makes a list as long as charts/ is, and fills in what Chart.yaml asks for: what stays empty, it stumbles on.
    // (It panics where Chart.yaml asks for more.)
    Result<void> complete = third && md.dependencies.size() < input_.chart->dependencies.size()
                                ? Result<void>(fail(Code::kInvalid, "unsupported chart dependency type"))
                                : check_dependencies(*input_.chart);
    if (complete && third) return fail(Code::kInvalid, "invalid chart apiVersion");
    if (complete) return ok();
    return wrapped(
        four()
            ? "an error occurred while checking for chart dependencies. You may need to run 'helm dependency build' to fetch missing dependencies"
            : "An error occurred while checking for chart dependencies. You may need to run `helm dependency build` to fetch missing dependencies",
        complete.error());
  }

  // driver.ContainsSystemLabels
  Result<void> check_labels() {
    constexpr std::string_view kSystem[] = {"name", "owner", "status", "version", "createdAt", "modifiedAt"};
    for (std::string_view label : input_.labels) {
      if (std::find(std::begin(kSystem), std::end(kSystem), label.substr(0, label.find('='))) == std::end(kSystem))
        continue;
      return fail(Code::kInvalid,
                  "user supplied labels contains system reserved label name. System labels: [name owner status version "
                  "createdAt modifiedAt]");
    }
    return ok();
  }

  Result<void> check_name() {
    auto good = check_release_name(input_.release_name);
    if (good) return ok();
    Error error = wrapped("release name " + render::quote_go(input_.release_name), good.error());
    if (!four()) return error;
    work_.slog("ERROR", "release name check failed", {"error", error.message()});
    return wrapped("release name check failed", error);
  }

  Result<void> dependencies(WorkChart& root, Map* user) {
    auto done = process_dependencies(work_, root, user);
    if (done || !four()) return done;
    work_.slog("ERROR", "chart dependencies processing failed", {"error", done.error().message()});
    return wrapped("chart dependencies processing failed", done.error());
  }

  Result<void> templates(const WorkChart& root, Map* values, Rendered& rendered) {
    const std::string& wanted = input_.chart->metadata.kube_version;
    if (!wanted.empty() && !render::is_compatible_range(wanted, kube_.normalized)) {
      return fail(Code::kInvalid, "chart requires kubeVersion: ", wanted, " which is incompatible with Kubernetes ",
                  kube_.version);
    }
    rendered.manifest = "\n";
    Map* top = Map::make(arena_, 4);
    top->set("Release", Value::of(release_of(work_, input_)));
    top->set("Capabilities", capabilities_value(arena_, input_.helm, kube_, input_.api_versions));
    top->set("Values", Value::of(values, four() ? render::Type::kValues4 : render::Type::kValues3));
    std::vector<Renderable> all = all_templates(work_, root, top);
    render::Limits limits;
    limits.fuel = input_.limits.fuel;
    limits.output = input_.limits.output;
    limits.includes = input_.limits.includes;
    limits.templates = input_.limits.templates;
    TRY(std::vector<RenderedFile> files, execute_templates(all, arena_, input_.helm, options_of(input_), limits));
    take_notes(root, files, rendered);
    SortedManifests sorted;
    auto done = sort_manifests(work_, files, sorted);
    if (!done) {  // then helm has all files as they are, and the hooks that it found
      sorted.manifests.clear();
      for (RenderedFile& file : files) {
        if (!trim(file.text).empty()) sorted.manifests.push_back({std::move(file.name), "", std::move(file.text)});
      }
    }
    fill(root, std::move(sorted), input_.include_crds && done, rendered);
    return done;
  }

  static void take_notes(const WorkChart& root, std::vector<RenderedFile>& files, Rendered& rendered) {
    std::string own = root.full_path() + "/templates/NOTES.txt";
    for (RenderedFile& file : files) {
      if (file.name == own) rendered.notes = file.text;
    }
    std::erase_if(files, [](const RenderedFile& file) { return ends_with(file.name, "NOTES.txt"); });
  }

  void fill(const WorkChart& root, SortedManifests sorted, bool with_crds, Rendered& rendered) {
    if (with_crds) rendered.pieces = crds_of(root);
    for (Manifest& one : sorted.manifests) {
      rendered.pieces.push_back({Piece::Kind::kManifest, std::move(one.source), std::move(one.text)});
    }
    for (Manifest& one : sorted.hooks) {
      if (input_.no_hooks || (input_.skip_tests && one.is_test)) continue;
      rendered.pieces.push_back(
          {one.is_test ? Piece::Kind::kTestHook : Piece::Kind::kHook, std::move(one.source), std::move(one.text)});
    }
    rendered.manifest = join_pieces(rendered.pieces);
  }

  const ChartInput& input_;
  Arena arena_;
  Work work_;
  std::vector<std::string>* warnings_;
  KubeVersion kube_;
};

}  // namespace

Result<void> check_release_name(std::string_view name) {
  if (name.empty()) return fail(Code::kInvalid, "no name provided");
  if (name.size() <= kMaxReleaseName && fits_name_rule(name)) return ok();
  return fail(Code::kInvalid, "invalid release name, must match regex ", kNameRule,
              " and the length must not be longer than ", kMaxReleaseName);
}

Result<void> check_user_values(const ChartInput& input) {
  Arena arena(input.limits.memory);
  Work work(arena, input.helm, nullptr);
  TRY(Map * values, user_values(work, input));
  (void)values;
  return ok();
}

Result<void> check_kube_version(std::string_view text, HelmVersion helm) {
  TRY(KubeVersion kube, kube_version_of(text, helm));
  (void)kube;
  return ok();
}

Result<std::string> render_name(std::string_view name_template) {
  Arena arena;
  render::TemplateSet set(helm_library(HelmVersion::k4), "name-template");
  TRY_DO(set.parse("name-template", std::string(name_template)));
  render::Execution execution(set, arena, {});
  if (!execution.run("name-template", Value::nil())) {
    // `fail` is sprig's own here: it sets no marks for the engine to find.
    std::string text = execution.failure().text();
    for (std::string_view mark : {"HELM_ERR_START", "HELM_ERR_END"}) {
      if (size_t at = text.find(mark); at != std::string::npos) text.erase(at, mark.size());
    }
    return fail(Code::kInvalid, text);
  }
  return std::string(execution.output());
}

Result<Rendered> render(const ChartInput& input, std::vector<std::string>* warnings, Rendered* partial) {
  std::optional<Result<Rendered>> result;
  render::on_large_stack([&] {
    try {
      result.emplace(Run(input, warnings).go(partial));
    } catch (const render::ArenaFull& full) {
      result.emplace(fail(Code::kLimit, full.what()));
    } catch (const std::bad_alloc&) {
      result.emplace(fail(Code::kLimit, "the render needs more memory than there is"));
    }
  });
  return *std::move(result);
}

}  // namespace autonomous::helm
