// sprig's list.go. Lists are never changed: every function makes a new one or a view into the old one.
#include <algorithm>
#include <cmath>
#include <string>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

Value func_list(Context& cx, Args args) { return Value::of(std::span<const Value>(cx.arena().copy(args))); }

Value func_append(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot push on type ", items)) return {};
  ListBuilder list(cx.arena(), items.size() + 1);
  for (Value item : items) list.add(item);
  list.add(args[1]);
  return list.list();
}

Value func_prepend(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot prepend on type ", items)) return {};
  ListBuilder list(cx.arena(), items.size() + 1);
  list.add(args[1]);
  for (Value item : items) list.add(item);
  return list.list();
}

Value func_chunk(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[1], "Cannot chunk type ", items)) return {};
  int64_t size = args[0].integer();
  // Go computes the number of chunks in floats and asks for as many: fewer than none is a panic. None at all is what
  // two items in chunks of -1 come to.
  if (size <= 0) {
    const auto chunks =
        std::floor(static_cast<double>(static_cast<int64_t>(items.size()) - 1) / static_cast<double>(size)) + 1;
    if (chunks == 0) return Value::of(Args(), Type::kLists);
    if (items.size() == 1 && size < -1) size = 1;  // what is left over of one by -2 is one
    if (size <= 0) return cx.fail("runtime error: makeslice: len out of range");
  }
  ListBuilder chunks(cx.arena(), items.size() / static_cast<size_t>(size) + 1);
  for (size_t at = 0; at < items.size(); at += static_cast<size_t>(size)) {
    chunks.add(Value::of(items.subspan(at, std::min(static_cast<size_t>(size), items.size() - at))));
  }
  return chunks.list(Type::kLists);
}

Value func_first(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find first on type ", items)) return {};
  return items.empty() ? Value::nil() : items.front();
}

Value func_last(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find last on type ", items)) return {};
  return items.empty() ? Value::nil() : items.back();
}

Value func_rest(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find rest on type ", items)) return {};
  return items.empty() ? Value::typed_nil(Type::kList) : Value::of(items.subspan(1));
}

Value func_initial(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find initial on type ", items)) return {};
  return items.empty() ? Value::typed_nil(Type::kList) : Value::of(items.first(items.size() - 1));
}

Value func_sort_alpha(Context& cx, Args args) {
  Args items = to_strings(cx, args[0]);
  if (!args[0].is_list() && !args[0].is_bytes()) {
    Value only = Value::of(to_text(cx, args[0]));
    return Value::of(std::span<const Value>(cx.arena().copy(Args(&only, 1))), Type::kStrings);
  }
  std::span<Value> sorted = cx.arena().copy(items);
  std::sort(sorted.begin(), sorted.end(), [](Value a, Value b) { return a.string() < b.string(); });
  return Value::of(std::span<const Value>(sorted), Type::kStrings);
}

Value func_reverse(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find reverse on type ", items)) return {};
  std::span<Value> reversed = cx.arena().copy(items);
  std::reverse(reversed.begin(), reversed.end());
  return Value::of(std::span<const Value>(reversed));
}

Value func_compact(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot compact on type ", items)) return {};
  ListBuilder list(cx.arena(), items.size());
  for (Value item : items) {
    if (!is_empty(item)) list.add(item);
  }
  return list.list();
}

// No, too, after cx.failed().
bool in_list(Context& cx, Args list, Value value) {
  return std::any_of(list.begin(), list.end(), [&](Value one) { return !cx.failed() && cx.equal(value, one); });
}

Value func_uniq(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find uniq on type ", items)) return {};
  ListBuilder list(cx.arena(), items.size());
  for (Value item : items) {
    if (!in_list(cx, list.list().items(), item)) list.add(item);
  }
  return list.list();
}

Value func_without(Context& cx, Args args) {
  Args items;
  if (!items_of(cx, args[0], "Cannot find without on type ", items)) return {};
  ListBuilder list(cx.arena(), items.size());
  for (Value item : items) {
    if (!in_list(cx, args.subspan(1), item)) list.add(item);
  }
  return list.list();
}

Value func_has(Context& cx, Args args) {
  if (args[1].is_nothing()) return Value::of(false);
  Args items;
  if (!items_of(cx, args[1], "Cannot find has on type ", items)) return {};
  return Value::of(in_list(cx, items, args[0]));
}

Value func_slice(Context& cx, Args args) {
  Value list = args[0];
  if (list.is_nothing()) return fail_nil(cx);
  if (!list.is_list() && !list.is_bytes()) {
    return cx.fail("list should be type of slice or array but ", kind_name(list.kind()));
  }
  if (list.length() == 0) return Value::nil();
  auto size = static_cast<int64_t>(list.length());
  int64_t start = args.size() > 1 ? to_int64(args[1]) : 0;
  int64_t end = args.size() > 2 ? to_int64(args[2]) : size;
  if (start < 0 || start > end || end > size) return cx.fail("reflect.Value.Slice: slice index out of bounds");
  auto from = static_cast<size_t>(start);
  auto count = static_cast<size_t>(end - start);
  if (list.is_bytes()) return Value::of_bytes(list.bytes().substr(from, count));
  return Value::of(list.items().subspan(from, count), list.type());
}

Value func_concat(Context& cx, Args args) {
  size_t count = 0;
  for (Value list : args) count += list.length();
  ListBuilder joined(cx.arena(), count);
  for (Value list : args) {
    if (list.is_nothing()) return fail_nil(cx);
    Args items;
    if (!list.is_list() && !list.is_bytes()) {
      return cx.fail("Cannot concat type ", kind_name(list.kind()), " as list");
    }
    if (!items_of(cx, list, "", items)) return {};
    for (Value item : items) joined.add(item);
  }
  return joined.size() == 0 ? Value::typed_nil(Type::kList) : joined.list();
}

constexpr Function kLists[] = {
    {"append", params(kAny, kAny), func_append},
    {"chunk", params(Type::kInt, kAny), func_chunk},
    {"compact", params(kAny), func_compact},
    {"concat", variadic(kAny), func_concat},
    {"first", params(kAny), func_first},
    {"has", params(kAny, kAny), func_has},
    {"initial", params(kAny), func_initial},
    {"last", params(kAny), func_last},
    {"list", variadic(kAny), func_list},
    {"mustAppend", params(kAny, kAny), func_append},
    {"mustChunk", params(Type::kInt, kAny), func_chunk},
    {"mustCompact", params(kAny), func_compact},
    {"mustFirst", params(kAny), func_first},
    {"mustHas", params(kAny, kAny), func_has},
    {"mustInitial", params(kAny), func_initial},
    {"mustLast", params(kAny), func_last},
    {"mustPrepend", params(kAny, kAny), func_prepend},
    {"mustPush", params(kAny, kAny), func_append},
    {"mustRest", params(kAny), func_rest},
    {"mustReverse", params(kAny), func_reverse},
    {"mustSlice", variadic(kAny, kAny), func_slice},
    {"mustUniq", params(kAny), func_uniq},
    {"mustWithout", variadic(kAny, kAny), func_without},
    {"prepend", params(kAny, kAny), func_prepend},
    {"push", params(kAny, kAny), func_append},
    {"rest", params(kAny), func_rest},
    {"reverse", params(kAny), func_reverse},
    {"slice", variadic(kAny, kAny), func_slice},
    {"sortAlpha", params(kAny), func_sort_alpha},
    {"tuple", variadic(kAny), func_list},
    {"uniq", params(kAny), func_uniq},
    {"without", variadic(kAny, kAny), func_without},
};

}  // namespace

Family list_functions() { return kLists; }

}  // namespace autonomous::render
