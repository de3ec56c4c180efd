#include "render/template/format.h"

#include <algorithm>

#include "render/template/literal.h"
#include "render/template/printer.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

constexpr std::string_view kLower = "0123456789abcdefx";
constexpr std::string_view kUpper = "0123456789ABCDEFX";

}  // namespace

void Printer::pad(std::string_view text) {
  if (!flags_.has_width || flags_.width == 0) {
    out_ += text;
    return;
  }
  int padding = flags_.width - static_cast<int>(rune_count(text));
  if (!flags_.minus) write_padding(padding);
  out_ += text;
  if (flags_.minus) write_padding(padding);
}

void Printer::write_padding(int count) {
  if (count > 0) out_.append(static_cast<size_t>(count), flags_.zero && !flags_.minus ? '0' : ' ');
}

void Printer::pad_without_zeros(std::string_view text) {
  bool zero = std::exchange(flags_.zero, false);
  pad(text);
  flags_.zero = zero;
}

std::string_view Printer::truncate(std::string_view text) const {
  if (!flags_.has_precision) return text;
  size_t bytes = 0;
  for (int i = 0; i < flags_.precision && bytes < text.size(); ++i) bytes += decode_rune(text.substr(bytes)).size;
  return text.substr(0, bytes);
}

void Printer::bad_verb(char32_t verb, Value value, bool as_argument) {
  erroring_ = true;
  out_ += "%!";
  append_rune(out_, verb);
  out_ += '(';
  if (value.is_nothing()) {
    out_ += "<nil>";
  } else {
    out_ += value.type_name();
    out_ += '=';
    if (as_argument) {
      print_argument(value, 'v');
    } else {
      print_value(value, 'v', 0);
    }
  }
  out_ += ')';
  erroring_ = false;
}

void Printer::format_integer(uint64_t value, bool is_signed, char32_t verb, Value original) {
  switch (verb) {
    case 'v':
      if (flags_.sharp_v && !is_signed) return hexadecimal(value, true);
      return digits(value, 10, is_signed, verb, kLower);
    case 'd': return digits(value, 10, is_signed, verb, kLower);
    case 'b': return digits(value, 2, is_signed, verb, kLower);
    case 'o':
    case 'O': return digits(value, 8, is_signed, verb, kLower);
    case 'x': return digits(value, 16, is_signed, verb, kLower);
    case 'X': return digits(value, 16, is_signed, verb, kUpper);
    case 'c': {
      std::string text;
      append_rune(text, value > kMaxRune ? kRuneError : static_cast<char32_t>(value));
      return pad(text);
    }
    case 'q': {
      std::string text;
      quote_rune(text, value > kMaxRune ? kRuneError : static_cast<char32_t>(value), flags_.plus);
      return pad(text);
    }
    case 'U': return unicode(value);
    default: return bad_verb(verb, original, argument_);
  }
}

void Printer::hexadecimal(uint64_t value, bool prefix) {
  bool sharp = std::exchange(flags_.sharp, prefix);
  digits(value, 16, false, 'v', kLower);
  flags_.sharp = sharp;
}

// U+0078, or U+0078 'x' with #.
void Printer::unicode(uint64_t value) {
  int precision = flags_.has_precision && flags_.precision > 4 ? flags_.precision : 4;
  std::string text;
  for (uint64_t rest = value; rest != 0 || text.empty(); rest >>= 4) text += kUpper[rest & 15];
  if (text.size() < static_cast<size_t>(precision)) text.append(static_cast<size_t>(precision) - text.size(), '0');
  std::reverse(text.begin(), text.end());
  text.insert(0, "U+");
  if (flags_.sharp && value <= kMaxRune && is_print(static_cast<char32_t>(value))) {
    text += " '";
    append_rune(text, static_cast<char32_t>(value));
    text += '\'';
  }
  pad_without_zeros(text);
}

