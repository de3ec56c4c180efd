#include <utf8proc.h>

#include <algorithm>

#include "gitops/yaml/emit.h"
#include "render/helm/schema_problem.h"

namespace autonomous::helm {
namespace {

using Kind = SchemaValue::Kind;

// golang.org/x/text writes numbers the English way: 12,345.
std::string with_commas(const std::string& digits) {
  size_t end = digits.find('.');
  std::string whole = digits.substr(0, end);
  size_t first = !whole.empty() && whole[0] == '-' ? 1 : 0;
  for (size_t at = whole.size(); at > first + 3;) {
    at -= 3;
    whole.insert(at, ",");
  }
  return whole + (end == std::string::npos ? "" : digits.substr(end));
}

void print(const Problem& problem, int indent, std::string& out) {
  bool skipped = problem.what == Problem::What::kReference && problem.causes.size() == 1;
  if (!skipped) {
    out += "\n" + std::string(static_cast<size_t>(indent - 1) * 2, ' ') + "- at " + quote_for_schema(problem.at) +
           ": " + problem.text;
    ++indent;
  }
  for (const Problem& cause : problem.causes) print(cause, indent, out);
}

bool is_printable(utf8proc_int32_t rune) {
  if (rune < 0x80) return rune >= 0x20 && rune < 0x7F;
  utf8proc_category_t category = utf8proc_category(rune);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_SO;
}

std::string hex_escape(uint32_t rune) {
  int digits = rune < 0x80 ? 2 : rune < 0x10000 ? 4 : 8;
  std::string out = digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U";
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) out += "0123456789abcdef"[rune >> shift & 0xF];
  return out;
}

}  // namespace

namespace words {

std::string type_name(const SchemaValue& value) {
  switch (value.kind) {
    case Kind::kNull: return "null";
    case Kind::kNumber: return "number";
    case Kind::kString: return "string";
    case Kind::kArray: return "array";
    case Kind::kObject: return "object";
    default: return "boolean";
  }
}

std::string grouped(int64_t number) { return with_commas(std::to_string(number)); }

// … and exponents as 1.5×10⁰⁶.
std::string number_text(const Decimal& number) {
  std::string text = yaml::format_g(number.value());
  size_t e = text.find('e');
  if (e == std::string::npos) return with_commas(text);
  std::string out = text.substr(0, e) + "×10";
  for (char c : text.substr(e + 1)) {
    constexpr const char* kRaised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    if (c == '-') out += "⁻";
    if (c >= '0' && c <= '9') out += kRaised[c - '0'];
  }
  return out;
}

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + quote_for_schema(name);
  return out;
}

std::string display(const SchemaValue& value) {
  switch (value.kind) {
    case Kind::kString: return quote_for_schema(value.text);
    case Kind::kNumber: return value.text;
    case Kind::kNull: return "<nil>";
    case Kind::kTrue: return "true";
    case Kind::kFalse: return "false";
    default: return "value";
  }
}

bool is_primitive(const SchemaValue& value) { return value.kind != Kind::kArray && value.kind != Kind::kObject; }

std::string choices_text(const SchemaValue& choices) {
  if (!std::all_of(choices.items.begin(), choices.items.end(), is_primitive)) return "'enum' failed";
  if (choices.items.size() == 1) return "value must be " + display(choices.items[0]);
  std::string out;
  for (const SchemaValue& choice : choices.items) out += (out.empty() ? "" : ", ") + display(choice);
  return "value must be one of " + out;
}

std::string lines(const Problems& problems) {
  std::string text;
  for (const Problem& problem : problems) print(problem, 1, text);
  return text.empty() ? text : text.substr(1);
}

}  // namespace words

// Go's %q with the quotes turned around.
std::string quote_for_schema(std::string_view text) {
  std::string out = "'";
  for (size_t at = 0; at < text.size();) {
    utf8proc_int32_t rune = 0;
    utf8proc_ssize_t size = utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                                             static_cast<utf8proc_ssize_t>(text.size() - at), &rune);
    if (size <= 0) {
      out += hex_escape(static_cast<unsigned char>(text[at]) & 0x7F)
                 .replace(2, 1, 1, "89abcdef"[static_cast<unsigned char>(text[at]) >> 4 & 7]);
      ++at;
      continue;
    }
    constexpr std::string_view kFrom = "\a\b\f\n\r\t\v\\'";
    constexpr std::string_view kTo = "abfnrtv\\'";
    size_t known = rune < 0x80 ? kFrom.find(static_cast<char>(rune)) : std::string_view::npos;
    if (known != std::string_view::npos) {
      out += '\\';
      out += kTo[known];
    } else if (is_printable(rune)) {
      out += text.substr(at, static_cast<size_t>(size));
    } else {
      out += hex_escape(static_cast<uint32_t>(rune));
    }
    at += static_cast<size_t>(size);
  }
  return out + "'";
}

std::string location_of(const std::string& pointer) {
  std::string out;
  for (char c : pointer) {
    bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') ||
                 std::string_view("-_.~$&+=:@/").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      out += '%';
      out += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
      out += "0123456789ABCDEF"[c & 0xF];
    }
  }
  return out;
}

}  // namespace autonomous::helm
