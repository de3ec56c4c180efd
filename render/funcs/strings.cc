// sprig's strings.go: the functions that need no word rules. Lengths and cuts are in bytes, as in Go.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

std::string_view text(Args args, size_t i) { return args[i].string(); }

Value func_quote(Context& cx, Args args) {
  std::string out;
  bool first = true;
  for (Value value : args) {
    if (value.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    quote_go(out, to_text(cx, value));
  }
  return cx.text(out);
}

Value func_squote(Context& cx, Args args) {
  std::string out;
  bool first = true;
  for (Value value : args) {
    if (value.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    out += '\'';
    append_value(cx, out, value);
    out += '\'';
  }
  return cx.text(out);
}

Value func_cat(Context& cx, Args args) {
  std::string out;
  bool first = true;
  for (Value value : args) {
    if (value.is_nothing()) continue;
    if (!std::exchange(first, false)) out += ' ';
    append_value(cx, out, value);
  }
  return cx.text(out);
}

// Every line gets the padding, empty ones too.
Value indented(Context& cx, int64_t spaces, std::string_view body, std::string_view before) {
  if (spaces < 0) return cx.fail("strings: negative Repeat count");
  auto width = static_cast<size_t>(spaces);
  auto lines = static_cast<size_t>(std::count(body.begin(), body.end(), '\n'));
  if (!cx.fits(lines + 1, width)) return {};
  size_t size = before.size() + width * (lines + 1) + body.size();
  char* out = static_cast<char*>(cx.arena().allocate(std::max<size_t>(size, 1), 1));
  char* at = std::copy(before.begin(), before.end(), out);
  at = std::fill_n(at, width, ' ');
  while (!body.empty()) {
    size_t end = body.find('\n');
    size_t count = end == std::string_view::npos ? body.size() : end + 1;
    at = std::copy_n(body.data(), count, at);
    body.remove_prefix(count);
    if (end != std::string_view::npos) at = std::fill_n(at, width, ' ');
  }
  return Value::of(std::string_view(out, size));
}

Value func_indent(Context& cx, Args args) { return indented(cx, args[0].integer(), text(args, 1), ""); }
Value func_nindent(Context& cx, Args args) { return indented(cx, args[0].integer(), text(args, 1), "\n"); }

// strings.Count.
size_t occurrences(std::string_view source, std::string_view part) {
  if (part.empty()) return rune_count(source) + 1;
  size_t count = 0;
  for (size_t at = source.find(part); at != std::string_view::npos; at = source.find(part, at + part.size())) ++count;
  return count;
}

// strings.Replace(source, from, to, -1).
Value replaced(Context& cx, std::string_view source, std::string_view from, std::string_view to) {
  std::string out;
  if (!cx.fits(occurrences(source, from), to.size())) return {};
  if (from.empty()) {  // before every character, and at the end
    out += to;
    while (!source.empty()) {
      size_t size = decode_rune(source).size;
      out += source.substr(0, size);
      out += to;
      source.remove_prefix(size);
    }
    return cx.text(out);
  }
  size_t at = source.find(from);
  if (at == std::string_view::npos) return Value::of(source);
  while (at != std::string_view::npos) {
    out += source.substr(0, at);
    out += to;
    source.remove_prefix(at + from.size());
    at = source.find(from);
  }
  out += source;
  return cx.text(out);
}

Value func_replace(Context& cx, Args args) { return replaced(cx, text(args, 2), text(args, 0), text(args, 1)); }

Value func_plural(Context&, Args args) { return args[2].integer() == 1 ? args[0] : args[1]; }
Value func_to_string(Context& cx, Args args) { return Value::of(to_text(cx, args[0])); }
Value func_to_strings(Context& cx, Args args) { return Value::of(to_strings(cx, args[0]), Type::kStrings); }

Value func_trunc(Context&, Args args) {
  int64_t count = args[0].integer();
  std::string_view source = text(args, 1);
  auto size = static_cast<int64_t>(source.size());
  if (count < 0 && size + count > 0) return Value::of(source.substr(static_cast<size_t>(size + count)));
  if (count >= 0 && size > count) return Value::of(source.substr(0, static_cast<size_t>(count)));
  return args[1];
}

Value func_join(Context& cx, Args args) {
  std::string out;
  bool first = true;
  for (Value part : to_strings(cx, args[1])) {
    if (!cx.fits(out.size() + text(args, 0).size() + part.string().size(), 1)) return {};
    if (!std::exchange(first, false)) out += text(args, 0);
    out += part.string();
  }
  return cx.text(out);
}

// strings.SplitN; n < 0: all. An empty separator splits into characters.
std::vector<std::string_view> split(std::string_view source, std::string_view separator, int64_t n) {
  std::vector<std::string_view> parts;
  if (n == 0) return parts;
  auto more = [&] { return n < 0 || static_cast<int64_t>(parts.size()) < n - 1; };
  if (separator.empty()) {
    while (!source.empty()) {
      size_t size = more() ? decode_rune(source).size : source.size();
      parts.push_back(source.substr(0, size));
      source.remove_prefix(size);
    }
    return parts;
  }
  size_t at = source.find(separator);
  while (at != std::string_view::npos && more()) {
    parts.push_back(source.substr(0, at));
    source.remove_prefix(at + separator.size());
    at = source.find(separator);
  }
  parts.push_back(source);
  return parts;
}

Value numbered(Context& cx, const std::vector<std::string_view>& parts) {
  Map* map = Map::make(cx.arena(), parts.size());
  for (size_t i = 0; i < parts.size(); ++i) {
    map->append(Key(cx.arena().copy("_" + std::to_string(i))), Value::of(parts[i]));
  }
  map->sort();
  return Value::of(map, Type::kStringMap);
}

Value func_split(Context& cx, Args args) { return numbered(cx, split(text(args, 1), text(args, 0), -1)); }
Value func_splitn(Context& cx, Args args) {
  return numbered(cx, split(text(args, 2), text(args, 0), args[1].integer()));
}

Value func_split_list(Context& cx, Args args) {
  ListBuilder list(cx.arena(), 8);
  for (std::string_view part : split(text(args, 1), text(args, 0), -1)) list.add(Value::of(part));
  return list.list(Type::kStrings);
}

Value func_substr(Context& cx, Args args) {
  int64_t start = args[0].integer();
  int64_t end = args[1].integer();
  std::string_view source = text(args, 2);
  auto size = static_cast<int64_t>(source.size());
  auto bounds = [&cx](const std::string& what) { return cx.fail("runtime error: slice bounds out of range [", what); };
  if (start < 0) {
    if (end < 0 || end > size) {
      return bounds(":" + std::to_string(end) + (end < 0 ? "]" : "] with length " + std::to_string(size)));
    }
    return Value::of(source.substr(0, static_cast<size_t>(end)));
  }
  if (end < 0 || end > size) {
    if (start > size) return bounds(std::to_string(start) + ":" + std::to_string(size) + "]");
    return Value::of(source.substr(static_cast<size_t>(start)));
  }
  if (start > end) return bounds(std::to_string(start) + ":" + std::to_string(end) + "]");
  return Value::of(source.substr(static_cast<size_t>(start), static_cast<size_t>(end - start)));
}

template <typename Mapping>
Value mapped(Context& cx, std::string_view source, Mapping mapping) {
  std::string out;
  out.reserve(source.size());
  while (!source.empty()) {
    Rune rune = decode_rune(source);
    append_rune(out, mapping(rune.value));
    source.remove_prefix(rune.size);
  }
  return cx.text(out);
}

Value func_upper(Context& cx, Args args) { return mapped(cx, text(args, 0), to_upper_rune); }
Value func_lower(Context& cx, Args args) { return mapped(cx, text(args, 0), to_lower_rune); }

// strings.Title: a letter behind anything but a letter, digit, underscore, or sign beyond ASCII that is no space.
Value func_title(Context& cx, Args args) {
  char32_t before = ' ';
  return mapped(cx, text(args, 0), [&before](char32_t rune) {
    char32_t last = std::exchange(before, rune);
    bool word = last < 0x80 ? is_letter(last) || is_digit(last) || last == '_'
                            : is_letter(last) || is_digit(last) || !is_space(last);
    return word ? rune : to_title_rune(rune);
  });
}

bool in_set(char32_t rune, std::string_view set) {
  while (!set.empty()) {
    Rune one = decode_rune(set);
    if (one.value == rune) return true;
    set.remove_prefix(one.size);
  }
  return false;
}

template <typename Predicate>
std::string_view trimmed(std::string_view source, Predicate cut) {
  for (Rune rune = decode_rune(source); !source.empty() && cut(rune.value); rune = decode_rune(source)) {
    source.remove_prefix(rune.size);
  }
  for (Rune rune = decode_last_rune(source); !source.empty() && cut(rune.value); rune = decode_last_rune(source)) {
    source.remove_suffix(rune.size);
  }
  return source;
}

Value func_trim(Context&, Args args) { return Value::of(trimmed(text(args, 0), is_space)); }
Value func_trim_all(Context&, Args args) {
  return Value::of(trimmed(text(args, 1), [set = text(args, 0)](char32_t rune) { return in_set(rune, set); }));
}

Value func_trim_suffix(Context&, Args args) {
  std::string_view source = text(args, 1);
  if (source.ends_with(text(args, 0))) source.remove_suffix(text(args, 0).size());
  return Value::of(source);
}

Value func_trim_prefix(Context&, Args args) {
  std::string_view source = text(args, 1);
  if (source.starts_with(text(args, 0))) source.remove_prefix(text(args, 0).size());
  return Value::of(source);
}

Value func_contains(Context&, Args args) {
  return Value::of(text(args, 1).find(text(args, 0)) != std::string_view::npos);
}
Value func_has_prefix(Context&, Args args) { return Value::of(text(args, 1).starts_with(text(args, 0))); }
Value func_has_suffix(Context&, Args args) { return Value::of(text(args, 1).ends_with(text(args, 0))); }

Value func_repeat(Context& cx, Args args) {
  int64_t count = args[0].integer();
  std::string_view source = text(args, 1);
  if (count < 0) return cx.fail("strings: negative Repeat count");
  if (source.empty() || count == 0) return Value::of("");
  if (!cx.fits(static_cast<uint64_t>(count), source.size())) return {};
  size_t size = source.size() * static_cast<size_t>(count);
  char* out = static_cast<char*>(cx.arena().allocate(size, 1));
  for (char* at = out; at != out + size;) at = std::copy(source.begin(), source.end(), at);
  return Value::of(std::string_view(out, size));
}

// The real one takes bytes for characters, and so does this; a text without spaces stays as it is.
Value func_nospace(Context& cx, Args args) {
  std::string out;
  bool spaces = false;
  for (char c : text(args, 0)) {
    if (is_space(static_cast<uint8_t>(c))) {
      spaces = true;
    } else {
      append_rune(out, static_cast<uint8_t>(c));
    }
  }
  return spaces ? cx.text(out) : Value::of(text(args, 0));
}

constexpr Function kStrings[] = {
    {"cat", variadic(kAny), func_cat},
    {"contains", params(kText, kText), func_contains},
    {"hasPrefix", params(kText, kText), func_has_prefix},
    {"hasSuffix", params(kText, kText), func_has_suffix},
    {"indent", params(Type::kInt, kText), func_indent},
    {"join", params(kText, kAny), func_join},
    {"lower", params(kText), func_lower},
    {"nindent", params(Type::kInt, kText), func_nindent},
    {"nospace", params(kText), func_nospace},
    {"plural", params(kText, kText, Type::kInt), func_plural},
    {"quote", variadic(kAny), func_quote},
    {"repeat", params(Type::kInt, kText), func_repeat},
    {"replace", params(kText, kText, kText), func_replace},
    {"split", params(kText, kText), func_split},
    {"splitList", params(kText, kText), func_split_list},
    {"splitn", params(kText, Type::kInt, kText), func_splitn},
    {"squote", variadic(kAny), func_squote},
    {"substr", params(Type::kInt, Type::kInt, kText), func_substr},
    {"title", params(kText), func_title},
    {"toString", params(kAny), func_to_string},
    {"toStrings", params(kAny), func_to_strings},
    {"trim", params(kText), func_trim},
    {"trimAll", params(kText, kText), func_trim_all},
    {"trimPrefix", params(kText, kText), func_trim_prefix},
    {"trimSuffix", params(kText, kText), func_trim_suffix},
    {"trimall", params(kText, kText), func_trim_all},
    {"trunc", params(Type::kInt, kText), func_trunc},
    {"upper", params(kText), func_upper},
};

}  // namespace

Family string_functions() { return kStrings; }

}  // namespace autonomous::render
