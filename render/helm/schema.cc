// Judging values by a compiled schema.
#include "render/helm/schema.h"

#include <re2/re2.h>

#include <algorithm>

#include "gitops/base/text.h"
#include "render/helm/schema_node.h"
#include "render/helm/schema_problem.h"

namespace autonomous::helm {
namespace {

using Kind = SchemaValue::Kind;

constexpr int kMaxDepth = 3000;  // of values and schemas together

// A single group is as good as what is in it.
Problems ungrouped(Problems problems) {
  if (problems.size() != 1 || problems[0].what != Problem::What::kGroup) return problems;
  Problems inner = std::move(problems[0].causes);
  return inner;
}

// Which schemas are at work on one value, innermost first: for cycles and dynamic references.
struct Scope {
  const SchemaNode* node;
  const Scope* parent;
  int value;            // the same number: the same value
  const char* keyword;  // the reference that led here; "": the schema is part of its parent's
};

// The path of keywords that led to a scope: /properties/a/$ref.
std::string keywords(const Scope* scope) {
  std::string out;
  for (; scope->parent != nullptr; scope = scope->parent) {
    std::string pointer = location_of(scope->node->pointer);
    std::string outer = location_of(scope->parent->node->pointer);
    std::string step = *scope->keyword != 0 ? std::string("/") + scope->keyword
                                            : pointer.substr(std::min(outer.size(), pointer.size()));
    out.insert(0, step);
  }
  return out;
}

// What no keyword has looked at yet, for unevaluatedProperties and unevaluatedItems.
struct Unseen {
  std::set<std::string> properties;
  std::set<size_t> items;
  bool empty() const { return properties.empty() && items.empty(); }
  // What another schema saw of it is seen.
  void keep_only(const Unseen& other) {
    std::erase_if(properties, [&](const std::string& name) { return other.properties.count(name) == 0; });
    std::erase_if(items, [&](size_t index) { return other.items.count(index) == 0; });
  }
};

Unseen unseen_of(const SchemaValue& value, const SchemaNode& node, bool caller_needs) {
  Unseen out;
  if (value.kind == Kind::kObject && !node.all_properties_evaluated &&
      (caller_needs || node.unevaluated_properties != nullptr)) {
    for (const SchemaValue::Member& member : value.members) out.properties.insert(member.key);
  }
  if (value.kind == Kind::kArray && !node.all_items_evaluated && (caller_needs || node.unevaluated_items != nullptr)) {
    for (size_t i = node.prefix_items.size(); i < value.items.size(); ++i) out.items.insert(i);
  }
  return out;
}

class Judge {
 public:
  Judge(const SchemaNode& node, const SchemaValue& value, std::string at, Scope scope, Unseen unseen, bool only_whether,
        int depth, bool& too_deep)
      : node_(node),
        value_(value),
        at_(std::move(at)),
        scope_(scope),
        unseen_(std::move(unseen)),
        only_whether_(only_whether),
        depth_(depth),
        too_deep_(too_deep) {}

  // Nothing wrong: an empty list. Several: the caller decides whether they make a group.
  Problems run() {
    if (depth_ > kMaxDepth) {
      too_deep_ = true;
      return problems_;
    }
    if (node_.boolean) {
      if (!*node_.boolean) add("false schema");
      return std::move(problems_);
    }
    for (const Scope* scope = scope_.parent; scope != nullptr && scope->value == scope_.value; scope = scope->parent) {
      if (scope->node != &node_) continue;
      add("both " + keywords(&scope_) + " and " + keywords(scope) + " resolve to \"file:///values.schema.json#" +
          location_of(node_.pointer) + "\" causing reference cycle");
      return std::move(problems_);
    }
    if (!basics()) return std::move(problems_);
    if (node_.ref != nullptr) {
      refer(*node_.ref, "$ref");
      if (node_.draft < 2019) return std::move(problems_);
    }
    switch (value_.kind) {
      case Kind::kObject: object(); break;
      case Kind::kArray: array(); break;
      case Kind::kString: text(); break;
      case Kind::kNumber: number(); break;
      default: break;
    }
    if (!problems_.empty() && only_whether_) return std::move(problems_);
    dynamic_references();
    conditions();
    unevaluated();
    return std::move(problems_);
  }

