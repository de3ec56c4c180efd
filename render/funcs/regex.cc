// The regex functions: Go's regexp through RE2, which has the same syntax and the same leftmost-first matches. The
// loops over all matches, the replacement syntax and the error texts are Go's.
#include <re2/re2.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/slots.h"
#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

using Groups =
    std::vector<re2::StringPiece>;  // of one match: the whole, then each group; data() == nullptr: not matched

// `(?<name>` is Go's since 1.22; this RE2 knows `(?P<name>` only.
std::string with_old_names(std::string_view pattern) {
  std::string out;
  bool in_class = false;
  for (size_t i = 0; i < pattern.size(); ++i) {
    out += pattern[i];
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      out += pattern[++i];
      continue;
    }
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']') in_class = false;
    if (in_class || pattern.substr(i, 3) != "(?<") continue;
    out += "?P";
    ++i;
  }
  return out;
}

std::string_view go_reason(re2::RE2::ErrorCode code) {
  switch (code) {
    case re2::RE2::ErrorBadEscape: return "invalid escape sequence";
    case re2::RE2::ErrorBadCharClass:
    case re2::RE2::ErrorBadCharRange: return "invalid character class range";
    case re2::RE2::ErrorMissingBracket: return "missing closing ]";
    case re2::RE2::ErrorMissingParen: return "missing closing )";
    case re2::RE2::ErrorUnexpectedParen: return "unexpected )";
    case re2::RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
    case re2::RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
    case re2::RE2::ErrorRepeatSize: return "invalid repeat count";
    case re2::RE2::ErrorRepeatOp: return "invalid nested repetition operator";
    case re2::RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
    case re2::RE2::ErrorBadUTF8: return "invalid UTF-8";
    case re2::RE2::ErrorBadNamedCapture: return "invalid named capture";
    case re2::RE2::ErrorPatternTooLarge: return "expression too large";
    default: return "regexp/syntax: internal error";
  }
}

// Where `\C` stands, in no class and no `\Q…\E`.
size_t find_byte_escape(std::string_view pattern) {
  for (size_t at = pattern.find('\\'); at != std::string_view::npos && at + 1 < pattern.size();
       at = pattern.find('\\', at)) {
    if (pattern[at + 1] == 'C') return at;
    if (pattern[at + 1] == 'Q') {
      at = pattern.find("\\E", at);
      if (at == std::string_view::npos) return at;
    }
    at += 2;
  }
  return std::string_view::npos;
}

// Whether a pattern that begins like this may still be right: nothing is wrong with it but that it ends too early.
bool may_go_on(const std::string& begin) {
  const re2::RE2 program(begin, re2::RE2::Quiet);
  return program.ok() || program.error_code() == re2::RE2::ErrorMissingParen ||
         program.error_code() == re2::RE2::ErrorMissingBracket;
}

// What Go shows of `{n,m}?`, of which RE2 shows all: no `?` where the numbers themselves are too large.
std::string_view shown_repeat(std::string_view repeat) {
  if (!repeat.ends_with("}?")) return repeat;
  constexpr uint64_t kMost = 1000;
  std::string_view inside = repeat.substr(1, repeat.size() - 3);
  const size_t comma = inside.find(',');
  const auto least = parse_uint(inside.substr(0, comma), 10);
  auto most = least;
  if (comma != std::string_view::npos && comma + 1 < inside.size()) most = parse_uint(inside.substr(comma + 1), 10);
  const bool wrong = !least || !most || least.value > kMost || most.value > kMost || least.value > most.value;
  return wrong ? repeat.substr(0, repeat.size() - 1) : repeat;
}

// Where the first byte stands that is no UTF-8.
size_t first_invalid(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const Rune rune = decode_rune(text.substr(at));
    if (rune.value == kRuneError && rune.size == 1) break;
    at += rune.size;
  }
  return at;
}

struct Expression {
  std::unique_ptr<re2::RE2> program;
  std::string error;  // Go's; "": it compiled
};

// Go's regexp.Compile, each pattern once a render: charts call these in loops.
const Expression& compile_regex(Context& cx, std::string_view pattern) {
  using Cache = std::map<std::string, Expression, std::less<>>;
  auto& slot = cx.slot(kRegexSlot);
  if (slot == nullptr) slot = std::make_shared<Cache>();
  auto& cache = *static_cast<Cache*>(slot.get());
  auto found = cache.find(pattern);
  if (found != cache.end()) return found->second;
  constexpr size_t kMost = 200;
  if (cache.size() >= kMost) cache.clear();

  Expression made;
  std::string translated = with_old_names(pattern);
  // One byte: RE2's own extension, which Go refuses, unless something before it is wrong already.
  const size_t extension = find_byte_escape(pattern);
  if (extension != std::string_view::npos && may_go_on(with_old_names(pattern.substr(0, extension)))) {
    made.error = "error parsing regexp: invalid escape sequence: `\\C`";
    return cache.emplace(pattern, std::move(made)).first->second;
  }
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_max_mem(int64_t{64} << 20);
  made.program = std::make_unique<re2::RE2>(translated, options);
  if (!made.program->ok()) {
    made.error = std::string("error parsing regexp: ").append(go_reason(made.program->error_code()));
    made.error += ": `";
    if (made.program->error_code() != re2::RE2::ErrorTrailingBackslash) {
      std::string argument = made.program->error_arg();
      if (pattern.find(argument) == std::string_view::npos && argument.starts_with("(?P<")) argument.erase(2, 1);
      if (made.program->error_code() == re2::RE2::ErrorBadUTF8) argument = pattern.substr(first_invalid(pattern));
      if (made.program->error_code() == re2::RE2::ErrorRepeatSize) argument = shown_repeat(argument);
      made.error += argument == translated ? std::string(pattern) : argument;
    }
    made.error += '`';
  }
  return cache.emplace(pattern, std::move(made)).first->second;
}

