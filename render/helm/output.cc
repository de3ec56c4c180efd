#include "render/helm/output.h"

#include <algorithm>
#include <array>

#include "gitops/base/text.h"
#include "render/helm/match.h"
#include "render/helm/metadata.h"
#include "render/template/unicode.h"

namespace autonomous::helm {

namespace {

// releaseutil.InstallOrder; helm 3 knows all but the last two.
constexpr std::array<std::string_view, 38> kInstallOrder = {"PriorityClass",
                                                            "Namespace",
                                                            "NetworkPolicy",
                                                            "ResourceQuota",
                                                            "LimitRange",
                                                            "PodSecurityPolicy",
                                                            "PodDisruptionBudget",
                                                            "ServiceAccount",
                                                            "Secret",
                                                            "SecretList",
                                                            "ConfigMap",
                                                            "StorageClass",
                                                            "PersistentVolume",
                                                            "PersistentVolumeClaim",
                                                            "CustomResourceDefinition",
                                                            "ClusterRole",
                                                            "ClusterRoleList",
                                                            "ClusterRoleBinding",
                                                            "ClusterRoleBindingList",
                                                            "Role",
                                                            "RoleList",
                                                            "RoleBinding",
                                                            "RoleBindingList",
                                                            "Service",
                                                            "DaemonSet",
                                                            "Pod",
                                                            "ReplicationController",
                                                            "ReplicaSet",
                                                            "Deployment",
                                                            "HorizontalPodAutoscaler",
                                                            "StatefulSet",
                                                            "Job",
                                                            "CronJob",
                                                            "IngressClass",
                                                            "Ingress",
                                                            "APIService",
                                                            "MutatingWebhookConfiguration",
                                                            "ValidatingWebhookConfiguration"};

size_t rank(std::string_view kind, HelmVersion helm) {
  size_t known = helm == HelmVersion::k4 ? kInstallOrder.size() : kInstallOrder.size() - 2;
  auto end = kInstallOrder.begin() + static_cast<ptrdiff_t>(known);
  return static_cast<size_t>(std::find(kInstallOrder.begin(), end, kind) - kInstallOrder.begin());
}

void sort_by_kind(std::vector<Manifest>& manifests, HelmVersion helm) {
  size_t unknown = rank("", helm);
  std::stable_sort(manifests.begin(), manifests.end(), [&](const Manifest& a, const Manifest& b) {
    size_t left = rank(a.kind, helm);
    size_t right = rank(b.kind, helm);
    if (left == unknown && right == unknown) return a.kind < b.kind;
    return left < right;
  });
}

// unicode.IsSpace at both ends, or at the left only.
std::string_view trim_left(std::string_view text) {
  while (!text.empty()) {
    render::Rune rune = render::decode_rune(text);
    if (!render::is_space(rune.value)) break;
    text.remove_prefix(rune.size);
  }
  return text;
}

std::string_view trim_right(std::string_view text) {
  while (!text.empty()) {
    render::Rune rune = render::decode_last_rune(text);
    if (!render::is_space(rune.value)) break;
    text.remove_suffix(rune.size);
  }
  return text;
}

std::string_view trim_space(std::string_view text) { return trim_right(trim_left(text)); }

// RE2's \s.
bool is_re_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r'; }

// helm 4: (?m)^---[ \t]*
std::vector<std::string> split4(std::string_view text) {
  text = trim_left(text);
  std::vector<std::string> out;
  auto add = [&](std::string_view document) {
    document = trim_left(document);
    if (!document.empty()) out.emplace_back(document);
  };
  size_t start = 0;
  for (size_t at = starts_with(text, "---") ? 0 : text.find("\n---"); at != std::string_view::npos;
       at = text.find("\n---", start > 0 ? start - 1 : 0)) {
    size_t dashes = text[at] == '\n' ? at + 1 : at;
    add(text.substr(start, dashes - start));
    start = dashes + 3;
    while (start < text.size() && (text[start] == ' ' || text[start] == '\t')) ++start;
  }
  add(text.substr(start));
  return out;
}

// helm 3: (?:^|\s*\n)---\s*, where ^ is the text's start only.
std::vector<std::string> split3(std::string_view text) {
  text = trim_space(text);
  std::vector<std::string> out;
  auto add = [&](std::string_view document) {
    if (!document.empty()) out.emplace_back(trim_space(document));
  };
  size_t start = 0;
  size_t from = 0;  // where the next match may begin
  while (true) {
    size_t dashes = from == 0 && starts_with(text, "---") ? 0 : text.find("\n---", from);
    if (dashes == std::string_view::npos) break;
    size_t begin = dashes;
    if (text[dashes] == '\n') {
      while (begin > from && is_re_space(text[begin - 1])) --begin;
      ++dashes;
    }
    add(text.substr(start, begin - start));
    start = dashes + 3;
    while (start < text.size() && is_re_space(text[start])) ++start;
    from = start;
    if (from == 0) break;
  }
  add(text.substr(start));
  return out;
}

constexpr std::string_view kEvents[] = {"pre-install",  "post-install", "pre-delete",    "post-delete", "pre-upgrade",
                                        "post-upgrade", "pre-rollback", "post-rollback", "test",        "test-success"};

// False where an event is unknown: then helm drops the document.
bool read_events(std::string_view annotation, bool& is_test) {
  for (std::string_view event : split(annotation, ',')) {
    std::string name = to_lower(trim_space(event));
    if (std::find(std::begin(kEvents), std::end(kEvents), name) == std::end(kEvents)) return false;
    if (name == "test" || name == "test-success") is_test = true;
  }
  return true;
}

Result<void> sort_in(Work& work, SortedManifests& sorted, const std::string& source, std::string document) {
  auto head = decode_head(document, work.helm);
  if (!head) return fail(Code::kInvalid, "YAML parse error on ", source, ": ", head.error().message());
  Manifest manifest{source, head->kind, std::move(document), false};
  auto hook = std::find_if(head->annotations.begin(), head->annotations.end(),
                           [](const auto& pair) { return pair.first == "helm.sh/hook"; });
  if (hook == head->annotations.end()) {
    sorted.manifests.push_back(std::move(manifest));
  } else if (read_events(hook->second, manifest.is_test)) {
    sorted.hooks.push_back(std::move(manifest));
  } else if (work.helm == HelmVersion::k3) {
    work.log("manifest_sorter.go:199", "info: skipping unknown hook: \"" + hook->second + "\"");
  } else {
    work.slog("INFO", "skipping unknown hooks", {"hookTypes", hook->second});
  }
  return ok();
}

bool is_manifest_name(std::string_view name) {
  size_t dot = base_name(name).rfind('.');
  if (dot == std::string_view::npos) return false;
  std::string extension = to_lower(base_name(name).substr(dot));
  return extension == ".yaml" || extension == ".yml" || extension == ".json";
}

void add_crds(const WorkChart& chart, std::vector<Piece>& out) {
  for (const ChartFile& file : chart.chart->files) {
    if (!starts_with(file.name, "crds/") || !is_manifest_name(file.name)) continue;
    out.push_back({Piece::Kind::kCrd, clean_path(chart.full_path() + "/" + file.name), file.data});
  }
  for (const WorkChart* child : chart.dependencies) add_crds(*child, out);
}

std::string with_source(const Piece& piece) { return "---\n# Source: " + piece.source + "\n" + piece.text + "\n"; }

}  // namespace

std::vector<std::string> split_manifests(std::string_view text, HelmVersion helm) {
  return helm == HelmVersion::k4 ? split4(text) : split3(text);
}

Result<void> sort_manifests(Work& work, std::vector<RenderedFile>& files, SortedManifests& sorted) {
  std::sort(files.begin(), files.end(), [](const RenderedFile& a, const RenderedFile& b) { return a.name < b.name; });
  for (const RenderedFile& file : files) {
    if (base_name(file.name).front() == '_' || trim_space(file.text).empty()) continue;
    for (std::string& document : split_manifests(file.text, work.helm)) {
      TRY_DO(sort_in(work, sorted, file.name, std::move(document)));
    }
  }
  sort_by_kind(sorted.hooks, work.helm);
  sort_by_kind(sorted.manifests, work.helm);
  return ok();
}

std::vector<Piece> crds_of(const WorkChart& chart) {
  std::vector<Piece> out;
  add_crds(chart, out);
  return out;
}

std::string join_pieces(const std::vector<Piece>& pieces) {
  std::string manifests;
  std::string hooks;
  for (const Piece& piece : pieces) {
    bool is_hook = piece.kind == Piece::Kind::kHook || piece.kind == Piece::Kind::kTestHook;
    (is_hook ? hooks : manifests) += with_source(piece);
  }
  return std::string(trim_space(manifests)) + "\n" + hooks;
}

Result<std::string> only_shown(std::string_view manifest, const std::vector<std::string>& patterns, HelmVersion helm) {
  std::vector<std::string> documents = split_manifests(manifest, helm);
  std::string out;
  for (const std::string& pattern : patterns) {
    bool missing = true;
    for (const std::string& document : documents) {
      // "# Source: [^/]+/(.+)"
      constexpr std::string_view kMark = "# Source: ";
      size_t mark = document.find(kMark);
      size_t line_end = mark == std::string::npos ? mark : std::min(document.find('\n', mark), document.size());
      size_t slash = mark == std::string::npos ? mark : document.find('/', mark + kMark.size());
      if (slash == std::string::npos || slash == mark + kMark.size() || slash + 1 >= line_end) continue;
      std::string_view name = std::string_view(document).substr(slash + 1, line_end - slash - 1);
      if (!path_match(pattern, name).value_or(false)) continue;
      out += "---\n" + document + "\n";
      missing = false;
    }
    if (missing) return fail(Code::kNotFound, "could not find template ", pattern, " in chart");
  }
  return out;
}

}  // namespace autonomous::helm