  const Unseen& unseen() const { return unseen_; }

 private:
  void add(std::string text) { problems_.push_back({Problem::What::kOne, at_, std::move(text), {}}); }
  void add(std::string text, Problems causes) {
    problems_.push_back({Problem::What::kOne, at_, std::move(text), std::move(causes)});
  }
  // Several problems of one subschema are shown under "validation failed".
  void add_all(Problems problems) {
    if (problems.empty()) return;
    problems_.push_back(grouped_problem(std::move(problems), at_));
  }
  static Problem grouped_problem(Problems problems, const std::string& at) {
    if (problems.size() == 1) return std::move(problems[0]);
    return {Problem::What::kGroup, at, "validation failed", std::move(problems)};
  }

  // The same value by another schema; what that one saw is seen.
  Problems self(const SchemaNode& node, bool only_whether, const char* keyword = "") {
    Judge judge(node, value_, at_, {&node, &scope_, scope_.value, keyword}, unseen_of(value_, node, !unseen_.empty()),
                only_whether_ || only_whether, depth_ + 1, too_deep_);
    Problems problems = judge.run();
    if (problems.empty()) unseen_.keep_only(judge.unseen());
    return problems;
  }
  std::string below(std::string_view token) const {
    std::string out = at_ + "/";
    for (char c : token) out += c == '~' ? std::string("~0") : c == '/' ? std::string("~1") : std::string(1, c);
    return out;
  }
  Problems inner(const SchemaNode& node, const SchemaValue& value, std::string_view token) {
    return Judge(node, value, below(token), {&node, &scope_, scope_.value + 1, ""}, unseen_of(value, node, false),
                 only_whether_, depth_ + 1, too_deep_)
        .run();
  }
  void add_inner(const SchemaNode& node, const SchemaValue& value, std::string_view token) {
    Problems problems = inner(node, value, token);
    if (!problems.empty()) problems_.push_back(grouped_problem(std::move(problems), below(token)));
  }

  void refer(const SchemaNode& to, const char* keyword) {
    Problems problems = ungrouped(self(to, false, keyword));
    if (!problems.empty())
      problems_.push_back({Problem::What::kReference, at_, "validation failed", std::move(problems)});
  }

  // type, const, enum, format: the first that fails is the only one that is told.
  bool basics() {
    if (!node_.types.empty()) {
      std::string got = words::type_name(value_);
      auto takes = [&](const std::string& type) {
        return type == got ||
               (type == "integer" && value_.kind == Kind::kNumber && Decimal::parse(value_.text).is_integer());
      };
      if (std::none_of(node_.types.begin(), node_.types.end(), takes)) {
        add("got " + got + ", want " + join(node_.types, " or "));
        return false;
      }
    }
    if (node_.constant != nullptr && !equal(value_, *node_.constant)) {
      add(words::is_primitive(*node_.constant) ? "value must be " + words::display(*node_.constant) : "'const' failed");
      return false;
    }
    if (node_.choices != nullptr) {
      const auto& choices = node_.choices->items;
      if (std::none_of(choices.begin(), choices.end(),
                       [&](const SchemaValue& choice) { return equal(value_, choice); })) {
        add(words::choices_text(*node_.choices));
        return false;
      }
    }
    if (!node_.format.empty() && value_.kind == Kind::kString) {
      std::string wrong = check_format(node_.format, value_.text);
      if (!wrong.empty()) {
        add(words::display(value_) + " is not valid " + node_.format + ": " + wrong);
        return false;
      }
    }
    return true;
  }

  std::vector<std::string> missing(const std::vector<std::string>& names) const {
    std::vector<std::string> out;
    for (const std::string& name : names) {
      if (value_.find(name) == nullptr) out.push_back(name);
    }
    return out;
  }

