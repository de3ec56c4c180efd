// A pack of some kilobytes with a delta that claims to make an object of any size.
#pragma once

#include <openssl/sha.h>
#include <zlib.h>

#include <cstdint>
#include <string>

namespace autonomous::git {

namespace bomb {

inline std::string deflated(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 9);
  out.resize(size);
  return out;
}

// Type and size of an object in a pack.
inline std::string header(unsigned type, uint64_t size) {
  std::string out;
  unsigned byte = (type << 4) | static_cast<unsigned>(size & 15);
  for (size >>= 4; size != 0; size >>= 7) {
    out += static_cast<char>(byte | 128);
    byte = static_cast<unsigned>(size & 127);
  }
  return out + static_cast<char>(byte);
}

inline std::string number(uint64_t value) {
  std::string out;
  for (; value >= 128; value >>= 7) out += static_cast<char>((value & 127) | 128);
  return out + static_cast<char>(value);
}

}  // namespace bomb

// 64 KiB of zeros, and that again and again: one byte of delta each.
inline std::string bomb_pack(uint64_t claims) {
  constexpr uint64_t kBase = 65536;
  std::string pack("PACK\0\0\0\2\0\0\0\2", 12);
  size_t base = pack.size();
  pack += bomb::header(3, kBase) + bomb::deflated(std::string(kBase, '\0'));
  uint64_t back = pack.size() - base;
  std::string delta = bomb::number(kBase) + bomb::number(claims) + std::string(claims / kBase, '\x80');
  pack += bomb::header(6, delta.size());
  std::string offset(1, static_cast<char>(back & 127));
  while ((back >>= 7) != 0) offset.insert(0, 1, static_cast<char>((--back & 127) | 128));
  pack += offset + bomb::deflated(delta);
  unsigned char sum[SHA_DIGEST_LENGTH];
  SHA1(reinterpret_cast<const unsigned char*>(pack.data()), pack.size(), sum);
  return pack + std::string(reinterpret_cast<const char*>(sum), sizeof sum);
}

}  // namespace autonomous::git
