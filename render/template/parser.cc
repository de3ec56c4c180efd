#include "render/template/parser.h"

#include <algorithm>

#include "render/template/engine.h"
#include "render/template/format.h"
#include "render/template/literal.h"

namespace autonomous::render {
namespace {

// Our limit, so that a file of nothing but {{if 1}} cannot use up the stack. Go has none before its own stack's.
constexpr int kMaxNesting = 10'000;

bool is_plain_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool ends_list(const Node* node) { return node->kind == NodeKind::kEnd || node->kind == NodeKind::kElse; }

class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }

 private:
  int& depth_;
};

}  // namespace

Token Parser::next() {
  if (peeked_ > 0) return tokens_[static_cast<size_t>(--peeked_)];
  return tokens_[0] = lexer_.next();
}

Token Parser::peek() {
  if (peeked_ > 0) return tokens_[static_cast<size_t>(peeked_ - 1)];
  peeked_ = 1;
  return tokens_[0] = lexer_.next();
}

void Parser::backup(Token one) {
  tokens_[1] = one;
  peeked_ = 2;
}

void Parser::backup(Token two, Token one) {
  tokens_[1] = one;
  tokens_[2] = two;
  peeked_ = 3;
}

Token Parser::next_non_space() {
  for (;;) {
    Token token = next();
    if (token.kind != TokenKind::kSpace) return token;
  }
}

Token Parser::peek_non_space() {
  Token token = next_non_space();
  backup();
  return token;
}

Token Parser::expect(TokenKind kind, std::string_view context) {
  Token token = next_non_space();
  if (token.kind != kind) unexpected(token, context);
  return token;
}

// The line is that of the token read last, as in Go, not that of the construct.
void Parser::fail(const std::string& message) {
  throw ParseError{"template: " + file_.name + ":" + std::to_string(line_of(file_.text, tokens_[0].position)) + ": " +
                   message};
}

void Parser::unexpected(const Token& token, std::string_view context) {
  if (token.kind != TokenKind::kError) fail("unexpected " + show(token) + " in " + std::string(context));
  std::string extra;
  uint32_t start = scope_.action_at == Scope::kNoAction ? 0 : line_of(file_.text, scope_.action_at);
  if (start != 0 && start != line_of(file_.text, token.position)) {
    extra = " in action started at " + file_.name + ":" + std::to_string(start);
    if (token.text.ends_with(" action")) extra.erase(0, std::string_view(" in action").size());
  }
  fail(show(token) + extra);
}

Names Parser::keep_name(std::string_view name) { return {new (file_.arena.array<Key>(1)) Key(name), 1}; }

uint32_t Parser::variable_id(std::string_view name) {
  return variable_ids_.emplace(name, static_cast<uint32_t>(variable_ids_.size())).first->second;
}

void Parser::parse_file() {
  scope_.variables = {variable_id("$")};
  auto* root = make<ListNode>(NodeKind::kList, peek().position);
  while (peek().kind != TokenKind::kEof) {
    if (peek().kind == TokenKind::kLeftDelim) {
      Token delimiter = next();
      if (next_non_space().kind == TokenKind::kDefine) {
        parse_definition();
        continue;
      }
      backup(delimiter);
    }
    Node* node = parse_text_or_action();
    if (ends_list(node)) fail("unexpected " + show(node));
    gathered_.push_back(node);
  }
  root->nodes = keep_above<Node>(0);
  add_tree(file_.name, root);
}

void Parser::parse_definition() {
  constexpr std::string_view kContext = "define clause";
  Scope outer = std::exchange(scope_, Scope{.variables = {0}});
  Token token = next_non_space();
  std::string_view name = parse_template_name(token, kContext);
  expect(TokenKind::kRightDelim, kContext);
  const Node* end = nullptr;
  ListNode* root = parse_list(end);
  if (end->kind != NodeKind::kEnd) fail("unexpected " + show(end) + " in " + std::string(kContext));
  add_tree(name, root);
  scope_ = std::move(outer);
}

