// Evaluator: walks trees and writes the output; the rules are those of Go's text/template/exec.go.
//
// Private to render/template: engine.h's Execution is the face. Evaluation errors are thrown as ExecError and caught in
// guarded() only, which is where a run, an `include` or a `tpl` begins: Go's panic and recover. What Go calls s.node,
// the node that error texts show, is set by at() wherever Go sets it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "render/template/engine.h"
#include "render/template/format.h"
#include "render/template/tree.h"

namespace autonomous::render {

struct ExecError {
  std::unique_ptr<Failure> failure;
};

// The templates that one place of a render sees: the set's, and on top of them what each enclosing `tpl` text defines.
struct Scope {
  const Scope* outer = nullptr;
  const TemplateSet* set = nullptr;  // of the outermost scope
  const ParsedFile* file = nullptr;  // of a tpl text
  const Tree* find(std::string_view name) const;
};

class Evaluator {
 public:
  Evaluator(const TemplateSet& set, Arena& arena, const Options& options, const Limits& limits);

  bool run(std::string_view name, Value data);
  std::string_view output() const { return out_; }
  const Failure& failure() const { return *failure_; }
  Context& context() { return context_; }

  // What Context offers to functions.
  Value include(std::string_view name, Value data);
  Value tpl(std::string_view text, Value data);
  bool spend(uint64_t steps);
  const Limits& limits() const { return limits_; }
  uint64_t fuel() const { return fuel_; }

 private:
  enum class Flow : uint8_t { kNext, kBreak, kContinue };
  struct Variable {
    uint32_t id;
    Value value;
  };
  struct Frame {  // one executing template
    const Tree* tree;
    std::string_view name;
    const Scope* scope;
    const Node* node;  // for error texts
    size_t variables;  // where its variables begin
  };
  // The arguments of a call: nodes still to evaluate, and what the pipeline passes on (null: nothing).
  struct Arguments {
    const Node* const* nodes = nullptr;
    uint32_t count = 0;
    const Value* final = nullptr;
    bool any() const { return count > 0 || final != nullptr; }
  };

  // Runs a tree as Go's Execute does; null: done, else what it failed with. The output is appended to out_.
  std::unique_ptr<Failure> guarded(const Tree& tree, std::string_view name, const Scope* scope, Value data);
  void enter(const Tree& tree, std::string_view name, const Scope* scope, Value data);
  std::unique_ptr<Failure> parse_tpl(std::string_view text, std::shared_ptr<const ParsedFile>& file);

  void at(const Node* node) { frame_->node = node; }
  [[noreturn]] void fail(const std::string& message);
  [[noreturn]] void fail_limit(const std::string& message);
  [[noreturn]] void rethrow(std::unique_ptr<Failure> failure, const std::string& before);
  std::string place() const;
  void step() {
    if (fuel_-- == 0) out_of_fuel();
  }
  [[noreturn]] void out_of_fuel();
  void check_stack();
  void check_output();

  Flow walk(Value dot, const Node* node);
  Flow walk_list(Value dot, const ListNode& list);
  Flow walk_branch(Value dot, const BranchNode& branch);
  Flow walk_range(Value dot, const BranchNode& range);
  bool walk_items(Value value, const BranchNode& range);
  bool walk_integers(Value value, const BranchNode& range);
  bool walk_entries(Value value, const BranchNode& range);
  Flow iterate(const BranchNode& range, size_t mark, Value index, Value element);
  void walk_template(Value dot, const TemplateNode& node);
  void print(const Node* node, Value value);

  void push(uint32_t id, Value value) { variables_.push_back({id, value}); }
  Value& variable(const VariableNode& node);

  Value pipeline(Value dot, const PipeNode* pipe);
  Value command(Value dot, const CommandNode& command, const Value* final);
  Value field_node(Value dot, const FieldNode& node, Arguments arguments);
  Value chain_node(Value dot, const ChainNode& node, Arguments arguments);
  Value variable_node(Value dot, const VariableNode& node, Arguments arguments);
  Value fields(Value dot, Value receiver, const Node* node, Names names, uint32_t from, Arguments arguments);
  Value field(Value dot, const Key& name, const Node* node, Arguments arguments, Value receiver);
  Value map_entry(Value map, const Key& name, Arguments arguments);
  Value function(Value dot, const IdentifierNode& node, const Node* whole, Arguments arguments);
  void not_a_function(const Node* node, Arguments arguments);
  Value constant(const NumberNode& number);

  Value call(Value dot, const Function& function, const Node* node, Arguments arguments, const Value* receiver);
  void check_count(const Function& function, Arguments arguments, std::string_view name);
  Value call_and_or(Value dot, const Function& function, Arguments arguments);
  Value call_call(Value dot, const Node* node, Arguments arguments);
  Value invoke(const Function& function, const Node* node, Args args);
  Value argument(Value dot, Type type, const Node* node);
  Value literal(Type type, const Node* node);
  Value any_literal(const Node* node);
  Value validate(Value value, Type type);

  const TemplateSet& set_;
  Arena& arena_;
  Limits limits_;
  Context context_;
  Formatting formatting_;
  Scope scope_;
  std::string out_;
  size_t earlier_ = 0;  // bytes that earlier runs put out
  std::vector<Variable> variables_;
  Frame* frame_ = nullptr;
  uint64_t fuel_;
  uint32_t depth_ = 0;  // of {{template}}, as Go counts
  const char* stack_end_ = nullptr;
  std::unordered_map<std::string, uint32_t> includes_;                        // running includes by name
  std::unordered_map<std::string, std::shared_ptr<const ParsedFile>> texts_;  // parsed by tpl
  std::unique_ptr<Failure> failure_;
};

}  // namespace autonomous::render
