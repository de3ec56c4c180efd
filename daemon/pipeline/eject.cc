#include "daemon/pipeline/eject.h"

#include <algorithm>

#include "daemon/pipeline/fetched_chart.h"
#include "daemon/pipeline/recorded.h"
#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "gitops/git/repository.h"
#include "gitops/store/layout.h"
#include "render/app/chart.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

namespace {

constexpr uint64_t kMaxFile = 64u << 20;
using Files = std::map<std::string, std::string>;

// Text that a template gives back as it is.
std::string as_template(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) != "{{") {
      out += text[i];
      continue;
    }
    out += R"({{ "{{" }})";
    ++i;
  }
  return out;
}

// helm puts an empty line behind some templates.
std::string_view without_end(std::string_view text) {
  size_t last = text.find_last_not_of(" \n\t\r");
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string object_name(const app::Resource& resource) {
  return resource.kind + "/" + (resource.ns.empty() ? "" : resource.ns + "/") + resource.name;
}

class Ejector {
 public:
  Ejector(const Ctx& ctx, store::Reader& reader, const model::Target& target, EjectAs as, Renderer& renderer)
      : ctx_(ctx), reader_(reader), target_(target), renderer_(renderer) {
    out_.as = as;
  }

  Result<Ejected> run() {
    TRY_DO(find());
    TRY(std::string text, tree_->read("release.yaml", 1u << 20));
    TRY(inputs_, store::parse_release_yaml(text));
    out_.ns = inputs_.namespace_name;
    out_.name = inputs_.release_name;
    TRY_DO(read_objects());
    out_.objects = objects_.size();
    if (out_.as == EjectAs::kManifests) write_manifests();
    else TRY_DO(write_chart());
    note_objects();
    write_readme();
    return std::move(out_);
  }

 private:
  // What is on deploy now: the newest release, or what somebody made of it.
  Result<void> find() {
    TRY(store::StatePtr state, reader_.state());
    store::TargetPtr record = state->find(target_);
    store::ReleaseRowPtr live = record ? record->live() : nullptr;
    if (!live) return fail(Code::kNotFound, target_.str(), " was never released: there is nothing to leave with");
    if (live->trigger == model::Trigger::kRetire)
      return fail(Code::kNotFound, target_.str(), " was retired by release ", live->number, ": it has no workloads")
          .hint("`autonomous rollback` brings it back");
    if (record->moved_away)
      return fail(Code::kNotFound, target_.str(), " became ", record->moved_away->to.str(), ": leave with that");
    out_.release = {target_, live->number};
    out_.orphaned = record->orphaned.has_value();
    if (reader_.repository().entry(state->deploy, store::application_file(target_)))
      out_.application = store::application_name(target_);
    if (record->drift && !record->drift->tree.is_zero()) {
      drifted_ = true;
      out_.notes.push_back("changed past the platform by " + record->drift->by + " in " +
                           record->drift->commit.short_hex() + ": this is what they made of it");
      TRY(tree_, reader_.repository().tree_of(record->drift->tree));
      return ok();
    }
    TRY(tree_, reader_.files(out_.release));
    return ok();
  }

  Result<Files> read_all(const FileTree& tree) const {
    Files out;
    TRY(auto entries, tree.list());
    for (const FileEntry& entry : entries) {
      if (entry.kind != FileKind::kFile && entry.kind != FileKind::kExecutable)
        return fail(Code::kDenied, entry.path, " is a link or a submodule");
      TRY(out[entry.path], tree.read(entry.path, kMaxFile));
    }
    return out;
  }

  // The objects that stand in the cluster, from manifests/, or as Argo CD renders them from chart/.
  Result<void> read_objects() {
    if (inputs_.mode == "values") {
      auto chart = sub_tree(*tree_, "chart");
      TRY(Files files, read_all(*chart));
      TRY(objects_, render(files));
      return ok();
    }
    auto manifests = sub_tree(*tree_, "manifests");
    TRY(Files files, read_all(*manifests));
    for (const auto& [path, text] : files) {
      TRY(auto found, app::split_manifests(text, "manifests/" + path));
      for (app::Resource& resource : found) objects_.push_back(std::move(resource));
    }
    return ok();
  }

  Result<std::vector<app::Resource>> render(const Files& chart) {
    Sha256 digest;
    for (const auto& [path, content] : chart) digest.add_field(path).add_field(content);
    MemoryTree tree(chart);
    ChartJob job;
    job.release_name = inputs_.release_name;
    job.release_namespace = inputs_.namespace_name;
    job.chart = &tree;
    job.chart_digest = "sha256:" + digest.finish_hex();
    job.kube_version = inputs_.kubernetes;
    job.api_versions = inputs_.api_versions;
    job.seed = target_.str();
    TRY_WITH(RenderedChart rendered, "while rendering the chart of " + target_.str(), renderer_.render(ctx_, job));
    return app::split_manifests(rendered.manifest, target_.app);
  }

  // ---- manifests
  std::string file_of(const app::Resource& object) const {
    return file_name(store::manifest_file(object.kind, object.group, object.ns, object.name, inputs_.namespace_name));
  }

  // Objects without a namespace of their own get the target's, as Argo CD gives it to them; kustomize would give it to
  // the others as well, so those stand apart.
  void write_manifests() {
    std::vector<std::string> own, elsewhere;
    for (const app::Resource& object : objects_) {
      bool apart = !object.ns.empty() && object.ns != inputs_.namespace_name;
      std::string file = (apart ? "elsewhere/" : "manifests/") + file_of(object);
      out_.files[file] = object.text;
      (apart ? elsewhere : own).push_back(file);
    }
    auto list = [](const std::vector<std::string>& paths) {
      std::string text = "resources:\n";
      for (const std::string& path : paths) text += "- " + path + "\n";
      return text;
    };
    const std::string head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    const std::string ns = "namespace: " + inputs_.namespace_name + "\n";
    if (elsewhere.empty()) {
      out_.files["kustomization.yaml"] = head + ns + list(own);
      return;
    }
    auto names = [](std::vector<std::string> paths) {
      for (std::string& path : paths) path = file_name(path);
      return paths;
    };
    if (!own.empty()) out_.files["manifests/kustomization.yaml"] = head + ns + list(names(own));
    out_.files["elsewhere/kustomization.yaml"] = head + list(names(elsewhere));
    out_.files["kustomization.yaml"] = head + list(own.empty() ? std::vector<std::string>{"elsewhere"}
                                                               : std::vector<std::string>{"manifests", "elsewhere"});
  }

  // ---- chart
  Result<void> write_chart() {
    TRY_DO(begin_chart());
    std::vector<app::Resource> made;
    if (out_.files.contains("Chart.yaml")) {
      TRY(made, render(out_.files));
    } else {
      out_.files["Chart.yaml"] = "apiVersion: v2\nname: " + target_.app + "\ndescription: " + target_.app + " of " +
                                 target_.project + ", as it ran in " + target_.environment +
                                 "\ntype: application\nversion: 1.0." + std::to_string(out_.release.number) + "\n";
      out_.files["values.yaml"] = "{}\n";
    }
    TRY_DO(add_missing(made));
    TRY(made, render(out_.files));
    return prove(made);
  }

  // The chart that the release was rendered from, with all of its values as its own; nothing for plain manifests.
  Result<void> begin_chart() {
    if (inputs_.mode == "values") {
      TRY(out_.files, read_all(*sub_tree(*tree_, "chart")));
      return ok();
    }
    TRY(RecordedInputs kept, recorded_inputs(reader_, out_.release));
    const model::App& app = kept.effective.app;
    if (app.rendering == model::Rendering::kManifests) return ok();
    if (app.rendering == model::Rendering::kChart && model::is_remote_chart(app.chart)) {
      TRY(std::string bytes, kept_chart(reader_, inputs_));
      TRY(out_.files, renderer_.unpack(ctx_, bytes));
    } else if (app.rendering == model::Rendering::kChart) {
      TRY(out_.files, read_all(*sub_tree(*kept.sources, app.chart)));
    } else {
      TRY(const app::BuiltInChart* chart,
          app::built_in_chart(inputs_.chart ? inputs_.chart->version : app::built_in_chart().version));
      if (inputs_.chart && inputs_.chart->digest != chart->digest) {
        return fail(Code::kConflict, out_.release.str(), " was made with chart ", inputs_.chart->version, " ",
                    inputs_.chart->digest, ", and this program carries another one of that version")
            .hint("--as manifests; or the program that made the release");
      }
      TRY(out_.files, read_all(*chart->files));
    }
    TRY(out_.files["values.yaml"], tree_->read("values.yaml", kMaxFile));
    return ok();
  }

  // What stands beside the chart (extra:, plain manifests) becomes templates that say just that.
  Result<void> add_missing(const std::vector<app::Resource>& made) {
    for (const app::Resource& object : objects_) {
      bool there = std::any_of(made.begin(), made.end(), [&](const app::Resource& one) { return same(one, object); });
      if (there) continue;
      std::string path = "templates/" + file_of(object);
      if (out_.files.contains(path)) path = "templates/extra-" + file_of(object);
      out_.files[path] = as_template(object.text);
    }
    return ok();
  }

  bool same(const app::Resource& a, const app::Resource& b) const {
    auto space = [&](const app::Resource& one) { return one.ns.empty() ? inputs_.namespace_name : one.ns; };
    return a.group == b.group && a.kind == b.kind && a.name == b.name && space(a) == space(b);
  }

  Result<void> prove(const std::vector<app::Resource>& made) const {
    std::vector<std::string> different;
    for (const app::Resource& object : objects_) {
      auto found = std::find_if(made.begin(), made.end(), [&](const app::Resource& one) { return same(one, object); });
      if (found == made.end()) different.push_back(object_name(object) + " is missing");
      else if (without_end(found->text) != without_end(object.text))
        different.push_back(object_name(object) + " differs");
    }
    for (const app::Resource& one : made) {
      bool known = std::any_of(objects_.begin(), objects_.end(), [&](const app::Resource& o) { return same(o, one); });
      if (!known) different.push_back(object_name(one) + " is not what runs");
    }
    if (different.empty()) return ok();
    std::string text;
    for (size_t i = 0; i < different.size() && i < 5; ++i) text += (i == 0 ? "" : ", ") + different[i];
    if (different.size() > 5) text += " and " + std::to_string(different.size() - 5) + " more";
    return fail(Code::kConflict, "no chart of ", target_.str(), " gives what runs: ", text,
                drifted_ ? " (it was changed past the platform)" : "")
        .hint(
            "patches:, images that are put in after the chart, and random values are not the chart's: --as manifests leaves with exactly what runs");
  }

  // ---- words
  void note_objects() {
    for (const app::Resource& object : objects_) {
      if (object.hook)
        out_.notes.push_back(object_name(object) +
                             " is a hook: Argo CD and helm run it at its moment, kubectl just applies it");
    }
    bool external = std::any_of(objects_.begin(), objects_.end(), [](const app::Resource& object) {
      return object.group == "external-secrets.io" || object.group == "secrets.hashicorp.com";
    });
    if (external)
      out_.notes.emplace_back("secrets are references to the store: the operator that delivers them has to stay");
    if (!inputs_.secrets.empty() && !external)
      out_.notes.emplace_back("secrets are references; what delivers them has to stay");
  }

  void write_readme() {
    std::string text = "# " + target_.app + " of " + target_.project + ", as it runs in " + target_.environment +
                       "\n\nRelease " + out_.release.str() + ": " + std::to_string(out_.objects) +
                       " objects in the namespace " + out_.ns + ".";
    if (inputs_.source) text += " Made from commit " + inputs_.source->commit + " of " + inputs_.source->url + ".";
    text += "\n\n";
    if (out_.as == EjectAs::kManifests) {
      text += "    kubectl create namespace " + out_.ns + "    # where it isn't there\n    kubectl apply -k .\n";
    } else {
      std::string kinds;
      for (const std::string& kind : inputs_.api_versions) kinds += " --api-versions " + kind;
      text += "    helm template " + inputs_.release_name + " . --namespace " + out_.ns + " --include-crds" +
              (inputs_.kubernetes.empty() ? "" : " --kube-version " + inputs_.kubernetes) + kinds +
              "    # what was released, object by object\n    helm upgrade --install " + inputs_.release_name +
              " . --namespace " + out_.ns +
              " --create-namespace --take-ownership    # helm 3.17 or later: the objects are there already\n";
    }
    for (const std::string& note : out_.notes) text += "\n- " + one_line(note, 500);
    if (!out_.notes.empty()) text += "\n";
    text += "\n## To leave for good\n\nNothing stops running by any of it.\n\n";
    size_t number = 0;
    for (const std::string& line : after_eject(out_, ".")) text += std::to_string(++number) + ". " + line + "\n";
    out_.files[out_.files.contains("README.md") ? "EJECTED.md" : "README.md"] = text;
  }

  const Ctx& ctx_;
  store::Reader& reader_;
  model::Target target_;
  Renderer& renderer_;
  std::shared_ptr<const FileTree> tree_;
  store::ReleaseInputs inputs_;
  std::vector<app::Resource> objects_;
  bool drifted_ = false;
  Ejected out_;
};

}  // namespace

