#include "render/helm/render_flags.h"

#include <unistd.h>

#include <cstdlib>

#include "gitops/base/text.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

using FlagKind = Flags::Kind;

constexpr std::string_view kNoEffect = "this flag has no effect for 'helm template' and will be removed in Helm 5";

void add_own(RenderFlags& f, Flags& flags) {
  flags.add({.name = "api-versions",
             .letter = 'a',
             .kind = FlagKind::kStringSlice,
             .usage = "API versions added to .Capabilities.APIVersions (repeatable, or with commas)",
             .into = &f.api_versions});
  flags.add({.name = "batch",
             .kind = FlagKind::kString,
             .usage = "render many: a JSON object a line in this file (\"-\": standard input), one a line out",
             .into = &f.batch});
  flags.add({.name = "debug",
             .kind = FlagKind::kBool,
             .usage = "print what was rendered before an error, and helm 4's debug lines",
             .into = &f.debug});
  flags.add({.name = "dependency-update",
             .kind = FlagKind::kBool,
             .usage = "refused where a dependency is missing: it would use the network",
             .into = &f.dependency_update});
  flags.add({.name = "generate-name",
             .letter = 'g',
             .kind = FlagKind::kBool,
             .usage = "make up the name (and leave NAME out)",
             .into = &f.generate_name});
  flags.add(
      {.name = "helm", .kind = FlagKind::kString, .usage = "which helm to be: 4 (default) or 3", .into = &f.helm});
  flags.add({.name = "include-crds",
             .kind = FlagKind::kBool,
             .usage = "put the charts' CRDs first",
             .into = &f.include_crds});
  flags.add({.name = "is-upgrade",
             .kind = FlagKind::kBool,
             .usage = "set .Release.IsUpgrade instead of .Release.IsInstall",
             .into = &f.is_upgrade});
  flags.add({.name = "kube-version",
             .kind = FlagKind::kString,
             .usage = "Kubernetes version for .Capabilities.KubeVersion",
             .into = &f.kube_version});
  flags.add({.name = "name-template",
             .kind = FlagKind::kString,
             .usage = "a template for the release's name",
             .into = &f.name_template});
  flags.add({.name = "namespace",
             .letter = 'n',
             .kind = FlagKind::kString,
             .usage = "namespace of the release (default \"default\")",
             .into = &f.release_namespace});
  flags.add({.name = "no-hooks", .kind = FlagKind::kBool, .usage = "leave all hooks out", .into = &f.no_hooks});
  flags.add({.name = "output-dir",
             .kind = FlagKind::kString,
             .usage = "write files below this folder instead of standard output",
             .into = &f.output_dir});
  flags.add({.name = "release-name",
             .kind = FlagKind::kBool,
             .usage = "use the release's name in the path below --output-dir",
             .into = &f.release_name});
  flags.add({.name = "set",
             .kind = FlagKind::kStringArray,
             .usage = "set values: key1=val1,key2=val2 (repeatable)",
             .into = &f.set});
  flags.add({.name = "set-file",
             .kind = FlagKind::kStringArray,
             .usage = "set values from files: key1=path1,key2=path2 (repeatable)",
             .into = &f.set_file});
  flags.add({.name = "set-json",
             .kind = FlagKind::kStringArray,
             .usage = "set JSON values: key1=json1,key2=json2, or an object (repeatable)",
             .into = &f.set_json});
  flags.add({.name = "set-literal",
             .kind = FlagKind::kStringArray,
             .usage = "set a string as it stands (repeatable)",
             .into = &f.set_literal});
  flags.add({.name = "set-string",
             .kind = FlagKind::kStringArray,
             .usage = "set strings: key1=val1,key2=val2 (repeatable)",
             .into = &f.set_string});
  flags.add({.name = "show-only",
             .letter = 's',
             .kind = FlagKind::kStringArray,
             .usage = "only what these templates made (repeatable)",
             .into = &f.show_only});
  flags.add({.name = "skip-crds",
             .kind = FlagKind::kBool,
             .usage = "accepted as helm does; CRDs are left out anyway without --include-crds",
             .into = &f.skip_crds});
  flags.add({.name = "skip-schema-validation",
             .kind = FlagKind::kBool,
             .usage = "don't check values against values.schema.json",
             .into = &f.skip_schema});
  flags.add({.name = "skip-tests", .kind = FlagKind::kBool, .usage = "leave test hooks out", .into = &f.skip_tests});
  flags.add({.name = "validate",
             .kind = FlagKind::kBool,
             .usage = "refused: there is no cluster here",
             .into = &f.validate,
             .deprecated = f.three() ? "" : "use '--dry-run=server' instead"});
  flags.add({.name = "values",
             .letter = 'f',
             .kind = FlagKind::kStringSlice,
             .usage = "values from a YAML file, \"-\" for standard input (repeatable)",
             .into = &f.values});
  flags.add({.name = "version",
             .kind = FlagKind::kString,
             .usage = "version of a chart from a registry or repository, or a constraint (default: the newest)",
             .into = &f.remote.version});
  flags.add({.name = "worker", .kind = FlagKind::kString, .into = &f.worker, .bare_value = "0"});
}

