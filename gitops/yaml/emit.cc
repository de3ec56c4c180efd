#include "gitops/yaml/emit.h"

#include <utf8proc.h>

#include <algorithm>

#include "gitops/yaml/json_step.h"

namespace autonomous::yaml {
namespace {

constexpr int kIndent = 2;
constexpr size_t kSimpleKey = 128;  // longer keys are written with `?`
constexpr size_t kJsonKey = 1024;   // longer ones yaml.v2 can't read back from JSON
constexpr std::string_view kShortBinaryTag = "!!binary";

unsigned char byte_at(std::string_view text, size_t at) {
  return at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
}

size_t width(unsigned char first) { return first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4; }

bool is_space(std::string_view text, size_t at) { return byte_at(text, at) == ' '; }
bool is_blank(std::string_view text, size_t at) { return is_space(text, at) || byte_at(text, at) == '\t'; }

bool is_break(std::string_view text, size_t at) {
  unsigned char c = byte_at(text, at);
  if (c == '\r' || c == '\n') return true;
  if (c == 0xC2) return byte_at(text, at + 1) == 0x85;  // NEL
  if (c != 0xE2 || byte_at(text, at + 1) != 0x80) return false;
  return byte_at(text, at + 2) == 0xA8 || byte_at(text, at + 2) == 0xA9;  // LS, PS
}

// go-yaml's is_printable: nothing beyond the Basic Multilingual Plane, no tab.
bool is_printable(std::string_view text, size_t at) {
  unsigned char c = byte_at(text, at);
  unsigned char d = byte_at(text, at + 1);
  if (c < 0x80) return c == '\n' || (c >= 0x20 && c <= 0x7E);
  if (c == 0xC2) return d >= 0xA0;
  if (c == 0xED) return d < 0xA0;
  if (c == 0xEF) {
    unsigned char e = byte_at(text, at + 2);
    return !(d == 0xBB && e == 0xBF) && !(d == 0xBF && (e == 0xBE || e == 0xBF));
  }
  return c > 0xC2 && c < 0xEF;
}

bool is_old_bool(std::string_view text) {
  return resolve_plain(text, Flavour::kV2).kind == Scalar::Kind::kBool &&
         resolve_plain(text, Flavour::kV3).kind != Scalar::Kind::kBool;
}

// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?, which YAML 1.1 reads as a number to the base of 60.
bool is_base60(std::string_view text) {
  size_t at = !text.empty() && (text[0] == '+' || text[0] == '-') ? 1 : 0;
  auto digit = [&](size_t i) { return byte_at(text, i) >= '0' && byte_at(text, i) <= '9'; };
  if (!digit(at)) return false;
  while (digit(at) || byte_at(text, at) == '_') ++at;
  size_t groups = 0;
  for (; byte_at(text, at) == ':' && digit(at + 1); ++groups) {
    bool two = text[at + 1] <= '5' && digit(at + 2);
    at += two ? 3 : 2;
  }
  if (groups == 0) return false;
  if (byte_at(text, at) == '.') {
    ++at;
    while (digit(at) || byte_at(text, at) == '_') ++at;
  }
  return at == text.size();
}

// yaml's encodeBase64: lines of 70.
std::string encode_base64(std::string_view text) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string flat;
  for (size_t at = 0; at < text.size(); at += 3) {
    uint32_t bits = static_cast<uint32_t>(byte_at(text, at) << 16 | byte_at(text, at + 1) << 8 | byte_at(text, at + 2));
    size_t left = text.size() - at;
    flat += kDigits[bits >> 18];
    flat += kDigits[bits >> 12 & 63];
    flat += left > 1 ? kDigits[bits >> 6 & 63] : '=';
    flat += left > 2 ? kDigits[bits & 63] : '=';
  }
  constexpr size_t kLine = 70;
  if (flat.size() < kLine) return flat;
  std::string out;
  for (size_t at = 0; at < flat.size(); at += kLine) out += flat.substr(at, kLine) + "\n";
  return out;
}

// ---- key order -----------------------------------------------------------------------------------------------------

bool is_letter(uint32_t rune) {
  if (rune < 0x80) return (rune | 0x20) >= 'a' && (rune | 0x20) <= 'z';
  utf8proc_category_t category = utf8proc_category(static_cast<utf8proc_int32_t>(rune));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

bool is_digit(uint32_t rune) {
  if (rune < 0x80) return rune >= '0' && rune <= '9';
  return utf8proc_category(static_cast<utf8proc_int32_t>(rune)) == UTF8PROC_CATEGORY_ND;
}

std::vector<uint32_t> runes(std::string_view text) {
  std::vector<uint32_t> out;
  for (size_t at = 0; at < text.size();) {
    uint32_t rune = 0;
    size_t size = decode_rune(text, at, rune);
    out.push_back(size == 0 ? 0xFFFD : rune);
    at += std::max<size_t>(size, 1);
  }
  return out;
}

// The run of digits at `at` as Go adds it up (it may wrap), starting from `value`.
std::pair<int64_t, size_t> number_at(const std::vector<uint32_t>& text, size_t at, uint64_t value) {
  for (; at < text.size() && is_digit(text[at]); ++at) value = value * 10 + text[at] - '0';
  return {static_cast<int64_t>(value), at};
}

}  // namespace

bool key_less(std::string_view a, std::string_view b, Flavour flavour) {
  std::vector<uint32_t> ar = runes(a);
  std::vector<uint32_t> br = runes(b);
  bool digits = false;
  for (size_t i = 0; i < ar.size() && i < br.size(); ++i) {
    if (ar[i] == br[i]) {
      digits = is_digit(ar[i]);
      continue;
    }
    bool al = is_letter(ar[i]);
    bool bl = is_letter(br[i]);
    if (al && bl) return ar[i] < br[i];
    if (al || bl) return digits && flavour == Flavour::kV3 ? al : bl;
    uint64_t start = 0;
    if (ar[i] == '0' || br[i] == '0') {
      for (size_t j = i; j > 0 && is_digit(ar[j - 1]); --j) {
        if (ar[j - 1] != '0') start = 1;
      }
    }
    auto [an, ai] = number_at(ar, i, start);
    auto [bn, bi] = number_at(br, i, start);
    if (an != bn) return an < bn;
    if (ai != bi) return ai < bi;
    return ar[i] < br[i];
  }
  return ar.size() < br.size();
}

// ---- analysis ------------------------------------------------------------------------------------------------------

// What yaml_emitter_analyze_scalar finds out: which styles can hold the text.
struct Emitter::Analysis {
  bool multiline = false;
  bool plain = true;
  bool single_quoted = true;
  bool literal = true;
};

Emitter::Analysis Emitter::analyze(std::string_view value, Flavour flavour) {
  Analysis out;
  if (value.empty()) {
    out.literal = false;
    return out;
  }
  bool indicators = value.substr(0, 3) == "---" || value.substr(0, 3) == "...";
  bool special = false;
  bool tab = false;
  bool space_break = false;
  bool break_space = false;
  bool previous_space = false;
  bool previous_break = false;
  bool after_white = true;
  for (size_t i = 0; i < value.size();) {
    unsigned char c = byte_at(value, i);
    size_t next = i + width(c);
    bool before_white = next >= value.size() || is_blank(value, next);
    if (i == 0) {
      constexpr std::string_view kAlways = "#,[]{}&*!|>'\"%@`";
      indicators = indicators || kAlways.find(static_cast<char>(c)) != std::string_view::npos ||
                   ((c == '?' || c == ':' || c == '-') && before_white);
    } else {
      indicators = indicators || (c == ':' && before_white) || (c == '#' && after_white);
    }
    if (c == '\t' && flavour == Flavour::kV3) {
      tab = true;
    } else if (!is_printable(value, i)) {
      special = true;
    }
    bool breaks = is_break(value, i);
    if (c == ' ') {
      break_space = break_space || previous_break;
    } else if (breaks) {
      out.multiline = true;
      space_break = space_break || previous_space;
    }
    previous_space = c == ' ';
    previous_break = breaks;
    after_white = c == 0 || is_blank(value, i) || breaks;
    i = next;
  }
  bool edges = is_space(value, 0) || previous_space || out.multiline;
  out.plain = !indicators && !special && !tab && !edges;
  out.single_quoted = !break_space && !space_break && !special && !tab;
  out.literal = !previous_space && !space_break && !special;
  return out;
}

// ---- structure -----------------------------------------------------------------------------------------------------

Emitter::Emitter(std::string& out, Flavour flavour)
    : out_(out), flavour_(flavour), width_(flavour == Flavour::kV2 ? 80 : INT32_MAX) {}

int Emitter::increased_indent(bool flow, bool indentless) const {
  if (indent_ < 0) return flow ? kIndent : 0;
  return indentless ? indent_ : indent_ + kIndent;
}

void Emitter::begin_map() { begin(true); }
void Emitter::begin_list() { begin(false); }
void Emitter::end_map() { end(true); }
void Emitter::end_list() { end(false); }

void Emitter::begin(bool map) {
  before_node(false, false);
  pending_ = map ? '{' : '[';
}

// The collection turned out to have something in it.
void Emitter::open_pending() {
  if (pending_ == 0) return;
  bool map = pending_ == '{';
  pending_ = 0;
  Frame frame{.map = map, .outer_indent = indent_};
  // v2 doesn't indent a list under a key any further than the key.
  bool indentless = !map && flavour_ == Flavour::kV2 && mapping_context_ && !indention_;
  indent_ = increased_indent(false, indentless);
  frames_.push_back(frame);
}

void Emitter::end(bool map) {
  if (pending_ != 0) {
    pending_ = 0;
    write_indicator(map ? "{" : "[", true, true, false);
    write_indicator(map ? "}" : "]", false, false, false);
  } else {
    indent_ = frames_.back().outer_indent;
    frames_.pop_back();
  }
}

// Writes what stands before a node: indentation and `-`, `?` or `:`.
void Emitter::before_node(bool is_key, bool simple) {
  open_pending();
  mapping_context_ = !frames_.empty() && frames_.back().map;
  if (frames_.empty()) return;
  Frame& frame = frames_.back();
  if (!frame.map) {
    write_indent();
    write_indicator("-", true, false, true);
  } else if (is_key) {
    frame.simple_key = simple;
    write_indent();
    if (!simple) write_indicator("?", true, false, true);
  } else if (frame.simple_key) {
    write_indicator(":", false, false, false);
  } else {
    write_indent();
    write_indicator(":", true, false, true);
  }
}

void Emitter::key(std::string_view key) { text(key, true); }
void Emitter::string(std::string_view value) { text(value, false); }
void Emitter::null() { scalar("null", Quote::kPlain, false); }
void Emitter::boolean(bool value) { scalar(value ? "true" : "false", Quote::kPlain, false); }
void Emitter::integer(int64_t value) { scalar(std::to_string(value), Quote::kPlain, false); }
void Emitter::uinteger(uint64_t value) { scalar(std::to_string(value), Quote::kPlain, false); }
void Emitter::literal(std::string_view value) { scalar(value, Quote::kPlain, false); }

void Emitter::number(double value) {
  if (flavour_ == Flavour::kV3) return scalar(format_g(value), Quote::kPlain, false);
  if (!(value - value == 0)) {
    failure_ = std::string("json: unsupported value: ") + (value != value ? "NaN" : value > 0 ? "+Inf" : "-Inf");
    value = 0;
  }
  Scalar read = resolve_plain(json_number(value));
  if (read.kind == Scalar::Kind::kInt) return integer(read.integer);
  if (read.kind == Scalar::Kind::kUint) return uinteger(read.uinteger);
  scalar(format_g(read.number), Quote::kPlain, false);
}

void Emitter::text(std::string_view value, bool is_key) {
  std::string changed;
  std::string_view tag;
  bool ascii = is_plain_ascii(value);
  if (!ascii && flavour_ == Flavour::kV2) {
    auto through = through_json(value);
    if (is_key && value.find("\xC2\x85") != std::string_view::npos) {
      if (failure_.empty())
        failure_ = "yaml: line 1: did not find expected ',' or '}'";  // U+0085 ends the line, and with it the key
    }
    if (!through) failure_ = "yaml: control characters are not allowed";
    changed = through ? *std::move(through) : "";
    value = changed;
  } else if (!ascii) {
    changed = to_valid_utf8(value);
    if (changed != value) {
      changed = encode_base64(value);
      value = changed;
      tag = kShortBinaryTag;
    }
  }
  if (is_key && flavour_ == Flavour::kV2 && value.size() > kJsonKey / 6 && json_length(value) > kJsonKey) {
    failure_ = "yaml: did not find expected ',' or '}'";
  }
  Quote style = Quote::kPlain;
  if (value.find('\n') != std::string_view::npos) {
    style = Quote::kLiteral;
  } else if (tag.empty()) {
    bool old_bool = flavour_ == Flavour::kV3 && is_old_bool(value);
    bool text = resolve_plain(value, flavour_).kind == Scalar::Kind::kString;
    if (!text || is_base60(value) || old_bool) style = Quote::kDouble;
  }
  scalar(value, style, is_key, tag);
}

void Emitter::scalar(std::string_view value, Quote style, bool is_key, std::string_view tag) {
  Analysis analysis = analyze(value, flavour_);
  bool simple = is_key && !analysis.multiline && value.size() + tag.size() <= kSimpleKey;
  before_node(is_key, simple);

  if (simple && analysis.multiline) style = Quote::kDouble;
  if (style == Quote::kPlain && (!analysis.plain || (value.empty() && simple))) style = Quote::kSingle;
  if (style == Quote::kSingle && !analysis.single_quoted) style = Quote::kDouble;
  if (style == Quote::kLiteral && (!analysis.literal || simple)) style = Quote::kDouble;

  if (!tag.empty()) write_indicator(tag, true, false, false);
  int outer = std::exchange(indent_, increased_indent(true, false));
  switch (style) {
    case Quote::kPlain: write_plain(value, !simple); break;
    case Quote::kSingle: write_single_quoted(value, !simple); break;
    case Quote::kDouble: write_double_quoted(value, !simple); break;
    case Quote::kLiteral: write_literal(value); break;
  }
  indent_ = outer;
}

Result<void> Emitter::finish() {
  write_indent();
  if (full()) return fail(Code::kLimit, "yaml: the text would be longer than the limit of ", most_, " bytes");
  if (!failure_.empty()) return Error(Code::kInvalid, failure_);
  return ok();
}

// ---- writing -------------------------------------------------------------------------------------------------------

void Emitter::put(char c) {
  out_ += c;
  ++column_;
}

void Emitter::put_break() {
  out_ += '\n';
  column_ = 0;
  if (flavour_ == Flavour::kV3) indention_ = true;
}

void Emitter::write(std::string_view value, size_t& at) {
  size_t size = width(byte_at(value, at));
  out_ += value.substr(at, size);
  ++column_;
  at += size;
}

void Emitter::write_break(std::string_view value, size_t& at) {
  if (value[at] == '\n') {
    put_break();
    ++at;
  } else {
    write(value, at);
    column_ = 0;
  }
  indention_ = true;
}

void Emitter::write_indent() {
  int indent = std::max(indent_, 0);
  if (!indention_ || column_ > indent || (column_ == indent && !whitespace_)) put_break();
  if (column_ < indent) {
    out_.append(static_cast<size_t>(indent - column_), ' ');
    column_ = indent;
  }
  whitespace_ = true;
  if (flavour_ == Flavour::kV2) indention_ = true;
}

void Emitter::write_indicator(std::string_view indicator, bool need_whitespace, bool is_whitespace, bool is_indention) {
  if (need_whitespace && !whitespace_) put(' ');
  out_ += indicator;
  column_ += static_cast<int>(indicator.size());
  whitespace_ = is_whitespace;
  indention_ = indention_ && is_indention;
}

void Emitter::write_plain(std::string_view value, bool allow_breaks) {
  if (!whitespace_ && (flavour_ == Flavour::kV2 || !value.empty())) put(' ');
  bool spaces = false;
  for (size_t i = 0; i < value.size();) {
    if (is_space(value, i)) {
      if (allow_breaks && !spaces && column_ > width_ && !is_space(value, i + 1)) {
        write_indent();
        ++i;
      } else {
        write(value, i);
      }
      spaces = true;
    } else {
      write(value, i);
      indention_ = false;
      spaces = false;
    }
  }
  whitespace_ = false;
  indention_ = false;
}

void Emitter::write_single_quoted(std::string_view value, bool allow_breaks) {
  write_indicator("'", true, false, false);
  bool spaces = false;
  bool breaks = false;
  for (size_t i = 0; i < value.size();) {
    if (is_space(value, i)) {
      bool inside = i > 0 && i < value.size() - 1 && !is_space(value, i + 1);
      if (allow_breaks && !spaces && column_ > width_ && inside) {
        write_indent();
        ++i;
      } else {
        write(value, i);
      }
      spaces = true;
    } else if (is_break(value, i)) {
      if (!breaks && value[i] == '\n') put_break();
      write_break(value, i);
      breaks = true;
    } else {
      if (breaks) write_indent();
      if (value[i] == '\'') put('\'');
      write(value, i);
      indention_ = false;
      spaces = false;
      breaks = false;
    }
  }
  write_indicator("'", false, false, false);
}

void Emitter::write_double_quoted(std::string_view value, bool allow_breaks) {
  write_indicator("\"", true, false, false);
  // go-yaml asks at the text's start instead of at the character: with a BOM there, all is escaped.
  bool bom = value.substr(0, 3) == "\xEF\xBB\xBF";
  bool spaces = false;
  for (size_t i = 0; i < value.size();) {
    if (!is_printable(value, i) || bom || is_break(value, i) || value[i] == '"' || value[i] == '\\') {
      uint32_t rune = 0;
      i += std::max<size_t>(decode_rune(value, i, rune), 1);
      write_escape(rune);
      spaces = false;
    } else if (is_space(value, i)) {
      if (allow_breaks && !spaces && column_ > width_ && i > 0 && i < value.size() - 1) {
        write_indent();
        if (is_space(value, i + 1)) put('\\');
        ++i;
      } else {
        write(value, i);
      }
      spaces = true;
    } else {
      write(value, i);
      spaces = false;
    }
  }
  write_indicator("\"", false, false, false);
}

void Emitter::write_escape(uint32_t rune) {
  put('\\');
  switch (rune) {
    case 0x00: return put('0');
    case 0x07: return put('a');
    case 0x08: return put('b');
    case 0x09: return put('t');
    case 0x0A: return put('n');
    case 0x0B: return put('v');
    case 0x0C: return put('f');
    case 0x0D: return put('r');
    case 0x1B: return put('e');
    case '"': return put('"');
    case '\\': return put('\\');
    case 0x85: return put('N');
    case 0xA0: return put('_');
    case 0x2028: return put('L');
    case 0x2029: return put('P');
    default: break;
  }
  put(rune <= 0xFF ? 'x' : rune <= 0xFFFF ? 'u' : 'U');
  int digits = rune <= 0xFF ? 2 : rune <= 0xFFFF ? 4 : 8;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) put("0123456789ABCDEF"[rune >> shift & 0xF]);
}

void Emitter::write_literal(std::string_view value) {
  write_indicator("|", true, false, false);
  if (is_space(value, 0) || is_break(value, 0)) write_indicator("2", false, false, false);
  auto last = [](std::string_view text) {  // the start of the last character
    size_t at = text.size() - 1;
    while (at > 0 && (byte_at(text, at) & 0xC0) == 0x80) --at;
    return at;
  };
  size_t end = last(value);
  if (!is_break(value, end)) {
    write_indicator("-", false, false, false);
  } else if (end == 0 || is_break(value, last(value.substr(0, end)))) {
    write_indicator("+", false, false, false);
  }
  put_break();
  indention_ = true;
  whitespace_ = true;
  bool breaks = true;
  for (size_t i = 0; i < value.size();) {
    if (is_break(value, i)) {
      write_break(value, i);
      breaks = true;
    } else {
      if (breaks) write_indent();
      write(value, i);
      indention_ = false;
      breaks = false;
    }
  }
}

}  // namespace autonomous::yaml
