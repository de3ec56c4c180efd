#include "render/helm/strvals.h"

#include <charconv>
#include <optional>
#include <vector>

#include "gitops/base/text.h"
#include "render/helm/json_read.h"
#include "render/template/format.h"

namespace autonomous::helm {

namespace {

using render::Arena;
using render::Map;
using render::Value;

constexpr int64_t kMaxIndex = 65536;
constexpr int kMaxNestedNameLevel = 30;

// Go returns io.EOF through the same channel as errors; here they are kept apart.
struct Outcome {
  enum class Kind : uint8_t { kOk, kEnd, kError };
  Kind kind = Kind::kOk;
  std::string text;
  bool ok() const { return kind == Kind::kOk; }
  bool ended() const { return kind == Kind::kEnd; }
};
Outcome ended() { return {Outcome::Kind::kEnd, ""}; }
Outcome error(std::string text) { return {Outcome::Kind::kError, std::move(text)}; }

std::string quoted_runes(std::string_view text) {
  std::string out = "[";
  while (!text.empty()) {
    size_t width = 1;
    while (width < text.size() && (static_cast<uint8_t>(text[width]) >> 6) == 2) ++width;
    std::string_view one = text.substr(0, width);
    std::string body = one == "\"" ? "\"" : one == "'" ? "\\'" : render::quote_go(one);
    if (one != "\"" && one != "'") body = body.substr(1, body.size() - 2);
    if (out.size() > 1) out += ' ';
    out += "'" + body + "'";
    text.remove_prefix(width);
  }
  return out + "]";
}

// Go's type names in "interface conversion: interface {} is X, not Y".
std::string type_of(const Value& value) { return value.is_nothing() ? "nil" : std::string(value.type_name()); }

Outcome bad_conversion(const Value& value, std::string_view wanted) {
  return error("unable to parse key: interface conversion: interface {} is " + type_of(value) + ", not " +
               std::string(wanted));
}

class Parser {
 public:
  Parser(Arena& arena, SetKind kind, std::string_view text, const ReadSetFile& read_file, HelmVersion helm)
      : arena_(arena), kind_(kind), text_(text), read_file_(read_file), helm_(helm) {}

  Result<void> parse(Map& values) {
    while (true) {
      Outcome outcome = key(values, 0);
      if (outcome.ended()) return ok();
      if (!outcome.ok()) return fail(Code::kInvalid, outcome.text);
    }
  }

 private:
  bool literal() const { return kind_ == SetKind::kLiteral; }

  // Up to one of `stops`, which is swallowed; 0 at the end of the text. A backslash takes the next character as it is.
  std::string until(std::string_view stops, char& last) {
    std::string out;
    last = 0;
    while (at_ < text_.size()) {
      char c = text_[at_++];
      if (stops.find(c) != std::string_view::npos) {
        last = c;
        return out;
      }
      if (c == '\\' && !literal()) {
        if (at_ == text_.size()) return out;
        c = text_[at_++];
      }
      out += c;
    }
    return out;
  }

  void set(Map& data, const std::string& name, Value value) {
    if (!name.empty()) data.set(arena_.copy(std::string_view(name)), value);
  }

  Outcome key(Map& data, int level) {
    char last = 0;
    std::string name = until(literal() ? "=[." : "=[,.", last);
    switch (last) {
      case 0: return name.empty() ? ended() : error("key " + render::quote_go(name) + " has no value");
      case '[': return indexed(data, name, level);
      case '=': return assign(data, name);
      case ',':
        set(data, name, Value::of(""));
        return error("key " + render::quote_go(name) + " has no value (cannot end with ,)");
      default: return nested(data, name, level + 1);
    }
  }

  Outcome nested(Map& data, const std::string& name, int level) {
    if (level > kMaxNestedNameLevel) {
      return error("value name nested level is greater than maximum supported nested level of " +
                   std::to_string(kMaxNestedNameLevel));
    }
    Map* inner = nullptr;
    if (const Value* there = data.find(name)) {
      if (!there->is_map()) return bad_conversion(*there, "map[string]interface {}");
      inner = there->map();
    } else {
      inner = Map::make(arena_);
    }
    Outcome outcome = key(*inner, level);
    if (outcome.ok() && inner->empty()) return error("key map " + render::quote_go(name) + " has no value");
    if (!inner->empty()) set(data, name, Value::of(inner));
    return outcome;
  }

  Outcome indexed(Map& data, const std::string& name, int level) {
    int64_t index = 0;
    if (Outcome outcome = key_index(index); !outcome.ok()) return index_error(outcome);
    Value list = Value::of(std::span<const Value>());
    if (const Value* there = data.find(name)) {
      if (!there->is_list()) return bad_conversion(*there, "[]interface {}");
      list = *there;
    }
    Outcome outcome = list_item(list, index, level);
    set(data, name, list);
    return outcome;
  }

