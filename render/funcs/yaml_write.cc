// Values to YAML: yaml_value.h's second half.
#include <algorithm>
#include <vector>

#include "gitops/base/text.h"
#include "gitops/yaml/emit.h"
#include "render/funcs/go_time.h"
#include "render/funcs/json_text.h"
#include "render/funcs/moments.h"
#include "render/funcs/yaml_value.h"

namespace autonomous::render {
namespace {

constexpr int kMaxYamlDepth = 10'000;

// Sends a value to an emitter, maps in the order that it wants, until that is full.
class YamlWriter {
 public:
  YamlWriter(yaml::Emitter& emitter, yaml::Flavour flavour, const Library* library)
      : emitter_(emitter), flavour_(flavour), library_(library) {}

  void write(const Value& value, int depth = 0) {
    if (emitter_.full()) return;
    if (depth > kMaxYamlDepth) return emitter_.refuse("json: unsupported value: encountered a cycle");
    switch (value.store()) {
      case Store::kBool: return emitter_.boolean(value.boolean());
      case Store::kInt:
        if (library_ != nullptr && value.type() == Type::kDuration) {
          return emitter_.string(duration_text(value.integer()));
        }
        return emitter_.integer(value.integer());
      case Store::kUint: return emitter_.uinteger(value.unsigned_integer());
      case Store::kFloat: return emitter_.number(value.floating());
      case Store::kString: return emitter_.string(value.string());
      case Store::kList:
      case Store::kBytes: return list(value, depth + 1);
      case Store::kMap: return map(value, depth + 1);
      case Store::kStruct: return structure(value, depth + 1);
      case Store::kComplex: return emitter_.refuse(std::string(kNoComplex));
      default: return emitter_.null();
    }
  }

 private:
  // yaml.v3 takes a nil list or map for an empty one; JSON has null.
  bool is_null(const Value& value) const { return value.is_nil() && library_ == nullptr; }

  void list(const Value& value, int depth) {
    if (is_null(value)) return emitter_.null();
    emitter_.begin_list();
    for (size_t i = 0; i < value.length(); ++i) write(value.at(i), depth);
    emitter_.end_list();
  }

  void map(const Value& value, int depth) {
    if (is_null(value)) return emitter_.null();
    std::vector<const Map::Entry*> entries;
    if (!value.is_nil()) {
      entries.reserve(value.map()->size());
      for (const Map::Entry& entry : value.map()->entries()) entries.push_back(&entry);
    }
    std::sort(entries.begin(), entries.end(), [this](const Map::Entry* a, const Map::Entry* b) {
      return yaml::key_less(a->key.text(), b->key.text(), flavour_);
    });
    emitter_.begin_map();
    for (const Map::Entry* entry : entries) {
      emitter_.key(entry->key.text());
      write(entry->value, depth);
    }
    emitter_.end_map();
  }

  // yaml.v3 only: what goes through JSON has none left.
  void structure(const Value& value, int depth) {
    if (value.is_nil() || library_ == nullptr) return emitter_.null();
    if (value.type() == Type::kTime || value.type() == Type::kTimePointer) {
      return emitter_.literal(format_layout(moment_of(value), "2006-01-02T15:04:05.999999999Z07:00"));
    }
    const Methods* methods = library_->methods(value.type());
    if ((methods == nullptr || methods->to_json == nullptr) && value.kind() == Kind::kPointer) {
      methods = library_->methods(element_of(value.type()));
    }
    if (methods != nullptr && methods->to_json != nullptr) {  // TextMarshalers: a text in quotes
      Arena arena;
      auto text = methods->to_json(arena, value);
      if (text) return emitter_.string(text->substr(1, text->size() - 2));
    }
    emitter_.begin_map();
    for (const Field& field : value.structure()->fields) {
      if (!field.exported()) continue;
      emitter_.key(to_lower(field.name));
      write(field.value, depth);
    }
    emitter_.end_map();
  }

  yaml::Emitter& emitter_;
  yaml::Flavour flavour_;
  const Library* library_;  // nullptr: of JSON's kinds only
};

// Whether something in the value becomes YAML only through its JSON: structs, times, bytes. A value with more parts
// than `budget` does, too, and one that contains itself: writing its JSON says so.
bool needs_json(Value value, int depth, uint64_t& budget) {
  if (depth > kMaxYamlDepth || budget-- == 0) return true;
  switch (value.store()) {
    case Store::kBytes:
    case Store::kStruct:
    case Store::kComplex: return true;
    case Store::kList:
      for (Value item : value.items()) {
        if (needs_json(item, depth + 1, budget)) return true;
      }
      return false;
    case Store::kMap:
      if (value.is_nil()) return false;
      for (const Map::Entry& entry : value.map()->entries()) {
        if (needs_json(entry.value, depth + 1, budget)) return true;
      }
      return false;
    default: return false;
  }
}

Result<std::string> write_with(const Value& value, yaml::Flavour flavour, const Library* library, size_t most) {
  std::string out;
  yaml::Emitter emitter(out, flavour);
  emitter.limit(most);
  YamlWriter(emitter, flavour, library).write(value);
  TRY_DO(emitter.finish());
  return out;
}

}  // namespace

Result<std::string> write_yaml(const Value& value, size_t most) {
  return write_with(value, yaml::Flavour::kV2, nullptr, most);
}

Result<std::string> marshal_yaml(Arena& arena, const Value& value, const Library& library, size_t most) {
  uint64_t budget = most;  // each part of a value is a byte of its text at least
  if (!needs_json(value, 0, budget)) {
    auto text = write_yaml(value, most);
    if (text || text.error().code() == Code::kLimit) return text;
  }
  std::string json;
  auto written = write_json(json, value, library, {.most = most});
  if (!written && written.error().code() == Code::kLimit) return std::move(written).error();
  if (!written) return fail(Code::kInvalid, "error marshaling into JSON: ", written.error().message());
  // Its numbers are read again as YAML reads them, so that integers stay integers.
  TRY(Value read, read_yaml(arena, json, Numbers::kNative));
  return write_yaml(read, most);
}

Result<std::string> write_pretty_yaml(const Value& value, const Library& library, size_t most) {
  return write_with(value, yaml::Flavour::kV3, &library, most);
}

}  // namespace autonomous::render
