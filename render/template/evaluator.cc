#include "render/template/evaluator.h"

#include <pthread.h>

#include <exception>
#include <utility>

#include "render/template/large_stack.h"

namespace autonomous::render {
namespace {

// Room for what runs below the evaluator: functions, regular expressions, printing.
constexpr size_t kStackReserve = size_t{512} << 10;

const char* own_bottom() {
  static thread_local const char* bottom = [] {
    pthread_attr_t attributes;
    void* low = nullptr;
    size_t size = 0;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) return static_cast<const char*>(nullptr);
    pthread_attr_getstack(&attributes, &low, &size);
    pthread_attr_destroy(&attributes);
    return static_cast<const char*>(low);
  }();
  return bottom;
}

// The lowest address that the stack in hand may reach.
const char* end_of_stack(size_t wanted) {
  auto here = static_cast<const char*>(__builtin_frame_address(0));
  const char* bottom = large_stack_bottom();
  if (bottom == nullptr) bottom = own_bottom();
  auto available = static_cast<size_t>(here - bottom);
  if (bottom == nullptr || available > wanted + kStackReserve) return here - wanted;
  return bottom + std::min(kStackReserve, available / 2);
}

void remove_no_value(std::string& text, size_t from) {
  constexpr std::string_view kNoValue = "<no value>";
  size_t to = text.find(kNoValue, from);
  if (to == std::string::npos) return;
  for (size_t at = to; at < text.size();) {
    if (text.compare(at, kNoValue.size(), kNoValue) == 0) {
      at += kNoValue.size();
    } else {
      text[to++] = text[at++];
    }
  }
  text.resize(to);
}

}  // namespace

const Tree* Scope::find(std::string_view name) const {
  for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
    if (scope->set != nullptr) return scope->set->find(name);
    for (const Tree* tree : scope->file->trees) {
      if (tree->name != name) continue;
      // An empty definition replaces none, but counts when there is no other.
      const Tree* other = tree->empty ? scope->outer->find(name) : nullptr;
      return other == nullptr ? tree : other;
    }
  }
  return nullptr;
}

Evaluator::Evaluator(const TemplateSet& set, Arena& arena, const Options& options, const Limits& limits)
    : set_(set), arena_(arena), limits_(limits), context_(arena, set.library(), options, this), fuel_(limits.fuel) {
  formatting_.library = &set.library();
  formatting_.most = limits.output;
  scope_.set = &set;
  variables_.reserve(64);
}

std::string Evaluator::place() const {
  std::string text = "template: ";
  if (frame_->node == nullptr) return text.append(frame_->name).append(": ");
  text += location(*frame_->tree->file, frame_->node->position);
  text += ": executing ";
  quote_go(text, frame_->name);
  text += " at <";
  show(text, frame_->node);
  text += ">: ";
  return text;
}

void Evaluator::fail(const std::string& message) {
  auto failure = std::make_unique<Failure>(place() + message);
  failure->set_executing(true);
  throw ExecError{std::move(failure)};
}

void Evaluator::fail_limit(const std::string& message) {
  auto failure = std::make_unique<Failure>(place() + message, true);
  failure->set_executing(true);
  throw ExecError{std::move(failure)};
}

void Evaluator::rethrow(std::unique_ptr<Failure> failure, const std::string& before) {
  failure->wrap(place() + before);
  failure->set_executing(true);
  throw ExecError{std::move(failure)};
}

void Evaluator::out_of_fuel() {
  fuel_ = 0;
  fail_limit("the render's limit of " + std::to_string(limits_.fuel) + " steps is used up");
}

void Evaluator::check_stack() {
  if (static_cast<const char*>(__builtin_frame_address(0)) < stack_end_) {
    fail_limit("templates are nested too deeply");
  }
}

void Evaluator::check_output() {
  if (out_.size() > limits_.output - std::min(limits_.output, earlier_)) {
    fail_limit("output is larger than the limit of " + std::to_string(limits_.output) + " bytes");
  }
}

bool Evaluator::spend(uint64_t steps) {
  if (fuel_ >= steps) {
    fuel_ -= steps;
    return true;
  }
  fuel_ = 0;
  context_.fail_limit("the render's limit of " + std::to_string(limits_.fuel) + " steps is used up");
  return false;
}

