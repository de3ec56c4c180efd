#include "daemon/pipeline/verify.h"

#include <algorithm>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/moving.h"
#include "daemon/pipeline/platform_view.h"
#include "daemon/pipeline/recording_tree.h"
#include "daemon/pipeline/render_format.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"

namespace autonomous::daemon {

namespace {

class Verification {
 public:
  Verification(const Ctx& ctx, store::Reader& reader, const model::ReleaseId& id, Renderer& renderer)
      : ctx_(ctx), reader_(reader), id_(id), renderer_(renderer) {}

  Result<VerifyAnswer> run() {
    TRY(store::ReleaseDetail detail, reader_.show(id_));
    row_ = detail.row;
    answer_.recorded = row_->target_tree.hex();
    if (row_->rollback_of != 0) return restored(row_->rollback_of);
    TRY(files_, reader_.files(id_));
    TRY(std::string text, files_->read("release.yaml", 1u << 20));
    TRY(inputs_, store::parse_release_yaml(text));
    TRY_DO(know_format(id_, inputs_.render_format, inputs_.helm));
    if (row_->trigger == model::Trigger::kRetire) return retired();
    return rendered();
  }

 private:
  // A rollback is right when its tree is that of the release it names; which is verified in turn.
  Result<VerifyAnswer> restored(uint32_t number) {
    TRY(store::ReleaseDetail goal, reader_.show({id_.target, number}));
    TRY(VerifyAnswer inner, Verification(ctx_, reader_, {id_.target, number}, renderer_).run());
    answer_.rendered = inner.rendered;
    answer_.differences = inner.differences;
    answer_.equal = inner.equal && goal.row->target_tree == row_->target_tree;
    answer_.how = "it restores release " + std::to_string(number) + ", which was verified: " + inner.how;
    return std::move(answer_);
  }

  Result<VerifyAnswer> retired() {
    TRY(auto entries, files_->list(inputs_.mode == "values" ? "chart/templates" : "manifests"));
    answer_.equal = entries.empty();
    answer_.rendered = answer_.recorded;
    answer_.how = "a retired target has no workloads";
    for (const FileEntry& entry : entries) answer_.differences.push_back("D " + entry.path);
    return std::move(answer_);
  }

  Result<VerifyAnswer> rendered() {
    TRY(PlatformPtr view, platform());
    MemoryTree kept;
    if (auto sources = inputs_.extra.find("sources"); sources != inputs_.extra.end()) {
      TRY_WITH(store::KeptInput input, "while reading what the release was made of", reader_.input(sources->second));
      for (auto& [path, content] : input.files) kept.put(path, std::move(content));
    }
    TRY(Wish wish, wish_for(kept, view));
    RecordingTree recorded(kept);
    for (const std::string& file : wish.app->spec_files) (void)recorded.read(file, 16u << 20).has_value();
    AssembleOptions options;
    options.renderer = &renderer_;
    options.fetch_chart = [this](const Ctx&, const model::ChartName&) { return kept_chart(reader_, inputs_); };
    TRY(Rendering again, render_target(ctx_, options, wish, recorded));
    return compare(again.files);
  }

  Result<PlatformPtr> platform() {
    TRY(git::Oid commit, git::Oid::parse(inputs_.config_commit));
    PlatformPtr view = read_view(reader_.repository(), commit, nullptr);
    if (!view->errors.empty()) return Error(view->errors.front()).with("while reading the platform.yaml of that time");
    return view;
  }

  // The wish as it was, as far as it matters to the bytes.
  Result<Wish> wish_for(const MemoryTree& kept, const PlatformPtr& view) {
    Wish wish;
    wish.target = id_.target;
    wish.view = view;
    TRY_WITH(store::KeptInput spec, "while reading the spec of that time", reader_.input(inputs_.spec_digest));
    wish.spec_text = std::make_shared<std::string>(spec.file);
    // A spec that was inferred is no file of the project, but has to be read all the same.
    MemoryTree with_spec;
    TRY(auto files, kept.list(""));
    for (const FileEntry& file : files) {
      TRY(std::string content, kept.read(file.path, UINT64_MAX));
      with_spec.put(file.path, std::move(content));
    }
    if (!kept.stat("autonomous.yaml")) with_spec.put("autonomous.yaml", spec.file);
    auto parsed = model::load_spec(with_spec);
    if (!parsed) return parsed.error();
    TRY(wish.app, effective_app(*parsed, *view, id_.target.app));
    std::vector<std::string> names = parsed->apps(id_.target.environment);
    for (const std::string& other : neighbours_of(*wish.app)) {
      if (!std::binary_search(names.begin(), names.end(), other)) continue;
      TRY(wish.neighbours[other], effective_app(*parsed, *view, other));
    }
    const model::Environment* environment = model::find_environment(*view->platform, id_.target.environment);
    if (environment != nullptr && environment->policies.strict_network) {  // as the planner: who may come in
      for (const std::string& caller : names) {
        auto app = effective_app(*parsed, *view, caller);
        if (app && neighbours_of(**app).contains(id_.target.app)) wish.neighbours.emplace(caller, *app);
      }
    }
    auto source = std::make_shared<SourceCommit>();
    if (inputs_.source) {
      source->id = inputs_.source->commit;
      source->ref = row_->source_ref;
      source->repository.url = inputs_.source->url;
    }
    TRY(git::Commit commit, reader_.repository().commit(row_->commit));
    source->author = commit.author;
    wish.source = source;
    TRY_DO(give_names(wish));
    auto image = inputs_.images.find(id_.target.app);
    if (image != inputs_.images.end() && image->second != wish.app->image) wish.image = image->second;
    return wish;
  }

