#include "daemon/pipeline/import.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/pipeline/assemble.h"
#include "daemon/pipeline/import_take.h"
#include "daemon/pipeline/import_text.h"
#include "gitops/base/text.h"
#include "gitops/yaml/json.h"

namespace autonomous::daemon {

namespace {

using Json = nlohmann::json;
using app::Resource;

// Group, kind, namespace and name → the object.
std::map<std::string, Json> objects_of(const std::vector<Resource>& resources, const std::string& ns) {
  std::map<std::string, Json> out;
  for (const Resource& resource : resources) {
    auto json = yaml::to_json(resource.text);
    out[resource.group + "/" + resource.kind + " " + (resource.ns.empty() ? ns : resource.ns) + "/" + resource.name] =
        json ? *std::move(json) : Json(resource.text);
  }
  return out;
}

// What differs, for people; empty: nothing does.
std::vector<std::string> differences(const std::map<std::string, Json>& theirs,
                                     const std::map<std::string, Json>& ours) {
  std::vector<std::string> out;
  for (const auto& [key, object] : theirs) {
    auto own = ours.find(key);
    if (own == ours.end()) out.push_back(key + " would be missing");
    else if (own->second != object) out.push_back(key + " would change");
  }
  for (const auto& [key, object] : ours) {
    if (!theirs.contains(key)) out.push_back(key + " would be new");
  }
  return out;
}

std::string objects_file(const model::Target& target) { return target.environment + "-" + target.app + ".yaml"; }

class Importer {
 public:
  Importer(const Ctx& ctx, const FileTree& tree, const ImportOptions& options, Renderer& renderer)
      : ctx_(ctx), tree_(tree), options_(options), renderer_(renderer) {}

  Result<Imported> run() {
    TRY(FoundAll all, find_apps(tree_, options_));
    out_.left_out = std::move(all.left_out);
    out_.notes = std::move(all.notes);
    for (Found& one : all.found) {
      TRY_DO(ctx_.check());
      if (!is_new(one)) continue;
      found_[{one.environment, one.app}] = std::move(one);
    }
    settle_namespaces();
    for (const auto& [key, one] : found_) {
      auto taken = take(one);
      if (!taken) leave(one, taken.error());
    }
    share_one_form();
    write();
    return std::move(out_);
  }

 private:
  std::string name_of(const Found& one) const {
    return one.application.empty() ? one.origin : "Application " + one.application + " (" + one.origin + ")";
  }
  void leave(const Found& one, const Error& error) {
    out_.left_out.push_back({name_of(one), one_line(error.line(), 500), one_line(error.hint(), 500)});
  }

  bool is_new(const Found& one) {
    for (const Error& error : named_wrong(one)) {
      leave(one, error);
      return false;
    }
    auto known = found_.find({one.environment, one.app});
    if (known == found_.end()) return true;
    leave(one, fail(Code::kConflict, one.environment, "/", one.app, " is ", name_of(known->second), " already")
                   .hint("import it into a project of its own: -p NAME"));
    return false;
  }

  std::vector<Error> named_wrong(const Found& one) const {
    std::vector<Error> out;
    if (auto right = model::check_name("app name", one.app, model::kMaxApp); !right) out.push_back(right.error());
    if (auto right = model::check_name("environment", one.environment, model::kMaxEnvironment); !right)
      out.push_back(right.error());
    return out;
  }

