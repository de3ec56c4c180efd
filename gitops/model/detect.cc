#include "gitops/model/detect.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "gitops/model/detect_survey.h"
#include "gitops/model/ids.h"

namespace autonomous::model {

namespace {

constexpr uint64_t kMaxRead = 256u << 10;
constexpr size_t kMaxManifestsRead = 300;

bool is_foreign_folder(std::string_view part) {
  static constexpr std::string_view kFolders[] = {"node_modules", "vendor",   "third_party", "testdata", "test",
                                                  "tests",        "examples", "example",     "fixtures", "docs",
                                                  ".git",         ".github",  "target",      "build",    "dist"};
  return std::find(std::begin(kFolders), std::end(kFolders), part) != std::end(kFolders);
}

// Ours to look at: not too deep, and not somebody else's code or test data.
bool is_own(std::string_view path) {
  auto parts = split(path, '/');
  if (parts.size() > 5) return false;
  for (size_t i = 0; i + 1 < parts.size(); ++i) {
    if (is_foreign_folder(parts[i])) return false;
  }
  return true;
}

bool is_yaml(std::string_view path) { return ends_with(path, ".yaml") || ends_with(path, ".yml"); }

// The value of a top-level `key:` line; good enough for Chart.yaml's own keys.
std::string top_level(std::string_view text, std::string_view key) {
  for (std::string_view line : split(text, '\n')) {
    if (!starts_with(line, key) || line.substr(key.size(), 1) != ":") continue;
    std::string_view value = trim(line.substr(key.size() + 1));
    if (size_t comment = value.find(" #"); comment != std::string_view::npos) value = trim(value.substr(0, comment));
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front())
      value = value.substr(1, value.size() - 2);
    return std::string(value);
  }
  return "";
}

bool is_manifest(std::string_view text) {
  return !top_level(text, "apiVersion").empty() && !top_level(text, "kind").empty();
}

bool below(std::string_view path, std::string_view folder) {
  return folder.empty() || (starts_with(path, folder) && path.size() > folder.size() && path[folder.size()] == '/');
}

std::string spec_text(const Survey& survey) {
  std::string out =
      "# autonomous.yaml: what is deployed from this repository. `autonomous schema` lists every key.\nversion: 1\n";
  out += "project: " + survey.project + "\napps:\n";
  for (const Draft& app : survey.apps) {
    out += "  " + app.name + ":\n";
    for (const std::string& line : app.lines) out += "    " + line + "\n";
  }
  out += "\n# What differs in an environment is laid over it: records merge, null removes.\n";
  out += "# environments:\n#   production:\n#     apps: {" + survey.apps.front().name + ": {…}}\n";
  return out;
}

void take_spec(Survey& survey, Parsed<Spec> spec) {
  survey.out.errors = std::move(spec.errors);
  survey.out.warnings = std::move(spec.warnings);
  survey.out.spec = std::shared_ptr<const Spec>(std::move(spec.value));
}

void use_spec(Survey& survey) {
  survey.out.structure = Structure::kSpec;
  survey.out.found = "autonomous.yaml";
  survey.out.text = survey.read("autonomous.yaml");
  take_spec(survey, load_spec(survey.tree));
  if (survey.out.spec != nullptr) {
    const size_t apps = survey.out.spec->apps().size();
    survey.out.notes.push_back("autonomous.yaml with " + std::to_string(apps) + (apps == 1 ? " app" : " apps"));
    if (apps == 0) survey.out.missing.push_back("autonomous.yaml names no app: apps: {web: {image: …, port: 8080}}");
  }
}

void nothing_found(Survey& survey) {
  survey.out.notes.push_back(
      survey.files.empty()
          ? "the repository is empty"
          : "neither autonomous.yaml, a chart, manifests, a Dockerfile nor a known build file was found");
  survey.out.missing.push_back("an autonomous.yaml that names an app and its image");
  survey.out.text =
      "# autonomous.yaml: what is deployed from this repository. `autonomous schema` lists every key.\nversion: 1\nproject: " +
      survey.project +
      "\napps:\n  web:\n    # The image to run; with its digest the same bytes run everywhere.\n"
      "    image: registry.example.com/" +
      survey.project + "/web:1.0\n    port: 8080\n    # health: /healthz\n";
}

}  // namespace

