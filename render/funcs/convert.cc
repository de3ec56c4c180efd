#include "render/funcs/convert.h"

#include <cmath>
#include <cstdint>

#include "render/template/format.h"
#include "render/template/literal.h"

namespace autonomous::render {
namespace {

// "1.00" → "1": cast drops a fraction of zeros.
std::string_view trim_zero_decimal(std::string_view text) {
  bool zero = false;
  for (size_t i = text.size(); i > 0; --i) {
    if (text[i - 1] == '.') {
      if (zero) return text.substr(0, i - 1);
    } else if (text[i - 1] == '0') {
      zero = true;
    } else {
      return text;
    }
  }
  return text;
}

}  // namespace

void append_value(Context& cx, std::string& out, Value value) {
  if (value.is_string()) {
    out += value.string();
    return;
  }
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  format_value(out, value, formatting);
  cx.printed(formatting);
}

std::string_view to_text(Context& cx, Value value) {
  if (value.is_string()) return value.string();
  if (value.is_bytes()) return value.bytes();
  std::string out;
  append_value(cx, out, value);
  return cx.arena().copy(out);
}

int64_t truncate_float(double value) {
  if (!(value >= -0x1p63 && value < 0x1p63)) return INT64_MIN;
  return static_cast<int64_t>(value);
}

int64_t to_int64(Value value) {
  // Types with names of their own (time.Duration) are no integers to cast; Month and Weekday are.
  switch (value.store()) {
    case Store::kBool: return value.boolean() ? 1 : 0;
    case Store::kInt: return value.type() == Type::kDuration ? 0 : value.integer();
    case Store::kUint: return static_cast<int64_t>(value.unsigned_integer());
    case Store::kFloat: return truncate_float(value.floating());
    case Store::kString: {
      auto parsed = parse_int(trim_zero_decimal(value.string()), 0);
      return parsed ? parsed.value : 0;
    }
    default: return 0;
  }
}

double to_float64(Value value) {
  switch (value.store()) {
    case Store::kBool: return value.boolean() ? 1 : 0;
    case Store::kInt: return value.type() == Type::kDuration ? 0 : static_cast<double>(value.integer());
    case Store::kUint: return static_cast<double>(value.unsigned_integer());
    case Store::kFloat: return value.floating();
    case Store::kString: {
      auto parsed = parse_float(value.string());
      return parsed ? parsed.value : 0;
    }
    default: return 0;
  }
}

Value fail_nil(Context& cx) { return cx.fail("runtime error: invalid memory address or nil pointer dereference"); }

bool items_of(Context& cx, Value list, std::string_view verb, Args& items) {
  if (list.is_nothing()) {
    fail_nil(cx);
    return false;
  }
  if (list.is_list()) {
    items = list.items();
    return true;
  }
  if (list.is_bytes()) {
    Value* to = cx.arena().array<Value>(list.length());
    for (size_t i = 0; i < list.length(); ++i) new (to + i) Value(list.at(i));
    items = Args(to, list.length());
    return true;
  }
  cx.fail(verb, kind_name(list.kind()));
  return false;
}

Args to_strings(Context& cx, Value value) {
  if (value.is_nothing()) return {};
  if (value.is_list() && element_of(value.type()) == Type::kString) return value.items();
  Args items(&value, 1);
  if (value.is_list() || value.is_bytes()) items_of(cx, value, "", items);
  Value* to = cx.arena().array<Value>(items.size());
  size_t count = 0;
  for (Value item : items) {
    if (!item.is_nothing()) new (to + count++) Value(Value::of(to_text(cx, item)));
  }
  return {to, count};
}

}  // namespace autonomous::render
