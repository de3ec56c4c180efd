// A schema's JSON → nodes: drafts, identities, anchors, references.
#include <re2/re2.h>

#include <algorithm>
#include <charconv>

#include "gitops/base/text.h"
#include "render/helm/schema_node.h"

namespace autonomous::helm {
namespace {

using Kind = SchemaValue::Kind;

constexpr std::string_view kLocation = "file:///values.schema.json";

std::string escape(std::string_view token) {
  std::string out;
  for (char c : token) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

std::string unescape(std::string_view token) {
  std::string out;
  for (size_t i = 0; i < token.size(); ++i) {
    bool escaped = token[i] == '~' && i + 1 < token.size() && (token[i + 1] == '0' || token[i + 1] == '1');
    out += escaped ? (token[++i] == '0' ? '~' : '/') : token[i];
  }
  return out;
}

std::string percent_decode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    bool hex = text[i] == '%' && i + 2 < text.size() &&
               std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr == text.data() + i + 3;
    out += hex ? static_cast<char>(value) : text[i];
    if (hex) i += 2;
  }
  return out;
}

bool has_scheme(std::string_view url) {
  size_t colon = url.find(':');
  return colon != std::string_view::npos && url.find_first_of("/?#") > colon && colon > 0;
}

// RFC 3986's resolution, as far as schemas need it. Both without fragments.
std::string join_url(const std::string& base, const std::string& reference) {
  if (reference.empty()) return base;
  if (has_scheme(reference)) return reference;
  size_t scheme = base.find("://");
  size_t path = scheme == std::string::npos ? base.find(':') + 1 : std::min(base.find('/', scheme + 3), base.size());
  if (starts_with(reference, "//")) return base.substr(0, base.find(':') + 1) + reference;
  std::string merged = reference[0] == '/'
                           ? reference
                           : base.substr(path, base.rfind('/') + 1 - std::min(path, base.rfind('/') + 1)) + reference;
  std::vector<std::string> parts;
  for (std::string_view part : split(merged, '/')) {
    if (part == "..") {
      if (parts.size() > 1) parts.pop_back();
    } else if (part != ".") {
      parts.emplace_back(part);
    }
  }
  std::string joined = join(parts, "/");
  return base.substr(0, path) + (starts_with(joined, "/") || scheme == std::string::npos ? "" : "/") + joined;
}

// 0: none of the drafts.
int draft_of(std::string_view url) {
  std::string_view name = url.substr(0, url.find('#'));
  if (url.size() > name.size() + 1) return 0;
  for (std::string_view scheme : {"http://", "https://"}) {
    if (starts_with(name, scheme)) name.remove_prefix(scheme.size());
  }
  if (name == "json-schema.org/schema" || name == "json-schema.org/draft/2020-12/schema") return 2020;
  if (name == "json-schema.org/draft/2019-09/schema") return 2019;
  if (name == "json-schema.org/draft-07/schema") return 7;
  if (name == "json-schema.org/draft-06/schema") return 6;
  return name == "json-schema.org/draft-04/schema" ? 4 : 0;
}

std::string text_at(const SchemaValue& object, std::string_view key) {
  const SchemaValue* value = object.find(key);
  return value != nullptr && value->kind == Kind::kString ? value->text : "";
}

bool true_at(const SchemaValue& object, std::string_view key) {
  const SchemaValue* value = object.find(key);
  return value != nullptr && value->kind == Kind::kTrue;
}

std::vector<std::string> texts_of(const SchemaValue& array) {
  std::vector<std::string> out;
  for (const SchemaValue& item : array.items) {
    if (item.kind == Kind::kString) out.push_back(item.text);
  }
  return out;
}

}  // namespace

class SchemaCompiler {
 public:
  SchemaCompiler(Schema& schema, bool is_meta) : schema_(schema), is_meta_(is_meta) {}

  Result<void> run() {
    TRY_DO(collect(schema_.document_, "", std::string(kLocation), 2020));
    TRY_DO(check_against_metaschema(schema_.document_, ""));
    schema_.root_ = node("");
    for (auto& [pointer, resource] : schema_.resources_) {
      for (const std::string& name : resource.dynamic_anchor_names)
        resource.dynamic_anchors[name] = node(resource.anchors[name]);
    }
    // New nodes are appended while older ones are compiled.
    for (size_t i = 0; i < schema_.nodes_.size(); ++i) TRY_DO(compile(schema_.nodes_[i]));
    for (auto& [pointer, resource] : schema_.resources_) resource.node = node(pointer);
    return ok();
  }

