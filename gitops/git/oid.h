// Oid: the name of a git object, 20 bytes of SHA-1. A value; SHA-256 repositories are refused when they are opened.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::git {

class Oid {
 public:
  static constexpr size_t kBytes = 20;
  static constexpr size_t kHex = 40;

  Oid() = default;  // zero
  static Oid zero() { return {}; }
  // Exactly 40 lower-case hexadecimal digits, else kInvalid.
  static Result<Oid> parse(std::string_view hex);
  // The first 20 bytes at `bytes`.
  static Oid from_bytes(const void* bytes);

  std::string hex() const;
  std::string short_hex(size_t digits = 7) const { return hex().substr(0, digits); }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(raw_.data()), raw_.size()}; }
  const uint8_t* data() const { return raw_.data(); }
  bool is_zero() const { return *this == Oid(); }
  auto operator<=>(const Oid&) const = default;

 private:
  std::array<uint8_t, kBytes> raw_{};
};

}  // namespace autonomous::git

template <>
struct std::hash<autonomous::git::Oid> {
  size_t operator()(const autonomous::git::Oid& oid) const noexcept {
    size_t value;
    std::memcpy(&value, oid.data(), sizeof value);
    return value;
  }
};
