// A recursive descent over lines. Rules that look arbitrary are libyaml's (scanner.c, parser.c).
#include "gitops/yaml/simple.h"

#include <algorithm>
#include <cstring>

namespace autonomous::yaml {
namespace {

using Type = Event::Type;

constexpr int kMaxDepth = 100;
constexpr size_t kMaxKey = 1000;  // libyaml looks for a key's colon in 1024 characters

bool is_end(std::string_view text, size_t at) { return at >= text.size(); }
bool is_blank_or_end(std::string_view text, size_t at) { return is_end(text, at) || text[at] == ' '; }

size_t skip_blanks(std::string_view text, size_t at) {
  while (at < text.size() && text[at] == ' ') ++at;
  return at;
}

// Nothing or a comment from `at` on; a comment needs a blank before it.
bool is_rest_empty(std::string_view text, size_t at) {
  size_t next = skip_blanks(text, at);
  return is_end(text, next) || (text[next] == '#' && (next > at || at == 0));
}

// One character beyond ASCII at `at` that YAML and we take as it is; its length, or 0.
size_t usual_rune(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return at + i < text.size() ? static_cast<uint8_t>(text[at + i]) : 0U; };
  auto follows = [&](size_t i) { return (byte(i) & 0xC0U) == 0x80U; };
  uint32_t first = byte(0);
  if (first >= 0xC3 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first == 0xC2) return follows(1) && byte(1) >= 0xA0 ? 2 : 0;  // below: control characters, a line end (U+0085)
  if (first >= 0xE0 && first <= 0xEF) {
    if (!follows(1) || !follows(2)) return 0;
    uint32_t rune = (first & 0x0FU) << 12 | (byte(1) & 0x3FU) << 6 | (byte(2) & 0x3FU);
    bool line_end = rune == 0x2028 || rune == 0x2029;
    return rune >= 0x800 && (rune < 0xD800 || rune >= 0xE000) && rune < 0xFFFE && rune != 0xFEFF && !line_end ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!follows(1) || !follows(2) || !follows(3)) return 0;
    uint32_t rune = (first & 0x07U) << 18 | (byte(1) & 0x3FU) << 12 | (byte(2) & 0x3FU) << 6 | (byte(3) & 0x3FU);
    return rune >= 0x10000 && rune <= 0x10FFFF ? 4 : 0;
  }
  return 0;
}

