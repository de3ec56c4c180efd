// The conversions that sprig's functions share: sprig's strval and strslice, spf13/cast's numbers. Free functions.
#pragma once

#include <string>
#include <string_view>

#include "render/template/function.h"

namespace autonomous::render {

// Short names for the tables' parameters.
inline constexpr Type kAny = Type::kInterface;
inline constexpr Type kText = Type::kString;

// strval: strings and bytes as they are, what has a String() by it, the rest as %v. In the arena or the value's own.
std::string_view to_text(Context& cx, Value value);
// fmt.Sprint-like %v of one value, appended.
void append_value(Context& cx, std::string& out, Value value);

// cast.ToInt64 and ToFloat64: 0 for what does not convert.
int64_t to_int64(Value value);
double to_float64(Value value);
// Go's conversion of a float64 on amd64: what does not fit is the smallest integer.
int64_t truncate_float(double value);

// sprig's empty().
inline bool is_empty(Value value) { return !is_true(value) && !(value.is_struct() && value.kind() == Kind::kStruct); }

// A value made of what Go code passes as interface {}: no value becomes nil, marks are dropped.
inline Value plain(Value value) { return value.is_nothing() ? Value::nil() : value.unwrapped().without_address(); }

// A list with each of its elements as interface {}; false after cx.fail() when it is none. `verb` is what could not be
// done: "Cannot {push on} type string".
bool items_of(Context& cx, Value list, std::string_view verb, Args& items);
// strslice: a []string of anything.
Args to_strings(Context& cx, Value value);

// "runtime error: invalid memory address or nil pointer dereference"
Value fail_nil(Context& cx);

}  // namespace autonomous::render
