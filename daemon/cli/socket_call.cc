#include "daemon/cli/socket_call.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

// Connected, and woken by a stop.
class Connection {
 public:
  explicit Connection(std::string path)
      : path_(std::move(path)),
        fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() {
    for (int fd : {fd_, wake_}) {
      if (fd >= 0) ::close(fd);
    }
  }

  Result<void> open(const Ctx& ctx) {
    if (fd_ < 0 || wake_ < 0) return broken("can't be reached");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path_.size() >= sizeof address.sun_path)
      return fail(Code::kInvalid, "the path of the daemon's socket is too long: ", path_);
    path_.copy(address.sun_path, path_.size());
    while (::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      if (errno == EINTR || errno == EISCONN) continue;
      // A Unix socket whose queue is full tells no moment at which it isn't: it has to be asked again.
      if (errno != EAGAIN) return broken("can't be reached");
      TRY_DO(ctx.check());
      ctx.pause(Millis(10));
    }
    return ok();
  }

  Result<void> write(const Ctx& ctx, std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent >= 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
      } else if (errno == EPIPE || errno == ECONNRESET) {
        return ok();  // it reads no more: its answer says why
      } else if (errno == EAGAIN) {
        TRY_DO(wait(ctx, POLLOUT));
      } else if (errno != EINTR) {
        return broken("can't be written to");
      }
    }
    return ok();
  }

  // Empty at its end.
  Result<std::string_view> read(const Ctx& ctx) {
    TRY_DO(ctx.check());  // where there is always more, nothing waits
    for (;;) {
      ssize_t got = ::recv(fd_, piece_, sizeof piece_, 0);
      if (got >= 0) return std::string_view(piece_, static_cast<size_t>(got));
      if (errno == ECONNRESET) return std::string_view();
      if (errno == EAGAIN) {
        TRY_DO(wait(ctx, POLLIN));
      } else if (errno != EINTR) {
        return broken("can't be read from");
      }
    }
  }

 private:
  Result<void> wait(const Ctx& ctx, short events) {
    std::stop_callback on_stop(ctx.stop, [wake = wake_] {
      uint64_t one = 1;
      (void)!::write(wake, &one, sizeof one);
    });
    TRY_DO(ctx.check());
    pollfd fds[2] = {{fd_, events, 0}, {wake_, POLLIN, 0}};
    if (::poll(fds, 2, static_cast<int>(ctx.left().count() + 1)) < 0 && errno != EINTR)
      return broken("can't be read from");
    return ok();
  }

  Error broken(std::string_view how) const {
    return fail(Code::kUnavailable, "its socket ", path_, " ", how, ": ", std::strerror(errno)).may_retry();
  }

  std::string path_;
  int fd_;
  int wake_;
  char piece_[16u << 10];
};

std::string request_of(const SocketCall& call) {
  return "POST " + call.path +
         " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nAccept: " +
         call.accept + "\r\nContent-Length: " + std::to_string(call.body.size()) + "\r\n\r\n" + call.body;
}

}  // namespace

Result<SocketAnswer> call_socket(const Ctx& ctx, const SocketCall& call, const OnBody& on_data) {
  Ctx patient = ctx.within(call.patience);
  Connection connection(call.socket);
  TRY_DO(connection.open(patient));
  TRY_DO(connection.write(patient, request_of(call)));
  AnswerReader reader(call.max_body, on_data);
  while (!reader.done()) {
    TRY(std::string_view piece, connection.read(patient));
    if (piece.empty())
      return fail(Code::kUnavailable, reader.has_head() ? "its answer was cut off" : "it hung up without an answer")
          .may_retry();
    TRY_DO(reader.feed(piece));
    if (reader.take_news()) patient = ctx.within(call.silence);
  }
  return std::move(reader.answer());
}

}  // namespace autonomous::daemon
