// Serving git: a git process between the client and the repository, streamed both ways. Each direction reads only
// after the other side took what was read before, so a slow client or a slow git holds no memory here.
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "daemon/http/cgi.h"
#include "daemon/http/session.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

auto into(boost::system::error_code& error) { return net::redirect_error(net::use_awaitable, error); }

constexpr size_t kPiece = 64u << 10;
constexpr size_t kMaxPushes = 64;
constexpr size_t kMaxFetches = 32;
constexpr size_t kMaxQuestion = 64u << 10;  // of refs: a longer one is git's to read
constexpr std::string_view kQuestion = "0014command=ls-refs";
constexpr Millis kAfterHangup{
    30'000};  // for the refs to be written when the client is gone; then nobody follows the release here
constexpr Millis kLongest{3'600'000};

// Git shows the text of a plain answer to its user.
HttpResponse plain(int status, const std::string& text) {
  return HttpResponse{status, "text/plain; charset=utf-8", text + "\n", {}};
}

}  // namespace

struct Session::Backend {
  Backend(const net::any_io_executor& executor, const CgiChild& child_in, std::string begun_in, PieceWriter& writer_in,
          Head&& head)
      : child(child_in),
        begun(std::move(begun_in)),
        input(executor, child.input),
        output(executor, child.output),
        errors(executor, child.errors),
        ended(executor, child.pidfd),
        deadline(executor),
        parser(std::move(head)),
        writer(writer_in) {}
  CgiChild child;
  std::string begun;  // what stands before git's own output
  net::posix::stream_descriptor input, output, errors, ended;
  net::steady_timer deadline;
  http::request_parser<http::buffer_body> parser;
  PieceWriter& writer;
  std::string error_text;
  bool client_gone = false;
  bool body_read = false;
  bool reaped = false;
  bool answered = false;

  void stop(int signal) {
    if (!reaped) ::kill(-child.pid, signal);
  }
  ~Backend() {
    if (reaped) return;
    stop(SIGKILL);
    ::waitpid(child.pid, nullptr, 0);
  }
};

Task<bool> Session::serve_git(Head& head, const HttpRequest& request) {
  bool keep = head.get().keep_alive() && head.is_done();
  Result<GitRequest> git = parse_git_request(request);
  if (!git) {
    co_return co_await send(head, request,
                            plain(git.error().code() == Code::kNotFound ? 404 : 422, git.error().message()), keep);
  }
  if (!git->gitops() && !shared_.hosting.options().sources) {
    co_return co_await send(
        head, request, plain(404, "this daemon hosts no source repositories (hosting.enabled in daemon.yaml)"), keep);
  }
  Permission permission = git->gitops() && !git->push() ? Permission::kOpen : Permission::kAct;
  Access access = shared_.routes.access(request, permission, "pusher");
  if (!access.allowed) {
    HttpResponse answer = plain(access.status, access.why);
    if (access.status == 401)
      answer.headers.emplace_back("WWW-Authenticate", "Basic realm=\"autonomous\", charset=\"UTF-8\"");
    co_return co_await send(head, request, std::move(answer), keep);
  }
  if (git->push() && shared_.routes.closed())
    co_return co_await send(head, request, plain(503, "the daemon is stopping: push again in a moment"), false);
  if (git->push() && git->advertise && !git->gitops() && !shared_.hosting.has(git->name)) {
    Push push{git->name, {}, access.caller};
    Shared& shared = shared_;
    auto job = [&shared, &push]() -> Task<HttpResponse> {
      Ctx ctx = Ctx{shared.stop.get_token()}.within(shared.options.api_limit);
      Result<void> made = shared.api.check_source_push(ctx, push);
      if (made) made = shared.hosting.create(push.project);
      if (made) co_return HttpResponse{};
      if (http_status(made.error().code()) == 500)
        log(Level::kError, "can't make a repository: " + made.error().line(), {{"project", push.project}});
      bool ours = http_status(made.error().code()) == 500;
      co_return plain(http_status(made.error().code()),
                      ours ? "the repository can't be made; the daemon's log tells why" : made.error().text());
    };
    HttpResponse made = co_await net::co_spawn(shared_.pool, job, net::use_awaitable);
    if (made.status != 200) co_return co_await send(head, request, std::move(made), keep);
  }
  if (!shared_.hosting.has(git->name)) {
    co_return co_await send(head, request, plain(404, "no such repository: the first push makes it"), keep);
  }
  if (!git->push() && request.header("git-protocol") == "version=2") {
    std::optional<HttpResponse> refs = co_await answer_refs(head, request, *git, access.caller);
    if (refs) co_return co_await send(head, request, *std::move(refs), head.get().keep_alive() && !stopping_);
  }
  std::atomic<size_t>& running = git->push() ? shared_.pushes : shared_.fetches;
  struct Count {
    std::atomic<size_t>& count;
    ~Count() { count--; }
  };
  size_t others = running++;
  Count guard{running};
  if (others >= (git->push() ? kMaxPushes : kMaxFetches)) {
    HttpResponse busy = plain(503, "too many git operations at once: try again in a moment");
    busy.headers.emplace_back("Retry-After", "5");
    co_return co_await send(head, request, std::move(busy), keep);
  }
  co_return co_await run_backend(head, request, *git, access.caller);
}