 private:
  using Resource = SchemaNode::Resource;

  // ---- identities and anchors ----

  // Values under these keys are schemas, or hold some, from that draft on (draft.go's subschemas).
  struct Holder {
    std::string_view key;
    int draft;
  };
  static bool is_among(std::initializer_list<Holder> holders, std::string_view key, int draft) {
    return std::any_of(holders.begin(), holders.end(),
                       [&](const Holder& one) { return one.key == key && draft >= one.draft; });
  }
  static bool holds_schema(std::string_view key, int draft) {
    return is_among({{"not", 4},
                     {"additionalProperties", 4},
                     {"items", 4},
                     {"additionalItems", 4},
                     {"propertyNames", 6},
                     {"contains", 6},
                     {"if", 7},
                     {"then", 7},
                     {"else", 7},
                     {"unevaluatedProperties", 2019},
                     {"unevaluatedItems", 2019},
                     {"contentSchema", 2019}},
                    key, draft);
  }
  static bool holds_schemas_by_name(std::string_view key, int draft) {
    return is_among({{"definitions", 4},
                     {"properties", 4},
                     {"patternProperties", 4},
                     {"dependencies", 4},
                     {"$defs", 2019},
                     {"dependentSchemas", 2019}},
                    key, draft);
  }
  static bool holds_schemas_in_a_list(std::string_view key, int draft) {
    return is_among({{"allOf", 4}, {"anyOf", 4}, {"oneOf", 4}, {"items", 4}, {"prefixItems", 2020}}, key, draft);
  }

  // What is a schema by its place was seen by collect(); what only a reference makes one is judged by itself.
  Result<void> check_against_metaschema(const SchemaValue& value, const std::string& pointer) {
    if (is_meta_) return ok();
    bool too_deep = false;
    int draft = resource_of(pointer).draft;
    std::string problems = problems_of(metaschema(draft), value, too_deep);
    if (too_deep) return fail(Code::kLimit, "the schema is nested too deep");
    if (problems.empty()) return ok();
    return fail(Code::kInvalid, "\"", kLocation, "#", location_of(pointer),
                "\" is not valid against metaschema: jsonschema validation failed with ",
                quote_for_schema(metaschema_url(draft)), "\n", problems);
  }

  Result<void> collect(const SchemaValue& value, const std::string& pointer, std::string base, int draft) {
    if (!collected_.insert(pointer).second) return ok();
    if (value.kind != Kind::kObject) {
      if (pointer.empty()) add_resource(pointer, base, draft);
      return ok();
    }
    std::string written = text_at(value, "$schema");
    bool own_id = !text_at(value, draft == 4 ? "id" : "$id").empty();
    if (!written.empty() && (pointer.empty() || own_id)) {
      int named = draft_of(written);
      if (named == 0) return refuse_load(written);
      draft = named;
    }
    bool only_ref = draft < 2019 && value.find("$ref") != nullptr;
    std::string id = only_ref ? "" : text_at(value, draft == 4 ? "id" : "$id");
    std::string fragment = id.find('#') == std::string::npos ? "" : id.substr(id.find('#') + 1);
    id = id.substr(0, id.find('#'));
    if (!id.empty()) base = join_url(base, id);
    if (!id.empty() || pointer.empty()) add_resource(pointer, base, draft);
    Resource& resource = *by_id(base);
    if (!only_ref) {
      if (draft < 2019 && !fragment.empty() && fragment[0] != '/') resource.anchors[fragment] = pointer;
      std::string anchor = draft >= 2019 ? text_at(value, "$anchor") : "";
      std::string dynamic = draft >= 2020 ? text_at(value, "$dynamicAnchor") : "";
      if (!anchor.empty()) resource.anchors[anchor] = pointer;
      if (!dynamic.empty()) {
        resource.anchors[dynamic] = pointer;
        resource.dynamic_anchor_names.insert(dynamic);
      }
    }
    for (const SchemaValue::Member& member : value.members) {
      std::string below = pointer + "/" + escape(member.key);
      if (holds_schema(member.key, draft)) TRY_DO(collect(member.value, below, base, draft));
      if (holds_schemas_in_a_list(member.key, draft)) {
        for (size_t i = 0; i < member.value.items.size(); ++i) {
          TRY_DO(collect(member.value.items[i], below + "/" + std::to_string(i), base, draft));
        }
      }
      if (!holds_schemas_by_name(member.key, draft)) continue;
      for (const SchemaValue::Member& inner : member.value.members) {
        TRY_DO(collect(inner.value, below + "/" + escape(inner.key), base, draft));
      }
    }
    return ok();
  }

