#include "daemon/http/session.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <cstdio>

#include "daemon/http/follower.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

auto token(boost::system::error_code& error) { return net::redirect_error(net::use_awaitable, error); }

constexpr uint32_t kMaxHead = 32u << 10;
constexpr std::chrono::seconds kLingerTime{5};
constexpr size_t kLingerBytes = 64u << 20;
constexpr size_t kLingerPiece = 64u << 10;

}  // namespace

Session::Session(Stream stream, Peer peer, Shared& shared)
    : stream_(std::move(stream)), signal_(stream_.get_executor()), peer_(std::move(peer)), shared_(shared) {
  shared_.sessions++;
}

Session::~Session() { shared_.sessions--; }

void Session::shut_down() {
  net::post(stream_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    self->signal_.cancel();
    if (self->idle_) self->stream_.cancel();
  });
}

void Session::drop() {
  net::post(stream_.get_executor(), [self = shared_from_this()] {
    self->stopping_ = true;
    self->signal_.cancel();
    self->stream_.close();
  });
}

void Session::count(int status) {
  std::lock_guard lock(shared_.mutex);
  shared_.answers[status]++;
}

Task<void> Session::run() {
  auto self = shared_from_this();
  boost::system::error_code error;
  bool more = true;
  while (more && !stopping_) {
    Head head;
    head.header_limit(kMaxHead);
    head.body_limit(boost::none);  // each kind of request sets its own, once its head is known
    stream_.expires_after(shared_.options.idle);
    idle_ = true;
    co_await http::async_read_header(stream_, buffer_, head, token(error));
    idle_ = false;
    bool malformed = error && error.category() == make_error_code(http::error::end_of_stream).category();
    if (error == http::error::end_of_stream || (error && !malformed)) break;
    if (malformed) {
      HttpRequest broken = plain_request(head);
      int status = error == http::error::header_limit ? 431 : 400;
      co_await send(head, broken, problem(broken, status, "the request can't be read: " + error.message()), false);
      break;
    }
    more = co_await serve(head);
  }
  co_await linger();
  stream_.close();
}

// A client that still sends when its connection is closed gets a reset, which may take the answer away that it has not
// read yet (RFC 9112 section 9.6): so what it sends is thrown away for a while, until it has seen our end and closes
// its own.
Task<void> Session::linger() {
  boost::system::error_code error;
  stream_.socket().shutdown(net::socket_base::shutdown_send, error);
  buffer_.clear();
  auto end = std::chrono::steady_clock::now() + kLingerTime;
  size_t dropped = 0;
  idle_ = true;
  while (!error && !stopping_ && dropped < kLingerBytes) {
    stream_.expires_at(end);
    size_t size = co_await stream_.async_read_some(buffer_.prepare(kLingerPiece), token(error));
    dropped += size;
  }
  idle_ = false;
}

HttpRequest Session::plain_request(const Head& head) const {
  HttpRequest request;
  request.peer = peer_;
  char id[40];
  std::snprintf(id, sizeof id, "%s-%llu", shared_.life.c_str(),
                static_cast<unsigned long long>(shared_.next_request++));
  request.id = id;
  request.method = std::string(head.get().method_string());
  for (const auto& field : head.get()) {
    std::string& value =
        request.headers[to_lower(std::string_view(field.name_string().data(), field.name_string().size()))];
    // Of a name that comes twice, what joins them is no valid value of any header that decides something here.
    value += (value.empty() ? "" : ", ") + std::string(field.value());
  }
  return request;
}

Task<bool> Session::invite(const Head& head) {
  if (!beast::iequals(head.get()[http::field::expect], "100-continue")) co_return true;
  http::response<http::empty_body> go{http::status::continue_, head.get().version()};
  boost::system::error_code error;
  stream_.expires_after(shared_.options.stall);
  co_await http::async_write(stream_, go, token(error));
  co_return !error;
}

Task<bool> Session::serve(Head& head) {
  HttpRequest request = plain_request(head);
  std::string_view target(head.get().target().data(), head.get().target().size());
  Result<void> parsed = parse_target(target, request);
  if (!parsed) {
    bool sent = co_await send(head, request, problem(request, 400, parsed.error().message()), false);
    co_return sent && false;
  }
  bool more = false;
  if (starts_with(request.path, "/git/")) {
    more = co_await serve_git(head, request);
  } else if (request.path == "/api/v1/events" && request.method == "GET") {
    more = co_await serve_events(head, request);
  } else {
    more = co_await serve_call(head, request);
  }
  co_return more&& head.get().keep_alive();
}

Task<bool> Session::read_body(Head& head, HttpRequest& request, HttpResponse& refusal) {
  size_t limit = shared_.options.max_body;
  auto length = head.content_length();
  if (length && *length > limit) {
    refusal = problem(request, 413, "the body is larger than " + std::to_string(limit) + " bytes");
    co_return false;
  }
  bool invited = co_await invite(head);
  if (!invited) co_return false;
  http::request_parser<http::string_body> parser(std::move(head));
  parser.body_limit(limit);
  boost::system::error_code error;
  stream_.expires_after(shared_.options.stall);
  co_await http::async_read(stream_, buffer_, parser, token(error));
  request.body = std::move(parser.get().body());
  // Its fields went into the parser; whether the connection stays is still asked of it.
  head.get().keep_alive(parser.get().keep_alive());  // NOLINT(bugprone-use-after-move)
  if (error)
    refusal =
        problem(request, error == http::error::body_limit ? 413 : 400, "the body can't be read: " + error.message());
  co_return !error;
}

