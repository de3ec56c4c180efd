#include "gitops/http/client.h"

#include <algorithm>
#include <array>

#include "gitops/base/text.h"
#include "gitops/http/net.h"

namespace autonomous::http {

namespace {

using Url = std::unique_ptr<CURLU, Deleter<curl_url_cleanup>>;

std::string part(const Url& url, CURLUPart which) {
  char* text = nullptr;
  if (curl_url_get(url.get(), which, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return "";
  std::string out(text);
  curl_free(text);
  return out;
}

std::string origin(const Url& url) {
  return part(url, CURLUPART_SCHEME) + "://" + part(url, CURLUPART_HOST) + ":" + part(url, CURLUPART_PORT);
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

// The request that a redirect leads to. To another origin go only headers that can't be credentials.
Result<Request> redirected(const Request& request, const Response& response) {
  Url from(curl_url()), to(curl_url());
  const std::string location(response.header("location"));
  if (curl_url_set(from.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(to.get(), CURLUPART_URL, request.url.c_str(), 0) != CURLUE_OK ||
      curl_url_set(to.get(), CURLUPART_URL, location.c_str(), 0) != CURLUE_OK) {
    return fail(Code::kInvalid, shown(request), ": it redirects to something that is no URL");
  }
  Request next = request;
  if (part(from, CURLUPART_SCHEME) == "https" && part(to, CURLUPART_SCHEME) != "https") {
    return fail(Code::kDenied, shown(request), ": it redirects from https to ", part(to, CURLUPART_SCHEME));
  }
  if (origin(from) != origin(to)) {
    if (!request.via.unix_socket.empty()) return fail(Code::kDenied, shown(request), ": it redirects to another host");
    std::erase_if(next.headers, [](const auto& header) {
      const std::string name = to_lower(header.first);
      return name != "accept" && name != "user-agent" && name != "accept-language" && name != "range";
    });
    curl_url_set(to.get(), CURLUPART_USER, nullptr, 0);
    curl_url_set(to.get(), CURLUPART_PASSWORD, nullptr, 0);
  }
  next.url = part(to, CURLUPART_URL);
  return next;
}

// Waits for `ready` of the transfer; the lock is held before and after.
template <typename Ready>
Result<void> wait(const Ctx& ctx, Transfer& transfer, std::unique_lock<std::mutex>& lock, Ready ready) {
  if (transfer.changed.wait_until(lock, ctx.stop, ctx.deadline, ready)) return ok();
  Result<void> state = ctx.check();
  Error error = state ? fail(Code::kTimeout, "it took too long") : std::move(state).error();
  const bool late = error.code() == Code::kTimeout;
  return fail(error.code(), shown(transfer.request), ": ", error.message()).may_retry(late);
}

// False: nothing came for as long as a tick.
Result<bool> wait_for_data(const Ctx& ctx, Transfer& transfer, std::unique_lock<std::mutex>& lock) {
  const auto ready = [&] { return !transfer.arrived.empty() || transfer.done; };
  const Request& request = transfer.request;
  const auto now = std::chrono::steady_clock::now();
  if (ready() || request.idle_timeout.count() == 0) transfer.silent_until = Ctx::Deadline::max();
  else if (transfer.silent_until == Ctx::Deadline::max()) transfer.silent_until = now + request.idle_timeout;
  Ctx patience = ctx;
  patience.deadline = std::min(ctx.deadline, transfer.silent_until);
  if (request.tick.count() > 0 && now + request.tick < patience.deadline) {
    if (!transfer.changed.wait_until(lock, ctx.stop, now + request.tick, ready) && !ctx.stop.stop_requested())
      return false;
  }
  if (!ready()) TRY_DO(wait(patience, transfer, lock, ready));
  transfer.silent_until = Ctx::Deadline::max();  // the next silence is counted anew
  return true;
}

// Tells net to drop a transfer, however the caller leaves.
class Abandon {
 public:
  Abandon(Transfer& transfer, std::function<void()> wake) : transfer_(transfer), wake_(std::move(wake)) {}
  ~Abandon() {
    {
      std::lock_guard lock(transfer_.mutex);
      if (transfer_.done) return;
      transfer_.abandoned = true;
    }
    wake_();
  }

 private:
  Transfer& transfer_;
  std::function<void()> wake_;
};

}  // namespace

Client::Client() : net_(std::make_unique<Net>()) {}
Client::~Client() = default;

Result<Response> Client::send(const Ctx& ctx, const Request& request) {
  Request next = request;
  for (int left = request.redirects;; --left) {
    TRY_DO(check(next));
    TRY_DO(ctx.check());
    auto transfer = std::make_shared<Transfer>();
    transfer->request = next;
    net_->start(transfer);
    const Abandon abandon(*transfer, [this] { net_->wake(); });
    std::unique_lock lock(transfer->mutex);
    TRY_DO(wait(ctx, *transfer, lock, [&] { return transfer->done; }));
    if (transfer->error) return std::move(*transfer->error);
    Response response = std::move(transfer->response);
    lock.unlock();
    const bool follow = is_redirect(response.status) && (next.method == "GET" || next.method == "HEAD");
    if (!follow || left <= 0 || response.header("location").empty()) return response;
    TRY(next, redirected(next, response));
  }
}

std::vector<Result<Response>> Client::send_all(const Ctx& ctx, const std::vector<Request>& requests, size_t at_once) {
  std::vector<std::shared_ptr<Transfer>> running;
  std::vector<Result<Response>> answers;
  auto start_next = [&] {
    const Request& request = requests[running.size()];
    auto transfer = std::make_shared<Transfer>();
    transfer->request = request;
    if (Result<void> good = check(request); !good) {
      transfer->done = true;
      transfer->error = std::move(good).error();
    } else {
      net_->start(transfer);
    }
    running.push_back(std::move(transfer));
  };
  for (size_t i = 0; i < requests.size(); ++i) {
    while (running.size() < requests.size() && running.size() < i + at_once) start_next();
    const std::shared_ptr<Transfer> transfer = std::move(running[i]);
    const Abandon abandon(*transfer, [this] { net_->wake(); });
    std::unique_lock lock(transfer->mutex);
    Result<void> waited = wait(ctx, *transfer, lock, [&] { return transfer->done; });
    if (!waited) {
      answers.push_back(std::move(waited).error());
    } else if (transfer->error) {
      answers.push_back(std::move(*transfer->error));
    } else {
      answers.push_back(std::move(transfer->response));
    }
  }
  return answers;
}

Result<Response> Client::stream(const Ctx& ctx, const Request& request, const OnData& on_data) {
  TRY_DO(check(request));
  TRY_DO(ctx.check());
  auto transfer = std::make_shared<Transfer>();
  transfer->request = request;
  transfer->streaming = true;
  net_->start(transfer);
  const Abandon abandon(*transfer, [this] { net_->wake(); });
  std::unique_lock lock(transfer->mutex);
  TRY_DO(wait(ctx.within(request.total_timeout), *transfer, lock,
              [&] { return transfer->headers_done || transfer->done; }));
  for (;;) {
    TRY(const bool something, wait_for_data(ctx, *transfer, lock));
    std::string data;
    data.swap(transfer->arrived);
    if (something && data.empty()) break;
    transfer->resume = true;
    const bool paused = transfer->paused;
    lock.unlock();
    if (paused) net_->wake();
    const bool more = on_data(data);
    lock.lock();
    if (!more) return transfer->response;
  }
  if (transfer->error) return std::move(*transfer->error);
  return std::move(transfer->response);
}

}  // namespace autonomous::http
