// Printf's directives: %[flags][[n]][width][.precision][[n]]verb.
#include <algorithm>

#include "render/template/printer.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr int kTooLarge = 1'000'000;  // Go's bound on widths and precisions

// Digits at `at`; as in Go an overlong number swallows the rest of the format.
bool read_number(std::string_view text, size_t& at, int& number) {
  number = 0;
  bool found = false;
  size_t start = at;
  for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at) {
    if (number > kTooLarge) {
      number = 0;
      at = text.size();
      return false;
    }
    number = number * 10 + (text[at] - '0');
    found = true;
  }
  if (!found) at = start;
  return found;
}

// "[n]" at the start of text: its index from 0, how long it is, whether it is well formed.
struct Index {
  int index = 0;
  size_t size = 1;
  bool ok = false;
};
Index read_bracket(std::string_view text) {
  if (text.size() < 3) return {};
  size_t close = text.find(']', 1);
  if (close == std::string_view::npos) return {};
  std::string_view inside = text.substr(1, close - 1);
  size_t at = 0;
  int number = 0;
  if (!read_number(inside, at, number) || at != inside.size()) return {0, close + 1, false};
  return {number - 1, close + 1, true};
}

}  // namespace

void Printer::printf(std::string_view format, Args args) {
  Directive d{.format = format, .args = args};
  while (d.at < format.size()) {
    size_t percent = format.find('%', d.at);
    out_ += format.substr(d.at, percent == std::string_view::npos ? percent : percent - d.at);
    if (percent == std::string_view::npos) break;
    d.at = percent + 1;
    print_directive(d);
  }
  if (!d.reordered && d.argument < args.size()) report_extra(args.subspan(d.argument));
}

void Printer::print_directive(Directive& d) {
  flags_ = {};
  d.good_index = true;
  d.after_index = false;
  if (read_flags(d)) return;
  read_index(d);
  read_width(d);
  read_precision(d);
  if (!d.after_index) read_index(d);
  if (d.at >= d.format.size()) {
    out_ += "%!(NOVERB)";
    return;
  }
  Rune verb = decode_rune(d.format.substr(d.at));
  d.at += verb.size;
  print_verb(d, verb.value);
}

// True: the directive was a flag or two and a plain verb, and is done.
bool Printer::read_flags(Directive& d) {
  for (; d.at < d.format.size(); ++d.at) {
    char c = d.format[d.at];
    switch (c) {
      case '#': flags_.sharp = true; continue;
      case '0': flags_.zero = true; continue;
      case '+': flags_.plus = true; continue;
      case '-': flags_.minus = true; continue;
      case ' ': flags_.space = true; continue;
      default: break;
    }
    if (c < 'a' || c > 'z' || d.argument >= d.args.size()) return false;
    ++d.at;
    print_verb(d, static_cast<char32_t>(c));
    return true;
  }
  return false;
}

void Printer::print_verb(Directive& d, char32_t verb) {
  if (verb == '%') {
    out_ += '%';
    return;
  }
  if (!d.good_index || d.argument >= d.args.size()) {
    out_ += "%!";
    append_rune(out_, verb);
    out_ += d.good_index ? "(MISSING)" : "(BADINDEX)";
    return;
  }
  if (verb == 'v' || verb == 'w') {
    flags_.sharp_v = std::exchange(flags_.sharp, false);
    flags_.plus_v = std::exchange(flags_.plus, false);
  }
  print_argument(d.args[d.argument++], verb);
}

void Printer::read_index(Directive& d) {
  d.after_index = false;
  if (d.at >= d.format.size() || d.format[d.at] != '[') return;
  d.reordered = true;
  Index found = read_bracket(d.format.substr(d.at));
  d.at += found.size;
  if (found.ok && found.index >= 0 && static_cast<size_t>(found.index) < d.args.size()) {
    d.argument = static_cast<size_t>(found.index);
    d.after_index = true;
    return;
  }
  d.good_index = false;
  d.after_index = found.ok;
}

bool Printer::integer_argument(Directive& d, int& number) {
  number = 0;
  if (d.argument >= d.args.size()) return false;
  Value value = d.args[d.argument++].unwrapped();
  int64_t wide = 0;
  if (value.is_int()) {
    wide = value.integer();
  } else if (value.is_uint() && value.unsigned_integer() <= INT64_MAX) {
    wide = static_cast<int64_t>(value.unsigned_integer());
  } else {
    return false;
  }
  if (wide > kTooLarge || wide < -kTooLarge) return false;
  number = static_cast<int>(wide);
  return true;
}

void Printer::read_width(Directive& d) {
  if (d.at < d.format.size() && d.format[d.at] == '*') {
    ++d.at;
    flags_.has_width = integer_argument(d, flags_.width);
    if (!flags_.has_width) out_ += "%!(BADWIDTH)";
    if (flags_.width < 0) {
      flags_.width = -flags_.width;
      flags_.minus = true;
      flags_.zero = false;
    }
    d.after_index = false;
    return;
  }
  flags_.has_width = read_number(d.format, d.at, flags_.width);
  if (d.after_index && flags_.has_width) d.good_index = false;  // "%[3]2d"
}

void Printer::read_precision(Directive& d) {
  if (d.at + 1 >= d.format.size() || d.format[d.at] != '.') return;
  ++d.at;
  if (d.after_index) d.good_index = false;  // "%[3].2d"
  read_index(d);
  if (d.at < d.format.size() && d.format[d.at] == '*') {
    ++d.at;
    flags_.has_precision = integer_argument(d, flags_.precision);
    if (flags_.precision < 0) {
      flags_.precision = 0;
      flags_.has_precision = false;
    }
    if (!flags_.has_precision) out_ += "%!(BADPREC)";
    d.after_index = false;
    return;
  }
  if (!read_number(d.format, d.at, flags_.precision)) flags_.precision = 0;
  flags_.has_precision = true;
}

void Printer::report_extra(Args rest) {
  flags_ = {};
  out_ += "%!(EXTRA ";
  for (size_t i = 0; i < rest.size(); ++i) {
    if (i > 0) out_ += ", ";
    if (rest[i].is_nothing()) {
      out_ += "<nil>";
      continue;
    }
    out_.append(rest[i].type_name()).append("=");
    print_argument(rest[i], 'v');
  }
  out_ += ')';
}

void sprintf(std::string& out, std::string_view format, Args args, Formatting& formatting) {
  Printer(out, formatting).printf(format, args);
}

}  // namespace autonomous::render
