// What an import writes: the project's files and the platform.yaml. Pure.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/pipeline/import_find.h"

namespace autonomous::daemon {

// How one app is said in one environment: keys of autonomous.yaml in their order, and the files that they name.
struct Said {
  std::vector<std::pair<std::string, std::string>> keys;  // "manifests" → "k8s/web"
  std::map<std::string, std::string> files;
  bool operator==(const Said&) const = default;
};
// By app and environment.
using SaidAll = std::map<std::string, std::map<std::string, Said>>;

// A text as YAML takes it, in quotes where it has to be: names of folders and files.
std::string yaml_text(const std::string& text);

std::string spec_text(const std::string& project, const SaidAll& all);

// The template of an environment's namespaces that gives most apps the one that they have; "" without any.
// namespaces: by app.
std::string namespace_template(const std::string& project, const std::string& environment,
                               const std::map<std::string, std::string>& namespaces);

struct SaidEnvironment {
  std::string ns, cluster;  // the template; "" = as it is by default
};
std::string platform_text(const std::string& project, const std::map<std::string, SaidEnvironment>& environments,
                          const std::string& kubernetes);

}  // namespace autonomous::daemon
