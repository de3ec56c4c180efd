#include "gitops/model/facilities.h"

#include <algorithm>

#include "gitops/model/shape.h"

namespace autonomous::model {

namespace {

std::map<std::string, std::string> texts_in(const Value& record, std::string_view key) {
  std::map<std::string, std::string> out;
  if (const Value* map = record.find(key)) {
    for (const Member& member : map->members) out[member.key] = member.value.text;
  }
  return out;
}

// What isn't said keeps its default.
void take(const Value& record, std::string_view key, std::string& to) {
  if (record.find(key) != nullptr) to = text_of(record, key);
}

Facilities::Monitoring read_monitoring(const Value& value) {
  Facilities::Monitoring out;
  out.monitor = text_of(value, "monitor");
  if (out.monitor == "annotations") out.monitor.clear();
  out.ns = text_of(value, "namespace");
  out.interval = text_of(value, "interval");
  out.rules = flag_of(value, "rules", true);
  out.labels = texts_in(value, "labels");
  if (const Value* dashboards = value.find("dashboards")) {
    // `dashboards: true` means the label that Grafana's chart looks for.
    if (dashboards->is_map()) {
      out.dashboards = texts_in(value, "dashboards");
    } else if (flag_of(value, "dashboards")) {
      out.dashboards = {{"grafana_dashboard", "1"}};
    }
  }
  return out;
}

}  // namespace

bool Facilities::has_operator(std::string_view name) const {
  return std::find(operators.begin(), operators.end(), name) != operators.end();
}

Facilities read_facilities(const Value& environment) {
  Facilities out;
  if (const Value* value = environment.find("gateway")) {
    take(*value, "name", out.gateway.name);
    take(*value, "namespace", out.gateway.ns);
    take(*value, "listener", out.gateway.listener);
  }
  if (const Value* value = environment.find("ingress")) {
    take(*value, "class", out.ingress.class_name);
    out.ingress.annotations = texts_in(*value, "annotations");
  }
  if (const Value* value = environment.find("tls")) {
    take(*value, "issuer", out.tls.issuer);
    take(*value, "kind", out.tls.kind);
  }
  if (const Value* value = environment.find("dns")) {
    take(*value, "prefix", out.dns.prefix);
    take(*value, "ttl", out.dns.ttl);
    take(*value, "target", out.dns.target);
  }
  if (const Value* value = environment.find("secrets")) {
    take(*value, "by", out.delivery.by);
    take(*value, "store", out.delivery.store);
    take(*value, "store-kind", out.delivery.store_kind);
    take(*value, "server", out.delivery.server);
    take(*value, "auth", out.delivery.auth);
    take(*value, "role", out.delivery.role);
    take(*value, "refresh", out.delivery.refresh);
  }
  if (const Value* value = environment.find("storage")) {
    take(*value, "class", out.storage.class_name);
    take(*value, "tools", out.storage.tools);
    out.storage.snapshot_image = out.storage.tools;
    if (const Value* snapshots = value->find("snapshots")) {
      take(*snapshots, "class", out.storage.snapshot_class);
      take(*snapshots, "image", out.storage.snapshot_image);
    }
    if (const Value* objects = value->find("objects")) out.storage.objects = *objects;
  }
  if (const Value* value = environment.find("monitoring")) out.monitoring = read_monitoring(*value);
  out.operators = texts_of(environment.find("operators"));
  return out;
}

}  // namespace autonomous::model
