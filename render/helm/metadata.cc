#include "render/helm/metadata.h"

#include <algorithm>
#include <functional>
#include <set>

#include "gitops/base/text.h"
#include "gitops/yaml/emit.h"
#include "render/funcs/semver.h"
#include "render/funcs/yaml_value.h"
#include "render/helm/match.h"
#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::helm {

namespace {

using render::Map;
using render::Value;

// encoding/json into a struct: goes on after a type error and reports the first one.
class Decoder {
 public:
  explicit Decoder(HelmVersion helm) : package_(helm == HelmVersion::k4 ? "v2." : "chart.") {}

  // Where we are: the path below the root, ".dependencies.0.name".
  struct DecodeScope {
    std::string path;
    bool in_list = false;  // what is here is an element of a list
    // As a token of a JSON pointer: an annotation's "helm.sh/hook" is told as helm.sh~1hook.
    DecodeScope field(std::string_view name) const {
      std::string out = path + ".";
      for (char c : name) out.append(c == '~' ? "~0" : c == '/' ? "~1" : std::string_view(&c, 1));
      return {std::move(out), false};
    }
    DecodeScope item(size_t index) const { return {path + "." + std::to_string(index), true}; }
  };

  void mismatch(const Value& value, const DecodeScope& scope, std::string_view go_type) {
    if (!error_.empty()) return;
    error_ = "json: cannot unmarshal " + std::string(render::json_kind(value)) + " into ";
    // As Go 1.27 words it: it names the field, not the struct, and leaves "Go struct field" out for elements of lists.
    if (scope.path.empty()) {
      error_ += "Go value";
    } else {
      error_ += (scope.in_list ? "" : "Go struct field ") + scope.path;
    }
    error_ += " of type " + std::string(go_type);
  }

  // The YAML step turns numbers and bools into strings where a string is wanted.
  void string(const Value& value, const DecodeScope& scope, std::string& out) {
    if (value.is_nothing()) return;
    if (value.is_string()) {
      out = value.string();
    } else if (value.is_bool()) {
      out = value.boolean() ? "true" : "false";
    } else if (value.is_int()) {
      out = std::to_string(value.integer());
    } else if (value.is_uint()) {
      out = std::to_string(value.unsigned_integer());
    } else if (value.is_float()) {
      out = yaml::format_g(value.floating());
    } else {
      mismatch(value, scope, "string");
    }
  }

  void boolean(const Value& value, const DecodeScope& scope, bool& out) {
    if (value.is_nothing()) return;
    if (!value.is_bool()) return mismatch(value, scope, "bool");
    out = value.boolean();
  }

  void strings(const Value& value, const DecodeScope& scope, std::vector<std::string>& out) {
    list(
        value, scope, "[]string",
        [&](std::span<const Value> items) {
          out.assign(items.size(), "");
          for (size_t i = 0; i < items.size(); ++i) string(items[i], scope.item(i), out[i]);
        },
        [&] { out.clear(); });
  }

  void string_map(const Value& value, const DecodeScope& scope, std::vector<std::pair<std::string, std::string>>& out) {
    if (value.is_nothing()) {
      out.clear();
      return;
    }
    if (!value.is_map()) return mismatch(value, scope, "map[string]string");
    for (const Map::Entry& entry : value.map()->entries()) {
      std::string key(entry.key.text());
      std::string text;
      string(entry.value, scope.field(key), text);
      auto same = std::find_if(out.begin(), out.end(), [&](const auto& pair) { return pair.first == key; });
      if (same != out.end()) {
        same->second = text;
      } else {
        out.emplace_back(key, text);
      }
    }
    std::sort(out.begin(), out.end());
  }

  void list(const Value& value, const DecodeScope& scope, std::string_view go_type,
            const std::function<void(std::span<const Value>)>& take, const std::function<void()>& clear) {
    if (value.is_nothing()) return clear();
    if (!value.is_list()) return mismatch(value, scope, go_type);
    take(value.items());
  }

  using Field = std::pair<std::string_view, std::function<void(const Value&, const DecodeScope&)>>;
  // Fields by their JSON names, of any case, in the order of the document's keys.
  void object(const Value& value, const DecodeScope& scope, std::string_view go_type,
              const std::vector<Field>& fields) {
    if (value.is_nothing()) return;
    if (!value.is_map()) return mismatch(value, scope, go_type);
    for (const Map::Entry& entry : value.map()->entries()) {
      const Field* field = find(fields, entry.key.text());
      if (field == nullptr) continue;
      field->second(entry.value, scope.field(field->first));
    }
  }

  std::string type(std::string_view prefix, std::string_view name) const {
    return std::string(prefix) + std::string(package_) + std::string(name);
  }

  Result<void> done() const {
    if (error_.empty()) return ok();
    return fail(Code::kInvalid, "error unmarshaling JSON: while decoding JSON: ", error_);
  }

 private:
  static const Field* find(const std::vector<Field>& fields, std::string_view key) {
    for (const Field& field : fields) {
      if (field.first == key) return &field;
    }
    std::string lower = to_lower(key);
    for (const Field& field : fields) {
      if (to_lower(field.first) == lower) return &field;
    }
    return nullptr;
  }

