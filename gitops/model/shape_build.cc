// Builders of shapes, and readers of what a shape has checked.
#include <algorithm>
#include <charconv>

#include "gitops/base/clock.h"
#include "gitops/base/text.h"
#include "gitops/model/shape.h"

namespace autonomous::model {

namespace {

Shape of_kind(Shape::Kind kind, std::string noun) {
  Shape shape;
  shape.kind = kind;
  shape.noun = std::move(noun);
  return shape;
}

// Kubernetes' resource.Quantity: digits, maybe a fraction, then a suffix or an exponent.
std::string check_quantity(std::string_view text) {
  static const std::vector<std::string> kSuffixes = {"",  "n", "u",  "m",  "k",  "M",  "G",  "T",
                                                     "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
  size_t i = 0;
  size_t digits = 0;
  while (i < text.size() && ((text[i] >= '0' && text[i] <= '9') || text[i] == '.')) {
    if (text[i] != '.') ++digits;
    ++i;
  }
  std::string suffix(text.substr(i));
  bool known = false;
  for (const std::string& candidate : kSuffixes) known = known || candidate == suffix;
  if (digits != 0 && known && std::count(text.begin(), text.end(), '.') <= 1) return "";
  std::string why = "expected a quantity (250m, 1, 256Mi, 20Gi), not '" + one_line(text, 40) + "'";
  std::string near = suffix == "mb" || suffix == "MB" || suffix == "MiB"   ? "Mi"
                     : suffix == "gb" || suffix == "GB" || suffix == "GiB" ? "Gi"
                     : suffix == "kb" || suffix == "KB"                    ? "Ki"
                                                                           : "";
  if (!near.empty() && digits != 0) why += "; did you mean '" + std::string(text.substr(0, i)) + near + "'?";
  return why;
}

std::string check_duration(std::string_view text) {
  if (parse_duration(text)) return "";
  return "expected a duration (30s, 5m, 2h, 7d), not '" + one_line(text, 40) + "'";
}

std::string check_url(std::string_view text) {
  size_t scheme = text.find("://");
  bool scp = scheme == std::string_view::npos && text.find('@') != std::string_view::npos &&
             text.find(':') != std::string_view::npos;
  for (char c : text) {
    if (static_cast<unsigned char>(c) <= 0x20) return "expected a URL, not '" + one_line(text, 60) + "'";
  }
  if (scp && text.front() != '-') return "";
  if (scheme == std::string_view::npos || scheme == 0 || scheme + 3 >= text.size()) {
    return "expected a URL (https://…), not '" + one_line(text, 60) + "'";
  }
  std::string_view authority = text.substr(scheme + 3, text.find('/', scheme + 3) - scheme - 3);
  size_t at = authority.rfind('@');
  // A user alone is no secret with ssh; with http it is where tokens stand.
  bool secret = at != std::string_view::npos && (authority.substr(0, at).find(':') != std::string_view::npos ||
                                                 starts_with(to_lower(text.substr(0, scheme)), "http"));
  if (secret) {
    return "a URL here must not hold a password; credentials belong to daemon.yaml, as files";
  }
  return "";
}

}  // namespace

Result<uint64_t> parse_bytes(std::string_view text) {
  auto wrong = [&] {
    return fail(Code::kInvalid, "expected a size (4096, 16MiB, 2GiB), not '", one_line(text, 40), "'");
  };
  uint64_t number = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc()) return wrong();
  std::string_view unit = trim(text.substr(static_cast<size_t>(end - text.data())));
  static const std::map<std::string_view, unsigned> kUnits = {{"", 0},     {"B", 0},   {"KiB", 10}, {"Ki", 10},
                                                              {"MiB", 20}, {"Mi", 20}, {"GiB", 30}, {"Gi", 30},
                                                              {"TiB", 40}, {"Ti", 40}};
  auto found = kUnits.find(unit);
  if (found == kUnits.end() || number > (UINT64_MAX >> found->second >> 1)) return wrong();
  return number << found->second;
}

Shape text(std::string noun, Shape::Check check, std::string pattern) {
  Shape shape = of_kind(Shape::Kind::kText, std::move(noun));
  shape.check = std::move(check);
  shape.pattern = std::move(pattern);
  return shape;
}

Shape integer(int64_t min, int64_t max) {
  Shape shape = of_kind(Shape::Kind::kInteger, "a number");
  shape.min = min;
  shape.max = max;
  return shape;
}

Shape boolean() { return of_kind(Shape::Kind::kBoolean, "true or false"); }

Shape choice(std::vector<std::string> choices) {
  Shape shape = of_kind(Shape::Kind::kChoice, "one of " + join(choices, ", "));
  shape.choices = std::move(choices);
  return shape;
}

Shape path() { return of_kind(Shape::Kind::kPath, "a path in the project"); }
Shape path_or_url() {
  Shape shape = of_kind(Shape::Kind::kPath, "a path in the project, or a URL");
  shape.urls = true;
  return shape;
}
Shape glob() { return of_kind(Shape::Kind::kGlob, "a path or glob in the project"); }
Shape duration() { return text("a duration (30s, 5m, 2h, 7d)", check_duration, "^([0-9]+(ms|s|m|h|d))+$"); }
Shape quantity() {
  return text("a quantity (250m, 1, 256Mi)", check_quantity,
              "^[0-9]*\\.?[0-9]+(n|u|m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$");
}
Shape url() { return text("a URL", check_url); }

Shape bytes() {
  return text(
      "a size (4096, 16MiB, 2GiB)",
      [](std::string_view value) {
        auto parsed = parse_bytes(value);
        return parsed ? std::string() : parsed.error().message();
      },
      "^[0-9]+ ?(B|Ki|KiB|Mi|MiB|Gi|GiB|Ti|TiB)?$");
}

Shape list_of(Shape element) {
  Shape shape = of_kind(Shape::Kind::kList, "a list");
  shape.of = std::make_shared<const Shape>(std::move(element));
  return shape;
}

Shape map_of(Shape element, std::string key_noun, Shape::Check key_check) {
  Shape shape = of_kind(Shape::Kind::kMap, "a map");
  shape.of = std::make_shared<const Shape>(std::move(element));
  shape.key_noun = std::move(key_noun);
  shape.key_check = std::move(key_check);
  return shape;
}

Shape record(std::vector<Field> fields) {
  Shape shape = of_kind(Shape::Kind::kRecord, "a map");
  shape.fields = std::move(fields);
  return shape;
}

Shape any(std::string noun) { return of_kind(Shape::Kind::kAny, std::move(noun)); }

Shape overlay_of(Shape shape) {
  shape.overlay = true;
  return shape;
}

Shape with_short(Shape shape, Shape short_form, std::function<Value(Value)> expand) {
  shape.shorts.push_back({std::move(short_form), std::move(expand)});
  return shape;
}

Shape texts_or_one(Shape element) {
  Shape one = element;
  return with_short(list_of(std::move(element)), std::move(one), [](Value value) {
    Value list;
    list.kind = Value::Kind::kList;
    list.items.push_back(std::move(value));
    return list;
  });
}

std::string text_of(const Value* value) { return value != nullptr && value->is_scalar() ? value->text : ""; }
std::string text_of(const Value& record, std::string_view key) { return text_of(record.find(key)); }

uint64_t number_of(const Value& record, std::string_view key, uint64_t otherwise) {
  const Value* value = record.find(key);
  if (value == nullptr || !value->is_scalar()) return otherwise;
  uint64_t number = otherwise;
  std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  return number;
}

bool flag_of(const Value& record, std::string_view key, bool otherwise) {
  const Value* value = record.find(key);
  return value != nullptr && value->is_scalar() ? value->text == "true" : otherwise;
}

std::vector<std::string> texts_of(const Value* list) {
  std::vector<std::string> out;
  if (list == nullptr) return out;
  for (const Value& item : list->items) {
    if (item.is_scalar()) out.push_back(item.text);
  }
  return out;
}

}  // namespace autonomous::model
