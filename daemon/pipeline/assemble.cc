#include "daemon/pipeline/assemble.h"

#include <algorithm>

#include "daemon/pipeline/claiming.h"
#include "daemon/pipeline/draft.h"
#include "daemon/pipeline/going_back.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/recording_tree.h"
#include "daemon/pipeline/render_format.h"
#include "daemon/pipeline/take_on.h"
#include "daemon/pipeline/target_maker.h"
#include "daemon/pipeline/volume_changes.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"

namespace autonomous::daemon {

namespace {

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

// The release whose objects a new one changes.
std::optional<model::ReleaseId> what_stands(const model::Target& target, const store::TargetState* record,
                                            const std::optional<Moving>& move) {
  if (move) return move->moved.from;
  auto live = record != nullptr && !record->moved_away ? record->live() : nullptr;
  return live ? std::optional(model::ReleaseId{target, live->number}) : std::nullopt;
}

// Releases that a newer daemon rendered otherwise are not rendered back by an older one.
Result<void> knows_format_of(const FileTree& live, const model::ReleaseId& release) {
  TRY(std::string text, live.read("release.yaml", 1u << 20));
  TRY_WITH(store::ReleaseInputs inputs, "while reading the release.yaml of " + release.str(),
           store::parse_release_yaml(text));
  return know_format(release, inputs.render_format, inputs.helm);
}

// What would fail later is said now, all at once; what nobody can check is named.
Result<void> look_ahead(const Ctx& ctx, const AssembleOptions& options, const Wish& wish, const store::State& state,
                        const std::optional<Moving>& move, const std::string& tree, Rendering& rendering) {
  PreflightOptions looking{options.repository, options.branch, options.images, options.cluster, options.secrets};
  Looked looked{wish, rendering.resources, rendering.ns, rendering.main_image, std::nullopt};
  looked.before = what_stands(wish.target, state.find(wish.target).get(), move);
  TRY_WITH(Preflight found, "while looking ahead for " + wish.target.str(), preflight(ctx, looking, looked));
  TRY_WITH(Preflight room, "while looking what else is there for " + wish.target.str(),
           claim_room(options, wish, state, move, rendering, tree, found.errors.empty()));
  found.add(std::move(room));
  if (!found.errors.empty()) return model::merge_errors(found.errors);
  rendering.warnings.insert(rendering.warnings.end(), found.warnings.begin(), found.warnings.end());
  if (!found.unchecked.empty()) rendering.summary += "; not checked: " + join(found.unchecked, ", ");
  return ok();
}

}  // namespace

Result<Rendering> render_target(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                const FileTree& project) {
  return TargetMaker(ctx, options, wish, project).run();
}

Result<std::shared_ptr<const Assembled>> assemble(const Ctx& ctx, const AssembleOptions& options, const Wish& wish,
                                                  const store::State& state) {
  store::TargetPtr target = state.find(wish.target);
  if (wish.restore) return assemble_rollback(options, wish, state);
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
  auto out = std::make_shared<Assembled>();
  out->draft = draft_of(wish, target.get());
  if (wish.trigger == model::Trigger::kConfiguration) {
    TRY(git::Repository gitops, git::Repository::open(options.repository));
    store::ReleaseRowPtr live = target ? target->live() : nullptr;
    out->draft.prose = prose_of(config_changes(gitops, live.get(), *wish.view, wish.target, wish.neighbours));
  }
  if (std::optional<model::ReleaseId> stands = what_stands(wish.target, target.get(), move)) {
    TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
    TRY(auto live, reader.files(*stands));
    TRY_DO(knows_format_of(*live, *stands));
    TRY(app::VolumePlan volumes,
        volume_plan(*live, rendering.files, wish.app->rendering == model::Rendering::kBuiltIn, options.max_output));
    if (!volumes.errors.empty()) return model::merge_errors(volumes.errors);
    std::string steps = prose_of(volumes.steps);
    if (!steps.empty()) out->draft.prose += (out->draft.prose.empty() ? "" : "\n\n") + steps;
    rendering.warnings.insert(rendering.warnings.end(), volumes.steps.begin(), volumes.steps.end());
  }
  TRY(git::Oid made, store::tree_of_files(rendering.files));
  out->tree = made.hex();
  TRY_DO(look_ahead(ctx, options, placed, state, move, out->tree, rendering));
  out->draft.files = std::move(rendering.files);
  out->draft.trailers = std::move(rendering.trailers);
  out->draft.inputs = std::move(rendering.inputs);
  if (move) {
    out->draft.moved = move->moved;
    out->draft.on_number = move->moved.from.number;
  }
  out->warnings = std::move(rendering.warnings);
  out->summary = std::move(rendering.summary);
  TRY(out->take_on, take_on(options, placed, state, move));
  return out;
}

}  // namespace autonomous::daemon
