// Functions on words and their case, as goutils and xstrings have them: some take bytes for characters, and so do
// these.
#include <string>
#include <string_view>
#include <vector>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

std::string abbreviated(std::string_view source, int64_t offset, int64_t width) {
  auto size = static_cast<int64_t>(source.size());
  if (width < 4) return "";
  if (size <= width) return std::string(source);
  offset = std::min(offset, size);
  // Go's difference wraps around for an offset that is far below zero.
  const auto left = static_cast<int64_t>(static_cast<uint64_t>(size) - static_cast<uint64_t>(offset));
  if (left < width - 3) offset = size - (width - 3);
  auto part = [source](int64_t from, int64_t length) {
    return std::string(source.substr(static_cast<size_t>(from), static_cast<size_t>(length)));
  };
  if (offset <= 4) return part(0, width - 3) + "...";
  if (width < 7) return "";
  if (offset + width - 3 < size) return "..." + abbreviated(source.substr(static_cast<size_t>(offset)), 0, width - 3);
  return "..." + part(size - (width - 3), width - 3);
}

Value func_abbrev(Context& cx, Args args) {
  int64_t width = args[0].integer();
  return width < 4 ? args[1] : cx.text(abbreviated(args[1].string(), 0, width));
}

Value func_abbrevboth(Context& cx, Args args) {
  int64_t left = args[0].integer();
  int64_t right = args[1].integer();
  if (right < 4 || (left > 0 && right < 7)) return args[2];
  return cx.text(abbreviated(args[2].string(), left, right));
}

Value func_initials(Context& cx, Args args) {
  std::string out;
  bool gap = true;
  for (char c : args[0].string()) {
    auto rune = static_cast<char32_t>(static_cast<uint8_t>(c));
    if (is_space(rune)) {
      gap = true;
    } else if (gap) {
      append_rune(out, rune);
      gap = false;
    }
  }
  return cx.text(out);
}

template <typename Mapping>
Value each_rune(Context& cx, std::string_view source, Mapping mapping) {
  std::string out;
  while (!source.empty()) {
    Rune rune = decode_rune(source);
    append_rune(out, mapping(rune.value));
    source.remove_prefix(rune.size);
  }
  return cx.text(out);
}

Value func_untitle(Context& cx, Args args) {
  return each_rune(cx, args[0].string(), [start = true](char32_t rune) mutable {
    if (is_space(rune)) {
      start = true;
    } else if (start) {
      start = false;
      return to_lower_rune(rune);
    }
    return rune;
  });
}

Value func_swapcase(Context& cx, Args args) {
  return each_rune(cx, args[0].string(), [start = true](char32_t rune) mutable {
    bool first = start;
    if (is_upper(rune) || is_title(rune)) {
      start = false;
      return to_lower_rune(rune);
    }
    if (is_lower(rune)) {
      start = false;
      return first ? to_title_rune(rune) : to_upper_rune(rune);
    }
    start = is_space(rune);
    return rune;
  });
}

// Ends early beyond `most` bytes.
std::string wrapped(std::string_view text, int64_t width, std::string_view separator, bool break_words, size_t most) {
  std::string out;
  if (separator.empty()) separator = "\n";
  size_t length = width < 1 ? 1 : static_cast<size_t>(width);
  size_t at = 0;
  auto line = [&](size_t end, size_t next) {
    out.append(text.substr(at, end - at)).append(separator);
    at = next;
  };
  while (at < text.size() && text.size() - at > length && out.size() <= most) {
    if (text[at] == ' ') {
      ++at;
      continue;
    }
    size_t space = text.substr(at, length + 1).rfind(' ');
    if (space != std::string_view::npos) {
      line(at + space, at + space + 1);
    } else if (break_words) {
      line(at + length, at + length);
    } else {
      space = text.find(' ', at + length);
      if (space == std::string_view::npos) return out.append(text.substr(at));
      line(space, space + 1);
    }
  }
  return out.append(text.substr(at));
}