void Printer::digits(uint64_t value, unsigned base, bool is_signed, char32_t verb, std::string_view alphabet) {
  bool negative = is_signed && static_cast<int64_t>(value) < 0;
  if (negative) value = -value;
  // "%.3d" and "%03d" both ask for leading zeros; given both, the flag is ignored.
  int precision = 0;
  if (flags_.has_precision) {
    precision = flags_.precision;
    if (precision == 0 && value == 0) {
      bool zero = std::exchange(flags_.zero, false);
      write_padding(flags_.width);
      flags_.zero = zero;
      return;
    }
  } else if (flags_.zero && !flags_.minus && flags_.has_width) {
    precision = flags_.width;
    if (negative || flags_.plus || flags_.space) --precision;
  }
  std::string& text = scratch_;  // built backwards
  text.clear();
  do {
    text += alphabet[value % base];
    value /= base;
  } while (value != 0);
  while (static_cast<int>(text.size()) < precision) text += '0';
  if (flags_.sharp) {
    if (base == 2) text += "b0";
    if (base == 8 && text.back() != '0') text += '0';
    if (base == 16) {
      text += alphabet[16];
      text += '0';
    }
  }
  if (verb == 'O') text += "o0";
  if (negative) {
    text += '-';
  } else if (flags_.plus) {
    text += '+';
  } else if (flags_.space) {
    text += ' ';
  }
  std::reverse(text.begin(), text.end());
  pad_without_zeros(text);
}

void Printer::format_string(std::string_view text, char32_t verb, Value original) {
  switch (verb) {
    case 'v':
      if (flags_.sharp_v) return quoted(text);
      return pad(truncate(text));
    case 's': return pad(truncate(text));
    case 'x': return hex_bytes(text, kLower);
    case 'X': return hex_bytes(text, kUpper);
    case 'q': return quoted(text);
    default: return bad_verb(verb, original, argument_);
  }
}

void Printer::quoted(std::string_view text) {
  text = truncate(text);
  std::string out;
  if (flags_.sharp && can_backquote(text)) {
    out.append("`").append(text).append("`");
  } else {
    quote_go(out, text, flags_.plus);
  }
  pad(out);
}

void Printer::hex_bytes(std::string_view bytes, std::string_view alphabet) {
  size_t length = bytes.size();
  if (flags_.has_precision) length = std::min(length, static_cast<size_t>(flags_.precision));
  if (length == 0) {
    if (flags_.has_width) write_padding(flags_.width);
    return;
  }
  std::string text;
  for (size_t i = 0; i < length; ++i) {
    if (flags_.space && i > 0) text += ' ';
    if (flags_.sharp && (flags_.space || i == 0)) {
      text += '0';
      text += alphabet[16];
    }
    auto byte = static_cast<uint8_t>(bytes[i]);
    text += alphabet[byte >> 4];
    text += alphabet[byte & 15];
  }
  pad(text);
}

void Printer::format_bytes(Value value, char32_t verb) {
  std::string_view bytes = value.bytes();
  switch (verb) {
    case 'v':
    case 'd': break;
    case 's': return pad(truncate(bytes));
    case 'x': return hex_bytes(bytes, kLower);
    case 'X': return hex_bytes(bytes, kUpper);
    case 'q': return quoted(bytes);
    default: return print_value(value, verb, 0);
  }
  if (flags_.sharp_v) {
    out_ += "[]byte";
    if (value.is_nil()) {
      out_ += "(nil)";
      return;
    }
  }
  out_ += flags_.sharp_v ? '{' : '[';
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) out_ += flags_.sharp_v ? ", " : " ";
    auto byte = static_cast<uint8_t>(bytes[i]);
    if (flags_.sharp_v) {
      hexadecimal(byte, true);
    } else {
      digits(byte, 10, false, verb, kLower);
    }
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void Printer::format_complex(const std::complex<double>& value, char32_t verb, Value original) {
  if (verb >= 0x80 || std::string_view("vbgGxXfFeE").find(static_cast<char>(verb)) == std::string_view::npos) {
    return bad_verb(verb, original, argument_);
  }
  bool plus = flags_.plus;
  out_ += '(';
  format_floating(value.real(), 64, verb, original);
  flags_.plus = true;  // the imaginary part always has a sign
  format_floating(value.imag(), 64, verb, original);
  out_ += "i)";
  flags_.plus = plus;
}

