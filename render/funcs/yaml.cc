// The YAML functions, as Helm has them over sigs.k8s.io/yaml.
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/yaml_value.h"

namespace autonomous::render {
namespace {

Value to_yaml(Context& cx, Value value, bool must) {
  auto text = marshal_yaml(cx.arena(), value, cx.library(), cx.most_text());
  if (!text && text.error().code() == Code::kLimit) return cx.fail_limit(text.error().message());
  if (!text) return must ? cx.fail(text.error().message()) : Value::of("");
  if (text->ends_with('\n')) text->pop_back();
  return cx.text(*text);
}

Value func_to_yaml(Context& cx, Args args) { return to_yaml(cx, args[0], false); }
Value func_must_to_yaml(Context& cx, Args args) { return to_yaml(cx, args[0], true); }

Value func_to_yaml_pretty(Context& cx, Args args) {
  auto text = write_pretty_yaml(args[0], cx.library(), cx.most_text());
  if (!text && text.error().code() == Code::kLimit) return cx.fail_limit(text.error().message());
  if (!text && text.error().message() == kNoComplex) return cx.fail(kNoComplex);
  if (!text) return Value::of("");
  if (text->ends_with('\n')) text->pop_back();
  return cx.text(*text);
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
