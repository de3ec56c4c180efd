// Takes one connection, reads one request, sends what it was given; then hangs up, or stays until the client goes:
// silent, or saying `again` all the time.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <utility>

namespace autonomous::daemon {

class RawServer {
 public:
  RawServer(const std::string& path, std::string says, bool stays = false, std::string again = "") {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(listener_, 1), 0);
    thread_ = std::thread([this, says = std::move(says), stays, again = std::move(again)] {
      int fd = ::accept(listener_, nullptr, nullptr);
      char piece[4096];
      while (!asked.ends_with("}")) {  // the end of every body here
        ssize_t got = ::recv(fd, piece, sizeof piece, 0);
        if (got <= 0) break;
        asked.append(piece, static_cast<size_t>(got));
      }
      (void)!::send(fd, says.data(), says.size(), MSG_NOSIGNAL);  // the client may have left
      while (!again.empty() && ::send(fd, again.data(), again.size(), MSG_NOSIGNAL) > 0) continue;
      while (stays && ::recv(fd, piece, sizeof piece, 0) > 0) continue;
      ::close(fd);
    });
  }
  ~RawServer() { end(); }
  // `asked` may be read afterwards.
  void end() {
    if (thread_.joinable()) thread_.join();
    if (listener_ >= 0) ::close(std::exchange(listener_, -1));
  }
  std::string asked;

 private:
  int listener_;
  std::thread thread_;
};

}  // namespace autonomous::daemon
