#include "gitops/yaml/events.h"

#include <yaml.h>

#include <optional>
#include <string>

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

// yaml.v2's parser.fail(): marks count from 0, scanner errors are moved on by one line and parser errors aren't, and
// a mark on the first line names no line at all.
std::string go_problem(const yaml_parser_t& parser) {
  size_t line = 0;
  if (parser.problem_mark.line != 0) {
    line = parser.problem_mark.line + (parser.error == YAML_SCANNER_ERROR ? 1 : 0);
  } else {
    line = parser.context_mark.line;
  }
  std::string text = "yaml: ";
  if (line != 0) text += "line " + std::to_string(line) + ": ";
  return text + (parser.problem != nullptr ? parser.problem : "unknown problem parsing YAML content");
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

  State(std::string_view text, const Limits& given) : limits(given) {
    if (yaml_parser_initialize(&parser) == 0) throw std::bad_alloc();
    yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    yaml_parser_set_encoding(&parser, YAML_ANY_ENCODING);
    if (text.size() > limits.bytes) {
      error = fail(Code::kLimit, "yaml: the text has ", text.size(), " bytes, more than ", limits.bytes);
    }
  }
  ~State() {
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
};

bool Parser::State::fill(Event& out) {
  out = Event{};
  out.start = to_mark(event.start_mark);
  out.end = to_mark(event.end_mark);
  using Type = Event::Type;
  bool node = false;
  switch (event.type) {
    case YAML_DOCUMENT_START_EVENT:
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

Parser::Parser(std::string_view text, const Limits& limits) : state_(std::make_unique<State>(text, limits)) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

bool Parser::next(Event& event) {
  State& state = *state_;
  if (state.error) return false;
  if (state.ended) {
    event = Event{};
    return true;
  }
  do {
    state.drop_event();
    if (yaml_parser_parse(&state.parser, &state.event) == 0) {
      state.error = Error(Code::kInvalid, go_problem(state.parser));
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