Result<Ejected> eject(const Ctx& ctx, store::Reader& reader, const model::Target& target, EjectAs as,
                      Renderer& renderer) {
  auto out = Ejector(ctx, reader, target, as, renderer).run();
  if (!out) return std::move(out).error().with("while ejecting " + target.str());
  return out;
}

std::vector<std::string> after_eject(const Ejected& ejected, const std::string& folder) {
  const model::Target& target = ejected.release.target;
  std::vector<std::string> out;
  if (!ejected.orphaned)
    out.push_back("take " + target.app + " out of " + target.project +
                  "'s autonomous.yaml, and push: it is orphaned then, and keeps running");
  if (!ejected.application.empty()) {
    out.push_back("autonomous retire " + target.str() + " --keep-running: Argo CD lets go of it; by hand: git rm " +
                  store::application_file(target) +
                  " on the branch that Argo CD reads, or switch off the automated sync of " + target.environment + "." +
                  target.project + " and argocd app delete " + ejected.application + " --cascade=false");
  }
  out.push_back(ejected.as == EjectAs::kManifests ? "from then on: kubectl apply -k " + folder
                                                  : "from then on: helm upgrade --install " + ejected.name + " " +
                                                        folder + " --namespace " + ejected.ns + " --take-ownership");
  return out;
}

}  // namespace autonomous::daemon
