// sprig's decimal maths: addf, subf, mulf, divf, add1f as shopspring/decimal computes them. A number is taken by its
// shortest decimal digits, sums and products are exact, a quotient has 16 places and rounds halves away from zero.
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/format.h"
#include "render/template/literal.h"

namespace autonomous::render {
namespace {

using Integer = boost::multiprecision::cpp_int;

struct Decimal {
  Integer digits;  // value = digits * 10^exponent
  int exponent = 0;
};

Integer power_of_ten(int exponent) { return boost::multiprecision::pow(Integer(10), static_cast<unsigned>(exponent)); }

// Requires a finite value.
Decimal decimal_of(double value) {
  if (value == 0) return {};
  std::string text;
  format_float(text, value, 'e', -1);
  size_t e = text.find('e');
  std::string digits = text.substr(0, e);
  Decimal out;
  out.exponent = std::atoi(text.c_str() + e + 1);
  if (size_t dot = digits.find('.'); dot != std::string::npos) {
    out.exponent -= static_cast<int>(digits.size() - dot - 1);
    digits.erase(dot, 1);
  }
  bool negative = digits.starts_with('-');
  out.digits = Integer(negative ? digits.substr(1) : digits);
  if (negative) out.digits = -out.digits;
  // Whole numbers have no positive exponent there.
  return out;
}

void align(Decimal& a, Decimal& b) {
  if (a.exponent > b.exponent) return align(b, a);
  b.digits *= power_of_ten(b.exponent - a.exponent);
  b.exponent = a.exponent;
}

Decimal add(Decimal a, Decimal b) {
  align(a, b);
  return {a.digits + b.digits, a.exponent};
}
Decimal subtract(Decimal a, Decimal b) {
  align(a, b);
  return {a.digits - b.digits, a.exponent};
}
Decimal multiply(Decimal a, Decimal b) { return {a.digits * b.digits, a.exponent + b.exponent}; }

// Requires b != 0.
Decimal divide(Decimal a, Decimal b) {
  constexpr int kPlaces = 16;
  int shift = a.exponent - b.exponent + kPlaces;
  Integer over = a.digits * (shift > 0 ? power_of_ten(shift) : Integer(1));
  Integer under = b.digits * (shift < 0 ? power_of_ten(-shift) : Integer(1));
  Integer quotient, rest;
  boost::multiprecision::divide_qr(over, under, quotient, rest);
  if (abs(rest) * 2 >= abs(under)) quotient += (over.sign() < 0) == (under.sign() < 0) ? 1 : -1;
  return {quotient, -kPlaces};
}

// The nearest float64: the digits are read again as a literal is.
double float_of(const Decimal& decimal) {
  return parse_float(decimal.digits.str() + "e" + std::to_string(decimal.exponent)).value;
}

using Operation = Decimal (*)(Decimal, Decimal);

Value fold(Context& cx, double first, Args rest, Operation operation) {
  auto infinite = [&cx](double value) {
    std::string text;
    format_float(text, value, 'g', -1);
    return cx.fail("Cannot create a Decimal from ", text);
  };
  if (!std::isfinite(first)) return infinite(first);
  Decimal result = decimal_of(first);
  for (Value value : rest) {
    double next = to_float64(value);
    if (!std::isfinite(next)) return infinite(next);
    if (!cx.spend(100)) return {};
    Decimal operand = decimal_of(next);
    if (operation == divide && operand.digits == 0) return cx.fail("decimal division by 0");
    result = operation(std::move(result), std::move(operand));
    constexpr unsigned kMostBits = 1 << 17;
    if (result.digits != 0 && msb(abs(result.digits)) > kMostBits) return cx.fail_limit("decimal number is too long");
  }
  return Value::of(float_of(result));
}

Value func_add1f(Context& cx, Args args) {
  const Value one[] = {Value::of_int(1)};
  return fold(cx, to_float64(args[0]), one, add);
}
Value func_addf(Context& cx, Args args) { return fold(cx, 0, args, add); }
Value func_subf(Context& cx, Args args) { return fold(cx, to_float64(args[0]), args.subspan(1), subtract); }
Value func_mulf(Context& cx, Args args) { return fold(cx, to_float64(args[0]), args.subspan(1), multiply); }
Value func_divf(Context& cx, Args args) { return fold(cx, to_float64(args[0]), args.subspan(1), divide); }

constexpr Function kDecimals[] = {
    {"add1f", params(kAny), func_add1f},       {"addf", variadic(kAny), func_addf},
    {"divf", variadic(kAny, kAny), func_divf}, {"mulf", variadic(kAny, kAny), func_mulf},
    {"subf", variadic(kAny, kAny), func_subf},
};

}  // namespace

Family decimal_functions() { return kDecimals; }

}  // namespace autonomous::render
