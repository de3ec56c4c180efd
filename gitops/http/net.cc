#include "gitops/http/net.h"

#include <cstdlib>

#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::http {

namespace {

Error error_of(const Transfer& transfer, CURLcode code) {
  const std::string what = shown(transfer.request) + ": ";
  const std::string why = transfer.reason[0] != 0 ? one_line(transfer.reason) : curl_easy_strerror(code);
  if (transfer.over_limit) {
    return fail(Code::kLimit, what, "the answer is larger than ", transfer.request.max_body, " bytes");
  }
  switch (code) {
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL: return fail(Code::kInvalid, what, masked(why));
    case CURLE_OPERATION_TIMEDOUT: return fail(Code::kTimeout, what, masked(why)).may_retry();
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_CERTPROBLEM:
      return fail(Code::kDenied, what, "no trust: ", masked(why))
          .hint("give the certificate of its authority as its `ca` in daemon.yaml");
    case CURLE_OUT_OF_MEMORY: return fail(Code::kLimit, what, "out of memory");
    default: return fail(Code::kUnavailable, what, masked(why)).may_retry();
  }
}

// A new status line begins a new answer: "100 Continue" and the answer of a proxy come before the real one.
size_t on_header(char* data, size_t, size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::string_view line = trim(std::string_view(data, size));
  std::lock_guard lock(transfer.mutex);
  if (starts_with(line, "HTTP/")) {
    transfer.response.headers.clear();
    transfer.headers_done = false;
    return size;
  }
  if (line.empty()) {
    long status = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_RESPONSE_CODE, &status);
    transfer.response.status = static_cast<int>(status);
    transfer.headers_done = status >= 200;
    transfer.changed.notify_all();
    return size;
  }
  if (size_t colon = line.find(':'); colon != std::string_view::npos) {
    transfer.response.headers.emplace_back(to_lower(line.substr(0, colon)), trim(line.substr(colon + 1)));
  }
  return size;
}

size_t on_body(char* data, size_t, size_t size, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  std::lock_guard lock(transfer.mutex);
  if (transfer.abandoned) return 0;
  if (transfer.streaming && transfer.response.ok()) {
    if (!transfer.arrived.empty() && transfer.arrived.size() + size > kWindow) {
      transfer.paused = true;
      return CURL_WRITEFUNC_PAUSE;
    }
    transfer.arrived.append(data, size);
    transfer.changed.notify_all();
    return size;
  }
  if (transfer.response.body.size() + size > transfer.request.max_body) {
    transfer.over_limit = true;
    return 0;
  }
  transfer.response.body.append(data, size);
  return size;
}

template <typename T>
void set(const Transfer& transfer, CURLoption option, T value) {
  curl_easy_setopt(transfer.easy.get(), option, value);
}

void set_method(Transfer& transfer) {
  const Request& request = transfer.request;
  const std::string& method = request.method;
  const bool has_body = !request.body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (has_body) {
    set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    set(transfer, CURLOPT_POSTFIELDS, request.body.data());
  } else if (method == "HEAD") {
    set(transfer, CURLOPT_NOBODY, 1L);
  }
  if (method != "GET" || has_body) set(transfer, CURLOPT_CUSTOMREQUEST, method.c_str());
}

void set_headers(Transfer& transfer) {
  auto add = [&transfer](const std::string& line) {
    if (curl_slist* grown = curl_slist_append(transfer.list.get(), line.c_str())) {
      (void)transfer.list.release();  // the grown list owns it
      transfer.list.reset(grown);
    }
  };
  bool has_type = false;
  for (const auto& [name, value] : transfer.request.headers) {
    has_type = has_type || to_lower(name) == "content-type";
    add(value.empty() ? name + ";" : name + ": " + value);  // "Name;" is how curl sends an empty value
  }
  add("Expect:");                       // never wait for "100 Continue"
  if (!has_type) add("Content-Type:");  // nor claim that a body is a form
  set(transfer, CURLOPT_HTTPHEADER, transfer.list.get());
}