  // All apps of an environment have namespaces of one pattern, and one cluster.
  void settle_namespaces() {
    std::set<std::string> environments;
    for (const auto& [key, one] : found_) environments.insert(key.first);
    for (const std::string& environment : environments) {
      std::map<std::string, std::string> namespaces;
      SaidEnvironment& said = environments_[environment];
      for (const auto& [key, one] : found_) {
        if (key.first != environment || one.ns.empty()) continue;
        namespaces[key.second] = one.ns;
        if (said.cluster.empty()) said.cluster = one.cluster;
      }
      said.ns = namespace_template(options_.project, environment, namespaces);
      if (said.ns.empty()) said.ns = "{project}-{env}";
    }
    std::erase_if(found_, [&](const auto& entry) {
      const Found& one = entry.second;
      const SaidEnvironment& said = environments_[one.environment];
      const std::string ns = model::expand(said.ns, target_of(one));
      if (!one.ns.empty() && ns != one.ns) {
        leave(one, fail(Code::kConflict, "it goes to the namespace ", one.ns, ", and the others of ", one.environment,
                        " to ", ns)
                       .hint("import it into a project of its own: -p NAME"));
        return true;
      }
      if (one.ns.empty() || one.cluster == said.cluster) return false;
      leave(one,
            fail(Code::kConflict, "it goes to another cluster than the others of ", one.environment, ": ", one.cluster)
                .hint("give it an environment of its own: -e NAME"));
      return true;
    });
  }

  model::Target target_of(const Found& one) const { return {one.environment, options_.project, one.app}; }
  std::string ns_of(const Found& one) { return model::expand(environments_[one.environment].ns, target_of(one)); }

  // In the form that it has; where that cannot be, as the manifests that it renders to.
  Result<void> take(const Found& one) {
    TRY(auto theirs, as_it_is(ctx_, tree_, one, ns_of(one), options_.kubernetes, renderer_));
    if (theirs.empty()) return fail(Code::kInvalid, "it makes no objects");
    Taken taken{one, {}, one.kind == Found::Kind::kChart ? "chart" : "manifests", theirs};
    TRY(taken.said, one.kind == Found::Kind::kChart ? said_chart(tree_, one) : said_files(tree_, one));
    auto proven = prove(taken);
    if (!proven) {
      taken.said = said_text(one, theirs);
      taken.form = "rendered manifests";
      taken.one.notes.push_back((one.kind == Found::Kind::kChart ? "its chart is not taken, but what it renders to: "
                                                                 : "its files are written anew: ") +
                                one_line(proven.error().line(), 300));
      TRY_DO(prove(taken));
    }
    taken_.push_back(std::move(taken));
    return ok();
  }

  struct Taken {
    Found one;
    Said said;
    std::string form;
    std::vector<Resource> theirs;
  };

  // Our own render of what would be written is what the source says.
  Result<void> prove(const Taken& taken) {
    const model::Target target = target_of(taken.one);
    const std::string platform_yaml =
        platform_text(options_.project, {{target.environment, environments_[target.environment]}}, options_.kubernetes);
    auto view = std::make_shared<PlatformView>();
    auto platform = model::parse_platform(platform_yaml);
    if (!platform) return model::merge_errors(platform.errors);
    view->platform = std::move(platform.value);
    MemoryTree files(taken.said.files);
    const std::string text = spec_text(options_.project, {{target.app, {{target.environment, taken.said}}}});
    auto spec = model::parse_spec(text, "autonomous.yaml");
    if (!spec) return model::merge_errors(spec.errors);
    auto effective = model::effective(*spec.value, target.project, target.environment, target.app);
    if (!effective) return model::merge_errors(effective.errors);
    Wish wish;
    wish.target = target;
    wish.view = view;
    wish.app = std::make_shared<const model::App>(effective.value->app);
    AssembleOptions options;
    options.renderer = &renderer_;
    TRY(Rendering rendering, render_target(ctx_, options, wish, files));
    const std::string ns = ns_of(taken.one);
    auto differ = differences(objects_of(taken.theirs, ns), objects_of(rendering.resources, ns));
    if (differ.empty()) return ok();
    const size_t all = differ.size();
    if (all > 3) differ.resize(3);
    return fail(Code::kConflict, join(differ, ", "), all > 3 ? " and " + std::to_string(all - 3) + " more" : "",
                taken.one.kind == Found::Kind::kChart && taken.one.release != target.app
                    ? ", because its Helm release is called " + taken.one.release + ", and the app " + target.app
                    : "");
  }

