// What helm's own types can do in a template: .Files and .Values; and the library of all functions and methods.
#include <array>
#include <optional>

#include "gitops/base/digest.h"
#include "gitops/base/text.h"
#include "render/funcs/families.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/capabilities.h"
#include "render/helm/engine.h"
#include "render/helm/match.h"

namespace autonomous::helm {

namespace {

using render::Args;
using render::Context;
using render::Type;

// No name ever resolves here: helm does not either, unless it is told to.
Value get_host_by_name(Context& cx, Args) {
  if (cx.options().wants_dns)
    return cx.fail("rendering uses no network, so no name can be looked up: leave out --enable-dns");
  return Value::of("");
}

constexpr render::Function kHelm[] = {{"getHostByName", render::params(Type::kString), get_host_by_name}};

// ---- .Files
// ----------------------------------------------------------------------------------------------------------

// Nothing after cx.fail(): of a link that was not followed there is no content.
std::optional<std::string_view> bytes_of(Context& cx, const Value& file) {
  if (!file.is_string()) return file.bytes();
  cx.fail(file.string(), "; copy the file into the chart");
  return std::nullopt;
}

std::optional<std::string_view> content(Context& cx, const Value& files, std::string_view name) {
  const Value* found = files.map() == nullptr ? nullptr : files.map()->find(name);
  return found == nullptr ? std::string_view() : bytes_of(cx, *found);
}

Value files_get(Context& cx, Args args) {
  auto text = content(cx, args[0], args[1].string());
  return text ? Value::of(*text) : Value();
}
Value files_get_bytes(Context& cx, Args args) {
  auto text = content(cx, args[0], args[1].string());
  return text ? Value::of_bytes(*text) : Value();
}

Value files_glob(Context& cx, Args args) {
  Map* out = Map::make(cx.arena());
  auto glob = Glob::compile(args[1].string());
  if (!glob) glob = Glob::compile("**");
  for (const Map::Entry& entry : args[0].map()->entries()) {
    if (glob->match(entry.key.text())) out->append(entry.key, entry.value);
  }
  out->sort();
  return Value::of(out, Type::kFiles);
}

// A map of the files' last names, as YAML.
Value as_yaml(Context& cx, const Value& files, bool encoded) {
  Map* map = Map::make(cx.arena());
  for (const Map::Entry& entry : files.map()->entries()) {
    auto text = bytes_of(cx, entry.value);
    if (!text) return {};
    Value value = encoded ? cx.text(base64_encode(*text)) : Value::of(*text);
    map->set(cx.arena().copy(base_name(entry.key.text())), value);
  }
  auto yaml = render::write_yaml(Value::of(map, Type::kStringMap));
  if (!yaml) return Value::of("");
  std::string_view text = *yaml;
  if (ends_with(text, "\n")) text.remove_suffix(1);
  return cx.text(text);
}

Value files_as_config(Context& cx, Args args) { return as_yaml(cx, args[0], false); }
Value files_as_secrets(Context& cx, Args args) { return as_yaml(cx, args[0], true); }

Value files_lines(Context& cx, Args args) {
  auto found = content(cx, args[0], args[1].string());
  if (!found) return {};
  std::string_view text = *found;
  if (text.empty()) return Value::of(std::span<const Value>(), Type::kStrings);
  if (text.back() == '\n') text.remove_suffix(1);
  auto lines = split(text, '\n');
  render::ListBuilder builder(cx.arena(), lines.size());
  for (std::string_view line : lines) builder.add(Value::of(line));
  return builder.list(Type::kStrings);
}

constexpr render::Function kFiles[] = {
    {"Get", render::params(Type::kString), files_get},   {"GetBytes", render::params(Type::kString), files_get_bytes},
    {"Glob", render::params(Type::kString), files_glob}, {"AsConfig", render::params(), files_as_config},
    {"AsSecrets", render::params(), files_as_secrets},   {"Lines", render::params(Type::kString), files_lines},
};

// ---- .Values
// ---------------------------------------------------------------------------------------------------------

Value values_as_map(Context& cx, Args args) {
  Map* map = args[0].map();
  if (map == nullptr || map->empty()) return Value::of(Map::make(cx.arena()));
  return Value::of(map);
}

Value values_yaml(Context& cx, Args args) {
  auto yaml = render::marshal_yaml(cx.arena(), args[0], cx.library(), cx.most_text());
  if (!yaml) return cx.fail(yaml.error().message());
  return cx.text(*yaml);
}

Value values_table(Context& cx, Args args) {
  std::string missing;
  Map* table = find_table(args[0].map(), args[1].string(), &missing);
  if (table == nullptr) return cx.fail("\"", missing, "\" is not a table");
  return Value::of(table, args[0].type());
}

Value values_path_value(Context& cx, Args args) {
  std::string_view path = args[1].string();
  if (path.empty()) return cx.fail("YAML path cannot be empty");
  size_t dot = path.rfind('.');
  std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
  Map* table = dot == std::string_view::npos ? args[0].map() : find_table(args[0].map(), path.substr(0, dot));
  const Value* value = table == nullptr ? nullptr : table->find(name);
  bool is_table = value != nullptr && value->is_map() && value->type() == Type::kMap;
  if (value == nullptr || is_table) return cx.fail("\"", name, "\" is not a value");
  return *value;
}

constexpr render::Function kValues[] = {
    {"AsMap", render::params(), values_as_map},
    {"YAML", render::params(), values_yaml},
    {"Table", render::params(Type::kString), values_table},
    {"PathValue", render::params(Type::kString), values_path_value},
};

render::Library build(HelmVersion helm) {
  render::Library library;
  render::add_functions(library, helm == HelmVersion::k4 ? 4 : 3);
  library.replace(kHelm);
  library.add({Type::kFiles, kFiles, false, nullptr});
  library.add({Type::kValues3, kValues, false, nullptr});
  library.add({Type::kValues4, kValues, false, nullptr});
  add_capabilities_methods(library);
  return library;
}

}  // namespace

const render::Library& helm_library(HelmVersion helm) {
  if (helm == HelmVersion::k3) {
    static const render::Library& three = *new render::Library(build(HelmVersion::k3));
    return three;
  }
  static const render::Library& four = *new render::Library(build(HelmVersion::k4));
  return four;
}

}  // namespace autonomous::helm
