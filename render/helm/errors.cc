// How helm rewrites the errors of text/template: it parses their texts.
#include <optional>

#include "gitops/base/text.h"
#include "render/helm/engine.h"

namespace autonomous::helm {

namespace {

constexpr std::string_view kSeparator = ": ";

struct Cut {
  std::string_view before, after;
  bool found = false;
};

Cut cut(std::string_view text, std::string_view separator) {
  size_t at = text.find(separator);
  if (at == std::string_view::npos) return {text, "", false};
  return {text.substr(0, at), text.substr(at + separator.size()), true};
}

// What `required` and `fail` wrap their messages in.
std::optional<std::string_view> warning_in(std::string_view text) {
  constexpr std::string_view kStart = "HELM_ERR_START";
  constexpr std::string_view kEnd = "HELM_ERR_END";
  size_t start = text.find(kStart);
  size_t end = text.rfind(kEnd);
  if (start == std::string_view::npos || end == std::string_view::npos || end < start + kStart.size())
    return std::nullopt;
  return text.substr(start + kStart.size(), end - start - kStart.size());
}

struct Traced {
  std::string location, message, function;
  bool operator==(const Traced&) const = default;
  std::string str() const {
    std::string out;
    if (!location.empty()) out += location + "\n  ";
    if (!function.empty()) out += function + "\n    ";
    if (!message.empty()) out += message + "\n";
    return out;
  }
};

// The message ends where a chained error begins.
std::string without_chained(std::string_view message) {
  return std::string(message.substr(0, message.find(" template:")));
}

// `NAME:L:C: executing "x" at <y>: message`
std::optional<Traced> executing_form(std::string_view rest) {
  auto [location, after, found] = cut(rest, ": executing ");
  if (!found || after.empty() || after.front() != '"') return std::nullopt;
  after.remove_prefix(1);
  auto [function, tail, closed] = cut(after, "\"");
  if (!closed || !starts_with(tail, " at <")) return std::nullopt;
  auto [node, message, ended] = cut(tail.substr(5), ">: ");
  if (!ended) return std::nullopt;
  return Traced{std::string(location), without_chained(message),
                "executing \"" + std::string(function) + "\" at <" + std::string(node) + ">:"};
}

std::optional<Traced> traced(std::string_view text) {
  constexpr std::string_view kPrefix = "template: ";
  if (!starts_with(text, kPrefix)) return std::nullopt;
  std::string_view rest = text.substr(kPrefix.size());
  if (starts_with(rest, "no template ")) return Traced{"", std::string(text), ""};
  if (auto form = executing_form(rest)) return form;
  size_t at = rest.rfind(kSeparator);
  if (at == std::string_view::npos) return std::nullopt;
  return Traced{std::string(rest.substr(0, at)), without_chained(rest.substr(at + 2)), ""};
}

}  // namespace

std::string parse_error_text(std::string_view filename, const std::string& error) {
  auto first = cut(error, kSeparator);
  if (!first.found) return "parse error in (" + std::string(filename) + "): " + error;
  auto location = cut(first.after, kSeparator).before;
  std::string_view message = std::string_view(error).substr(error.rfind(kSeparator) + 2);
  return "parse error at (" + std::string(location) + "): " + std::string(message);
}

std::string execution_error_text(HelmVersion helm, std::string_view filename, const render::Failure& failure) {
  std::string error = failure.text();
  if (!failure.executing()) return error;
  auto first = cut(error, kSeparator);
  auto second = cut(first.after, kSeparator);
  if (!first.found || !second.found) return "execution error in (" + std::string(filename) + "): " + error;
  if (auto warning = warning_in(second.after)) {
    return "execution error at (" + std::string(second.before) + "): " + std::string(*warning);
  }
  if (helm == HelmVersion::k3) return error;
  std::vector<Traced> places;
  for (size_t link : failure.links()) {
    auto place = traced(std::string_view(error).substr(link));
    if (!place) return error;
    if (places.empty() || places.back() != *place) places.push_back(*std::move(place));
  }
  std::string out;
  for (const Traced& place : places) out += place.str();
  return std::string(trim(out));
}

}  // namespace autonomous::helm