  // An app that is a chart here and manifests there cannot be said in one spec.
  void share_one_form() {
    std::map<std::string, std::set<std::string>> forms;
    for (const Taken& taken : taken_) forms[taken.one.app].insert(taken.said.keys.front().first);
    for (Taken& taken : taken_) {
      if (forms[taken.one.app].size() < 2 || taken.form != "chart") continue;
      taken.said = said_text(taken.one, taken.theirs);
      taken.form = "rendered manifests";
      taken.one.notes.emplace_back("in another environment it is no chart, so that what it renders to is taken");
    }
    std::erase_if(taken_, [&](const Taken& taken) {
      auto proven = taken.form == "rendered manifests" ? prove(taken) : ok();
      if (!proven) leave(taken.one, proven.error());
      return !proven;
    });
  }

  void write() {
    SaidAll all;
    std::map<std::string, SaidEnvironment> environments;
    for (const Taken& taken : taken_) {
      all[taken.one.app][taken.one.environment] = taken.said;
      environments[taken.one.environment] = environments_[taken.one.environment];
      for (const auto& [path, content] : taken.said.files) out_.project[path] = content;
      ImportedApp app{target_of(taken.one), taken.form,          taken.one.origin, taken.one.application,
                      ns_of(taken.one),     taken.theirs.size(), taken.one.notes};
      for (const Resource& resource : taken.theirs) {
        if (!resource.ns.empty() && resource.ns != app.ns) {
          app.notes.push_back("it has objects in other namespaces (" + resource.kind + "/" + resource.name + " in " +
                              resource.ns + "): its AppProject has to let them in");
          break;
        }
      }
      out_.objects[objects_file(app.target)] = text_of_objects(taken.theirs);
      out_.apps.push_back(std::move(app));
    }
    std::sort(out_.apps.begin(), out_.apps.end(),
              [](const ImportedApp& a, const ImportedApp& b) { return a.target < b.target; });
    if (all.empty()) return;
    out_.project["autonomous.yaml"] = spec_text(options_.project, all);
    out_.platform = platform_text(options_.project, environments, options_.kubernetes);
  }

  const Ctx& ctx_;
  const FileTree& tree_;
  const ImportOptions& options_;
  Renderer& renderer_;
  std::map<std::pair<std::string, std::string>, Found> found_;  // by environment and app
  std::map<std::string, SaidEnvironment> environments_;
  std::vector<Taken> taken_;
  Imported out_;
};

}  // namespace

Result<Imported> import_tree(const Ctx& ctx, const FileTree& tree, const ImportOptions& options, Renderer& renderer) {
  return Importer(ctx, tree, options, renderer).run();
}

std::vector<std::string> after_import(const Imported& imported, const std::string& project, const std::string& folder) {
  std::vector<std::string> out;
  if (imported.apps.empty()) return out;
  out.push_back("take what " + folder +
                "/gitops/platform.yaml says over into platform.yaml on main of the GitOps repository");
  std::set<std::string> owners;
  for (const ImportedApp& app : imported.apps) owners.insert(app.application);
  owners.erase("");
  if (!owners.empty())
    out.emplace_back(
        "take the old Applications out of whatever makes them, and let go of them: their objects stay, and go on");
  for (const std::string& owner : owners) out.push_back("argocd app delete " + owner + " --cascade=false --yes");
  // An Application of ours takes nothing that another one's mark is on.
  for (const ImportedApp& app : imported.apps) {
    if (!app.application.empty())
      out.push_back("kubectl -n " + app.ns + " annotate -f " + folder + "/objects/" + objects_file(app.target) +
                    " argocd.argoproj.io/tracking-id-");
  }
  out.push_back("cd " + folder + "/" + project + " && git init -q -b main && git add -A && git commit -qm \"Import " +
                project + "\" && git push http://localhost:7300/git/" + project + ".git main");
  return out;
}

}  // namespace autonomous::daemon
