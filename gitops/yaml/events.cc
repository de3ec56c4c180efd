#include "gitops/yaml/events.h"

#include <yaml.h>

#include <algorithm>
#include <optional>
#include <string>

#include "gitops/base/text.h"
#include "gitops/yaml/simple.h"

namespace autonomous::yaml {
namespace {

Mark to_mark(const yaml_mark_t& mark) {
  return {static_cast<uint32_t>(mark.line), static_cast<uint32_t>(mark.column), mark.index};
}

std::string_view view(const yaml_char_t* text) {
  return text == nullptr ? std::string_view() : std::string_view(reinterpret_cast<const char*>(text));
}

Style scalar_style(yaml_scalar_style_t style) {
  switch (style) {
    case YAML_SINGLE_QUOTED_SCALAR_STYLE: return Style::kSingleQuoted;
    case YAML_DOUBLE_QUOTED_SCALAR_STYLE: return Style::kDoubleQuoted;
    case YAML_LITERAL_SCALAR_STYLE: return Style::kLiteral;
    case YAML_FOLDED_SCALAR_STYLE: return Style::kFolded;
    default: return Style::kPlain;
  }
}

// Where the character `index` of `text` starts.
size_t byte_offset(std::string_view text, uint64_t index) {
  size_t at = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
  for (; index > 0 && at < text.size(); --index) {
    ++at;
    while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
  }
  return at;
}

bool is_empty_flow(std::string_view text) {
  if (text.empty() || (text[0] != '{' && text[0] != '[')) return false;
  size_t next = text.find_first_not_of(" \t", 1);
  return next != std::string_view::npos && text[next] == (text[0] == '{' ? '}' : ']');
}

// Whether `text` is one quoted scalar and blank space.
bool is_quoted_whole(std::string_view text) {
  size_t end = text.find_last_not_of(" \t\r\n");
  return end != std::string_view::npos && end > 0 && (text[0] == '\'' || text[0] == '"') && text[end] == text[0];
}

// The line of a %YAML directive for another version than 1.1, if one is among the directives and comments that end
// `above`.
std::optional<size_t> other_version_above(std::string_view above) {
  const auto lines = split(above, '\n');
  for (size_t at = lines.size(); at-- > 0;) {
    std::string_view line = trim(lines[at]);
    if (starts_with(line, "%YAML")) {
      line = trim(line.substr(5));
      if (line.substr(0, line.find_first_of(" \t")) != "1.1") return at;
    } else if (!line.empty() && line.front() != '%' && line.front() != '#') {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// yaml.v2's parser.fail(): marks count from 0, scanner errors are moved on by one line and parser errors aren't, and
// a mark on the first line names no line at all.
std::string go_problem(const yaml_parser_t& parser, std::string_view input) {
  std::string problem = parser.problem != nullptr ? parser.problem : "unknown problem parsing YAML content";
  size_t problem_line = parser.problem_mark.line;
  bool scanner = parser.error == YAML_SCANNER_ERROR;
  if (scanner && parser.context != nullptr && std::string_view(parser.context) == "while scanning a simple key") {
    std::string_view key = input.substr(byte_offset(input, parser.context_mark.index));
    bool at_end = *parser.buffer.pointer == 0 && parser.problem_mark.column != 0;
    // go-yaml looks for lost keys later than libyaml does: at the end of the text, after going to a new line …
    if (at_end && is_quoted_whole(key)) ++problem_line;
    // … and never for `{}` and `[]`, so that its parser comes upon them first.
    bool list = parser.state == YAML_PARSE_BLOCK_SEQUENCE_ENTRY_STATE;
    if (is_empty_flow(key) && (list || parser.state == YAML_PARSE_BLOCK_MAPPING_KEY_STATE ||
                               parser.state == YAML_PARSE_INDENTLESS_SEQUENCE_ENTRY_STATE)) {
      scanner = false;
      problem_line = parser.context_mark.line;
      problem = list ? "did not find expected '-' indicator" : "did not find expected key";
    }
  }
  // go-yaml judges the version as soon as it has read the directives, libyaml takes 1.2, too.
  if (problem == "did not find expected <document start>") {
    size_t at = byte_offset(input, parser.problem_mark.index);
    if (auto directive = other_version_above(input.substr(0, at))) {
      problem = "found incompatible YAML document";
      problem_line = *directive;
    }
  }
  size_t line = problem_line != 0 ? problem_line + (scanner ? 1 : 0) : parser.context_mark.line;
  return "yaml: " + (line != 0 ? "line " + std::to_string(line) + ": " : "") + problem;
}

// yaml.v2 knows the escape \' in double quotes, libyaml doesn't: such a text is read over until nothing is left to put
// right. Few texts have one, so a bound on the rounds costs nobody anything.
std::string without_quote_escapes(std::string_view text) {
  constexpr int kRounds = 20;
  std::string out(text);
  for (int round = 0; round < kRounds; ++round) {
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(out.data()), out.size());
    yaml_token_t token;
    bool more = true;
    bool good = true;
    while (more && good) {
      good = yaml_parser_scan(&parser, &token) != 0;
      more = good && token.type != YAML_STREAM_END_TOKEN;
      if (good) yaml_token_delete(&token);
    }
    size_t at = good ? out.size() : byte_offset(out, parser.problem_mark.index);
    bool unknown = !good && std::string_view(parser.problem) == "found unknown escape character";
    yaml_parser_delete(&parser);
    if (!unknown || out.compare(at, 2, "\\'") != 0) break;
    out.replace(at, 2, "\\x27");
  }
  return out;
}

// libyaml knows the escape \/ in double quotes, yaml.v2 doesn't: the first one becomes one that libyaml refuses, too.
std::string with_refused_slash(std::string_view text) {
  std::string out(text);
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
  yaml_token_t token;
  size_t at = byte_offset(text, 0);  // of the character `index`
  uint64_t index = 0;
  for (bool more = true; more && yaml_parser_scan(&parser, &token) != 0; yaml_token_delete(&token)) {
    more = token.type != YAML_STREAM_END_TOKEN;
    if (token.type != YAML_SCALAR_TOKEN || token.data.scalar.style != YAML_DOUBLE_QUOTED_SCALAR_STYLE) continue;
    for (; index < token.start_mark.index && at < text.size(); ++index) {
      ++at;
      while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) ++at;
    }
    for (size_t i = at + 1; more && i + 1 < text.size() && text[i] != '"'; ++i) {
      if (text[i] != '\\') continue;
      if (text[++i] == '/') {
        out[i] = '!';
        more = false;
      }
    }
  }
  yaml_parser_delete(&parser);
  return out;
}

}  // namespace

struct Parser::State {
  yaml_parser_t parser;
  yaml_event_t event;
  bool have_event = false;
  bool ended = false;
  Limits limits;
  uint32_t flow_depth = 0;
  uint32_t block_depth = 0;
  uint64_t nodes = 0;
  std::string open;  // a character a collection: 'f' flow, 'b' block
  std::optional<Error> error;
  Mark where;

