// Tree: what a template parses to. Nodes live in the ParsedFile's arena, know their place in the text and can print
// themselves as Go's nodes do, because error texts show them. Immutable after parsing; any thread may read.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "render/template/arena.h"
#include "render/template/function.h"
#include "render/template/value.h"

namespace autonomous::render {

class ParsedFile;

enum class NodeKind : uint8_t {
  kText,
  kAction,
  kBool,
  kChain,
  kCommand,
  kDot,
  kField,
  kIdentifier,
  kIf,
  kList,
  kNil,
  kNumber,
  kPipe,
  kRange,
  kString,
  kTemplate,
  kVariable,
  kWith,
  kBreak,
  kContinue,
  kEnd,
  kElse,  // while parsing only
};

struct Node {
  NodeKind kind;
  uint32_t position;  // of its first byte in the file's text
};
template <typename T>
struct NodeArray {
  T* const* items = nullptr;
  uint32_t count = 0;
  T* const* begin() const { return items; }
  T* const* end() const { return items + count; }
  T* operator[](size_t i) const { return items[i]; }
};
struct Names {  // of a chain of fields
  const Key* items = nullptr;
  uint32_t count = 0;
};

struct ListNode : Node {
  NodeArray<Node> nodes;
};
struct TextNode : Node {
  std::string_view text;
};
struct VariableNode : Node {
  uint32_t id = 0;  // the same name has the same id in one file
  Names names;      // $name first, then fields
};
struct CommandNode : Node {
  NodeArray<Node> arguments;
};
struct PipeNode : Node {
  bool assigns = false;  // = and not :=
  NodeArray<VariableNode> variables;
  NodeArray<CommandNode> commands;
};
struct ActionNode : Node {
  PipeNode* pipe;
};
struct BranchNode : Node {  // if, with, range
  PipeNode* pipe;
  ListNode* list;
  ListNode* otherwise;  // may be null
};
struct TemplateNode : Node {
  Key name;
  PipeNode* pipe;  // may be null
};
struct IdentifierNode : Node {
  std::string_view name;
  const Library::Row* row;
};
struct FieldNode : Node {
  Names names;
};
struct ChainNode : Node {
  Node* node;
  Names names;
};
struct BoolNode : Node {
  bool value;
};
struct StringNode : Node {
  std::string_view quoted;
  Value value;
};
struct NumberNode : Node {
  bool is_int = false, is_uint = false, is_float = false, is_complex = false;
  std::string_view text;
  uint64_t integer = 0;  // int64 or uint64
  double floating = 0;
  const std::complex<double>* complex = nullptr;
};
static_assert(sizeof(NumberNode) <= 64 && sizeof(PipeNode) <= 64 && sizeof(BranchNode) <= 64);

// One template: the file's own or a define.
struct Tree {
  std::string_view name;
  const ParsedFile* file = nullptr;
  ListNode* root = nullptr;
  bool empty = false;  // nothing but space and comments: replaces no other definition
};

class ParsedFile {
 public:
  ParsedFile(std::string_view name, std::string text)
      : name(name), text(std::move(text)), arena(Arena::kNoLimit, first_block(this->text.size())) {}
  const std::string name;  // in error texts
  const std::string text;
  Arena arena;
  std::vector<Tree*> trees;
  // A tree takes some times the bytes of its text. The texts of `tpl` are short, and there may be thousands of them.
  static size_t first_block(size_t text) { return std::min(512 + 6 * text, Arena::kUsualBlock); }
  size_t bytes() const { return sizeof *this + text.capacity() + arena.used(); }  // of memory, about
};

// The node as what its kind says it is.
template <typename T>
const T& as(const Node* node) {
  return *static_cast<const T*>(node);
}

// Go's node.String().
void show(std::string& out, const Node* node);
inline std::string show(const Node* node) {
  std::string out;
  show(out, node);
  return out;
}
// "NAME:LINE:COLUMN", the column counted in bytes from 0.
std::string location(const ParsedFile& file, uint32_t position);
uint32_t line_of(std::string_view text, uint32_t position);
// Nothing but space (and comments, which are not in the tree).
bool is_empty(const ListNode* list);

}  // namespace autonomous::render
