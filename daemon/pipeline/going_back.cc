#include "daemon/pipeline/going_back.h"

#include <algorithm>

#include "daemon/pipeline/claiming.h"
#include "daemon/pipeline/draft.h"
#include "daemon/pipeline/volume_changes.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

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

// What an earlier release said of what it holds; what it said of how it came about is this one's own.
model::Trailers said_anew(model::Trailers trailers, const Wish& wish, model::Trigger trigger) {
  trailers.trigger = trigger;
  trailers.because = model::clean_value(wish.because);
  trailers.ticket = model::clean_value(wish.ticket);
  trailers.requested_by = wish.by;
  trailers.policy = model::PolicyFact{wish.view->commit.hex(), wish.view->blob};
  trailers.rollback_of.reset();
  trailers.retry_of.reset();
  trailers.promoted_from.reset();
  trailers.approved_by.clear();
  trailers.supersedes.clear();
  trailers.adopts.clear();
  return trailers;
}

}  // namespace

Result<std::shared_ptr<const Assembled>> assemble_rollback(const AssembleOptions& options, const Wish& wish,
                                                           const store::State& known) {
  const store::TargetPtr state = known.find(wish.target);
  TRY(store::Reader reader, store::Reader::open(options.repository, options.branch));
  TRY_WITH(store::ReleaseDetail detail, "while reading what to go back to", reader.show({wish.target, *wish.restore}));
  auto out = std::make_shared<Assembled>();
  out->draft = draft_of(wish, state.get());
  out->draft.restore = wish.restore;
  out->draft.trailers = said_anew(detail.trailers, wish, model::Trigger::kRollback);
  out->draft.trailers.rollback_of = model::ReleaseId{wish.target, *wish.restore};
  out->draft.subject = detail.row->subject;
  out->draft.source_author = detail.row->author;
  out->draft.artifact = detail.row->artifact;
  if (state == nullptr) return fail(Code::kNotFound, wish.target.str(), " was never released");
  TRY(auto files, files_of(reader, {wish.target, *wish.restore}, options.max_output));
  TRY(auto live, reader.files({wish.target, state->live()->number}));
  TRY(app::VolumePlan volumes, volume_plan(*live, files, is_built_in(detail.trailers.chart), options.max_output));
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
  TRY_DO(claim_again(options, wish, known, reader, detail.row->target_tree));
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
  out->draft.trailers = said_anew(detail.trailers, wish, model::Trigger::kRetire);
  out->draft.subject = "retired: all its workloads are taken away";
  out->draft.prose = "The target is retired: this release has no workloads.";
  TRY(git::Oid tree, store::tree_of_files(out->draft.files));
  out->tree = tree.hex();
  out->summary = "no workloads: retired";
  return out;
}

}  // namespace autonomous::daemon
