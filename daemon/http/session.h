// Session: one connection, from its first request to its end. Asio: included by this folder's session files only.
//
// Everything of a session runs on its strand; shut_down() and the wakes of its streams come from other threads and only
// post there. The session lives as long as its coroutine.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "daemon/http/hosting.h"
#include "daemon/http/message.h"
#include "daemon/http/ref_answers.h"
#include "daemon/http/routes.h"
#include "daemon/http/server.h"

namespace autonomous::daemon {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
template <typename T>
using Task = net::awaitable<T>;
using Stream = beast::basic_stream<net::generic::stream_protocol>;
using Head = http::request_parser<http::empty_body>;

// What all sessions share; outlives them.
struct Shared {
  Shared(ServerOptions options_in, Api& api_in, AccessRules rules)
      : options(std::move(options_in)),
        api(api_in),
        routes(api_in, std::move(rules), options.version),
        hosting(options.hosting),
        pool(options.api_threads) {}
  ServerOptions options;
  Api& api;
  Routes routes;
  Hosting hosting;
  RefAnswers refs;
  net::thread_pool pool;
  std::stop_source stop;
  std::string life;  // of this start: part of event ids, so that those of an earlier start are known as such
  std::atomic<uint64_t> next_request{1};
  std::atomic<uint64_t> next_session{1};
  std::atomic<size_t> sessions{0}, fetches{0}, pushes{0}, streams{0};
  std::mutex mutex;                 // guards answers
  std::map<int, uint64_t> answers;  // by status
};

class Session;

// Sends an answer of unknown length piece by piece; each write waits until the client took the one before.
class PieceWriter {
 public:
  PieceWriter(Session& session, unsigned version, bool keep_alive);
  Task<bool> begin(int status, const std::vector<std::pair<std::string, std::string>>& headers);
  Task<bool> write(std::string_view bytes);  // false: the client is gone
  Task<bool> end();

 private:
  Session& session_;
  http::response<http::buffer_body> response_;
  http::response_serializer<http::buffer_body> serializer_;
};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Stream stream, Peer peer, Shared& shared);
  ~Session();
  Task<void> run();
  void shut_down();  // any thread: no further request; live streams end
  void drop();       // any thread: now

 private:
  friend class PieceWriter;
  Task<bool> serve(Head& head);  // false: the connection ends
  Task<void> linger();           // ends our side, and waits a little for the client to end its own
  HttpRequest plain_request(const Head& head) const;
  Task<bool> read_body(Head& head, HttpRequest& request, HttpResponse& refusal);
  Task<bool> serve_call(Head& head, HttpRequest& request);
  Task<bool> send(const Head& head, const HttpRequest& request, HttpResponse response, bool keep_alive);
  Task<bool> invite(const Head& head);  // answers Expect: 100-continue
  // streams.cc
  Task<bool> serve_events(const Head& head, const HttpRequest& request);
  class Follower;
  Task<bool> serve_progress(const Head& head, const HttpRequest& request, const HttpResponse& accepted,
                            std::shared_ptr<Follower> follower);
  Task<void> wait_for_wake(Millis limit);
  std::function<void()> waker();
  // git_session.cc
  struct Backend;
  Task<bool> serve_git(Head& head, const HttpRequest& request);
  Task<std::optional<HttpResponse>> answer_refs(Head& head, const HttpRequest& request, const GitRequest& git,
                                                const Caller& caller);
  Task<bool> run_backend(Head& head, const HttpRequest& request, const GitRequest& git, const Caller& caller);
  Task<void> pump_input(Backend& backend);
  Task<void> pump_output(Backend& backend);
  Task<void> pump_errors(Backend& backend);
  Task<void> reap(Backend& backend);
  void count(int status);

  Stream stream_;
  beast::flat_buffer buffer_;
  net::steady_timer signal_;  // cancelled to wake a live stream
  Peer peer_;
  Shared& shared_;
  bool stopping_ = false;
  bool idle_ = false;  // waiting for a request
};

}  // namespace autonomous::daemon