bool Evaluator::run(std::string_view name, Value data) {
  earlier_ += out_.size();
  out_.clear();
  failure_.reset();
  stack_end_ = end_of_stack(limits_.stack);
  const Tree* tree = scope_.find(name);
  if (tree == nullptr) {
    failure_ = std::make_unique<Failure>("template: no template " + quote_go(name) + " associated with template " +
                                         quote_go(set_.root()));
    return false;
  }
  failure_ = guarded(*tree, name, &scope_, data);
  return failure_ == nullptr;
}

std::unique_ptr<Failure> Evaluator::guarded(const Tree& tree, std::string_view name, const Scope* scope, Value data) {
  Frame* frame = frame_;
  size_t variables = variables_.size();
  uint32_t depth = std::exchange(depth_, 0);
  std::unique_ptr<Failure> failure;
  try {
    enter(tree, name, scope, data.unwrapped().without_address());  // it comes in as Go's `any`
  } catch (ExecError& error) {
    failure = std::move(error.failure);
  }
  frame_ = frame;
  variables_.resize(variables);
  depth_ = depth;
  return failure;
}

void Evaluator::enter(const Tree& tree, std::string_view name, const Scope* scope, Value data) {
  Frame frame{.tree = &tree, .name = name, .scope = scope, .node = nullptr, .variables = variables_.size()};
  Frame* before = std::exchange(frame_, &frame);
  check_stack();
  push(0, data);  // $
  try {
    walk_list(data, *tree.root);
  } catch (const ArenaFull& error) {
    frame_ = &frame;
    fail_limit(error.what());
  } catch (const std::bad_alloc&) {
    frame_ = &frame;
    fail_limit("the render needs more memory than there is");
  }
  variables_.resize(frame.variables);
  frame_ = before;
}

Value Evaluator::include(std::string_view name, Value data) {
  uint32_t& running = includes_[std::string(name)];
  if (running > limits_.includes) {
    Failure failure("unable to execute template");
    failure.wrap("rendering template has a nested reference name: " + std::string(name) + ": ");
    return context_.fail(std::move(failure));
  }
  const Scope* scope = frame_ == nullptr ? &scope_ : frame_->scope;
  const Tree* tree = scope->find(name);
  if (tree == nullptr) {
    return context_.fail(
        arena_.concat("template: no template ", quote_go(name), " associated with template ", quote_go(set_.root())));
  }
  ++running;
  size_t start = out_.size();
  auto failure = guarded(*tree, tree->name, scope, data);
  --running;
  if (failure != nullptr) {
    out_.resize(start);
    return context_.fail(std::move(*failure));
  }
  Value text = context_.text(std::string_view(out_).substr(start));
  out_.resize(start);
  return text;
}

std::unique_ptr<Failure> Evaluator::parse_tpl(std::string_view text, std::shared_ptr<const ParsedFile>& file) {
  std::string key(text);
  auto& known = texts_[key];
  if (known == nullptr) {
    auto parsed = parse_template(set_.root(), std::move(key), set_.library());
    if (!parsed) {
      auto failure = std::make_unique<Failure>(parsed.error().message());
      failure->wrap("cannot parse template " + quote_go(text) + ": ");
      return failure;
    }
    known = *std::move(parsed);
    // They stay for the whole render, because values may be parts of their texts.
    arena_.charge(known->bytes());
  }
  file = known;
  return nullptr;
}

Value Evaluator::tpl(std::string_view text, Value data) {
  size_t start = out_.size();
  if (text.find("{{") == std::string_view::npos) {
    out_ += text;
  } else {
    std::shared_ptr<const ParsedFile> file;
    if (auto failure = parse_tpl(text, file)) return context_.fail(std::move(*failure));
    Scope scope{.outer = frame_ == nullptr ? &scope_ : frame_->scope, .set = nullptr, .file = file.get()};
    const Tree* tree = file->trees.back();  // the text's own; defines come before it
    for (const Tree* candidate : file->trees) {
      if (candidate->name == set_.root()) tree = candidate;
    }
    if (auto failure = guarded(*tree, tree->name, &scope, data)) {
      out_.resize(start);
      failure->wrap("error during tpl function execution for " + quote_go(text) + ": ");
      failure->set_executing(false);
      return context_.fail(std::move(*failure));
    }
  }
  remove_no_value(out_, start);
  Value result = context_.text(std::string_view(out_).substr(start));
  out_.resize(start);
  return result;
}