void Parser::add_tree(std::string_view name, ListNode* root) {
  bool empty = is_empty(root);
  for (Tree* tree : file_.trees) {
    if (tree->name != name) continue;
    if (!tree->empty && !empty) fail("template: multiple definition of template " + quote_go(name));
    if (tree->empty) {
      tree->root = root;
      tree->empty = empty;
    }
    return;
  }
  Tree* tree = file_.arena.make<Tree>();
  *tree = {.name = name, .file = &file_, .root = root, .empty = empty};
  file_.trees.push_back(tree);
}

// Up to {{end}} or {{else}}, which is given in `end`.
ListNode* Parser::parse_list(const Node*& end) {
  Deeper deeper(nesting_);
  if (nesting_ > kMaxNesting) fail("max nesting depth exceeded");
  auto* list = make<ListNode>(NodeKind::kList, peek_non_space().position);
  size_t mark = gathered_.size();
  while (peek_non_space().kind != TokenKind::kEof) {
    Node* node = parse_text_or_action();
    if (ends_list(node)) {
      list->nodes = keep_above<Node>(mark);
      end = node;
      return list;
    }
    gathered_.push_back(node);
  }
  fail("unexpected EOF");
}

Node* Parser::parse_text_or_action() {
  Token token = next_non_space();
  if (token.kind == TokenKind::kText) {
    auto* text = make<TextNode>(NodeKind::kText, token.position);
    text->text = token.text;
    return text;
  }
  if (token.kind != TokenKind::kLeftDelim) unexpected(token, "input");
  scope_.action_at = token.position;
  Node* node = parse_action();
  scope_.action_at = Scope::kNoAction;
  return node;
}

Node* Parser::parse_action() {
  Token token = next_non_space();
  switch (token.kind) {
    case TokenKind::kBlock: return parse_block();
    case TokenKind::kBreak: return parse_break_or_continue(token, NodeKind::kBreak);
    case TokenKind::kContinue: return parse_break_or_continue(token, NodeKind::kContinue);
    case TokenKind::kElse: return parse_else_mark();
    case TokenKind::kEnd: return make<Node>(NodeKind::kEnd, expect(TokenKind::kRightDelim, "end").position);
    case TokenKind::kIf: return parse_control(Control::kIf);
    case TokenKind::kRange: return parse_control(Control::kRange);
    case TokenKind::kWith: return parse_control(Control::kWith);
    case TokenKind::kTemplate: return parse_template_call();
    default: break;
  }
  backup();
  auto* action = make<ActionNode>(NodeKind::kAction, peek().position);
  action->pipe = parse_pipeline("command", TokenKind::kRightDelim);
  return action;
}

Node* Parser::parse_break_or_continue(const Token& token, NodeKind kind) {
  std::string name = kind == NodeKind::kBreak ? "{{break}}" : "{{continue}}";
  Token end = next_non_space();
  if (end.kind != TokenKind::kRightDelim) unexpected(end, name);
  if (scope_.range_depth == 0) fail(name + " outside {{range}}");
  return make<Node>(kind, token.position);
}

Node* Parser::parse_control(Control control) {
  Deeper deeper(nesting_);  // {{else if}} nests without a list of its own
  if (nesting_ > kMaxNesting) fail("max nesting depth exceeded");
  static constexpr std::string_view kNames[] = {"if", "range", "with"};
  static constexpr NodeKind kKinds[] = {NodeKind::kIf, NodeKind::kRange, NodeKind::kWith};
  auto which = static_cast<size_t>(control);
  size_t variables = scope_.variables.size();
  PipeNode* pipe = parse_pipeline(kNames[which], TokenKind::kRightDelim);
  if (control == Control::kRange) ++scope_.range_depth;
  const Node* end = nullptr;
  ListNode* list = parse_list(end);
  if (control == Control::kRange) --scope_.range_depth;
  auto* branch = make<BranchNode>(kKinds[which], pipe->position);
  branch->pipe = pipe;
  branch->list = list;
  branch->otherwise = end->kind == NodeKind::kElse ? parse_else(control, end) : nullptr;
  scope_.variables.resize(variables);
  return branch;
}

