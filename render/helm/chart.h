// Chart: what `helm` calls a chart, loaded: metadata, templates, files, values text, and the charts it contains.
//
// A loaded chart is immutable and shared by any number of renders, on any thread; what a render changes (aliases,
// disabled dependencies, imported values) happens in its own working copy (dependencies.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/base/tree.h"
#include "gitops/yaml/events.h"

namespace autonomous::helm {

// Which helm's behaviour to show; the numbers are helm's major versions.
enum class HelmVersion : uint8_t { k3 = 3, k4 = 4 };

struct ChartFile {
  std::string name;  // relative to its chart, '/'-separated
  std::string data;
  bool refused = false;  // a link out of the chart that was not followed: data says so, and who reads it gets an error
};

// An `import-values` item: the name of an export, or a pair of paths.
struct ImportValue {
  std::string child;
  std::string parent;
  bool is_export = false;  // written as a plain string: exports.<child> → .
};

struct Dependency {
  std::string name;
  std::string version;
  std::string repository;
  std::string condition;
  std::vector<std::string> tags;
  std::vector<ImportValue> import_values;
  std::string alias;
  bool enabled = false;
  bool is_null = false;  // a null in the list; validation refuses it
};

struct Maintainer {
  std::string name;
  std::string email;
  std::string url;
  bool is_null = false;
};

struct Metadata {
  std::string name;
  std::string home;
  std::vector<std::string> sources;
  std::string version;
  std::string description;
  std::vector<std::string> keywords;
  std::vector<Maintainer> maintainers;
  std::string icon;
  std::string api_version;
  std::string condition;
  std::string tags;
  std::string app_version;
  bool deprecated = false;
  bool has_annotations = false;                                  // an empty map and none at all print differently
  std::vector<std::pair<std::string, std::string>> annotations;  // sorted by key
  std::string kube_version;
  bool has_dependencies = false;
  std::vector<Dependency> dependencies;
  std::string type;
};

struct ChartValues;      // the parsed values.yaml, in an arena of its own (values.h)
struct ParsedTemplates;  // what the engine keeps of a chart between renders (engine.h)
class ChartSchema;       // schema.h

struct Chart {
  Metadata metadata;
  std::vector<ChartFile> templates;
  std::vector<ChartFile> files;               // neither templates nor Chart.yaml, values or schema; crds/ is among them
  std::shared_ptr<const ChartValues> values;  // never null after loading
  std::shared_ptr<const ChartSchema> schema;  // values.schema.json; null: none
  std::vector<std::shared_ptr<const Chart>> dependencies;  // charts/, sorted by folder or archive name
  std::shared_ptr<ParsedTemplates> parsed;                 // guards itself
};

struct LoadLimits {
  uint64_t bytes = 100ull << 20;  // of all files, unpacked: helm's own limit
  uint64_t files = 100'000;
  uint64_t archive_bytes = 100ull << 20;  // of an archive as it is packed
  uint64_t nested_bytes = 512ull << 20;   // of the archives in charts/, and in theirs, unpacked, all together
  uint32_t depth = 32;                    // of charts in charts in charts
  uint64_t memory = 2ull << 30;           // of the values of one chart
  yaml::Limits yaml;                      // of Chart.yaml and values.yaml
};

struct LoadOptions {
  HelmVersion helm = HelmVersion::k4;
  std::string path;  // where the chart lies, for messages; empty: "."
  LoadLimits limits;
  // Lines that helm would log while loading (level=INFO …), without their line ends. May be null.
  std::vector<std::string>* warnings = nullptr;
};

// A chart's folder, through `.helmignore`. Links are followed inside the tree and refused where they leave it
// (CVE-2022-24348). Only documents (LICENSE, README.md), which no chart renders but many link to their repository's,
// stay as files that can't be read. kInvalid with helm's words; kDenied for a link; kLimit.
Result<std::shared_ptr<const Chart>> load_chart(const FileTree& tree, const LoadOptions& options = {});

// A chart's .tgz. `name` is what error messages call it.
Result<std::shared_ptr<const Chart>> load_chart_archive(std::string_view name, std::string_view bytes,
                                                        const LoadOptions& options = {});

// The files of a .tgz below its one top folder, checked: no absolute names, no "..", no bombs.
Result<std::vector<ChartFile>> unpack_archive(std::string_view bytes, const LoadLimits& limits = {});

}  // namespace autonomous::helm
