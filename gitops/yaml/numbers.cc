// Numbers as Go's strconv and encoding/json write them.
#include <charconv>
#include <cmath>

#include "gitops/yaml/emit.h"

namespace autonomous::yaml {
namespace {

// The shortest digits that read back as the same value: d.ddd × 10^exponent.
struct Digits {
  bool negative = false;
  std::string digits;
  int exponent = 0;
};

template <typename Float>
Digits shortest(Float value) {
  char buffer[64];
  auto end = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific).ptr;
  Digits out;
  const char* at = buffer;
  if (*at == '-') {
    out.negative = true;
    ++at;
  }
  for (; at != end && *at != 'e'; ++at) {
    if (*at != '.') out.digits += *at;
  }
  if (at != end) {
    ++at;
    if (*at == '+') ++at;
    std::from_chars(at, end, out.exponent);
  }
  while (out.digits.size() > 1 && out.digits.back() == '0') out.digits.pop_back();
  return out;
}

// strconv's %e: at least `width` digits of exponent.
std::string scientific(const Digits& d, size_t width) {
  std::string out = d.negative ? "-" : "";
  out += d.digits[0];
  if (d.digits.size() > 1) out += "." + d.digits.substr(1);
  std::string exponent = std::to_string(std::abs(d.exponent));
  if (exponent.size() < width) exponent.insert(0, width - exponent.size(), '0');
  return out + "e" + (d.exponent < 0 ? "-" : "+") + exponent;
}

std::string positional(const Digits& d) {
  std::string out = d.negative ? "-" : "";
  int count = static_cast<int>(d.digits.size());
  if (d.exponent < 0) return out + "0." + std::string(-d.exponent - 1, '0') + d.digits;
  if (d.exponent + 1 >= count) return out + d.digits + std::string(d.exponent + 1 - count, '0');
  return out + d.digits.substr(0, d.exponent + 1) + "." + d.digits.substr(d.exponent + 1);
}

template <typename Float>
std::string format(Float value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  Digits d = shortest(value);
  // strconv's %g with the shortest precision decides by 6 digits, whatever the value needs.
  constexpr int kPrecision = 6;
  if (d.exponent < -4 || d.exponent >= kPrecision) return scientific(d, 2);
  return positional(d);
}

}  // namespace

std::string format_g(double value) { return format(value); }
std::string format_g32(double value) { return format(static_cast<float>(value)); }

std::string json_number(double value) {
  Digits d = shortest(value);
  double size = std::fabs(value);
  if (size != 0 && (size < 1e-6 || size >= 1e21)) return scientific(d, 1);
  return positional(d);
}

}  // namespace autonomous::yaml
