// Live answers: server-sent events, and the progress of an action as one JSON object a line.
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <nlohmann/json.hpp>

#include "daemon/http/api_json.h"
#include "daemon/http/follower.h"
#include "daemon/http/session.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

void Session::Follower::add(const std::string& line, bool last) {
  std::lock_guard lock(mutex_);
  if (!wake_ || done_) return;
  if (waiting_.size() + line.size() < kMaxWaiting || last) {
    waiting_ += line + "\n";
  } else if (!skipped_) {
    skipped_ = true;
    waiting_ +=
        dump({{"progress", {{"text", "… lines were left out: you read too slowly"}, {"tone", "warning"}}}}) + "\n";
  }
  done_ = last;
  wake_();
}

void Session::Follower::progress(const Progress& line) { add(dump({{"progress", to_json(line)}}), false); }

void Session::Follower::done(const std::vector<Outcome>& outcomes) {
  json list = json::array();
  for (const Outcome& outcome : outcomes) list.push_back(to_json(outcome));
  add(dump({{"done", list}}), true);
}

bool Session::Follower::detached() const {
  std::lock_guard lock(mutex_);
  return !wake_;
}

bool Session::Follower::take(std::string& lines) {
  std::lock_guard lock(mutex_);
  lines = std::move(waiting_);
  waiting_.clear();
  return !done_;
}

void Session::Follower::detach() {
  std::lock_guard lock(mutex_);
  wake_ = nullptr;
  waiting_.clear();
}

std::function<void()> Session::waker() {
  return [weak = weak_from_this(), executor = stream_.get_executor()] {
    net::post(executor, [weak] {
      if (auto self = weak.lock()) self->signal_.cancel();
    });
  };
}

Task<void> Session::wait_for_wake(Millis limit) {
  boost::system::error_code ignored;
  signal_.expires_after(limit);
  co_await signal_.async_wait(net::redirect_error(net::use_awaitable, ignored));
}

namespace {

// Not written inside the coroutines: GCC 12 stumbles over initializer lists in co_await expressions.
std::vector<std::pair<std::string, std::string>> stream_head(const std::string& type, const std::string& id) {
  return {{"Content-Type", type}, {"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}, {"X-Request-Id", id}};
}

std::string stopping_line() {
  return dump({{"detached", "the daemon is stopping; the work goes on when it is back"}}) + "\n";
}

}  // namespace

Task<bool> Session::serve_progress(const Head& head, const HttpRequest& request, const HttpResponse& accepted,
                                   std::shared_ptr<Follower> follower) {
  struct Detach {
    std::shared_ptr<Follower> follower;
    Shared& shared;
    ~Detach() {
      follower->detach();
      shared.streams--;
    }
  } guard{follower, shared_};
  shared_.streams++;
  PieceWriter writer(*this, head.get().version(), head.get().keep_alive());
  std::vector<std::pair<std::string, std::string>> headers = stream_head("application/x-ndjson", request.id);
  bool alive = co_await writer.begin(accepted.status, headers);
  std::string lines = "{\"accepted\":" + accepted.body + "}\n";
  if (alive) alive = co_await writer.write(lines);
  bool more = true;
  while (alive && more && !stopping_) {
    more = follower->take(lines);
    if (lines.empty() && more) {
      co_await wait_for_wake(shared_.options.heartbeat);
      more = follower->take(lines);
      if (lines.empty() && more) lines = "\n";  // shows us whether somebody still listens
    }
    alive = co_await writer.write(lines);
  }
  if (alive && more) {
    lines = stopping_line();
    alive = co_await writer.write(lines);
  }
  if (alive) alive = co_await writer.end();
  co_return alive;
}

namespace {

std::string sse(const std::string& life, const Event& event) {
  return "id: " + life + "-" + std::to_string(event.id) + "\nevent: " + event.type + "\ndata: " + dump(to_json(event)) +
         "\n\n";
}

// "life-17": after which event to go on. 0 is before all; nothing: from now on.
std::optional<uint64_t> last_seen(const std::string& life, const std::string& text) {
  if (text.empty()) return std::nullopt;
  uint64_t number = 0;
  std::string_view rest = text;
  if (starts_with(rest, life + "-")) rest.remove_prefix(life.size() + 1);
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end != rest.data() + rest.size())
    return UINT64_MAX;  // of an earlier start: nothing follows it here
  return number;
}

}  // namespace

Task<bool> Session::serve_events(const Head& head, const HttpRequest& request) {
  Access access = shared_.routes.access(request, Permission::kLook, "socket");
  if (!access.allowed) {
    bool kept = co_await send(head, request, refused(request, access), head.get().keep_alive());
    co_return kept;
  }
  EventBus& bus = shared_.api.events();
  EventBus::Subscription subscription = bus.subscribe(waker());
  std::string asked = request.header("last-event-id");
  if (asked.empty() && request.query.contains("after")) asked = request.query.at("after");
  uint64_t last = last_seen(shared_.life, asked).value_or(bus.newest());
  struct Count {
    Shared& shared;
    ~Count() { shared.streams--; }
  } guard{shared_};
  shared_.streams++;
  PieceWriter writer(*this, head.get().version(), false);
  std::vector<std::pair<std::string, std::string>> headers = stream_head("text/event-stream", request.id);
  bool alive = co_await writer.begin(200, headers);
  std::string text = "retry: 2000\n\n";
  if (alive) alive = co_await writer.write(text);
  while (alive && !stopping_) {
    EventBus::Batch batch = bus.after(last);
    text.clear();
    if (!batch.complete)
      text = "id: " + shared_.life + "-" + std::to_string(batch.last) + "\nevent: reset\ndata: {}\n\n";
    if (batch.complete) {
      for (const Event& event : batch.events) text += sse(shared_.life, event);
    }
    last = batch.last;
    if (text.empty()) {
      co_await wait_for_wake(shared_.options.heartbeat);
      if (bus.newest() == last) text = ": still here\n\n";
    }
    if (!text.empty()) alive = co_await writer.write(text);
  }
  if (alive) co_await writer.end();
  co_return false;
}

}  // namespace autonomous::daemon
