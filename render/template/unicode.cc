#include "render/template/unicode.h"

#include <utf8proc.h>

namespace autonomous::render {
namespace {

utf8proc_category_t category(char32_t rune) { return utf8proc_category(static_cast<utf8proc_int32_t>(rune)); }

bool continuation(uint8_t byte) { return (byte & 0xC0) == 0x80; }

}  // namespace

Rune decode_rune(std::string_view text) {
  if (text.empty()) return {kRuneError, 0};
  auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  uint8_t first = byte(0);
  if (first < 0x80) return {first, 1};
  constexpr Rune kBroken{kRuneError, 1};
  if (first < 0xC2 || first > 0xF4) return kBroken;
  size_t size = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < size) return kBroken;
  for (size_t i = 1; i < size; ++i) {
    if (!continuation(byte(i))) return kBroken;
  }
  if (size == 2) return {static_cast<char32_t>((first & 0x1F) << 6 | (byte(1) & 0x3F)), 2};
  if (size == 3) {
    auto rune = static_cast<char32_t>((first & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F));
    if (rune < 0x800 || (rune >= 0xD800 && rune < 0xE000)) return kBroken;
    return {rune, 3};
  }
  auto rune =
      static_cast<char32_t>((first & 0x07) << 18 | (byte(1) & 0x3F) << 12 | (byte(2) & 0x3F) << 6 | (byte(3) & 0x3F));
  if (rune < 0x10000 || rune > kMaxRune) return kBroken;
  return {rune, 4};
}

Rune decode_last_rune(std::string_view text) {
  if (text.empty()) return {kRuneError, 0};
  size_t start = text.size() - 1;
  if (static_cast<uint8_t>(text[start]) < 0x80) return {static_cast<uint8_t>(text[start]), 1};
  for (size_t back = 2; back <= 4 && back <= text.size(); ++back) {
    size_t at = text.size() - back;
    if (continuation(static_cast<uint8_t>(text[at]))) continue;
    Rune rune = decode_rune(text.substr(at));
    if (rune.size == back) return rune;
    break;
  }
  return {kRuneError, 1};
}

void append_rune(std::string& out, char32_t rune) {
  if (rune > kMaxRune || (rune >= 0xD800 && rune < 0xE000)) rune = kRuneError;
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

size_t rune_count(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(decode_rune(text).size);
    ++count;
  }
  return count;
}

bool valid_utf8(std::string_view text) {
  while (!text.empty()) {
    if (static_cast<uint8_t>(text.front()) < 0x80) {
      text.remove_prefix(1);
      continue;
    }
    Rune rune = decode_rune(text);
    if (rune.value == kRuneError && rune.size == 1) return false;
    text.remove_prefix(rune.size);
  }
  return true;
}

bool is_letter(char32_t rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  utf8proc_category_t c = category(rune);
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(char32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  return category(rune) == UTF8PROC_CATEGORY_ND;
}

bool is_space(char32_t rune) {
  if (rune < 0x80) return rune == ' ' || (rune >= '\t' && rune <= '\r');
  // Unicode's White_Space, which is not a category.
  return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) || rune == 0x2028 ||
         rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

bool is_upper(char32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z';
  return category(rune) == UTF8PROC_CATEGORY_LU;
}

bool is_lower(char32_t rune) {
  if (rune < 0x80) return rune >= 'a' && rune <= 'z';
  return category(rune) == UTF8PROC_CATEGORY_LL;
}

bool is_title(char32_t rune) { return rune >= 0x80 && category(rune) == UTF8PROC_CATEGORY_LT; }

bool is_number(char32_t rune) {
  utf8proc_category_t c = category(rune);
  return c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO;
}

bool is_punct(char32_t rune) {
  utf8proc_category_t c = category(rune);
  return c >= UTF8PROC_CATEGORY_PC && c <= UTF8PROC_CATEGORY_PO;
}

bool is_print(char32_t rune) {
  if (rune < 0x7F) return rune >= ' ';
  if (rune > kMaxRune) return false;
  utf8proc_category_t c = category(rune);
  // Letters, marks, numbers, punctuation and symbols; of the spaces only ASCII's.
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_SO;
}

char32_t to_upper_rune(char32_t rune) {
  if (rune == 0xDF) return rune;  // libutf8proc makes ß the capital ẞ, which Unicode's simple mapping and Go do not
  if (rune < 0x80) return rune >= 'a' && rune <= 'z' ? rune - 32 : rune;
  return static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(rune)));
}

char32_t to_lower_rune(char32_t rune) {
  if (rune < 0x80) return rune >= 'A' && rune <= 'Z' ? rune + 32 : rune;
  return static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(rune)));
}

char32_t to_title_rune(char32_t rune) {
  if (rune < 0x80 || rune == 0xDF) return to_upper_rune(rune);
  return static_cast<char32_t>(utf8proc_totitle(static_cast<utf8proc_int32_t>(rune)));
}

}  // namespace autonomous::render