// regexp.MustCompile (its panic is the error) or regexp.Compile; nullptr after cx.fail().
const re2::RE2* regex_of(Context& cx, std::string_view pattern, bool must) {
  const Expression& expression = compile_regex(cx, pattern);
  if (expression.error.empty()) return expression.program.get();
  if (must) {
    cx.fail(expression.error);
  } else {
    std::string quoted = can_backquote(pattern) ? "`" + std::string(pattern) + "`" : quote_go(pattern);
    cx.fail("regexp: Compile(", quoted, "): ", expression.error);
  }
  return nullptr;
}

bool match_at(const re2::RE2& program, std::string_view text, size_t at, Groups& groups) {
  groups.assign(static_cast<size_t>(program.NumberOfCapturingGroups()) + 1, {});
  re2::StringPiece whole(text.data() == nullptr ? "" : text.data(), text.size());
  return program.Match(whole, at, text.size(), re2::RE2::UNANCHORED, groups.data(), static_cast<int>(groups.size()));
}

struct Matched {
  size_t begin, end;
};
Matched span_of(std::string_view text, re2::StringPiece piece) {
  size_t begin = text.data() == nullptr ? 0 : static_cast<size_t>(piece.data() - text.data());
  return {begin, begin + piece.size()};
}

// Steps of one match, which may have to read the text to its end.
uint64_t cost(size_t bytes) { return 1 + bytes / 64; }

// Regexp.FindAllStringIndex: up to `most` matches (all when negative); false: the fuel is used up.
bool find_all(Context& cx, const re2::RE2& program, std::string_view text, int64_t most, std::vector<Matched>& out) {
  if (most < 0) most = static_cast<int64_t>(text.size()) + 1;
  Groups groups;
  bool any = false;
  size_t previous = 0;
  for (size_t at = 0; static_cast<int64_t>(out.size()) < most && at <= text.size();) {
    if (!cx.spend(cost(text.size() - at))) return false;
    if (!match_at(program, text, at, groups)) break;
    Matched found = span_of(text, groups[0]);
    bool accept = true;
    if (found.end == at) {
      // No empty match right behind another match.
      if (any && found.begin == previous) accept = false;
      size_t width = at < text.size() ? decode_rune(text.substr(at)).size : 0;
      at = width > 0 ? at + width : text.size() + 1;
    } else {
      at = found.end;
    }
    previous = found.end;
    any = true;
    if (accept) out.push_back(found);
  }
  return true;
}

// Regexp.expand: `$1`, `${1}`, `$name`, `$$`; an unknown group is nothing, a malformed one stays.
void expand_groups(std::string& out, const re2::RE2& program, std::string_view replacement, const Groups& groups) {
  while (!replacement.empty()) {
    size_t dollar = replacement.find('$');
    out += replacement.substr(0, dollar);
    if (dollar == std::string_view::npos) return;
    replacement.remove_prefix(dollar + 1);
    if (replacement.starts_with('$')) {
      out += '$';
      replacement.remove_prefix(1);
      continue;
    }
    bool brace = replacement.starts_with('{');
    std::string_view rest = brace ? replacement.substr(1) : replacement;
    size_t size = 0;
    while (size < rest.size()) {
      Rune rune = decode_rune(rest.substr(size));
      if (!is_letter(rune.value) && !is_digit(rune.value) && rune.value != '_') break;
      size += rune.size;
    }
    if (size == 0 || (brace && (size >= rest.size() || rest[size] != '}'))) {
      out += '$';
      continue;
    }
    std::string_view name = rest.substr(0, size);
    replacement = rest.substr(size + (brace ? 1 : 0));
    auto number = parse_uint(name, 10);
    size_t group = groups.size();
    if (name.find_first_not_of("0123456789") == std::string_view::npos && (name.size() == 1 || name[0] != '0')) {
      if (number && number.value < groups.size()) group = number.value;
    } else {
      const auto& names = program.NamedCapturingGroups();
      auto found = names.find(std::string(name));
      if (found != names.end()) group = static_cast<size_t>(found->second);
    }
    if (group < groups.size() && groups[group].data() != nullptr)
      out.append(groups[group].data(), groups[group].size());
  }
}