Evaluator::Flow Evaluator::walk_list(Value dot, const ListNode& list) {
  at(&list);
  for (const Node* node : list.nodes) {
    Flow flow = walk(dot, node);
    if (flow != Flow::kNext) return flow;
  }
  return Flow::kNext;
}

Evaluator::Flow Evaluator::walk(Value dot, const Node* node) {
  at(node);
  step();
  switch (node->kind) {
    case NodeKind::kText:
      out_ += static_cast<const TextNode*>(node)->text;
      check_output();
      return Flow::kNext;
    case NodeKind::kAction: {
      const PipeNode* pipe = static_cast<const ActionNode*>(node)->pipe;
      Value value = pipeline(dot, pipe);
      if (pipe->variables.count == 0) print(node, value);
      return Flow::kNext;
    }
    case NodeKind::kIf:
    case NodeKind::kWith: return walk_branch(dot, *static_cast<const BranchNode*>(node));
    case NodeKind::kRange: return walk_range(dot, *static_cast<const BranchNode*>(node));
    case NodeKind::kTemplate: walk_template(dot, *static_cast<const TemplateNode*>(node)); return Flow::kNext;
    case NodeKind::kBreak: return Flow::kBreak;
    case NodeKind::kContinue: return Flow::kContinue;
    default: fail("unknown node: " + show(node));
  }
}

Evaluator::Flow Evaluator::walk_branch(Value dot, const BranchNode& branch) {
  check_stack();
  size_t mark = variables_.size();
  Value value = pipeline(dot, branch.pipe);
  Flow flow = Flow::kNext;
  if (is_true(value)) {
    flow = walk_list(branch.kind == NodeKind::kWith ? value : dot, *branch.list);
  } else if (branch.otherwise != nullptr) {
    flow = walk_list(dot, *branch.otherwise);
  }
  variables_.resize(mark);
  return flow;
}

Evaluator::Flow Evaluator::walk_range(Value dot, const BranchNode& range) {
  check_stack();
  size_t mark = variables_.size();
  Value value = pipeline(dot, range.pipe);
  bool some = false;
  switch (value.store()) {
    case Store::kNone: break;
    case Store::kInt:
    case Store::kUint: some = walk_integers(value, range); break;
    case Store::kList:
    case Store::kBytes: some = walk_items(value, range); break;
    case Store::kMap: some = walk_entries(value, range); break;
    default: {
      std::string text;
      if (value.is_struct() && value.kind() == Kind::kPointer && !value.is_nil())
        value = value.as(element_of(value.type()));
      format_value(text, value, formatting_);
      fail("range can't iterate over " + text);
    }
  }
  Flow flow = Flow::kNext;
  if (!some && range.otherwise != nullptr) flow = walk_list(dot, *range.otherwise);
  variables_.resize(mark);
  // A break or continue of the {{else}} belongs to this range's recovery in Go only when it is a break.
  return flow == Flow::kBreak ? Flow::kNext : flow;
}

bool Evaluator::walk_items(Value value, const BranchNode& range) {
  size_t mark = variables_.size();
  for (size_t i = 0; i < value.length(); ++i) {
    if (iterate(range, mark, Value::of_int(static_cast<int64_t>(i)), value.at(i)) == Flow::kBreak) break;
  }
  return value.length() != 0;
}

bool Evaluator::walk_integers(Value value, const BranchNode& range) {
  if (range.pipe->variables.count > 1) {
    std::string text;
    format_value(text, value, formatting_);
    fail("can't use " + text + " to iterate over more than one variable");
  }
  size_t mark = variables_.size();
  if (value.is_uint()) {
    for (uint64_t i = 0; i < value.unsigned_integer(); ++i) {
      if (iterate(range, mark, Value(), Value::of_uint(i, value.type())) == Flow::kBreak) break;
    }
    return value.unsigned_integer() != 0;
  }
  for (int64_t i = 0; i < value.integer(); ++i) {
    if (iterate(range, mark, Value(), Value::of(i, value.type())) == Flow::kBreak) break;
  }
  return value.integer() > 0;
}

