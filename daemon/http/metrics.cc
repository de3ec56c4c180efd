// The exposition format of Prometheus, and the OpenAPI description.
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/routes.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

std::string escaped(const std::string& text, bool quotes) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.17g", value);
  return buffer;
}

}  // namespace

std::string exposition(const std::vector<Metric>& metrics) {
  std::string out;
  for (const Metric& metric : metrics) {
    if (metric.samples.empty()) continue;
    out += "# HELP " + metric.name + " " + escaped(metric.help, false) + "\n";
    out += "# TYPE " + metric.name + (metric.kind == Metric::Kind::kCounter ? " counter\n" : " gauge\n");
    for (const Metric::Sample& sample : metric.samples) {
      out += metric.name;
      for (size_t i = 0; i < sample.labels.size(); ++i) {
        out += (i == 0 ? "{" : ",") + sample.labels[i].first + "=\"" + escaped(sample.labels[i].second, true) + "\"";
      }
      out += (sample.labels.empty() ? " " : "} ") + number(sample.value) + "\n";
    }
  }
  return out;
}

std::string openapi(const std::vector<Route>& routes, const std::string& version) {
  using nlohmann::json;
  json paths = json::object();
  for (const Route& route : routes) {
    if (route.permission == Permission::kHook) continue;
    json operation = {{"summary", route.summary}, {"x-permission", permission_name(route.permission)}};
    json parameters = json::array();
    for (std::string_view part : split(route.path, '/')) {
      if (part.size() < 3 || part.front() != '{') continue;
      parameters.push_back({{"name", part.substr(1, part.size() - 2)},
                            {"in", "path"},
                            {"required", true},
                            {"schema", {{"type", "string"}}}});
    }
    if (!parameters.empty()) operation["parameters"] = parameters;
    bool acts = route.method == "POST";
    if (acts) operation["requestBody"] = {{"content", {{"application/json", {{"schema", {{"type", "object"}}}}}}}};
    operation["responses"] = {
        {acts ? "202" : "200", {{"description", acts ? "accepted" : "the answer"}}},
        {"default",
         {{"description", "a problem (RFC 9457)"}, {"content", {{"application/problem+json", json::object()}}}}}};
    paths[route.path][to_lower(route.method)] = operation;
  }
  paths["/api/v1/events"]["get"] = {{"summary", "Live events (text/event-stream, Last-Event-ID)"},
                                    {"x-permission", "look"},
                                    {"responses", {{"200", {{"description", "the stream"}}}}}};
  return dump({{"openapi", "3.1.0"}, {"info", {{"title", "Autonomous"}, {"version", version}}}, {"paths", paths}});
}

}  // namespace autonomous::daemon
