// Net: the thread that owns curl_multi, and the transfers that it runs. Private to this folder.
//
// A Transfer is shared by its caller and net. The caller fills `request` and hands it over; from then on everything
// under "guarded by mutex" is exchanged under the mutex, and the rest belongs to net alone. A caller that wants no more
// only sets `abandoned`: it never waits for net.
#pragma once

#include <curl/curl.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "gitops/http/client.h"

namespace autonomous::http {

// What net holds for a reader before it stops reading from the socket.
inline constexpr size_t kWindow = 1u << 20;

template <auto function>
struct Deleter {
  template <typename T>
  void operator()(T* handle) const {
    function(handle);
  }
};
using Easy = std::unique_ptr<CURL, Deleter<curl_easy_cleanup>>;
using List = std::unique_ptr<curl_slist, Deleter<curl_slist_free_all>>;
using Multi = std::unique_ptr<CURLM, Deleter<curl_multi_cleanup>>;

struct Transfer {
  // Set by the caller before the transfer is handed over; immutable afterwards.
  Request request;
  bool streaming = false;

  // The caller's: until when a silence of the stream is borne.
  Ctx::Deadline silent_until = Ctx::Deadline::max();

  std::mutex mutex;
  std::condition_variable_any changed;
  // Guarded by mutex.
  Response response;
  bool headers_done = false;
  std::string arrived;  // of a stream: not yet read by the caller
  bool paused = false;
  bool resume = false;  // the caller made room
  bool abandoned = false;
  bool done = false;
  std::optional<Error> error;

  // net's own.
  Easy easy;
  List list;
  char reason[CURL_ERROR_SIZE] = {};
  bool over_limit = false;
};

class Client::Net {
 public:
  Net();
  ~Net();
  // Hands a transfer over.
  void start(std::shared_ptr<Transfer> transfer);
  // Says that a transfer's flags changed.
  void wake();

 private:
  void run();
  void take_new();
  void look_at_flags();
  void take_finished();
  void finish(const std::shared_ptr<Transfer>& transfer, std::optional<Error> error);

  Multi multi_;
  std::deque<std::shared_ptr<Transfer>> running_;  // net's own
  std::mutex mutex_;
  std::deque<std::shared_ptr<Transfer>> incoming_;  // guarded by mutex_
  bool stopping_ = false;                           // guarded by mutex_
  std::thread thread_;
};

// "GET http://host/path": without query and credentials.
std::string shown(const Request& request);
// kInvalid for what curl would misread: other schemes, line ends in headers.
Result<void> check(const Request& request);

}  // namespace autonomous::http
