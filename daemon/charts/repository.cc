#include "daemon/charts/repository.h"

#include <algorithm>

#include "gitops/base/text.h"
#include "render/funcs/semver.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/match.h"

namespace autonomous::daemon {

namespace {

using render::Value;

std::string text_of(const render::Map& map, std::string_view key) {
  const Value* value = map.find(key);
  return value != nullptr && value->is_string() ? std::string(value->string()) : "";
}

IndexedChart entry_of(const render::Map& map) {
  IndexedChart out;
  out.version = text_of(map, "version");
  std::string digest = text_of(map, "digest");
  if (!digest.empty()) out.digest = digest.find(':') == std::string::npos ? "sha256:" + digest : digest;
  const Value* urls = map.find("urls");
  if (urls != nullptr && urls->is_list()) {
    for (const Value& url : urls->items()) {
      if (url.is_string()) out.urls.emplace_back(url.string());
    }
  }
  return out;
}

// isVersionRange
bool is_range(std::string_view version) {
  if (version.find_first_of("^~<>=!*") != std::string_view::npos || version.find("||") != std::string_view::npos ||
      version.find(" - ") != std::string_view::npos) {
    return true;
  }
  return version.substr(0, version.find_first_of("-+")).find_first_of("xX") != std::string_view::npos;
}

}  // namespace

Result<std::vector<IndexedChart>> read_index(std::string_view text, std::string_view chart) {
  if (trim(text).empty()) return fail(Code::kInvalid, "empty index.yaml file");
  render::Arena arena;
  TRY(render::Map * index, render::read_yaml_map(arena, text));
  if (index == nullptr || text_of(*index, "apiVersion").empty())
    return fail(Code::kInvalid, "no API version specified");
  const Value* entries = index->find("entries");
  const Value* found = entries != nullptr && entries->is_map() ? entries->map()->find(chart) : nullptr;
  if (found == nullptr || !found->is_list()) return fail(Code::kNotFound, "no chart name found");
  std::vector<std::pair<render::Version, IndexedChart>> charts;
  for (const Value& value : found->items()) {
    if (!value.is_map() || value.map() == nullptr) continue;
    IndexedChart entry = entry_of(*value.map());
    if (auto version = render::Version::parse(entry.version)) charts.emplace_back(*version, std::move(entry));
  }
  std::stable_sort(charts.begin(), charts.end(),
                   [](const auto& a, const auto& b) { return render::compare(a.first, b.first) > 0; });
  std::vector<IndexedChart> out;
  for (auto& [version, entry] : charts) out.push_back(std::move(entry));
  return out;
}

const IndexedChart* choose(const std::vector<IndexedChart>& charts, const std::string& wanted, bool& inexact) {
  inexact = false;
  auto constraint = render::Constraints::parse(wanted.empty() ? "*" : wanted);
  if (!constraint) return nullptr;
  for (const IndexedChart& chart : charts) {
    if (!wanted.empty() && chart.version == wanted) return &chart;
  }
  for (const IndexedChart& chart : charts) {
    auto version = render::Version::parse(chart.version);
    if (!version || !constraint->check(*version)) continue;
    inexact = !wanted.empty() && !is_range(wanted);
    return &chart;
  }
  return nullptr;
}

std::string resolve_url(std::string_view repository, std::string_view url) {
  if (url.find("://") != std::string_view::npos) return std::string(url);
  size_t query_at = std::min(repository.find('?'), repository.size());
  std::string query(repository.substr(query_at));
  std::string base(repository.substr(0, query_at));
  while (ends_with(base, "/")) base.pop_back();
  size_t authority = base.find("://");
  size_t path = authority == std::string::npos ? std::string::npos : base.find('/', authority + 3);
  if (starts_with(url, "/")) return base.substr(0, path) + std::string(url) + query;
  // "..", "." and "//" are taken out, as RFC 3986 wants it.
  std::string host = base.substr(0, path);
  std::string folder = path == std::string::npos ? "" : base.substr(path);
  std::string joined = helm::clean_path(folder + "/" + std::string(url));
  return host + joined + query;
}

std::string origin_of(std::string_view url) {
  size_t authority = url.find("://");
  if (authority == std::string_view::npos) return "";
  std::string scheme = to_lower(url.substr(0, authority));
  std::string_view rest = url.substr(authority + 3);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (size_t at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  std::string host = to_lower(rest);
  std::string usual = scheme == "https" ? ":443" : ":80";
  if (ends_with(host, usual)) host.erase(host.size() - usual.size());
  return scheme + "://" + host;
}

}  // namespace autonomous::daemon
