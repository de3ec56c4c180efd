#include <algorithm>
#include <charconv>

#include "gitops/base/text.h"
#include "gitops/yaml/emit.h"
#include "gitops/yaml/located.h"
#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {
namespace {

// How a value is quoted back at people: its kind, and the text where it is one.
std::string seen(const Node& node) {
  if (node.is_scalar()) return "`" + one_line(node.text(), 60) + "`";
  return std::string(node.kind_name());
}

void print(const Node& node, Emitter& out) {
  if (node.is_list()) {
    out.begin_list();
    for (const Node& item : node.items()) print(item, out);
    out.end_list();
    return;
  }
  if (node.is_map()) {
    out.begin_map();
    for (const Node::Entry& entry : node.entries()) {
      out.key(entry.key);
      print(entry.value, out);
    }
    out.end_map();
    return;
  }
  if (node.is_null()) return out.null();
  if (node.quoted()) return out.string(node.text());
  // Unquoted, it may be a number or a bool to those who read it again: `0123` stays `0123`.
  Scalar scalar = resolve_plain(node.text());
  if (scalar.kind == Scalar::Kind::kString) return out.string(node.text());
  out.literal(node.text());
}

}  // namespace

std::string to_text(const Node& node) {
  std::string out;
  Emitter emitter(out, Flavour::kV3);
  print(node, emitter);
  if (!emitter.finish()) return "";
  return out;
}

std::optional<bool> as_bool(const Node& node) {
  if (!node.is_scalar() || node.quoted()) return std::nullopt;
  Scalar scalar = resolve_plain(node.text());
  if (scalar.kind != Scalar::Kind::kBool || node.text().size() < 2) return std::nullopt;  // `y` and `n` are names
  return scalar.boolean;
}

std::optional<int64_t> as_int(const Node& node) {
  if (!node.is_scalar() || node.quoted()) return std::nullopt;
  const std::string& text = node.text();
  const char* begin = text.data() + (!text.empty() && text[0] == '+' ? 1 : 0);
  const char* end = text.data() + text.size();
  int64_t value = 0;
  auto [at, problem] = std::from_chars(begin, end, value);
  if (problem != std::errc() || at != end) return std::nullopt;
  return value;
}

std::optional<double> as_number(const Node& node) {
  if (!node.is_scalar() || node.quoted()) return std::nullopt;
  if (auto integer = as_int(node)) return static_cast<double>(*integer);
  Scalar scalar = resolve_plain(node.text());
  if (scalar.kind != Scalar::Kind::kFloat) return std::nullopt;
  return scalar.number;
}

MapReader::MapReader(const Node& node, std::string what, std::vector<Error>& errors)
    : node_(node), what_(std::move(what)), errors_(&errors) {
  if (node_.is_map() || node_.is_null()) return;
  std::string name = what_.empty() ? "the file" : "`" + what_ + "`";
  errors_->push_back(error_at(node_, name + " has to be a map, not " + seen(node_)));
}

std::string MapReader::path(std::string_view key) const {
  return what_.empty() ? std::string(key) : what_ + "." + std::string(key);
}

void MapReader::known(std::string_view key) { known_.emplace_back(key); }

bool MapReader::has(std::string_view key) const {
  const Node* value = node_.find(key);
  return value != nullptr && !value->is_null();
}

const Node* MapReader::get(std::string_view key) {
  known(key);
  const Node* value = node_.find(key);
  return value == nullptr || value->is_null() ? nullptr : value;
}

void MapReader::wrong_type(std::string_view key, const Node& value, std::string_view wanted) {
  errors_->push_back(error_at(value, "`" + path(key) + "` has to be " + std::string(wanted) + ", not " + seen(value)));
}

const Node* MapReader::map(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->is_map()) return value;
  wrong_type(key, *value, "a map");
  return nullptr;
}

const Node* MapReader::list(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr || value->is_list()) return value;
  wrong_type(key, *value, "a list");
  return nullptr;
}

std::optional<std::string> MapReader::text(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_scalar()) return value->text();
  wrong_type(key, *value, "a text");
  return std::nullopt;
}

std::optional<bool> MapReader::boolean(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  auto read = as_bool(*value);
  if (!read) wrong_type(key, *value, "true or false");
  return read;
}

std::optional<int64_t> MapReader::integer(std::string_view key, int64_t min, int64_t max) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  auto read = as_int(*value);
  if (!read) {
    wrong_type(key, *value, "a whole number");
    return std::nullopt;
  }
  if (*read >= min && *read <= max) return read;
  std::string range = max == INT64_MAX   ? "at least " + std::to_string(min)
                      : min == INT64_MIN ? "at most " + std::to_string(max)
                                         : "from " + std::to_string(min) + " to " + std::to_string(max);
  wrong_type(key, *value, range);
  return std::nullopt;
}

std::optional<double> MapReader::number(std::string_view key) {
  const Node* value = get(key);
  if (value == nullptr) return std::nullopt;
  auto read = as_number(*value);
  if (!read) wrong_type(key, *value, "a number");
  return read;
}

std::vector<std::string> MapReader::texts(std::string_view key) {
  const Node* value = get(key);
  std::vector<std::string> texts;
  if (value == nullptr) return texts;
  if (value->is_scalar()) return {value->text()};
  if (!value->is_list()) {
    wrong_type(key, *value, "a list of texts");
    return texts;
  }
  for (const Node& item : value->items()) {
    if (item.is_scalar()) {
      texts.push_back(item.text());
    } else {
      errors_->push_back(error_at(item, "`" + path(key) + "` has to be a list of texts, and this is " + seen(item)));
    }
  }
  return texts;
}

std::optional<std::string> MapReader::one_of(std::string_view key, const std::vector<std::string>& words) {
  auto read = text(key);
  if (!read || std::find(words.begin(), words.end(), *read) != words.end()) return read;
  std::string near = nearest(*read, words);
  std::string message = "`" + path(key) + "` can't be `" + one_line(*read, 60) + "`: ";
  message += near.empty() ? "it is one of " + join(words, ", ") : "did you mean `" + near + "`?";
  errors_->push_back(error_at(*node_.find(key), std::move(message)));
  return std::nullopt;
}

bool MapReader::require(std::string_view key) {
  known(key);
  if (has(key)) return true;
  if (node_.is_map() || node_.is_null()) {
    errors_->push_back(error_at(node_, "`" + path(key) + "` is missing"));
  }
  return false;
}

void MapReader::error(std::string_view key, std::string message) {
  const Node* value = node_.find(key);
  errors_->push_back(error_at(value != nullptr ? *value : node_, std::move(message)));
}

void MapReader::finish() {
  for (const Node::Entry& entry : node_.entries()) {
    if (starts_with(entry.key, "x-") || entry.key == "$schema") continue;
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    std::string where = what_.empty() ? "" : " in `" + what_ + "`";
    Error error = error_at(entry.name, "there is no key `" + one_line(entry.key, 60) + "`" + where);
    std::string near = nearest(entry.key, known_);
    if (!near.empty()) error = std::move(error).hint("did you mean `" + near + "`?");
    errors_->push_back(std::move(error));
  }
}

}  // namespace autonomous::yaml