  void bound(const std::optional<int64_t>& limit, bool least, size_t got, const char* word) {
    if (!limit) return;
    auto count = static_cast<int64_t>(got);
    if (least ? count >= *limit : count <= *limit) return;
    add(std::string(word) + ": got " + words::grouped(count) + ", want " + words::grouped(*limit));
  }

  void needed_with(const std::map<std::string, std::vector<std::string>>& rules) {
    for (const auto& [name, needed] : rules) {
      if (value_.find(name) == nullptr) continue;
      std::vector<std::string> absent = missing(needed);
      if (!absent.empty())
        add("properties " + words::joined(absent) + " required, if " + quote_for_schema(name) + " exists");
    }
  }

  void object() {
    bound(node_.min_properties, true, value_.members.size(), "minProperties");
    bound(node_.max_properties, false, value_.members.size(), "maxProperties");
    std::vector<std::string> absent = missing(node_.required);
    if (absent.size() == 1) add("missing property " + quote_for_schema(absent[0]));
    if (absent.size() > 1) add("missing properties " + words::joined(absent));
    if (only_whether_ && !problems_.empty()) return;
    needed_with(node_.dependencies);
    for (const auto& [name, node] : node_.schema_dependencies) {
      if (value_.find(name) != nullptr) add_all(self(*node, false));
    }
    properties();
    if (node_.draft == 4) return;
    if (node_.property_names != nullptr) names();
    if (node_.draft == 6) return;
    for (const auto& [name, node] : node_.dependent_schemas) {
      if (value_.find(name) != nullptr) add_all(self(*node, false));
    }
    needed_with(node_.dependent_required);
  }

  void properties() {
    std::vector<std::string> additional;
    for (const SchemaValue::Member& member : value_.members) {
      if (only_whether_ && !problems_.empty()) return;
      bool seen = false;
      if (auto found = node_.properties.find(member.key); found != node_.properties.end()) {
        seen = true;
        add_inner(*found->second, member.value, member.key);
      }
      for (const auto& [pattern, node] : node_.pattern_properties) {
        if (!re2::RE2::PartialMatch(member.key, *pattern.regex)) continue;
        seen = true;
        add_inner(*node, member.value, member.key);
      }
      if (!seen && node_.additional_properties_flag) {
        seen = true;
        if (!*node_.additional_properties_flag) additional.push_back(member.key);
      } else if (!seen && node_.additional_properties != nullptr) {
        seen = true;
        add_inner(*node_.additional_properties, member.value, member.key);
      }
      if (seen) unseen_.properties.erase(member.key);
    }
    if (!additional.empty()) add("additional properties " + words::joined(additional) + " not allowed");
  }

  void names() {
    for (const SchemaValue::Member& member : value_.members) {
      SchemaValue name = SchemaValue::string(member.key);
      Problems problems = Judge(*node_.property_names, name, "", {node_.property_names, nullptr, 0, ""}, {},
                                only_whether_, depth_ + 1, too_deep_)
                              .run();
      problems = ungrouped(std::move(problems));
      if (!problems.empty()) add("invalid propertyName " + quote_for_schema(member.key), std::move(problems));
    }
  }

  void array() {
    const auto& items = value_.items;
    bound(node_.min_items, true, items.size(), "minItems");
    bound(node_.max_items, false, items.size(), "maxItems");
    if (node_.unique_items) unique();
    size_t known = std::min(node_.prefix_items.size(), items.size());
    for (size_t i = 0; i < known; ++i) add_inner(*node_.prefix_items[i], items[i], std::to_string(i));
    if (node_.items != nullptr) {
      for (size_t i = known; i < items.size(); ++i) add_inner(*node_.items, items[i], std::to_string(i));
    }
    if (node_.additional_items_flag && !*node_.additional_items_flag && known != items.size()) {
      add("last " + words::grouped(static_cast<int64_t>(items.size() - known)) + " additionalItem(s) not allowed");
    }
    if (node_.additional_items != nullptr) {
      for (size_t i = known; i < items.size(); ++i) add_inner(*node_.additional_items, items[i], std::to_string(i));
    }
    if (node_.contains != nullptr) contains();
  }

