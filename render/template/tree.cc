#include "render/template/tree.h"

#include <algorithm>

#include "render/template/format.h"
#include "render/template/unicode.h"

namespace autonomous::render {
namespace {

void show_parenthesized(std::string& out, const Node* node) {
  bool pipe = node->kind == NodeKind::kPipe;
  if (pipe) out += '(';
  show(out, node);
  if (pipe) out += ')';
}

void show_pipe(std::string& out, const PipeNode& pipe) {
  for (uint32_t i = 0; i < pipe.variables.count; ++i) {
    if (i > 0) out += ", ";
    show(out, pipe.variables[i]);
  }
  if (pipe.variables.count > 0) out += pipe.assigns ? " = " : " := ";
  for (uint32_t i = 0; i < pipe.commands.count; ++i) {
    if (i > 0) out += " | ";
    show(out, pipe.commands[i]);
  }
}

void show_branch(std::string& out, const BranchNode& branch) {
  out += branch.kind == NodeKind::kIf ? "{{if " : branch.kind == NodeKind::kWith ? "{{with " : "{{range ";
  show(out, branch.pipe);
  out += "}}";
  show(out, branch.list);
  if (branch.otherwise != nullptr) {
    out += "{{else}}";
    show(out, branch.otherwise);
  }
  out += "{{end}}";
}

void show_template(std::string& out, const TemplateNode& node) {
  out += "{{template ";
  quote_go(out, node.name.text());
  if (node.pipe != nullptr) {
    out += ' ';
    show(out, node.pipe);
  }
  out += "}}";
}

void show_fields(std::string& out, const Names& names, uint32_t from) {
  for (uint32_t i = from; i < names.count; ++i) {
    out += '.';
    out += names.items[i].text();
  }
}

}  // namespace

void show(std::string& out, const Node* node) {
  switch (node->kind) {
    case NodeKind::kText: out += as<TextNode>(node).text; break;
    case NodeKind::kAction:
      out += "{{";
      show(out, as<ActionNode>(node).pipe);
      out += "}}";
      break;
    case NodeKind::kBool: out += as<BoolNode>(node).value ? "true" : "false"; break;
    case NodeKind::kChain:
      show_parenthesized(out, as<ChainNode>(node).node);
      show_fields(out, as<ChainNode>(node).names, 0);
      break;
    case NodeKind::kCommand: {
      const auto& arguments = as<CommandNode>(node).arguments;
      for (uint32_t i = 0; i < arguments.count; ++i) {
        if (i > 0) out += ' ';
        show_parenthesized(out, arguments[i]);
      }
      break;
    }
    case NodeKind::kDot: out += '.'; break;
    case NodeKind::kField: show_fields(out, as<FieldNode>(node).names, 0); break;
    case NodeKind::kIdentifier: out += as<IdentifierNode>(node).name; break;
    case NodeKind::kIf:
    case NodeKind::kWith:
    case NodeKind::kRange: show_branch(out, as<BranchNode>(node)); break;
    case NodeKind::kList:
      for (const Node* child : as<ListNode>(node).nodes) show(out, child);
      break;
    case NodeKind::kNil: out += "nil"; break;
    case NodeKind::kNumber: out += as<NumberNode>(node).text; break;
    case NodeKind::kPipe: show_pipe(out, as<PipeNode>(node)); break;
    case NodeKind::kString: out += as<StringNode>(node).quoted; break;
    case NodeKind::kTemplate: show_template(out, as<TemplateNode>(node)); break;
    case NodeKind::kVariable:
      out += as<VariableNode>(node).names.items[0].text();
      show_fields(out, as<VariableNode>(node).names, 1);
      break;
    case NodeKind::kBreak: out += "{{break}}"; break;
    case NodeKind::kContinue: out += "{{continue}}"; break;
    case NodeKind::kEnd: out += "{{end}}"; break;
    case NodeKind::kElse: out += "{{else}}"; break;
  }
}

uint32_t line_of(std::string_view text, uint32_t position) {
  return 1 + static_cast<uint32_t>(std::count(text.begin(), text.begin() + position, '\n'));
}

std::string location(const ParsedFile& file, uint32_t position) {
  std::string_view before = std::string_view(file.text).substr(0, position);
  size_t newline = before.rfind('\n');
  size_t column = newline == std::string_view::npos ? position : position - newline - 1;
  return file.name + ":" + std::to_string(line_of(file.text, position)) + ":" + std::to_string(column);
}

bool is_empty(const ListNode* list) {
  if (list == nullptr) return true;
  for (const Node* node : list->nodes) {
    if (node->kind != NodeKind::kText) return false;
    for (std::string_view text = as<TextNode>(node).text; !text.empty();) {
      Rune rune = decode_rune(text);
      if (!is_space(rune.value)) return false;
      text.remove_prefix(rune.size);
    }
  }
  return true;
}

}  // namespace autonomous::render
