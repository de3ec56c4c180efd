#include <cmath>

#include "render/funcs/json_text.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr int kMaxJsonDepth = 10'000;

// A recursive reader whose errors are those of encoding/json's scanner.
class JsonReader {
 public:
  JsonReader(Arena& arena, std::string_view text) : arena_(arena), text_(text) {}

  JsonRead read() {
    Value value = read_value(0);
    space();
    if (failure_.empty() && at_ < text_.size()) bad("after top-level value");
    if (!failure_.empty()) return {Value::nil(), failure_, true};
    return {value, range_, false};
  }

 private:
  bool failed() const { return !failure_.empty(); }

  // The character here does not belong here. Go's scanner takes the end of the text for a space: where none may
  // stand (`spaces` is false) that is the error.
  Value bad(std::string_view where, bool spaces = true) {
    if (failed()) return {};
    if (at_ >= text_.size() && spaces) {
      failure_ = "unexpected end of JSON input";
      return {};
    }
    char c = at_ < text_.size() ? text_[at_] : ' ';
    std::string shown;
    if (c == '\'') {
      shown = R"('\'')";
    } else if (c == '"') {
      shown = R"('"')";
    } else {
      std::string rune;
      append_rune(rune, static_cast<uint8_t>(c));
      std::string quoted = quote_go(rune);
      shown = "'" + quoted.substr(1, quoted.size() - 2) + "'";
    }
    failure_ = "invalid character " + shown + " ";
    failure_ += where;
    return {};
  }

  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }
  bool here(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  Value read_value(int depth) {
    if (depth > kMaxJsonDepth) {
      failure_ = "exceeded max depth";
      return {};
    }
    space();
    if (at_ >= text_.size()) return bad("");
    char c = text_[at_];
    if (c == '{') return read_object(depth);
    if (c == '[') return read_array(depth);
    if (c == '"') {
      std::string_view text = read_string();
      return failed() ? Value() : Value::of(text);
    }
    if (c == '-' || (c >= '0' && c <= '9')) return read_number();
    if (c == 't') return read_word("true", Value::of(true));
    if (c == 'f') return read_word("false", Value::of(false));
    if (c == 'n') return read_word("null", Value::nil());
    return bad("looking for beginning of value");
  }

  Value read_word(std::string_view word, Value value) {
    for (size_t i = 0; i < word.size(); ++i, ++at_) {
      if (!here(word[i])) return bad("in literal " + std::string(word) + " (expecting '" + word[i] + "')", false);
    }
    return value;
  }

  Value read_number() {
    size_t start = at_;
    if (here('-')) ++at_;
    if (!digit()) return bad("in numeric literal", false);
    if (here('0')) {
      ++at_;
    } else {
      while (digit()) ++at_;
    }
    if (here('.')) {
      ++at_;
      if (!digit()) return bad("after decimal point in numeric literal", false);
      while (digit()) ++at_;
    }
    if (here('e') || here('E')) {
      ++at_;
      if (here('+') || here('-')) ++at_;
      if (!digit()) return bad("in exponent of numeric literal", false);
      while (digit()) ++at_;
    }
    std::string_view literal = text_.substr(start, at_ - start);
    auto number = parse_float(literal);
    if (number) return Value::of(number.value);
    // Not a syntax error: those of the rest come first, and Go goes on with nothing in its place.
    if (range_.empty()) {
      range_ = "json: cannot unmarshal number " + std::string(literal) + " into Go value of type float64";
    }
    return Value::nil();
  }

  Value read_array(int depth) {
    ++at_;
    ListBuilder list(arena_, 4);
    space();
    if (here(']')) {
      ++at_;
      return list.list();
    }
    for (;;) {
      Value item = read_value(depth + 1);
      if (failed()) return {};
      list.add(item);
      space();
      if (here(']')) break;
      if (!here(',')) return bad("after array element");
      ++at_;
    }
    ++at_;
    return list.list();
  }

  Value read_object(int depth) {
    ++at_;
    Map* map = Map::make(arena_);
    space();
    if (here('}')) {
      ++at_;
      return Value::of(map);
    }
    for (;;) {
      space();
      if (!here('"')) return bad("looking for beginning of object key string");
      std::string_view key = read_string();
      if (failed()) return {};
      space();
      if (!here(':')) return bad("after object key");
      ++at_;
      Value value = read_value(depth + 1);
      if (failed()) return {};
      map->append(Key(key), value);
      space();
      if (here('}')) break;
      if (!here(',')) return bad("after object key:value pair");
      ++at_;
    }
    ++at_;
    map->sort();
    return Value::of(map);
  }

  std::string_view read_string() {
    ++at_;
    size_t start = at_;
    bool simple = true;
    for (;; ++at_) {
      if (at_ >= text_.size()) return bad(""), std::string_view();
      auto c = static_cast<uint8_t>(text_[at_]);
      if (c == '"') break;
      if (c < ' ') return bad("in string literal"), std::string_view();
      if (c >= 0x80) simple = false;
      if (c != '\\') continue;
      simple = false;
      ++at_;
      if (!skip_escape()) return {};
    }
    std::string_view raw = text_.substr(start, at_ - start);
    ++at_;
    return simple ? arena_.copy(raw) : unescape(raw);
  }

  bool skip_escape() {
    if (at_ < text_.size() && std::string_view("bfnrt\\/\"").find(text_[at_]) != std::string_view::npos) return true;
    if (!here('u')) {
      bad("in string escape code", false);
      return false;
    }
    for (int i = 0; i < 4; ++i) {
      ++at_;
      bool hex = at_ < text_.size() && std::isxdigit(static_cast<unsigned char>(text_[at_])) != 0;
      if (!hex) {
        bad("in \\u hexadecimal character escape", false);
        return false;
      }
    }
    return true;
  }

  static char32_t unit(std::string_view raw, size_t at) {  // of \uXXXX; 0 when there is none
    if (raw.substr(at, 2) != "\\u") return 0;
    return static_cast<char32_t>(parse_uint(raw.substr(at + 2, 4), 16).value);
  }

  std::string_view unescape(std::string_view raw) {
    std::string out;
    for (size_t at = 0; at < raw.size();) {
      if (raw[at] != '\\') {
        Rune rune = decode_rune(raw.substr(at));
        append_rune(out, rune.value);
        at += rune.size;
        continue;
      }
      char c = raw[at + 1];
      if (c != 'u') {
        constexpr std::string_view kFrom = "bfnrt";
        size_t index = kFrom.find(c);
        out += index == std::string_view::npos ? c : "\b\f\n\r\t"[index];
        at += 2;
        continue;
      }
      char32_t rune = unit(raw, at);
      at += 6;
      if (rune >= 0xD800 && rune < 0xDC00) {
        char32_t low = unit(raw, at);
        if (low >= 0xDC00 && low < 0xE000) {
          rune = 0x10000 + ((rune - 0xD800) << 10) + (low - 0xDC00);
          at += 6;
        }
      }
      append_rune(out, rune);  // half a pair becomes U+FFFD
    }
    return arena_.copy(out);
  }

  Arena& arena_;
  std::string_view text_;
  size_t at_ = 0;
  std::string failure_;
  std::string range_;
};

}  // namespace

JsonRead read_json(Arena& arena, std::string_view text) { return JsonReader(arena, text).read(); }

}  // namespace autonomous::render
