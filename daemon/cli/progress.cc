#include "daemon/cli/progress.h"

#include <nlohmann/json.hpp>
#include <ostream>

#include "gitops/base/text.h"

namespace autonomous::daemon {

using nlohmann::json;

namespace {

std::string text_of(const json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

bool ProgressView::line(std::string_view text) {
  if (finished_) return false;
  if (trim(text).empty()) return true;
  json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return true;
  if (value.contains("progress") && value["progress"].is_object()) progress(value["progress"]);
  if (value.contains("detached")) {
    out_ << one_line(text_of(value, "detached"), 400) << std::endl;
    return false;
  }
  if (value.contains("done") && value["done"].is_array()) {
    done(value["done"]);
    finished_ = true;
    return false;
  }
  return true;
}

void ProgressView::progress(const json& line) {
  std::string target = text_of(line, "target");
  std::string step = text_of(line, "step");
  std::string out;
  if (!target.empty()) out += style_.paint(one_line(target, 80), Tone::kBold) + "  ";
  if (!step.empty()) out += one_line(step, 20) + std::string(step.size() < 9 ? 9 - step.size() : 1, ' ');
  out += style_.paint(one_line(text_of(line, "text"), 1000), tone_of_state(text_of(line, "tone")));
  out_ << out << std::endl;
}

void ProgressView::done(const json& outcomes) {
  ended_ = Ended::kDone;
  for (const json& outcome : outcomes) {
    if (!outcome.is_object()) continue;
    std::string verdict = text_of(outcome, "verdict");
    if (verdict == "failed") ended_ = Ended::kFailed;
    if (verdict == "waiting" && ended_ != Ended::kFailed) ended_ = Ended::kWaiting;
    std::string line =
        style_.paint(mark_of_state(verdict), tone_of_state(verdict)) + " " + one_line(text_of(outcome, "target"), 80);
    if (outcome.contains("release") && outcome["release"].is_number_unsigned())
      line += "  release " + std::to_string(outcome["release"].get<uint64_t>());
    std::string text = text_of(outcome, "text");
    out_ << line << (text.empty() ? "  " + verdict : "  " + one_line(text, 1000)) << std::endl;
  }
}

}  // namespace autonomous::daemon
