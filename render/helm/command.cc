#include "render/helm/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <set>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/batch.h"
#include "render/helm/engine.h"
#include "render/helm/match.h"
#include "render/helm/render_flags.h"
#include "render/helm/worker.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

constexpr uint64_t kMaxFile = 256ull << 20;

void print(FILE* to, std::string_view text) { (void)fwrite(text.data(), 1, text.size(), to); }

int fail_with(const Error& error, bool debug = false) {
  std::string text = "Error: " + error.message() + "\n";
  if (!error.hint().empty() && !debug) text += "\n" + error.hint() + "\n";
  print(stderr, text);
  return 1;
}

std::string absolute(const std::string& path) {
  char buffer[PATH_MAX];
  if (starts_with(path, "/")) return clean_path(path);
  if (::getcwd(buffer, sizeof buffer) == nullptr) return path;
  return clean_path(std::string(buffer) + "/" + path);
}

// As Go words what the system said.
Error open_error(const std::string& path) {
  std::string why = errno == ENOENT   ? "no such file or directory"
                    : errno == EACCES ? "permission denied"
                                      : to_lower(std::strerror(errno));
  return fail(Code::kNotFound, "open ", path, ": ", why);
}

Result<std::string> read_path(const std::string& path) {
  if (trim(path) == "-") {
    std::string text;
    char buffer[65536];
    size_t got = 0;
    while ((got = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
      text.append(buffer, got);
      if (text.size() > kMaxFile) return fail(Code::kLimit, "standard input has more than ", kMaxFile, " bytes");
    }
    return text;
  }
  if (starts_with(path, "http://") || starts_with(path, "https://")) {
    return fail(Code::kDenied, path, ": values are read from files only; rendering uses no network");
  }
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return open_error(path);
  if (S_ISDIR(info.st_mode)) return fail(Code::kInvalid, "read ", path, ": is a directory");
  auto text = read_file(path, kMaxFile);
  if (!text && text.error().code() != Code::kLimit) return open_error(path);
  return text;
}

// NameAndChart
Result<std::pair<std::string, std::string>> name_and_chart(const RenderFlags& flags) {
  const auto& rest = flags.rest;
  if (rest.size() > 2) {
    return fail(Code::kInvalid,
                "expected at most two arguments, unexpected arguments: ", join({rest.begin() + 2, rest.end()}, ", "));
  }
  if (rest.size() == 2) {
    if (flags.generate_name) return fail(Code::kInvalid, "cannot set --generate-name and also specify a name");
    if (!flags.name_template.empty()) return fail(Code::kInvalid, "cannot set --name-template and also specify a name");
    return std::pair(rest[0], rest[1]);
  }
  if (flags.name_template.empty()) return std::pair(std::string("release-name"), rest[0]);
  TRY(std::string name, render_name(flags.name_template));
  return std::pair(name, rest[0]);
}

Result<std::shared_ptr<const Chart>> locate(const std::string& given, const RenderFlags& flags,
                                            std::vector<std::string>* warnings) {
  std::string name(trim(given));
  if (!flags.repo.empty() || starts_with(name, "oci://") || starts_with(name, "http://") ||
      starts_with(name, "https://")) {
    return fail(Code::kDenied, "the chart ", name, " is not here, and rendering uses no network")
        .hint("Fetch it first (helm pull), then give its folder or .tgz.");
  }
  struct stat info {};
  if (::stat(name.c_str(), &info) != 0) {
    if (starts_with(name, "/") || starts_with(name, "."))
      return fail(Code::kNotFound, "path ", render::quote_go(name), " not found");
    size_t slash = name.find('/');
    if (slash != std::string::npos) return fail(Code::kNotFound, "repo ", name.substr(0, slash), " not found");
    return fail(Code::kNotFound, "non-absolute URLs should be in form of repo_name/path_to_chart, got: ", name);
  }
  LoadOptions options;
  options.helm = flags.helm == "3" ? HelmVersion::k3 : HelmVersion::k4;
  options.path = absolute(name);
  options.warnings = warnings;
  if (S_ISDIR(info.st_mode)) return load_chart(*disk_tree(options.path), options);
  TRY(std::string bytes, read_path(options.path));
  return load_chart_archive(options.path, bytes, options);
}

Result<void> read_values_files(const RenderFlags& flags, ChartInput& input) {
  for (const std::string& path : flags.values) {
    TRY(std::string text, read_path(path));
    input.values.push_back({path, std::move(text)});
  }
  return ok();
}

// --output-dir: each file anew at its first document, longer with every further one; hooks always go on where a file
// is.
Result<void> write_pieces(const RenderFlags& flags, const std::string& release, const Rendered& rendered) {
  std::set<std::string> written;
  for (const Piece& piece : rendered.pieces) {
    bool is_hook = piece.kind == Piece::Kind::kHook || piece.kind == Piece::Kind::kTestHook;
    std::string folder = flags.output_dir;
    if (flags.release_name && piece.kind != Piece::Kind::kCrd) folder = clean_path(folder + "/" + release);
    std::string path = folder + "/" + piece.source;
    TRY_DO(make_folders(path.substr(0, path.rfind('/'))));
    bool append = is_hook ? exists(path) : written.contains(path);
    FILE* file = std::fopen(path.c_str(), append ? "ae" : "we");
    if (file == nullptr) return open_error(path);
    print(file, "---\n# Source: " + piece.source + "\n" + piece.text + "\n");
    if (std::fclose(file) != 0) return fail(Code::kUnavailable, "cannot write ", path, ": ", std::strerror(errno));
    print(stdout, "wrote " + path + "\n");
    written.insert(path);
  }
  return ok();
}

Result<void> check_flags(const RenderFlags& flags, const Flags& parsed) {
  if (flags.helm != "3" && flags.helm != "4")
    return fail(Code::kInvalid, "--helm takes 3 or 4, not ", render::quote_go(flags.helm));
  if (parsed.given("force-conflicts") && (parsed.given("force-replace") || parsed.given("force"))) {
    std::string other = parsed.given("force") ? "force" : "force-replace";
    return fail(Code::kInvalid, "if any flags in the group [", other,
                " force-conflicts] are set none of the others can be; [force-conflicts ", other, "] were all set");
  }
  if (flags.validate || flags.dry_run == "server") {
    return fail(Code::kInvalid, "--validate and --dry-run=server ask a cluster; `autonomous render` never does");
  }
  if (flags.dependency_update) {
    return fail(Code::kInvalid, "--dependency-update would use the network; run `helm dependency update` first");
  }
  if (flags.verify) return fail(Code::kInvalid, "--verify is not available here: no keyring is read");
  if (flags.dry_run != "client" && flags.dry_run != "none" && flags.dry_run != "unset" && flags.dry_run != "true" &&
      flags.dry_run != "false") {
    return fail(Code::kInvalid, "invalid dry-run value (", render::quote_go(flags.dry_run),
                R"(). Must be "none", "server", or "client")");
  }
  return ok();
}

ChartInput input_of(const RenderFlags& flags) {
  ChartInput input;
  input.helm = flags.helm == "3" ? HelmVersion::k3 : HelmVersion::k4;
  const char* environment = std::getenv("HELM_NAMESPACE");
  if (!flags.release_namespace.empty()) {
    input.release_namespace = flags.release_namespace;
  } else if (environment != nullptr && *environment != '\0') {
    input.release_namespace = environment;
  }
  input.sets = sets_of(flags);
  input.read_set_file = [](std::string_view path) { return read_path(std::string(path)); };
  input.kube_version = flags.kube_version;
  input.api_versions = flags.api_versions;
  input.is_upgrade = flags.is_upgrade;
  input.include_crds = flags.include_crds;
  input.skip_tests = flags.skip_tests;
  input.no_hooks = flags.no_hooks;
  input.skip_schema = flags.skip_schema;
  input.with_values = false;
  if (flags.output_dir.empty()) input.show_only = flags.show_only;
  return input;
}

std::string generated_name(const std::string& chart) {
  std::string base(base_name(chart));
  if (base == "." || base.empty()) base = "chart";
  return base.substr(0, base.find('.')) + "-" + std::to_string(std::time(nullptr));
}

int render_one(const RenderFlags& flags) {
  ChartInput input = input_of(flags);
  std::vector<std::string> warnings;
  auto result = [&]() -> Result<Rendered> {
    TRY_DO(check_kube_version(input.kube_version, input.helm));
    TRY(auto names, name_and_chart(flags));
    input.release_name = names.first;
    if (flags.generate_name && flags.rest.size() == 1) input.release_name = generated_name(names.second);
    auto chart = locate(names.second, flags, &warnings);
    // helm finds the chart, then reads the values, then loads the chart: so do its errors come.
    bool found = chart || (chart.error().code() != Code::kNotFound && chart.error().code() != Code::kDenied);
    if (!found) return std::move(chart).error();
    TRY_DO(read_values_files(flags, input));
    if (!chart) {
      TRY_DO(check_user_values(input));
      return std::move(chart).error();
    }
    input.chart = *std::move(chart);
    return helm::render(input, &warnings);
  }();
  for (const std::string& warning : warnings) print(stderr, warning + "\n");
  if (!result) return fail_with(result.error(), flags.debug);
  if (flags.output_dir.empty()) {
    print(stdout, result->manifest);
    return 0;
  }
  auto written = write_pieces(flags, input.release_name, *result);
  if (!written) return fail_with(written.error());
  if (flags.show_only.empty()) {
    print(stdout, "\n");
    return 0;
  }
  return fail_with(fail(Code::kNotFound, "could not find template ", flags.show_only.front(), " in chart"));
}

}  // namespace