  Outcome index_error(const Outcome& outcome) const {
    if (!outcome.ended()) return error("error parsing index: " + outcome.text);
    // fmt.Errorf("…: %w", io.EOF) still is an io.EOF for errors.Is: helm 4 takes it as the end. helm 3 asks with ==.
    return helm_ == HelmVersion::k4 ? ended() : error("error parsing index: EOF");
  }

  Outcome key_index(int64_t& index) {
    char last = 0;
    std::string digits = until("]", last);
    if (last == 0) return ended();
    std::string_view body = digits;
    if (starts_with(body, "+")) body.remove_prefix(1);
    auto [end, code] = std::from_chars(body.data(), body.data() + body.size(), index);
    bool whole = !body.empty() && end == body.data() + body.size() && !(body.size() < digits.size() && body[0] == '-');
    if (whole && code == std::errc()) return {};
    return error("strconv.Atoi: parsing " + render::quote_go(digits) +
                 (whole && code == std::errc::result_out_of_range ? ": value out of range" : ": invalid syntax"));
  }

  Outcome set_index(Value& list, int64_t index, Value value) {
    if (index < 0) return error("negative " + std::to_string(index) + " index not allowed");
    if (index > kMaxIndex) {
      return error("index of " + std::to_string(index) + " is greater than maximum supported index of " +
                   std::to_string(kMaxIndex));
    }
    auto items = list.items();
    size_t size = std::max(items.size(), static_cast<size_t>(index) + 1);
    Value* copy = arena_.array<Value>(size);
    for (size_t i = 0; i < size; ++i) new (copy + i) Value(i < items.size() ? items[i] : Value::nil());
    copy[index] = value;
    list = Value::of(std::span<const Value>(copy, size));
    return {};
  }

  Outcome list_item(Value& list, int64_t index, int level) {
    if (index < 0) return error("negative " + std::to_string(index) + " index not allowed");
    char last = 0;
    std::string rest = until("[.=", last);
    if (!rest.empty()) return error("unexpected data at end of array index: " + quoted_runes(rest));
    if (last == 0) return ended();
    if (last == '=') return item_value(list, index);
    if (last == '[') return item_list(list, index, level);
    Map* inner = Map::make(arena_);
    if (static_cast<uint64_t>(index) < list.items().size()) {
      const Value& there = list.items()[static_cast<size_t>(index)];
      if (there.is_map()) inner = there.map();
    }
    if (Outcome outcome = key(*inner, level); !outcome.ok()) {
      // helm put a fresh map into the list before it looked further.
      if (static_cast<uint64_t>(index) < list.items().size()) (void)set_index(list, index, Value::of(inner));
      return outcome;
    }
    return set_index(list, index, Value::of(inner));
  }

  Outcome item_list(Value& list, int64_t index, int level) {
    int64_t next = 0;
    if (Outcome outcome = key_index(next); !outcome.ok()) return index_error(outcome);
    Value inner = Value::of(std::span<const Value>());
    bool existed = false;
    if (static_cast<uint64_t>(index) < list.items().size()) {
      const Value& there = list.items()[static_cast<size_t>(index)];
      if (!there.is_nothing() && !there.is_list()) return bad_conversion(there, "[]interface {}");
      existed = there.is_list();
      if (existed) inner = there;
    }
    if (Outcome outcome = list_item(inner, next, level); !outcome.ok()) {
      if (existed) (void)set_index(list, index, inner);  // helm changes the list that is there, whatever comes of it
      return outcome;
    }
    return set_index(list, index, inner);
  }

  Outcome item_value(Value& list, int64_t index) {
    Value value;
    if (literal()) return set_index(list, index, rest_of_text());
    if (kind_ == SetKind::kJson) {
      bool empty = skip_blank();
      if (Outcome outcome = empty ? Outcome() : json_value(value); !outcome.ok()) return outcome;
      Outcome outcome = set_index(list, index, empty ? Value::nil() : value);
      if (outcome.ok() && !empty) skip_blank();
      return outcome;
    }
    Outcome outcome = plain_value(value);
    if (outcome.ended()) value = Value::of("");
    if (outcome.kind == Outcome::Kind::kError) return outcome;
    return set_index(list, index, value);
  }

  Outcome assign(Map& data, const std::string& name) {
    Value value;
    if (literal()) {
      set(data, name, rest_of_text());
      return {};
    }
    if (kind_ == SetKind::kJson) {
      bool empty = skip_blank();
      if (Outcome outcome = empty ? Outcome() : json_value(value); !outcome.ok()) return outcome;
      set(data, name, empty ? Value::nil() : value);
      if (!empty) skip_blank();
      return {};
    }
    Outcome outcome = plain_value(value);
    if (outcome.ended()) {
      set(data, name, Value::of(""));
    } else if (outcome.ok() || !failed_in_list_) {
      set(data, name, outcome.ok() ? value : Value::nil());
    }
    return outcome;
  }

