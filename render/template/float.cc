// Floating-point numbers as text: strconv.FormatFloat, and fmt's flags over it.
#include <charconv>
#include <cmath>
#include <cstring>

#include "render/template/printer.h"

namespace autonomous::render {
namespace {

// The digits of a number without its sign: 0.d1d2d3… × 10^point.
struct Decimal {
  std::string digits;  // "" is zero
  int point = 0;
};

Decimal decimal_of(std::string_view scientific) {
  // "1.25e+03", as to_chars writes it.
  size_t e = scientific.find('e');
  Decimal decimal;
  decimal.digits += scientific[0];
  if (e > 1) decimal.digits += scientific.substr(2, e - 2);
  int exponent = 0;
  size_t start = scientific[e + 1] == '+' ? e + 2 : e + 1;
  std::from_chars(scientific.data() + start, scientific.data() + scientific.size(), exponent);
  decimal.point = exponent + 1;
  while (!decimal.digits.empty() && decimal.digits.back() == '0') decimal.digits.pop_back();
  if (decimal.digits.empty()) decimal.point = 0;
  return decimal;
}

Decimal shortest(double value, int bits) {
  char buffer[64];
  auto end = bits == 32 ? std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value),
                                        std::chars_format::scientific)
                        : std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
  return decimal_of({buffer, static_cast<size_t>(end.ptr - buffer)});
}

// Rounded to `count` significant digits, or to `count` digits after the point.
Decimal rounded(double value, int count, bool after_point) {
  if (value == 0) return {};
  if (after_point) {
    // %f writes all digits before the point; 310 of them at most.
    std::string text(static_cast<size_t>(count) + 330, '\0');
    auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, count);
    text.resize(static_cast<size_t>(end.ptr - text.data()));
    size_t dot = text.find('.');
    Decimal decimal{.digits = text.substr(0, dot),
                    .point = static_cast<int>(dot == std::string::npos ? text.size() : dot)};
    if (dot != std::string::npos) decimal.digits += text.substr(dot + 1);
    size_t zeros = decimal.digits.find_first_not_of('0');
    if (zeros == std::string::npos) return {};
    decimal.digits.erase(0, zeros);
    decimal.point -= static_cast<int>(zeros);
    while (decimal.digits.back() == '0') decimal.digits.pop_back();
    return decimal;
  }
  std::string text(static_cast<size_t>(count) + 32, '\0');
  auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific, count - 1);
  return decimal_of({text.data(), static_cast<size_t>(end.ptr - text.data())});
}

void write_exponent(std::string& out, const Decimal& decimal, int precision, char letter) {
  out += decimal.digits.empty() ? '0' : decimal.digits[0];
  if (precision > 0) {
    out += '.';
    std::string_view rest(decimal.digits);
    rest = rest.substr(std::min<size_t>(1, rest.size()), static_cast<size_t>(precision));
    out += rest;
    out.append(static_cast<size_t>(precision) - rest.size(), '0');
  }
  int exponent = decimal.digits.empty() ? 0 : decimal.point - 1;
  out += letter;
  out += exponent < 0 ? '-' : '+';
  exponent = std::abs(exponent);
  if (exponent < 10) out += '0';
  out += std::to_string(exponent);
}

void write_fixed(std::string& out, const Decimal& decimal, int precision) {
  int size = static_cast<int>(decimal.digits.size());
  if (decimal.point > 0) {
    int whole = std::min(size, decimal.point);
    out += decimal.digits.substr(0, static_cast<size_t>(whole));
    out.append(static_cast<size_t>(decimal.point - whole), '0');
  } else {
    out += '0';
  }
  if (precision <= 0) return;
  out += '.';
  for (int i = 0; i < precision; ++i) {
    int at = decimal.point + i;
    out += at >= 0 && at < size ? decimal.digits[static_cast<size_t>(at)] : '0';
  }
}

// %g: an exponent below 1e-4 and from the precision on, without trailing zeros.
void write_general(std::string& out, const Decimal& decimal, int precision, bool is_shortest, char letter) {
  int size = static_cast<int>(decimal.digits.size());
  int limit = precision;
  if (limit > size && size >= decimal.point) limit = size;
  if (is_shortest) limit = 6;
  int exponent = decimal.point - 1;
  if (exponent < -4 || exponent >= limit) {
    write_exponent(out, decimal, std::min(precision, size) - 1, letter);
    return;
  }
  if (precision > decimal.point) precision = size;
  write_fixed(out, decimal, std::max(precision - decimal.point, 0));
}

struct Binary {
  uint64_t mantissa;
  int exponent;
  int mantissa_bits;
};

Binary binary_of(double value, int bits) {
  uint64_t raw = 0;
  int mantissa_bits = 52;
  int exponent_bits = 11;
  int bias = -1023;
  if (bits == 32) {
    auto narrow = static_cast<float>(value);
    uint32_t word;
    std::memcpy(&word, &narrow, 4);
    raw = word;
    mantissa_bits = 23;
    exponent_bits = 8;
    bias = -127;
  } else {
    std::memcpy(&raw, &value, 8);
  }
  int exponent = static_cast<int>(raw >> mantissa_bits) & ((1 << exponent_bits) - 1);
  uint64_t mantissa = raw & ((uint64_t{1} << mantissa_bits) - 1);
  if (exponent == 0) {
    ++exponent;
  } else {
    mantissa |= uint64_t{1} << mantissa_bits;
  }
  return {mantissa, exponent + bias, mantissa_bits};
}

void write_binary(std::string& out, const Binary& number) {
  int exponent = number.exponent - number.mantissa_bits;
  out += std::to_string(number.mantissa) + "p";
  if (exponent >= 0) out += '+';
  out += std::to_string(exponent);
}

