#include "gitops/model/chart_name.h"

#include <algorithm>

#include "gitops/base/text.h"

namespace autonomous::model {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// "1.2.3", "v1.2.3-rc.1+build": no range, and nothing left open.
bool is_exact(std::string_view version) {
  if (version.starts_with('v')) version.remove_prefix(1);
  const auto parts = split(version.substr(0, version.find_first_of("-+")), '.');
  const bool clean = std::all_of(version.begin(), version.end(), [](char c) {
    return c == '.' || c == '-' || c == '+' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
           (c >= 'A' && c <= 'Z');
  });
  return clean && parts.size() == 3 && std::all_of(parts.begin(), parts.end(), is_number);
}

std::string_view host_of(std::string_view rest) {
  rest = rest.substr(0, rest.find('/'));
  return rest.substr(0, rest.starts_with('[') ? rest.find(']') + 1 : rest.find(':'));
}

Result<void> check_version(std::string_view version, bool said_elsewhere) {
  if (version.empty() && said_elsewhere) return ok();
  if (version.empty()) {
    return fail(Code::kInvalid, "a chart that is fetched needs its version, so that a commit always means the same")
        .hint("version: 1.2.3");
  }
  if (is_exact(version)) return ok();
  return fail(Code::kInvalid, "'", version, "' is not an exact version: a range would mean another chart tomorrow")
      .hint("version: 1.2.3");
}

}  // namespace

std::string_view ChartName::host() const {
  const size_t colon = place.find("://");
  return colon == std::string::npos ? "" : host_of(std::string_view(place).substr(colon + 3));
}

bool is_loopback(std::string_view host) { return host == "localhost" || host == "[::1]" || host.starts_with("127."); }

bool is_remote_chart(std::string_view chart) { return chart.find("://") != std::string_view::npos; }

Result<ChartName> chart_name(std::string_view chart, std::string_view version) {
  if (!is_remote_chart(chart)) {
    if (version.empty()) return ChartName{ChartName::Kind::kFolder, std::string(chart), "", ""};
    return fail(Code::kInvalid, "'version' is for a chart that is fetched; a folder has the version of its commit");
  }
  const size_t colon = chart.find("://");
  const std::string_view scheme = chart.substr(0, colon);
  const std::string_view rest = chart.substr(colon + 3);
  const std::string_view host = host_of(rest);
  const size_t slash = rest.rfind('/');
  const std::string_view last = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  if (host.empty() || last.empty() || chart.find_first_of(" \t\n?#") != std::string_view::npos ||
      (scheme != "oci" && scheme != "https" && scheme != "http")) {
    return fail(Code::kInvalid, "'", chart, "' names no chart")
        .hint("a folder, oci://registry.example.com/charts/web, or https://charts.example.com/web");
  }
  if (rest.substr(0, rest.find('/')).find('@') != std::string_view::npos) {
    return fail(Code::kDenied, "'", chart, "' holds a login; a spec is no place for one")
        .hint("`helm registry login` or `docker login`, as the daemon's user");
  }
  if (scheme == "http" && !is_loopback(host)) {
    return fail(Code::kDenied, "'", chart, "' would come over plain http").hint("https://…");
  }
  const bool oci = scheme == "oci";
  TRY_DO(check_version(version, oci && last.find_first_of(":@") != std::string_view::npos));
  if (oci) return ChartName{ChartName::Kind::kOci, std::string(chart), "", std::string(version)};
  return ChartName{ChartName::Kind::kRepository, std::string(chart.substr(0, chart.size() - last.size() - 1)),
                   std::string(last), std::string(version)};
}

}  // namespace autonomous::model
