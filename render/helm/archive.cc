// Reads a chart's .tgz: gzip through zlib, tar by our own reader (ustar, GNU and pax names), with helm's checks and
// words.
#include <zlib.h>

#include <cctype>
#include <cstring>
#include <optional>

#include "gitops/base/text.h"
#include "render/helm/chart.h"
#include "render/helm/match.h"

namespace autonomous::helm {

namespace {

constexpr size_t kBlock = 512;
constexpr std::string_view kBom = "\xEF\xBB\xBF";

Error too_large(uint64_t limit) {
  return fail(Code::kLimit, "decompressed chart is larger than the maximum size ", limit);
}

// Streams the decompressed bytes, so that a bomb is stopped at the limit and not after it.
class Inflater {
 public:
  explicit Inflater(std::string_view bytes) : rest_(bytes) {
    std::memset(&stream_, 0, sizeof stream_);
    // 16 + 15: a gzip header is required, with the largest window.
    good_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK;
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  // Fills `out` up to `size` bytes; fewer only at the end.
  Result<size_t> read(char* out, size_t size) {
    if (!good_) return fail(Code::kInternal, "zlib does not start");
    size_t done = 0;
    while (done < size && !ended_) {
      if (stream_.avail_in == 0) {
        size_t some = std::min<size_t>(rest_.size(), 1u << 30);
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(rest_.data()));
        stream_.avail_in = static_cast<uInt>(some);
        rest_.remove_prefix(some);
      }
      size_t want = std::min<size_t>(size - done, 1u << 30);
      stream_.next_out = reinterpret_cast<Bytef*>(out + done);
      stream_.avail_out = static_cast<uInt>(want);
      int code = inflate(&stream_, Z_NO_FLUSH);
      done += want - stream_.avail_out;
      TRY_DO(check(code));
    }
    return done;
  }

 private:
  Result<void> check(int code) {
    if (code == Z_STREAM_END) {
      started_ = true;
      // gzip members may follow each other, as in Go's reader.
      if (stream_.avail_in == 0 && rest_.empty()) {
        ended_ = true;
      } else {
        inflateReset(&stream_);
      }
      return ok();
    }
    if (code == Z_OK) {
      started_ = started_ || stream_.total_out > 0;
      return ok();
    }
    if (code == Z_BUF_ERROR) return fail(Code::kInvalid, "unexpected EOF");
    std::string_view why = stream_.msg != nullptr ? stream_.msg : "";
    if (why.find("check") != std::string_view::npos && why.find("header") == std::string_view::npos) {
      return fail(Code::kInvalid, "gzip: invalid checksum");
    }
    if (why.find("header") != std::string_view::npos && !started_) return fail(Code::kInvalid, "gzip: invalid header");
    return fail(Code::kInvalid, "flate: corrupt input before offset ", static_cast<uint64_t>(stream_.total_in));
  }