bool Evaluator::walk_entries(Value value, const BranchNode& range) {
  if (value.length() == 0) return false;
  size_t mark = variables_.size();
  bool interfaces = element_of(value.type()) == Type::kInterface;
  Map::Snapshot snapshot(value.map());
  for (const Map::Entry& entry : snapshot.entries()) {
    Value element = interfaces ? entry.value.wrapped() : entry.value;
    if (iterate(range, mark, Value::of(entry.key.text()), element) == Flow::kBreak) break;
  }
  return true;
}

Evaluator::Flow Evaluator::iterate(const BranchNode& range, size_t mark, Value index, Value element) {
  step();
  const PipeNode& pipe = *range.pipe;
  if (pipe.variables.count > 0) {
    // The pipeline has pushed its variables: the second one, if any, lies on top.
    if (pipe.assigns) {
      variable(*pipe.variables[0]) = pipe.variables.count > 1 ? index : element;
      if (pipe.variables.count > 1) variable(*pipe.variables[1]) = element;
    } else {
      variables_[mark - 1].value = element;
      if (pipe.variables.count > 1) variables_[mark - 2].value = index;
    }
  }
  Flow flow = walk_list(element, *range.list);
  variables_.resize(mark);
  return flow;
}

void Evaluator::walk_template(Value dot, const TemplateNode& node) {
  at(&node);
  const Tree* tree = frame_->scope->find(node.name.text());
  if (tree == nullptr) fail("template " + quote_go(node.name.text()) + " not defined");
  if (depth_ == limits_.templates) {
    fail("exceeded maximum template depth (" + std::to_string(limits_.templates) + ")");
  }
  Value data = pipeline(dot, node.pipe);
  ++depth_;
  enter(*tree, tree->name, frame_->scope, data);
  --depth_;
}

void Evaluator::print(const Node* node, Value value) {
  at(node);
  print_value(out_, value, formatting_);
  if (std::exchange(formatting_.too_deep, false)) fail_limit("value is nested too deeply to be printed");
  formatting_.too_long = false;  // as check_output() says
  check_output();
}

Value& Evaluator::variable(const VariableNode& node) {
  for (size_t i = variables_.size(); i-- > frame_->variables;) {
    if (variables_[i].id == node.id) return variables_[i].value;
  }
  fail("undefined variable: " + std::string(node.names.items[0].text()));
}

bool Context::equal(Value a, Value b) {
  uint64_t steps = evaluator_ == nullptr ? UINT64_MAX : evaluator_->fuel() + 1;
  const uint64_t before = steps;
  const bool same = deep_equal(a, b, steps);
  return spend(before - steps) && same;
}

size_t Context::most_text() const { return (evaluator_ == nullptr ? Limits() : evaluator_->limits()).output; }

bool Context::fits(uint64_t pieces, uint64_t size) {
  if (size == 0 || pieces <= most_text() / size) return true;
  fail_limit("the text would be longer than the limit of " + std::to_string(most_text()) + " bytes");
  return false;
}

bool Context::printed(const Formatting& formatting) {
  if (formatting.too_deep) fail_limit("value is nested too deeply to be printed");
  if (formatting.too_long) fits(2, most_text());
  return !formatting.stopped();
}

bool Context::spend(uint64_t steps) { return evaluator_ == nullptr || evaluator_->spend(steps); }
Value Context::include(std::string_view name, Value data) { return evaluator_->include(name, data); }
Value Context::tpl(std::string_view text, Value data) { return evaluator_->tpl(text, data); }

Execution::Execution(const TemplateSet& set, Arena& arena, const Options& options, const Limits& limits)
    : evaluator_(std::make_unique<Evaluator>(set, arena, options, limits)) {}
Execution::~Execution() = default;
bool Execution::run(std::string_view name, Value data) { return evaluator_->run(name, data); }
std::string_view Execution::output() const { return evaluator_->output(); }
const Failure& Execution::failure() const { return evaluator_->failure(); }
Context& Execution::context() { return evaluator_->context(); }

}  // namespace autonomous::render
