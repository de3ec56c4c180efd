#include "gitops/model/shape.h"

#include <algorithm>
#include <charconv>

#include "gitops/base/clock.h"
#include "gitops/base/text.h"
#include "gitops/base/tree.h"

namespace autonomous::model {

namespace {

std::string in_quotes(std::string_view text) { return "'" + one_line(text, 60) + "'"; }

std::string what_is(const Value& value) {
  switch (value.kind) {
    case Value::Kind::kNull: return "nothing";
    case Value::Kind::kScalar: return in_quotes(value.text);
    case Value::Kind::kList: return "a list";
    case Value::Kind::kMap: return "a map";
  }
  return "";
}

bool is_scalar_kind(Shape::Kind kind) {
  return kind != Shape::Kind::kList && kind != Shape::Kind::kMap && kind != Shape::Kind::kRecord &&
         kind != Shape::Kind::kAny;
}

bool kind_fits(const Shape& shape, const Value& value) {
  if (shape.kind == Shape::Kind::kAny) return true;
  if (is_scalar_kind(shape.kind)) return value.is_scalar();
  return shape.kind == Shape::Kind::kList ? value.is_list() : value.is_map();
}

std::string child_name(const std::string& name, std::string_view key) {
  return name.empty() ? std::string(key) : name + "." + std::string(key);
}

std::string prefix(const std::string& name) { return name.empty() ? "" : name + ": "; }

void wrong_kind(const Shape& shape, const Value& value, const std::string& name, ShapeCheck& context) {
  std::string wanted = shape.noun;
  for (const Short& form : shape.shorts) {
    if (form.shape.noun != wanted) wanted = form.shape.noun + " or " + wanted;
  }
  context.errors.push_back(shape_error(value.place(), name, "expected " + wanted + ", not " + what_is(value)));
}

// "./a//b/" below `folder` → "folder/a/b"; false when it leaves the root.
bool normalise_path(std::string_view text, std::string_view folder, std::string& out) {
  std::vector<std::string> parts;
  if (!text.empty() && text.front() == '/') {
    text.remove_prefix(1);
  } else {
    for (std::string_view part : split(folder, '/')) {
      if (!part.empty()) parts.emplace_back(part);
    }
  }
  for (std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (parts.empty()) return false;
      parts.pop_back();
      continue;
    }
    parts.emplace_back(part);
  }
  out = join(parts, "/");
  return true;
}

void check_path(const Shape& shape, Value& value, const std::string& name, ShapeCheck& context) {
  std::string_view text = value.text;
  bool negative = shape.kind == Shape::Kind::kGlob && starts_with(text, "!");
  if (negative) text.remove_prefix(1);
  std::string out;
  if (text.empty() || text.find('\0') != std::string_view::npos || text.find('\n') != std::string_view::npos) {
    context.errors.push_back(
        shape_error(value.place(), name, "expected " + shape.noun + ", not " + in_quotes(value.text)));
  } else if (shape.urls && text.find("://") != std::string_view::npos) {
    return;  // judged with the keys beside it
  } else if (!normalise_path(text, context.folder, out)) {
    context.errors.push_back(shape_error(value.place(), name, in_quotes(value.text) + " leads out of the project"));
  } else {
    value.text = (negative ? "!" : "") + out;
  }
}

void check_scalar(const Shape& shape, Value& value, const std::string& name, ShapeCheck& context) {
  auto wrong = [&](std::string message) {
    context.errors.push_back(shape_error(value.place(), name, std::move(message)));
  };
  value.plain = false;  // from here on its shape says what it is
  switch (shape.kind) {
    case Shape::Kind::kInteger: {
      if (std::string why = shape.check ? shape.check(value.text) : ""; !why.empty()) return wrong(why);
      int64_t number = 0;
      auto [end, ec] = std::from_chars(value.text.data(), value.text.data() + value.text.size(), number);
      if (ec != std::errc() || end != value.text.data() + value.text.size()) {
        return wrong("expected " + shape.noun + ", not " + in_quotes(value.text));
      }
      if (number < shape.min || number > shape.max) {
        return wrong(value.text + " is out of range: " + std::to_string(shape.min) + " to " +
                     std::to_string(shape.max));
      }
      value.text = std::to_string(number);
      return;
    }
    case Shape::Kind::kBoolean:
      if (value.text != "true" && value.text != "false") wrong("expected true or false, not " + in_quotes(value.text));
      return;
    case Shape::Kind::kChoice: {
      if (std::find(shape.choices.begin(), shape.choices.end(), value.text) != shape.choices.end()) return;
      std::string near = nearest(value.text, shape.choices);
      return wrong(in_quotes(value.text) + " is none of " + join(shape.choices, ", ") +
                   (near.empty() ? "" : "; did you mean '" + near + "'?"));
    }
    case Shape::Kind::kPath:
    case Shape::Kind::kGlob: return check_path(shape, value, name, context);
    default:
      if (!is_utf8(value.text)) return wrong("this is not UTF-8");
      if (shape.check) {
        std::string why = shape.check(value.text);
        if (!why.empty()) wrong(why);
      }
  }
}

void unknown_key(const Shape& shape, const Member& member, const std::string& name, ShapeCheck& context) {
  auto elsewhere = shape.elsewhere.find(member.key);
  if (elsewhere != shape.elsewhere.end()) {
    context.errors.push_back(
        shape_error(member.place(), name, "'" + member.key + "' does not belong here").hint(elsewhere->second));
    return;
  }
  std::vector<std::string> known;
  for (const Field& field : shape.fields) known.push_back(field.key);
  std::string near = nearest(member.key, known);
  Error error =
      shape_error(member.place(), name,
                  "unknown key " + in_quotes(member.key) + (near.empty() ? "" : "; did you mean '" + near + "'?"));
  if (near.empty()) error = std::move(error).hint("known here: " + join(known, ", "));
  context.errors.push_back(std::move(error));
}

void check_record(const Shape& shape, Value& value, const std::string& name, ShapeCheck& context) {
  std::vector<std::string> free;
  for (Member& member : value.members) {
    if (starts_with(member.key, "x-") || member.key == "$schema") {
      free.push_back(member.key);
      continue;
    }
    const Field* field = shape.field(member.key);
    if (field == nullptr) {
      unknown_key(shape, member, name, context);
    } else {
      check_shape(field->shape, member.value, child_name(name, member.key), context);
    }
  }
  for (const std::string& key : free) value.erase(key);
  if (context.overlay) return;
  for (const Field& field : shape.fields) {
    if (field.required && value.find(field.key) == nullptr) {
      context.errors.push_back(shape_error(value.place(), name, "'" + field.key + "' is missing")
                                   .hint(field.key + ": " + (field.doc.empty() ? field.shape.noun : field.doc)));
    }
  }
}

}  // namespace

