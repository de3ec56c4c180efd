// Argo CD Applications, as they are written down or exported: which folder or chart each has, and where it goes.
#include <algorithm>
#include <set>

#include "daemon/pipeline/import_find.h"
#include "daemon/pipeline/json_peek.h"
#include "gitops/base/text.h"
#include "gitops/model/detect.h"
#include "gitops/model/ids.h"
#include "gitops/yaml/json.h"
#include "render/app/manifests.h"

namespace autonomous::daemon {

namespace {

using Json = nlohmann::json;

constexpr uint64_t kMaxApplication = 16u << 20;
const std::vector<std::string> kUsual = {"development", "dev",     "test",       "integration", "staging",
                                         "stage",       "preprod", "production", "prod"};

// "git@example.com:acme/shop.git" and "https://jane@example.com/acme/shop" are the same repository.
std::string plain_url(std::string url) {
  if (size_t scheme = url.find("://"); scheme != std::string::npos) url = url.substr(scheme + 3);
  if (size_t at = url.find('@'); at != std::string::npos && at < url.find('/')) url = url.substr(at + 1);
  if (size_t colon = url.find(':');
      colon != std::string::npos && colon < url.find('/') && url.find_first_of("0123456789", colon) != colon + 1)
    url[colon] = '/';
  while (ends_with(url, "/")) url.pop_back();
  if (ends_with(url, ".git")) url.resize(url.size() - 4);
  return to_lower(url);
}

std::string plain_path(std::string path) {
  while (starts_with(path, "./")) path.erase(0, 2);
  while (ends_with(path, "/")) path.pop_back();
  return path == "." ? "" : path;
}

// "charts/web" and "../values/prod.yaml" → "charts/values/prod.yaml"; "" where it leaves the tree.
std::string beside(const std::string& folder, const std::string& file) {
  auto resolved = resolve_link(folder.empty() ? "x" : folder + "/x", file);
  return resolved ? *resolved : "";
}

class ApplicationReader {
 public:
  ApplicationReader(const FileTree& tree, const ImportOptions& options)
      : tree_(tree), options_(options), environments_(options.environments.empty() ? kUsual : options.environments) {}

  Result<FoundAll> run() {
    TRY(auto entries, tree_.list(""));
    for (const FileEntry& entry : entries) {
      if (entry.kind != FileKind::kFile || (!ends_with(entry.path, ".yaml") && !ends_with(entry.path, ".yml")))
        continue;
      TRY(std::string text, tree_.read(entry.path, kMaxApplication));
      if (text.find("argoproj.io/") == std::string::npos || text.find("kind: Application") == std::string::npos)
        continue;
      auto resources = app::split_manifests(text, entry.path);
      if (!resources) {
        out_.left_out.push_back(
            {entry.path, "it cannot be read: " + one_line(resources.error().line(), 300),
             text.find("{{") != std::string::npos
                 ? "export what it makes: kubectl -n argocd get applications -o yaml > applications.yaml"
                 : "mend it"});
        continue;
      }
      for (const app::Resource& resource : *resources) take(resource, entry.path);
    }
    leave_roots();
    return std::move(out_);
  }

 private:
  void take(const app::Resource& resource, const std::string& file) {
    if (resource.group != "argoproj.io") return;
    const std::string what =
        resource.kind + " " + resource.name + " (" + file + ":" + std::to_string(resource.place.line) + ")";
    if (resource.kind == "ApplicationSet") {
      out_.left_out.push_back(
          {what, "it makes Applications in the cluster",
           "export those: kubectl -n argocd get applications -o yaml > applications.yaml, and import the folder with that"});
      return;
    }
    if (resource.kind != "Application") return;
    application_files_.insert(file);
    auto json = yaml::to_json(resource.text);
    if (!json) return;
    why_.clear();
    next_.clear();
    Found one = read(*json, resource.name);
    one.origin = file + ":" + std::to_string(resource.place.line);
    if (why_.empty()) out_.found.push_back(std::move(one));
    else out_.left_out.push_back({what, why_, next_});
  }

  Found refuse(const std::string& why, const std::string& next) {
    why_ = why;
    next_ = next;
    return {};
  }

  Found read(const Json& document, const std::string& name) {
    const Json spec = at_key(document, "spec");
    Json source = at_key(spec, "source");
    if (Json sources = at_key(spec, "sources"); sources.is_array() && !sources.empty()) {
      std::vector<Json> own;
      for (const Json& each : sources) {
        if (text_at(each, "ref").empty() || !text_at(each, "path").empty()) own.push_back(each);
      }
      if (own.size() != 1) return refuse("it has several sources", "one Application, and one import, for each");
      source = own.front();
    }
    if (!source.is_object()) return refuse("it has no source", "mend it");
    Found out;
    out.application = name;
    const Json destination = at_key(spec, "destination");
    out.ns = text_at(destination, "namespace");
    out.cluster =
        text_at(destination, "server").empty() ? text_at(destination, "name") : text_at(destination, "server");
    if (out.cluster == "https://kubernetes.default.svc" || out.cluster == "in-cluster") out.cluster.clear();
    out.path = plain_path(text_at(source, "path"));
    name_it(out, name);
    note_what_stays(spec, source, out);
    if (!text_at(source, "chart").empty())
      return refuse("its chart is fetched from " + text_at(source, "repoURL"),
                    "write it by hand: " + out.app + ": {chart: \"" + text_at(source, "repoURL") + "/" +
                        text_at(source, "chart") + "\", version: \"" + text_at(source, "targetRevision") +
                        "\"}; or helm pull --untar it into the repository, and say its path");
    if (!in_this_repository(text_at(source, "repoURL")))
      return refuse("its files are in another repository, " + text_at(source, "repoURL"),
                    "import a clone of that, with the Application in it");
    for (const char* tool : {"kustomize", "plugin"}) {
      if (at_key(source, tool).is_object() || (std::string(tool) == "kustomize" && is_kustomization(tree_, out.path)))
        return refuse(std::string("it is built with ") + (std::string(tool) == "plugin" ? "a plugin" : tool),
                      "write out what it makes (argocd app manifests " + name + " > " + out.app +
                          ".yaml), and import the folder with that");
    }
    if (tree_.stat(out.path.empty() ? "Chart.yaml" : out.path + "/Chart.yaml"))
      return read_chart(std::move(out), at_key(source, "helm"), name);
    return read_folder(std::move(out), at_key(source, "directory"));
  }

