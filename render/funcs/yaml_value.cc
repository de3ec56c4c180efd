#include "render/funcs/yaml_value.h"

#include <algorithm>
#include <vector>

#include "gitops/base/text.h"

namespace autonomous::render {

namespace {

// Builds values as events come. Lists are gathered on one stack and cut off at their ends.
class ValueSink final : public yaml::Sink {
 public:
  ValueSink(Arena& arena, Numbers numbers) : arena_(arena), numbers_(numbers) {}

  void begin_map() override { frames_.push_back({Map::make(arena_), {}, items_.size()}); }
  void key(std::string_view key) override { frames_.back().key = Key(arena_.copy(key)); }
  void end_map() override {
    Map* map = frames_.back().map;
    frames_.pop_back();
    map->sort();
    put(Value::of(map));
  }
  void begin_list() override { frames_.push_back({nullptr, {}, items_.size()}); }
  void end_list() override {
    size_t start = frames_.back().start;
    frames_.pop_back();
    auto items = arena_.copy(std::span<const Value>(items_).subspan(start));
    items_.resize(start);
    put(Value::of(std::span<const Value>(items)));
  }
  void scalar(const yaml::Scalar& scalar) override { put(value_of(scalar)); }

  Value root() const { return root_; }

 private:
  struct Frame {
    Map* map;  // nullptr: a list
    Key key;
    size_t start;
  };

  Value value_of(const yaml::Scalar& scalar) {
    using Kind = yaml::Scalar::Kind;
    switch (scalar.kind) {
      case Kind::kNull: return Value::nil();
      case Kind::kBool: return Value::of(scalar.boolean);
      case Kind::kString:
      case Kind::kTimestamp: return Value::of(arena_.copy(scalar.text));
      case Kind::kFloat: return Value::of(scalar.number);
      case Kind::kInt:
        return numbers_ == Numbers::kJson ? Value::of(yaml::to_float64(scalar)) : Value::of_int64(scalar.integer);
      case Kind::kUint:
        return numbers_ == Numbers::kJson ? Value::of(yaml::to_float64(scalar)) : Value::of_uint(scalar.uinteger);
    }
    return Value::nil();
  }

  void put(Value value) {
    if (frames_.empty()) {
      root_ = value;
    } else if (frames_.back().map != nullptr) {
      frames_.back().map->append(frames_.back().key, value);
    } else {
      items_.push_back(value);
    }
  }

  Arena& arena_;
  Numbers numbers_;
  std::vector<Frame> frames_;
  std::vector<Value> items_;
  Value root_ = Value::nil();
};

// Hands on what stands under the wanted keys of the top map, and of a text that is no map everything.
class TopKeys final : public yaml::Sink {
 public:
  TopKeys(ValueSink& to, std::span<const std::string_view> keys) : to_(to), keys_(keys) {}

  void begin_map() override {
    if (wanted_) to_.begin_map();
    in_map_ = in_map_ || depth_ == 0;
    ++depth_;
  }
  void key(std::string_view key) override {
    if (in_map_ && depth_ == 1) wanted_ = is_wanted(key);
    if (wanted_) to_.key(key);
  }
  void end_map() override {
    leave();
    if (wanted_) to_.end_map();
  }
  void begin_list() override {
    if (wanted_) to_.begin_list();
    ++depth_;
  }
  void end_list() override {
    leave();
    if (wanted_) to_.end_list();
  }
  void scalar(const yaml::Scalar& scalar) override {
    if (wanted_) to_.scalar(scalar);
  }

 private:
  // Go folds more than ASCII (the Kelvin sign is a k): the reader of the values decides about those.
  bool is_wanted(std::string_view key) const {
    bool ascii = std::all_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    return !ascii || std::find(keys_.begin(), keys_.end(), to_lower(key)) != keys_.end();
  }
  void leave() { wanted_ = --depth_ == 0 || wanted_; }

  ValueSink& to_;
  std::span<const std::string_view> keys_;
  int depth_ = 0;
  bool in_map_ = false;
  bool wanted_ = true;
};

}  // namespace

Result<Value> read_yaml(Arena& arena, std::string_view text, Numbers numbers, const yaml::ReadOptions& options) {
  ValueSink sink(arena, numbers);
  TRY_DO(yaml::read(text, sink, options));
  return sink.root();
}

Result<Value> read_yaml_keys(Arena& arena, std::string_view text, Numbers numbers,
                             std::span<const std::string_view> keys) {
  ValueSink values(arena, numbers);
  TopKeys sink(values, keys);
  TRY_DO(yaml::read(text, sink));
  return values.root();
}

std::string_view json_kind(const Value& value) {
  if (value.is_bool()) return "bool";
  if (value.is_string()) return "string";
  if (value.is_list()) return "array";
  if (value.is_map()) return "object";
  return value.is_nothing() ? "null" : "number";
}

Result<Map*> read_yaml_map(Arena& arena, std::string_view text, const yaml::Limits& limits) {
  auto value = read_yaml(arena, text, Numbers::kJson, {.limits = limits});
  if (!value) return fail(value.error().code(), "error converting YAML to JSON: ", value.error().message());
  if (value->is_map()) return value->map();
  if (value->is_nothing()) return static_cast<Map*>(nullptr);
  return fail(Code::kInvalid, "error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ",
              json_kind(*value), " into Go value of type map[string]interface {}");
}

}  // namespace autonomous::render
