// Logging: lines with fields. The sink is set by the executable (the core uses spdlog; the front has none), so
// that nothing below daemon/ depends on a logging library. Thread-safe.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace autonomous {

enum class Level { kDebug, kInfo, kWarning, kError };
using LogField = std::pair<std::string_view, std::string_view>;

struct LogLine {
  Level level;
  std::string message;
  std::vector<std::pair<std::string, std::string>> fields;
};

using LogSink = std::function<void(const LogLine&)>;
// Any time: lines under way still go to the one before. Without a sink, nothing is logged.
void set_log_sink(LogSink sink);
// Every later line has this text replaced by "***": credentials. Short texts (< 4 bytes) are ignored.
void mask_in_logs(std::string secret);
// Applies the masks of mask_in_logs, and hides what stands between "://" and "@" in URLs.
std::string masked(std::string_view text);

// log(Level::kInfo, "pushed", {{"target", "production/shop/web"}, {"release", "42"}});
void log(Level level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace autonomous