Value func_wrap(Context& cx, Args args) {
  return cx.text(wrapped(args[1].string(), args[0].integer(), "", false, SIZE_MAX));
}
Value func_wrap_with(Context& cx, Args args) {
  std::string out = wrapped(args[2].string(), args[0].integer(), args[1].string(), true, cx.most_text());
  return cx.fits(out.size(), 1) ? cx.text(out) : Value();
}

bool is_connector(char32_t rune) { return rune == '-' || rune == '_' || is_space(rune); }

// xstrings.ToPascalCase.
Value func_camelcase(Context& cx, Args args) {
  std::string_view rest = args[0].string();
  std::string out;
  char32_t now = 0;
  bool was_upper = false;
  bool any = false;
  auto next = [&rest] {
    Rune rune = decode_rune(rest);
    rest.remove_prefix(rune.size);
    return rune.value;
  };
  while (!rest.empty()) {
    now = next();
    any = true;
    if (!is_connector(now)) {
      was_upper = is_upper(now);
      now = to_upper_rune(now);
      break;
    }
    append_rune(out, now);
  }
  if (rest.empty()) {
    if (any) append_rune(out, now);  // connectors alone: the last one twice, as the real one does
    return cx.text(out);
  }
  while (!rest.empty()) {
    char32_t before = now;
    now = next();
    if (is_connector(now) && is_connector(before)) {
      append_rune(out, before);
    } else if (is_connector(before)) {
      was_upper = is_upper(now);
      now = to_upper_rune(now);
    } else {
      if (was_upper && is_upper(now)) {
        now = to_lower_rune(now);
      } else if (was_upper) {
        was_upper = false;
      }
      append_rune(out, before);
    }
  }
  append_rune(out, now);
  return cx.text(out);
}

enum class WordKind : uint8_t { kInvalid, kNumber, kUpper, kAlphabet, kConnector, kPunct, kOther };
struct Word {
  WordKind kind = WordKind::kInvalid;
  std::string_view text;
};

bool is_alphabet(char32_t rune) {
  if (!is_letter(rune)) return false;
  bool chinese =
      (rune >= 0x4E00 && rune <= 0x9FCC) || (rune >= 0x3400 && rune <= 0x4D85) || (rune >= 0x20000 && rune <= 0x2B81D);
  return !chinese;
}

// The next rune that is valid UTF-8 (U+FFFD itself does not count); `before` when there is none.
Rune valid_rune(std::string_view text, char32_t before) {
  uint32_t size = 0;
  while (size < text.size()) {
    Rune rune = decode_rune(text.substr(size));
    size += rune.size;
    if (rune.value != kRuneError) return {rune.value, size};
  }
  return {before, size};
}

// A run of runes that `belongs` accepts, behind the first `size` bytes of `text`. `last` is the rune looked at last.
template <typename Belongs>
size_t run_of(std::string_view text, size_t size, char32_t& last, Belongs belongs) {
  while (size < text.size()) {
    Rune rune = valid_rune(text.substr(size), last);
    last = rune.value;
    if (!belongs(last)) break;
    size += rune.size;
  }
  return size;
}

bool is_small(char32_t rune) { return is_alphabet(rune) && !is_upper(rune); }

size_t upper_word(std::string_view text, size_t size, char32_t rune) {
  if (size >= text.size()) return size;
  Rune second = valid_rune(text.substr(size), rune);
  char32_t last = second.value;
  if (!is_upper(last)) return is_alphabet(last) ? run_of(text, size + second.size, last, is_small) : size;
  size_t previous = size;
  for (size += second.size; size < text.size();) {
    Rune next = valid_rune(text.substr(size), last);
    last = next.value;
    // "HTTPStatus" is "HTTP" and "Status".
    if (!is_upper(last)) return is_alphabet(last) ? previous : size;
    previous = size;
    size += next.size;
  }
  return size;
}