void Printer::format_pointer(Value value, char32_t verb) {
  switch (value.store()) {
    case Store::kMap:
    case Store::kList:
    case Store::kBytes:
    case Store::kStruct: break;
    default: return bad_verb(verb, value, argument_);
  }
  if (value.is_struct() && value.kind() != Kind::kPointer) return bad_verb(verb, value, argument_);
  auto address = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(value.address()));
  switch (verb) {
    case 'v':
      if (flags_.sharp_v) {
        out_.append("(").append(value.type_name()).append(")(");
        if (address == 0) {
          out_ += "nil";
        } else {
          hexadecimal(address, true);
        }
        out_ += ')';
      } else if (address == 0) {
        pad("<nil>");
      } else {
        hexadecimal(address, !flags_.sharp);
      }
      return;
    case 'p': return hexadecimal(address, !flags_.sharp);
    case 'b':
    case 'o':
    case 'd':
    case 'x':
    case 'X': return format_integer(address, false, verb, value);
    default: return bad_verb(verb, value, argument_);
  }
}

// String() or Error() of the types that have one; GoString() for %#v.
bool Printer::by_method(Value value, char32_t verb) {
  if (erroring_ || hidden_ || formatting_.library == nullptr) return false;
  if (flags_.sharp_v) {
    const Methods* methods = formatting_.library->methods(value.type());
    if (methods == nullptr || methods->to_go_string == nullptr) return false;
    Arena arena;
    pad(methods->to_go_string(arena, value));
    return true;
  }
  if (verb != 'v' && verb != 's' && verb != 'x' && verb != 'X' && verb != 'q') return false;
  bool pointer = value.kind() == Kind::kPointer;
  const Methods* methods = formatting_.library->methods(value.type());
  if ((methods == nullptr || methods->to_string == nullptr) && pointer) {
    methods = formatting_.library->methods(element_of(value.type()));
  } else if (methods != nullptr && methods->on_pointer && !pointer) {
    return false;
  }
  if (methods == nullptr || methods->to_string == nullptr) return false;
  if (value.is_nil() && value.is_struct()) {
    out_ += "<nil>";  // what fmt makes of the panic
    return true;
  }
  Arena arena;
  format_string(methods->to_string(arena, value), verb, value);
  return true;
}

bool Printer::may_go_on() {
  if (out_.size() > formatting_.most) formatting_.too_long = true;
  return !formatting_.stopped();
}

void Printer::print_argument(Value value, char32_t verb) {
  if (!may_go_on()) return;
  bool before = std::exchange(argument_, true);
  print_one(value.unwrapped(), verb);
  argument_ = before;
}

void Printer::print_one(Value value, char32_t verb) {
  if (value.is_none()) {
    if (verb == 'T' || verb == 'v') return pad("<nil>");
    return bad_verb(verb, value, true);
  }
  if (verb == 'T') return pad(truncate(value.type_name()));
  if (verb == 'p') return format_pointer(value, 'p');
  if (verb == 'w') return bad_verb(verb, value, true);
  if (value.is_string() && value.type() == Type::kString) return format_string(value.string(), verb, value);
  if (value.is_bytes()) return format_bytes(value, verb);
  if (by_method(value, verb)) return;
  print_value(value, verb, 0);
}

void Printer::print_value(Value value, char32_t verb, int depth) {
  if (depth > kMaxFormatDepth) formatting_.too_deep = true;
  if (!may_go_on()) return;
  if (depth > 0 && !value.is_nothing() && by_method(value, verb)) return;
  argument_ = false;
  switch (value.store()) {
    case Store::kNone:
      if (depth == 0) {
        out_ += "<invalid reflect.Value>";
      } else if (verb == 'v') {
        out_ += "<nil>";
      } else {
        bad_verb(verb, value, false);
      }
      return;
    case Store::kNil: out_ += flags_.sharp_v ? "interface {}(nil)" : "<nil>"; return;
    case Store::kBool:
      if (verb != 't' && verb != 'v') return bad_verb(verb, value, false);
      return pad(value.boolean() ? "true" : "false");
    case Store::kInt: return format_integer(static_cast<uint64_t>(value.integer()), true, verb, value);
    case Store::kUint: return format_integer(value.unsigned_integer(), false, verb, value);
    case Store::kFloat: return format_floating(value.floating(), value.type() == Type::kFloat32 ? 32 : 64, verb, value);
    case Store::kComplex: return format_complex(value.complex(), verb, value);
    case Store::kString: return format_string(value.string(), verb, value);
    case Store::kMap: return print_map(value, verb, depth);
    case Store::kStruct: return print_struct(value, verb, depth);
    case Store::kList:
    case Store::kBytes: return print_list(value, verb, depth);
  }
}

