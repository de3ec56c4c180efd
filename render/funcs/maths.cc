// sprig's numeric.go but the decimal functions (addf and its kin). Integers wrap around as Go's do.
#include <algorithm>
#include <cmath>
#include <string>

#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/template/literal.h"

namespace autonomous::render {
namespace {

int64_t wrap_add(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
int64_t wrap_sub(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
int64_t wrap_mul(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

Value func_int(Context&, Args args) { return Value::of_int(to_int64(args[0])); }
Value func_int64(Context&, Args args) { return Value::of_int64(to_int64(args[0])); }
Value func_float64(Context&, Args args) { return Value::of(to_float64(args[0])); }

// strconv.Atoi: no prefixes; what does not fit is the nearest.
Value func_atoi(Context&, Args args) {
  auto parsed = parse_int(args[0].string(), 10);
  return Value::of_int(parsed.error == NumberError::kSyntax ? 0 : parsed.value);
}

Value func_to_decimal(Context& cx, Args args) {
  std::string text;
  append_value(cx, text, args[0]);
  auto parsed = parse_int(text, 8);
  return Value::of_int64(parsed ? parsed.value : 0);
}

Value func_add1(Context&, Args args) { return Value::of_int64(wrap_add(to_int64(args[0]), 1)); }

Value func_add(Context&, Args args) {
  int64_t sum = 0;
  for (Value value : args) sum = wrap_add(sum, to_int64(value));
  return Value::of_int64(sum);
}

Value func_sub(Context&, Args args) { return Value::of_int64(wrap_sub(to_int64(args[0]), to_int64(args[1]))); }

Value func_mul(Context&, Args args) {
  int64_t product = to_int64(args[0]);
  for (Value value : args.subspan(1)) product = wrap_mul(product, to_int64(value));
  return Value::of_int64(product);
}

Value func_div(Context& cx, Args args) {
  int64_t a = to_int64(args[0]);
  int64_t b = to_int64(args[1]);
  if (b == 0) return cx.fail("runtime error: integer divide by zero");
  return Value::of_int64(b == -1 ? wrap_sub(0, a) : a / b);
}

Value func_mod(Context& cx, Args args) {
  int64_t a = to_int64(args[0]);
  int64_t b = to_int64(args[1]);
  if (b == 0) return cx.fail("runtime error: integer divide by zero");
  return Value::of_int64(b == -1 ? 0 : a % b);
}

Value func_max(Context&, Args args) {
  int64_t best = to_int64(args[0]);
  for (Value value : args.subspan(1)) best = std::max(best, to_int64(value));
  return Value::of_int64(best);
}

Value func_min(Context&, Args args) {
  int64_t best = to_int64(args[0]);
  for (Value value : args.subspan(1)) best = std::min(best, to_int64(value));
  return Value::of_int64(best);
}

// math.Max and Min: infinities first, then NaN, and 0 above -0.
double go_max(double a, double b) {
  if (std::isinf(a) && a > 0) return a;
  if (std::isinf(b) && b > 0) return b;
  if (std::isnan(a) || std::isnan(b)) return NAN;
  if (a == 0 && b == 0) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double go_min(double a, double b) {
  if (std::isinf(a) && a < 0) return a;
  if (std::isinf(b) && b < 0) return b;
  if (std::isnan(a) || std::isnan(b)) return NAN;
  if (a == 0 && b == 0) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

Value func_maxf(Context&, Args args) {
  double best = to_float64(args[0]);
  for (Value value : args.subspan(1)) best = go_max(best, to_float64(value));
  return Value::of(best);
}

Value func_minf(Context&, Args args) {
  double best = to_float64(args[0]);
  for (Value value : args.subspan(1)) best = go_min(best, to_float64(value));
  return Value::of(best);
}

Value func_ceil(Context&, Args args) { return Value::of(std::ceil(to_float64(args[0]))); }
Value func_floor(Context&, Args args) { return Value::of(std::floor(to_float64(args[0]))); }

// math.Pow(10, exponent), which is not always the nearest number: binary powers of the fraction, multiplied.
double go_power_of_ten(int64_t exponent) {
  if (exponent == 0) return 1;
  if (exponent == 1) return 10;
  constexpr int kFar = 1 << 12;
  double product = 1;
  int64_t binary = 0;
  int square_exponent = 0;
  double square = std::frexp(10.0, &square_exponent);
  const uint64_t size = exponent < 0 ? 0 - static_cast<uint64_t>(exponent) : static_cast<uint64_t>(exponent);
  for (uint64_t left = size; left != 0; left >>= 1) {
    if (square_exponent > kFar) {
      binary += square_exponent;
      break;
    }
    if ((left & 1) != 0) {
      product *= square;
      binary += square_exponent;
    }
    square *= square;
    square_exponent *= 2;
    if (square < 0.5) {
      square += square;
      --square_exponent;
    }
  }
  if (exponent < 0) {
    product = 1 / product;
    binary = -binary;
  }
  return std::ldexp(product, static_cast<int>(std::clamp<int64_t>(binary, -100'000, 100'000)));
}

Value func_round(Context&, Args args) {
  double on = args.size() > 2 ? args[2].floating() : 0.5;
  double power = go_power_of_ten(args[1].integer());
  double digit = power * to_float64(args[0]);
  double whole = 0;
  double fraction = std::modf(digit, &whole);
  return Value::of((fraction >= on ? std::ceil(digit) : std::floor(digit)) / power);
}

// The numbers from start to stop, which is left out; none when the step leads away or nowhere.
bool count_up(Context& cx, ListBuilder& list, int64_t start, int64_t stop, int64_t step) {
  if (stop < start ? step >= 0 : step <= 0) return true;
  __int128 wide = step;
  for (__int128 i = start; stop < start ? i > stop : i < stop; i += wide) {
    if (!cx.spend(1)) return false;
    list.add(Value::of_int(static_cast<int64_t>(i)));
  }
  return true;
}

Value func_until_step(Context& cx, Args args) {
  ListBuilder list(cx.arena(), 8);
  if (!count_up(cx, list, args[0].integer(), args[1].integer(), args[2].integer())) return {};
  return list.list(Type::kInts);
}

Value func_until(Context& cx, Args args) {
  int64_t count = args[0].integer();
  ListBuilder list(cx.arena(), 8);
  if (!count_up(cx, list, 0, count, count < 0 ? -1 : 1)) return {};
  return list.list(Type::kInts);
}

Value func_seq(Context& cx, Args args) {
  int64_t start = 1;
  int64_t step = 1;
  if (args.empty() || args.size() > 3) return Value::of("");
  if (args.size() > 1) start = args[0].integer();
  int64_t end = args.back().integer();
  int64_t direction = end < start ? -1 : 1;
  step = direction;
  if (args.size() == 3) {
    step = args[1].integer();
    if (direction < 0 && step > 0) return Value::of("");
  }
  ListBuilder list(cx.arena(), 8);
  if (!count_up(cx, list, start, wrap_add(end, direction), step)) return {};
  std::string out;
  for (Value number : list.list().items()) {
    if (!out.empty()) out += ' ';
    out += std::to_string(number.integer());
  }
  return cx.text(out);
}

constexpr Function kMaths[] = {
    {"add", variadic(kAny), func_add},
    {"add1", params(kAny), func_add1},
    {"atoi", params(Type::kString), func_atoi},
    {"biggest", variadic(kAny, kAny), func_max},
    {"ceil", params(kAny), func_ceil},
    {"div", params(kAny, kAny), func_div},
    {"float64", params(kAny), func_float64},
    {"floor", params(kAny), func_floor},
    {"int", params(kAny), func_int},
    {"int64", params(kAny), func_int64},
    {"max", variadic(kAny, kAny), func_max},
    {"maxf", variadic(kAny, kAny), func_maxf},
    {"min", variadic(kAny, kAny), func_min},
    {"minf", variadic(kAny, kAny), func_minf},
    {"mod", params(kAny, kAny), func_mod},
    {"mul", variadic(kAny, kAny), func_mul},
    {"round", variadic(kAny, Type::kInt, Type::kFloat64), func_round},
    {"seq", variadic(Type::kInt), func_seq},
    {"sub", params(kAny, kAny), func_sub},
    {"toDecimal", params(kAny), func_to_decimal},
    {"until", params(Type::kInt), func_until},
    {"untilStep", params(Type::kInt, Type::kInt, Type::kInt), func_until_step},
};

}  // namespace

Family math_functions() { return kMaths; }

}  // namespace autonomous::render