// cmd/helm/flags.go of helm 4: a strategy by its name, or the yes or no that it was before.
Result<void> check_wait(const std::string& value, std::vector<std::string>& notices) {
  if (value == "watcher" || value == "legacy" || value == "hookOnly") return ok();
  if (value == "true" || value == "false") {
    notices.push_back("level=WARN msg=\"--wait=" + value +
                      " is deprecated (boolean value) and can be replaced with --wait=" +
                      (value == "true" ? "watcher" : "hookOnly") + "\"");
    return ok();
  }
  return fail(Code::kInvalid, "invalid wait input ", render::quote_go(value),
              ". Valid inputs are watcher, hookOnly, and legacy");
}

// helm 4 runs plugins, of which there are none here; its words are for a plugin that is not installed.
Result<void> check_plugin(const std::string& value, std::vector<std::string>&) {
  if (value.empty()) return ok();
  return fail(Code::kInvalid, "plugin: {Name:", value, " Type:postrenderer/v1} not found");
}

// helm 3 runs a program; what it says where there is none (exec.LookPath) is said here too.
Result<void> check_program(const std::string& value, std::vector<std::string>&) {
  if (value.empty()) return ok();
  const char* path = std::getenv("PATH");
  bool there = value.find('/') != std::string::npos;
  for (std::string_view folder : split(path == nullptr ? "" : path, ':')) {
    there = there || ::access((std::string(folder) + "/" + value).c_str(), X_OK) == 0;
  }
  if (!there) {
    return fail(Code::kNotFound, "unable to find binary at ", value, ": exec: ", render::quote_go(value),
                ": executable file not found in $PATH");
  }
  return fail(Code::kInvalid, "rendering runs no other programs: leave it out, and pipe the output into ", value);
}

void add_switches(Flags& flags, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) flags.add({.name = name, .kind = FlagKind::kBool});
}

void add_texts(Flags& flags, std::initializer_list<std::string_view> names) {
  for (std::string_view name : names) flags.add({.name = name, .kind = FlagKind::kString});
}

// What both helms take and what makes no difference to what is printed here.
void add_others(RenderFlags& f, Flags& flags) {
  add_switches(flags, {"create-namespace", "replace", "wait-for-jobs", "disable-openapi-validation", "take-ownership",
                       "kube-insecure-skip-tls-verify"});
  add_texts(flags, {"description", "keyring", "kubeconfig", "kube-context", "kube-token", "kube-as-user",
                    "kube-apiserver", "kube-ca-file", "kube-tls-server-name", "repository-config", "repository-cache"});
  // Those of the logger that helm's libraries bring along, hidden in helm too.
  add_switches(flags,
               {"add-dir-header", "alsologtostderr", "logtostderr", "one-output", "skip-headers", "skip-log-headers"});
  add_texts(flags, {"log-backtrace-at", "log-dir", "log-file", "stderrthreshold", "vmodule"});
  flags.add({.name = "log-file-max-size", .kind = FlagKind::kInt});
  flags.add({.name = "v", .letter = 'v', .kind = FlagKind::kInt});
  flags.add({.name = "devel", .kind = FlagKind::kBool, .into = &f.devel});
  flags.add({.name = "verify", .kind = FlagKind::kBool, .into = &f.verify});
  flags.add({.name = "enable-dns", .kind = FlagKind::kBool, .into = &f.enable_dns});
  flags.add({.name = "timeout", .kind = FlagKind::kDuration});
  flags.add({.name = "labels", .letter = 'l', .kind = FlagKind::kStringToString, .into = &f.labels});
  flags.add({.name = "kube-as-group", .kind = FlagKind::kStringArray});
  flags.add({.name = "post-renderer-args", .kind = FlagKind::kStringArray});
  flags.add({.name = "burst-limit", .kind = FlagKind::kInt});
  flags.add({.name = "qps", .kind = FlagKind::kFloat});
}

