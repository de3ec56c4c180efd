// Values over defaults, for a chart and all charts in it: a port of helm's coalesce.go, oddities included. Maps are
// changed in place and shared where helm shares them.
#include "render/helm/work.h"

#include <set>

#include "render/template/format.h"

namespace autonomous::helm {

namespace {

constexpr std::string_view kGlobal = "global";

bool is_table(const Value& value) { return value.is_map() && value.type() == render::Type::kMap; }
bool is_null(const Value& value) { return value.is_nothing(); }

std::string concat_prefix(std::string_view a, std::string_view b) {
  return a.empty() ? std::string(b) : std::string(a) + "." + std::string(b);
}

std::string shown(const Value& value) {
  std::string out;
  render::Formatting formatting;
  render::format_value(out, value, formatting);
  return out;
}

// What fmt's %t says of something that is no bool.
std::string bad_bool(Value value) {
  std::string out;
  render::Formatting formatting;
  render::sprintf(out, "%t", std::span<const Value>(&value, 1), formatting);
  return out;
}

void clean_nil_values(Map& map) {
  Map::Snapshot before(&map);
  for (const Map::Entry& entry : before.entries()) {
    if (is_null(entry.value)) {
      map.erase(entry.key.text());
    } else if (is_table(entry.value)) {
      clean_nil_values(*entry.value.map());
    }
  }
}

Map* coalesce_tables_full_key(Work& work, Map* dst, Map* src, std::string_view prefix, bool merge) {
  if (src == nullptr) return dst;
  if (dst == nullptr) return src;
  // A user's null takes away a default that is there; a null beside a null (or beside nothing) stays.
  std::set<std::string_view> was_not_null;
  for (const Map::Entry& entry : src->entries()) {
    if (!is_null(entry.value)) was_not_null.insert(entry.key.text());
  }
  for (const Map::Entry& entry : dst->entries()) {
    if (is_null(entry.value)) src->set(entry.key, Value::nil());
  }
  Map::Snapshot sources(src);
  for (const Map::Entry& entry : sources.entries()) {
    const Value* there = dst->find(entry.key);
    Value value = entry.value;
    if (there == nullptr) {
      dst->set(entry.key, value);
      continue;
    }
    Value current = *there;
    if (!merge && is_null(current) && was_not_null.contains(entry.key.text())) {
      dst->erase(entry.key.text());
    } else if (is_table(value)) {
      std::string full = concat_prefix(prefix, entry.key.text());
      if (is_table(current)) {
        coalesce_tables_full_key(work, current.map(), value.map(), full, merge);
      } else {
        work.log("coalesce.go:316",
                 "warning: cannot overwrite table with non table for " + full + " (" + shown(value) + ")");
      }
    } else if (is_table(current) && !is_null(value)) {
      work.log("coalesce.go:319", "warning: destination for " + concat_prefix(prefix, entry.key.text()) +
                                      " is a table. Ignoring non-table value (" + shown(value) + ")");
    }
  }
  return dst;
}

// A global of the parent, over the child's own.
void coalesce_global(Work& work, Map& own, const Map::Entry& entry, std::string_view prefix) {
  const Value* there = own.find(entry.key);
  if (!is_table(entry.value)) {
    if (there != nullptr && is_table(*there)) {
      work.log("coalesce.go:175", "key " + std::string(entry.key.text()) + " is table. Skipping");
    } else {
      own.set(entry.key, entry.value);
    }
    return;
  }
  Map* copy = entry.value.map()->copy(work.arena);
  if (there == nullptr) {
    own.set(entry.key, Value::of(copy));
  } else if (!is_table(*there)) {
    work.log("coalesce.go:161",
             "Conflict: cannot merge map onto non-map for " + render::quote_go(entry.key.text()) + ". Skipping.");
  } else {
    coalesce_tables_full_key(work, copy, there->map(), concat_prefix(prefix, entry.key.text()), true);
    own.set(entry.key, Value::of(copy));
  }
}

void coalesce_globals(Work& work, Map& dest, Map& src, std::string_view prefix) {
  Map* own = nullptr;
  Map* theirs = nullptr;
  if (const Value* value = dest.find(kGlobal); value == nullptr) {
    own = work.new_map();
  } else if (is_table(*value)) {
    own = value->map();
  } else {
    work.log("coalesce.go:138", "warning: skipping globals because destination global is not a table.");
    return;
  }
  if (const Value* value = src.find(kGlobal); value == nullptr) {
    theirs = work.new_map();
  } else if (is_table(*value)) {
    theirs = value->map();
  } else {
    work.log("coalesce.go:145", "warning: skipping globals because source global is not a table.");
    return;
  }
  Map::Snapshot globals(theirs);
  for (const Map::Entry& entry : globals.entries()) coalesce_global(work, *own, entry, prefix);
  dest.set(kGlobal, Value::of(own));
}

bool names_a_child(const WorkChart& chart, std::string_view key) {
  for (const WorkChart* child : chart.dependencies) {
    if (child->name == key) return true;
  }
  return false;
}

// One default of the chart, under what the user gave.
void coalesce_value(Work& work, const WorkChart& chart, Map& values, const Map::Entry& entry, std::string_view prefix,
                    bool merge) {
  bool cleans = work.helm == HelmVersion::k4;
  const Value* there = values.find(entry.key);
  if (there == nullptr) {
    if (cleans && !merge) {
      if (is_null(entry.value)) return;
      if (is_table(entry.value)) clean_nil_values(*entry.value.map());
    }
    values.set(entry.key, entry.value);
    return;
  }
  Value given = *there;
  if (is_null(given) && !merge) {
    values.erase(entry.key.text());
    return;
  }
  if (!is_table(given)) return;
  if (!is_table(entry.value)) {
    if (!is_null(entry.value)) {
      work.log("coalesce.go:237", "warning: skipped value for " + std::string(prefix) + "." +
                                      std::string(entry.key.text()) + ": Not a table.");
    }
    return;
  }
  bool keep_nulls = merge || names_a_child(chart, entry.key.text());
  if (cleans && !keep_nulls) clean_nil_values(*entry.value.map());
  coalesce_tables_full_key(work, given.map(), entry.value.map(), concat_prefix(prefix, entry.key.text()), keep_nulls);
}

Result<void> coalesce(Work& work, WorkChart& chart, Map& values, std::string_view prefix, bool merge);

Result<void> coalesce_dependencies(Work& work, WorkChart& chart, Map& values, std::string_view prefix, bool merge) {
  for (WorkChart* child : chart.dependencies) {
    const Value* there = values.find(child->name);
    if (there != nullptr && !is_table(*there)) {
      return fail(Code::kInvalid, "type mismatch on ", child->name, ": ", bad_bool(*there));
    }
    Map* own = there == nullptr ? work.new_map() : there->map();
    if (there == nullptr) values.set(work.keep(child->name), Value::of(own));
    std::string sub_prefix = concat_prefix(prefix, chart.name);
    coalesce_globals(work, *own, values, sub_prefix);
    TRY_DO(coalesce(work, *child, *own, sub_prefix, merge));
  }
  return ok();
}

Result<void> coalesce(Work& work, WorkChart& chart, Map& values, std::string_view prefix, bool merge) {
  // The defaults are copied: merging changes both sides.
  Map* defaults = render::deep_copy(work.arena, Value::of(chart.values)).map();
  std::string own_prefix = concat_prefix(prefix, chart.name);
  for (const Map::Entry& entry : defaults->entries()) coalesce_value(work, chart, values, entry, own_prefix, merge);
  return coalesce_dependencies(work, chart, values, prefix, merge);
}

Map* copy_of(Work& work, Map* values) {
  return values == nullptr ? work.new_map() : render::deep_copy(work.arena, Value::of(values)).map();
}

}  // namespace

Result<Map*> coalesce_values(Work& work, WorkChart& chart, Map* values) {
  Map* merged = copy_of(work, values);
  TRY_DO(coalesce(work, chart, *merged, "", false));
  return merged;
}

Result<Map*> merge_values(Work& work, WorkChart& chart, Map* values) {
  Map* merged = copy_of(work, values);
  TRY_DO(coalesce(work, chart, *merged, "", true));
  return merged;
}

Map* coalesce_tables(Work& work, Map* dst, Map* src) { return coalesce_tables_full_key(work, dst, src, "", false); }
Map* merge_tables(Work& work, Map* dst, Map* src) { return coalesce_tables_full_key(work, dst, src, "", true); }

Map* merge_maps(Work& work, const Map& a, const Map& b) {
  Map* out = a.copy(work.arena);
  for (const Map::Entry& entry : b.entries()) {
    const Value* there = out->find(entry.key);
    if (there != nullptr && is_table(*there) && is_table(entry.value)) {
      out->set(entry.key, Value::of(merge_maps(work, *there->map(), *entry.value.map())));
    } else {
      out->set(entry.key, entry.value);
    }
  }
  return out;
}

Map* find_table(Map* values, std::string_view path, std::string* missing) {
  while (true) {
    size_t dot = path.find('.');
    std::string_view part = path.substr(0, dot);
    const Value* value = values->find(part);
    if (value == nullptr || !value->is_map() || value->map() == nullptr) {
      if (missing != nullptr) *missing = part;
      return nullptr;
    }
    values = value->map();
    if (dot == std::string_view::npos) return values;
    path.remove_prefix(dot + 1);
  }
}

}  // namespace autonomous::helm
