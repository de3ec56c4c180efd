#include "gitops/model/value.h"

#include <algorithm>
#include <cstdio>

#include "gitops/yaml/located.h"

namespace autonomous::model {

namespace {

Place place_at(const SourceText* source, uint32_t line, uint32_t column) {
  Place place;
  if (source == nullptr) return place;
  place.file = source->file;
  place.line = line;
  place.column = column;
  if (line != 0) place.text = source->line(line);
  return place;
}

void append_json_text(std::string& out, std::string_view text) {
  out += '"';
  for (char c : text) {
    auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      char buffer[8];
      std::snprintf(buffer, sizeof buffer, "\\u%04x", byte);
      out += buffer;
    } else {
      out += c;
    }
  }
  out += '"';
}

// Plain scalars of these characters mean the same in YAML's flow style as they did where they stood; all others are
// texts anyway (no number, boolean or null of YAML has another character).
bool plain_is_safe(std::string_view text) {
  if (text.empty() || text == "-") return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '+' ||
           c == '-' || c == '_';
  });
}

void append_json(std::string& out, const Value& value, bool typed) {
  switch (value.kind) {
    case Value::Kind::kNull: out += "null"; return;
    case Value::Kind::kScalar:
      if (typed && value.plain && plain_is_safe(value.text)) {
        out += value.text;
      } else {
        append_json_text(out, value.text);
      }
      return;
    case Value::Kind::kList: {
      out += '[';
      bool first = true;
      for (const Value& item : value.items) {
        if (!first) out += ',';
        first = false;
        append_json(out, item, typed);
      }
      out += ']';
      return;
    }
    case Value::Kind::kMap: {
      std::vector<const Member*> sorted;
      for (const Member& member : value.members) sorted.push_back(&member);
      std::sort(sorted.begin(), sorted.end(), [](const Member* a, const Member* b) { return a->key < b->key; });
      out += '{';
      for (size_t i = 0; i < sorted.size(); ++i) {
        if (i != 0) out += ',';
        append_json_text(out, sorted[i]->key);
        // YAML's flow style wants a space after a colon before a plain scalar; JSON doesn't mind it.
        out += typed ? ": " : ":";
        append_json(out, sorted[i]->value, typed);
      }
      out += '}';
      return;
    }
  }
}

void drop_nulls(Value& value) {
  if (!value.is_map()) return;
  std::erase_if(value.members, [](const Member& member) { return member.value.is_null(); });
  for (Member& member : value.members) drop_nulls(member.value);
}

Value from_node(const yaml::Node& node, const std::shared_ptr<const SourceText>& source) {
  Value value;
  value.source = source;
  value.line = node.line();
  value.column = node.column();
  switch (node.kind()) {
    case yaml::Node::Kind::kNull: break;
    case yaml::Node::Kind::kScalar:
      value.kind = Value::Kind::kScalar;
      value.text = node.text();
      value.plain = !node.quoted();
      break;
    case yaml::Node::Kind::kList:
      value.kind = Value::Kind::kList;
      for (const yaml::Node& item : node.items()) value.items.push_back(from_node(item, source));
      break;
    case yaml::Node::Kind::kMap:
      value.kind = Value::Kind::kMap;
      for (const yaml::Node::Entry& entry : node.entries()) {
        value.members.push_back({entry.key, from_node(entry.value, source), entry.name.line(), entry.name.column()});
      }
      break;
  }
  return value;
}

}  // namespace

Parsed<Value> parse_yaml(std::string_view text, std::string_view file) {
  Parsed<Value> out;
  auto source = std::make_shared<const SourceText>(std::string(file), std::string(text));
  yaml::Node node = yaml::parse_located(text, std::string(file), out.errors);
  if (!out.errors.empty()) return out;
  out.value = std::make_unique<Value>(from_node(node, source));
  if (node.is_null()) {
    out.value->kind = Value::Kind::kMap;
    out.value->line = out.value->column = 1;
  }
  return out;
}

SourceText::SourceText(std::string file_name, std::string content)
    : file(std::move(file_name)), text(std::move(content)) {
  starts_.push_back(0);
  for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1))
    starts_.push_back(static_cast<uint32_t>(at + 1));
}

std::string SourceText::line(uint32_t number) const {
  if (number == 0 || number > starts_.size()) return "";
  const size_t begin = starts_[number - 1];
  std::string out = text.substr(begin, text.find('\n', begin) - begin);
  if (!out.empty() && out.back() == '\r') out.pop_back();
  return out;
}

Value Value::scalar(std::string text, bool plain) {
  Value value;
  value.kind = Kind::kScalar;
  value.text = std::move(text);
  value.plain = plain;
  return value;
}

Value Value::map() {
  Value value;
  value.kind = Kind::kMap;
  return value;
}

const Value* Value::find(std::string_view key) const {
  for (const Member& member : members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

Value* Value::find(std::string_view key) { return const_cast<Value*>(static_cast<const Value*>(this)->find(key)); }

Value& Value::set(std::string_view key, Value value) {
  if (Value* old = find(key)) {
    *old = std::move(value);
    return *old;
  }
  Member member;
  member.key = key;
  member.line = value.line;
  member.column = value.column;
  member.value = std::move(value);
  members.push_back(std::move(member));
  return members.back().value;
}

void Value::erase(std::string_view key) {
  std::erase_if(members, [&](const Member& member) { return member.key == key; });
}

Place Value::place() const { return place_at(source.get(), line, column); }

Value& Value::locate_like(const Value& other) {
  source = other.source;
  line = other.line;
  column = other.column;
  return *this;
}

Place Member::place() const { return place_at(value.source.get(), line, column); }

Error merge_errors(const std::vector<Error>& errors) {
  if (errors.empty()) return fail(Code::kInternal, "no error was given");
  if (errors.size() == 1) return errors.front();
  std::string message = errors.front().message();
  const size_t shown = std::min<size_t>(errors.size(), 50);
  for (size_t i = 1; i < shown; ++i) message += "\n" + errors[i].text();
  if (shown < errors.size()) message += "\nand " + std::to_string(errors.size() - shown) + " more";
  Error merged(errors.front().code(), std::move(message));
  if (errors.front().place() != nullptr) {
    Place place = *errors.front().place();
    place.text.clear();  // the caret would stand below the last of several messages
    merged = std::move(merged).at(std::move(place));
  }
  return merged;
}

void merge(Value& base, const Value& overlay) {
  if (!overlay.is_map() || !base.is_map() || overlay.replaces) {
    base = overlay;
    drop_nulls(base);
    return;
  }
  for (const Member& member : overlay.members) {
    if (member.value.is_null()) {
      base.erase(member.key);
      continue;
    }
    auto old =
        std::find_if(base.members.begin(), base.members.end(), [&](const Member& m) { return m.key == member.key; });
    if (old != base.members.end()) {
      merge(old->value, member.value);
      // A member is placed by its value's file: where that changed, the key's line has to follow.
      if (old->value.source == member.value.source) old->line = member.line, old->column = member.column;
      continue;
    }
    base.members.push_back(member);
    drop_nulls(base.members.back().value);
  }
  base.replaces = false;
}

std::string to_json(const Value& value, bool typed) {
  std::string out;
  append_json(out, value, typed);
  return out;
}

}  // namespace autonomous::model