void set_route(Transfer& transfer) {
  const Via& via = transfer.request.via;
  if (!via.unix_socket.empty()) {
    set(transfer, CURLOPT_UNIX_SOCKET_PATH, via.unix_socket.c_str());
    set(transfer, CURLOPT_PROXY, "");
  }
  // A proxy of the environment is used, but never for this machine.
  const char* no_proxy = std::getenv("no_proxy");
  if (no_proxy == nullptr) no_proxy = std::getenv("NO_PROXY");
  const std::string direct = std::string(no_proxy == nullptr ? "" : no_proxy) + ",localhost,127.0.0.1,::1";
  set(transfer, CURLOPT_NOPROXY, direct.c_str());
  if (!via.ca_file.empty()) set(transfer, CURLOPT_CAINFO, via.ca_file.c_str());
  set(transfer, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  auto set_pem = [&transfer](CURLoption option, const std::string& pem) {
    if (pem.empty()) return;
    curl_blob blob{const_cast<char*>(pem.data()), pem.size(), CURL_BLOB_NOCOPY};  // the request outlives the handle
    set(transfer, option, &blob);
  };
  set_pem(CURLOPT_CAINFO_BLOB, via.ca_pem);
  set_pem(CURLOPT_SSLCERT_BLOB, via.client_pem);
  set_pem(CURLOPT_SSLKEY_BLOB, via.client_key_pem);
  if (via.insecure) {
    set(transfer, CURLOPT_SSL_VERIFYPEER, 0L);
    set(transfer, CURLOPT_SSL_VERIFYHOST, 0L);
  }
}

bool prepare(Transfer& transfer) {
  transfer.easy.reset(curl_easy_init());
  if (!transfer.easy) return false;
  const Request& request = transfer.request;
  set(transfer, CURLOPT_URL, request.url.c_str());
  set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
  set(transfer, CURLOPT_NOSIGNAL, 1L);
  set(transfer, CURLOPT_QUICK_EXIT, 1L);  // an abandoned name lookup must not hold net up
  set(transfer, CURLOPT_USERAGENT, "autonomous");
  set(transfer, CURLOPT_PRIVATE, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_ERRORBUFFER, static_cast<char*>(transfer.reason));
  set(transfer, CURLOPT_HEADERFUNCTION, &on_header);
  set(transfer, CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_WRITEFUNCTION, &on_body);
  set(transfer, CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  set(transfer, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.connect_timeout.count()));
  set(transfer, CURLOPT_TCP_KEEPALIVE, 1L);
  // A paused stream must not share its connection's window with others: HTTP/1.1, a connection each.
  if (transfer.streaming) set(transfer, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  if (!transfer.streaming) set(transfer, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
  set_route(transfer);
  set_method(transfer);
  set_headers(transfer);
  return true;
}

}  // namespace

Client::Net::Net() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialised;
  multi_.reset(curl_multi_init());
  curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 64L);
  thread_ = std::thread([this] { run(); });
}

Client::Net::~Net() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake();
  thread_.join();
}

void Client::Net::start(std::shared_ptr<Transfer> transfer) {
  {
    std::lock_guard lock(mutex_);
    incoming_.push_back(std::move(transfer));
  }
  wake();
}

void Client::Net::wake() { curl_multi_wakeup(multi_.get()); }

void Client::Net::run() {
  constexpr int kIdleMillis = 60'000;  // curl shortens this where it has timers
  for (;;) {
    {
      std::lock_guard lock(mutex_);
      if (stopping_) break;
    }
    take_new();
    look_at_flags();
    int active = 0;
    curl_multi_perform(multi_.get(), &active);
    take_finished();
    curl_multi_poll(multi_.get(), nullptr, 0, kIdleMillis, nullptr);
  }
  take_new();
  while (!running_.empty()) finish(running_.front(), fail(Code::kCancelled, "the client is closing"));
}

void Client::Net::take_new() {
  std::deque<std::shared_ptr<Transfer>> fresh;
  {
    std::lock_guard lock(mutex_);
    fresh.swap(incoming_);
  }
  for (auto& transfer : fresh) {
    running_.push_back(transfer);
    if (!prepare(*transfer) || curl_multi_add_handle(multi_.get(), transfer->easy.get()) != CURLM_OK) {
      finish(transfer, fail(Code::kInternal, "curl gave no handle"));
    }
  }
}

void Client::Net::look_at_flags() {
  std::deque<std::shared_ptr<Transfer>> abandoned;
  for (auto& transfer : running_) {
    bool resume = false;
    {
      std::lock_guard lock(transfer->mutex);
      if (transfer->abandoned) abandoned.push_back(transfer);
      if (transfer->paused && transfer->resume && !transfer->abandoned) {
        transfer->paused = transfer->resume = false;
        resume = true;
      }
    }
    if (resume) curl_easy_pause(transfer->easy.get(), CURLPAUSE_CONT);  // may call on_body, which locks
  }
  for (auto& transfer : abandoned) finish(transfer, std::nullopt);
}

void Client::Net::take_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    const CURLcode code = message->data.result;
    char* self = nullptr;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &self);
    for (auto& transfer : running_) {
      if (transfer.get() != reinterpret_cast<Transfer*>(self)) continue;
      std::optional<Error> error;
      if (code != CURLE_OK) error = error_of(*transfer, code);
      finish(std::shared_ptr<Transfer>(transfer), std::move(error));
      break;
    }
  }
}

void Client::Net::finish(const std::shared_ptr<Transfer>& transfer, std::optional<Error> error) {
  // NOLINTNEXTLINE(performance-unnecessary-copy-initialization): the argument may be an element of running_
  const std::shared_ptr<Transfer> held = transfer;
  if (held->easy) curl_multi_remove_handle(multi_.get(), held->easy.get());
  held->easy.reset();
  std::erase(running_, held);
  std::lock_guard lock(held->mutex);
  held->done = true;
  held->error = std::move(error);
  held->changed.notify_all();
}

}  // namespace autonomous::http
