#include "daemon/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <random>
#include <thread>

#include "daemon/http/peer.h"
#include "daemon/http/session.h"
#include "daemon/http/tls.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

using Tcp = net::ip::tcp;
using Local = net::local::stream_protocol;

struct Address {
  std::string host;
  uint16_t port = 0;
};

Result<Address> parse_listen(const std::string& text) {
  size_t colon = text.rfind(':');
  if (colon == std::string::npos) return fail(Code::kInvalid, "listen '", text, "': write it as ADDRESS:PORT");
  Address address{text.substr(0, colon), 0};
  std::string port = text.substr(colon + 1);
  if (address.host == "localhost") address.host = "127.0.0.1";
  if (address.host.empty()) address.host = "0.0.0.0";
  if (address.host.size() > 2 && address.host.front() == '[')
    address.host = address.host.substr(1, address.host.size() - 2);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoul(port) > 65535) {
    return fail(Code::kInvalid, "listen '", text, "': the port must be 0 to 65535");
  }
  address.port = static_cast<uint16_t>(std::stoul(port));
  return address;
}

std::string host_of_url(const std::string& url) {
  size_t start = url.find("://");
  start = start == std::string::npos ? 0 : start + 3;
  std::string authority = url.substr(start, url.find('/', start) - start);
  return to_lower(authority.substr(0, authority.rfind(':') == std::string::npos || authority.back() == ']'
                                          ? std::string::npos
                                          : authority.rfind(':')));
}

std::string random_hex() {
  std::random_device device;
  char text[9];
  std::snprintf(text, sizeof text, "%08x", static_cast<unsigned>(device()));
  return text;
}

Endpoint endpoint_of(const Tcp::endpoint& endpoint) {
  Endpoint out;
  out.port = endpoint.port();
  out.v6 = endpoint.address().is_v6();
  if (out.v6) {
    auto bytes = endpoint.address().to_v6().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.address);
  } else {
    auto bytes = endpoint.address().to_v4().to_bytes();
    std::copy(bytes.begin(), bytes.end(), out.address);
  }
  return out;
}

bool is_loopback(const net::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return net::ip::make_address_v4(net::ip::v4_mapped, address.to_v6()).is_loopback();
  return address.is_loopback();
}

// The process's resident memory, in bytes.
double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double pages = 0;
  double resident = 0;
  statm >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions options, Api& api, AccessRules rules)
      : shared(std::move(options), api, std::move(rules)), tcp(io), local(io), pause(io) {}

  Shared shared;
  net::io_context io;
  Tcp::acceptor tcp;
  Local::acceptor local;
  net::steady_timer pause;
  std::vector<std::thread> threads;
  std::mutex mutex;  // guards sessions
  std::map<uint64_t, std::weak_ptr<Session>> sessions;
  std::condition_variable ended;
  uint16_t port = 0;
  std::string host;
  std::shared_ptr<TlsIdentity> identity;                                                    // null: plain HTTP
  std::shared_ptr<std::atomic<size_t>> shaking = std::make_shared<std::atomic<size_t>>(0);  // hands, with TLS
  bool stopped = false;
  std::atomic<uint64_t> asked{0}, answered{0};  // of responds()

  Result<void> listen_tcp();
  Result<void> listen_local();
  template <typename Acceptor>
  Task<void> accept(Acceptor& acceptor);
  Peer peer_of(const Tcp::socket& socket) const;
  Peer peer_of(const Local::socket& socket) const;
  void begin(net::generic::stream_protocol::socket socket, Peer peer);
  void greet(Tcp::socket socket, Peer peer);
  void greet(Local::socket socket, Peer peer) { begin(std::move(socket), std::move(peer)); }
  std::vector<Metric> metrics();
};

Result<void> Server::Impl::listen_tcp() {
  TRY(Address address, parse_listen(shared.options.listen));
  boost::system::error_code error;
  Tcp::endpoint endpoint(net::ip::make_address(address.host, error), address.port);
  if (error)
    return fail(Code::kInvalid, "listen '", shared.options.listen,
                "': the address must be a number, like 127.0.0.1 or [::1]");
  tcp.open(endpoint.protocol(), error);
  if (!error) tcp.set_option(net::socket_base::reuse_address(true), error);
  if (!error) tcp.bind(endpoint, error);
  if (!error) tcp.listen(net::socket_base::max_listen_connections, error);
  if (error == net::error::address_in_use) {
    return fail(Code::kConflict, "port ", address.port, " on ", address.host, " is taken by another program")
        .hint("choose another with --listen ADDR:PORT (port 0 takes a free one)");
  }
  if (error) return fail(Code::kUnavailable, "can't listen on ", shared.options.listen, ": ", error.message());
  ::fcntl(tcp.native_handle(), F_SETFD, FD_CLOEXEC);
  port = tcp.local_endpoint().port();
  bool wildcard = endpoint.address().is_unspecified();
  host = wildcard ? "127.0.0.1" : endpoint.address().is_v6() ? "[" + address.host + "]" : address.host;
  return ok();
}

