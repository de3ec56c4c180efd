// sprig's dict.go. Maps are changed in place, as Go's are: `set` and `merge` work on what they are given.
#include <algorithm>
#include <string>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"

namespace autonomous::render {
namespace {

std::span<const Map::Entry> entries_of(Value map) {
  return map.is_nil() ? std::span<const Map::Entry>() : map.map()->entries();
}
const Value* find(Value map, std::string_view key) { return map.is_nil() ? nullptr : map.map()->find(key); }

Value func_dict(Context& cx, Args args) {
  Map* map = Map::make(cx.arena(), (args.size() + 1) / 2);
  for (size_t i = 0; i < args.size(); i += 2) {
    map->set(to_text(cx, args[i]), i + 1 < args.size() ? args[i + 1] : Value::of(""));
  }
  return Value::of(map);
}

Value func_get(Context&, Args args) {
  const Value* found = find(args[0], args[1].string());
  return found == nullptr ? Value::of("") : *found;
}

Value func_set(Context& cx, Args args) {
  if (args[0].is_nil()) return cx.fail("assignment to entry in nil map");
  args[0].map()->set(args[1].string(), args[2]);
  return args[0];
}

Value func_unset(Context&, Args args) {
  if (!args[0].is_nil()) args[0].map()->erase(args[1].string());
  return args[0];
}

Value func_has_key(Context&, Args args) { return Value::of(find(args[0], args[1].string()) != nullptr); }

Value func_pluck(Context& cx, Args args) {
  ListBuilder list(cx.arena(), args.size());
  for (Value map : args.subspan(1)) {
    if (const Value* found = find(map, args[0].string())) list.add(*found);
  }
  return list.list();
}

Value func_keys(Context& cx, Args args) {
  ListBuilder list(cx.arena(), 8);
  for (Value map : args) {
    for (const Map::Entry& entry : entries_of(map)) list.add(Value::of(entry.key.text()));
  }
  return list.list(Type::kStrings);
}

Value func_values(Context& cx, Args args) {
  ListBuilder list(cx.arena(), 8);
  for (const Map::Entry& entry : entries_of(args[0])) list.add(entry.value);
  return list.list();
}

Value func_pick(Context& cx, Args args) {
  Map* map = Map::make(cx.arena(), args.size());
  for (Value key : args.subspan(1)) {
    if (const Value* found = find(args[0], key.string())) map->set(key.string(), *found);
  }
  return Value::of(map);
}

Value func_omit(Context& cx, Args args) {
  Map* map = Map::make(cx.arena(), args[0].length());
  Args keys = args.subspan(1);
  for (const Map::Entry& entry : entries_of(args[0])) {
    auto same = [&entry](Value key) { return key.string() == entry.key.text(); };
    if (std::none_of(keys.begin(), keys.end(), same)) map->append(entry.key, entry.value);
  }
  return Value::of(map);
}

// mergo's notion of emptiness: of what is in an interface, structs never.
bool merge_empty(Value value) { return value.is_nothing() || (value.is_struct() ? value.is_nil() : !is_true(value)); }

bool merge_maps(Context& cx, Map* into, Map* from, bool overwrite, int depth);

// A list replaces the old one when overwriting or when the whole map was empty; else an empty one is put in place of
// nothing, which the caller's last rule then replaces as well.
void merge_list(Map* into, const Map::Entry& entry, bool overwrite) {
  const Value* old = into->find(entry.key);
  if (overwrite || into->empty()) {
    into->set(entry.key, entry.value);
  } else if (old == nullptr || old->is_nothing()) {
    into->set(entry.key, Value::of(std::span<const Value>(), entry.value.type()));
  }
}

bool merge_entry(Context& cx, Map* into, const Map::Entry& entry, bool overwrite, int depth) {
  Value from = entry.value;
  if (from.is_nothing()) {
    if (overwrite) into->set(entry.key, Value::nil());
    return true;
  }
  const Value* found = into->find(entry.key);
  bool had = found != nullptr;
  Value old = had ? *found : Value();
  if (from.is_map() && old.is_map() && !old.is_nil() && !from.is_nil()) {
    if (!merge_maps(cx, old.map(), from.map(), overwrite, depth + 1)) return false;
  } else if (from.is_list() || from.is_bytes()) {
    merge_list(into, entry, overwrite);
  }
  bool kept = had && !merge_empty(old);
  if (kept && (from.is_list() || from.is_bytes() || (from.is_map() && old.is_map()))) return true;
  if (overwrite || !kept) into->set(entry.key, from);
  return true;
}

// mergo.Merge of two maps. A value of zero in `into` counts as not there; maps that are taken over are shared.
bool merge_maps(Context& cx, Map* into, Map* from, bool overwrite, int depth) {
  constexpr int kMaxDepth = 10'000;
  if (depth > kMaxDepth) {
    cx.fail_limit("maps to merge are nested too deeply");
    return false;
  }
  constexpr uint64_t kEntry = 16;  // an entry costs as much as that many nodes
  if (!cx.spend(kEntry * (from->size() + 1))) return false;
  Map::Snapshot snapshot(from);  // both may be one
  for (const Map::Entry& entry : snapshot.entries()) {
    if (!merge_entry(cx, into, entry, overwrite, depth)) return false;
  }
  return true;
}

Value merged(Context& cx, Args args, bool overwrite) {
  Value into = args[0];
  for (Value from : args.subspan(1)) {
    if (from.is_nil()) continue;
    if (into.is_nil()) into = Value::of(Map::make(cx.arena()));
    if (!merge_maps(cx, into.map(), from.map(), overwrite, 0)) return {};
  }
  return into;
}

Value func_merge(Context& cx, Args args) { return merged(cx, args, false); }
Value func_merge_overwrite(Context& cx, Args args) { return merged(cx, args, true); }
Value func_deep_copy(Context& cx, Args args) {
  if (args[0].is_nothing()) return cx.fail("reflect: call of reflect.Value.Type on zero Value");
  return deep_copy(cx.arena(), args[0]);
}

Value not_a(Context& cx, Value value, std::string_view wanted) {
  return cx.fail("interface conversion: interface {} is ", value.is_nothing() ? "nil" : value.type_name(), ", not ",
                 wanted);
}

Value func_dig(Context& cx, Args args) {
  if (args.size() < 3) return cx.fail("dig needs at least three arguments");
  constexpr std::string_view kMapName = "map[string]interface {}";
  Value at = args.back();
  if (at.type() != Type::kMap) return not_a(cx, at, kMapName);
  Args keys = args.first(args.size() - 2);
  for (Value key : keys) {
    if (!key.is_string()) return not_a(cx, key, "string");
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (at.type() != Type::kMap) return not_a(cx, at, kMapName);
    const Value* found = find(at, keys[i].string());
    if (found == nullptr) return args[args.size() - 2];
    at = *found;
  }
  return at;
}

constexpr Function kDicts[] = {
    {"deepCopy", params(kAny), func_deep_copy},
    {"dict", variadic(kAny), func_dict},
    {"dig", variadic(kAny), func_dig},
    {"get", params(Type::kMap, kText), func_get},
    {"hasKey", params(Type::kMap, kText), func_has_key},
    {"keys", variadic(Type::kMap), func_keys},
    {"merge", variadic(Type::kMap, Type::kMap), func_merge},
    {"mergeOverwrite", variadic(Type::kMap, Type::kMap), func_merge_overwrite},
    {"mustDeepCopy", params(kAny), func_deep_copy},
    {"mustMerge", variadic(Type::kMap, Type::kMap), func_merge},
    {"mustMergeOverwrite", variadic(Type::kMap, Type::kMap), func_merge_overwrite},
    {"omit", variadic(Type::kMap, kText), func_omit},
    {"pick", variadic(Type::kMap, kText), func_pick},
    {"pluck", variadic(kText, Type::kMap), func_pluck},
    {"set", params(Type::kMap, kText, kAny), func_set},
    {"unset", params(Type::kMap, kText), func_unset},
    {"values", params(Type::kMap), func_values},
};

}  // namespace

Family dict_functions() { return kDicts; }

}  // namespace autonomous::render