  void add_resource(const std::string& pointer, const std::string& id, int draft) {
    if (by_id(id) != nullptr) return;
    Resource& resource = schema_.resources_[pointer];
    resource.pointer = pointer;
    resource.id = id;
    resource.draft = draft;
    resource.asserts_format = draft < 2019 || is_meta_;
  }

  Resource* by_id(const std::string& id) {
    for (auto& [pointer, resource] : schema_.resources_) {
      if (resource.id == id) return &resource;
    }
    return nullptr;
  }

  const Resource& resource_of(std::string pointer) {
    for (;;) {
      auto found = schema_.resources_.find(pointer);
      if (found != schema_.resources_.end()) return found->second;
      size_t slash = pointer.rfind('/');
      if (slash == std::string::npos) return schema_.resources_.at("");
      pointer.resize(slash);
    }
  }

  static Error refuse_load(const std::string& url) {
    return fail(Code::kInvalid, "failing loading \"", url, "\": a schema may only refer to what it holds itself");
  }

  // ---- nodes ----

  const SchemaNode* node(const std::string& pointer) {
    auto [found, fresh] = by_pointer_.emplace(pointer, nullptr);
    if (fresh) {
      schema_.nodes_.emplace_back().pointer = pointer;
      found->second = &schema_.nodes_.back();
    }
    return found->second;
  }

  const SchemaValue* look_up(std::string_view pointer) const {
    const SchemaValue* at = &schema_.document_;
    if (pointer.empty()) return at;
    for (std::string_view token : split(pointer.substr(1), '/')) {
      if (at->kind == Kind::kObject) {
        at = at->find(unescape(token));
      } else if (at->kind == Kind::kArray) {
        size_t index = at->items.size();
        std::from_chars(token.data(), token.data() + token.size(), index);
        at = index < at->items.size() ? &at->items[index] : nullptr;
      } else {
        at = nullptr;
      }
      if (at == nullptr) return nullptr;
    }
    return at;
  }

  Result<void> compile(SchemaNode& out) {
    const SchemaValue* value = look_up(out.pointer);
    if (value == nullptr) {
      return fail(Code::kInvalid, "json-pointer in \"", kLocation, "#", out.pointer, "\" not found");
    }
    if (!collected_.contains(out.pointer)) {
      const Resource& around = resource_of(out.pointer);
      TRY_DO(collect(*value, out.pointer, around.id, around.draft));
      TRY_DO(check_against_metaschema(*value, out.pointer));
    }
    const Resource& resource = resource_of(out.pointer);
    out.resource = &resource;
    out.draft = resource.draft;
    if (value->is_bool()) out.boolean = value->kind == Kind::kTrue;
    if (value->kind != Kind::kObject) return ok();
    if (value->members.empty()) {
      out.boolean = true;
      return ok();
    }
    TRY(out.ref, reference(*value, "$ref", resource));
    // All else is ignored beside it, but jsonschema/v6 still sees const.
    if (out.ref != nullptr && out.draft < 2019) {
      if (out.draft > 4) out.constant = value->find("const");
      return ok();
    }
    TRY_DO(applicators(*value, out));
    TRY_DO(assertions(*value, out));
    TRY_DO(later_drafts(*value, out, resource));
    out.all_properties_evaluated = out.additional_properties != nullptr || out.additional_properties_flag.has_value();
    out.all_items_evaluated =
        out.items != nullptr || out.additional_items != nullptr || out.additional_items_flag.has_value();
    return ok();
  }

  Result<const SchemaNode*> reference(const SchemaValue& value, const char* key, const Resource& from) {
    const SchemaValue* written = value.find(key);
    if (written == nullptr || written->kind != Kind::kString) return static_cast<const SchemaNode*>(nullptr);
    size_t hash = written->text.find('#');
    std::string url = join_url(from.id, written->text.substr(0, hash));
    std::string fragment = hash == std::string::npos ? "" : percent_decode(written->text.substr(hash + 1));
    const Resource* to = url == kLocation ? &schema_.resources_.at("") : by_id(url);
    if (to == nullptr) return refuse_load(url);
    if (fragment.empty() || fragment[0] == '/') return node(to->pointer + fragment);
    auto anchor = to->anchors.find(fragment);
    if (anchor != to->anchors.end()) return node(anchor->second);
    return fail(Code::kInvalid, "anchor in \"", to->id, "#", fragment, "\" not found in schema \"", kLocation, "\"");
  }