Result<void> Server::Impl::listen_local() {
  const std::string& path = shared.options.socket;
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return fail(Code::kInvalid, "the socket's path is too long for the kernel (", path.size(), " bytes): ", path);
  struct stat there {};
  // Whoever holds the state's lock owns the socket: what lies there is of a dead daemon. Nothing but a socket is
  // removed.
  if (::lstat(path.c_str(), &there) == 0 && (!S_ISSOCK(there.st_mode) || ::unlink(path.c_str()) != 0)) {
    return fail(Code::kConflict, "something lies where the socket should be: ", path);
  }
  boost::system::error_code error;
  local.open(Local(), error);
  // The mode of the descriptor becomes the mode of the file that bind makes: no moment with other rights.
  if (!error) ::fchmod(local.native_handle(), 0660);
  if (!error) local.bind(Local::endpoint(path), error);
  if (!error) local.listen(net::socket_base::max_listen_connections, error);
  if (error) return fail(Code::kUnavailable, "can't listen on ", path, ": ", error.message());
  ::fcntl(local.native_handle(), F_SETFD, FD_CLOEXEC);
  ::chmod(path.c_str(), 0660);  // what the umask took away: those of our group may ask
  return ok();
}

Peer Server::Impl::peer_of(const Tcp::socket& socket) const {
  Peer peer;
  boost::system::error_code error;
  Tcp::endpoint theirs = socket.remote_endpoint(error);
  if (error) return peer;
  Tcp::endpoint ours = socket.local_endpoint(error);
  if (error) return peer;
  peer.address = theirs.address().to_string();
  peer.loopback = is_loopback(theirs.address()) && is_loopback(ours.address());
  if (peer.loopback) peer.uid = socket_owner(endpoint_of(theirs), endpoint_of(ours));
  return peer;
}

Peer Server::Impl::peer_of(const Local::socket& socket) const {
  Peer peer;
  peer.unix_socket = true;
  peer.address = "unix";
  ucred who{};
  socklen_t size = sizeof who;
  int fd = const_cast<Local::socket&>(socket).native_handle();
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0) peer.uid = who.uid;
  return peer;
}

void Server::Impl::begin(net::generic::stream_protocol::socket socket, Peer peer) {
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  auto executor = socket.get_executor();
  auto session = std::make_shared<Session>(Stream(std::move(socket)), std::move(peer), shared);
  uint64_t id = shared.next_session++;
  {
    std::lock_guard lock(mutex);
    sessions.emplace(id, session);
  }
  auto forget = [this, id](const std::exception_ptr& failed) {
    if (failed) {
      try {
        std::rethrow_exception(failed);
      } catch (const std::exception& e) {
        log(Level::kError, std::string("a connection ended in an exception: ") + e.what());
      }
    }
    std::lock_guard lock(mutex);
    sessions.erase(id);
    ended.notify_all();
  };
  auto run = [session]() -> Task<void> { co_await session->run(); };
  net::co_spawn(executor, std::move(run), std::move(forget));
}

template <typename Acceptor>
Task<void> Server::Impl::accept(Acceptor& acceptor) {
  boost::system::error_code error;
  while (acceptor.is_open()) {
    net::any_io_executor strand = net::make_strand(io);
    auto socket = co_await acceptor.async_accept(strand, net::redirect_error(net::use_awaitable, error));
    if (error == net::error::operation_aborted || error == net::error::bad_descriptor) break;
    if (error) {  // no more descriptors: others will end
      log(Level::kWarning, "can't accept a connection: " + error.message());
      pause.expires_after(Millis{100});
      co_await pause.async_wait(net::redirect_error(net::use_awaitable, error));
      continue;
    }
    if (shared.sessions >= shared.options.max_connections) continue;  // closed at once: the client tries again
    // Answers are small, and the next question waits for them: none is held back for more (not TCP: fails, harmless).
    int at_once = 1;
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once);
    Peer peer = peer_of(socket);
    greet(std::move(socket), std::move(peer));
  }
}

void Server::Impl::greet(Tcp::socket socket, Peer peer) {
  if (!identity) return begin(net::generic::stream_protocol::socket(std::move(socket)), std::move(peer));
  if (*shaking >= shared.options.max_connections) return;
  ::fcntl(socket.native_handle(), F_SETFD, FD_CLOEXEC);
  // Counts until the hands are shaken, or the attempt is given up.
  struct Shake {
    std::shared_ptr<std::atomic<size_t>> count;
    explicit Shake(std::shared_ptr<std::atomic<size_t>> count_in) : count(std::move(count_in)) { ++*count; }
    Shake(const Shake&) = delete;
    Shake& operator=(const Shake&) = delete;
    ~Shake() { --*count; }
  };
  auto shake = std::make_shared<Shake>(shaking);
  serve_tls(std::move(socket), identity, TlsLimits{.stall = shared.options.stall},
            [this, peer = std::move(peer), shake](Local::socket plain) {
              begin(net::generic::stream_protocol::socket(std::move(plain)), peer);
            });
}