  void unique() {
    for (size_t i = 1; i < value_.items.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        if (!equal(value_.items[i], value_.items[j])) continue;
        add("items at " + words::grouped(static_cast<int64_t>(j)) + " and " + words::grouped(static_cast<int64_t>(i)) +
            " are equal");
        return;
      }
    }
  }

  void contains() {
    Problems why;
    std::string matched;
    int64_t count = 0;
    for (size_t i = 0; i < value_.items.size(); ++i) {
      Problems problems = inner(*node_.contains, value_.items[i], std::to_string(i));
      if (!problems.empty()) {
        why.push_back(grouped_problem(std::move(problems), below(std::to_string(i))));
        continue;
      }
      ++count;
      matched += (matched.empty() ? "" : " ") + std::to_string(i);
      if (node_.draft >= 2020) unseen_.items.erase(i);
    }
    std::string got = "matched " + words::grouped(count) + " items at " + matched;
    if (node_.min_contains) {
      std::string least =
          "min " + words::grouped(*node_.min_contains) + " items required to match contains schema, but ";
      if (count < *node_.min_contains) add(least + (count == 0 ? "none matched" : got), std::move(why));
    } else if (count == 0) {
      add("no items match contains schema", std::move(why));
    }
    if (node_.max_contains && count > *node_.max_contains) {
      add("max " + words::grouped(*node_.max_contains) + " items required to match contains schema, but " + got);
    }
  }

  void text() {
    auto starts = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; };
    auto length = static_cast<size_t>(std::count_if(value_.text.begin(), value_.text.end(), starts));
    bound(node_.min_length, true, length, "minLength");
    bound(node_.max_length, false, length, "maxLength");
    if (node_.pattern && !re2::RE2::PartialMatch(value_.text, *node_.pattern->regex)) {
      add(quote_for_schema(value_.text) + " does not match pattern " + quote_for_schema(node_.pattern->text));
    }
  }

  void number() {
    Decimal got = Decimal::parse(value_.text);
    auto tell = [&](const char* word, const Decimal& want) {
      add(std::string(word) + ": got " + words::number_text(got) + ", want " + words::number_text(want));
    };
    if (node_.minimum && compare(got, *node_.minimum) < 0) tell("minimum", *node_.minimum);
    if (node_.maximum && compare(got, *node_.maximum) > 0) tell("maximum", *node_.maximum);
    if (node_.exclusive_minimum && compare(got, *node_.exclusive_minimum) <= 0)
      tell("exclusiveMinimum", *node_.exclusive_minimum);
    if (node_.exclusive_maximum && compare(got, *node_.exclusive_maximum) >= 0)
      tell("exclusiveMaximum", *node_.exclusive_maximum);
    if (node_.multiple_of && !is_multiple(got, *node_.multiple_of)) tell("multipleOf", *node_.multiple_of);
  }

  void dynamic_references() {
    if (node_.draft < 2019) return;
    if (const SchemaNode* to = node_.recursive_ref) {
      if (to->recursive_anchor) {
        for (const Scope* scope = &scope_; scope != nullptr; scope = scope->parent) {
          const SchemaNode* root = scope->node->resource == nullptr ? nullptr : scope->node->resource->node;
          if (root != nullptr && root->recursive_anchor) to = scope->node;
        }
      }
      refer(*to, "$recursiveRef");
    }
    if (const SchemaNode* to = node_.dynamic_ref) {
      const std::string& name = node_.dynamic_ref_anchor;
      if (!name.empty() && to->dynamic_anchor == name) {
        for (const Scope* scope = &scope_; scope != nullptr; scope = scope->parent) {
          if (scope->node->resource == nullptr) continue;
          auto found = scope->node->resource->dynamic_anchors.find(name);
          if (found != scope->node->resource->dynamic_anchors.end()) to = found->second;
        }
      }
      refer(*to, "$dynamicRef");
    }
  }