  // Names of environments stand in names, folders or namespaces.
  void name_it(Found& out, const std::string& name) const {
    Placed placed = place_name(name, environments_);
    if (placed.environment.empty()) {
      for (const std::string& environment : environments_) {
        auto parts = split(out.path, '/');
        if (std::find(parts.begin(), parts.end(), environment) != parts.end()) placed.environment = environment;
      }
    }
    if (placed.environment.empty()) placed.environment = place_name(out.ns, environments_).environment;
    out.environment = placed.environment;
    out.app = model::to_name(placed.rest, model::kMaxApp);
  }

  bool in_this_repository(const std::string& url) {
    const std::string plain = plain_url(url);
    if (!options_.url.empty()) return plain == plain_url(options_.url);
    if (url_.empty()) url_ = plain;
    return plain == url_;
  }

  void note_what_stays(const Json& spec, const Json& source, Found& out) const {
    const std::string revision = text_at(source, "targetRevision");
    if (!revision.empty() && revision != "HEAD")
      out.notes.push_back("it follows " + revision + ": what lies here is taken, whatever that is");
    if (at_key(spec, "ignoreDifferences").is_array()) out.notes.emplace_back("ignoreDifferences are not taken over");
    const Json options = at_key(at_key(spec, "syncPolicy"), "syncOptions");
    std::string others;
    for (const Json& each : options.is_array() ? options : Json::array()) {
      const std::string text = each.is_string() ? each.get<std::string>() : "";
      if (text != "CreateNamespace=true" && text != "ServerSideApply=true")
        others += (others.empty() ? "" : ", ") + text;
    }
    if (!others.empty()) out.notes.push_back("sync options are not taken over: " + one_line(others, 200));
  }

  Found read_folder(Found out, const Json& directory) {
    for (const char* key : {"jsonnet", "include", "exclude"}) {
      if (!at_key(directory, key).is_null() &&
          !(at_key(directory, key).is_string() && text_at(directory, key).empty()) && !at_key(directory, key).empty())
        return refuse(std::string("its directory source has ") + key,
                      "write out what it makes: argocd app manifests " + out.application + " > " + out.app + ".yaml");
    }
    auto files = manifest_files(tree_, out.path, at_key(directory, "recurse") == Json(true));
    if (!files || files->empty())
      return refuse("there are no manifests in " + (out.path.empty() ? "." : out.path),
                    "is it a clone of the right branch?");
    out.files = *std::move(files);
    return out;
  }

  Found read_chart(Found out, const Json& helm, const std::string& name) {
    out.kind = Found::Kind::kChart;
    out.release = text_at(helm, "releaseName").empty() ? name : text_at(helm, "releaseName");
    for (const char* key : {"parameters", "fileParameters"}) {
      if (at_key(helm, key).is_array() && !at_key(helm, key).empty())
        return refuse(std::string("it has helm.") + key, "write them into helm.values, and import again");
    }
    for (const char* key : {"skipCrds", "skipTests", "skipSchemaValidation"}) {
      if (at_key(helm, key) == Json(true)) out.notes.push_back(std::string("helm.") + key + " is not taken over");
    }
    Json files = at_key(helm, "valueFiles");
    for (const Json& each : files.is_array() ? files : Json::array()) {
      std::string file = each.is_string() ? each.get<std::string>() : "";
      std::string path;
      if (starts_with(file, "$")) path = plain_path(file.substr(std::min(file.size(), file.find('/') + 1)));
      else if (starts_with(file, "/")) path = plain_path(file.substr(1));
      else if (file.find("://") == std::string::npos) path = beside(out.path, file);
      if (path.empty() || !tree_.stat(path)) {
        if (at_key(helm, "ignoreMissingValueFiles") == Json(true)) continue;
        return refuse("its values file " + one_line(file, 200) + " is not here",
                      "is it a clone of the right repository?");
      }
      out.value_files.push_back(path);
    }
    out.values = text_at(helm, "values");
    if (Json object = at_key(helm, "valuesObject"); object.is_object()) {
      auto text = yaml::from_json(object);
      out.values = text ? *text : "";
    }
    return out;
  }

  // An Application whose folder holds Applications makes those: they are taken, and it is not.
  void leave_roots() {
    std::erase_if(out_.found, [&](const Found& one) {
      bool root = one.kind == Found::Kind::kManifests &&
                  std::any_of(one.files.begin(), one.files.end(),
                              [&](const std::string& file) { return application_files_.contains(file); });
      if (root)
        out_.notes.push_back(
            "Application " + one.application + " (" + one.origin +
            ") only makes Applications, which are taken themselves: take them out of it first, it would make them again");
      return root;
    });
  }

  const FileTree& tree_;
  const ImportOptions& options_;
  const std::vector<std::string> environments_;
  std::string url_;  // of the first one
  std::string why_, next_;
  std::set<std::string> application_files_;
  FoundAll out_;
};

}  // namespace

Result<FoundAll> find_applications(const FileTree& tree, const ImportOptions& options) {
  return ApplicationReader(tree, options).run();
}

}  // namespace autonomous::daemon