  z_stream stream_;
  std::string_view rest_;
  bool good_ = false;
  bool started_ = false;
  bool ended_ = false;
};

struct Header {
  std::string name;
  uint64_t size = 0;
  char type = '0';
  uint64_t mode = 0;
};

Error bad_header() { return fail(Code::kInvalid, "archive/tar: invalid tar header"); }

std::string_view field(const char* block, size_t at, size_t size) {
  std::string_view text(block + at, size);
  return text.substr(0, std::min(text.find('\0'), text.size()));
}

std::optional<uint64_t> number(const char* block, size_t at, size_t size) {
  auto first = static_cast<uint8_t>(block[at]);
  uint64_t value = 0;
  if ((first & 0x80) != 0) {  // base 256, GNU
    if ((first & 0x40) != 0) return std::nullopt;
    for (size_t i = 0; i < size; ++i) {
      if (value >> 55 != 0) return std::nullopt;
      value = value << 8 | (i == 0 ? first & 0x7F : static_cast<uint8_t>(block[at + i]));
    }
    return value;
  }
  for (char c : trim(field(block, at, size))) {
    if (c < '0' || c > '7') return std::nullopt;
    value = value << 3 | static_cast<uint64_t>(c - '0');
  }
  return value;
}

bool checksum_fits(const char* block) {
  uint64_t sum = 0;
  for (size_t i = 0; i < kBlock; ++i) sum += i >= 148 && i < 156 ? ' ' : static_cast<uint8_t>(block[i]);
  auto said = number(block, 148, 8);
  return said && *said == sum;
}

Result<Header> parse_header(const char* block) {
  if (!checksum_fits(block)) return bad_header();
  Header header;
  header.name = field(block, 0, 100);
  header.type = block[156];
  auto size = number(block, 124, 12);
  auto mode = number(block, 100, 8);
  if (!size || !mode) return bad_header();
  header.size = *size;
  header.mode = *mode;
  std::string_view magic(block + 257, 6);
  if (magic == std::string_view("ustar\0", 6)) {
    std::string_view prefix = field(block, 345, 155);
    if (!prefix.empty()) header.name = std::string(prefix) + "/" + header.name;
  }
  return header;
}

// "27 path=charts/x/values.yaml\n" records of a pax header.
Result<void> apply_pax(std::string_view records, std::optional<std::string>& name, std::optional<uint64_t>& size) {
  while (!records.empty()) {
    size_t space = records.find(' ');
    if (space == std::string_view::npos || space == 0 || space > 18) return bad_header();
    uint64_t length = 0;
    for (char c : records.substr(0, space)) {
      if (c < '0' || c > '9') return bad_header();
      length = length * 10 + static_cast<uint64_t>(c - '0');
    }
    if (length <= space + 1 || length > records.size() || records[length - 1] != '\n') return bad_header();
    std::string_view record = records.substr(space + 1, length - space - 2);
    size_t equals = record.find('=');
    if (equals == std::string_view::npos) return bad_header();
    std::string_view key = record.substr(0, equals);
    std::string_view value = record.substr(equals + 1);
    if (key == "path") name = std::string(value);
    if (key == "size") {
      uint64_t bytes = 0;
      for (char c : value) {
        if (c < '0' || c > '9' || bytes > (1ull << 58)) return bad_header();
        bytes = bytes * 10 + static_cast<uint64_t>(c - '0');
      }
      size = bytes;
    }
    records.remove_prefix(length);
  }
  return ok();
}

bool is_drive_path(std::string_view name) {
  return name.size() > 2 && std::isalpha(static_cast<unsigned char>(name[0])) != 0 && name[1] == ':' && name[2] == '/';
}

// helm's checks, in helm's order: the name below the archive's one top folder.
Result<std::string> checked_name(const std::string& full) {
  char delimiter = full.find('\\') != std::string::npos ? '\\' : '/';
  size_t cut = full.find(delimiter);
  std::string_view top = std::string_view(full).substr(0, std::min(cut, full.size()));
  std::string name = cut == std::string::npos ? "" : full.substr(cut + 1);
  if (delimiter == '\\') {
    for (char& c : name) {
      if (c == '\\') c = '/';
    }
  }
  if (starts_with(name, "/")) return fail(Code::kInvalid, "chart illegally contains absolute paths");
  name = clean_path(name);
  if (name == ".") {
    return fail(Code::kInvalid, "chart illegally contains content outside the base directory: \"", full, "\"");
  }
  if (starts_with(name, "..")) return fail(Code::kInvalid, "chart illegally references parent directory");
  if (is_drive_path(name)) return fail(Code::kInvalid, "chart contains illegally named files");
  if (top == "Chart.yaml") return fail(Code::kInvalid, "chart yaml not in base directory");
  return name;
}

class TarReader {
 public:
  TarReader(std::string_view bytes, const LoadLimits& limits)
      : inflater_(bytes), limits_(limits), left_(limits.bytes) {}

