// How an answer is read: RFC 9112, the strict half of it.
#include <charconv>

#include "daemon/cli/socket_call.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

constexpr uint64_t kMaxHead = 32u << 10;
constexpr std::string_view kVersion = "HTTP/1.1 ";

// All of it, and nothing else.
bool read_number(std::string_view digits, int base, uint64_t& out) {
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out, base);
  return error == std::errc() && end == digits.data() + digits.size();
}

Error odd(std::string_view what, std::string_view line) {
  return fail(Code::kInvalid, "what answers is no daemon of ours: ", what, ": ", one_line(line, 80));
}

}  // namespace

Result<void> AnswerReader::feed(std::string_view bytes) {
  while (!bytes.empty() && part_ != Part::kDone) {
    if (part_ == Part::kWhole || part_ == Part::kChunk) {
      std::string_view piece = bytes.substr(0, left_);
      bytes.remove_prefix(piece.size());
      left_ -= piece.size();
      TRY_DO(take_body(piece));
      if (left_ == 0 && part_ != Part::kDone) part_ = part_ == Part::kWhole ? Part::kDone : Part::kChunkEnd;
      continue;
    }
    std::string_view piece = bytes.substr(0, bytes.find('\n') + 1);  // all of it where there is no end
    if (piece.empty()) piece = bytes;
    bytes.remove_prefix(piece.size());
    in_lines_ += piece.size();
    if (in_lines_ > kMaxHead) return fail(Code::kLimit, "the daemon's answer has too long a head");
    line_ += piece;
    if (!ends_with(line_, "\n")) continue;
    if (!ends_with(line_, "\r\n")) return odd("a line without its end", line_);
    std::string line = std::exchange(line_, "");
    TRY_DO(take_line(std::string_view(line).substr(0, line.size() - 2)));
  }
  return ok();
}

Result<void> AnswerReader::take_line(std::string_view line) {
  switch (part_) {
    case Part::kHead: return line.empty() ? end_head() : take_head(line);
    case Part::kSize: return take_size(line);
    case Part::kChunkEnd:
      if (!line.empty()) return odd("a chunk longer than its size", line);
      part_ = Part::kSize;
      in_lines_ = 0;
      return ok();
    default:
      if (line.empty()) part_ = Part::kDone;
      return ok();
  }
}

Result<void> AnswerReader::take_head(std::string_view line) {
  if (answer_.status == 0) {
    uint64_t status = 0;
    bool fine = starts_with(line, kVersion) && line.size() >= kVersion.size() + 3 &&
                read_number(line.substr(kVersion.size(), 3), 10, status) && status >= 200 && status <= 599 &&
                (line.size() == kVersion.size() + 3 || line[kVersion.size() + 3] == ' ');
    if (!fine) return odd("no status", line);
    answer_.status = static_cast<int>(status);
    return ok();
  }
  size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return odd("no header", line);
  std::string name = to_lower(line.substr(0, colon));
  std::string_view value = trim(line.substr(colon + 1));
  if (name == "content-length") {
    if (has_length_ || chunked_ || !read_number(value, 10, left_)) return odd("its length", line);
    has_length_ = true;
  } else if (name == "transfer-encoding") {
    if (has_length_ || chunked_ || to_lower(value) != "chunked") return odd("its encoding", line);
    chunked_ = true;
  }
  return ok();
}

Result<void> AnswerReader::end_head() {
  if (answer_.status == 0) return odd("no status", "");
  if (!has_length_ && !chunked_) return odd("neither a length nor chunks", "");
  if (!answer_.ok()) on_data_ = nullptr;
  in_lines_ = 0;
  news_ = on_data_ != nullptr;
  part_ = chunked_ ? Part::kSize : left_ > 0 ? Part::kWhole : Part::kDone;
  return ok();
}

Result<void> AnswerReader::take_size(std::string_view line) {
  // Extensions mean nothing to us.
  if (!read_number(line.substr(0, line.find(';')), 16, left_)) return odd("the size of a chunk", line);
  part_ = left_ > 0 ? Part::kChunk : Part::kTrailers;
  in_lines_ = 0;
  return ok();
}

Result<void> AnswerReader::take_body(std::string_view bytes) {
  if (on_data_) {
    Heard heard = on_data_(bytes);
    news_ = news_ || heard == Heard::kNews;
    if (heard == Heard::kEnough) part_ = Part::kDone;
    return ok();
  }
  if (answer_.body.size() + bytes.size() > max_body_)
    return fail(Code::kLimit, "the daemon's answer is longer than ", max_body_, " bytes");
  answer_.body += bytes;
  return ok();
}

}  // namespace autonomous::daemon
