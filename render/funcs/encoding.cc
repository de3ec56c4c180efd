// base64 and check sums.
#include <openssl/sha.h>

#include <array>
#include <optional>
#include <string>

#include "gitops/base/digest.h"
#include "render/funcs/convert.h"
#include "render/funcs/families.h"
#include "render/funcs/secrets.h"

namespace autonomous::render {
namespace {

int base64_digit(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool line_end(char c) { return c == '\n' || c == '\r'; }

// Go's base64.StdEncoding decoder: line ends are skipped, errors name the byte. One quantum of four digits a call.
class Base64Reader {
 public:
  explicit Base64Reader(std::string_view text) : text_(text) {}

  // None: decoded into out. Else where it went wrong.
  std::optional<size_t> decode(std::string& out) {
    while (at_ < text_.size()) {
      if (auto bad = quantum(out)) return bad;
    }
    return {};
  }

 private:
  std::optional<size_t> quantum(std::string& out) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 4; ++j) {
      while (at_ < text_.size() && line_end(text_[at_])) ++at_;
      if (at_ == text_.size()) return j == 0 ? std::nullopt : std::optional<size_t>(at_ - j);
      char c = text_[at_++];
      int digit = base64_digit(c);
      if (digit < 0) return c == '=' ? padding(out, bits, j) : std::optional<size_t>(at_ - 1);
      bits |= static_cast<uint32_t>(digit) << (18 - 6 * j);
    }
    append(out, bits, 3);
    return {};
  }

  std::optional<size_t> padding(std::string& out, uint32_t bits, size_t j) {
    if (j < 2) return at_ - 1;
    if (j == 2) {
      skip();
      if (at_ == text_.size()) return text_.size();
      if (text_[at_] != '=') return at_ - 1;
      ++at_;
    }
    skip();
    if (at_ < text_.size()) return at_;
    append(out, bits, j - 1);
    return {};
  }

  static void append(std::string& out, uint32_t bits, size_t count) {
    for (size_t i = 0; i < count; ++i) out += static_cast<char>(bits >> (16 - 8 * i));
  }
  void skip() {
    while (at_ < text_.size() && line_end(text_[at_])) ++at_;
  }

  std::string_view text_;
  size_t at_ = 0;
};

Value func_b64enc(Context& cx, Args args) { return cx.text(base64_encode(args[0].string())); }

// An error's text is the result, as in sprig.
Value func_b64dec(Context& cx, Args args) {
  std::string out;
  if (auto bad = Base64Reader(args[0].string()).decode(out)) {
    return cx.text("illegal base64 data at input byte " + std::to_string(*bad));
  }
  return cx.text(out);
}

const unsigned char* bytes(Args args) { return reinterpret_cast<const unsigned char*>(args[0].string().data()); }

template <size_t kSize>
Value hex(Context& cx, const std::array<unsigned char, kSize>& digest) {
  return cx.text(to_hex({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

Value func_b32enc(Context& cx, Args args) {
  std::string out;
  for (std::string_view rest = args[0].string(); !rest.empty(); rest.remove_prefix(std::min<size_t>(5, rest.size()))) {
    uint64_t bits = 0;
    size_t size = std::min<size_t>(5, rest.size());
    for (size_t i = 0; i < 5; ++i) bits = bits << 8 | (i < size ? static_cast<uint8_t>(rest[i]) : 0);
    size_t digits = (size * 8 + 4) / 5;
    for (size_t i = 0; i < 8; ++i) out += i < digits ? kBase32[bits >> (35 - 5 * i) & 31] : '=';
  }
  return cx.text(out);
}

// Go's base32.StdEncoding; none, or the byte at which the text (without its line ends) is wrong.
std::optional<size_t> decode_base32(std::string_view text, std::string& out) {
  for (size_t at = 0; at < text.size();) {
    uint64_t bits = 0;
    size_t digits = 0;
    bool end = false;
    while (digits < 8 && !end) {
      if (at == text.size()) return text.size() - digits;
      char c = text[at++];
      size_t left = text.size() - at;
      if (c == '=' && digits >= 2 && left < 8) {
        if (left + digits < 7) return text.size();
        for (size_t k = 0; k < 7 - digits; ++k) {
          if (left > k && text[at + k] != '=') return at + k - 1;
        }
        if (digits == 3 || digits == 6) return at - 1;
        end = true;
        continue;
      }
      size_t digit = kBase32.find(c);
      if (digit == std::string_view::npos) return at - 1;
      bits = bits << 5 | digit;
      ++digits;
    }
    size_t bytes = digits * 5 / 8;
    bits <<= 5 * (8 - digits);
    for (size_t i = 0; i < bytes; ++i) out += static_cast<char>(bits >> (32 - 8 * i));
    if (end) break;
  }
  return {};
}

Value func_b32dec(Context& cx, Args args) {
  std::string text, out;
  for (char c : args[0].string()) {
    if (!line_end(c)) text += c;
  }
  if (auto bad = decode_base32(text, out)) return cx.text("illegal base32 data at input byte " + std::to_string(*bad));
  return cx.text(out);
}

Value func_sha256sum(Context& cx, Args args) { return cx.text(sha256_hex(args[0].string())); }

Value func_sha1sum(Context& cx, Args args) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(bytes(args), args[0].length(), digest.data());
  return hex(cx, digest);
}

Value func_sha512sum(Context& cx, Args args) {
  std::array<unsigned char, SHA512_DIGEST_LENGTH> digest;
  SHA512(bytes(args), args[0].length(), digest.data());
  return hex(cx, digest);
}

Value func_adler32sum(Context& cx, Args args) {
  constexpr uint32_t kModulus = 65521;
  uint32_t a = 1;
  uint32_t b = 0;
  for (char c : args[0].string()) {
    a = (a + static_cast<uint8_t>(c)) % kModulus;
    b = (b + a) % kModulus;
  }
  return cx.text(std::to_string(b << 16 | a));
}

constexpr Function kEncodings[] = {
    {"adler32sum", params(Type::kString), func_adler32sum}, {"b32dec", params(Type::kString), func_b32dec},
    {"b32enc", params(Type::kString), func_b32enc},         {"b64dec", params(Type::kString), func_b64dec},
    {"b64enc", params(Type::kString), func_b64enc},         {"sha1sum", params(Type::kString), func_sha1sum},
    {"sha256sum", params(Type::kString), func_sha256sum},   {"sha512sum", params(Type::kString), func_sha512sum},
};

}  // namespace

std::optional<size_t> decode_base64(std::string_view text, std::string& out) { return Base64Reader(text).decode(out); }

Family encoding_functions() { return kEncodings; }

}  // namespace autonomous::render
