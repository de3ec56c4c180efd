// Parser: tokens to trees, by recursive descent, in the shape of Go's grammar:
//
//   file     = { text | define | action }
//   action   = if | range | with | template | block | break | continue | pipeline
//   pipeline = [ $x { , $y } ( := | = ) ] command { "|" command }
//   command  = operand { space operand }
//   operand  = term { .field }
//   term     = literal | function | . | .field | $x | ( pipeline )
//
// Private to render/template: engine.h's parse_template is the way in. Errors leave as ParseError and are caught there.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "render/template/lexer.h"
#include "render/template/tree.h"

namespace autonomous::render {

struct ParseError {
  std::string text;
};

class Parser {
 public:
  // Fills file.trees. Throws ParseError with Go's text.
  Parser(ParsedFile& file, const Library& library) : file_(file), library_(library), lexer_(file.text) {}
  void parse_file();

 private:
  // Each define and block starts afresh with its variables and depths.
  struct Scope {
    std::vector<uint32_t> variables;
    int range_depth = 0;
    int parentheses = 0;
    static constexpr uint32_t kNoAction = UINT32_MAX;
    uint32_t action_at = kNoAction;  // where the action in hand starts
  };
  enum class Control : uint8_t { kIf, kRange, kWith };

  // Tokens, with three of them to push back.
  Token next();
  Token peek();
  void backup() { ++peeked_; }
  void backup(Token one);
  void backup(Token two, Token one);
  Token next_non_space();
  Token peek_non_space();
  Token expect(TokenKind kind, std::string_view context);

  [[noreturn]] void fail(const std::string& message);
  [[noreturn]] void unexpected(const Token& token, std::string_view context);

  void parse_definition();
  void add_tree(std::string_view name, ListNode* root);
  ListNode* parse_list(const Node*& end);
  Node* parse_text_or_action();
  Node* parse_action();
  Node* parse_break_or_continue(const Token& token, NodeKind kind);
  Node* parse_control(Control control);
  ListNode* parse_else(Control control, const Node* at);
  Node* parse_else_mark();
  Node* parse_block();
  Node* parse_template_call();
  std::string_view parse_template_name(const Token& token, std::string_view context);

  PipeNode* parse_pipeline(std::string_view context, TokenKind end);
  void parse_declarations(PipeNode* pipe, std::string_view context);
  void declare(const Token& token);
  void check_pipeline(const PipeNode& pipe, std::string_view context);
  CommandNode* parse_command();
  Node* parse_operand();
  Node* parse_fields(Node* node);
  Names with_fields(Names names);
  Node* parse_term();
  Node* parse_parentheses();
  Node* parse_number(const Token& token);
  void read_complex(const Token& token, NumberNode* number);
  void read_imaginary(NumberNode* number, double real, double imaginary);
  Node* parse_string(const Token& token);
  Node* use_variable(const Token& token);
  std::string_view unquote(const Token& token);

  template <typename T>
  T* make(NodeKind kind, uint32_t position) {
    T* node = file_.arena.make<T>();
    node->kind = kind;
    node->position = position;
    return node;
  }
  // Nodes are gathered on one stack, each list above those that it lies in, and cut off at its end.
  template <typename T>
  NodeArray<T> keep_above(size_t mark) {
    size_t count = gathered_.size() - mark;
    T** items = file_.arena.array<T*>(count);
    for (size_t i = 0; i < count; ++i) items[i] = static_cast<T*>(gathered_[mark + i]);
    gathered_.resize(mark);
    return {items, static_cast<uint32_t>(count)};
  }
  Names keep_name(std::string_view name);
  uint32_t variable_id(std::string_view name);

  ParsedFile& file_;
  const Library& library_;
  Lexer lexer_;
  std::array<Token, 3> tokens_;
  int peeked_ = 0;
  int nesting_ = 0;
  Scope scope_;
  std::vector<Node*> gathered_;
  std::vector<Key> fields_;  // of the chain in hand
  std::unordered_map<std::string_view, uint32_t> variable_ids_;
};

}  // namespace autonomous::render