  std::string patched;
  std::string_view text;
  size_t given = 0;  // bytes of `text` that libyaml has

  bool is_simple = false;  // all events are there already, and libyaml was not asked
  SimpleEvents simple;
  size_t simple_at = 0;

  // libyaml takes no null, which is what an empty view may hold.
  State(std::string_view given_text, const Limits& given, Marks marks)
      : limits(given), text(given_text.data() == nullptr ? std::string_view("") : given_text) {
    is_simple = marks == Marks::kUnwanted && simple.scan(text, limits);
    if (!is_simple) start_libyaml();
  }
  void start_libyaml() {
    constexpr size_t kSmall = 4u << 20;
    if (text.size() <= std::min<uint64_t>(limits.bytes, kSmall) && text.find("\\'") != std::string_view::npos) {
      patched = without_quote_escapes(text);
      text = patched;
    }
    if (text.size() <= std::min<uint64_t>(limits.bytes, kSmall) && text.find("\\/") != std::string_view::npos) {
      patched = with_refused_slash(text);
      text = patched;
    }
    if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
    yaml_parser_set_input(&parser, give, this);
    yaml_parser_set_encoding(&parser, YAML_ANY_ENCODING);
    if (text.size() > limits.bytes) {
      error = fail(Code::kLimit, "yaml: the text has ", text.size(), " bytes, more than ", limits.bytes);
    }
  }
  // Go's reader takes 512 bytes at a time and looks no further: in a text with two errors, that decides whether one of
  // its characters or one of its syntax is told. libyaml by itself would take 16 KiB.
  static int give(void* data, unsigned char* buffer, size_t room, size_t* size) {
    constexpr size_t kLibyamlPortion = 16384;
    constexpr size_t kGoPortion = 512;
    auto& state = *static_cast<State*>(data);
    const size_t unread = kLibyamlPortion - std::min(room, kLibyamlPortion);  // bytes of half a character
    *size = std::min({room, kGoPortion - std::min(unread, kGoPortion), state.text.size() - state.given});
    std::copy_n(state.text.data() + state.given, *size, buffer);
    state.given += *size;
    return 1;
  }
  ~State() {
    if (is_simple) return;
    drop_event();
    yaml_parser_delete(&parser);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void drop_event() {
    if (have_event) yaml_event_delete(&event);
    have_event = false;
  }

  bool refuse(Code code, const Mark& mark, const std::string& problem) {
    where = mark;
    std::string line = mark.line != 0 ? "line " + std::to_string(mark.line + 1) + ": " : "";
    error = Error(code, "yaml: " + line + problem);
    return false;
  }

  // As a parser error in yaml.v2, whose lines aren't moved on by one.
  bool refuse_document(const Mark& mark) {
    where = mark;
    std::string line = mark.line != 0 ? "line " + std::to_string(mark.line) + ": " : "";
    error = Error(Code::kInvalid, "yaml: " + line + "found incompatible YAML document");
    return false;
  }

  bool enter(bool flow, const Mark& mark) {
    uint32_t& depth = flow ? flow_depth : block_depth;
    open += flow ? 'f' : 'b';
    if (++depth <= limits.depth) return true;
    return refuse(Code::kLimit, mark, "exceeded max depth of " + std::to_string(limits.depth));
  }

  void leave() {
    if (open.empty()) return;
    --(open.back() == 'f' ? flow_depth : block_depth);
    open.pop_back();
  }

  bool fill(Event& out);

  bool next_simple(Event& out) {
    const std::vector<SimpleEvent>& events = simple.events();
    const SimpleEvent& from = events[simple_at];
    if (simple_at + 1 < events.size()) ++simple_at;
    out = Event{};
    out.type = from.type;
    out.style = from.style;
    bool scalar = from.type == Event::Type::kScalar;
    (scalar ? out.plain_implicit : out.implicit) = from.implicit;
    out.text = from.text;
    return true;
  }
};

bool Parser::State::fill(Event& out) {
  out = Event{};
  out.start = to_mark(event.start_mark);
  out.end = to_mark(event.end_mark);
  using Type = Event::Type;
  bool node = false;
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
      if (const auto* version = event.data.document_start.version_directive;
          version != nullptr && (version->major != 1 || version->minor != 1)) {  // libyaml takes 1.2, too
        return refuse_document(out.start);
      }
      out.type = Type::kDocumentStart;
      out.implicit = event.data.document_start.implicit != 0;
      break;
    case YAML_DOCUMENT_END_EVENT:
      out.type = Type::kDocumentEnd;
      out.implicit = event.data.document_end.implicit != 0;
      break;
    case YAML_ALIAS_EVENT:
      out.type = Type::kAlias;
      out.anchor = view(event.data.alias.anchor);
      node = true;
      break;
    case YAML_SCALAR_EVENT: {
      const auto& scalar = event.data.scalar;
      out.type = Type::kScalar;
      out.text = {reinterpret_cast<const char*>(scalar.value), scalar.length};
      out.tag = view(scalar.tag);
      out.anchor = view(scalar.anchor);
      out.plain_implicit = scalar.plain_implicit != 0;
      out.style = scalar_style(scalar.style);
      node = true;
      break;
    }
    case YAML_SEQUENCE_START_EVENT:
      out.type = Type::kListStart;
      out.tag = view(event.data.sequence_start.tag);
      out.anchor = view(event.data.sequence_start.anchor);
      out.style = event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE ? Style::kFlow : Style::kBlock;
      node = true;
      break;
    case YAML_MAPPING_START_EVENT:
      out.type = Type::kMapStart;
      out.tag = view(event.data.mapping_start.tag);
      out.anchor = view(event.data.mapping_start.anchor);
      out.style = event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE ? Style::kFlow : Style::kBlock;
      node = true;
      break;
    case YAML_SEQUENCE_END_EVENT:
      out.type = Type::kListEnd;
      leave();
      break;
    case YAML_MAPPING_END_EVENT:
      out.type = Type::kMapEnd;
      leave();
      break;
    default:
      out.type = Type::kStreamEnd;
      ended = true;
      break;
  }
  if (node && ++nodes > limits.nodes) {
    return refuse(Code::kLimit, out.start, "the text has more than " + std::to_string(limits.nodes) + " nodes");
  }
  if (out.type == Type::kListStart || out.type == Type::kMapStart) return enter(out.style == Style::kFlow, out.start);
  return true;
}

Parser::Parser(std::string_view text, const Limits& limits, Marks marks)
    : state_(std::make_unique<State>(text, limits, marks)) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

bool Parser::next(Event& event) {
  State& state = *state_;
  if (state.is_simple) return state.next_simple(event);
  if (state.error) return false;
  if (state.ended) {
    event = Event{};
    return true;
  }
  do {
    state.drop_event();
    if (yaml_parser_parse(&state.parser, &state.event) == 0) {
      state.error = Error(Code::kInvalid, go_problem(state.parser, state.text));
      state.where = to_mark(state.parser.problem_mark);
      return false;
    }
    state.have_event = true;
  } while (state.event.type == YAML_STREAM_START_EVENT);
  return state.fill(event);
}

const Error& Parser::error() const { return *state_->error; }
Mark Parser::where() const { return state_->where; }

}  // namespace autonomous::yaml
