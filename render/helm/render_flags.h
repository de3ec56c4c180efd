// The flags of `autonomous render`, read.
#pragma once

#include <string>
#include <vector>

#include "render/helm/flags.h"
#include "render/helm/helm.h"
#include "render/helm/remote_chart.h"

namespace autonomous::helm {

struct RenderFlags {
  std::vector<std::string> values, set, set_string, set_json, set_file, set_literal;
  std::vector<std::string> show_only, api_versions;
  std::string release_namespace, kube_version, output_dir, name_template, dry_run, color = "never", helm = "4";
  std::vector<std::string> labels;  // key=value
  RemoteChart remote;               // how to get a chart that is not here; its `chart` is not set
  std::string batch;
  std::string worker;  // bytes of address space
  bool include_crds = false, skip_crds = false, skip_tests = false, no_hooks = false, is_upgrade = false, debug = false;
  bool dependency_update = false, validate = false, generate_name = false, release_name = false, skip_schema = false;
  bool verify = false, enable_dns = false, devel = false;
  std::vector<std::string> rest;     // NAME and CHART
  std::vector<std::string> notices;  // of deprecated flags, as standard error shows them

  // Registers every flag of `helm template` with `flags`, those without a meaning here as well. The two helms take
  // different ones: `helm` says which, so it is set before (see helm_asked_for()).
  void add_to(Flags& flags);
  bool three() const { return helm == "3"; }
};

// What --helm says among these arguments, whatever else is wrong with them; "4" without it.
std::string helm_asked_for(const std::vector<std::string>& arguments);

// The --set… flags in one list.
std::vector<SetFlag> sets_of(const RenderFlags& flags);

}  // namespace autonomous::helm
