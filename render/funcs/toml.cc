// toToml and fromToml, as BurntSushi's encoder writes (plain keys before tables, sorted) and its reader reads.
#include <cmath>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/go_time.h"
#include "render/funcs/moments.h"
#include "render/funcs/toml_read.h"
#include "render/funcs/toml_text.h"
#include "render/template/format.h"

namespace autonomous::render {
namespace {

// BurntSushi's names for the zones of what has none.
constexpr std::string_view kLocalDatetime = "datetime-local";
constexpr std::string_view kLocalDate = "date-local";
constexpr std::string_view kLocalTime = "time-local";

// Local dates and times are told from others by the names of their zones.
std::string_view layout_of(const Moment& moment) {
  const std::string name = moment.abbreviation();
  if (name == kLocalDatetime) return "2006-01-02T15:04:05.999999999";
  if (name == kLocalDate) return "2006-01-02";
  if (name == kLocalTime) return "15:04:05.999999999";
  return "2006-01-02T15:04:05.999999999Z07:00";
}

// Writes one document; the first problem ends it.
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

Value func_from_toml(Context& cx, Args args) {
  Value table;
  std::string error;
  if (read_toml(cx, args[0].string(), table, error)) return table;
  if (cx.failed()) return {};
  Map* failed = Map::make(cx.arena(), 1);
  failed->set("Error", cx.text(error));
  return Value::of(failed);
}

constexpr Function kToml[] = {
    {"fromToml", params(kText), func_from_toml},
    {"mustToToml", params(kAny), func_must_to_toml},
    {"toToml", params(kAny), func_to_toml},
};

}  // namespace

Family toml_functions() { return kToml; }

}  // namespace autonomous::render
