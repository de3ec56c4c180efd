// pkt-lines, the framing of git's protocols (gitprotocol-common(5)): strict, with limits. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::git {

enum class PktKind : uint8_t { kData, kFlush, kDelimiter, kResponseEnd };

struct Pkt {
  PktKind kind = PktKind::kFlush;
  std::string_view data;  // without the final newline of a text line
};

std::string pkt_line(std::string_view data);  // data ≤ 65516 bytes
inline constexpr std::string_view kPktFlush = "0000";
inline constexpr std::string_view kPktDelimiter = "0001";

// Reads the packets of a whole answer; views into `bytes`.
class PktReader {
 public:
  explicit PktReader(std::string_view bytes) : rest_(bytes) {}
  // Nothing at the end. kCorrupt for what is no pkt-line, and for a cut one.
  Result<std::optional<Pkt>> next();
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

}  // namespace autonomous::git
