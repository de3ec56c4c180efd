#include "render/helm/work.h"

#include "render/helm/values.h"
#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::helm {

WorkChart* Work::add(const Chart& chart) {
  WorkChart* work = &charts_.emplace_back();
  work->chart = &chart;
  work->name = chart.metadata.name;
  work->values = chart.values->map;
  work->has_requirements = chart.metadata.has_dependencies;
  for (const Dependency& dependency : chart.metadata.dependencies) {
    work->requirements.push_back(std::make_shared<WorkDependency>(WorkDependency{dependency, false, {}}));
  }
  std::vector<WorkChart*> children;
  for (const auto& child : chart.dependencies) children.push_back(add(*child));
  work->set_dependencies(std::move(children));
  return work;
}

WorkChart* Work::copy(const WorkChart& original) { return &charts_.emplace_back(original); }

void Work::log(std::string_view helm3_line, std::string_view message) {
  if (warnings_ == nullptr) return;
  if (helm == HelmVersion::k3) {
    warnings_->push_back(std::string(helm3_line) + ": " + std::string(message));
  } else {
    slog("INFO", message);
  }
}

void Work::slog(std::string_view level, std::string_view message, std::vector<std::string_view> attributes) {
  if (warnings_ == nullptr) return;
  std::string line = "level=" + std::string(level) + " msg=" + slog_value(message);
  for (size_t i = 0; i + 1 < attributes.size(); i += 2) {
    line += " " + std::string(attributes[i]) + "=" + slog_value(attributes[i + 1]);
  }
  warnings_->push_back(std::move(line));
}

void Work::line(std::string text) {
  if (warnings_ != nullptr) warnings_->push_back(std::move(text));
}

std::string slog_value(std::string_view text) {
  bool quote = text.empty();
  std::string_view rest = text;
  while (!rest.empty() && !quote) {
    render::Rune rune = render::decode_rune(rest);
    rest.remove_prefix(rune.size);
    if (rune.value < 0x80) {
      quote = rune.value <= ' ' || rune.value == '=' || rune.value == '"';
    } else {
      quote = rune.value == render::kRuneError || render::is_space(rune.value) || !render::is_print(rune.value);
    }
  }
  return quote ? render::quote_go(text) : std::string(text);
}

}  // namespace autonomous::helm