  Result<std::vector<ChartFile>> read() {
    std::vector<ChartFile> files;
    while (true) {
      TRY(std::optional<Header> header, next());
      if (!header) break;
      if (is_folder(*header) || header->type == 'g') {
        TRY_DO(skip(header->size));
        continue;
      }
      TRY(std::string name, checked_name(header->name));
      if (header->size > left_) return too_large(limits_.bytes);
      TRY(std::string data, take(header->size));
      left_ -= data.size();
      if (left_ == 0) return too_large(limits_.bytes);
      if (starts_with(data, kBom)) data.erase(0, kBom.size());
      files.push_back({std::move(name), std::move(data)});
      if (files.size() > limits_.files)
        return fail(Code::kLimit, "the chart archive holds more than ", limits_.files, " files");
    }
    if (files.empty()) return fail(Code::kInvalid, "no files in chart archive");
    return files;
  }

 private:
  static bool is_folder(const Header& header) { return header.type == '5' || (header.mode & 0170000) == 0040000; }

  // The next entry, with the long names that precede it applied; nothing at the end.
  Result<std::optional<Header>> next() {
    std::optional<std::string> name;
    std::optional<uint64_t> size;
    while (true) {
      char block[kBlock];
      TRY(bool more, read_block(block));
      if (!more) return std::optional<Header>();
      TRY(Header header, parse_header(block));
      if (header.type == 'x' || header.type == 'L' || header.type == 'K') {
        if (header.size > (1u << 20)) return bad_header();
        TRY(std::string data, take(header.size));
        if (header.type == 'x') TRY_DO(apply_pax(data, name, size));
        if (header.type == 'L') name = data.substr(0, data.find('\0'));
        continue;
      }
      if (name) header.name = *name;
      if (size) header.size = *size;
      if (header.type == 'S') return fail(Code::kInvalid, "sparse files are not supported in chart archives");
      bool is_plain = header.type == '0' || header.type == '\0' || header.type == '7';
      if (is_plain && ends_with(header.name, "/")) header.type = '5';
      if (header.type >= '1' && header.type <= '6') header.size = 0;  // links and devices have no content
      return std::optional<Header>(std::move(header));
    }
  }

  // False at the archive's end: two blocks of zeros, or nothing more.
  Result<bool> read_block(char* block) {
    TRY(size_t got, inflater_.read(block, kBlock));
    if (got == 0) return false;
    if (got < kBlock) return fail(Code::kInvalid, "unexpected EOF");
    static const char zeros[kBlock] = {};
    if (std::memcmp(block, zeros, kBlock) != 0) return true;
    TRY(got, inflater_.read(block, kBlock));
    if (got == 0) return false;
    if (got < kBlock) return fail(Code::kInvalid, "unexpected EOF");
    if (std::memcmp(block, zeros, kBlock) != 0) return bad_header();
    // The rest is read, so that a bad checksum of the whole is told as Go tells it.
    return false;
  }

  Result<std::string> take(uint64_t size) {
    std::string data;
    // Grown as bytes really arrive: a header can lie about gigabytes.
    while (data.size() < size) {
      size_t some = static_cast<size_t>(std::min<uint64_t>(size - data.size(), 1u << 20));
      size_t had = data.size();
      data.resize(had + some);
      TRY(size_t got, inflater_.read(data.data() + had, some));
      if (got < some) return fail(Code::kInvalid, "unexpected EOF");
    }
    TRY_DO(pad(size));
    return data;
  }

  Result<void> pad(uint64_t size) {
    char rest[kBlock];
    size_t padding = static_cast<size_t>((kBlock - size % kBlock) % kBlock);
    TRY(size_t got, inflater_.read(rest, padding));
    (void)got;  // Go accepts a last file without its padding
    return ok();
  }

  Result<void> skip(uint64_t size) {
    if (size > left_) return too_large(limits_.bytes);
    TRY(std::string data, take(size));
    left_ -= data.size();
    return ok();
  }

  Inflater inflater_;
  const LoadLimits& limits_;
  uint64_t left_;
};

}  // namespace

Result<std::vector<ChartFile>> unpack_archive(std::string_view bytes, const LoadLimits& limits) {
  if (bytes.size() > limits.archive_bytes) return too_large(limits.archive_bytes);
  if (bytes.empty()) return fail(Code::kInvalid, "EOF");
  if (bytes.size() < 10) return fail(Code::kInvalid, "unexpected EOF");
  return TarReader(bytes, limits).read();
}

}  // namespace autonomous::helm