  const SchemaNode* child(const SchemaValue& value, const SchemaNode& out, const char* key) {
    return value.find(key) == nullptr ? nullptr : node(out.pointer + "/" + escape(key));
  }

  std::vector<const SchemaNode*> children(const SchemaValue& value, const SchemaNode& out, const char* key) {
    std::vector<const SchemaNode*> nodes;
    const SchemaValue* array = value.find(key);
    if (array == nullptr || array->kind != Kind::kArray) return nodes;
    for (size_t i = 0; i < array->items.size(); ++i) {
      nodes.push_back(node(out.pointer + "/" + escape(key) + "/" + std::to_string(i)));
    }
    return nodes;
  }

  template <typename Put>
  void each(const SchemaValue& value, const SchemaNode& out, const char* key, Put put) {
    const SchemaValue* object = value.find(key);
    if (object == nullptr || object->kind != Kind::kObject) return;
    for (const SchemaValue::Member& member : object->members) {
      put(member, out.pointer + "/" + escape(key) + "/" + escape(member.key));
    }
  }

  Result<void> applicators(const SchemaValue& value, SchemaNode& out) {
    out.all_of = children(value, out, "allOf");
    out.any_of = children(value, out, "anyOf");
    out.one_of = children(value, out, "oneOf");
    out.negated = child(value, out, "not");
    const SchemaValue* items = value.find("items");
    if (out.draft < 2020 && items != nullptr && items->kind == Kind::kArray) {
      out.prefix_items = children(value, out, "items");
      flag_or_node(value, out, "additionalItems", out.additional_items_flag, out.additional_items);
    } else {
      out.items = child(value, out, "items");
    }
    if (out.draft >= 2020) out.prefix_items = children(value, out, "prefixItems");
    each(value, out, "properties",
         [&](const auto& member, const std::string& at) { out.properties[member.key] = node(at); });
    std::optional<Error> bad;
    each(value, out, "patternProperties", [&](const auto& member, const std::string& at) {
      auto pattern = compile_pattern(member.key);
      if (!pattern) {
        bad = bad_pattern(member.key, out.pointer + "/patternProperties", pattern.error());
        return;
      }
      out.pattern_properties.emplace_back(*std::move(pattern), node(at));
    });
    if (bad) return *std::move(bad);
    flag_or_node(value, out, "additionalProperties", out.additional_properties_flag, out.additional_properties);
    each(value, out, "dependencies", [&](const auto& member, const std::string& at) {
      if (member.value.kind == Kind::kArray) {
        out.dependencies[member.key] = texts_of(member.value);
      } else {
        out.schema_dependencies[member.key] = node(at);
      }
    });
    return ok();
  }

  void flag_or_node(const SchemaValue& value, const SchemaNode& out, const char* key, std::optional<bool>& flag,
                    const SchemaNode*& to) {
    const SchemaValue* found = value.find(key);
    if (found == nullptr) return;
    if (found->is_bool()) {
      flag = found->kind == Kind::kTrue;
    } else {
      to = child(value, out, key);
    }
  }

  static Error bad_pattern(const std::string& pattern, const std::string& pointer, const Error& why) {
    return fail(Code::kInvalid, "invalid regex \"", pattern, "\" at \"", kLocation, "#", pointer,
                "\": ", why.message());
  }

  static std::optional<Decimal> number_at(const SchemaValue& value, const char* key) {
    const SchemaValue* found = value.find(key);
    if (found == nullptr || found->kind != Kind::kNumber) return std::nullopt;
    Decimal number = Decimal::parse(found->text);
    return number.valid ? std::optional(number) : std::nullopt;
  }

  static std::optional<int64_t> integer_at(const SchemaValue& value, const char* key) {
    auto number = number_at(value, key);
    if (!number || !number->is_integer()) return std::nullopt;
    return static_cast<int64_t>(number->value());
  }

  // Draft 4's exclusiveMaximum is a flag that changes what maximum means.
  static void bound(const SchemaValue& value, const char* key, const char* exclusive_key,
                    std::optional<Decimal>& inclusive, std::optional<Decimal>& exclusive) {
    inclusive = number_at(value, key);
    if (true_at(value, exclusive_key)) {
      exclusive = std::exchange(inclusive, std::nullopt);
    } else {
      exclusive = number_at(value, exclusive_key);
    }
  }

