#include "render/helm/render_flags.h"

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
             .usage = "accepted as helm does",
             .into = &f.debug,
             .bare_value = "true"});
  flags.add({.name = "dependency-update",
             .kind = FlagKind::kBool,
             .usage = "refused: it would use the network",
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
             .deprecated = "use '--dry-run=server' instead"});
  flags.add({.name = "values",
             .letter = 'f',
             .kind = FlagKind::kStringSlice,
             .usage = "values from a YAML file, \"-\" for standard input (repeatable)",
             .into = &f.values});
  flags.add({.name = "version",
             .kind = FlagKind::kString,
             .usage = "version of a chart from a registry",
             .into = &f.version});
  flags.add({.name = "worker", .kind = FlagKind::kString, .into = &f.worker, .bare_value = "0"});
}

// What helm takes and what makes no difference to what it prints here.
void add_others(RenderFlags& f, Flags& flags) {
  for (std::string_view name :
       {"create-namespace", "server-side", "replace", "wait-for-jobs", "devel", "disable-openapi-validation",
        "rollback-on-failure", "enable-dns", "take-ownership", "insecure-skip-tls-verify", "plain-http",
        "pass-credentials", "kube-insecure-skip-tls-verify"}) {
    flags.add({.name = name, .kind = FlagKind::kBool});
  }
  flags.add({.name = "verify", .kind = FlagKind::kBool, .into = &f.verify});
  flags.add({.name = "force-replace", .kind = FlagKind::kBool, .into = &f.force_replace});
  flags.add({.name = "force-conflicts", .kind = FlagKind::kBool, .into = &f.force_conflicts});
  flags.add({.name = "force",
             .kind = FlagKind::kBool,
             .into = &f.force_replace,
             .deprecated = "use --force-replace instead"});
  flags.add({.name = "atomic", .kind = FlagKind::kBool, .deprecated = "use --rollback-on-failure instead"});
  flags.add({.name = "hide-notes", .kind = FlagKind::kBool, .deprecated = kNoEffect});
  flags.add({.name = "render-subchart-notes", .kind = FlagKind::kBool, .deprecated = kNoEffect});
  for (std::string_view name : {"description",
                                "keyring",
                                "username",
                                "password",
                                "cert-file",
                                "key-file",
                                "ca-file",
                                "kubeconfig",
                                "kube-context",
                                "kube-token",
                                "kube-as-user",
                                "kube-apiserver",
                                "kube-ca-file",
                                "kube-tls-server-name",
                                "registry-config",
                                "repository-config",
                                "repository-cache",
                                "content-cache",
                                "post-renderer",
                                "color",
                                "colour"}) {
    flags.add({.name = name, .kind = FlagKind::kString});
  }
  flags.add({.name = "repo", .kind = FlagKind::kString, .into = &f.repo});
  flags.add({.name = "dry-run", .kind = FlagKind::kString, .into = &f.dry_run, .bare_value = "unset"});
  flags.add({.name = "wait", .kind = FlagKind::kString, .bare_value = "watcher"});
  flags.add({.name = "timeout", .kind = FlagKind::kDuration});
  flags.add({.name = "labels", .letter = 'l', .kind = FlagKind::kStringToString});
  flags.add({.name = "kube-as-group", .kind = FlagKind::kStringArray});
  flags.add({.name = "post-renderer-args", .kind = FlagKind::kStringArray});
  flags.add({.name = "burst-limit", .kind = FlagKind::kInt});
  flags.add({.name = "qps", .kind = FlagKind::kFloat});
}

}  // namespace

void RenderFlags::add_to(Flags& flags) {
  add_own(*this, flags);
  add_others(*this, flags);
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