std::vector<Metric> Server::Impl::metrics() {
  auto gauge = [](std::string name, std::string help, double value) {
    return Metric{std::move(name), std::move(help), Metric::Kind::kGauge, {{{}, value}}};
  };
  std::vector<Metric> out;
  Metric answers{"autonomous_http_requests_total", "Answered HTTP requests by status.", Metric::Kind::kCounter, {}};
  {
    std::lock_guard lock(shared.mutex);
    for (const auto& [status, count] : shared.answers)
      answers.samples.push_back({{{"status", std::to_string(status)}}, static_cast<double>(count)});
  }
  out.push_back(std::move(answers));
  out.push_back(gauge("autonomous_http_connections", "Open connections.", static_cast<double>(shared.sessions)));
  out.push_back(gauge("autonomous_http_streams", "Clients that follow live.", static_cast<double>(shared.streams)));
  Metric git{"autonomous_git_operations", "Git operations that run now, by kind.", Metric::Kind::kGauge, {}};
  git.samples.push_back({{{"kind", "fetch"}}, static_cast<double>(shared.fetches)});
  git.samples.push_back({{{"kind", "push"}}, static_cast<double>(shared.pushes)});
  out.push_back(std::move(git));
  out.push_back(gauge("process_resident_memory_bytes", "Resident memory size in bytes.", resident_bytes()));
  out.push_back(Metric{"autonomous_build_info",
                       "The running version.",
                       Metric::Kind::kGauge,
                       {{{{"version", shared.options.version}}, 1}}});
  return out;
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::start(ServerOptions options, Api& api) {
  ::signal(SIGPIPE, SIG_IGN);  // a client that hangs up is an error code, not the end of the daemon
  options.hosting.socket = options.socket;
  AccessRules rules{::geteuid(), options.tokens, host_of_url(options.public_url), options.webhooks};
  auto impl = std::make_unique<Impl>(std::move(options), api, std::move(rules));
  impl->shared.life = random_hex();
  if (!impl->shared.options.hosting.repos.empty()) TRY_DO(impl->shared.hosting.prepare());
  if (impl->shared.options.tls_certificate) {
    TRY(impl->identity, TlsIdentity::make(impl->shared.options.tls_certificate, impl->shared.options.tls_key));
  }
  if (!impl->shared.options.listen.empty()) TRY_DO(impl->listen_tcp());
  if (!impl->shared.options.socket.empty()) TRY_DO(impl->listen_local());
  Impl* raw = impl.get();
  impl->shared.routes.add_metrics([raw] { return raw->metrics(); });
  if (impl->tcp.is_open()) net::co_spawn(impl->io, impl->accept(impl->tcp), net::detached);
  if (impl->local.is_open()) net::co_spawn(impl->io, impl->accept(impl->local), net::detached);
  for (unsigned i = 0; i < impl->shared.options.io_threads; ++i) impl->threads.emplace_back([raw] { raw->io.run(); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() { stop(Millis{0}); }

uint16_t Server::port() const { return impl_->port; }

std::string Server::base_url() const {
  if (impl_->port == 0) return "";
  return (impl_->identity ? "https://" : "http://") + impl_->host + ":" + std::to_string(impl_->port);
}

void Server::close_doors() {
  impl_->shared.routes.close();
  net::post(impl_->io, [this] {
    boost::system::error_code ignored;
    impl_->tcp.close(ignored);
  });
}

bool Server::responds() {
  bool round = impl_->answered == impl_->asked;
  if (round) net::post(impl_->io, [impl = impl_.get(), now = ++impl_->asked] { impl->answered = now; });
  return round;
}

void Server::stop(Millis grace) {
  Impl& impl = *impl_;
  if (impl.stopped) return;
  impl.stopped = true;
  net::post(impl.io, [&impl] {
    boost::system::error_code ignored;
    impl.tcp.close(ignored);
    impl.local.close(ignored);
    impl.pause.cancel();
  });
  auto each = [&impl](void (Session::*what)()) {
    for (const auto& [id, weak] : impl.sessions) {
      if (auto session = weak.lock()) (session.get()->*what)();
    }
  };
  {
    std::unique_lock lock(impl.mutex);
    each(&Session::shut_down);
    impl.ended.wait_for(lock, grace, [&impl] { return impl.sessions.empty(); });
    impl.shared.stop.request_stop();
    each(&Session::drop);
    impl.ended.wait_for(lock, std::min(grace, Millis{2'000}), [&impl] { return impl.sessions.empty(); });
  }
  impl.shared.pool.join();
  impl.io.stop();
  for (std::thread& thread : impl.threads) thread.join();
  if (!impl.shared.options.socket.empty()) ::unlink(impl.shared.options.socket.c_str());
}

}  // namespace autonomous::daemon
