// toToml and fromToml: written as BurntSushi's encoder writes (plain keys before tables, sorted), read by toml++.
//
// toml++ comes as headers alone: its shared library would be the only one of the front that has no archive. What it can
// print is left out, because streams cost every start of the program.
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include <cmath>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/go_time.h"
#include "render/funcs/moments.h"
#include "render/template/format.h"

namespace autonomous::render {
namespace {

// BurntSushi's names for the zones of what has none.
constexpr std::string_view kLocalDatetime = "datetime-local";
constexpr std::string_view kLocalDate = "date-local";
constexpr std::string_view kLocalTime = "time-local";

void toml_quoted(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    switch (c) {
      case '"': out += "\\\""; continue;
      case '\\': out += "\\\\"; continue;
      case '\b': out += "\\b"; continue;
      case '\t': out += "\\t"; continue;
      case '\n': out += "\\n"; continue;
      case '\f': out += "\\f"; continue;
      case '\r': out += "\\r"; continue;
      default: break;
    }
    if (byte < 0x20 || byte == 0x7F) {
      out += "\\u00";
      out += "0123456789abcdef"[byte >> 4];
      out += "0123456789abcdef"[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string toml_key(std::string_view key) {
  bool bare = !key.empty();
  for (char c : key) bare = bare && (std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-');
  std::string out;
  if (bare) return std::string(key);
  toml_quoted(out, key);
  return out;
}

// Writes one document; the first problem ends it.
// Local dates and times are told from others by the names of their zones.
std::string_view layout_of(const Moment& moment) {
  const std::string name = moment.abbreviation();
  if (name == kLocalDatetime) return "2006-01-02T15:04:05.999999999";
  if (name == kLocalDate) return "2006-01-02";
  if (name == kLocalTime) return "15:04:05.999999999";
  return "2006-01-02T15:04:05.999999999Z07:00";
}

class TomlWriter {
 public:
  std::string out;
  std::string error;

  void document(Context& cx, Value value) {
    cx_ = &cx;
    if (value.is_map()) {
      if (!value.is_nil()) table({}, value);
    } else if (is_tables(value)) {
      error = "toml: top-level values must be Go maps or structs";
    } else if (error.empty() && !value.is_nil()) {
      element(value);
    }
  }

 private:
  using Keys = std::vector<std::string_view>;

  static std::string joined(const Keys& keys) {
    std::string text;
    for (std::string_view key : keys) text += (text.empty() ? "" : ".") + toml_key(key);
    return text;
  }
  static std::string indent(const Keys& keys) { return std::string((keys.size() - 1) * 2, ' '); }
  void newline() {
    if (!out.empty()) out += '\n';
  }

  // A list of tables and of nothing else; a nil in any list is an error.
  bool is_tables(Value value) {
    if (!value.is_list() || value.is_nil() || value.items().empty()) return false;
    bool all = true;
    for (Value item : value.items()) {
      if (item.is_nil() || item.is_none()) {
        if (error.empty()) error = "toml: cannot encode array with nil element";
        return false;
      }
      if (item.is_list()) is_tables(item);
      all = all && item.is_map();
    }
    return all;
  }

  void table(Keys keys, Value value) {
    std::vector<const Map::Entry*> plain_ones, tables;
    for (const Map::Entry& entry : value.map()->entries()) {
      bool sub = !entry.value.is_nil() && (entry.value.is_map() || is_tables(entry.value));
      (sub ? tables : plain_ones).push_back(&entry);
    }
    keys.push_back({});
    for (const auto* group : {&plain_ones, &tables}) {
      for (const Map::Entry* entry : *group) {
        if (!error.empty()) return;
        if (entry->value.is_nil()) continue;
        keys.back() = entry->key.text();
        entry_of(keys, entry->value);
      }
    }
  }

  void entry_of(const Keys& keys, Value value) {
    if (!cx_->fits(out.size(), 1)) {
      error = "toml: too long";
    } else if (keys.size() > kMostDepth) {
      error = "toml: nested too deeply";
    } else if (value.is_map()) {
      if (keys.size() == 1) newline();
      out += indent(keys) + "[" + joined(keys) + "]";
      newline();
      table(keys, value);
    } else if (is_tables(value)) {
      for (Value item : value.items()) {
        if (!error.empty()) return;
        newline();
        out += indent(keys) + "[[" + joined(keys) + "]]";
        newline();
        table(keys, item);
      }
    } else {
      out += indent(keys) + toml_key(keys.back()) + " = ";
      element(value);
      newline();
    }
  }

  void floating(double value) {
    if (std::isnan(value) || std::isinf(value)) {
      out += std::signbit(value) ? "-" : "";
      out += std::isnan(value) ? "nan" : "inf";
      return;
    }
    std::string text;
    format_float(text, value, 'g', -1);
    out += text;
    if (text.find_first_of(".e") == std::string::npos) out += ".0";
  }

  void element(Value value, size_t depth = 0) {
    if (depth > kMostDepth) {
      error = "toml: nested too deeply";
      return;
    }
    if (!cx_->fits(out.size(), 1)) {
      error = "toml: too long";
      return;
    }
    switch (value.store()) {
      case Store::kBool: out += value.boolean() ? "true" : "false"; return;
      case Store::kInt:
        if (value.type() == Type::kDuration) return toml_quoted(out, duration_text(value.integer()));
        out += std::to_string(value.integer());
        return;
      case Store::kUint: out += std::to_string(value.unsigned_integer()); return;
      case Store::kFloat: return floating(value.floating());
      case Store::kString: return toml_quoted(out, value.string());
      case Store::kList: return list(value, depth);
      case Store::kMap: return inline_table(value, depth);
      case Store::kStruct: {
        auto moment = value.type() == Type::kTime ? static_cast<const Moment*>(value.structure()->native) : nullptr;
        if (moment != nullptr) {
          out += format_layout(*moment, layout_of(*moment));
        } else {
          toml_quoted(out, to_text(*cx_, value));
        }
        return;
      }
      case Store::kComplex: error = "unsupported type: complex128"; return;
      default: error = "unexpected type: " + std::string(value.type_name());
    }
  }

  void list(Value value, size_t depth) {
    out += '[';
    bool first = true;
    for (Value item : value.items()) {
      if (!error.empty()) return;
      if (!std::exchange(first, false)) out += ", ";
      element(item, depth + 1);
    }
    out += ']';
  }

  void inline_table(Value value, size_t depth) {
    out += '{';
    if (!value.is_nil()) {
      std::vector<const Map::Entry*> direct, sub;
      for (const Map::Entry& entry : value.map()->entries()) {
        if (entry.value.is_nil()) continue;
        (entry.value.is_map() || is_tables(entry.value) ? sub : direct).push_back(&entry);
      }
      direct.insert(direct.end(), sub.begin(), sub.end());
      for (size_t i = 0; i < direct.size() && error.empty(); ++i) {
        if (i > 0) out += ", ";
        out += toml_key(direct[i]->key.text()) + " = ";
        element(direct[i]->value, depth + 1);
      }
    }
    out += '}';
  }

  static constexpr size_t kMostDepth = 1000;
  Context* cx_ = nullptr;
};

Value to_toml(Context& cx, Value value, bool must) {
  if (value.is_nothing()) return cx.fail("reflect: call of reflect.Value.Type on zero Value");
  TomlWriter writer;
  writer.document(cx, value);
  if (cx.failed()) return {};
  if (!writer.error.empty()) return must ? cx.fail(writer.error) : cx.text(writer.error);
  return cx.text(writer.out);
}

Value func_to_toml(Context& cx, Args args) { return to_toml(cx, args[0], false); }
Value func_must_to_toml(Context& cx, Args args) { return to_toml(cx, args[0], true); }

// Dates and times become time.Time.
Moment toml_moment(const toml::date& date, const toml::time& time, int32_t offset, const Place* place) {
  int64_t second = unix_of(date.year, date.month, date.day, time.hour, time.minute, time.second) - offset;
  return {second, static_cast<int32_t>(time.nanosecond), place};
}

// Without an offset: the one that this place has now.
Value local_moment(Context& cx, const toml::date& date, const toml::time& time, std::string_view name) {
  const int32_t offset = now_of(cx).offset();
  return time_value(cx, toml_moment(date, time, offset, places_of(cx).fixed(name, offset)));
}

// time.ParseInLocation: the local zone where the offset is its own.
Value offset_moment(Context& cx, const toml::date& date, const toml::time& time, int32_t offset) {
  Moment moment = toml_moment(date, time, offset, places_of(cx).local());
  if (moment.offset() != offset) moment.place = places_of(cx).fixed("", offset);
  return time_value(cx, moment);
}

Value from_node(Context& cx, const toml::node& node) {
  if (auto table = node.as_table()) {
    Map* map = Map::make(cx.arena(), table->size());
    for (const auto& [key, value] : *table) map->set(cx.arena().copy(key.str()), from_node(cx, value));
    return Value::of(map);
  }
  if (auto array = node.as_array()) {
    // Tables in a list of them have a type of their own in Go.
    bool tables = !array->empty() && array->is_homogeneous<toml::table>() && (*array)[0].as_table() != nullptr &&
                  !(*array)[0].as_table()->is_inline();
    ListBuilder list(cx.arena(), array->size());
    for (const auto& item : *array) list.add(from_node(cx, item));
    return list.list(tables ? Type::kMaps : Type::kList);
  }
  if (auto text = node.as_string()) return cx.text(text->get());
  if (auto number = node.as_integer()) return Value::of_int64(number->get());
  if (auto number = node.as_floating_point()) return Value::of(number->get());
  if (auto truth = node.as_boolean()) return Value::of(truth->get());
  if (auto date = node.as_date()) return local_moment(cx, date->get(), {}, kLocalDate);
  if (auto time = node.as_time()) return local_moment(cx, toml::date(0, 1, 1), time->get(), kLocalTime);
  if (auto both = node.as_date_time()) {
    const auto& value = both->get();
    if (!value.offset) return local_moment(cx, value.date, value.time, kLocalDatetime);
    return offset_moment(cx, value.date, value.time, value.offset->minutes * 60);
  }
  return Value::nil();
}

Value func_from_toml(Context& cx, Args args) {
  try {
    toml::table table = toml::parse(args[0].string());
    return from_node(cx, table);
  } catch (const toml::parse_error& error) {
    // The words are toml++'s; the place is as BurntSushi's reader says it.
    Map* failed = Map::make(cx.arena(), 1);
    failed->set("Error", cx.text("toml: line " + std::to_string(error.source().begin.line) + ": " +
                                 std::string(error.description())));
    return Value::of(failed);
  }
}

constexpr Function kToml[] = {
    {"fromToml", params(kText), func_from_toml},
    {"mustToToml", params(kAny), func_must_to_toml},
    {"toToml", params(kAny), func_to_toml},
};

}  // namespace

Family toml_functions() { return kToml; }

}  // namespace autonomous::render
