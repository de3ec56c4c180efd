#include "render/template/builtins.h"

#include <string>

#include "render/template/compare.h"
#include "render/template/printer.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

Value formatted(Context& cx, const std::string& out, const Formatting& formatting) {
  return cx.printed(formatting) ? cx.text(out) : Value();
}

Value builtin_print(Context& cx, Args args) {
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  std::string out;
  sprint(out, args, formatting);
  return formatted(cx, out, formatting);
}

Value builtin_println(Context& cx, Args args) {
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  std::string out;
  sprintln(out, args, formatting);
  return formatted(cx, out, formatting);
}

Value builtin_printf(Context& cx, Args args) {
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  std::string out;
  sprintf(out, args[0].string(), args.subspan(1), formatting);
  return formatted(cx, out, formatting);
}

// The text of all arguments together, as the escapers take it.
std::string all_text(Context& cx, Args args) {
  if (args.size() == 1 && args[0].is_string()) return std::string(args[0].string());
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  std::string out;
  Value* shown = cx.arena().array<Value>(args.size());
  for (size_t i = 0; i < args.size(); ++i) new (shown + i) Value(printable(args[i], formatting));
  sprint(out, Args(shown, args.size()), formatting);
  return out;
}

Value builtin_html(Context& cx, Args args) {
  std::string out;
  for (char c : all_text(cx, args)) {
    switch (c) {
      case '\0': out += "\xEF\xBF\xBD"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return cx.text(out);
}

void append_upper_hex(std::string& out, char32_t value, int digits) {
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789ABCDEF"[value >> shift & 15];
}

int hex_size(char32_t rune) { return rune > 0xFFFFF ? 6 : rune > 0xFFFF ? 5 : 4; }

Value builtin_js(Context& cx, Args args) {
  std::string text = all_text(cx, args);
  std::string out;
  for (std::string_view rest = text; !rest.empty();) {
    Rune rune = decode_rune(rest);
    std::string_view here = rest.substr(0, rune.size);
    rest.remove_prefix(rune.size);
    switch (rune.value) {
      case '\\': out += "\\\\"; continue;
      case '\'': out += "\\'"; continue;
      case '"': out += "\\\""; continue;
      case '<': out += "\\u003C"; continue;
      case '>': out += "\\u003E"; continue;
      case '&': out += "\\u0026"; continue;
      case '=': out += "\\u003D"; continue;
      default: break;
    }
    if (rune.value < ' ') {
      out += "\\u00";
      append_upper_hex(out, rune.value, 2);
    } else if (rune.value < 0x80 || is_print(rune.value)) {
      out += here;
    } else {
      out += "\\u";
      append_upper_hex(out, rune.value, hex_size(rune.value));
    }
  }
  return cx.text(out);
}

Value builtin_urlquery(Context& cx, Args args) {
  std::string out;
  for (char c : all_text(cx, args)) {
    bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
                 c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += '%';
      append_upper_hex(out, static_cast<uint8_t>(c), 2);
    }
  }
  return cx.text(out);
}

Value builtin_not(Context&, Args args) { return Value::of(!is_true(args[0])); }

Value builtin_len(Context& cx, Args args) {
  Value item = args[0];
  if (item.is_none()) return cx.fail("reflect: call of reflect.Value.Type on zero Value");
  if (item.is_nil_interface() || (item.kind() == Kind::kPointer && item.is_nil())) return cx.fail("len of nil pointer");
  switch (item.store()) {
    case Store::kString:
    case Store::kBytes:
    case Store::kList:
    case Store::kMap: return Value::of_int(static_cast<int64_t>(item.length()));
    default: break;
  }
  Type type = item.kind() == Kind::kPointer ? element_of(item.type()) : item.type();
  return cx.fail("len of type ", type_name(type));
}

// An index into `size` items; false after cx.fail().
bool index_of(Context& cx, Value index, size_t size, size_t& result) {
  index = index.unwrapped();
  if (index.is_none()) {
    cx.fail("cannot index slice/array with nil");
    return false;
  }
  if (!index.is_int() && !index.is_uint()) {
    cx.fail("cannot index slice/array with type ", index.type_name());
    return false;
  }
  int64_t at = index.integer();
  if (at < 0 || static_cast<uint64_t>(at) > size) {
    cx.fail("index out of range: ", std::to_string(at));
    return false;
  }
  result = static_cast<size_t>(at);
  return true;
}

Value index_map(Context& cx, Value map, Value index) {
  index = index.unwrapped();
  if (index.is_none()) return cx.fail("value is nil; should be of type string");
  if (!index.is_string()) return cx.fail("value has type ", index.type_name(), "; should be string");
  Type element = element_of(map.type());
  const Value* found = map.is_nil() ? nullptr : map.map()->find(index.string());
  if (found == nullptr) return Value::zero(element);
  return element == Type::kInterface ? found->wrapped() : *found;
}

Value index_items(Context& cx, Value list, Value index) {
  size_t at = 0;
  if (!index_of(cx, index, list.length(), at)) return {};
  // Go lets the length itself through its check and then panics.
  if (at == list.length()) {
    return cx.fail(list.is_string() ? "reflect: string index out of range" : "reflect: slice index out of range");
  }
  return list.at(at);
}

Value builtin_index(Context& cx, Args args) {
  Value item = args[0].unwrapped();
  if (item.is_none()) return cx.fail("index of untyped nil");
  for (Value index : args.subspan(1)) {
    if (item.is_nil_interface() || (item.kind() == Kind::kPointer && item.is_nil()))
      return cx.fail("index of nil pointer");
    item = item.unwrapped();
    switch (item.store()) {
      case Store::kString:
      case Store::kBytes:
      case Store::kList: item = index_items(cx, item, index); break;
      case Store::kMap: item = index_map(cx, item, index); break;
      default: {
        Type type = item.kind() == Kind::kPointer ? element_of(item.type()) : item.type();
        return cx.fail("can't index item of type ", type_name(type));
      }
    }
    if (cx.failed()) return {};
  }
  return item;
}

Value builtin_slice(Context& cx, Args args) {
  Value item = args[0].unwrapped();
  if (item.is_none()) return cx.fail("slice of untyped nil");
  Args indexes = args.subspan(1);
  if (indexes.size() > 3) return cx.fail("too many slice indexes: ", std::to_string(indexes.size()));
  if (!item.is_string() && !item.is_list() && !item.is_bytes())
    return cx.fail("can't slice item of type ", item.type_name());
  if (item.is_string() && indexes.size() == 3) return cx.fail("cannot 3-index slice a string");
  size_t at[3] = {0, item.length(), item.length()};
  for (size_t i = 0; i < indexes.size(); ++i) {
    if (!index_of(cx, indexes[i], item.length(), at[i])) return {};
  }
  for (size_t i = 0; i < 2; ++i) {
    if (at[i] > at[i + 1]) {
      return cx.fail("invalid slice index: ", std::to_string(at[i]), " > ", std::to_string(at[i + 1]));
    }
  }
  size_t size = at[1] - at[0];
  if (item.is_string()) return Value::of(item.string().substr(at[0], size));
  if (item.is_bytes()) return Value::of_bytes(item.bytes().substr(at[0], size));
  return Value::of(item.items().subspan(at[0], size), item.type());
}

constexpr Function kBuiltins[] = {
    {"and", variadic(Type::kReflect, Type::kReflect), nullptr},
    {"call", variadic(Type::kReflect, Type::kReflect), nullptr},
    {"eq", variadic(Type::kReflect, Type::kReflect), builtin_eq},
    {"ge", params(Type::kReflect, Type::kReflect), builtin_ge},
    {"gt", params(Type::kReflect, Type::kReflect), builtin_gt},
    {"html", variadic(Type::kInterface), builtin_html},
    {"index", variadic(Type::kReflect, Type::kReflect), builtin_index},
    {"js", variadic(Type::kInterface), builtin_js},
    {"le", params(Type::kReflect, Type::kReflect), builtin_le},
    {"len", params(Type::kReflect), builtin_len},
    {"lt", params(Type::kReflect, Type::kReflect), builtin_lt},
    {"ne", params(Type::kReflect, Type::kReflect), builtin_ne},
    {"not", params(Type::kReflect), builtin_not},
    {"or", variadic(Type::kReflect, Type::kReflect), nullptr},
    {"print", variadic(Type::kInterface), builtin_print},
    {"printf", variadic(Type::kString, Type::kInterface), builtin_printf},
    {"println", variadic(Type::kInterface), builtin_println},
    {"slice", variadic(Type::kReflect, Type::kReflect), builtin_slice},
    {"urlquery", variadic(Type::kInterface), builtin_urlquery},
};

}  // namespace

Family builtins() { return kBuiltins; }

}  // namespace autonomous::render
