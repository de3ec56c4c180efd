// sprig's decimal maths: addf, subf, mulf, divf, add1f as shopspring/decimal computes them. A number is taken by its
// shortest decimal digits, sums and products are exact, a quotient has 16 places and rounds halves away from zero.
#include <openssl/bn.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <utility>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/format.h"
#include "render/template/literal.h"

namespace autonomous::render {
namespace {

// A whole number of any length. OpenSSL's, which is here anyway: Boost's brings iostreams, and starting those costs
// every process more than its first template.
class Integer {
 public:
  Integer() : number_(BN_new()) { done(number_ != nullptr); }
  explicit Integer(unsigned value) : Integer() { done(BN_set_word(number_.get(), value) == 1); }
  // Decimal digits, perhaps with a '-' before them.
  explicit Integer(const std::string& digits) : Integer() {
    BIGNUM* number = number_.get();
    done(BN_dec2bn(&number, digits.c_str()) != 0);
  }

  bool is_zero() const { return BN_is_zero(number_.get()) == 1; }
  bool is_negative() const { return BN_is_negative(number_.get()) == 1; }
  int bits() const { return BN_num_bits(number_.get()); }  // of its magnitude
  std::string text() const {
    std::unique_ptr<char, Free> digits(BN_bn2dec(number_.get()));
    done(digits != nullptr);
    return digits.get();
  }

  friend Integer operator+(const Integer& a, const Integer& b) {
    Integer sum;
    done(BN_add(sum.number_.get(), a.number_.get(), b.number_.get()) == 1);
    return sum;
  }
  friend Integer operator-(const Integer& a, const Integer& b) {
    Integer difference;
    done(BN_sub(difference.number_.get(), a.number_.get(), b.number_.get()) == 1);
    return difference;
  }
  friend Integer operator*(const Integer& a, const Integer& b) {
    Integer product;
    done(BN_mul(product.number_.get(), a.number_.get(), b.number_.get(), scratch()) == 1);
    return product;
  }
  static Integer power(const Integer& base, const Integer& exponent) {
    Integer result;
    done(BN_exp(result.number_.get(), base.number_.get(), exponent.number_.get(), scratch()) == 1);
    return result;
  }
  // Towards zero; b != 0.
  static std::pair<Integer, Integer> divide(const Integer& a, const Integer& b) {
    std::pair<Integer, Integer> parts;
    done(BN_div(parts.first.number_.get(), parts.second.number_.get(), a.number_.get(), b.number_.get(), scratch()) ==
         1);
    return parts;
  }
  // Whether |a| >= |b|.
  static bool is_as_large(const Integer& a, const Integer& b) { return BN_ucmp(a.number_.get(), b.number_.get()) >= 0; }

 private:
  struct Free {
    void operator()(BIGNUM* number) const { BN_free(number); }
    void operator()(BN_CTX* context) const { BN_CTX_free(context); }
    void operator()(char* text) const { OPENSSL_free(text); }
  };
  // All that can go wrong with them is memory.
  static void done(bool good) {
    if (!good) throw std::bad_alloc();
  }
  static BN_CTX* scratch() {
    thread_local std::unique_ptr<BN_CTX, Free> context(BN_CTX_new());
    return context.get();
  }

  std::unique_ptr<BIGNUM, Free> number_;
};

struct Decimal {
  Integer digits;  // value = digits * 10^exponent
  int exponent = 0;
};

// Requires exponent >= 0.
Integer power_of_ten(int exponent) { return Integer::power(Integer(10), Integer(static_cast<unsigned>(exponent))); }

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
  out.digits = Integer(digits);
  // Whole numbers have no positive exponent there.
  return out;
}

void align(Decimal& a, Decimal& b) {
  if (a.exponent > b.exponent) return align(b, a);
  b.digits = b.digits * power_of_ten(b.exponent - a.exponent);
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
  Integer over = a.digits * power_of_ten(std::max(shift, 0));
  Integer under = b.digits * power_of_ten(std::max(-shift, 0));
  auto [quotient, rest] = Integer::divide(over, under);
  if (Integer::is_as_large(rest + rest, under)) {
    Integer one(1);
    quotient = over.is_negative() == under.is_negative() ? quotient + one : quotient - one;
  }
  return {std::move(quotient), -kPlaces};
}

// The nearest float64: the digits are read again as a literal is.
double float_of(const Decimal& decimal) {
  return parse_float(decimal.digits.text() + "e" + std::to_string(decimal.exponent)).value;
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
    if (operation == divide && operand.digits.is_zero()) return cx.fail("decimal division by 0");
    result = operation(std::move(result), std::move(operand));
    constexpr int kMostBits = 1 << 17;
    if (result.digits.bits() > kMostBits) return cx.fail_limit("decimal number is too long");
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
