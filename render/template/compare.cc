#include "render/template/compare.h"

#include <string>

#include "render/template/format.h"

namespace autonomous::render {
namespace {

bool basic(Value value) { return value.store() >= Store::kBool && value.store() <= Store::kString; }

// A Go type that == takes.
bool comparable(Value value) {
  switch (value.kind()) {
    case Kind::kMap:
    case Kind::kSlice: return false;
    case Kind::kStruct:
      for (const Field& field : value.structure()->fields) {
        if (!field.value.is_nothing() && !comparable(field.value)) return false;
      }
      return true;
    default: return true;
  }
}

Value incompatible(Context& cx, Value a, Value b) {
  return cx.fail("incompatible types for comparison: ", a.type_name(), " and ", b.type_name());
}

std::string verb(Context& cx, std::string_view format, Value value) {
  Formatting formatting{.library = &cx.library(), .most = cx.most_text()};
  std::string out;
  sprintf(out, format, Args(&value, 1), formatting);
  return out;
}

// Both of one basic store.
bool equal_basic(Value a, Value b) {
  switch (a.store()) {
    case Store::kBool:
    case Store::kInt:
    case Store::kUint: return a.integer() == b.integer();
    case Store::kFloat: return a.floating() == b.floating();
    case Store::kComplex: return a.complex() == b.complex();
    default: return a.string() == b.string();
  }
}

// Neither is basic: nil compares with anything of its kind, the rest as ==.
bool equal_others(Context& cx, Value a, Value b) {
  if (a.kind() != b.kind() && !a.is_none() && !b.is_none()) {
    cx.fail("non-comparable types ", verb(cx, "%s", a), ": ", a.type_name(), ", ", b.type_name(), ": ",
            verb(cx, "%v", b));
    return false;
  }
  auto nil = [](Value v) { return v.is_none() || (v.is_nil() && v.kind() != Kind::kStruct); };
  if (nil(a) || nil(b)) return nil(a) == nil(b);
  if (!comparable(b)) {
    cx.fail("non-comparable type ", verb(cx, "%s", b), ": ", b.type_name());
    return false;
  }
  if (a.type() != b.type()) return false;
  return b.kind() == Kind::kPointer ? a.address() == b.address() : cx.equal(a, b);
}

// After cx.failed() the answer means nothing.
bool equal(Context& cx, Value a, Value b) {
  a = a.unwrapped();
  b = b.unwrapped();
  if (basic(a) && basic(b)) {
    if (a.store() == b.store()) return equal_basic(a, b);
    if (a.is_int() && b.is_uint())
      return a.integer() >= 0 && static_cast<uint64_t>(a.integer()) == b.unsigned_integer();
    if (a.is_uint() && b.is_int())
      return b.integer() >= 0 && static_cast<uint64_t>(b.integer()) == a.unsigned_integer();
  } else if (!basic(a) && !basic(b)) {
    return equal_others(cx, a, b);
  }
  if (!a.is_none() && !b.is_none()) incompatible(cx, a, b);
  return false;
}

bool less(Context& cx, Value a, Value b) {
  a = a.unwrapped();
  b = b.unwrapped();
  if (!basic(a) || !basic(b)) {
    cx.fail("invalid type for comparison");
    return false;
  }
  if (a.store() != b.store()) {
    if (a.is_int() && b.is_uint()) return a.integer() < 0 || static_cast<uint64_t>(a.integer()) < b.unsigned_integer();
    if (a.is_uint() && b.is_int()) return b.integer() >= 0 && a.unsigned_integer() < static_cast<uint64_t>(b.integer());
    incompatible(cx, a, b);
    return false;
  }
  switch (a.store()) {
    case Store::kInt: return a.integer() < b.integer();
    case Store::kUint: return a.unsigned_integer() < b.unsigned_integer();
    case Store::kFloat: return a.floating() < b.floating();
    case Store::kString: return a.string() < b.string();
    default: cx.fail("invalid type for comparison"); return false;
  }
}

bool less_or_equal(Context& cx, Value a, Value b) {
  bool is_less = less(cx, a, b);
  return is_less || (!cx.failed() && equal(cx, a, b));
}

}  // namespace

Value builtin_eq(Context& cx, Args args) {
  if (args.size() == 1) return cx.fail("missing argument for comparison");
  for (Value other : args.subspan(1)) {
    if (equal(cx, args[0], other)) return Value::of(true);
    if (cx.failed()) return {};
  }
  return Value::of(false);
}

Value builtin_ne(Context& cx, Args args) { return Value::of(!equal(cx, args[0], args[1])); }
Value builtin_lt(Context& cx, Args args) { return Value::of(less(cx, args[0], args[1])); }
Value builtin_le(Context& cx, Args args) { return Value::of(less_or_equal(cx, args[0], args[1])); }
Value builtin_gt(Context& cx, Args args) { return Value::of(!less_or_equal(cx, args[0], args[1])); }
Value builtin_ge(Context& cx, Args args) { return Value::of(!less(cx, args[0], args[1])); }

}  // namespace autonomous::render
