#include "render/helm/command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <thread>

#include "gitops/base/file.h"
#include "gitops/base/text.h"
#include "render/helm/batch.h"
#include "render/helm/engine.h"
#include "render/helm/flag_checks.h"
#include "render/helm/match.h"
#include "render/helm/output_dir.h"
#include "render/helm/render_flags.h"
#include "render/helm/sandbox.h"
#include "render/helm/work.h"
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

bool is_set(const char* variable) {
  const char* text = std::getenv(variable);
  return text != nullptr && parse_bool(text).value_or(false);
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

HelmVersion helm_of(const RenderFlags& flags) { return flags.three() ? HelmVersion::k3 : HelmVersion::k4; }

// A chart that was found, and not looked at yet.
struct Located {
  std::string path;
  std::optional<std::string> bytes;  // of an archive that was fetched
};

// LocateChart
Result<Located> locate(const std::string& given, const RenderFlags& flags, const FetchChart& fetch,
                       std::vector<std::string>& log) {
  std::string name(trim(given));
  // helm 3 takes what lies here before it asks a repository.
  bool is_here = exists(name);
  bool ignores_repo = flags.three() && is_here && !flags.remote.repo.empty();
  if (ignores_repo) {
    log.push_back("install.go:759: WARN local chart found in current working directory. repository url ignored chart=" +
                  slog_value(name) + " repository=" + slog_value(flags.remote.repo));
  } else if (is_remote(name, flags.remote.repo)) {
    if (flags.verify) return fail(Code::kInvalid, "--verify is not available here: no keyring is read");
    RemoteChart wanted = flags.remote;
    wanted.chart = name;
    wanted.version = trim(wanted.version);
    wanted.warn_inexact = helm_of(flags) == HelmVersion::k4;
    TRY(FetchedChart chart, get_remote(wanted, fetch));
    log.insert(log.end(), chart.notes.begin(), chart.notes.end());
    return Located{chart.file, std::move(chart.bytes)};
  }
  struct stat info {};
  if (!is_here || ::stat(name.c_str(), &info) != 0) {
    if (starts_with(name, "/") || starts_with(name, "."))
      return fail(Code::kNotFound, "path ", render::quote_go(name), " not found");
    size_t slash = name.find('/');
    if (slash != std::string::npos) return fail(Code::kNotFound, "repo ", name.substr(0, slash), " not found");
    return fail(Code::kNotFound, "non-absolute URLs should be in form of repo_name/path_to_chart, got: ", name);
  }
  std::string path = absolute(name);
  if (flags.verify) TRY_DO(refuse_to_verify(path, S_ISDIR(info.st_mode)));
  return Located{path, std::nullopt};
}

Result<std::shared_ptr<const Chart>> load(const Located& located, HelmVersion helm,
                                          std::vector<std::string>& warnings) {
  LoadOptions options;
  options.helm = helm;
  options.path = located.path;
  options.warnings = &warnings;
  if (located.bytes) return load_chart_archive(options.path, *located.bytes, options);
  struct stat info {};
  if (::stat(options.path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    return load_chart(*disk_tree(options.path), options);
  TRY(std::string bytes, read_path(options.path));
  return load_chart_archive(options.path, bytes, options);
}

Result<void> read_values_files(const RenderFlags& flags, ChartInput& input) {
  for (const std::string& path : flags.values) {
    auto text = read_path(path);
    if (!text) {  // helm parses each before it opens the next
      ChartInput before;
      before.helm = input.helm;
      before.values = input.values;
      TRY_DO(check_user_values(before));
      return std::move(text).error();
    }
    input.values.push_back({path, *std::move(text)});
  }
  return ok();
}

ChartInput input_of(const RenderFlags& flags) {
  ChartInput input;
  input.helm = helm_of(flags);
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
  input.debug = flags.debug;
  input.ask_cluster = asks_cluster3(flags);
  input.enable_dns = flags.enable_dns;
  input.labels = flags.labels;
  if (flags.output_dir.empty()) input.show_only = flags.show_only;
  return input;
}

std::string generated_name(const std::string& chart) {
  std::string base(base_name(chart));
  if (base == "." || base.empty()) base = "chart";
  return base.substr(0, base.find('.')) + "-" + std::to_string(std::time(nullptr));
}

// What helm 4 logs with --debug on its way to the chart.
void debug(const RenderFlags& flags, std::vector<std::string>& log, std::string_view message, std::string_view key,
           std::string_view value) {
  if (!flags.debug || flags.three()) return;
  log.push_back("level=DEBUG msg=\"" + std::string(message) + "\" " + std::string(key) + "=" + slog_value(value));
}

// With --debug, what was rendered before the error; its own error is helm's where a wanted template is not there.
Result<void> print_partial(const RenderFlags& flags, const ChartInput& input, const Rendered& partial) {
  if (!flags.output_dir.empty()) {
    print(stdout, "\n");
    return ok();
  }
  if (input.show_only.empty()) {
    print(stdout, partial.manifest);
    return ok();
  }
  auto shown = only_shown(partial.manifest, input.show_only, input.helm);
  // helm 4 says what went wrong before, helm 3 that it misses the template.
  if (!shown) return flags.three() ? Result<void>(std::move(shown).error()) : ok();
  print(stdout, *shown);
  return ok();
}

Result<Rendered> render_chart(const RenderFlags& flags, const FetchChart& fetch, ChartInput& input,
                              std::vector<std::string>& log, Rendered& partial) {
  TRY_DO(check_kube_version(input.kube_version, input.helm));
  if (!flags.three()) TRY_DO(check_dry_run4(flags, log));
  debug(flags, log, "Original chart version", "version", flags.remote.version);
  if (flags.debug && flags.devel && flags.remote.version.empty() && !flags.three()) {
    log.emplace_back("level=DEBUG msg=\"setting version to >0.0.0-0\"");
  }
  TRY(auto names, name_and_chart(flags));
  input.release_name = names.first;
  bool nameless = flags.rest.size() == 1 && flags.name_template.empty();
  if (flags.generate_name && nameless) input.release_name = generated_name(names.second);
  // helm finds the chart, then reads the values, then loads the chart: so do its errors come.
  TRY(Located located, locate(names.second, flags, fetch, log));
  debug(flags, log, "Chart path", "path", located.path);
  std::vector<std::string> while_loading;
  auto chart = load(located, input.helm, while_loading);
  log.insert(log.end(), while_loading.begin(), while_loading.end());
  TRY_DO(read_values_files(flags, input));
  if (!chart) {
    TRY_DO(check_user_values(input));
    return std::move(chart).error();
  }
  TRY_DO(check_after_load(flags, **chart));
  input.chart = *std::move(chart);
  return helm::render(input, &log, &partial);
}

int render_one(const RenderFlags& flags, const FetchChart& fetch) {
  ChartInput input = input_of(flags);
  std::vector<std::string> log;
  Rendered partial;
  auto result = render_chart(flags, fetch, input, log, partial);
  for (const std::string& line : log) print(stderr, line + "\n");
  if (!result) {
    bool rendered_some = flags.debug && !result.error().hint().empty();
    if (rendered_some) {
      auto shown = print_partial(flags, input, partial);
      if (!shown) return fail_with(shown.error());
    }
    return fail_with(result.error(), flags.debug);
  }
  if (flags.output_dir.empty()) {
    print(stdout, result->manifest);
    return 0;
  }
  auto written = write_pieces(*result, flags.output_dir, flags.release_name ? input.release_name : "");
  if (!written) return fail_with(written.error(), flags.debug);
  if (flags.show_only.empty()) {
    print(stdout, "\n");
    return 0;
  }
  return fail_with(fail(Code::kNotFound, "could not find template ", flags.show_only.front(), " in chart"));
}

int batch(const std::string& path, const FetchChart& fetch) {
  if (path == "-") return run_batch(stdin, stdout, fetch);
  FILE* file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return fail_with(open_error(path));
  int status = run_batch(file, stdout, fetch);
  (void)std::fclose(file);
  return status;
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
         "CHART is a chart's folder, its .tgz, the URL of one, oci://REGISTRY/REPOSITORY, or with --repo a name.\n"
         "All flags of `helm template` are accepted.\n"
         "\n"
         "What is fetched is kept in $AUTONOMOUS_CACHE (default: ~/.cache/autonomous) by its SHA-256. A version that\n"
         "was fetched once renders without a network from then on, and is refused where it is served changed.\n"
         "\n"
         "Examples:\n"
         "  autonomous render shop ./chart -n shop -f values.yaml --set image.tag=1.2\n"
         "  autonomous render shop chart-1.0.0.tgz --show-only templates/service.yaml\n"
         "  autonomous render shop oci://ghcr.io/acme/charts/shop --version ^1.2\n"
         "  autonomous render shop ./chart --helm 3 --kube-version 1.31 --include-crds\n"
         "  echo '{\"name\": \"a\", \"chart\": \"./chart\", \"set\": [\"x=1\"]}' | autonomous render --batch -\n"
         "\n"
         "Flags:\n" +
         parser.usages();
}

int render_command(const std::vector<std::string>& arguments, const FetchChart& fetch) {
  RenderFlags flags;
  flags.helm = helm_asked_for(arguments);
  if (flags.helm != "3" && flags.helm != "4")
    return fail_with(fail(Code::kInvalid, "--helm takes 3 or 4, not ", render::quote_go(flags.helm)));
  flags.debug = is_set("HELM_DEBUG");
  Flags parser;
  flags.add_to(parser);
  auto parsed = parser.parse(arguments, flags.rest, flags.notices);
  if (flags.color != "never" && flags.color != "auto" && flags.color != "always") {  // helm 4 looks at it first
    std::string why = "invalid color mode " + render::quote_go(flags.color) + ": must be one of: never, auto, always";
    print(stderr, "level=WARN msg=\"command failed\" error=" + slog_value(why) + "\n");
    return 1;
  }
  for (const std::string& notice : flags.notices) print(stderr, notice + "\n");
  if (!parsed) return fail_with(parsed.error());
  if (parser.asks_help()) {
    print(stdout, render_help());
    return 0;
  }
  if (parser.given("worker"))
    return run_worker(STDIN_FILENO, STDOUT_FILENO, std::strtoull(flags.worker.c_str(), nullptr, 10));
  // A render is limited by itself; this is for what lies outside its arena.
  constexpr uint64_t kAddressSpace = 6ull << 30;
  const uint64_t threads = flags.batch.empty() ? 1 : std::max(1u, std::thread::hardware_concurrency());
  cap_memory(kAddressSpace * threads);
  if (!flags.batch.empty()) return batch(flags.batch, fetch);
  if (flags.rest.empty()) {
    print(
        stderr,
        "Error: \"autonomous render\" requires at least 1 argument\n\nUsage:  autonomous render [NAME] [CHART] [flags]\n");
    return 1;
  }
  if (!flags.three()) {
    auto good = check_groups(parser);
    if (!good) return fail_with(good.error());
  }
  return render_one(flags, fetch);
}

}  // namespace autonomous::helm
