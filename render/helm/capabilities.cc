#include "render/helm/capabilities.h"

#include <charconv>

#include "gitops/base/text.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

using render::Arena;
using render::Context;
using render::Field;
using render::Struct;
using render::Type;
using render::Value;

// helm 4.3.1 and 3.22.0, both built with client-go 0.37.
constexpr std::string_view kApiVersions[] = {
#include "render/helm/api_versions.inc"
};
constexpr std::string_view kKubeVersion = "v1.37.0";
constexpr std::string_view kGoVersion = "go1.27.3";

Result<uint64_t> component(std::string_view part, bool first, std::string_view whole) {
  std::string in = " in " + render::quote_go(whole);
  if (first && part.size() > 1 && part.front() == '0') {
    return fail(Code::kInvalid, "illegal zero-prefixed version component ", render::quote_go(part), in);
  }
  uint64_t number = 0;
  auto [end, code] = std::from_chars(part.data(), part.data() + part.size(), number);
  if (code == std::errc()) return number;
  return fail(Code::kInvalid, "illegal non-numeric version component ", render::quote_go(part), in,
              ": strconv.ParseUint: parsing ", render::quote_go(part), ": value out of range");
}

Value of_struct(Arena& arena, std::vector<Field> fields, Type type) {
  auto kept = arena.copy(std::span<const Field>(fields));
  return Value::of(arena.make<Struct>(std::span<const Field>(kept), nullptr), type);
}

Field field(std::string_view name, Value value, std::string_view json = "", bool omit_empty = false) {
  Field out;
  out.name = name;
  out.json = json;
  out.omit_empty = omit_empty;
  out.value = value;
  return out;
}

Value kube_value(Arena& arena, HelmVersion helm, const KubeVersion& kube) {
  auto text = [&](const std::string& from) { return Value::of(arena.copy(std::string_view(from))); };
  std::vector<Field> fields = {field("Version", text(kube.version))};
  if (helm == HelmVersion::k4) fields.push_back(field("normalizedVersion", text(kube.normalized), "-"));
  fields.push_back(field("Major", text(kube.major)));
  fields.push_back(field("Minor", text(kube.minor)));
  return of_struct(arena, std::move(fields), helm == HelmVersion::k4 ? Type::kKubeVersion4 : Type::kKubeVersion3);
}

Value build_info(Arena& arena, HelmVersion helm) {
  bool four = helm == HelmVersion::k4;
  std::vector<Field> fields = {field("Version", Value::of(four ? "v4.3" : "v3.22"), "version", true),
                               field("GitCommit", Value::of(""), "git_commit", true),
                               field("GitTreeState", Value::of(""), "git_tree_state", true),
                               field("GoVersion", Value::of(kGoVersion), "go_version", true)};
  if (four) fields.push_back(field("KubeClientVersion", Value::of("v1.37"), "kube_client_version"));
  return of_struct(arena, std::move(fields), four ? Type::kBuildInfo4 : Type::kBuildInfo3);
}

const Value& field_of(const Value& receiver, std::string_view name) { return receiver.structure()->find(name)->value; }

Value version_of(Context&, render::Args args) { return field_of(args[0], "Version"); }

Value version_string(Context&, render::Args args) {
  const Field* normalized = args[0].structure()->find("normalizedVersion");
  return normalized != nullptr ? normalized->value : field_of(args[0], "Version");
}

std::string_view kube_text(Arena&, Value receiver) {
  const Field* normalized = receiver.structure()->find("normalizedVersion");
  return (normalized != nullptr ? normalized->value : field_of(receiver, "Version")).string();
}

Value has_version(Context&, render::Args args) {
  for (const Value& item : args[0].items()) {
    if (item.string() == args[1].string()) return Value::of(true);
  }
  return Value::of(false);
}

Value copy_capabilities(Context&, render::Args args) { return args[0]; }

constexpr render::Function kKubeMethods[] = {{"String", render::params(), version_string},
                                             {"GitVersion", render::params(), version_of}};
constexpr render::Function kSetMethods[] = {{"Has", render::params(Type::kString), has_version}};
constexpr render::Function kCapabilitiesMethods[] = {{"Copy", render::params(), copy_capabilities}};

}  // namespace

Result<KubeVersion> parse_kube_version(std::string_view text, HelmVersion helm) {
  if (text.empty()) text = kKubeVersion;
  std::string_view rest = text;
  while (!rest.empty() && std::string_view(" \t\n\f\r").find(rest.front()) != std::string_view::npos)
    rest.remove_prefix(1);
  if (starts_with(rest, "v")) rest.remove_prefix(1);
  size_t end = 0;
  auto digit = [&](size_t i) { return i < rest.size() && rest[i] >= '0' && rest[i] <= '9'; };
  while (digit(end) || (end > 0 && end < rest.size() && rest[end] == '.' && digit(end + 1))) ++end;
  bool one_line = rest.substr(end).find('\n') == std::string_view::npos;  // Go's `.` stops there
  if (end == 0 || !one_line) return fail(Code::kInvalid, "could not parse ", render::quote_go(text), " as version");
  auto parts = split(rest.substr(0, end), '.');
  if (parts.size() < 2) return fail(Code::kInvalid, "illegal version string ", render::quote_go(text));
  KubeVersion kube;
  for (size_t i = 0; i < parts.size(); ++i) {
    TRY(uint64_t number, component(parts[i], i == 0, text));
    kube.normalized += (i == 0 ? "v" : ".") + std::to_string(number);
    if (i == 0) kube.major = std::to_string(number);
    if (i == 1) kube.minor = std::to_string(number);
  }
  kube.version = starts_with(text, "v") ? std::string(text) : "v" + std::string(text);
  if (helm == HelmVersion::k3) kube.version = kube.normalized;
  return kube;
}

Value capabilities_value(Arena& arena, HelmVersion helm, const KubeVersion& kube,
                         const std::vector<std::string>& extra) {
  bool four = helm == HelmVersion::k4;
  std::vector<Value> versions;
  for (std::string_view version : kApiVersions) versions.push_back(Value::of(version));
  for (const std::string& version : extra) versions.push_back(Value::of(arena.copy(std::string_view(version))));
  auto kept = arena.copy(std::span<const Value>(versions));
  Value set = Value::of(std::span<const Value>(kept), four ? Type::kVersionSet4 : Type::kVersionSet3);
  return of_struct(arena,
                   {field("KubeVersion", kube_value(arena, helm, kube)), field("APIVersions", set),
                    field("HelmVersion", build_info(arena, helm))},
                   four ? Type::kCapabilities4Pointer : Type::kCapabilities3Pointer);
}

void add_capabilities_methods(render::Library& library) {
  for (Type type : {Type::kKubeVersion3, Type::kKubeVersion4}) library.add({type, kKubeMethods, true, kube_text});
  for (Type type : {Type::kVersionSet3, Type::kVersionSet4}) library.add({type, kSetMethods, false, nullptr});
  for (Type type : {Type::kCapabilities3, Type::kCapabilities4})
    library.add({type, kCapabilitiesMethods, true, nullptr});
}

}  // namespace autonomous::helm