  void conditions() {
    if (node_.negated != nullptr && self(*node_.negated, true).empty()) add("'not' failed");
    if (!node_.all_of.empty()) {
      Problems why;
      for (const SchemaNode* node : node_.all_of) {
        Problems problems = self(*node, false);
        if (!problems.empty()) why.push_back(grouped_problem(std::move(problems), at_));
      }
      if (!why.empty()) add("'allOf' failed", std::move(why));
    }
    if (!node_.any_of.empty()) any_of();
    if (!node_.one_of.empty()) one_of();
    if (node_.condition == nullptr) return;
    const SchemaNode* next = self(*node_.condition, true).empty() ? node_.then_node : node_.else_node;
    if (next != nullptr) add_all(self(*next, false));
  }

  void any_of() {
    Problems why;
    bool matched = false;
    for (const SchemaNode* node : node_.any_of) {
      Problems problems = self(*node, false);
      if (problems.empty()) {
        matched = true;
        if (unseen_.empty()) break;  // else all have to be asked what they see
      } else {
        why.push_back(grouped_problem(std::move(problems), at_));
      }
    }
    if (!matched) add("'anyOf' failed", std::move(why));
  }

  void one_of() {
    Problems why;
    int matched = -1;
    for (size_t i = 0; i < node_.one_of.size(); ++i) {
      Problems problems = self(*node_.one_of[i], matched != -1);
      if (!problems.empty()) {
        if (matched == -1) why.push_back(grouped_problem(std::move(problems), at_));
      } else if (matched == -1) {
        matched = static_cast<int>(i);
      } else {
        add("'oneOf' failed, subschemas " + words::grouped(matched) + ", " + words::grouped(static_cast<int64_t>(i)) +
            " matched");
        return;
      }
    }
    if (matched == -1) add("'oneOf' failed, none matched", std::move(why));
  }

  void unevaluated() {
    if (node_.draft < 2019) return;
    if (value_.kind == Kind::kObject && node_.unevaluated_properties != nullptr) {
      for (const std::string& name : unseen_.properties) {
        if (const SchemaValue* value = value_.find(name)) add_inner(*node_.unevaluated_properties, *value, name);
      }
      unseen_.properties.clear();
    }
    if (value_.kind == Kind::kArray && node_.unevaluated_items != nullptr) {
      for (size_t index : unseen_.items)
        add_inner(*node_.unevaluated_items, value_.items[index], std::to_string(index));
      unseen_.items.clear();
    }
  }

  const SchemaNode& node_;
  const SchemaValue& value_;
  std::string at_;
  Scope scope_;
  Unseen unseen_;
  bool only_whether_;
  int depth_;
  bool& too_deep_;
  Problems problems_;
};

}  // namespace

std::string problems_of(const Schema& schema, const SchemaValue& value, bool& too_deep) {
  const SchemaNode& root = schema.root();
  Judge judge(root, value, "", {&root, nullptr, 0, ""}, unseen_of(value, root, false), false, 0, too_deep);
  return words::lines(ungrouped(judge.run()));
}

ChartSchema::ChartSchema(std::string text) : text_(std::move(text)) {}
ChartSchema::~ChartSchema() = default;

Result<void> ChartSchema::validate(const SchemaValue& values) const {
  std::call_once(once_, [this] { compiled_ = Schema::compile(text_); });
  if (!*compiled_) return compiled_->error();
  bool too_deep = false;
  std::string text = problems_of(***compiled_, values, too_deep);
  if (too_deep) return Error(Code::kLimit, "the values are nested too deep for their schema");
  if (text.empty()) return ok();
  return Error(Code::kInvalid, text + "\n");
}

Result<void> validate_schema(std::string_view schema, const SchemaValue& values) {
  return ChartSchema(std::string(schema)).validate(values);
}

}  // namespace autonomous::helm