  std::string_view package_;
  std::string error_;
};

using DecodeScope = Decoder::DecodeScope;

// fmt.Sprintf("%v") of what import-values gives for child and parent.
std::string shown(const Value* value) {
  std::string out;
  render::Formatting formatting;
  render::format_value(out, value == nullptr ? Value::nil() : *value, formatting);
  return out;
}

void decode_import(const Value& item, std::vector<ImportValue>& out) {
  if (item.is_string()) {
    out.push_back({std::string(item.string()), "", true});
  } else if (item.is_map()) {
    out.push_back({shown(item.map()->find("child")), shown(item.map()->find("parent")), false});
  }
}

void decode_dependency(Decoder& decoder, const Value& value, const DecodeScope& scope, Dependency& out) {
  if (value.is_nothing()) {
    out.is_null = true;
    return;
  }
  auto text = [&](std::string& into) {
    return [&](const Value& v, const DecodeScope& s) { decoder.string(v, s, into); };
  };
  decoder.object(value, scope, decoder.type("", "Dependency"),
                 {
                     {"name", text(out.name)},
                     {"version", text(out.version)},
                     {"repository", text(out.repository)},
                     {"condition", text(out.condition)},
                     {"alias", text(out.alias)},
                     {"tags", [&](const Value& v, const DecodeScope& s) { decoder.strings(v, s, out.tags); }},
                     {"enabled", [&](const Value& v, const DecodeScope& s) { decoder.boolean(v, s, out.enabled); }},
                     {"import-values",
                      [&](const Value& v, const DecodeScope& s) {
                        decoder.list(
                            v, s, "[]interface {}",
                            [&](std::span<const Value> items) {
                              out.import_values.clear();
                              for (const Value& item : items) decode_import(item, out.import_values);
                            },
                            [&] { out.import_values.clear(); });
                      }},
                 });
}

void decode_maintainer(Decoder& decoder, const Value& value, const DecodeScope& scope, Maintainer& out) {
  if (value.is_nothing()) {
    out.is_null = true;
    return;
  }
  auto text = [&](std::string& into) {
    return [&](const Value& v, const DecodeScope& s) { decoder.string(v, s, into); };
  };
  decoder.object(value, scope, decoder.type("", "Maintainer"),
                 {{"name", text(out.name)}, {"email", text(out.email)}, {"url", text(out.url)}});
}

void decode_fields(Decoder& decoder, const Value& root, Metadata& out) {
  auto text = [&](std::string& into) {
    return [&](const Value& v, const DecodeScope& s) { decoder.string(v, s, into); };
  };
  auto strings = [&](std::vector<std::string>& into) {
    return [&](const Value& v, const DecodeScope& s) { decoder.strings(v, s, into); };
  };
  decoder.object(
      root, {}, decoder.type("", "Metadata"),
      {
          {"name", text(out.name)},
          {"home", text(out.home)},
          {"version", text(out.version)},
          {"description", text(out.description)},
          {"icon", text(out.icon)},
          {"apiVersion", text(out.api_version)},
          {"condition", text(out.condition)},
          {"tags", text(out.tags)},
          {"appVersion", text(out.app_version)},
          {"kubeVersion", text(out.kube_version)},
          {"type", text(out.type)},
          {"sources", strings(out.sources)},
          {"keywords", strings(out.keywords)},
          {"deprecated", [&](const Value& v, const DecodeScope& s) { decoder.boolean(v, s, out.deprecated); }},
          {"annotations",
           [&](const Value& v, const DecodeScope& s) {
             decoder.string_map(v, s, out.annotations);
             out.has_annotations = v.is_map();
           }},
          {"maintainers",
           [&](const Value& v, const DecodeScope& s) {
             decoder.list(
                 v, s, decoder.type("[]*", "Maintainer"),
                 [&](std::span<const Value> items) {
                   out.maintainers.assign(items.size(), {});
                   for (size_t i = 0; i < items.size(); ++i)
                     decode_maintainer(decoder, items[i], s.item(i), out.maintainers[i]);
                 },
                 [&] { out.maintainers.clear(); });
           }},
          {"dependencies",
           [&](const Value& v, const DecodeScope& s) {
             decoder.list(
                 v, s, decoder.type("[]*", "Dependency"),
                 [&](std::span<const Value> items) {
                   out.has_dependencies = true;
                   out.dependencies.assign(items.size(), {});
                   for (size_t i = 0; i < items.size(); ++i)
                     decode_dependency(decoder, items[i], s.item(i), out.dependencies[i]);
                 },
                 [&] {
                   out.has_dependencies = false;
                   out.dependencies.clear();
                 });
           }},
      });
}

// Of the top map only what stands under `keys`; without any, all.
Result<Value> read_native(render::Arena& arena, std::string_view text, std::span<const std::string_view> keys = {}) {
  auto value = keys.empty() ? render::read_yaml(arena, text, render::Numbers::kNative)
                            : render::read_yaml_keys(arena, text, render::Numbers::kNative, keys);
  if (!value) return fail(value.error().code(), "error converting YAML to JSON: ", value.error().message());
  return *value;
}

// sanitizeString: white space becomes a space, what does not print goes.
void clean(std::string& text) {
  bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 127; });
  if (plain) return;
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    render::Rune rune = render::decode_rune(rest);
    rest.remove_prefix(rune.size);
    if (render::is_space(rune.value)) {
      out += ' ';
    } else if (render::is_print(rune.value)) {
      render::append_rune(out, rune.value);
    }
  }
  text = out;
}

