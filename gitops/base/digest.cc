#include "gitops/base/digest.h"

// The low-level API is deprecated in OpenSSL 3 for EVP's sake; EVP's first digest costs 1 ms, this one 0.03 (measured).
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/sha.h>

#include <cstring>

namespace autonomous {

static_assert(sizeof(SHA256_CTX) <= 128);

Sha256::Sha256() { SHA256_Init(reinterpret_cast<SHA256_CTX*>(state_.data())); }

Sha256& Sha256::add(std::string_view bytes) {
  SHA256_Update(reinterpret_cast<SHA256_CTX*>(state_.data()), bytes.data(), bytes.size());
  return *this;
}

Sha256& Sha256::add_field(std::string_view bytes) {
  std::array<char, 8> length;
  uint64_t size = bytes.size();
  for (char& byte : length) {
    byte = static_cast<char>(size & 0xFF);
    size >>= 8;
  }
  add({length.data(), length.size()});
  return add(bytes);
}

std::array<uint8_t, 32> Sha256::finish() {
  std::array<uint8_t, 32> out;
  SHA256_Final(out.data(), reinterpret_cast<SHA256_CTX*>(state_.data()));
  return out;
}

std::string Sha256::finish_hex() {
  auto bytes = finish();
  return to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string sha256_hex(std::string_view bytes) { return Sha256().add(bytes).finish_hex(); }

std::string to_hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string base64_encode(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t left = bytes.size() - i;
    auto byte = [&](size_t k) -> uint32_t { return k < left ? static_cast<unsigned char>(bytes[i + k]) : 0u; };
    uint32_t word = byte(0) << 16 | byte(1) << 8 | byte(2);
    out += kBase64[word >> 18];
    out += kBase64[word >> 12 & 63];
    out += left > 1 ? kBase64[word >> 6 & 63] : '=';
    out += left > 2 ? kBase64[word & 63] : '=';
  }
  return out;
}

bool base64_decode(std::string_view text, std::string& out) {
  out.clear();
  if (text.size() % 4 != 0) return false;
  for (size_t i = 0; i < text.size(); i += 4) {
    uint32_t word = 0;
    size_t padding = 0;
    for (size_t k = 0; k < 4; ++k) {
      char c = text[i + k];
      size_t value = kBase64.find(c);
      if (c == '=' && i + 4 == text.size() && k >= 2) {
        ++padding;
        value = 0;
      } else if (value == std::string_view::npos || padding != 0) {
        return false;
      }
      word = word << 6 | static_cast<uint32_t>(value);
    }
    out += static_cast<char>(word >> 16);
    if (padding < 2) out += static_cast<char>(word >> 8 & 0xFF);
    if (padding < 1) out += static_cast<char>(word & 0xFF);
  }
  return true;
}

}  // namespace autonomous