std::string file_name(std::string_view path) { return std::string(path.substr(path.rfind('/') + 1)); }

std::string folder_name(std::string_view path) {
  size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

std::string yaml_text(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"};
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  bool plain = !text.empty() && (letter(text.front()) || text.front() == '/' || starts_with(text, "./"));
  for (char c : text)
    plain = plain && (letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '/' || c == '_' || c == '-' || c == ':' ||
                      c == '@');
  if (ends_with(text, ":") || std::find(std::begin(kWords), std::end(kWords), to_lower(text)) != std::end(kWords))
    plain = false;
  return plain ? std::string(text) : to_json(Value::scalar(std::string(text)), false);
}

std::string yaml_list(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) quoted.push_back(yaml_text(item));
  return "[" + join(quoted, ", ") + "]";
}

bool Survey::has(std::string_view path) const {
  return std::any_of(files.begin(), files.end(), [&](const FileEntry& file) { return file.path == path; });
}

std::string Survey::read(std::string_view path) const {
  auto text = tree.read(path, kMaxRead);
  return text ? *text : "";
}

Draft& Survey::add(std::string_view name) {
  std::string base = to_name(name, kMaxApp - 3);
  std::string unique = base;
  auto taken = [&] {
    return std::any_of(apps.begin(), apps.end(), [&](const Draft& app) { return app.name == unique; });
  };
  for (int i = 2; taken(); ++i) unique = base + "-" + std::to_string(i);
  apps.push_back({unique, {}});
  return apps.back();
}

bool find_charts(Survey& survey) {
  std::vector<std::string> folders;
  for (const FileEntry& file : survey.files) {
    if (file_name(file.path) != "Chart.yaml") continue;
    std::string folder = folder_name(file.path);
    // What lies inside of a chart belongs to it (its dependencies).
    bool inside =
        std::any_of(folders.begin(), folders.end(), [&](const std::string& other) { return below(folder, other); });
    if (!inside && top_level(survey.read(file.path), "type") != "library") folders.push_back(folder);
  }
  if (folders.empty()) return false;
  survey.out.structure = Structure::kChart;
  for (const std::string& folder : folders) {
    const std::string path = (folder.empty() ? "" : folder + "/") + "Chart.yaml";
    if (survey.out.found.empty()) survey.out.found = path;
    const std::string name = top_level(survey.read(path), "name");
    Draft& app = survey.add(name.empty() ? (folder.empty() ? survey.project : file_name(folder)) : name);
    survey.out.notes.push_back("a Helm chart in " + (folder.empty() ? "the root" : folder) + ": app '" + app.name +
                               "'");
    app.lines = {
        "chart: " + yaml_text(folder.empty() ? "." : folder),
        "# Values here win over the chart's values.yaml; values-<environment>.yaml beside it is laid over it, where it exists.",
        "# values: {replicaCount: 2}",
        "# The image that a release runs, put in as values image.repository and image.tag:",
        "# image: registry.example.com/" + survey.project + "/" + app.name + ":1.0"};
    if (folders.size() > 1)
      app.lines.push_back("paths: " + yaml_list({folder.empty() ? "." : folder}) +
                          "   # other changes don't concern it");
  }
  return true;
}