bool has_usual_characters(std::string_view text) {
  for (size_t at = 0; at < text.size();) {
    auto c = static_cast<uint8_t>(text[at]);
    if ((c >= 0x20 && c < 0x7F) || c == '\n') {
      ++at;
      continue;
    }
    size_t length = c < 0x80 ? 0 : usual_rune(text, at);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

bool begins_plain(std::string_view text, size_t at) {
  char c = text[at];
  if (c == '-' || c == '?' || c == ':') return !is_blank_or_end(text, at + 1);
  return std::string_view(",[]{}#&*!|>'\"%@`").find(c) == std::string_view::npos;
}

class Scanner {
 public:
  Scanner(std::string_view text, const Limits& limits, std::vector<SimpleEvent>& events, std::deque<std::string>& pool)
      : rest_(text), nodes_left_(limits.nodes), events_(events), pool_(pool) {}

  bool scan() {
    next_line();
    bool marked = found_ && is_mark(line_);
    if (marked && line_ != "---") return false;
    first_ = false;
    if (marked) next_line();
    if (!found_) {
      // `---` alone has an empty scalar.
      if (marked || !good_) return false;
      events_.push_back({Type::kStreamEnd, Style::kPlain, false, {}});
      return true;
    }
    events_.push_back({Type::kDocumentStart, Style::kPlain, !marked, {}});
    if (!block(-1) || found_ || !good_) return false;
    events_.push_back({Type::kDocumentEnd, Style::kPlain, true, {}});
    events_.push_back({Type::kStreamEnd, Style::kPlain, false, {}});
    return true;
  }

 private:
  // ---- lines

  // The next raw line, without its end. False at the end of the text.
  bool raw_line(std::string_view& line) {
    if (rest_.empty()) return false;
    size_t end = rest_.find('\n');
    ended_ = end != std::string_view::npos;
    line = rest_.substr(0, end);
    rest_.remove_prefix(ended_ ? end + 1 : rest_.size());
    return true;
  }

  // Goes to the next line that holds more than blanks and a comment.
  void next_line() {
    std::string_view line;
    while (raw_line(line)) {
      size_t indent = skip_blanks(line, 0);
      if (is_end(line, indent) || line[indent] == '#') continue;
      take_line(line, indent);
      return;
    }
    found_ = false;
  }

  void take_line(std::string_view line, size_t indent) {
    line_ = line;
    column_ = static_cast<int>(indent);
    found_ = true;
    // Another document begins or this one ends: not our business.
    if (!first_ && is_mark(line)) good_ = false;
  }

  static bool is_mark(std::string_view line) {
    return (line.starts_with("---") || line.starts_with("...")) && is_blank_or_end(line, 3);
  }

  // ---- nodes

  bool emit(Type type, Style style, bool implicit, std::string_view text) {
    if (nodes_left_-- == 0) return false;
    events_.push_back({type, style, implicit, text});
    return true;
  }
  void end(Type type) { events_.push_back({type, Style::kPlain, false, {}}); }
  bool empty_scalar() { return emit(Type::kScalar, Style::kPlain, true, {}); }

  // The collection that starts at the line in hand, inside one at column `outer`. Afterwards the line in hand is the
  // first one behind it.
  bool block(int outer) {
    if (!good_ || !found_ || column_ <= outer || ++depth_ > kMaxDepth) return false;
    size_t at = static_cast<size_t>(column_);
    bool done = is_entry(at) ? list(column_) : map(column_, at);
    --depth_;
    return done;
  }

  bool is_entry(size_t at) const { return line_[at] == '-' && is_blank_or_end(line_, at + 1); }

  // After a node inside a collection at `column`: whether the line in hand belongs to that collection. Lines that are
  // indented more are a mistake or the rest of a scalar.
  bool goes_on(int column) const { return good_ && found_ && column_ == column; }
  bool is_past(int column) const { return good_ && (!found_ || column_ <= column); }

  bool list(int column) {
    if (!emit(Type::kListStart, Style::kBlock, false, {})) return false;
    do {
      if (!item(column, static_cast<size_t>(column_)) || !is_past(column)) return false;
    } while (goes_on(column) && is_entry(static_cast<size_t>(column_)));
    end(Type::kListEnd);
    return true;
  }

  // What follows the '-' at `dash`.
  bool item(int column, size_t dash) {
    size_t at = skip_blanks(line_, dash + 1);
    if (is_rest_empty(line_, dash + 1)) return value_below(column, false);
    if (is_entry(at)) return inner([&] { return compact_list(static_cast<int>(at), at); });
    if (find_key(at)) return inner([&] { return map(static_cast<int>(at), at); });
    return scalar(at, column);
  }

  template <typename Body>
  bool inner(const Body& body) {
    if (++depth_ > kMaxDepth) return false;
    bool done = body();
    --depth_;
    return done;
  }

  // `- - a`: the first entry stands in the line in hand at `at`.
  bool compact_list(int column, size_t at) {
    if (!emit(Type::kListStart, Style::kBlock, false, {})) return false;
    if (!item(column, at) || !is_past(column)) return false;
    while (goes_on(column)) {
      if (!is_entry(static_cast<size_t>(column))) return false;
      if (!item(column, static_cast<size_t>(column)) || !is_past(column)) return false;
    }
    end(Type::kListEnd);
    return true;
  }

  // A map at `column` whose first key stands in the line in hand at `at`.
  bool map(int column, size_t at) {
    if (!emit(Type::kMapStart, Style::kBlock, false, {})) return false;
    while (true) {
      if (!find_key(at) || !take_key()) return false;
      size_t next = key_.colon + 1;
      bool done = is_rest_empty(line_, next) ? value_below(column, true) : scalar(skip_blanks(line_, next), column);
      if (!done || !is_past(column)) return false;
      if (!goes_on(column)) break;
      at = static_cast<size_t>(column);
      if (is_entry(at)) return false;
    }
    end(Type::kMapEnd);
    return true;
  }

  // A value that is not in its key's line: a collection below, a list at the key's own column, or nothing.
  bool value_below(int column, bool of_key) {
    next_line();
    if (!good_) return false;
    if (found_ && column_ > column) {
      size_t at = static_cast<size_t>(column_);
      return is_entry(at) || find_key(at) ? block(column) : scalar(at, column);
    }
    if (of_key && goes_on(column) && is_entry(static_cast<size_t>(column_))) return inner([&] { return list(column); });
    return empty_scalar();
  }

  // ---- keys

  struct Key {
    size_t from = 0;  // of its text, without quotes
    size_t size = 0;
    size_t colon = 0;
    Style style = Style::kPlain;
  };

  // Whether a key stands at `at`; it is then key_.
  bool find_key(size_t at) {
    char c = line_[at];
    if (c == '"' || c == '\'') {
      size_t close = line_.find(c, at + 1);
      if (close == std::string_view::npos) return false;
      std::string_view inside = line_.substr(at + 1, close - at - 1);
      size_t colon = skip_blanks(line_, close + 1);
      if (is_end(line_, colon) || line_[colon] != ':' || !is_blank_or_end(line_, colon + 1)) return false;
      if (c == '"' && inside.find('\\') != std::string_view::npos) return false;
      key_ = {at + 1, inside.size(), colon, c == '"' ? Style::kDoubleQuoted : Style::kSingleQuoted};
      return colon - at <= kMaxKey;
    }
    if (!begins_plain(line_, at)) return false;
    size_t colon = plain_end(line_, at);
    if (is_end(line_, colon) || line_[colon] != ':') return false;
    size_t end = colon;
    while (end > at && line_[end - 1] == ' ') --end;
    key_ = {at, end - at, colon, Style::kPlain};
    return end > at && colon - at <= kMaxKey;
  }

  bool take_key() {
    return emit(Type::kScalar, key_.style, key_.style == Style::kPlain, line_.substr(key_.from, key_.size));
  }

  // Where the plain text from `at` on ends: at a colon before a blank, at the blank before a comment, or with the line.
  static size_t plain_end(std::string_view line, size_t at) {
    for (size_t i = at; i < line.size(); ++i) {
      if (line[i] == ':' && is_blank_or_end(line, i + 1)) return i;
      if (line[i] == '#' && i > at && line[i - 1] == ' ') return i - 1;
    }
    return line.size();
  }

  // ---- scalars

  // What stands at `at` in the line in hand, as an entry of a collection at `column`.
  bool scalar(size_t at, int column) {
    switch (line_[at]) {
      case '"': return double_quoted(at);
      case '\'': return single_quoted(at);
      case '|':
      case '>': return block_scalar(at, column);
      case '[': return words(at);
      case '{': {
        size_t close = skip_blanks(line_, at + 1);
        if (is_end(line_, close) || line_[close] != '}' || !is_rest_empty(line_, close + 1)) return false;
        if (!emit(Type::kMapStart, Style::kFlow, false, {})) return false;
        end(Type::kMapEnd);
        next_line();
        return true;
      }
      default: break;
    }
    if (!begins_plain(line_, at)) return false;
    size_t stop = plain_end(line_, at);
    if (!is_end(line_, stop) && line_[stop] == ':') return false;
    bool may_go_on = is_end(line_, stop);  // and no comment ended it
    while (stop > at && line_[stop - 1] == ' ') --stop;
    std::string_view text = line_.substr(at, stop - at);
    if (may_go_on && !plain_lines(column, text)) return false;
    next_line();
    return emit(Type::kScalar, Style::kPlain, true, text);
  }

  // The lines that a plain scalar goes on in: those that are indented more than the collection around it. One line end
  // is a blank then, of several one is left out. Afterwards rest_ begins behind them.
  bool plain_lines(int column, std::string_view& text) {
    std::string* folded = nullptr;
    std::string breaks;
    std::string_view line;
    for (std::string_view before = rest_; raw_line(line); before = rest_) {
      size_t indent = skip_blanks(line, 0);
      if (is_end(line, indent)) {
        breaks += '\n';
        continue;
      }
      if (static_cast<int>(indent) <= column || line[indent] == '#') {
        rest_ = before;
        break;
      }
      size_t stop = plain_end(line, indent);
      if (!is_end(line, stop)) return false;
      if (folded == nullptr) folded = &pool_.emplace_back(text);
      *folded += breaks.empty() ? " " : breaks;
      breaks.clear();
      while (stop > indent && line[stop - 1] == ' ') --stop;
      *folded += line.substr(indent, stop - indent);
    }
    if (folded != nullptr) text = *folded;
    return true;
  }

  bool double_quoted(size_t at) {
    size_t close = line_.find_first_of("\"\\", at + 1);
    if (close == std::string_view::npos) return false;
    std::string_view text = line_.substr(at + 1, close - at - 1);
    if (line_[close] == '\\') {
      std::string& unescaped = pool_.emplace_back(text);
      if (!unescape(close, unescaped)) return false;
      text = unescaped;
    }
    return quoted_end(close) && emit(Type::kScalar, Style::kDoubleQuoted, false, text);
  }

  // From the backslash at `at` to the closing quote, whose place `at` becomes.
  bool unescape(size_t& at, std::string& out) const {
    while (at < line_.size() && line_[at] != '"') {
      if (line_[at] != '\\') {
        out += line_[at++];
        continue;
      }
      if (is_end(line_, at + 1)) return false;
      switch (line_[at + 1]) {
        case '"':
        case '\\':
        case ' ': out += line_[at + 1]; break;
        case 'n': out += '\n'; break;
        case 't': out += '\t'; break;
        case 'r': out += '\r'; break;
        default: return false;
      }
      at += 2;
    }
    return at < line_.size();
  }

  bool single_quoted(size_t at) {
    size_t close = line_.find('\'', at + 1);
    if (close == std::string_view::npos) return false;
    std::string_view text = line_.substr(at + 1, close - at - 1);
    if (close + 1 < line_.size() && line_[close + 1] == '\'') {
      std::string& unescaped = pool_.emplace_back(text);
      while (close + 1 < line_.size() && line_[close + 1] == '\'') {
        size_t next = line_.find('\'', close + 2);
        if (next == std::string_view::npos) return false;
        unescaped += line_.substr(close + 1, next - close - 1);
        close = next;
      }
      text = unescaped;
    }
    return quoted_end(close) && emit(Type::kScalar, Style::kSingleQuoted, false, text);
  }

  bool quoted_end(size_t close) {
    if (!is_rest_empty(line_, close + 1) || (close + 1 < line_.size() && line_[close + 1] == '#')) return false;
    next_line();
    return true;
  }

  // [], [a, "b", 1.5]
  bool words(size_t at) {
    if (!emit(Type::kListStart, Style::kFlow, false, {})) return false;
    at = skip_blanks(line_, at + 1);
    while (!is_end(line_, at) && line_[at] != ']') {
      if (!word(at)) return false;
      at = skip_blanks(line_, at);
      if (is_end(line_, at)) return false;
      if (line_[at] == ']') break;
      if (line_[at] != ',') return false;
      at = skip_blanks(line_, at + 1);
      if (!is_end(line_, at) && line_[at] == ',') return false;
    }
    if (is_end(line_, at)) return false;
    end(Type::kListEnd);
    return quoted_end(at);
  }

  bool word(size_t& at) {
    char c = line_[at];
    if (c == '"' || c == '\'') {
      size_t close = line_.find_first_of(c == '"' ? "\"\\" : "'", at + 1);
      if (close == std::string_view::npos || line_[close] != c) return false;
      std::string_view text = line_.substr(at + 1, close - at - 1);
      at = close + 1;
      if (!is_end(line_, at) && line_[at] != ' ' && line_[at] != ',' && line_[at] != ']') return false;
      return emit(Type::kScalar, c == '"' ? Style::kDoubleQuoted : Style::kSingleQuoted, false, text);
    }
    auto in_word = [](char one) {
      return (one >= 'a' && one <= 'z') || (one >= 'A' && one <= 'Z') || (one >= '0' && one <= '9') || one == '_' ||
             one == '.' || one == '/' || one == '-';
    };
    size_t from = at;
    while (at < line_.size() && in_word(line_[at])) ++at;
    if (at == from || line_[from] == '-') return false;
    size_t next = skip_blanks(line_, at);
    if (is_end(line_, next) || (line_[next] != ',' && line_[next] != ']')) return false;
    return emit(Type::kScalar, Style::kPlain, true, line_.substr(from, at - from));
  }

  // ---- block scalars

  enum class Chomp : uint8_t { kClip, kStrip, kKeep };

  bool block_scalar(size_t at, int column) {
    bool literal = line_[at++] == '|';
    Chomp chomp = Chomp::kClip;
    if (!is_end(line_, at) && (line_[at] == '-' || line_[at] == '+')) {
      chomp = line_[at++] == '-' ? Chomp::kStrip : Chomp::kKeep;
    }
    if (!is_rest_empty(line_, at) || (!is_end(line_, at) && line_[at] == '#')) return false;
    std::string& text = pool_.emplace_back();
    if (!block_text(column, literal, chomp, text)) return false;
    return emit(Type::kScalar, literal ? Style::kLiteral : Style::kFolded, false, text);
  }

  // yaml_parser_scan_block_scalar. Afterwards the line in hand is the first one behind it.
  bool block_text(int column, bool literal, Chomp chomp, std::string& out) {
    std::string_view line;
    std::string_view before = rest_;
    std::string breaks;
    size_t indent = 0;
    bool more = false;
    // The indentation is that of the first line with something in it; blanks above it may not reach further.
    while ((more = raw_line(line))) {
      size_t blanks = skip_blanks(line, 0);
      indent = std::max(indent, blanks);
      if (!is_end(line, blanks)) break;
      if (!ended_) return false;
      breaks += '\n';
      before = rest_;
    }
    if (!more || static_cast<int>(indent) <= column || skip_blanks(line, 0) != indent) return false;
    std::string leading;
    bool blank_before = false;
    while (more) {
      size_t blanks = skip_blanks(line, 0);
      if (is_end(line, blanks) && blanks <= indent) {
        if (!ended_) break;
        breaks += '\n';
      } else if (blanks < indent) {
        break;
      } else {
        std::string_view content = line.substr(indent);
        bool blank = content.front() == ' ';
        if (!literal && leading == "\n" && !blank_before && !blank) {
          if (breaks.empty()) out += ' ';
        } else {
          out += leading;
        }
        out += breaks;
        breaks.clear();
        out += content;
        blank_before = blank;
        leading = ended_ ? "\n" : "";
      }
      before = rest_;
      more = raw_line(line);
    }
    if (chomp != Chomp::kStrip) out += leading;
    if (chomp == Chomp::kKeep) out += breaks;
    rest_ = before;
    next_line();
    return good_;
  }

  std::string_view rest_;
  uint64_t nodes_left_;
  std::vector<SimpleEvent>& events_;
  std::deque<std::string>& pool_;

  std::string_view line_;  // the line in hand
  int column_ = 0;         // where its content starts
  bool found_ = false;     // there is one
  bool ended_ = false;     // the last raw line had a line end
  bool first_ = true;      // no line was taken yet
  bool good_ = true;
  int depth_ = 0;
  Key key_;
};

}  // namespace

bool SimpleEvents::scan(std::string_view text, const Limits& limits) {
  constexpr size_t kBytesAnEvent = 16;  // or more, in most texts
  events_.clear();
  pool_.clear();
  if (text.size() > limits.bytes || limits.depth < kMaxDepth || !has_usual_characters(text)) return false;
  events_.reserve(text.size() / kBytesAnEvent + 8);
  return Scanner(text, limits, events_, pool_).scan();
}

}  // namespace autonomous::yaml
