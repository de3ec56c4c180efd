// The YAML functions, as Helm has them over sigs.k8s.io/yaml.
#include "gitops/yaml/emit.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"

namespace autonomous::render {
namespace {

// Whether something in the value becomes YAML only through its JSON: structs, times, bytes. A value with more parts
// than `budget` does, too, and one that contains itself: writing its JSON says so.
bool needs_json(Value value, int depth, uint64_t& budget) {
  constexpr int kMaxDepth = 10'000;
  if (depth > kMaxDepth || budget-- == 0) return true;
  switch (value.store()) {
    case Store::kBytes:
    case Store::kStruct:
    case Store::kComplex: return true;
    case Store::kList:
      for (Value item : value.items()) {
        if (needs_json(item, depth + 1, budget)) return true;
      }
      return false;
    case Store::kMap:
      if (value.is_nil()) return false;
      for (const Map::Entry& entry : value.map()->entries()) {
        if (needs_json(entry.value, depth + 1, budget)) return true;
      }
      return false;
    default: return false;
  }
}

bool needs_json(Context& cx, Value value) {
  uint64_t budget = cx.most_text();  // each part of a value is a byte of its text at least
  return needs_json(value, 0, budget);
}

Result<std::string> marshal(Context& cx, Value value) {
  if (!needs_json(cx, value)) return write_yaml(value, cx.most_text());
  std::string json;
  TRY_DO(write_json(json, value, cx.library(), {.most = cx.most_text()}));
  // Its numbers are read again as YAML reads them, so that integers stay integers.
  TRY(Value read, read_yaml(cx.arena(), json, Numbers::kNative));
  return write_yaml(read, cx.most_text());
}

Value to_yaml(Context& cx, Value value, bool must) {
  auto text = marshal(cx, value);
  if (!text && text.error().code() == Code::kLimit) return cx.fail_limit(text.error().message());
  if (!text) return must ? cx.fail(text.error().message()) : Value::of("");
  if (text->ends_with('\n')) text->pop_back();
  return cx.text(*text);
}

Value func_to_yaml(Context& cx, Args args) { return to_yaml(cx, args[0], false); }
Value func_must_to_yaml(Context& cx, Args args) { return to_yaml(cx, args[0], true); }

// yaml.v3 with two spaces, without the step through JSON: numbers stay what they are. Structs do take it, as their
// fields' names are the same either way.
Value func_to_yaml_pretty(Context& cx, Args args) {
  Value value = args[0];
  if (needs_json(cx, value)) {
    std::string json;
    auto written = write_json(json, value, cx.library(), {.most = cx.most_text()});
    if (!written && written.error().code() == Code::kLimit) return cx.fail_limit(written.error().message());
    if (!written) return Value::of("");
    auto read = read_yaml(cx.arena(), json, Numbers::kNative);
    if (!read) return Value::of("");
    value = *read;
  }
  std::string out;
  yaml::Emitter emitter(out, yaml::Flavour::kV3);
  emitter.limit(cx.most_text());
  emit_value(emitter, value, yaml::Flavour::kV3);
  auto done = emitter.finish();
  if (!done && done.error().code() == Code::kLimit) return cx.fail_limit(done.error().message());
  if (!done) return Value::of("");
  if (out.ends_with('\n')) out.pop_back();
  return cx.text(out);
}

Value func_from_yaml(Context& cx, Args args) {
  auto map = read_yaml_map(cx.arena(), args[0].string());
  if (map) return Value::of(*map == nullptr ? Map::make(cx.arena()) : *map);
  Map* failed = Map::make(cx.arena(), 1);
  failed->set("Error", cx.text(map.error().message()));
  return Value::of(failed);
}

Value func_from_yaml_array(Context& cx, Args args) {
  auto failed = [&cx](std::string_view text) {
    ListBuilder list(cx.arena(), 1);
    list.add(cx.text(text));
    return list.list();
  };
  auto value = read_yaml(cx.arena(), args[0].string());
  if (!value) return failed("error converting YAML to JSON: " + value.error().message());
  if (value->is_nothing()) return Value::of(Args());
  if (value->is_list()) return *value;
  return failed("error unmarshaling JSON: while decoding JSON: json: cannot unmarshal " +
                std::string(json_kind(*value)) + " into Go value of type []interface {}");
}

constexpr Function kYaml[] = {
    {"fromYaml", params(Type::kString), func_from_yaml},
    {"fromYamlArray", params(Type::kString), func_from_yaml_array},
    {"mustToYaml", params(Type::kInterface), func_must_to_yaml},
    {"toYaml", params(Type::kInterface), func_to_yaml},
    {"toYamlPretty", params(Type::kInterface), func_to_yaml_pretty},
};

}  // namespace

Family yaml_functions() { return kYaml; }

}  // namespace autonomous::render
