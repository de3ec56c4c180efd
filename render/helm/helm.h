// render(): a chart and its inputs in, what `helm template` prints out, byte for byte.
//
// Pure: reads no file, no environment, no clock and no network by itself; what is to be read comes in through
// ChartInput. Safe to call from several threads at once with the same chart; each call has an arena of its own. Needs a
// deep stack (engine.md): it runs itself on one of 256 MiB.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/clock.h"
#include "gitops/base/result.h"
#include "render/helm/chart.h"

namespace autonomous::helm {

// One `-f` file.
struct ValuesText {
  std::string name;  // for error messages
  std::string text;
};

// The order in which helm merges them, whatever the order of the flags.
enum class SetKind : uint8_t { kJson, kTyped, kString, kFile, kLiteral };

// One --set…, with its text as given on the command line.
struct SetFlag {
  SetKind kind = SetKind::kTyped;
  std::string text;
};

// In a release the same input gives the same bytes: time and randomness come from here, and what makes keys is an
// error.
struct Determinism {
  std::string seed;  // the input digest; not secret, and neither is anything drawn from it
  Time now;          // the source commit's time
};

struct RenderLimits {
  uint64_t fuel = 2'000'000'000;   // steps of the evaluator
  uint64_t memory = 2ull << 30;    // bytes of the render's arena
  uint64_t output = 256ull << 20;  // bytes that all templates put out, and of one text that a function makes
  uint32_t includes = 1000;        // nested ones of one name: Helm's own limit
  uint32_t templates = 100'000;    // nested {{template}}: Go's own limit
  yaml::Limits yaml;               // of values files
};

struct ChartInput {
  std::string release_name = "release-name";
  std::string release_namespace = "default";
  std::shared_ptr<const Chart> chart;
  std::vector<ValuesText> values;  // the last wins
  std::vector<SetFlag> sets;
  // Reads the file that a --set-file names. Null: such a flag is an error.
  std::function<Result<std::string>(std::string_view path)> read_set_file;

  HelmVersion helm = HelmVersion::k4;
  std::string kube_version;               // as the flag takes it; empty: helm's default
  std::vector<std::string> api_versions;  // beside helm's own list
  bool is_upgrade = false;
  bool include_crds = false;
  bool skip_tests = false;
  bool no_hooks = false;
  bool skip_schema = false;
  bool with_values = true;   // fill Rendered::values
  bool debug = false;        // warnings have helm 4's debug lines too
  bool ask_cluster = false;  // --dry-run=server of helm 3 was asked for: lookup is an error then
  bool enable_dns = false;   // --enable-dns was asked for: getHostByName is an error then, for nobody is asked here
  std::vector<std::string> labels;  // --labels, only to refuse helm's own
  std::vector<std::string> show_only;
  std::optional<Determinism> determinism;
  RenderLimits limits;
};

// One document of the output.
struct Piece {
  enum class Kind : uint8_t { kCrd, kManifest, kHook, kTestHook };
  Kind kind = Kind::kManifest;
  std::string source;  // "web/templates/service.yaml", as in "# Source: "
  std::string text;
};

struct Rendered {
  std::string manifest;       // what `helm template` prints to standard output
  std::vector<Piece> pieces;  // the same, in output order, before --show-only; hooks that are skipped aren't there
  std::string values;         // the merged values as YAML, as `.Values` of the top chart
  std::string notes;          // NOTES.txt of the top chart
};

// Errors carry helm's text (what follows "Error: ") as their message; kInvalid for the input, kLimit for our limits.
// `warnings` (may be null) takes what helm logs to standard error meanwhile, a line each, also when rendering fails.
// `partial` (may be null) gets what helm prints with --debug where templates or their output are wrong: the error has a
// hint then, and only then. helm puts out the files in any order there, we by name.
Result<Rendered> render(const ChartInput& input, std::vector<std::string>* warnings = nullptr,
                        Rendered* partial = nullptr);

// --show-only on what render() gave. The error: "could not find template X in chart".
Result<std::string> only_shown(std::string_view manifest, const std::vector<std::string>& patterns, HelmVersion helm);

// The values files and flags alone: helm reads them before the chart, so a caller whose chart does not load asks here
// first which error helm would give.
Result<void> check_user_values(const ChartInput& input);

// --kube-version alone; the error is helm's.
Result<void> check_kube_version(std::string_view text, HelmVersion helm);

// --name-template: a template without data and with sprig's functions.
Result<std::string> render_name(std::string_view name_template);

// helm's rule for names of releases; the error is helm's.
Result<void> check_release_name(std::string_view name);

}  // namespace autonomous::helm
