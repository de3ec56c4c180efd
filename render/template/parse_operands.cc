// The inside of an action: pipelines, commands, operands, literals.
#include <cmath>

#include "render/template/format.h"
#include "render/template/literal.h"
#include "render/template/parser.h"

namespace autonomous::render {
namespace {

constexpr int kMaxParentheses = 10'000;  // Go's

bool starts_operand(TokenKind kind) {
  switch (kind) {
    case TokenKind::kBool:
    case TokenKind::kCharConstant:
    case TokenKind::kComplex:
    case TokenKind::kDot:
    case TokenKind::kField:
    case TokenKind::kIdentifier:
    case TokenKind::kNumber:
    case TokenKind::kNil:
    case TokenKind::kRawString:
    case TokenKind::kString:
    case TokenKind::kVariable:
    case TokenKind::kLeftParen: return true;
    default: return false;
  }
}

}  // namespace

PipeNode* Parser::parse_pipeline(std::string_view context, TokenKind end) {
  auto* pipe = make<PipeNode>(NodeKind::kPipe, peek_non_space().position);
  parse_declarations(pipe, context);
  size_t mark = gathered_.size();
  for (;;) {
    Token token = next_non_space();
    if (token.kind == end) break;
    if (!starts_operand(token.kind)) unexpected(token, context);
    backup();
    gathered_.push_back(parse_command());
  }
  pipe->commands = keep_above<CommandNode>(mark);
  check_pipeline(*pipe, context);
  return pipe;
}

// "$x :=", "$x =", in a range also "$x, $y :=". A variable that nothing of this follows is an operand: push it back.
void Parser::parse_declarations(PipeNode* pipe, std::string_view context) {
  size_t mark = gathered_.size();
  while (peek_non_space().kind == TokenKind::kVariable) {
    Token variable = next_non_space();
    // A space is a token, so "$x foo" needs three tokens of look-ahead to tell that this is no declaration.
    Token after = peek();
    Token following = peek_non_space();
    if (following.kind == TokenKind::kAssign || following.kind == TokenKind::kDeclare) {
      pipe->assigns = following.kind == TokenKind::kAssign;
      next_non_space();
      declare(variable);
      break;
    }
    if (following.kind == TokenKind::kChar && following.text == ",") {
      next_non_space();
      declare(variable);
      if (context != "range" || gathered_.size() - mark >= 2) fail("too many declarations in " + std::string(context));
      TokenKind kind = peek_non_space().kind;
      if (kind != TokenKind::kVariable && kind != TokenKind::kRightDelim && kind != TokenKind::kRightParen) {
        fail("range can only initialize variables");
      }
      continue;
    }
    if (after.kind == TokenKind::kSpace) {
      backup(variable, after);
    } else {
      backup(variable);
    }
    break;
  }
  pipe->variables = keep_above<VariableNode>(mark);
}

void Parser::declare(const Token& token) {
  auto* node = make<VariableNode>(NodeKind::kVariable, token.position);
  node->id = variable_id(token.text);
  node->names = keep_name(token.text);
  gathered_.push_back(node);
  scope_.variables.push_back(node->id);
}

void Parser::check_pipeline(const PipeNode& pipe, std::string_view context) {
  if (pipe.commands.count == 0) fail("missing value for " + std::string(context));
  for (uint32_t i = 1; i < pipe.commands.count; ++i) {
    switch (pipe.commands[i]->arguments[0]->kind) {
      case NodeKind::kBool:
      case NodeKind::kDot:
      case NodeKind::kNil:
      case NodeKind::kNumber:
      case NodeKind::kString: fail("non executable command in pipeline stage " + std::to_string(i + 1));
      default: break;
    }
  }
}

CommandNode* Parser::parse_command() {
  auto* command = make<CommandNode>(NodeKind::kCommand, peek_non_space().position);
  size_t mark = gathered_.size();
  for (;;) {
    peek_non_space();
    if (Node* operand = parse_operand()) gathered_.push_back(operand);
    Token token = next();
    if (token.kind == TokenKind::kSpace) continue;
    if (token.kind == TokenKind::kRightDelim || token.kind == TokenKind::kRightParen) {
      backup();
    } else if (token.kind != TokenKind::kPipe) {
      unexpected(token, "operand");
    }
    break;
  }
  if (gathered_.size() == mark) fail("empty command");
  command->arguments = keep_above<Node>(mark);
  return command;
}

Node* Parser::parse_operand() {
  Node* node = parse_term();
  return node != nullptr && peek().kind == TokenKind::kField ? parse_fields(node) : node;
}

// Fields behind a field or a variable make a longer one of the same kind; behind anything else they make a chain.
Node* Parser::parse_fields(Node* node) {
  uint32_t position = peek().position;
  switch (node->kind) {
    case NodeKind::kField: {
      auto* field = static_cast<FieldNode*>(node);
      field->position = position;
      field->names = with_fields(field->names);
      return field;
    }
    case NodeKind::kVariable: {
      auto* variable = static_cast<VariableNode*>(node);
      variable->position = position;
      variable->names = with_fields(variable->names);
      return variable;
    }
    case NodeKind::kBool:
    case NodeKind::kString:
    case NodeKind::kNumber:
    case NodeKind::kNil:
    case NodeKind::kDot:
      with_fields({});  // Go has read them when it says so
      fail("unexpected . after term " + quote_go(show(node)));
    default: break;
  }
  auto* chain = make<ChainNode>(NodeKind::kChain, position);
  chain->node = node;
  chain->names = with_fields({});
  return chain;
}

// `names`, and the fields that follow.
Names Parser::with_fields(Names names) {
  fields_.assign(names.items, names.items + names.count);
  while (peek().kind == TokenKind::kField) fields_.emplace_back(next().text.substr(1));
  Key* items = file_.arena.array<Key>(fields_.size());
  std::copy(fields_.begin(), fields_.end(), items);
  return {items, static_cast<uint32_t>(fields_.size())};
}

// Null: the next token starts no term.
Node* Parser::parse_term() {
  Token token = next_non_space();
  switch (token.kind) {
    case TokenKind::kIdentifier: {
      const Library::Row* row = library_.find(token.text);
      if (row == nullptr) fail("function " + quote_go(token.text) + " not defined");
      auto* node = make<IdentifierNode>(NodeKind::kIdentifier, token.position);
      node->name = token.text;
      node->row = row;
      return node;
    }
    case TokenKind::kDot: return make<Node>(NodeKind::kDot, token.position);
    case TokenKind::kNil: return make<Node>(NodeKind::kNil, token.position);
    case TokenKind::kVariable: return use_variable(token);
    case TokenKind::kField: {
      auto* node = make<FieldNode>(NodeKind::kField, token.position);
      node->names = keep_name(token.text.substr(1));
      return node;
    }
    case TokenKind::kBool: {
      auto* node = make<BoolNode>(NodeKind::kBool, token.position);
      node->value = token.text == "true";
      return node;
    }
    case TokenKind::kCharConstant:
    case TokenKind::kComplex:
    case TokenKind::kNumber: return parse_number(token);
    case TokenKind::kLeftParen: return parse_parentheses();
    case TokenKind::kString:
    case TokenKind::kRawString: return parse_string(token);
    default: break;
  }
  backup();
  return nullptr;
}

Node* Parser::parse_parentheses() {
  if (scope_.parentheses >= kMaxParentheses) fail("max expression depth exceeded");
  ++scope_.parentheses;
  Node* pipe = parse_pipeline("parenthesized pipeline", TokenKind::kRightParen);
  --scope_.parentheses;
  return pipe;
}

Node* Parser::parse_string(const Token& token) {
  auto* node = make<StringNode>(NodeKind::kString, token.position);
  node->quoted = token.text;
  node->value = Value::of(unquote(token));
  return node;
}

Node* Parser::use_variable(const Token& token) {
  uint32_t id = variable_id(token.text);
  bool known = false;
  for (uint32_t variable : scope_.variables) known = known || variable == id;
  if (!known) fail("undefined variable " + quote_go(token.text));
  auto* node = make<VariableNode>(NodeKind::kVariable, token.position);
  node->id = id;
  node->names = keep_name(token.text);
  return node;
}

// A number may be several things at once: "1" is an int, a uint and a float; what it is used for decides.
Node* Parser::parse_number(const Token& token) {
  auto* number = make<NumberNode>(NodeKind::kNumber, token.position);
  number->text = token.text;
  if (token.kind == TokenKind::kCharConstant) {
    Character character = unquote_character(token.text);
    if (!character.error.empty()) fail(character.error);
    number->is_int = number->is_uint = number->is_float = true;
    number->integer = character.rune;
    number->floating = character.rune;
    return number;
  }
  if (token.kind == TokenKind::kComplex) {
    read_complex(token, number);
    return number;
  }
  if (token.text.ends_with('i')) {
    if (auto imaginary = parse_float(token.text.substr(0, token.text.size() - 1))) {
      read_imaginary(number, 0, imaginary.value);
      return number;
    }
  }
  if (auto parsed = parse_uint(token.text, 0)) {
    number->is_uint = true;
    number->integer = parsed.value;
  }
  if (auto parsed = parse_int(token.text, 0)) {
    number->is_int = true;
    number->integer = static_cast<uint64_t>(parsed.value);
    if (parsed.value == 0) number->is_uint = true;  // -0
  }
  if (number->is_int || number->is_uint) {
    number->is_float = true;
    number->floating = number->is_int ? static_cast<double>(static_cast<int64_t>(number->integer))
                                      : static_cast<double>(number->integer);
    return number;
  }
  auto parsed = parse_float(token.text);
  if (!parsed) fail("illegal number syntax: " + quote_go(token.text));
  if (token.text.find_first_of(".eEpP") == std::string_view::npos) fail("integer overflow: " + quote_go(token.text));
  number->is_float = true;
  number->floating = parsed.value;
  double whole = std::trunc(parsed.value);
  if (whole != parsed.value) return number;
  if (whole >= -0x1p63 && whole < 0x1p63) {
    number->is_int = true;
    number->integer = static_cast<uint64_t>(static_cast<int64_t>(whole));
  }
  if (whole >= 0 && whole < 0x1p64) {
    number->is_uint = true;
    number->integer = static_cast<uint64_t>(whole);
  }
  return number;
}

// "1+2i": the lexer has made sure of the sign in the middle and the i.
void Parser::read_complex(const Token& token, NumberNode* number) {
  size_t split = token.text.find_first_of("+-", 1);
  while (split != std::string_view::npos && (token.text[split - 1] | 0x20) == 'e') {
    split = token.text.find_first_of("+-", split + 1);
  }
  auto real = parse_float(token.text.substr(0, split));
  auto imaginary = parse_float(token.text.substr(split, token.text.size() - split - 1));
  if (!real || !imaginary) fail("syntax error scanning complex number");
  read_imaginary(number, real.value, imaginary.value);
}

void Parser::read_imaginary(NumberNode* number, double real, double imaginary) {
  number->is_complex = true;
  number->complex = file_.arena.make<std::complex<double>>(real, imaginary);
  if (imaginary != 0) return;
  number->is_float = true;
  number->floating = real;
  if (std::trunc(real) != real) return;
  number->is_int = real >= -0x1p63 && real < 0x1p63;
  number->is_uint = real >= 0 && real < 0x1p64;
  if (number->is_int) number->integer = static_cast<uint64_t>(static_cast<int64_t>(real));
  else if (number->is_uint) number->integer = static_cast<uint64_t>(real);
}

}  // namespace autonomous::render