Error invalid(std::string_view a, std::string_view b = "", std::string_view c = "") {
  return fail(Code::kInvalid, "validation: ", a, b, c);
}

Result<void> validate_dependency(Dependency& dependency) {
  if (dependency.is_null) return invalid("dependencies must not contain empty or null nodes");
  clean(dependency.name);
  clean(dependency.version);
  clean(dependency.repository);
  clean(dependency.condition);
  for (std::string& tag : dependency.tags) clean(tag);
  bool legal = std::all_of(dependency.alias.begin(), dependency.alias.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (legal) return ok();
  return invalid("dependency ", render::quote_go(dependency.name), " has disallowed characters in the alias");
}

Result<void> validate_lists(Metadata& md) {
  for (Maintainer& maintainer : md.maintainers) {
    if (maintainer.is_null) return invalid("maintainers must not contain empty or null nodes");
    clean(maintainer.name);
    clean(maintainer.email);
    clean(maintainer.url);
  }
  std::set<std::string> names;
  for (Dependency& dependency : md.dependencies) {
    TRY_DO(validate_dependency(dependency));
    const std::string& name = dependency.alias.empty() ? dependency.name : dependency.alias;
    if (!names.insert(name).second)
      return invalid("more than one dependency with name or alias ", render::quote_go(name));
  }
  return ok();
}

}  // namespace

Result<void> decode_metadata(std::string_view text, HelmVersion helm, Metadata& metadata) {
  render::Arena arena;
  TRY(Value root, read_native(arena, text));
  Decoder decoder(helm);
  decode_fields(decoder, root, metadata);
  return decoder.done();
}

Result<void> decode_api_version(std::string_view text, std::string& out) {
  constexpr std::string_view kKeys[] = {"apiversion"};
  render::Arena arena;
  TRY(Value root, read_native(arena, text, kKeys));
  Decoder decoder(HelmVersion::k4);
  decoder.object(root, {}, "loader.chartBase",
                 {{"apiVersion", [&](const Value& v, const DecodeScope& s) { decoder.string(v, s, out); }}});
  return decoder.done();
}

Result<void> validate_metadata(Metadata& md) {
  for (std::string* text :
       {&md.name, &md.description, &md.home, &md.icon, &md.condition, &md.tags, &md.app_version, &md.kube_version}) {
    clean(*text);
  }
  for (std::string& source : md.sources) clean(source);
  for (std::string& keyword : md.keywords) clean(keyword);
  if (md.api_version.empty()) return invalid("chart.metadata.apiVersion is required");
  if (md.name.empty()) return invalid("chart.metadata.name is required");
  if (md.name == "." || md.name == "..")
    return invalid("chart.metadata.name ", render::quote_go(md.name), " is not allowed");
  if (md.name != base_name(md.name)) return invalid("chart.metadata.name ", render::quote_go(md.name), " is invalid");
  if (md.version.empty()) return invalid("chart.metadata.version is required");
  if (!render::Version::parse(md.version)) {
    return invalid("chart.metadata.version ", render::quote_go(md.version), " is invalid");
  }
  if (!md.type.empty() && md.type != "application" && md.type != "library") {
    return invalid("chart.metadata.type must be application or library");
  }
  return validate_lists(md);
}

Result<ManifestHead> decode_head(std::string_view text, HelmVersion helm) {
  constexpr std::string_view kKeys[] = {"apiversion", "kind", "metadata"};
  render::Arena arena;
  TRY(Value root, read_native(arena, text, kKeys));
  ManifestHead head;
  std::string name;
  Decoder decoder(helm);
  auto into = [&](std::string& out) {
    return [&](const Value& v, const DecodeScope& s) { decoder.string(v, s, out); };
  };
  decoder.object(
      root, {}, helm == HelmVersion::k4 ? "util.SimpleHead" : "releaseutil.SimpleHead",
      {
          {"apiVersion", into(head.api_version)},
          {"kind", into(head.kind)},
          {"metadata",
           [&](const Value& v, const DecodeScope& s) {
             decoder.object(
                 v, s,
                 "struct { Name string \"json:\\\"name\\\"\"; Annotations map[string]string \"json:\\\"annotations\\\"\" }",
                 {
                     {"name", into(name)},
                     {"annotations",
                      [&](const Value& a, const DecodeScope& t) { decoder.string_map(a, t, head.annotations); }},
                 });
           }},
      });
  TRY_DO(decoder.done());
  return head;
}

}  // namespace autonomous::helm
