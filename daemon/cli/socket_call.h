// One request of the hook to the daemon, over its Unix socket.
//
// A client of its own, because a push waits for two starts of the hook: libcurl and its thirty libraries take most of
// ten milliseconds to load, and Asio stays in daemon/http. It takes what our server answers (HTTP/1.1, a length or
// chunks) and nothing else: whatever is odd is an error, and everything has a bound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "gitops/base/ctx.h"

namespace autonomous::daemon {

struct SocketCall {
  std::string socket;            // the path
  std::string path;              // "/api/v1/…"
  std::string body;              // JSON
  std::string accept;            // a media type
  Millis patience{30'000};       // for all of the answer; of a stream, for its head
  Millis silence{60'000};        // of a stream: the longest time without news
  uint64_t max_body = 1u << 20;  // of an answer that is kept; beyond: kLimit
};

struct SocketAnswer {
  int status = 0;
  std::string body;  // empty where it went to on_data
  bool ok() const { return status >= 200 && status < 300; }
};

enum class Heard : uint8_t { kNothing, kNews, kEnough };
// A stream as it arrives, in pieces of any size. kNothing: it only shows that somebody is there. kEnough: no more is
// wanted, which is no error.
using OnBody = std::function<Heard(std::string_view)>;

// POSTs. With on_data, the body of a 2xx answer goes there and is as long as it likes. Errors: kUnavailable (nobody
// answers, or the answer is cut off), kTimeout, kCancelled, kLimit, kInvalid (no answer of ours).
Result<SocketAnswer> call_socket(const Ctx& ctx, const SocketCall& call, const OnBody& on_data = nullptr);

// The answer, out of the bytes as they arrive; cut anywhere.
class AnswerReader {
 public:
  explicit AnswerReader(uint64_t max_body, OnBody on_data = nullptr)
      : on_data_(std::move(on_data)), max_body_(max_body) {}
  // kInvalid or kLimit; then nothing more may be fed.
  Result<void> feed(std::string_view bytes);
  bool has_head() const { return part_ != Part::kHead; }
  // Whether there was some of a stream, its head included, since it was last asked.
  bool take_news() { return std::exchange(news_, false); }
  // The body's end was seen, or no more of it is wanted.
  bool done() const { return part_ == Part::kDone; }
  SocketAnswer& answer() { return answer_; }

 private:
  enum class Part : uint8_t { kHead, kWhole, kSize, kChunk, kChunkEnd, kTrailers, kDone };
  Result<void> take_line(std::string_view line);
  Result<void> take_head(std::string_view line);
  Result<void> end_head();
  Result<void> take_size(std::string_view line);
  Result<void> take_body(std::string_view bytes);

  OnBody on_data_;
  uint64_t max_body_;
  SocketAnswer answer_;
  Part part_ = Part::kHead;
  std::string line_;       // begun, not ended yet
  uint64_t in_lines_ = 0;  // bytes of the head or the trailers
  uint64_t left_ = 0;      // of the body or of the chunk
  bool news_ = false;
  bool has_length_ = false;
  bool chunked_ = false;
};

}  // namespace autonomous::daemon
