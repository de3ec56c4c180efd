// The only file with spdlog.
#include "daemon/cli/log_sink.h"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "gitops/base/clock.h"
#include "gitops/base/log.h"
#include "gitops/base/text.h"

namespace autonomous::daemon {

namespace {

spdlog::level::level_enum level_of(Level level) {
  switch (level) {
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarning: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

std::string_view level_text(Level level) {
  switch (level) {
    case Level::kDebug: return "debug";
    case Level::kInfo: return "info";
    case Level::kWarning: return "warn";
    case Level::kError: return "error";
  }
  return "info";
}

// A value with spaces or quotes is quoted, so that the line can be split again.
std::string field(const std::string& key, const std::string& value) {
  std::string text = one_line(value, 4000);
  bool plain = !text.empty() && text.find_first_of(" \"=") == std::string::npos;
  if (plain) return key + "=" + text;
  std::string quoted = "\"";
  for (char c : text) quoted += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return key + "=" + quoted + "\"";
}

std::string as_text(const LogLine& line) {
  std::string text = one_line(line.message, 4000);
  for (const auto& [key, value] : line.fields) text += "  " + field(key, value);
  return text;
}

std::string as_json(const LogLine& line) {
  nlohmann::json object = {
      {"time", format_time(system_clock().now())}, {"level", level_text(line.level)}, {"message", line.message}};
  for (const auto& [key, value] : line.fields) {
    if (!object.contains(key)) object[key] = value;
  }
  return object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The journal takes the priority from the line's start (sd-daemon(3)).
std::string_view journal_prefix(Level level) {
  switch (level) {
    case Level::kDebug: return "<7>";
    case Level::kInfo: return "<6>";
    case Level::kWarning: return "<4>";
    case Level::kError: return "<3>";
  }
  return "<6>";
}

}  // namespace

void install_log_sink(const std::string& format, const std::string& level) {
  auto logger = std::make_shared<spdlog::logger>("autonomous", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  bool journal = format == "journald" || (format == "text" && std::getenv("JOURNAL_STREAM") != nullptr);
  bool json = format == "json";
  logger->set_pattern(journal || json ? "%v" : "%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
  logger->set_level(spdlog::level::from_str(level == "warning" ? "warn" : level));
  logger->flush_on(spdlog::level::debug);
  set_log_sink([logger, journal, json](const LogLine& line) {
    std::string text = json ? as_json(line) : as_text(line);
    if (journal) text.insert(0, journal_prefix(line.level));
    logger->log(level_of(line.level), spdlog::string_view_t(text));
  });
}

}  // namespace autonomous::daemon
