// Pipelines, commands and chains of fields.
#include "render/template/evaluator.h"
#include "render/template/literal.h"

namespace autonomous::render {

// No value: reflect's zero Value. Variables that the pipeline declares stay until the enclosing {{end}}.
Value Evaluator::pipeline(Value dot, const PipeNode* pipe) {
  if (pipe == nullptr) return {};
  at(pipe);
  check_stack();
  Value value;
  const Value* final = nullptr;
  for (const CommandNode* node : pipe->commands) {
    value = command(dot, *node, final).unwrapped();
    final = &value;
  }
  for (const VariableNode* node : pipe->variables) {
    if (pipe->assigns) {
      variable(*node) = value;
    } else {
      push(node->id, value);
    }
  }
  return value;
}

void Evaluator::not_a_function(const Node* node, Arguments arguments) {
  if (arguments.any()) fail("can't give argument to non-function " + show(node));
}

Value Evaluator::command(Value dot, const CommandNode& command, const Value* final) {
  step();
  const Node* first = command.arguments[0];
  Arguments arguments{command.arguments.items + 1, command.arguments.count - 1, final};
  switch (first->kind) {
    case NodeKind::kField: return field_node(dot, as<FieldNode>(first), arguments);
    case NodeKind::kChain: return chain_node(dot, as<ChainNode>(first), arguments);
    case NodeKind::kIdentifier: return function(dot, as<IdentifierNode>(first), &command, arguments);
    case NodeKind::kPipe: not_a_function(first, arguments); return pipeline(dot, &as<PipeNode>(first));
    case NodeKind::kVariable: return variable_node(dot, as<VariableNode>(first), arguments);
    default: break;
  }
  at(first);
  not_a_function(first, arguments);
  switch (first->kind) {
    case NodeKind::kBool: return Value::of(as<BoolNode>(first).value);
    case NodeKind::kDot: return dot;
    case NodeKind::kNil: fail("nil is not a command");
    case NodeKind::kNumber: return constant(as<NumberNode>(first));
    case NodeKind::kString: return as<StringNode>(first).value;
    default: fail("can't evaluate command " + quote_go(show(first)));
  }
}

// A number where no type is asked for: its spelling decides.
Value Evaluator::constant(const NumberNode& number) {
  at(&number);
  std::string_view text = number.text;
  if (number.is_complex) return Value::of(number.complex);
  bool character = text[0] == '\'';
  bool hexadecimal = text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' &&
                     text.find_first_of("pP") == std::string_view::npos;
  bool fraction = text.find_first_of(".eEpP") != std::string_view::npos;
  if (number.is_float && !hexadecimal && !character && fraction) return Value::of(number.floating);
  if (number.is_int) return Value::of_int(static_cast<int64_t>(number.integer));
  if (number.is_uint) fail(std::string(text) + " overflows int");
  return {};
}

Value Evaluator::field_node(Value dot, const FieldNode& node, Arguments arguments) {
  at(&node);
  return fields(dot, dot, &node, node.names, 0, arguments);
}

Value Evaluator::chain_node(Value dot, const ChainNode& node, Arguments arguments) {
  at(&node);
  if (node.node->kind == NodeKind::kNil) fail("indirection through explicit nil in " + show(&node));
  return fields(dot, argument(dot, Type::kInvalid, node.node), &node, node.names, 0, arguments);
}

Value Evaluator::variable_node(Value dot, const VariableNode& node, Arguments arguments) {
  at(&node);
  Value value = variable(node);
  if (node.names.count == 1) {
    not_a_function(&node, arguments);
    return value;
  }
  return fields(dot, value, &node, node.names, 1, arguments);
}

// .X.Y.Z: only the last may be a method with arguments.
Value Evaluator::fields(Value dot, Value receiver, const Node* node, Names names, uint32_t from, Arguments arguments) {
  for (uint32_t i = from; i + 1 < names.count; ++i) receiver = field(dot, names.items[i], node, {}, receiver);
  return field(dot, names.items[names.count - 1], node, arguments, receiver);
}

Value Evaluator::field(Value dot, const Key& name, const Node* node, Arguments arguments, Value receiver) {
  if (receiver.is_none()) return {};
  auto text = [&name] { return std::string(name.text()); };
  std::string_view type = type_name(receiver.static_type());
  if (receiver.is_nil_interface()) fail("nil pointer evaluating " + std::string(type) + "." + text());
  receiver = receiver.unwrapped();
  if (receiver.is_map() && set_.library().methods(receiver.type()) == nullptr) {  // nearly always
    return map_entry(receiver, name, arguments);
  }
  Value pointer = receiver;
  if (receiver.kind() == Kind::kPointer && !receiver.is_nil()) {
    receiver = receiver.as(element_of(receiver.type())).with_address();
  }
  const Function* method = set_.library().method(receiver.type(), name.text(), receiver.addressable());
  if (method == nullptr && pointer.is_nil() && pointer.kind() == Kind::kPointer) {
    method = set_.library().method(pointer.type(), name.text(), true);
  }
  if (method != nullptr) return call(dot, *method, node, arguments, &receiver);
  if (receiver.is_map()) return map_entry(receiver, name, arguments);
  if (receiver.is_struct() && receiver.kind() == Kind::kStruct) {
    if (const Field* found = receiver.structure()->find(name.text())) {
      if (!found->exported()) fail(text() + " is an unexported field of struct type " + std::string(type));
      if (arguments.any()) fail(text() + " has arguments but cannot be invoked as function");
      return receiver.addressable() ? found->value.with_address() : found->value;
    }
  } else if (receiver.kind() == Kind::kPointer && receiver.is_nil()) {
    fail("nil pointer evaluating " + std::string(type) + "." + text());
  }
  fail("can't evaluate field " + text() + " in type " + std::string(type));
}

Value Evaluator::map_entry(Value map, const Key& name, Arguments arguments) {
  if (arguments.any()) fail(std::string(name.text()) + " is not a method but has arguments");
  Type element = element_of(map.type());
  const Value* found = map.is_nil() ? nullptr : map.map()->find(name);
  if (found == nullptr) return Value::zero(element);  // missingkey=zero
  return element == Type::kInterface ? found->wrapped() : *found;
}

Value Evaluator::function(Value dot, const IdentifierNode& node, const Node* whole, Arguments arguments) {
  at(&node);
  const Function& function = *node.row->function;
  if (node.row->builtin && function.call == nullptr) {
    check_count(function, arguments, function.name);
    if (function.name == "call") return call_call(dot, whole, arguments);
    return call_and_or(dot, function, arguments);
  }
  return call(dot, function, whole, arguments, nullptr);
}

}  // namespace autonomous::render
