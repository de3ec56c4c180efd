#include "render/helm/json_read.h"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace autonomous::helm {

namespace {

using render::Arena;
using render::Key;
using render::Map;
using render::Value;

constexpr int kMaxJsonDepth = 10'000;

void put_rune(std::string& out, uint32_t rune) {
  if (rune < 0x80) {
    out += static_cast<char>(rune);
  } else if (rune < 0x800) {
    out += static_cast<char>(0xC0 | rune >> 6);
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else if (rune < 0x10000) {
    out += static_cast<char>(0xE0 | rune >> 12);
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | rune >> 18);
    out += static_cast<char>(0x80 | (rune >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (rune >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (rune & 0x3F));
  }
}

// Length of the well-formed character at the start of `text`, or 0.
size_t utf8_length(std::string_view text) {
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  if (first < 0x80) return 1;
  size_t width = first >= 0xC2 && first <= 0xDF ? 2 : (first >> 4) == 14 ? 3 : first >= 0xF0 && first <= 0xF4 ? 4 : 0;
  if (width == 0 || width > text.size()) return 0;
  for (size_t i = 1; i < width; ++i) {
    if ((byte(i) >> 6) != 2) return 0;
  }
  if (first == 0xE0 && byte(1) < 0xA0) return 0;
  if (first == 0xED && byte(1) > 0x9F) return 0;
  if (first == 0xF0 && byte(1) < 0x90) return 0;
  if (first == 0xF4 && byte(1) > 0x8F) return 0;
  return width;
}

class Reader {
 public:
  Reader(Arena& arena, std::string_view text) : arena_(arena), text_(text) {}

  std::optional<Value> value() {
    skip_space();
    if (at_ >= text_.size()) return std::nullopt;
    switch (text_[at_]) {
      case '{': return object();
      case '[': return array();
      case '"': {
        auto text = string();
        if (!text) return std::nullopt;
        return Value::of(*text);
      }
      case 't': return literal("true", Value::of(true));
      case 'f': return literal("false", Value::of(false));
      case 'n': return literal("null", Value::nil());
      default: return number();
    }
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
      ++at_;
  }
  size_t at() const { return at_; }

 private:
  bool take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  std::optional<Value> literal(std::string_view word, Value value) {
    if (text_.substr(at_, word.size()) != word) return std::nullopt;
    at_ += word.size();
    return value;
  }

  std::optional<Value> object() {
    ++at_;
    if (++depth_ > kMaxJsonDepth) return std::nullopt;
    Map* map = Map::make(arena_);
    skip_space();
    bool empty = take('}');
    while (!empty) {
      skip_space();
      if (at_ >= text_.size() || text_[at_] != '"') return std::nullopt;
      auto key = string();
      if (!key) return std::nullopt;
      skip_space();
      if (!take(':')) return std::nullopt;
      auto item = value();
      if (!item) return std::nullopt;
      map->append(Key(*key), *item);
      skip_space();
      if (take('}')) break;
      if (!take(',')) return std::nullopt;
    }
    --depth_;
    map->sort();
    return Value::of(map);
  }

  std::optional<Value> array() {
    ++at_;
    if (++depth_ > kMaxJsonDepth) return std::nullopt;
    std::vector<Value> items;
    skip_space();
    bool empty = take(']');
    while (!empty) {
      auto item = value();
      if (!item) return std::nullopt;
      items.push_back(*item);
      skip_space();
      if (take(']')) break;
      if (!take(',')) return std::nullopt;
    }
    --depth_;
    auto kept = arena_.copy(std::span<const Value>(items));
    return Value::of(std::span<const Value>(kept));
  }

  // JSON's own grammar first: strtod takes more.
  std::optional<Value> number() {
    size_t start = at_;
    auto digits = [&] {
      size_t first = at_;
      while (at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
      return at_ > first;
    };
    take('-');
    if (!take('0') && !digits()) return std::nullopt;
    if (take('.') && !digits()) return std::nullopt;
    if (at_ < text_.size() && (text_[at_] == 'e' || text_[at_] == 'E')) {
      ++at_;
      if (!take('+')) take('-');
      if (!digits()) return std::nullopt;
    }
    std::string text(text_.substr(start, at_ - start));
    double value = std::strtod(text.c_str(), nullptr);
    if (std::isinf(value)) return std::nullopt;
    return Value::of(value);
  }

  std::optional<uint32_t> hex4() {
    if (at_ + 4 > text_.size()) return std::nullopt;
    uint32_t value = 0;
    auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + at_ + 4, value, 16);
    if (error != std::errc() || end != text_.data() + at_ + 4) return std::nullopt;
    at_ += 4;
    return value;
  }

  bool escape(std::string& out) {
    if (at_ >= text_.size()) return false;
    constexpr std::string_view kFrom = "\"\\/bfnrt";
    constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
    char c = text_[at_++];
    if (size_t which = kFrom.find(c); which != std::string_view::npos) {
      out += kTo[which];
      return true;
    }
    if (c != 'u') return false;
    auto rune = hex4();
    if (!rune) return false;
    if (*rune >= 0xD800 && *rune < 0xDC00 && text_.substr(at_, 2) == "\\u") {
      size_t back = at_;
      at_ += 2;
      auto low = hex4();
      if (!low) return false;
      if (*low >= 0xDC00 && *low < 0xE000) {
        put_rune(out, 0x10000 + ((*rune - 0xD800) << 10) + (*low - 0xDC00));
        return true;
      }
      at_ = back;
    }
    put_rune(out, *rune >= 0xD800 && *rune < 0xE000 ? 0xFFFD : *rune);
    return true;
  }

  std::optional<std::string_view> string() {
    ++at_;
    std::string out;
    while (at_ < text_.size()) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return arena_.copy(std::string_view(out));
      }
      if (static_cast<uint8_t>(c) < 0x20) return std::nullopt;
      if (c == '\\') {
        ++at_;
        if (!escape(out)) return std::nullopt;
        continue;
      }
      size_t width = utf8_length(text_.substr(at_));
      if (width == 0) {
        put_rune(out, 0xFFFD);
        ++at_;
      } else {
        out += text_.substr(at_, width);
        at_ += width;
      }
    }
    return std::nullopt;
  }

  Arena& arena_;
  std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
};

}  // namespace

std::optional<Value> read_json_prefix(Arena& arena, std::string_view text, size_t& end) {
  Reader reader(arena, text);
  auto value = reader.value();
  end = reader.at();
  return value;
}

std::optional<Value> read_json(Arena& arena, std::string_view text) {
  Reader reader(arena, text);
  auto value = reader.value();
  reader.skip_space();
  if (reader.at() != text.size()) return std::nullopt;
  return value;
}

}  // namespace autonomous::helm