Word next_word(std::string_view& rest) {
  Word word;
  if (rest.empty()) return word;
  Rune first = valid_rune(rest, kRuneError);
  size_t size = first.size;
  char32_t rune = first.value;
  if (rune == kRuneError) {
    word.kind = WordKind::kInvalid;
  } else if (is_connector(rune)) {
    word.kind = WordKind::kConnector;
    size = run_of(rest, size, rune, is_connector);
  } else if (is_punct(rune)) {
    word.kind = WordKind::kPunct;
    size = run_of(rest, size, rune, is_punct);
  } else if (is_upper(rune)) {
    word.kind = WordKind::kUpper;
    size = upper_word(rest, size, rune);
  } else if (is_alphabet(rune)) {
    word.kind = WordKind::kAlphabet;
    size = run_of(rest, size, rune, is_small);
  } else if (is_number(rune)) {
    word.kind = WordKind::kNumber;
    size = run_of(rest, size, rune, is_number);
  } else {
    word.kind = WordKind::kOther;
    size = run_of(rest, size, rune,
                  [](char32_t r) { return !is_connector(r) && !is_alphabet(r) && !is_number(r) && !is_punct(r); });
  }
  word.text = rest.substr(0, size);
  rest.remove_prefix(size);
  return word;
}

// xstrings' camelCaseToLowerCase: words in lower case with a connector between them.
class LowerWords {
 public:
  LowerWords(std::string_view text, char32_t connector) : rest_(text), connector_(connector) {}

  std::string run() {
    Word word = next_word(rest_);
    while (!rest_.empty()) {
      if (word.kind != WordKind::kConnector) put(word);
      Word last = word;
      word = next_word(rest_);
      if (last.kind == WordKind::kNumber) {
        join_behind(word);
      } else if (last.kind == WordKind::kConnector) {
        put(last);
      } else if (last.kind != WordKind::kPunct) {
        between(word);
      }
    }
    put(word);
    return std::move(out_);
  }

 private:
  static bool separates(const Word& word) { return word.kind != WordKind::kConnector && word.kind != WordKind::kPunct; }

  // Letters and numbers stay with the number before them.
  void join_behind(Word& word) {
    while (word.kind == WordKind::kAlphabet || word.kind == WordKind::kNumber) {
      put(word);
      word = next_word(rest_);
    }
    if (word.kind != WordKind::kInvalid && separates(word)) append_rune(out_, connector_);
  }

  void between(Word& word) {
    if (word.kind != WordKind::kNumber) {
      if (separates(word)) append_rune(out_, connector_);
      return;
    }
    if (rest_.empty()) return;
    Word number = word;
    word = next_word(rest_);
    if (word.kind != WordKind::kAlphabet) {  // "Bld4Floor": the number belongs to what is before it
      put(number);
      if (separates(word)) append_rune(out_, connector_);
      return;
    }
    append_rune(out_, connector_);  // "HTTP2xx": or to what follows
    put(number);
    join_behind(word);
  }

  void put(const Word& word) {
    if (word.kind != WordKind::kUpper && word.kind != WordKind::kConnector) {
      out_ += word.text;
      return;
    }
    for (std::string_view rest = word.text; !rest.empty();) {
      Rune rune = decode_rune(rest);
      rest.remove_prefix(rune.size);
      append_rune(out_, is_connector(rune.value) ? connector_
                        : is_upper(rune.value)   ? to_lower_rune(rune.value)
                                                 : rune.value);
    }
  }

  std::string_view rest_;
  char32_t connector_;
  std::string out_;
};

Value func_snakecase(Context& cx, Args args) { return cx.text(LowerWords(args[0].string(), '_').run()); }
Value func_kebabcase(Context& cx, Args args) { return cx.text(LowerWords(args[0].string(), '-').run()); }
Value func_hello(Context&, Args) { return Value::of("Hello!"); }

constexpr Function kWords[] = {
    {"abbrev", params(Type::kInt, kText), func_abbrev},
    {"abbrevboth", params(Type::kInt, Type::kInt, kText), func_abbrevboth},
    {"camelcase", params(kText), func_camelcase},
    {"hello", params(), func_hello},
    {"initials", params(kText), func_initials},
    {"kebabcase", params(kText), func_kebabcase},
    {"snakecase", params(kText), func_snakecase},
    {"swapcase", params(kText), func_swapcase},
    {"untitle", params(kText), func_untitle},
    {"wrap", params(Type::kInt, kText), func_wrap},
    {"wrapWith", params(Type::kInt, kText, kText), func_wrap_with},
};

}  // namespace

Family word_functions() { return kWords; }

}  // namespace autonomous::render