// A poll is answered without a process. What git has to be asked stays unread in buffer_.
Task<std::optional<HttpResponse>> Session::answer_refs(Head& head, const HttpRequest& request, const GitRequest& git,
                                                       const Caller& caller) {
  Shared& shared = shared_;
  std::string folder = shared.hosting.repository(git.name);
  std::string_view body;
  auto length = head.content_length();
  if (!git.advertise) {
    bool plain_body = length && *length <= kMaxQuestion && request.header("content-encoding").empty() &&
                      request.header("expect").empty() &&
                      request.header("content-type") == "application/x-git-upload-pack-request";
    if (!plain_body) co_return std::nullopt;
    while (buffer_.size() < *length) {
      size_t there = std::min(buffer_.size(), kQuestion.size());
      std::string_view begun(static_cast<const char*>(buffer_.data().data()), there);
      if (!starts_with(kQuestion, begun)) co_return std::nullopt;
      boost::system::error_code error;
      stream_.expires_after(shared.options.stall);
      size_t got = co_await stream_.async_read_some(buffer_.prepare(*length - buffer_.size()), into(error));
      if (error) co_return std::nullopt;  // git's side finds it gone
      buffer_.commit(got);
    }
    body = {static_cast<const char*>(buffer_.data().data()), *length};
    if (!starts_with(body, kQuestion)) co_return std::nullopt;
  }
  auto job = [&]() -> Task<std::optional<HttpResponse>> {
    if (!git.advertise) co_return shared.refs.ls_refs(folder, body);
    Ctx ctx = Ctx{shared.stop.get_token()}.within(shared.options.api_limit);
    co_return shared.refs.advertisement(ctx, folder, shared.hosting.environment(git, request, caller, ""));
  };
  auto answer = co_await net::co_spawn(shared.pool, job, net::use_awaitable);
  if (answer && !git.advertise) buffer_.consume(*length);
  co_return answer;
}

Task<bool> Session::run_backend(Head& head, const HttpRequest& request, const GitRequest& git, const Caller& caller) {
  using namespace net::experimental::awaitable_operators;  // NOLINT(google-build-using-namespace)
  auto length = head.content_length();
  std::string content_length = length ? std::to_string(*length) : "";
  bool keep_alive = head.get().keep_alive() && !stopping_;
  unsigned version = head.get().version();
  if (length && *length > shared_.hosting.options().max_push) {
    co_return co_await send(head, request, plain(413, "the push is too large"), false);
  }
  bool invited = co_await invite(head);
  if (!invited) co_return false;
  GitCommand command = git_command(git, request, shared_.hosting.repository(git.name));
  Result<CgiChild> child = start_git(command, shared_.hosting.environment(git, request, caller, content_length));
  if (!child) {
    log(Level::kError, child.error().line(), {{"request", request.id}});
    co_return co_await send(head, request, plain(503, "git can't be started here; the daemon's log tells why"), false);
  }
  PieceWriter writer(*this, version, keep_alive);
  Backend backend(stream_.get_executor(), *child, std::move(command.begun), writer, std::move(head));
  backend.parser.body_limit(shared_.hosting.options().max_push);
  backend.deadline.expires_after(kLongest);
  co_await (pump_input(backend) && pump_output(backend) && pump_errors(backend) && reap(backend));
  if (!backend.error_text.empty()) {
    log(Level::kDebug, "git said: " + one_line(backend.error_text, 1000),
        {{"request", request.id}, {"repository", git.name}});
  }
  if (!backend.answered && !backend.client_gone) {
    log(Level::kError, "git gave no answer: " + one_line(backend.error_text, 1000),
        {{"request", request.id}, {"repository", git.name}});
    Head shape;
    shape.get().version(version);
    co_return co_await send(shape, request, plain(500, "git failed; the daemon's log tells why, under " + request.id),
                            false);
  }
  co_return keep_alive && !backend.client_gone && backend.body_read;
}