// {{else if x}}…{{end}} is {{else}}{{if x}}…{{end}}{{end}} with one {{end}} for both; so is {{else with x}}.
ListNode* Parser::parse_else(Control control, const Node* at) {
  TokenKind again = control == Control::kIf     ? TokenKind::kIf
                    : control == Control::kWith ? TokenKind::kWith
                                                : TokenKind::kEof;
  if (again != TokenKind::kEof && peek().kind == again) {
    next();
    auto* list = make<ListNode>(NodeKind::kList, at->position);
    size_t mark = gathered_.size();
    gathered_.push_back(parse_control(control));
    list->nodes = keep_above<Node>(mark);
    return list;
  }
  const Node* end = nullptr;
  ListNode* list = parse_list(end);
  if (end->kind != NodeKind::kEnd) fail("expected end; found " + show(end));
  return list;
}

Node* Parser::parse_else_mark() {
  Token token = peek_non_space();
  if (token.kind == TokenKind::kIf || token.kind == TokenKind::kWith)
    return make<Node>(NodeKind::kElse, token.position);
  return make<Node>(NodeKind::kElse, expect(TokenKind::kRightDelim, "else").position);
}

Node* Parser::parse_block() {
  constexpr std::string_view kContext = "block clause";
  Token token = next_non_space();
  std::string_view name = parse_template_name(token, kContext);
  PipeNode* pipe = parse_pipeline(kContext, TokenKind::kRightDelim);
  Scope outer = std::exchange(scope_, Scope{.variables = {0}});
  Token head_end = tokens_[0];
  const Node* end = nullptr;
  ListNode* root = parse_list(end);
  if (end->kind != NodeKind::kEnd) {
    tokens_[0] = head_end;  // Go parses the body apart: its block's own last token is this one
    fail("unexpected " + show(end) + " in " + std::string(kContext));
  }
  add_tree(name, root);
  scope_ = std::move(outer);
  auto* call = make<TemplateNode>(NodeKind::kTemplate, token.position);
  call->name = Key(name);
  call->pipe = pipe;
  return call;
}

Node* Parser::parse_template_call() {
  constexpr std::string_view kContext = "template clause";
  Token token = next_non_space();
  std::string_view name = parse_template_name(token, kContext);
  auto* call = make<TemplateNode>(NodeKind::kTemplate, token.position);
  call->name = Key(name);
  if (next_non_space().kind == TokenKind::kRightDelim) return call;
  backup();
  call->pipe = parse_pipeline(kContext, TokenKind::kRightDelim);
  return call;
}

std::string_view Parser::parse_template_name(const Token& token, std::string_view context) {
  if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) unexpected(token, context);
  return unquote(token);
}

std::string_view Parser::unquote(const Token& token) {
  std::string_view body = token.text.substr(1, token.text.size() - 2);
  // Most literals are their own value: no copy then.
  bool plain = body.find(token.kind == TokenKind::kString ? '\\' : '\r') == std::string_view::npos;
  if (plain && (token.kind == TokenKind::kRawString || is_plain_ascii(body))) return body;
  auto text = unquote_go(token.text);
  if (!text) fail("invalid syntax");
  return file_.arena.copy(*text);
}

Result<std::shared_ptr<const ParsedFile>> parse_template(std::string_view name, std::string text,
                                                         const Library& library) {
  auto file = std::make_shared<ParsedFile>(name, std::move(text));
  if (file->text.size() >= UINT32_MAX) return fail(Code::kLimit, "template: ", name, ": too large");
  try {
    Parser(*file, library).parse_file();
  } catch (const ParseError& error) {
    return Error(Code::kInvalid, error.text);
  }
  return std::shared_ptr<const ParsedFile>(std::move(file));
}

}  // namespace autonomous::render