Value replace_all(Context& cx, const re2::RE2& program, std::string_view text, std::string_view replacement,
                  bool literal) {
  std::string out;
  Groups groups;
  size_t last = 0;
  for (size_t at = 0; at <= text.size();) {
    if (!cx.spend(cost(text.size() - at)) || !cx.fits(out.size(), 1)) return {};
    if (!match_at(program, text, at, groups)) break;
    Matched found = span_of(text, groups[0]);
    out += text.substr(last, found.begin - last);
    // Not for an empty match right behind another match.
    if (found.end > last || found.begin == 0) {
      if (literal) {
        out += replacement;
      } else {
        expand_groups(out, program, replacement, groups);
      }
    }
    last = found.end;
    size_t width = at < text.size() ? decode_rune(text.substr(at)).size : 0;
    if (at + width > found.end) {
      at += width;
    } else if (at + 1 > found.end) {
      ++at;
    } else {
      at = found.end;
    }
  }
  out += text.substr(last);
  return cx.text(out);
}

template <bool must>
Value func_regex_match(Context& cx, Args args) {
  const Expression& expression = compile_regex(cx, args[0].string());
  if (!expression.error.empty()) return must ? cx.fail(expression.error) : Value::of(false);
  Groups groups;
  return Value::of(match_at(*expression.program, args[1].string(), 0, groups));
}

template <bool must>
Value func_regex_find(Context& cx, Args args) {
  const re2::RE2* program = regex_of(cx, args[0].string(), must);
  if (program == nullptr) return {};
  Groups groups;
  if (!match_at(*program, args[1].string(), 0, groups)) return Value::of("");
  Matched found = span_of(args[1].string(), groups[0]);
  return Value::of(args[1].string().substr(found.begin, found.end - found.begin));
}

template <bool must>
Value func_regex_find_all(Context& cx, Args args) {
  const re2::RE2* program = regex_of(cx, args[0].string(), must);
  std::vector<Matched> found;
  if (program == nullptr || !find_all(cx, *program, args[1].string(), args[2].integer(), found)) return {};
  if (found.empty()) return Value::typed_nil(Type::kStrings);
  ListBuilder list(cx.arena(), found.size());
  for (Matched span : found) list.add(Value::of(args[1].string().substr(span.begin, span.end - span.begin)));
  return list.list(Type::kStrings);
}

template <bool must, bool literal>
Value func_regex_replace_all(Context& cx, Args args) {
  const re2::RE2* program = regex_of(cx, args[0].string(), must);
  return program == nullptr ? Value() : replace_all(cx, *program, args[1].string(), args[2].string(), literal);
}

template <bool must>
Value func_regex_split(Context& cx, Args args) {
  const re2::RE2* program = regex_of(cx, args[0].string(), must);
  if (program == nullptr) return {};
  std::string_view text = args[1].string();
  int64_t most = args[2].integer();
  if (most == 0) return Value::typed_nil(Type::kStrings);
  ListBuilder list(cx.arena(), 8);
  if (!args[0].string().empty() && text.empty()) {
    list.add(Value::of(""));
    return list.list(Type::kStrings);
  }
  std::vector<Matched> found;
  if (!find_all(cx, *program, text, most, found)) return {};
  size_t begin = 0;
  size_t end = 0;
  for (Matched span : found) {
    if (most > 0 && static_cast<int64_t>(list.size()) >= most - 1) break;
    end = span.begin;
    if (span.end != 0) list.add(Value::of(text.substr(begin, end - begin)));
    begin = span.end;
  }
  if (end != text.size()) list.add(Value::of(text.substr(begin)));
  return list.list(Type::kStrings);
}

Value func_regex_quote_meta(Context& cx, Args args) {
  std::string out;
  for (char c : args[0].string()) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return cx.text(out);
}

constexpr Function kRegex[] = {
    {"mustRegexFind", params(kText, kText), func_regex_find<true>},
    {"mustRegexFindAll", params(kText, kText, Type::kInt), func_regex_find_all<true>},
    {"mustRegexMatch", params(kText, kText), func_regex_match<true>},
    {"mustRegexReplaceAll", params(kText, kText, kText), func_regex_replace_all<true, false>},
    {"mustRegexReplaceAllLiteral", params(kText, kText, kText), func_regex_replace_all<true, true>},
    {"mustRegexSplit", params(kText, kText, Type::kInt), func_regex_split<true>},
    {"regexFind", params(kText, kText), func_regex_find<false>},
    {"regexFindAll", params(kText, kText, Type::kInt), func_regex_find_all<false>},
    {"regexMatch", params(kText, kText), func_regex_match<false>},
    {"regexQuoteMeta", params(kText), func_regex_quote_meta},
    {"regexReplaceAll", params(kText, kText, kText), func_regex_replace_all<false, false>},
    {"regexReplaceAllLiteral", params(kText, kText, kText), func_regex_replace_all<false, true>},
    {"regexSplit", params(kText, kText, Type::kInt), func_regex_split<false>},
};

}  // namespace

Family regex_functions() { return kRegex; }

}  // namespace autonomous::render
