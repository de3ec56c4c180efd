// Which changes an app cares about.
#include "gitops/base/text.h"
#include "gitops/model/chart_name.h"
#include "gitops/model/spec.h"

namespace autonomous::model {

namespace {

// Backtracks to the last '*' of the segment only, and to the last "**": linear in practice, and bounded by steps, since
// patterns come from repositories.
bool glob_from(std::string_view pattern, std::string_view path, uint32_t& steps) {
  while (!pattern.empty()) {
    if (++steps > 100'000) return false;
    if (starts_with(pattern, "**")) {
      std::string_view rest = pattern.substr(2);
      if (!rest.empty() && rest.front() == '/') {
        if (glob_from(rest.substr(1), path, steps)) return true;  // "**/x" matches "x" too
        for (size_t i = 0; i < path.size(); ++i) {
          if (path[i] == '/' && glob_from(rest.substr(1), path.substr(i + 1), steps)) return true;
        }
        return false;
      }
      for (size_t i = 0; i <= path.size(); ++i) {
        if (glob_from(rest, path.substr(i), steps)) return true;
      }
      return false;
    }
    if (pattern.front() == '*') {
      for (size_t i = 0; i <= path.size(); ++i) {
        if (glob_from(pattern.substr(1), path.substr(i), steps)) return true;
        if (i < path.size() && path[i] == '/') return false;
      }
      return false;
    }
    if (path.empty()) return false;
    if (pattern.front() == '?' ? path.front() == '/' : pattern.front() != path.front()) return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
  }
  return path.empty();
}

bool is_below(std::string_view path, std::string_view folder) {
  return folder.empty() || (starts_with(path, folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

bool pattern_matches(std::string_view pattern, std::string_view path) {
  if (pattern.find_first_of("*?") == std::string_view::npos) return is_below(path, pattern);
  if (glob_matches(pattern, path)) return true;
  // A glob that names a folder means all below it, as a plain path does.
  for (size_t slash = path.rfind('/'); slash != std::string_view::npos && slash != 0;
       slash = path.rfind('/', slash - 1)) {
    if (glob_matches(pattern, path.substr(0, slash))) return true;
  }
  return false;
}

std::vector<std::string> always_counts(const App& app) {
  std::vector<std::string> out = app.spec_files;
  if (app.rendering == Rendering::kChart && !is_remote_chart(app.chart)) out.push_back(app.chart);
  for (const ValueFile& file : app.value_files) out.push_back(file.path);
  for (const ValueFile& folder : app.overlays) out.push_back(folder.path);
  out.insert(out.end(), app.manifests.begin(), app.manifests.end());
  out.insert(out.end(), app.extra.begin(), app.extra.end());
  for (const auto& [in_container, in_project] : app.files) out.push_back(in_project);
  return out;
}

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view path) {
  uint32_t steps = 0;
  return glob_from(pattern, path, steps);
}

bool matches(const std::vector<std::string>& patterns, std::string_view path) {
  // Nothing but exclusions: they exclude from everything.
  bool in = patterns.empty() || starts_with(patterns.front(), "!");
  for (const std::string& pattern : patterns) {
    const bool excludes = starts_with(pattern, "!");
    if (in != excludes) continue;  // it could not change the answer
    if (pattern_matches(std::string_view(pattern).substr(excludes ? 1 : 0), path)) in = !excludes;
  }
  return in;
}

std::optional<std::string> touches(const App& app, const std::vector<std::string>& changed) {
  if (changed.empty()) return "";
  const std::vector<std::string> always = always_counts(app);
  for (const std::string& path : changed) {
    if (matches(app.paths, path)) return path;
    if (!always.empty() && matches(always, path)) return path;
  }
  return std::nullopt;
}

}  // namespace autonomous::model