void write_hexadecimal(std::string& out, Binary number, int precision, bool upper) {
  uint64_t mantissa = number.mantissa;
  int exponent = mantissa == 0 ? 0 : number.exponent;
  constexpr uint64_t kOne = uint64_t{1} << 60;
  mantissa <<= 60 - number.mantissa_bits;
  while (mantissa != 0 && (mantissa & kOne) == 0) {
    mantissa <<= 1;
    --exponent;
  }
  if (precision >= 0 && precision < 15) {
    int shift = precision * 4;
    uint64_t extra = (mantissa << shift) & (kOne - 1);
    mantissa >>= 60 - shift;
    if ((extra | (mantissa & 1)) > kOne >> 1) ++mantissa;
    mantissa <<= 60 - shift;
    if ((mantissa & kOne << 1) != 0) {
      mantissa >>= 1;
      ++exponent;
    }
  }
  const char* alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  out += upper ? "0X" : "0x";
  out += static_cast<char>('0' + (mantissa >> 60 & 1));
  mantissa <<= 4;
  if (precision < 0 && mantissa != 0) {
    out += '.';
    for (; mantissa != 0; mantissa <<= 4) out += alphabet[mantissa >> 60 & 15];
  } else if (precision > 0) {
    out += '.';
    for (int i = 0; i < precision; ++i, mantissa <<= 4) out += alphabet[mantissa >> 60 & 15];
  }
  out += upper ? 'P' : 'p';
  out += exponent < 0 ? '-' : '+';
  exponent = std::abs(exponent);
  if (exponent < 10) out += '0';
  out += std::to_string(exponent);
}

}  // namespace

void format_float(std::string& out, double value, char format, int precision, int bits) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::isinf(value)) {
    out += value < 0 ? "-Inf" : "+Inf";
    return;
  }
  if (bits == 32) value = static_cast<float>(value);
  if (std::signbit(value)) out += '-';
  value = std::fabs(value);
  char lower = static_cast<char>(format | 0x20);
  if (lower == 'b') return write_binary(out, binary_of(value, bits));
  if (lower == 'x') return write_hexadecimal(out, binary_of(value, bits), precision, format == 'X');
  bool is_shortest = precision < 0;
  Decimal decimal;
  if (is_shortest) {
    if (value != 0) decimal = shortest(value, bits);
    int size = static_cast<int>(decimal.digits.size());
    precision = lower == 'e' ? std::max(size - 1, 0) : lower == 'f' ? std::max(size - decimal.point, 0) : size;
  } else if (lower == 'f') {
    decimal = rounded(value, precision, true);
  } else {
    if (lower == 'g' && precision == 0) precision = 1;
    decimal = rounded(value, lower == 'e' ? precision + 1 : precision, false);
  }
  if (lower == 'e') return write_exponent(out, decimal, precision, format);
  if (lower == 'f') return write_fixed(out, decimal, precision);
  write_general(out, decimal, precision, is_shortest, format == 'g' ? 'e' : 'E');
}

void Printer::format_floating(double value, int bits, char32_t verb, Value original) {
  switch (verb) {
    case 'v': return write_float(value, bits, 'g', -1);
    case 'b':
    case 'g':
    case 'G':
    case 'x':
    case 'X': return write_float(value, bits, static_cast<char>(verb), -1);
    case 'f':
    case 'e':
    case 'E': return write_float(value, bits, static_cast<char>(verb), 6);
    case 'F': return write_float(value, bits, 'f', 6);
    default: return bad_verb(verb, original, argument_);
  }
}

namespace {

// The # flag: always a decimal point, and trailing zeros up to the precision for %g.
void add_point(std::string& number, char verb, int precision) {
  int wanted = 0;
  if (verb == 'g' || verb == 'G' || verb == 'x') wanted = precision == -1 ? 6 : precision;
  std::string tail;
  bool point = false;
  bool nonzero = false;
  for (size_t i = 1; i < number.size(); ++i) {
    char c = number[i];
    if (c == '.') {
      point = true;
      continue;
    }
    bool exponent = c == 'p' || c == 'P' || ((c == 'e' || c == 'E') && verb != 'x' && verb != 'X');
    if (exponent) {
      tail = number.substr(i);
      number.resize(i);
      break;
    }
    if (c != '0') nonzero = true;
    if (nonzero) --wanted;
  }
  if (!point) {
    if (number.size() == 2 && number[1] == '0') --wanted;
    number += '.';
  }
  if (wanted > 0) number.append(static_cast<size_t>(wanted), '0');
  number += tail;
}

}  // namespace

void Printer::write_float(double value, int bits, char verb, int precision) {
  if (flags_.has_precision) precision = flags_.precision;
  std::string number;
  format_float(number, value, verb, precision, bits);
  if (number[0] != '-' && number[0] != '+') number.insert(0, "+");
  if (flags_.space && number[0] == '+' && !flags_.plus) number[0] = ' ';
  if (number[1] == 'I' || number[1] == 'N') {  // no number: no zeros in front
    if (number[1] == 'N' && !flags_.space && !flags_.plus) number.erase(0, 1);
    return pad_without_zeros(number);
  }
  if (flags_.sharp && verb != 'b') add_point(number, verb, precision);
  if (!flags_.plus && number[0] == '+') return pad(std::string_view(number).substr(1));
  if (flags_.zero && !flags_.minus && flags_.has_width && flags_.width > static_cast<int>(number.size())) {
    out_ += number[0];  // the sign stands before the zeros
    write_padding(flags_.width - static_cast<int>(number.size()));
    out_ += number.substr(1);
    return;
  }
  pad(number);
}

}  // namespace autonomous::render
