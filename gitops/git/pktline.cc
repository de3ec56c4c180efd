#include "gitops/git/pktline.h"

namespace autonomous::git {

namespace {

constexpr size_t kLongest = 65520;  // with its four digits, gitprotocol-common(5)
constexpr char kDigits[] = "0123456789abcdef";

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string pkt_line(std::string_view data) {
  data = data.substr(0, kLongest - 4);
  size_t size = data.size() + 4;
  std::string line;
  for (int shift = 12; shift >= 0; shift -= 4) line += kDigits[size >> shift & 15];
  return line.append(data);
}

Result<std::optional<Pkt>> PktReader::next() {
  if (rest_.empty()) return std::optional<Pkt>();
  size_t size = 0;
  for (size_t at = 0; at < 4; ++at) {
    int value = at < rest_.size() ? hex_value(rest_[at]) : -1;
    if (value < 0) return fail(Code::kCorrupt, "the answer is not in git's format");
    size = size * 16 + static_cast<size_t>(value);
  }
  if (size == 3 || size > kLongest) return fail(Code::kCorrupt, "the answer is not in git's format");
  if (size < 4) {
    rest_.remove_prefix(4);
    PktKind kinds[] = {PktKind::kFlush, PktKind::kDelimiter, PktKind::kResponseEnd};
    return std::optional<Pkt>(Pkt{kinds[size], {}});
  }
  if (size > rest_.size()) return fail(Code::kCorrupt, "the answer is cut");
  std::string_view data = rest_.substr(4, size - 4);
  rest_.remove_prefix(size);
  if (data.ends_with('\n')) data.remove_suffix(1);
  return std::optional<Pkt>(Pkt{PktKind::kData, data});
}

}  // namespace autonomous::git
