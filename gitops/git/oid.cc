#include "gitops/git/oid.h"

#include "gitops/base/digest.h"

namespace autonomous::git {

namespace {

// Of a digit its value, else -1: refs are read by the ten thousand.
constexpr std::array<int8_t, 256> kHexDigits = [] {
  std::array<int8_t, 256> digits{};
  digits.fill(-1);
  for (int8_t i = 0; i < 10; ++i) digits[static_cast<size_t>('0' + i)] = i;
  for (int8_t i = 0; i < 6; ++i) digits[static_cast<size_t>('a' + i)] = static_cast<int8_t>(10 + i);
  return digits;
}();

int hex_digit(char digit) { return kHexDigits[static_cast<uint8_t>(digit)]; }

}  // namespace

Result<Oid> Oid::parse(std::string_view hex) {
  if (hex.size() != kHex) return fail(Code::kInvalid, "an object id has 40 hexadecimal digits, not ", hex.size());
  Oid oid;
  for (size_t i = 0; i < kBytes; ++i) {
    int high = hex_digit(hex[2 * i]), low = hex_digit(hex[2 * i + 1]);
    if (high < 0 || low < 0) return fail(Code::kInvalid, "an object id has lower-case hexadecimal digits only");
    oid.raw_[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return oid;
}

Oid Oid::from_bytes(const void* bytes) {
  Oid oid;
  std::memcpy(oid.raw_.data(), bytes, kBytes);
  return oid;
}

std::string Oid::hex() const { return to_hex(bytes()); }

}  // namespace autonomous::git
