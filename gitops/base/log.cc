#include "gitops/base/log.h"

#include <memory>
#include <mutex>

namespace autonomous {

namespace {

struct Logger {
  std::mutex mutex;  // guards all below
  std::shared_ptr<const LogSink> sink;
  std::vector<std::string> masks;
};

Logger& logger() {
  static Logger instance;
  return instance;
}

void hide_url_credentials(std::string& text) {
  for (size_t at = text.find("://"); at != std::string::npos; at = text.find("://", at + 3)) {
    size_t end = text.find_first_of("/ \t\r\n\"'", at + 3);
    size_t sign = text.rfind('@', end == std::string::npos ? std::string::npos : end);
    if (sign != std::string::npos && sign > at + 2) text.replace(at + 3, sign - at - 3, "***");
  }
}

}  // namespace

void set_log_sink(LogSink sink) {
  auto shared = sink ? std::make_shared<const LogSink>(std::move(sink)) : nullptr;
  std::lock_guard lock(logger().mutex);
  logger().sink = std::move(shared);
}

void mask_in_logs(std::string secret) {
  if (secret.size() < 4) return;
  std::lock_guard lock(logger().mutex);
  for (const std::string& known : logger().masks) {
    if (known == secret) return;
  }
  logger().masks.push_back(std::move(secret));
}

std::string masked(std::string_view text) {
  std::string out(text);
  {
    std::lock_guard lock(logger().mutex);
    for (const std::string& secret : logger().masks) {
      for (size_t at = out.find(secret); at != std::string::npos; at = out.find(secret, at + 3))
        out.replace(at, secret.size(), "***");
    }
  }
  hide_url_credentials(out);
  return out;
}

void log(Level level, std::string_view message, std::initializer_list<LogField> fields) {
  std::shared_ptr<const LogSink> sink;
  {
    std::lock_guard lock(logger().mutex);
    sink = logger().sink;
  }
  if (!sink) return;
  LogLine line{level, masked(message), {}};
  for (const auto& [key, value] : fields) line.fields.emplace_back(std::string(key), masked(value));
  (*sink)(line);
}

}  // namespace autonomous
