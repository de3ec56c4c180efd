#include "gitops/git/oid.h"

#include "gitops/base/digest.h"

namespace autonomous::git {

namespace {

int hex_digit(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  return -1;
}

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