  Value rest_of_text() {
    std::string_view rest = text_.substr(at_);
    at_ = text_.size();
    return Value::of(arena_.copy(rest));
  }

  // emptyVal: swallows blanks, and one comma after them; true where nothing else came first.
  bool skip_blank() {
    while (at_ < text_.size()) {
      if (text_[at_] == ',') {
        ++at_;
        return true;
      }
      if (size_t width = space_width(); width > 0) {
        at_ += width;
      } else {
        return false;
      }
    }
    return true;
  }
  // unicode.IsSpace of what comes, in bytes; 0: it is none.
  size_t space_width() const {
    std::string_view rest = text_.substr(at_);
    if (std::string_view(" \t\n\v\f\r").find(rest.front()) != std::string_view::npos) return 1;
    if (starts_with(rest, "\xC2\x85") || starts_with(rest, "\xC2\xA0")) return 2;
    if (starts_with(rest, "\xE1\x9A\x80") || starts_with(rest, "\xE3\x80\x80") || starts_with(rest, "\xE2\x81\x9F"))
      return 3;
    if (starts_with(rest, "\xE2\x80") && rest.size() > 2) {
      auto third = static_cast<uint8_t>(rest[2]);
      if ((third >= 0x80 && third <= 0x8A) || third == 0xA8 || third == 0xA9 || third == 0xAF) return 3;
    }
    return 0;
  }

  Outcome json_value(Value& value) {
    size_t end = 0;
    auto found = read_json_prefix(arena_, text_.substr(at_), end);
    if (!found) return error("invalid JSON");
    value = *found;
    at_ += end;
    return {};
  }

  // One value or a {list}; kEnd where nothing follows the '='.
  Outcome plain_value(Value& value) {
    failed_in_list_ = false;
    if (at_ == text_.size()) return ended();
    char last = 0;
    if (text_[at_] != '{') return typed(until(",", last), value);
    ++at_;
    std::vector<Value> items;
    failed_in_list_ = true;
    while (true) {
      std::string text = until(",}", last);
      if (last == 0) return error("list must terminate with '}'");
      Value item;
      if (Outcome outcome = typed(text, item); !outcome.ok()) return outcome;
      items.push_back(item);
      if (last == '}') break;
    }
    if (at_ < text_.size() && text_[at_] == ',') ++at_;
    auto kept = arena_.copy(std::span<const Value>(items));
    value = Value::of(std::span<const Value>(kept));
    return {};
  }

  Outcome typed(const std::string& text, Value& value) {
    if (kind_ == SetKind::kFile) {
      if (!read_file_) return error("open " + text + ": files cannot be read here");
      auto content = read_file_(text);
      if (!content) return error(content.error().message());
      value = Value::of(arena_.copy(std::string_view(*content)));
      return {};
    }
    value = kind_ == SetKind::kString ? Value::of(arena_.copy(std::string_view(text))) : guess(text);
    return {};
  }

  // typedVal: bools, null and decimal int64s that don't begin with 0; all else is a string.
  Value guess(const std::string& text) {
    std::string lower = to_lower(text);
    if (lower == "true") return Value::of(true);
    if (lower == "false") return Value::of(false);
    if (lower == "null") return Value::nil();
    if (text == "0") return Value::of_int64(0);
    if (!text.empty() && text[0] != '0') {
      const char* begin = text.data() + (text[0] == '+' ? 1 : 0);
      const char* finish = text.data() + text.size();
      int64_t number = 0;
      auto [end, code] = std::from_chars(begin, finish, number);
      bool signs = text[0] == '+' && text.size() > 1 && text[1] == '-';
      if (code == std::errc() && end == finish && begin != finish && !signs) return Value::of_int64(number);
    }
    return Value::of(arena_.copy(std::string_view(text)));
  }

  Arena& arena_;
  SetKind kind_;
  std::string_view text_;
  const ReadSetFile& read_file_;
  HelmVersion helm_;
  size_t at_ = 0;
  bool failed_in_list_ = false;
};

// Go reads runes: bytes that are no UTF-8 become U+FFFD.
std::string valid_utf8(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string out;
  for (size_t i = 0; i < text.size();) {
    size_t width = 1;
    while (width < 4 && i + width <= text.size() && !is_utf8(text.substr(i, width))) ++width;
    if (i + width <= text.size() && is_utf8(text.substr(i, width)) && width <= 4) {
      out += text.substr(i, width);
      i += width;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return out;
}

}  // namespace

Result<void> apply_set(Arena& arena, Map& values, SetKind kind, std::string_view text, const ReadSetFile& read_file,
                       HelmVersion helm) {
  std::string clean = valid_utf8(text);
  return Parser(arena, kind, arena.copy(std::string_view(clean)), read_file, helm).parse(values);
}

}  // namespace autonomous::helm
