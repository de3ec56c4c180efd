#include <algorithm>
#include <cctype>
#include <cstdio>

#include "render/funcs/json_text.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr int kMaxJsonDepth = 10'000;

// A recursive reader whose errors are those of encoding/json as Go 1.27 has it.
class JsonReader {
 public:
  JsonReader(Arena& arena, std::string_view text) : arena_(arena), text_(text) {}

  JsonRead read() {
    Value value = read_value(0);
    space();
    if (failure_.empty() && at_ < text_.size()) bad("after top-level value");
    if (!failure_.empty()) return {Value::nil(), failure_, true};
    if (range_.literal.empty()) return {value, "", false};
    return {value, range_.text(), false};
  }

 private:
  // A number that no float64 holds: the rest is read all the same, for errors of syntax come first.
  struct Range {
    std::string_view literal;
    std::string path;      // from the root, tokens of a JSON pointer after dots
    bool in_list = false;  // or so Go guesses: the last token is a number

    std::string text() const {
      std::string out = "json: cannot unmarshal number " + std::string(literal) + " into ";
      if (path.empty() || path == ".") {
        out += "Go value";
      } else {
        out.append(in_list ? "" : "Go struct field ").append(path);
      }
      return out + " of type float64";
    }
  };

  bool failed() const { return !failure_.empty(); }
  Value fails(std::string why) {
    if (!failed()) failure_ = std::move(why);
    return {};
  }
  Value ended() { return fails("unexpected end of JSON input"); }

  // The character here does not belong here.
  Value bad(std::string_view where) {
    if (at_ >= text_.size()) return ended();
    const Rune rune = decode_rune(text_.substr(at_));
    std::string shown;
    if (rune.value == kRuneError && rune.size == 1) {
      char hex[8];
      std::snprintf(hex, sizeof hex, "'\\x%x'", static_cast<uint8_t>(text_[at_]));
      shown = hex;
    } else {
      quote_rune(shown, rune.value, false);
    }
    return fails("invalid character " + shown + " " + std::string(where));
  }

  bool bad_escape(std::string_view what) {
    bool quoted = what.find('`') != std::string_view::npos;
    for (std::string_view rest = what; !rest.empty() && !quoted;) {
      const Rune rune = decode_rune(rest);
      rest.remove_prefix(rune.size);
      quoted = rune.value == kRuneError || is_space(rune.value) || !is_print(rune.value);
    }
    const std::string shown = quoted ? quote_go(what) : "`" + std::string(what) + "`";
    fails("invalid escape sequence " + shown + " in string");
    return false;
  }

  void space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
      ++at_;
  }
  bool here(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  Value read_value(int depth) {
    space();
    if (at_ >= text_.size()) return ended();
    char c = text_[at_];
    if (c == '{' || c == '[') {
      if (depth >= kMaxJsonDepth) return fails("exceeded max depth");
      return c == '{' ? read_object(depth) : read_array(depth);
    }
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
      if (!here(word[i])) return bad("in literal " + std::string(word) + " (expecting '" + word[i] + "')");
    }
    return value;
  }

  // At least one digit; false: there is none, and that was told.
  bool digits() {
    if (!digit()) {
      bad("in numeric literal");
      return false;
    }
    while (digit()) ++at_;
    return true;
  }

  Value read_number() {
    size_t start = at_;
    if (here('-')) ++at_;
    if (here('0')) {
      ++at_;
    } else if (!digits()) {
      return {};
    }
    if (here('.')) {
      ++at_;
      if (!digits()) return {};
    }
    if (here('e') || here('E')) {
      ++at_;
      if (here('+') || here('-')) ++at_;
      if (!digits()) return {};
    }
    std::string_view literal = text_.substr(start, at_ - start);
    auto number = parse_float(literal);
    if (number) return Value::of(number.value);
    range_ = {.literal = literal, .path = "", .in_list = false};
    return Value::of(0.0);
  }

  // The range error of a part, if it has one, is one of the whole; the first one is told.
  void put_below(std::string_view token, Range& told) {
    if (range_.literal.empty()) return;
    if (range_.path.empty()) {
      range_.in_list = !token.empty() && token.find_first_not_of("0123456789") == std::string_view::npos;
    }
    std::string path = ".";
    for (char c : token) path.append(c == '~' ? "~0" : c == '/' ? "~1" : std::string_view(&c, 1));
    range_.path = path + range_.path;
    if (told.literal.empty()) told = std::move(range_);
    range_ = {};
  }

  Value read_array(int depth) {
    ++at_;
    ListBuilder list(arena_, 4);
    space();
    if (here(']')) {
      ++at_;
      return list.list();
    }
    Range told;
    for (;;) {
      Value item = read_value(depth + 1);
      if (failed()) return {};
      if (!range_.literal.empty()) put_below(std::to_string(list.size()), told);
      list.add(item);
      space();
      if (here(']')) break;
      if (!here(',')) return bad("after array element");
      ++at_;
    }
    ++at_;
    range_ = std::move(told);
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
    Range told;
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
      put_below(key, told);
      map->append(Key(key), value);
      space();
      if (here('}')) break;
      if (!here(',')) return bad("after object key:value pair");
      ++at_;
    }
    ++at_;
    range_ = std::move(told);
    map->sort();
    return Value::of(map);
  }

  std::string_view read_string() {
    ++at_;
    size_t start = at_;
    bool simple = true;
    for (;;) {
      if (at_ >= text_.size()) return ended(), std::string_view();
      auto c = static_cast<uint8_t>(text_[at_]);
      if (c == '"') break;
      if (c < ' ') return bad("in string"), std::string_view();
      if (c >= 0x80 || c == '\\') simple = false;
      if (c != '\\') {
        ++at_;
      } else if (!skip_escape()) {
        return {};
      }
    }
    std::string_view raw = text_.substr(start, at_ - start);
    ++at_;
    return simple ? arena_.copy(raw) : unescape(raw);
  }

  static bool hexadecimal(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }

  bool skip_escape() {
    std::string_view rest = text_.substr(at_, 6);
    if (rest.size() < 2) return ended(), false;
    if (std::string_view("bfnrt\\/\"").find(rest[1]) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    if (rest[1] != 'u') return bad_escape(rest.substr(0, 2));
    if (!std::all_of(rest.begin() + 2, rest.end(), hexadecimal)) return bad_escape(rest);
    if (rest.size() < 6) return ended(), false;
    at_ += 6;
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
  Range range_;  // of the value that was read last
};

}  // namespace

JsonRead read_json(Arena& arena, std::string_view text) { return JsonReader(arena, text).read(); }

}  // namespace autonomous::render