Task<bool> Session::serve_call(Head& head, HttpRequest& request) {
  unsigned version = head.get().version();
  bool keep_alive = head.get().keep_alive();
  if (!head.is_done()) {
    HttpResponse refusal;
    refusal.status = 0;
    bool read = co_await read_body(head, request, refusal);
    if (!read && refusal.status == 0) co_return false;
    if (!read) {
      co_await send(head, request, refusal, false);
      co_return false;
    }
  }
  std::shared_ptr<Follower> follower;
  if (request.header("accept").find("application/x-ndjson") != std::string::npos)
    follower = std::make_shared<Follower>(waker());
  Shared& shared = shared_;
  HttpRequest asked = request;
  if (asked.method == "HEAD") asked.method = "GET";  // the same answer, of which only the head is sent
  auto job = [&shared, &asked, follower]() -> Task<HttpResponse> {
    Ctx ctx{shared.stop.get_token()};
    ctx = ctx.within(shared.options.api_limit);
    HttpResponse response;
    try {
      response = shared.routes.handle(ctx, asked, follower);
    } catch (const std::exception& e) {
      response = problem(asked, fail(Code::kInternal, "an exception: ", e.what()));
    }
    co_return response;
  };
  HttpResponse response = co_await net::co_spawn(shared_.pool, job, net::use_awaitable);
  Head shape;  // version and keep-alive of the answer; the original has been moved into the body's parser
  shape.get().version(version);
  shape.get().keep_alive(keep_alive);
  shape.get().method_string(request.method);
  if (response.streams && follower != nullptr) {
    bool more = co_await serve_progress(shape, request, response, follower);
    co_return more&& keep_alive;
  }
  if (follower != nullptr) follower->detach();
  bool sent = co_await send(shape, request, std::move(response), keep_alive && !stopping_);
  co_return sent&& keep_alive;
}

Task<bool> Session::send(const Head& head, const HttpRequest& request, HttpResponse response, bool keep_alive) {
  http::response<http::string_body> out{http::int_to_status(static_cast<unsigned>(response.status)),
                                        head.get().version() == 10 ? 10U : 11U};
  out.reason(std::string(reason_phrase(response.status)));
  out.set(http::field::server, "autonomous");
  if (!response.type.empty()) out.set(http::field::content_type, response.type);
  out.set("X-Content-Type-Options", "nosniff");
  out.set("Referrer-Policy", "no-referrer");
  out.set("X-Request-Id", request.id);
  bool cached = false;
  for (const auto& [name, value] : response.headers) {
    out.insert(name, value);
    cached = cached || name == "Cache-Control";
  }
  if (!cached) out.set(http::field::cache_control, "no-store");
  out.keep_alive(keep_alive);
  bool bodiless = request.method == "HEAD" || response.status == 304;
  size_t length = response.body.size();
  if (!bodiless) out.body() = std::move(response.body);
  out.content_length(response.status == 304 ? 0 : length);
  boost::system::error_code error;
  stream_.expires_after(shared_.options.stall);
  http::response_serializer<http::string_body> serializer(out);
  if (bodiless) {
    co_await http::async_write_header(stream_, serializer, token(error));
  } else {
    co_await http::async_write(stream_, serializer, token(error));
  }
  count(response.status);
  if (response.status >= 500)
    log(Level::kWarning, "answered " + std::to_string(response.status),
        {{"request", request.id}, {"path", request.path}});
  co_return !error && keep_alive;
}

PieceWriter::PieceWriter(Session& session, unsigned version, bool keep_alive)
    : session_(session), response_(http::status::ok, version == 10 ? 10U : 11U), serializer_(response_) {
  response_.keep_alive(keep_alive && version != 10);
  response_.chunked(version != 10);
}

Task<bool> PieceWriter::begin(int status, const std::vector<std::pair<std::string, std::string>>& headers) {
  response_.result(static_cast<unsigned>(status));
  response_.reason(std::string(reason_phrase(status)));
  response_.set(http::field::server, "autonomous");
  for (const auto& [name, value] : headers) response_.insert(name, value);
  response_.body().data = nullptr;
  response_.body().more = true;
  boost::system::error_code error;
  session_.stream_.expires_after(session_.shared_.options.stall);
  co_await http::async_write_header(session_.stream_, serializer_, token(error));
  session_.count(status);
  co_return !error;
}

Task<bool> PieceWriter::write(std::string_view bytes) {
  if (bytes.empty()) co_return true;
  response_.body().data = const_cast<char*>(bytes.data());
  response_.body().size = bytes.size();
  response_.body().more = true;
  boost::system::error_code error;
  session_.stream_.expires_after(session_.shared_.options.stall);
  co_await http::async_write(session_.stream_, serializer_, token(error));
  co_return !error || error == http::error::need_buffer;
}

Task<bool> PieceWriter::end() {
  response_.body().data = nullptr;
  response_.body().more = false;
  boost::system::error_code error;
  session_.stream_.expires_after(session_.shared_.options.stall);
  co_await http::async_write(session_.stream_, serializer_, token(error));
  co_return !error;
}

}  // namespace autonomous::daemon
