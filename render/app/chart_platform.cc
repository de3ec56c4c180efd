// What is around an app: routes, network policy, monitoring.
#include <algorithm>

#include "gitops/base/text.h"
#include "render/app/chart_parts.h"

namespace autonomous::app {
namespace {

using model::App;
using model::AppType;
using model::Facilities;

void put_routes(const App& app, const ChartContext& context, Json& out) {
  Json routes = Json::array();
  for (const model::Route& route : app.routes) {
    std::string port = !route.port.empty() ? route.port : app.ports.empty() ? "" : app.ports.front().name;
    uint16_t number = main_port(app);
    for (const model::Port& each : app.ports) number = each.name == port ? each.number : number;
    Json entry = {{"host", route.host}, {"paths", route.paths}, {"port", port}, {"number", number}};
    if (!route.redirect.empty()) entry["redirect"] = route.redirect;
    if (!route.timeout.empty()) entry["timeout"] = route.timeout;
    if (!route.headers.empty()) entry["headers"] = route.headers;
    routes.push_back(std::move(entry));
  }
  if (routes.empty() && app.type == AppType::kWeb && !context.domain.empty() && !app.ports.empty()) {
    routes.push_back(
        {{"host", context.domain}, {"paths", {"/"}}, {"port", app.ports.front().name}, {"number", main_port(app)}});
  }
  const bool any = !routes.empty();
  out["routes"] = std::move(routes);
  if (!any) return;
  const Facilities& has = context.facilities;
  if (!has.gateway.name.empty()) {
    out["gateway"] = {{"name", has.gateway.name}};
    if (!has.gateway.ns.empty()) out["gateway"]["namespace"] = has.gateway.ns;
    if (!has.gateway.listener.empty()) out["gateway"]["listener"] = has.gateway.listener;
  } else {
    if (!has.ingress.class_name.empty()) out["ingress"]["class"] = has.ingress.class_name;
    if (!has.ingress.annotations.empty()) out["ingress"]["annotations"] = has.ingress.annotations;
  }
  if (!has.tls.issuer.empty()) out["tls"] = {{"issuer", has.tls.issuer}, {"kind", has.tls.kind}};
  if (has.dns.ttl.empty() && has.dns.target.empty()) return;
  out["dns"] = {{"prefix", has.dns.prefix}};
  if (!has.dns.ttl.empty()) out["dns"]["ttl"] = has.dns.ttl;
  if (!has.dns.target.empty()) out["dns"]["target"] = has.dns.target;
}

// ---- network: strict ----

Json peer_of(const std::string& name, const ChartContext& context) {
  size_t slash = name.find('/');
  auto other = context.others.find(name);
  bool renamed = other != context.others.end() && !other->second->known_as.empty();
  Json peer = {{"app", renamed ? other->second->name : slash == std::string::npos ? name : name.substr(slash + 1)}};
  auto ns = context.namespaces.find(name);
  if (ns != context.namespaces.end()) peer["namespace"] = ns->second;
  return peer;
}

void add_once(Json& list, Json entry) {
  if (std::find(list.begin(), list.end(), entry) == list.end()) list.push_back(std::move(entry));
}

bool talks_to(const App& other, const std::string& name) {
  for (const auto* list : {&other.needs, &other.calls}) {
    if (std::find(list->begin(), list->end(), name) != list->end()) return true;
  }
  for (const auto& [variable, value] : other.env) {
    if (value.from.empty()) continue;
    auto binding = model::parse_binding(value.from);
    if (binding && binding->app == name) return true;
  }
  return false;
}

Json egress_of(const std::string& text) {
  size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  int64_t port = colon == std::string::npos ? 443 : std::strtol(text.c_str() + colon + 1, nullptr, 10);
  bool address = host.find_first_not_of("0123456789./") == std::string::npos;
  if (!address) return {{"host", host}, {"port", port}};
  return {{"cidr", host.find('/') == std::string::npos ? host + "/32" : host}, {"port", port}};
}

void put_network(const App& app, const ChartContext& context, Json& out) {
  if (!context.strict_network) return;
  Json calls = Json::array(), from = Json::array(), egress = Json::array();
  for (const auto* list : {&app.needs, &app.calls}) {
    for (const std::string& name : *list) add_once(calls, peer_of(name, context));
  }
  for (const auto& [variable, value] : app.env) {
    if (value.from.empty()) continue;
    if (auto binding = model::parse_binding(value.from)) add_once(calls, peer_of(binding->app, context));
  }
  const std::string& called = app.known_as.empty() ? app.name : app.known_as;
  for (const auto& [name, other] : context.others) {
    if (name != called && talks_to(*other, called)) add_once(from, peer_of(name, context));
  }
  for (const std::string& text : app.egress) add_once(egress, egress_of(text));
  out["network"] = {{"strict", true}};
  if (!calls.empty()) out["network"]["calls"] = std::move(calls);
  if (!from.empty()) out["network"]["from"] = std::move(from);
  if (!egress.empty()) out["network"]["egress"] = std::move(egress);
  const Facilities& has = context.facilities;
  if (!has.gateway.ns.empty()) out["network"]["gateway"] = has.gateway.ns;
  if (!has.monitoring.ns.empty()) out["network"]["monitoring"] = has.monitoring.ns;
}

// ---- monitoring ----

Json alert_of(const std::string& name, const model::Alert& alert) {
  Json labels = alert.labels;
  labels["severity"] = alert.severity.empty() ? "warning" : alert.severity;
  Json out = {{"alert", name}, {"expr", alert.expr}, {"labels", std::move(labels)}};
  if (!alert.wait.empty()) out["for"] = alert.wait;
  if (!alert.summary.empty()) out["annotations"] = {{"summary", alert.summary}};
  return out;
}

void put_monitoring(const App& app, const ChartContext& context, Json& out) {
  const Facilities::Monitoring& has = context.facilities.monitoring;
  if (app.metrics.number != 0)
    out["metrics"] = {{"port", app.metrics.number}, {"path", app.metrics_path.empty() ? "/metrics" : app.metrics_path}};
  if (!has.monitor.empty()) {
    out["monitoring"] = {{"monitor", has.monitor}};
    if (!has.labels.empty()) out["monitoring"]["labels"] = has.labels;
    if (!has.interval.empty()) out["monitoring"]["interval"] = has.interval;
  }
  Json alerts = Json::array(), off = Json::array();
  for (const auto& [name, alert] : app.alerts) {
    if (alert.off) {
      off.push_back(name);
    } else {
      alerts.push_back(alert_of(name, alert));
    }
  }
  if (has.rules || !alerts.empty()) {
    out["rules"] = {{"defaults", has.rules}};
    if (!has.labels.empty()) out["rules"]["labels"] = has.labels;
    if (!off.empty()) out["rules"]["off"] = std::move(off);
  }
  out["alerts"] = std::move(alerts);
  if (app.dashboard && !has.dashboards.empty() && is_deployed(app)) out["dashboard"] = {{"labels", has.dashboards}};
}

}  // namespace

void put_surroundings(const App& app, const ChartContext& context, Json& out) {
  put_routes(app, context, out);
  put_network(app, context, out);
  put_monitoring(app, context, out);
}

}  // namespace autonomous::app
