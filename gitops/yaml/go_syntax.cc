#include "gitops/yaml/go_syntax.h"

#include <algorithm>
#include <charconv>

#include "gitops/yaml/emit.h"

namespace autonomous::yaml {
namespace {

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\"\\";
    constexpr std::string_view kTo = "abfnrtv\"\\";
    if (size_t at = kFrom.find(c); at != std::string_view::npos) {
      out += '\\';
      out += kTo[at];
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      constexpr std::string_view kHex = "0123456789abcdef";
      out += "\\x";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[c & 0xF];
    } else {
      out += c;
    }
  }
  return out + "\"";
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
    case Scalar::Kind::kFloat: return format_g(scalar.number);
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
