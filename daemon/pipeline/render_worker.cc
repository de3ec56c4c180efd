#include "daemon/pipeline/render_worker.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "render/helm/wire.h"

namespace autonomous::daemon {

namespace wire = helm::wire;

namespace {

Error cannot_start(std::string_view front, int error) {
  return fail(Code::kInternal, "cannot start the render worker ", front, ": ", std::strerror(error));
}

}  // namespace

Waker::Waker(const std::stop_token& stop)
    : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), on_stop_(stop, [this] {
        uint64_t one = 1;
        (void)!::write(fd_, &one, sizeof one);
      }) {}
Waker::~Waker() { ::close(fd_); }

Result<void> RenderWorker::start(const std::string& front, uint64_t memory_bytes) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return cannot_start(front, errno);
  posix_spawn_file_actions_t files;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&files);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&files, ends[1], 0);
  posix_spawn_file_actions_adddup2(&files, ends[1], 1);
  posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addclosefrom_np(&files, 3);
  posix_spawn_file_actions_addchdir_np(&files, "/");
  sigset_t none, defaults;
  sigemptyset(&none);
  sigfillset(&defaults);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::string worker = "--worker=" + std::to_string(memory_bytes);
  char* argv[] = {const_cast<char*>("autonomous"), const_cast<char*>("render"), worker.data(), nullptr};
  char* environment[] = {nullptr};
  int error = ::posix_spawn(&pid_, front.c_str(), &files, &attributes, argv, environment);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  ::close(ends[1]);
  fd_ = ends[0];
  if (error != 0) {
    pid_ = -1;
    end();
    return cannot_start(front, error);
  }
  ::fcntl(fd_, F_SETFL, O_NONBLOCK);
  return ok();
}

int RenderWorker::end() {
  int status = 0;
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
  }
  if (fd_ >= 0) ::close(fd_);
  pid_ = -1;
  fd_ = -1;
  digests_.clear();
  return status;
}

Result<void> RenderWorker::send(const Ctx& ctx, const Waker& waker, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t done = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (done > 0) {
      bytes.remove_prefix(static_cast<size_t>(done));
    } else if (errno == EAGAIN) {
      TRY_DO(wait(ctx, waker, POLLOUT));
    } else if (errno != EINTR) {
      return died();
    }
  }
  return ok();
}

Result<std::string> RenderWorker::receive(const Ctx& ctx, const Waker& waker) {
  std::string header(wire::kHeader, '\0');
  TRY_DO(read(ctx, waker, header.data(), header.size()));
  uint64_t size = wire::payload_size(header);
  if (size == 0 || size > wire::kMaxFrame) return fail(Code::kCorrupt, "the render worker's answer is no frame");
  std::string payload;
  while (payload.size() < size) {  // grown as it comes: the worker may lie about its length
    size_t had = payload.size();
    payload.resize(std::min<uint64_t>(size, had + (1u << 20)));
    TRY_DO(read(ctx, waker, payload.data() + had, payload.size() - had));
  }
  return payload;
}

Result<void> RenderWorker::read(const Ctx& ctx, const Waker& waker, char* to, size_t size) {
  while (size > 0) {
    ssize_t done = ::recv(fd_, to, size, 0);
    if (done > 0) {
      to += done;
      size -= static_cast<size_t>(done);
    } else if (done < 0 && errno == EAGAIN) {
      TRY_DO(wait(ctx, waker, POLLIN));
    } else if (done == 0 || errno != EINTR) {
      return died();
    }
  }
  return ok();
}

Result<void> RenderWorker::wait(const Ctx& ctx, const Waker& waker, short events) {
  TRY_DO(ctx.check());
  pollfd fds[2] = {{fd_, events, 0}, {waker.fd(), POLLIN, 0}};
  (void)::poll(fds, 2, static_cast<int>(std::min<int64_t>(ctx.left().count() + 1, 60'000)));
  return ctx.check();
}

// The other end is closed: the process is gone or about to go.
Error RenderWorker::died() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  end();
  if (!WIFSIGNALED(status)) return fail(Code::kInternal, "the render worker ended with status ", WEXITSTATUS(status));
  int signal = WTERMSIG(status);
  if (signal == SIGXCPU) return fail(Code::kLimit, "rendering used more processor time than it may");
  if (signal == SIGSYS)
    return fail(Code::kDenied, "the render worker asked the system for what it may not do, and was killed");
  if (signal == SIGKILL) return fail(Code::kLimit, "the render worker was killed, most likely for lack of memory");
  return fail(Code::kInternal, "the render worker crashed (", sigdescr_np(signal), ")");
}

}  // namespace autonomous::daemon