std::string render_help() {
  RenderFlags flags;
  Flags parser;
  flags.add_to(parser);
  return "Render a chart and print what `helm template` prints.\n"
         "\n"
         "Usage:\n"
         "  autonomous render [NAME] CHART [flags]\n"
         "  autonomous render --batch FILE\n"
         "\n"
         "CHART is a chart's folder or its .tgz. All flags of `helm template` are accepted.\n"
         "\n"
         "Examples:\n"
         "  autonomous render shop ./chart -n shop -f values.yaml --set image.tag=1.2\n"
         "  autonomous render shop chart-1.0.0.tgz --show-only templates/service.yaml\n"
         "  autonomous render shop ./chart --helm 3 --kube-version 1.31 --include-crds\n"
         "  echo '{\"name\": \"a\", \"chart\": \"./chart\", \"set\": [\"x=1\"]}' | autonomous render --batch -\n"
         "\n"
         "Flags:\n" +
         parser.usages();
}

int render_command(const std::vector<std::string>& arguments) {
  RenderFlags flags;
  Flags parser;
  flags.add_to(parser);
  auto parsed = parser.parse(arguments, flags.rest, flags.notices);
  for (const std::string& notice : flags.notices) print(stderr, notice + "\n");
  if (!parsed) return fail_with(parsed.error());
  if (parser.asks_help()) {
    print(stdout, render_help());
    return 0;
  }
  if (parser.given("worker"))
    return run_worker(STDIN_FILENO, STDOUT_FILENO, std::strtoull(flags.worker.c_str(), nullptr, 10));
  if (!flags.batch.empty()) return run_batch(flags.batch);
  if (flags.rest.empty()) {
    print(
        stderr,
        "Error: \"autonomous render\" requires at least 1 argument\n\nUsage:  autonomous render [NAME] [CHART] [flags]\n");
    return 1;
  }
  auto good = check_flags(flags, parser);
  if (!good) return fail_with(good.error());
  return render_one(flags);
}

}  // namespace autonomous::helm
