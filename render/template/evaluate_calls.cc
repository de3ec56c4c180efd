// Calls: arguments evaluated by parameter type, as Go's reflection does.
#include <array>

#include "render/template/evaluator.h"

namespace autonomous::render {
namespace {

// What the function gets: interfaces opened, named maps under the parameter's own type.
Value to_parameter(Value value, Type type) {
  if (type == Type::kReflect) return value;
  if (value.is_nothing()) return Value::nil();
  value = value.unwrapped().without_address();
  return type != Type::kInterface && value.type() != type && kind_of(type) == value.kind() ? value.as(type) : value;
}

}  // namespace

void Evaluator::check_count(const Function& function, Arguments arguments, std::string_view name) {
  const Params& params = function.params;
  uint32_t in = arguments.count + (arguments.final != nullptr ? 1 : 0);
  if (params.variadic) {
    uint32_t fixed = params.count - 1U;
    if (in < fixed) {
      fail("wrong number of args for " + std::string(name) + ": want at least " + std::to_string(fixed) + " got " +
           std::to_string(arguments.count));
    }
  } else if (in != params.count) {
    fail("wrong number of args for " + std::string(name) + ": want " + std::to_string(params.count) + " got " +
         std::to_string(in));
  }
}

Value Evaluator::call(Value dot, const Function& function, const Node* node, Arguments arguments,
                      const Value* receiver) {
  check_count(function, arguments, function.name);
  if (!function.unusable.empty()) fail(std::string(function.unusable));
  const Params& params = function.params;
  uint32_t in = arguments.count + (arguments.final != nullptr ? 1 : 0);
  uint32_t offset = receiver != nullptr ? 1 : 0;
  constexpr uint32_t kUsual = 6;
  std::array<Value, kUsual> usual;
  Value* args = in + offset <= kUsual ? usual.data() : arena_.array<Value>(in + offset);
  if (receiver != nullptr) new (args) Value(*receiver);
  auto type_of = [&params](uint32_t i) { return params.types[std::min<uint32_t>(i, params.count - 1U)]; };
  for (uint32_t i = 0; i < arguments.count; ++i) {
    Type type = type_of(i);
    new (args + offset + i) Value(to_parameter(argument(dot, type, arguments.nodes[i]), type));
  }
  if (arguments.final != nullptr) {
    Type type = type_of(in - 1);
    new (args + offset + in - 1) Value(to_parameter(validate(*arguments.final, type), type));
  }
  return invoke(function, node, Args(args, in + offset));
}

Value Evaluator::invoke(const Function& function, const Node* node, Args args) {
  Value result = function.call(context_, args);
  if (context_.failed()) {
    auto failure = context_.take_failure();
    at(node);
    rethrow(std::move(failure), "error calling " + std::string(function.name) + ": ");
  }
  return result;
}

// They evaluate no more arguments than they need.
Value Evaluator::call_and_or(Value dot, const Function& function, Arguments arguments) {
  bool until = function.name == "or";
  Value value;
  for (uint32_t i = 0; i < arguments.count; ++i) {
    value = argument(dot, Type::kReflect, arguments.nodes[i]);
    if (is_true(value) == until) return value;
  }
  return arguments.final != nullptr ? *arguments.final : value;
}

// No value of a template is a function, so `call` can only say so.
Value Evaluator::call_call(Value dot, const Node* node, Arguments arguments) {
  Value callee;
  std::string name;
  for (uint32_t i = 0; i < arguments.count; ++i) {
    Value value = argument(dot, Type::kReflect, arguments.nodes[i]);
    if (i == 0) callee = value;
  }
  if (arguments.count > 0) {
    name = show(arguments.nodes[0]);
  } else {
    callee = *arguments.final;
    name = callee.is_string() ? std::string(callee.string()) : "<" + std::string(callee.type_name()) + " Value>";
  }
  callee = callee.unwrapped();
  at(node);
  auto failure =
      callee.is_none()
          ? std::make_unique<Failure>("call of nil")
          : std::make_unique<Failure>("non-function " + name + " of type " + std::string(callee.type_name()));
  rethrow(std::move(failure), "error calling call: ");
}

// The value as the parameter type takes it. kInvalid: any type will do.
Value Evaluator::validate(Value value, Type type) {
  if (value.is_none()) {
    if (type == Type::kInvalid || type == Type::kReflect) return value;
    if (can_be_nil(type)) return Value::zero(type);
    fail("invalid value; expected " + std::string(type_name(type)));
  }
  if (type == Type::kInvalid || type == Type::kReflect || assignable(value.static_type(), type)) return value;
  if (value.in_interface() && !value.is_nil_interface()) {
    value = value.unwrapped();
    if (assignable(value.type(), type)) return value;
  }
  if (value.kind() == Kind::kPointer && assignable(element_of(value.type()), type)) {
    if (value.is_nil()) fail("dereference of nil pointer of type " + std::string(type_name(type)));
    return value.as(type);
  }
  if (value.addressable() && assignable(pointer_to(value.type()), type)) return value.as(type);
  fail("wrong type for value; expected " + std::string(type_name(type)) + "; got " +
       std::string(type_name(value.static_type())));
}

Value Evaluator::argument(Value dot, Type type, const Node* node) {
  at(node);
  switch (node->kind) {
    case NodeKind::kDot: return validate(dot, type);
    case NodeKind::kNil:
      if (type == Type::kReflect) return {};
      if (can_be_nil(type)) return Value::zero(type);
      fail("cannot assign nil to " + std::string(type_name(type)));
    case NodeKind::kField: return validate(field_node(dot, as<FieldNode>(node), {}), type);
    case NodeKind::kVariable: return validate(variable_node(dot, as<VariableNode>(node), {}), type);
    case NodeKind::kPipe: return validate(pipeline(dot, &as<PipeNode>(node)), type);
    case NodeKind::kIdentifier: return validate(function(dot, as<IdentifierNode>(node), node, {}), type);
    case NodeKind::kChain: return validate(chain_node(dot, as<ChainNode>(node), {}), type);
    default: return literal(type, node);
  }
}

Value Evaluator::literal(Type type, const Node* node) {
  const auto* number = node->kind == NodeKind::kNumber ? &as<NumberNode>(node) : nullptr;
  auto expected = [&](std::string_view what) -> Value {
    fail("expected " + std::string(what) + "; found " + show(node));
  };
  if (type == Type::kReflect || type == Type::kInterface) return any_literal(node);
  switch (kind_of(type)) {
    case Kind::kBool: return node->kind == NodeKind::kBool ? Value::of(as<BoolNode>(node).value) : expected("bool");
    case Kind::kComplex128:
      return number != nullptr && number->is_complex ? Value::of(number->complex) : expected("complex");
    case Kind::kFloat32:
    case Kind::kFloat64:
      return number != nullptr && number->is_float ? Value::of(number->floating, type) : expected("float");
    case Kind::kInt:
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
    case Kind::kInt64:
      return number != nullptr && number->is_int ? Value::of(static_cast<int64_t>(number->integer), type)
                                                 : expected("integer");
    case Kind::kString: return node->kind == NodeKind::kString ? as<StringNode>(node).value : expected("string");
    case Kind::kUint:
    case Kind::kUint8:
    case Kind::kUint16:
    case Kind::kUint32:
    case Kind::kUint64:
    case Kind::kUintptr:
      return number != nullptr && number->is_uint ? Value::of_uint(number->integer, type)
                                                  : expected("unsigned integer");
    default: fail("can't handle " + show(node) + " for arg of type " + std::string(type_name(type)));
  }
}

Value Evaluator::any_literal(const Node* node) {
  switch (node->kind) {
    case NodeKind::kBool: return Value::of(as<BoolNode>(node).value);
    case NodeKind::kNumber: return constant(as<NumberNode>(node));
    case NodeKind::kString: return as<StringNode>(node).value;
    default: fail("can't handle assignment of " + show(node) + " to empty interface argument");
  }
}

}  // namespace autonomous::render
