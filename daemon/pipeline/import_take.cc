#include "daemon/pipeline/import_take.h"

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using app::Resource;

constexpr uint64_t kMaxTaken = 16u << 20;  // bytes of a file

// A link becomes what it leads to: in the project it would lead elsewhere.
Result<std::string> content_of(const FileTree& tree, const FileEntry& entry) {
  if (entry.kind == FileKind::kSubmodule)
    return fail(Code::kDenied, entry.path, " is a submodule: its files aren't here");
  std::string path = entry.path;
  for (FileKind kind = entry.kind; kind == FileKind::kLink;) {
    TRY(std::string target, tree.read(path, 4096));
    TRY(std::string next, resolve_link(path, target));
    if (next == entry.path) return fail(Code::kDenied, entry.path, " is a link to itself");
    TRY_WITH(FileEntry found, "while following the link " + entry.path, tree.stat(next));
    if (found.kind == FileKind::kLink && path != entry.path)
      return fail(Code::kDenied, entry.path, ": too many links after each other");
    kind = found.kind;
    path = std::move(next);
  }
  return tree.read(path, kMaxTaken);
}

}  // namespace

Result<std::vector<Resource>> as_it_is(const Ctx& ctx, const FileTree& tree, const Found& one, const std::string& ns,
                                       const std::string& kubernetes, Renderer& renderer) {
  std::vector<Resource> out;
  if (one.kind == Found::Kind::kManifests) {
    for (const std::string& file : one.files) {
      TRY(std::string text, tree.read(file, kMaxTaken));
      TRY(auto found, app::split_manifests(text, file));
      std::move(found.begin(), found.end(), std::back_inserter(out));
    }
    return out;
  }
  auto chart = sub_tree(tree, one.path);
  ChartJob job;
  job.release_name = one.release;
  job.release_namespace = ns;
  job.chart = chart.get();
  job.chart_digest = "import " + one.path;
  job.kube_version = kubernetes;
  job.seed = one.origin;
  for (const std::string& file : one.value_files) {
    TRY(std::string text, tree.read(file, kMaxTaken));
    job.values.push_back({file, std::move(text)});
  }
  if (!one.values.empty()) job.values.push_back({one.origin, one.values});
  TRY_WITH(RenderedChart rendered, "while rendering the chart in " + one.path, renderer.render(ctx, job));
  return app::split_manifests(rendered.manifest, one.path);
}

Result<Said> said_files(const FileTree& tree, const Found& one) {
  Said out;
  const std::string folder = "k8s/" + one.app + "/" + one.environment;
  for (const std::string& file : one.files) {
    const std::string inner = one.path.empty() ? file : file.substr(one.path.size() + 1);
    TRY(out.files[folder + "/" + inner], tree.read(file, kMaxTaken));
  }
  out.keys = {{"manifests", folder}};
  return out;
}

Result<Said> said_chart(const FileTree& tree, const Found& one) {
  Said out;
  const std::string folder = one.path.empty() ? "chart" : one.path;
  TRY(auto entries, tree.list(one.path));
  for (const FileEntry& entry : entries) {
    const std::string inner = one.path.empty() ? entry.path : entry.path.substr(one.path.size() + 1);
    if (starts_with(inner, ".git/")) continue;
    TRY(out.files[folder + "/" + inner], content_of(tree, entry));
  }
  std::string values;
  for (const std::string& file : one.value_files) {
    const std::string path = one.path.empty() ? "chart/" + file : file;
    TRY(out.files[path], tree.read(file, kMaxTaken));
    values += (values.empty() ? "" : ", ") + yaml_text(path);
  }
  if (!one.values.empty()) {
    const std::string path = "values/" + one.app + "-" + one.environment + ".yaml";
    out.files[path] = one.values;
    values += (values.empty() ? "" : ", ") + yaml_text(path);
  }
  out.keys = {{"chart", yaml_text(folder)}, {"value-files", "[" + values + "]"}};
  return out;
}

std::string text_of_objects(const std::vector<Resource>& resources) {
  std::string text;
  for (const Resource& resource : resources) text += (text.empty() ? "" : "---\n") + resource.text;
  return text;
}

Said said_text(const Found& one, const std::vector<Resource>& resources) {
  const std::string folder = "k8s/" + one.app + "/" + one.environment;
  return {{{"manifests", folder}}, {{folder + "/" + one.app + ".yaml", text_of_objects(resources)}}};
}

}  // namespace autonomous::daemon