bool find_manifests(Survey& survey) {
  static constexpr std::string_view kFolders[] = {"k8s",         "manifests",  "deploy",     "kubernetes",
                                                  "deployments", "deployment", "config/k8s", ""};
  for (std::string_view folder : kFolders) {
    size_t found = 0, read = 0;
    bool kustomize = false;
    std::vector<std::string> at_root;
    for (const FileEntry& file : survey.files) {
      if (!is_yaml(file.path) || !below(file.path, folder) ||
          (folder.empty() && file.path.find('/') != std::string::npos))
        continue;
      if (read++ >= kMaxManifestsRead) break;
      if (starts_with(file_name(file.path), "kustomization.")) {
        kustomize = true;
      } else if (is_manifest(survey.read(file.path))) {
        ++found;
        at_root.push_back(file.path);
        if (survey.out.found.empty()) survey.out.found = file.path;
      }
    }
    if (found == 0) continue;
    survey.out.structure = Structure::kManifests;
    Draft& app = survey.add(survey.project);
    survey.out.notes.push_back(std::to_string(found) + (found == 1 ? " manifest in " : " manifests in ") +
                               (folder.empty() ? "the root" : std::string(folder)) + ": app '" + app.name + "'");
    if (kustomize)
      survey.out.notes.push_back(
          "kustomization.yaml is not followed: overlays/<environment>/ is laid over the manifests, and images: puts digests in");
    app.lines = {
        "manifests: " + (folder.empty() ? yaml_list(at_root) : yaml_text(folder)),
        "# What lies in overlays/<environment>/ below it is laid over the resources of the same kind and name.",
        "# The image that a release runs: each container with this repository gets it.",
        "# image: registry.example.com/" + survey.project + "/" + app.name + ":1.0"};
    return true;
  }
  return false;
}

std::string to_name(std::string_view text, size_t max) {
  while (ends_with(text, "/")) text.remove_suffix(1);
  text = text.substr(text.rfind('/') + 1);
  if (ends_with(text, ".git")) text.remove_suffix(4);
  std::string out;
  for (char c : to_lower(text)) {
    const bool good = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (out.empty() && !(c >= 'a' && c <= 'z')) continue;
    if (good) {
      out += c;
    } else if (out.back() != '-') {
      out += '-';
    }
  }
  out.resize(std::min(out.size(), max));
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "app" : out;
}

std::string_view structure_name(Structure structure) {
  switch (structure) {
    case Structure::kSpec: return "autonomous.yaml";
    case Structure::kChart: return "chart";
    case Structure::kManifests: return "manifests";
    case Structure::kDockerfile: return "Dockerfile";
    case Structure::kLanguage: return "build file";
    case Structure::kNothing: return "nothing";
  }
  return "";
}

Detected detect(const FileTree& tree, std::string_view project) {
  Survey survey{tree, to_name(project, kMaxProject), {}, {}, {}};
  if (tree.stat("autonomous.yaml")) {
    use_spec(survey);
    return std::move(survey.out);
  }
  auto listed = tree.list();
  if (!listed) {
    survey.out.errors.push_back(std::move(listed).error());
    return std::move(survey.out);
  }
  for (FileEntry& file : *listed) {
    if ((file.kind == FileKind::kFile || file.kind == FileKind::kExecutable) && is_own(file.path))
      survey.files.push_back(std::move(file));
  }
  // A chart in the root comes before the charts below it: "Chart.yaml" has to be seen first.
  std::stable_sort(survey.files.begin(), survey.files.end(), [](const FileEntry& a, const FileEntry& b) {
    return std::count(a.path.begin(), a.path.end(), '/') < std::count(b.path.begin(), b.path.end(), '/');
  });
  if (survey.has("autonomous.yml"))
    survey.out.notes.push_back("autonomous.yml is not read: its name must be autonomous.yaml");
  const bool found = find_charts(survey) || find_manifests(survey) || find_compose(survey) ||
                     find_dockerfiles(survey) || find_language(survey);
  if (!found || survey.apps.empty()) {
    nothing_found(survey);
    return std::move(survey.out);
  }
  survey.out.text = spec_text(survey);
  take_spec(survey, parse_spec(survey.out.text, "autonomous.yaml"));
  return std::move(survey.out);
}

}  // namespace autonomous::model
