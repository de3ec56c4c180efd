#include "daemon/pipeline/recorded.h"

#include "daemon/pipeline/platform_view.h"
#include "gitops/git/repository.h"
#include "gitops/model/platform.h"

namespace autonomous::daemon {

Result<RecordedInputs> recorded_inputs(store::Reader& reader, const model::ReleaseId& id) {
  RecordedInputs out;
  TRY(auto files, reader.files(id));
  TRY(std::string text, files->read("release.yaml", 1u << 20));
  TRY(out.inputs, store::parse_release_yaml(text));
  if (out.inputs.spec_digest.empty()) return fail(Code::kInvalid, id.str(), " keeps no spec");
  auto sources = std::make_shared<MemoryTree>();
  if (auto kept = out.inputs.extra.find("sources"); kept != out.inputs.extra.end()) {
    TRY_WITH(store::KeptInput input, "while reading what " + id.str() + " was made of", reader.input(kept->second));
    for (auto& [path, content] : input.files) sources->put(path, std::move(content));
  }
  TRY_WITH(store::KeptInput spec, "while reading the spec of " + id.str(), reader.input(out.inputs.spec_digest));
  if (!sources->stat("autonomous.yaml")) sources->put("autonomous.yaml", spec.file);
  auto parsed = model::load_spec(*sources);
  if (!parsed) return parsed.error();
  TRY(git::Oid commit, git::Oid::parse(out.inputs.config_commit));
  PlatformPtr view = read_view(reader.repository(), commit, nullptr);
  if (!view->errors.empty()) return Error(view->errors.front()).with("while reading the platform.yaml of that time");
  const model::Environment* environment = model::find_environment(*view->platform, id.target.environment);
  if (environment == nullptr)
    return fail(Code::kInvalid, "the platform.yaml of that time has no environment ", id.target.environment);
  model::Parsed<model::Value> overlay;
  std::string file = "config/" + id.target.str() + ".yaml";
  if (view->tree && view->tree->stat(file)) {
    TRY(std::string overlay_text, view->tree->read(file, 1u << 20));
    overlay = model::parse_overlay(overlay_text, file);
    if (!overlay) return overlay.error();
  }
  model::Layers layers{environment->defaults.is_null() ? nullptr : &environment->defaults, overlay.value.get()};
  auto effective = model::effective(*parsed, id.target.project, id.target.environment, id.target.app, layers);
  if (!effective) return effective.error();
  out.effective = std::move(*effective.value);
  out.sources = std::move(sources);
  return out;
}

}  // namespace autonomous::daemon
