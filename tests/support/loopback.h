// Loopback: a small HTTP/1.1 server on a free port of 127.0.0.1 (or a Unix socket), for tests of HTTP clients.
//
// One thread accepts, one thread a connection answers; the handler is called under a mutex, so it may touch what it
// captures, and the test may after calling lock(). Everything ends with the object.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace autonomous::testing {

struct Asked {
  std::string method;
  std::string path;                            // with its query
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

class Loopback {
 public:
  // Writes a part of the answer; false when the client is gone. Never call it with the server's lock.
  using Write = std::function<bool(const std::string&)>;
  struct Answer {
    int status = 200;
    std::string body{};
    std::vector<std::string> headers{};          // "Name: value"
    std::function<void(const Write&)> stream{};  // instead of body: chunked, ends when it returns
    bool drop = false;                           // close without an answer
  };
  using Handler = std::function<Answer(const Asked&)>;

  explicit Loopback(Handler handler, const std::string& unix_path = "") : handler_(std::move(handler)) {
    if (unix_path.empty()) {
      listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in address{};
      address.sin_family = AF_INET;
      address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      socklen_t size = sizeof address;
      check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
      check(::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size));
      port_ = ntohs(address.sin_port);
    } else {
      listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un address{};
      address.sun_family = AF_UNIX;
      unix_path.copy(address.sun_path, sizeof address.sun_path - 1);
      check(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address));
    }
    check(::listen(listener_, 64));
    acceptor_ = std::thread([this] { accept_all(); });
  }
  Loopback(const Loopback&) = delete;
  ~Loopback() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    {
      std::lock_guard lock(mutex_);
      for (auto& connection : connections_) ::shutdown(connection->fd, SHUT_RDWR);
    }
    for (auto& connection : connections_) {
      connection->thread.join();
      ::close(connection->fd);
    }
  }

  std::string url(const std::string& path = "") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  int port() const { return port_; }
  std::unique_lock<std::mutex> lock() { return std::unique_lock(mutex_); }
  size_t connections() {
    std::lock_guard lock(mutex_);
    return connections_.size();
  }

 private:
  struct Connection {
    int fd = -1;
    std::thread thread;
    std::string buffer;
  };

  static void check(int result) {
    if (result < 0) throw std::runtime_error("the test's server can't listen");
  }
  static bool write_all(int fd, std::string_view data) {
    while (!data.empty()) {
      const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      data.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  static bool fill(Connection& connection) {
    char data[16384];
    const ssize_t got = ::recv(connection.fd, data, sizeof data, 0);
    if (got <= 0) return false;
    connection.buffer.append(data, static_cast<size_t>(got));
    return true;
  }

  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::lock_guard lock(mutex_);
      connections_.push_back(std::make_unique<Connection>());
      Connection* connection = connections_.back().get();
      connection->fd = fd;
      connection->thread = std::thread([this, connection] {
        while (serve(*connection)) {
        }
        ::shutdown(connection->fd, SHUT_RDWR);
      });
    }
  }

  static bool read_request(Connection& connection, Asked& asked) {
    size_t end = 0;
    while ((end = connection.buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!fill(connection)) return false;
    }
    const std::string head = connection.buffer.substr(0, end + 2);
    connection.buffer.erase(0, end + 4);
    const size_t first = head.find(' '), second = head.find(' ', first + 1);
    asked.method = head.substr(0, first);
    asked.path = head.substr(first + 1, second - first - 1);
    for (size_t at = head.find("\r\n") + 2; at < head.size();) {
      const size_t line_end = head.find("\r\n", at), colon = head.find(':', at);
      std::string name = head.substr(at, colon - at);
      for (char& c : name) c = static_cast<char>(::tolower(c));
      const size_t value = head.find_first_not_of(' ', colon + 1);
      asked.headers[name] = value < line_end ? head.substr(value, line_end - value) : "";
      at = line_end + 2;
    }
    const auto length = asked.headers.find("content-length");
    const size_t size = length == asked.headers.end() ? 0 : std::stoul(length->second);
    while (connection.buffer.size() < size) {
      if (!fill(connection)) return false;
    }
    asked.body = connection.buffer.substr(0, size);
    connection.buffer.erase(0, size);
    return true;
  }

  bool serve(Connection& connection) {
    Asked asked;
    if (!read_request(connection, asked)) return false;
    Answer answer;
    {
      std::lock_guard lock(mutex_);
      answer = handler_(asked);
    }
    if (answer.drop) return false;
    std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " x\r\n";
    for (const std::string& line : answer.headers) head += line + "\r\n";
    if (answer.stream) {
      if (!write_all(connection.fd, head + "Transfer-Encoding: chunked\r\n\r\n")) return false;
      answer.stream([&connection](const std::string& data) {
        char size[32];
        ::snprintf(size, sizeof size, "%zx\r\n", data.size());
        return data.empty() || write_all(connection.fd, size + data + "\r\n");
      });
      return write_all(connection.fd, "0\r\n\r\n");
    }
    head += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n\r\n";
    return write_all(connection.fd, asked.method == "HEAD" ? head : head + answer.body);
  }

  Handler handler_;
  int listener_ = -1;
  int port_ = 0;
  std::thread acceptor_;
  std::mutex mutex_;  // guards connections_ and every call of handler_
  std::list<std::unique_ptr<Connection>> connections_;
};

}  // namespace autonomous::testing
