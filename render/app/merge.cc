#include "render/app/merge.h"

#include <algorithm>

namespace autonomous::app {
namespace {

constexpr const char* kDirective = "$patch";

// The key that tells the items of a list apart; "" = the list is replaced whole.
std::string merge_key(std::string_view list, const Json& items) {
  struct Rule {
    std::string_view list;
    const char* key;
  };
  constexpr Rule kRules[] = {{"containers", "name"},
                             {"initContainers", "name"},
                             {"ephemeralContainers", "name"},
                             {"env", "name"},
                             {"volumes", "name"},
                             {"imagePullSecrets", "name"},
                             {"volumeMounts", "mountPath"},
                             {"volumeDevices", "devicePath"},
                             {"hostAliases", "ip"},
                             {"topologySpreadConstraints", "topologyKey"},
                             {"ports", "containerPort"},
                             {"ports", "port"}};
  for (const Rule& rule : kRules) {
    auto has_key = [&](const Json& item) { return item.is_object() && item.contains(rule.key); };
    if (rule.list == list && std::all_of(items.begin(), items.end(), has_key)) return rule.key;
  }
  return "";
}

std::string directive(const Json& value) { return value.is_object() ? text_of(value, kDirective) : ""; }

Json without_directives(const Json& value) {
  if (value.is_object()) {
    Json out = Json::object();
    for (const auto& entry : value.items()) {
      if (entry.key() != kDirective && !entry.value().is_null()) out[entry.key()] = without_directives(entry.value());
    }
    return out;
  }
  return value;
}

void merge_value(std::string_view key, Json& base, const Json& patch);

void merge_list(Json& base, const Json& patch, const std::string& key) {
  for (const Json& item : patch) {
    auto same = [&](const Json& other) { return other.is_object() && other.contains(key) && other[key] == item[key]; };
    auto found = std::find_if(base.begin(), base.end(), same);
    if (directive(item) == "delete") {
      if (found != base.end()) base.erase(found);
    } else if (found == base.end()) {
      base.push_back(without_directives(item));
    } else {
      merge_value("", *found, item);
    }
  }
}

void merge_value(std::string_view key, Json& base, const Json& patch) {
  if (patch.is_array() && base.is_array()) {
    std::string by = merge_key(key, patch);
    if (!by.empty() && !patch.empty()) return merge_list(base, patch, by);
  }
  if (!patch.is_object() || !base.is_object() || directive(patch) == "replace") {
    base = without_directives(patch);
    return;
  }
  for (const auto& entry : patch.items()) {
    if (entry.key() == kDirective) continue;
    if (entry.value().is_null() || directive(entry.value()) == "delete") {
      base.erase(entry.key());
    } else if (!base.contains(entry.key())) {
      base[entry.key()] = without_directives(entry.value());
    } else {
      merge_value(entry.key(), base[entry.key()], entry.value());
    }
  }
}

}  // namespace

void merge_manifest(Json& base, const Json& patch) { merge_value("", base, patch); }

}  // namespace autonomous::app