Error shape_error(const Place& place, const std::string& name, std::string message) {
  return fail(Code::kInvalid, prefix(name), message).at(place);
}

const Field* Shape::field(std::string_view key) const {
  for (const Field& field : fields) {
    if (field.key == key) return &field;
  }
  return nullptr;
}

void check_shape(const Shape& shape, Value& value, const std::string& name, ShapeCheck& context) {
  if (shape.overlay && !context.overlay) {
    ShapeCheck inner{context.errors, context.folder, true};
    return check_shape(shape, value, name, inner);
  }
  if (value.is_null() && shape.kind != Shape::Kind::kAny) {
    if (context.overlay) return;
    if (is_scalar_kind(shape.kind)) {
      context.errors.push_back(shape_error(value.place(), name, "there is no value; expected " + shape.noun));
      return;
    }
    value.kind = shape.kind == Shape::Kind::kList ? Value::Kind::kList : Value::Kind::kMap;
  }
  if (!kind_fits(shape, value)) {
    for (const Short& form : shape.shorts) {
      if (!kind_fits(form.shape, value)) continue;
      const size_t before = context.errors.size();
      check_shape(form.shape, value, name, context);
      if (context.errors.size() != before || !form.expand) return;
      Value expanded = form.expand(value);
      expanded.locate_like(value);
      expanded.replaces = expanded.is_map();
      for (Member& member : expanded.members) {
        if (member.value.source == nullptr) member.value.locate_like(value);
        if (member.line == 0) member.line = value.line, member.column = value.column;
      }
      value = std::move(expanded);
      return;
    }
    return wrong_kind(shape, value, name, context);
  }
  switch (shape.kind) {
    case Shape::Kind::kAny: return;
    case Shape::Kind::kList: {
      ShapeCheck inner{context.errors, context.folder, false};  // a list replaces as a whole
      for (size_t i = 0; i < value.items.size(); ++i) {
        check_shape(*shape.of, value.items[i], name + "[" + std::to_string(i) + "]", inner);
      }
      return;
    }
    case Shape::Kind::kMap:
      for (Member& member : value.members) {
        std::string why = shape.key_check ? shape.key_check(member.key) : "";
        if (!why.empty()) context.errors.push_back(shape_error(member.place(), name, why));
        check_shape(*shape.of, member.value, child_name(name, member.key), context);
      }
      return;
    case Shape::Kind::kRecord: return check_record(shape, value, name, context);
    default: return check_scalar(shape, value, name, context);
  }
}

}  // namespace autonomous::model
