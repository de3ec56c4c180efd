// One target's render, step by step: what runs, how it is rendered, whether that may be, and what is written of it.
// Used by render_target alone, on one thread.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/pipeline/assemble.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

// config/<env>/<project>/<app>.yaml on main.
std::string overlay_file(const model::Target& target);
// Of paths and contents: "sha256:…".
std::string digest_of_files(const std::map<std::string, std::string>& files);

class TargetMaker {
 public:
  TargetMaker(const Ctx& ctx, const AssembleOptions& options, const Wish& wish, const FileTree& project)
      : ctx_(ctx), options_(options), wish_(wish), app_(*wish.app), project_(project) {}

  Result<Rendering> run();

 private:
  // ---- what runs
  Result<void> choose_images();
  std::vector<app::ImageChange> image_changes() const;
  Result<void> put_images();
  std::string all_text() const;
  // Where the reconciler renders, only a chart and its values can be handed over.
  Result<void> check_mode() const;

  // ---- rendering
  Result<void> render();
  Result<void> render_manifests();
  Result<void> render_chart();
  // The chart itself is kept beside the spec, by the digest that the release names.
  Result<void> render_fetched_chart(const model::ChartName& named);
  Result<void> render_own_chart();
  Result<void> render_with_values();
  void add_image_values();
  Result<void> render_built_in();
  Result<void> run_job();

  // ---- checks: what would fail, or is not allowed, is said before the commit, all at once
  Result<void> check();

  // ---- what is written
  Result<void> write_files();
  void fill_trailers(const store::ReleaseInputs& inputs);

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

}  // namespace autonomous::daemon