Task<void> Session::pump_input(Backend& backend) {
  std::array<char, kPiece> piece;
  boost::system::error_code error;
  while (!backend.parser.is_done()) {
    backend.parser.get().body().data = piece.data();
    backend.parser.get().body().size = piece.size();
    stream_.expires_after(shared_.options.stall);
    co_await http::async_read(stream_, buffer_, backend.parser, into(error));
    if (error == http::error::need_buffer) error = {};
    if (error) {
      backend.client_gone = true;
      break;
    }
    size_t size = piece.size() - backend.parser.get().body().size;
    co_await net::async_write(backend.input, net::buffer(piece.data(), size), into(error));
    if (error) break;  // git has heard enough: its answer says why
  }
  backend.body_read = backend.parser.is_done() && !error;
  backend.input.close(error);
}

Task<void> Session::pump_output(Backend& backend) {
  std::array<char, kPiece> piece;
  boost::system::error_code error;
  std::string start = std::move(backend.begun);
  CgiHead head;
  for (bool begun = !start.empty();; begun = false) {
    size_t size = 0;
    if (!begun) size = co_await backend.output.async_read_some(net::buffer(piece), into(error));
    if (error) break;
    std::string_view bytes(piece.data(), size);
    if (!backend.answered) {
      start.append(bytes);
      Result<bool> complete = take_cgi_head(start, head);
      if (!complete) break;
      if (!*complete) continue;
      backend.answered = true;
      bool there = co_await backend.writer.begin(head.status, head.headers);
      backend.client_gone = backend.client_gone || !there;
      bytes = start;
    }
    // When the client hangs up, git finishes what it was about: what comes is read and dropped.
    bool was_there = !backend.client_gone;
    if (was_there) {
      bool written = co_await backend.writer.write(bytes);
      backend.client_gone = !written;
    }
    if (was_there && backend.client_gone) backend.deadline.expires_after(kAfterHangup);
  }
  backend.output.close(error);
  if (backend.answered && !backend.client_gone) {
    bool ended = co_await backend.writer.end();
    backend.client_gone = !ended;
  }
}

Task<void> Session::pump_errors(Backend& backend) {
  std::array<char, 4096> piece;
  boost::system::error_code error;
  for (;;) {
    size_t size = co_await backend.errors.async_read_some(net::buffer(piece), into(error));
    if (error) break;
    if (backend.error_text.size() < piece.size()) backend.error_text.append(piece.data(), size);
  }
}

// Waits for the end of git, and makes an end at the deadline: SIGTERM to all of it, SIGKILL 5 s later.
Task<void> Session::reap(Backend& backend) {
  using namespace net::experimental::awaitable_operators;
  boost::system::error_code waited;
  boost::system::error_code timer;
  int signal = SIGTERM;
  for (;;) {
    auto which = co_await (backend.ended.async_wait(net::posix::stream_descriptor::wait_read, into(waited)) ||
                           backend.deadline.async_wait(into(timer)));
    if (which.index() == 0) break;
    // A deadline that was moved ends the wait early: look at the clock.
    if (backend.deadline.expiry() > std::chrono::steady_clock::now()) continue;
    backend.stop(signal);
    signal = SIGKILL;
    backend.deadline.expires_after(Millis{5'000});
  }
  ::waitpid(backend.child.pid, nullptr, 0);
  backend.reaped = true;
}

}  // namespace autonomous::daemon
