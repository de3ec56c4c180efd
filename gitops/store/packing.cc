#include "gitops/store/packing.h"

#include <algorithm>

namespace autonomous::store {

namespace {

constexpr std::string_view kDigest = "sha256:";
constexpr size_t kDigestHex = 64;

int digit_of(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1; }

bool ends_in_digest(std::string_view text) {
  if (text.size() < kDigest.size() + kDigestHex) return false;
  std::string_view end = text.substr(text.size() - kDigest.size() - kDigestHex);
  if (!end.starts_with(kDigest)) return false;
  end.remove_prefix(kDigest.size());
  return std::all_of(end.begin(), end.end(), [](char c) { return digit_of(c) >= 0; });
}

}  // namespace

void pack_number(std::string& out, uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

void pack_text(std::string& out, std::string_view text) {
  bool digest = ends_in_digest(text);
  std::string_view plain = digest ? text.substr(0, text.size() - kDigestHex) : text;
  pack_number(out, plain.size() << 1 | (digest ? 1 : 0));
  out += plain;
  if (!digest) return;
  for (size_t i = plain.size(); i < text.size(); i += 2)
    out += static_cast<char>(digit_of(text[i]) << 4 | digit_of(text[i + 1]));
}

uint64_t Unpacker::number() {
  uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) break;
    auto byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    value |= uint64_t{byte & 0x7fu} << shift;
    if ((byte & 0x80) == 0) return value;
  }
  ok_ = false;
  return 0;
}

std::string_view Unpacker::raw(size_t size) {
  if (size > rest_.size()) {
    ok_ = false;
    return {};
  }
  std::string_view bytes = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return bytes;
}

std::string Unpacker::text() {
  uint64_t coded = number();
  std::string text(raw(coded >> 1));
  if ((coded & 1) == 0) return text;
  for (char c : raw(kDigestHex / 2)) {
    text += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    text += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  return text;
}

size_t Unpacker::count() {
  uint64_t wanted = number();
  if (wanted <= rest_.size()) return wanted;
  ok_ = false;
  return 0;
}

}  // namespace autonomous::store
