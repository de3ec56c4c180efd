// Makes .tgz archives in memory, hostile ones too.
#pragma once

#include <zlib.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace autonomous::helm::testing {

inline std::string tar_entry(const std::string& name, const std::string& content, char type = '0',
                             uint64_t said_size = UINT64_MAX) {
  std::string block(512, '\0');
  std::memcpy(block.data(), name.data(), std::min<size_t>(name.size(), 100));
  std::memcpy(block.data() + 100, "0000644", 7);
  uint64_t size = said_size == UINT64_MAX ? content.size() : said_size;
  std::snprintf(block.data() + 124, 12, "%011llo", static_cast<unsigned long long>(size));
  block[156] = type;
  std::memcpy(block.data() + 257,
              "ustar\0"
              "00",
              8);
  std::memset(block.data() + 148, ' ', 8);
  unsigned sum = 0;
  for (char c : block) sum += static_cast<uint8_t>(c);
  std::snprintf(block.data() + 148, 8, "%06o", sum);
  std::string body = content;
  body.resize((content.size() + 511) / 512 * 512);
  return block + body;
}

inline std::string gzip(const std::string& bytes) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, bytes.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string tgz(const std::string& entries) { return gzip(entries + std::string(1024, '\0')); }

}  // namespace autonomous::helm::testing