bool Printer::open(Value value, std::string_view plain, char go_open) {
  if (!flags_.sharp_v) {
    out_ += plain;
    return true;
  }
  out_ += value.type_name();
  if (value.is_nil()) {
    out_ += "(nil)";
    return false;
  }
  out_ += go_open;
  return true;
}

void Printer::print_map(Value value, char32_t verb, int depth) {
  if (!open(value, "map[", '{')) return;
  bool first = true;
  std::span<const Map::Entry> entries;
  if (!value.is_nil()) entries = value.map()->entries();
  for (const Map::Entry& entry : entries) {
    if (!std::exchange(first, false)) out_ += flags_.sharp_v ? ", " : " ";
    print_value(Value::of(entry.key.text()), verb, depth + 1);
    out_ += ':';
    print_element(entry.value, verb, depth + 1);
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

// An element that Go holds in an interface: nil prints as <nil> whatever the verb.
void Printer::print_element(Value value, char32_t verb, int depth) {
  if (value.is_none()) value = Value::nil();
  print_value(value, verb, depth);
}

void Printer::print_list(Value value, char32_t verb, int depth) {
  if (value.is_bytes() && (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X')) return format_bytes(value, verb);
  if (!open(value, "[", '{')) return;
  for (size_t i = 0; i < value.length(); ++i) {
    if (i > 0) out_ += flags_.sharp_v ? ", " : " ";
    print_element(value.at(i).unwrapped(), verb, depth + 1);
  }
  out_ += flags_.sharp_v ? '}' : ']';
}

void Printer::print_struct(Value value, char32_t verb, int depth) {
  if (value.kind() == Kind::kPointer) {
    if (depth > 0 || value.is_nil()) return format_pointer(value, verb);
    out_ += '&';
    return print_struct(value.as(element_of(value.type())), verb, depth + 1);
  }
  if (flags_.sharp_v) out_ += value.type_name();
  out_ += '{';
  bool first = true;
  for (const Field& field : value.structure()->fields) {
    if (!std::exchange(first, false)) out_ += flags_.sharp_v ? ", " : " ";
    if (flags_.plus_v || flags_.sharp_v) out_.append(field.name).append(":");
    const bool before = std::exchange(hidden_, hidden_ || !field.exported());
    print_element(field.value, verb, depth + 1);
    hidden_ = before;
  }
  out_ += '}';
}

void format_value(std::string& out, Value value, Formatting& formatting) {
  Printer(out, formatting).print_argument(value, 'v');
}

void print_value(std::string& out, Value value, Formatting& formatting) {
  if (value.is_string()) {
    out += value.string();
    return;
  }
  if (value.is_none()) {
    out += "<no value>";
    return;
  }
  value = printable(value, formatting);
  format_value(out, value, formatting);
}

Value printable(Value value, const Formatting& formatting) {
  value = value.unwrapped();
  if (value.is_none()) return Value::of("<no value>");
  if (!value.is_struct()) return value;
  if (value.kind() == Kind::kPointer && !value.is_nil()) value = value.as(element_of(value.type())).with_address();
  // A pointer's String() is used where Go can take the address.
  const Methods* methods = formatting.library == nullptr ? nullptr : formatting.library->methods(value.type());
  if (methods == nullptr || methods->to_string == nullptr || !methods->on_pointer || !value.addressable()) return value;
  return value.as(pointer_to(value.type()));
}

void sprint(std::string& out, Args args, Formatting& formatting) {
  bool previous_string = false;
  for (size_t i = 0; i < args.size(); ++i) {
    bool is_string = args[i].is_string();
    if (i > 0 && !is_string && !previous_string) out += ' ';
    format_value(out, args[i], formatting);
    previous_string = is_string;
  }
}

void sprintln(std::string& out, Args args, Formatting& formatting) {
  for (size_t i = 0; i < args.size(); ++i) {
    if (i > 0) out += ' ';
    format_value(out, args[i], formatting);
  }
  out += '\n';
}

}  // namespace autonomous::render
