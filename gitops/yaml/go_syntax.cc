#include "gitops/yaml/go_syntax.h"

#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "gitops/yaml/emit.h"
#include "gitops/yaml/json_step.h"

namespace autonomous::yaml {
namespace {

void escape(uint32_t rune, std::string& out) {
  bool small = rune < 0x80;
  bool wide = rune > 0xFFFF;
  out += small ? "\\x" : wide ? "\\U" : "\\u";
  for (int shift = small ? 4 : wide ? 28 : 12; shift >= 0; shift -= 4) out += "0123456789abcdef"[rune >> shift & 0xF];
}

// unicode.IsPrint: letters, marks, numbers, punctuation, symbols, and of the spaces the ASCII one.
bool is_printable(uint32_t rune) {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7F;
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(rune));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_SO;
}

// strconv.Quote
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    uint32_t rune = 0;
    size_t size = std::max<size_t>(decode_rune(text, at, rune), 1);
    constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\"\\";
    constexpr std::string_view kTo = "abfnrtv\"\\";
    size_t known = rune < 0x80 ? kFrom.find(static_cast<char>(rune)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out += '\\';
      out += kTo[known];
    } else if (is_printable(rune)) {
      out += text.substr(at, size);
    } else {
      escape(rune, out);
    }
    at += size;
  }
  return out + "\"";
}

std::string print_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  return format_g(value);
}

std::string print(const Scalar& scalar) {
  switch (scalar.kind) {
    case Scalar::Kind::kNull: return "interface {}(nil)";
    case Scalar::Kind::kUint: {
      char hex[32];
      auto end = std::to_chars(hex, hex + sizeof hex, scalar.uinteger, 16).ptr;
      return "0x" + std::string(hex, end);
    }
    case Scalar::Kind::kBool:
    case Scalar::Kind::kInt: return to_go_string(scalar);
    case Scalar::Kind::kFloat: return print_float(scalar.number);
    default: return quote(scalar.text);
  }
}

}  // namespace

void GoSyntax::key(std::string_view key) { open_.back().key = quote(key); }
void GoSyntax::typed_key(const Scalar& key) { open_.back().key = print(key); }

void GoSyntax::add(std::string text) {
  if (open_.empty()) {
    text_ = std::move(text);
    return;
  }
  Open& top = open_.back();
  if (!top.map) {
    top.items += (top.items.empty() ? "" : ", ") + text;
    return;
  }
  auto same = [&](const auto& entry) { return entry.first == top.key; };
  auto found = std::find_if(top.entries.begin(), top.entries.end(), same);
  if (found != top.entries.end()) {
    found->second = std::move(text);
  } else {
    top.entries.emplace_back(top.key, std::move(text));
  }
}

void GoSyntax::end_map() {
  Open top = std::move(open_.back());
  open_.pop_back();
  std::sort(top.entries.begin(), top.entries.end());
  std::string text = "map[interface {}]interface {}{";
  for (size_t i = 0; i < top.entries.size(); ++i) {
    text += (i == 0 ? "" : ", ") + top.entries[i].first + ":" + top.entries[i].second;
  }
  add(text + "}");
}

void GoSyntax::end_list() {
  std::string items = std::move(open_.back().items);
  open_.pop_back();
  add("[]interface {}{" + items + "}");
}

void GoSyntax::scalar(const Scalar& scalar) {
  bool bare_nil = open_.empty() && scalar.kind == Scalar::Kind::kNull;
  add(bare_nil ? "<nil>" : print(scalar));
}

}  // namespace autonomous::yaml
