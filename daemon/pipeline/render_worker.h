// RenderWorker: one process that renders and unpacks charts: started with nothing but a pair of pipes and its limits,
// asked and answered in frames (render/helm/wire.h), and killed at its end. Used by one thread at a time.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>

#include "gitops/base/ctx.h"
#include "gitops/base/result.h"

namespace autonomous::daemon {

// Wakes a poll when somebody asks to stop.
class Waker {
 public:
  explicit Waker(const std::stop_token& stop);
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
  std::stop_callback<std::function<void()>> on_stop_;
};

class RenderWorker {
 public:
  ~RenderWorker() { end(); }

  bool running() const { return pid_ > 0; }
  // The chart of that digest is kept by the process.
  bool knows(const std::string& digest) const { return digests_.contains(digest); }
  void learn(const std::string& digest) { digests_.insert(digest); }

  // front: the executable. memory_bytes: its address space.
  Result<void> start(const std::string& front, uint64_t memory_bytes);
  // Kills it if it lives. What is said is why it ended, as far as the kernel knows.
  int end();
  // kLimit, kDenied, kInternal: the process ended, and why.
  Result<void> send(const Ctx& ctx, const Waker& waker, std::string_view bytes);
  // The payload of one frame; the same errors, and kCorrupt.
  Result<std::string> receive(const Ctx& ctx, const Waker& waker);

 private:
  Result<void> read(const Ctx& ctx, const Waker& waker, char* to, size_t size);
  Result<void> wait(const Ctx& ctx, const Waker& waker, short events);
  Error died();

  pid_t pid_ = -1;
  int fd_ = -1;
  std::set<std::string> digests_;
};

}  // namespace autonomous::daemon
