// A chart's archive: as it is where it begins like gzip; else a tar, whose checksums are set right and which is packed
// without compression, so that a change of a byte is a change of the tar.
#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "gitops/base/text.h"
#include "gitops/base/tree.h"
#include "render/helm/chart.h"
#include "tests/fuzz/support.h"

using namespace autonomous;

namespace {

constexpr size_t kBlock = 512;

uint64_t octal(std::string_view text) {
  uint64_t value = 0;
  for (char c : text) {
    if (c >= '0' && c <= '7') value = value << 3 | static_cast<uint64_t>(c - '0');
  }
  return value;
}

void set_checksums(std::string& tar) {
  for (size_t at = 0; at + kBlock <= tar.size();) {
    char* block = tar.data() + at;
    std::memset(block + 148, ' ', 8);
    unsigned sum = 0;
    for (size_t i = 0; i < kBlock; ++i) sum += static_cast<uint8_t>(block[i]);
    if (sum == 8 * ' ') std::memset(block + 148, 0, 8);  // the end: all zeros
    if (sum != 8 * ' ') std::snprintf(block + 148, 8, "%06o", sum);
    uint64_t size = octal({block + 124, 12});
    at += kBlock + std::min<uint64_t>((size + kBlock - 1) / kBlock * kBlock, tar.size());
  }
}

std::string packed(const std::string& tar) {
  z_stream stream;
  std::memset(&stream, 0, sizeof stream);
  deflateInit2(&stream, 0, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, tar.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(tar.data()));
  stream.avail_in = static_cast<uInt>(tar.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string bytes(fuzz::text_of(data, size));
  if (!bytes.starts_with("\x1f\x8b")) {
    set_checksums(bytes);
    bytes = packed(bytes);
  }
  const helm::LoadLimits limits{.bytes = 1u << 20, .files = 100, .archive_bytes = 1u << 20, .depth = 4};
  if (auto files = helm::unpack_archive(bytes, limits)) {
    uint64_t total = 0;
    for (const helm::ChartFile& file : *files) {
      total += file.data.size();
      for (std::string_view part : split(file.name, '/')) {
        fuzz::require(part != ".." && part != "." && !part.empty(), "a name stays inside the chart");
      }
    }
    fuzz::require(total <= limits.bytes && files->size() <= limits.files, "an archive stays within its limits");
  }
  (void)helm::load_chart_archive("fuzzed.tgz", bytes, {.limits = limits});
  return 0;
}
