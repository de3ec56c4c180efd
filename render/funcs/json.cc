// The JSON functions: Helm's where it has its own (errors are swallowed or become .Error), sprig's for the rest.
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/json_text.h"
#include "render/funcs/yaml_value.h"

namespace autonomous::render {
namespace {

Value to_json(Context& cx, Value value, JsonStyle style, bool must) {
  style.most = cx.most_text();
  std::string out;
  auto written = write_json(out, value, cx.library(), style);
  if (written) return cx.text(out);
  if (written.error().code() == Code::kLimit) return cx.fail_limit(written.error().message());
  return must ? cx.fail(written.error().message()) : Value::of("");
}

Value func_to_json(Context& cx, Args args) { return to_json(cx, args[0], {}, false); }
Value func_must_to_json(Context& cx, Args args) { return to_json(cx, args[0], {}, true); }
Value func_to_pretty_json(Context& cx, Args args) { return to_json(cx, args[0], {.indent = "  "}, false); }
Value func_must_to_pretty_json(Context& cx, Args args) { return to_json(cx, args[0], {.indent = "  "}, true); }
Value func_to_raw_json(Context& cx, Args args) { return to_json(cx, args[0], {.escape_html = false}, true); }

Value error_map(Context& cx, std::string_view text) {
  Map* map = Map::make(cx.arena(), 1);
  map->set("Error", cx.text(text));
  return Value::of(map);
}

Value error_list(Context& cx, std::string_view text) {
  ListBuilder list(cx.arena(), 1);
  list.add(cx.text(text));
  return list.list();
}

std::string wrong_type(Value value, std::string_view wanted) {
  return "json: cannot unmarshal " + std::string(json_kind(value)) + " into Go value of type " + std::string(wanted);
}

Value func_from_json(Context& cx, Args args) {
  JsonRead read = read_json(cx.arena(), args[0].string());
  if (read.syntax) return error_map(cx, read.error);
  if (read.value.is_nothing() && read.error.empty()) return Value::typed_nil(Type::kMap);
  if (!read.value.is_map()) return error_map(cx, wrong_type(read.value, "map[string]interface {}"));
  if (!read.error.empty()) read.value.map()->set("Error", cx.text(read.error));
  return read.value;
}

Value func_from_json_array(Context& cx, Args args) {
  JsonRead read = read_json(cx.arena(), args[0].string());
  if (read.syntax) return error_list(cx, read.error);
  if (read.value.is_nothing() && read.error.empty()) return Value::typed_nil(Type::kList);
  if (!read.value.is_list()) return error_list(cx, wrong_type(read.value, "[]interface {}"));
  return read.error.empty() ? read.value : error_list(cx, read.error);
}

Value func_must_from_json(Context& cx, Args args) {
  JsonRead read = read_json(cx.arena(), args[0].string());
  return read.error.empty() ? read.value : cx.fail(read.error);
}

constexpr Function kJson[] = {
    {"fromJson", params(Type::kString), func_from_json},
    {"fromJsonArray", params(Type::kString), func_from_json_array},
    {"mustFromJson", params(Type::kString), func_must_from_json},
    {"mustToJson", params(kAny), func_must_to_json},
    {"mustToPrettyJson", params(kAny), func_must_to_pretty_json},
    {"mustToRawJson", params(kAny), func_to_raw_json},
    {"toJson", params(kAny), func_to_json},
    {"toPrettyJson", params(kAny), func_to_pretty_json},
    {"toRawJson", params(kAny), func_to_raw_json},
};

}  // namespace

Family json_functions() { return kJson; }

}  // namespace autonomous::render