  // Of a target that went on after another one, and of neighbours that did.
  Result<void> give_names(Wish& wish) {
    if (auto names = inputs_.extra.find("names"); names != inputs_.extra.end()) {
      TRY(wish.names, model::Target::parse(names->second));
      wish.app = named(wish.app, *wish.names);
    }
    TRY(store::StatePtr state, reader_.state());
    for (auto& [name, neighbour] : wish.neighbours) {
      model::Target other{id_.target.environment, id_.target.project, name};
      neighbour = named(neighbour, names_of(*state, other, nullptr));
    }
    return ok();
  }

  Result<std::shared_ptr<const model::App>> effective_app(const model::Spec& spec, const PlatformView& view,
                                                          const std::string& app) {
    const model::Environment* environment = model::find_environment(*view.platform, id_.target.environment);
    if (environment == nullptr)
      return fail(Code::kInvalid, "the platform.yaml of that time has no environment ", id_.target.environment);
    model::Parsed<model::Value> overlay;
    std::string file = "config/" + id_.target.environment + "/" + id_.target.project + "/" + app + ".yaml";
    if (view.tree && view.tree->stat(file)) {
      TRY(std::string text, view.tree->read(file, 1u << 20));
      overlay = model::parse_overlay(text, file);
      if (!overlay) return overlay.error();
    }
    model::Layers layers{environment->defaults.is_null() ? nullptr : &environment->defaults, overlay.value.get()};
    auto effective = model::effective(spec, id_.target.project, id_.target.environment, app, layers);
    if (!effective) return effective.error();
    return std::make_shared<const model::App>(effective->app);
  }

  Result<VerifyAnswer> compare(const std::map<std::string, std::string>& again) {
    git::Repository& repository = reader_.repository();
    std::vector<git::TreeUpdate> updates;
    for (const auto& [path, content] : again) {
      TRY(git::Oid blob, repository.write_blob(content));
      updates.push_back({path, blob});
      auto before = files_->read(path, UINT64_MAX);
      if (!before) answer_.differences.push_back("A " + path);
      else if (*before != content) answer_.differences.push_back("M " + path);
    }
    TRY(auto entries, files_->list());
    for (const FileEntry& entry : entries) {
      if (!again.contains(entry.path)) answer_.differences.push_back("D " + entry.path);
    }
    auto tree = repository.update_tree(git::Oid::zero(), updates);
    repository.discard();  // only its name was wanted; a clone is not written to
    if (!tree) return std::move(tree).error();
    answer_.rendered = tree->hex();
    answer_.equal = answer_.rendered == answer_.recorded;
    answer_.how =
        inputs_.mode == "values"
            ? "the chart and its values are those of the recorded inputs (Argo CD rendered them: what it made of them is not proved)"
            : "rendered again from the recorded inputs";
    return std::move(answer_);
  }

  const Ctx& ctx_;
  store::Reader& reader_;
  model::ReleaseId id_;
  Renderer& renderer_;
  store::ReleaseRowPtr row_;
  std::shared_ptr<const FileTree> files_;
  store::ReleaseInputs inputs_;
  VerifyAnswer answer_;
};

}  // namespace

Result<VerifyAnswer> verify_release(const Ctx& ctx, const std::string& repository, const std::string& branch,
                                    const model::ReleaseId& id, Renderer& renderer) {
  TRY(store::Reader reader, store::Reader::open(repository, branch));
  auto answer = Verification(ctx, reader, id, renderer).run();
  if (!answer) return std::move(answer).error().with("while verifying " + id.str());
  return answer;
}

}  // namespace autonomous::daemon