void add_those_of_four(RenderFlags& f, Flags& flags) {
  add_switches(flags, {"server-side", "rollback-on-failure", "force-replace", "force-conflicts"});
  add_texts(flags, {"content-cache"});
  for (std::string_view name : {"color", "colour"}) {
    flags.add({.name = name, .kind = FlagKind::kString, .into = &f.color});
  }
  flags.add({.name = "force", .kind = FlagKind::kBool, .deprecated = "use --force-replace instead"});
  flags.add({.name = "atomic", .kind = FlagKind::kBool, .deprecated = "use --rollback-on-failure instead"});
  flags.add({.name = "hide-notes", .kind = FlagKind::kBool, .deprecated = kNoEffect});
  flags.add({.name = "render-subchart-notes", .kind = FlagKind::kBool, .deprecated = kNoEffect});
  flags.add({.name = "dry-run", .kind = FlagKind::kString, .into = &f.dry_run, .bare_value = "unset"});
  flags.add({.name = "wait", .kind = FlagKind::kString, .bare_value = "watcher", .check = check_wait});
  flags.add({.name = "post-renderer", .kind = FlagKind::kString, .check = check_plugin});
}

void add_those_of_three(RenderFlags& f, Flags& flags) {
  add_switches(flags, {"force", "atomic", "hide-notes", "render-subchart-notes", "wait"});
  flags.add({.name = "dry-run", .kind = FlagKind::kString, .into = &f.dry_run, .bare_value = "client"});
  flags.add({.name = "post-renderer", .kind = FlagKind::kString, .check = check_program});
}

// How a chart that is not here is fetched.
void add_remote(RemoteChart& r, Flags& flags) {
  struct Text {
    std::string_view name, usage;
    std::string* into;
  };
  for (const Text& text :
       {Text{"repo", "URL of the chart repository that holds CHART", &r.repo},
        Text{"username", "who asks the registry or repository", &r.username},
        Text{"password", "with which password", &r.password},
        Text{"ca-file", "certificates to trust (PEM)", &r.ca_file},
        Text{"cert-file", "a certificate to show (PEM)", &r.cert_file},
        Text{"key-file", "and its key (PEM)", &r.key_file},
        Text{"registry-config", "logins of registries (default: helm's, then docker's)", &r.registry_config}}) {
    flags.add({.name = text.name, .kind = FlagKind::kString, .usage = text.usage, .into = text.into});
  }
  flags.add({.name = "insecure-skip-tls-verify",
             .kind = FlagKind::kBool,
             .usage = "take any certificate",
             .into = &r.insecure});
  flags.add({.name = "plain-http", .kind = FlagKind::kBool, .usage = "http to a registry", .into = &r.plain_http});
  flags.add({.name = "pass-credentials",
             .kind = FlagKind::kBool,
             .usage = "give the password to every host that the repository names",
             .into = &r.pass_credentials});
}

}  // namespace

void RenderFlags::add_to(Flags& flags) {
  add_own(*this, flags);
  add_remote(remote, flags);
  add_others(*this, flags);
  dry_run = three() ? "true" : "client";
  (three() ? add_those_of_three : add_those_of_four)(*this, flags);
}

std::string helm_asked_for(const std::vector<std::string>& arguments) {
  constexpr std::string_view kFlag = "--helm";
  std::string asked = "4";
  for (size_t i = 0; i < arguments.size() && arguments[i] != "--"; ++i) {
    if (arguments[i] == kFlag && i + 1 < arguments.size()) asked = arguments[i + 1];
    if (starts_with(arguments[i], "--helm=")) asked = arguments[i].substr(kFlag.size() + 1);
  }
  return asked;
}

std::vector<SetFlag> sets_of(const RenderFlags& flags) {
  std::vector<SetFlag> out;
  auto add = [&](SetKind kind, const std::vector<std::string>& texts) {
    for (const std::string& text : texts) out.push_back({kind, text});
  };
  add(SetKind::kJson, flags.set_json);
  add(SetKind::kTyped, flags.set);
  add(SetKind::kString, flags.set_string);
  add(SetKind::kFile, flags.set_file);
  add(SetKind::kLiteral, flags.set_literal);
  return out;
}

}  // namespace autonomous::helm