  Result<void> assertions(const SchemaValue& value, SchemaNode& out) {
    if (const SchemaValue* type = value.find("type")) {
      std::vector<std::string> names =
          type->kind == Kind::kString ? std::vector<std::string>{type->text} : texts_of(*type);
      // Messages list them in this order, whatever order the schema has.
      for (const char* name : {"null", "boolean", "number", "integer", "string", "array", "object"}) {
        if (std::find(names.begin(), names.end(), name) != names.end()) out.types.emplace_back(name);
      }
    }
    if (const SchemaValue* choices = value.find("enum"); choices != nullptr && choices->kind == Kind::kArray)
      out.choices = choices;
    out.multiple_of = number_at(value, "multipleOf");
    bound(value, "maximum", "exclusiveMaximum", out.maximum, out.exclusive_maximum);
    bound(value, "minimum", "exclusiveMinimum", out.minimum, out.exclusive_minimum);
    out.min_length = integer_at(value, "minLength");
    out.max_length = integer_at(value, "maxLength");
    out.min_items = integer_at(value, "minItems");
    out.max_items = integer_at(value, "maxItems");
    out.min_properties = integer_at(value, "minProperties");
    out.max_properties = integer_at(value, "maxProperties");
    out.unique_items = true_at(value, "uniqueItems");
    if (const SchemaValue* required = value.find("required"); required != nullptr) out.required = texts_of(*required);
    if (const SchemaValue* pattern = value.find("pattern"); pattern != nullptr && pattern->kind == Kind::kString) {
      auto compiled = compile_pattern(pattern->text);
      if (!compiled) return bad_pattern(pattern->text, out.pointer + "/pattern", compiled.error());
      out.pattern = *std::move(compiled);
    }
    if (out.resource->asserts_format) out.format = text_at(value, "format");
    return ok();
  }

  Result<void> later_drafts(const SchemaValue& value, SchemaNode& out, const Resource& resource) {
    if (out.draft < 6) return ok();
    out.contains = child(value, out, "contains");
    out.property_names = child(value, out, "propertyNames");
    out.constant = value.find("const");
    if (out.draft < 7) return ok();
    out.condition = child(value, out, "if");
    if (out.condition != nullptr) {
      const SchemaValue& condition = *value.find("if");
      if (condition.kind != Kind::kFalse) out.then_node = child(value, out, "then");
      if (condition.kind != Kind::kTrue) out.else_node = child(value, out, "else");
    }
    if (out.draft < 2019) return ok();
    TRY(out.recursive_ref, reference(value, "$recursiveRef", resource));
    out.recursive_anchor = true_at(value, "$recursiveAnchor");
    if (out.contains != nullptr) {
      out.min_contains = integer_at(value, "minContains");
      out.max_contains = integer_at(value, "maxContains");
    }
    each(value, out, "dependentRequired",
         [&](const auto& member, const std::string&) { out.dependent_required[member.key] = texts_of(member.value); });
    each(value, out, "dependentSchemas",
         [&](const auto& member, const std::string& at) { out.dependent_schemas[member.key] = node(at); });
    out.unevaluated_items = child(value, out, "unevaluatedItems");
    out.unevaluated_properties = child(value, out, "unevaluatedProperties");
    if (out.draft < 2020) return ok();
    TRY(out.dynamic_ref, reference(value, "$dynamicRef", resource));
    std::string written = text_at(value, "$dynamicRef");
    size_t hash = written.find('#');
    if (hash != std::string::npos && written.find('/', hash) == std::string::npos)
      out.dynamic_ref_anchor = written.substr(hash + 1);
    out.dynamic_anchor = text_at(value, "$dynamicAnchor");
    return ok();
  }

  Schema& schema_;
  bool is_meta_;
  std::set<std::string> collected_;  // pointers
  std::map<std::string, const SchemaNode*> by_pointer_;
};

Result<std::unique_ptr<Schema>> Schema::compile(std::string_view text) {
  auto schema = std::make_unique<Schema>();
  TRY(schema->document_, parse_schema_json(text));
  TRY_DO(SchemaCompiler(*schema, false).run());
  return schema;
}

Result<std::unique_ptr<Schema>> Schema::compile_meta(std::string_view text) {
  auto schema = std::make_unique<Schema>();
  TRY(schema->document_, parse_schema_json(text));
  TRY_DO(SchemaCompiler(*schema, true).run());
  return schema;
}

}  // namespace autonomous::helm
