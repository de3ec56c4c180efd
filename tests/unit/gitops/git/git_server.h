// A small HTTP server in front of `git http-backend`, for tests: one thread, one request a connection.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gitops/base/child.h"
#include "gitops/base/text.h"

namespace autonomous::git {

class GitServer {
 public:
  struct Request {
    std::string method, target;
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
  };
  // A whole answer instead of git's, or nothing.
  using Canned = std::function<std::optional<std::string>(const Request&)>;

  explicit GitServer(std::string root, Canned canned = nullptr) : root_(std::move(root)), canned_(std::move(canned)) {
    listen_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(listen_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listen_, 16) != 0) std::abort();
    ::getsockname(listen_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~GitServer() {
    stop_ = true;
    ::shutdown(listen_, SHUT_RDWR);
    thread_.join();
    ::close(listen_);
  }
  std::string url(const std::string& path = "") const { return "http://127.0.0.1:" + std::to_string(port_) + path; }
  // What git would answer, for a Canned that spoils it.
  std::string answer(const Request& request) const { return run_backend(request); }
  std::vector<Request> seen() const {
    std::lock_guard lock(mutex_);
    return seen_;
  }

 private:
  void serve() {
    while (!stop_) {
      int fd = ::accept4(listen_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      std::optional<Request> request = read_request(fd);
      if (request) {
        {
          std::lock_guard lock(mutex_);
          seen_.push_back(*request);
        }
        std::optional<std::string> own = canned_ ? canned_(*request) : std::nullopt;
        write_all(fd, own ? *own : run_backend(*request));
      }
      ::close(fd);
    }
  }

  static void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
  }

  static bool more(int fd, std::string& buffer) {
    char chunk[65536];
    ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
    if (got > 0) buffer.append(chunk, static_cast<size_t>(got));
    return got > 0;
  }

  static std::optional<Request> read_request(int fd) {
    std::string buffer;
    size_t end;
    while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
      if (!more(fd, buffer)) return std::nullopt;
    }
    Request request;
    std::string head = buffer.substr(0, end);
    request.body = buffer.substr(end + 4);
    bool first = true;
    for (std::string_view line : split(head, '\n')) {
      line = trim(line);
      if (first) {
        auto words = split(line, ' ');
        request.method = std::string(words[0]);
        request.target = std::string(words[1]);
      } else if (size_t colon = line.find(':'); colon != std::string_view::npos) {
        request.headers[to_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
      }
      first = false;
    }
    if (request.headers.count("expect") != 0) write_all(fd, "HTTP/1.1 100 Continue\r\n\r\n");
    if (request.headers["transfer-encoding"] == "chunked") {
      std::string raw = std::move(request.body);
      for (request.body.clear();;) {
        size_t line = raw.find("\r\n");
        if (line == std::string::npos) {
          if (!more(fd, raw)) return std::nullopt;
          continue;
        }
        size_t size = std::stoul(raw.substr(0, line), nullptr, 16);
        while (raw.size() < line + 2 + size + 2) {
          if (!more(fd, raw)) return std::nullopt;
        }
        request.body += raw.substr(line + 2, size);
        raw.erase(0, line + 2 + size + 2);
        if (size == 0) break;
      }
    } else if (request.headers.count("content-length") != 0) {
      size_t size = std::stoul(request.headers["content-length"]);
      while (request.body.size() < size) {
        if (!more(fd, request.body)) return std::nullopt;
      }
    }
    return request;
  }

  std::string run_backend(const Request& request) const {
    size_t question = std::min(request.target.find('?'), request.target.size());
    ChildSpec spec;
    spec.argv = {"git", "http-backend"};
    auto header = [&](const std::string& name) {
      auto at = request.headers.find(name);
      return at == request.headers.end() ? std::string() : at->second;
    };
    spec.env = {
        "PATH=/usr/local/bin:/usr/bin:/bin",
        "HOME=/nonexistent",
        "GIT_CONFIG_NOSYSTEM=1",
        "GIT_PROJECT_ROOT=" + root_,
        "GIT_HTTP_EXPORT_ALL=1",
        "REQUEST_METHOD=" + request.method,
        "PATH_INFO=" + request.target.substr(0, question),
        "QUERY_STRING=" + (question < request.target.size() ? request.target.substr(question + 1) : std::string()),
        "CONTENT_TYPE=" + header("content-type"),
        "CONTENT_LENGTH=" + std::to_string(request.body.size()),
        "HTTP_GIT_PROTOCOL=" + header("git-protocol"),
        "GIT_PROTOCOL=" + header("git-protocol"),
        "HTTP_CONTENT_ENCODING=" + header("content-encoding"),
        "REMOTE_USER=test",
        "REMOTE_ADDR=127.0.0.1"};
    spec.input = request.body;
    Result<ChildResult> done = run_child(Ctx{}.within(Millis(60'000)), spec);
    if (!done) return "HTTP/1.1 500 Error\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    size_t end = done->out.find("\r\n\r\n");
    std::string headers = done->out.substr(0, end), body = end == std::string::npos ? "" : done->out.substr(end + 4);
    std::string status = "200 OK";
    if (size_t at = headers.find("Status: "); at != std::string::npos)
      status = headers.substr(at + 8, headers.find("\r\n", at) - at - 8);
    return "HTTP/1.1 " + status + "\r\n" + headers + "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nConnection: close\r\n\r\n" + body;
  }

  std::string root_;
  Canned canned_;
  int listen_ = -1;
  int port_ = 0;
  std::atomic<bool> stop_{false};
  mutable std::mutex mutex_;
  std::vector<Request> seen_;
  std::thread thread_;
};

}  // namespace autonomous::git
