#include "render/template/value.h"

#include <algorithm>
#include <cmath>

namespace autonomous::render {

const Value* Value::empty_items() {
  static const Value nothing[1];
  return nothing;
}

Value Value::of_bytes(std::string_view bytes) {
  Value v(Store::kBytes, Type::kBytes);
  v.length_ = static_cast<uint32_t>(bytes.size());
  v.chars_ = bytes.data() == nullptr ? "" : bytes.data();  // null is the nil slice
  return v;
}

Value Value::typed_nil(Type type) {
  switch (kind_of(type)) {
    case Kind::kMap: return Value(Store::kMap, type);
    case Kind::kPointer: return Value(Store::kStruct, type);
    case Kind::kSlice: return Value(type == Type::kBytes ? Store::kBytes : Store::kList, type);
    default: return nil();
  }
}

Value Value::zero(Type type) {
  switch (kind_of(type)) {
    case Kind::kBool: return Value(Store::kBool, type);
    case Kind::kInt:
    case Kind::kInt8:
    case Kind::kInt16:
    case Kind::kInt32:
    case Kind::kInt64: return Value(Store::kInt, type);
    case Kind::kUint:
    case Kind::kUint8:
    case Kind::kUint16:
    case Kind::kUint32:
    case Kind::kUint64:
    case Kind::kUintptr: return Value(Store::kUint, type);
    case Kind::kFloat32:
    case Kind::kFloat64: return of(0.0, type);
    case Kind::kString: {
      Value v = of(std::string_view(""));
      v.type_ = type;
      return v;
    }
    default: return typed_nil(type);
  }
}

bool Value::is_nil() const {
  switch (store_) {
    case Store::kNil: return true;
    case Store::kList:
    case Store::kBytes:
    case Store::kMap:
    case Store::kStruct: return chars_ == nullptr;
    default: return false;
  }
}

size_t Value::length() const { return store_ == Store::kMap ? (map_ == nullptr ? 0 : map_->size()) : length_; }

Value Value::at(size_t i) const {
  if (store_ == Store::kBytes || store_ == Store::kString) {
    return of_uint(static_cast<uint8_t>(chars_[i]), Type::kUint8);
  }
  return element_of(type_) == Type::kInterface ? items_[i].wrapped() : items_[i];
}

uint32_t Key::hash(std::string_view text) {
  // FNV-1a, eight bytes a step: keys are short and the hash only has to tell neighbours apart.
  uint64_t h = 0xcbf29ce484222325ULL ^ text.size();
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    uint64_t word;
    std::memcpy(&word, text.data() + i, 8);
    h = (h ^ word) * 0x9e3779b97f4a7c15ULL;
    h ^= h >> 29;
  }
  for (; i < text.size(); ++i) h = (h ^ static_cast<uint8_t>(text[i])) * 0x100000001b3ULL;
  h ^= h >> 32;
  return static_cast<uint32_t>(h * 0x9e3779b1U);
}

Map* Map::make(Arena& arena, size_t capacity) {
  Map* map = arena.make<Map>(arena);
  if (capacity != 0) map->reserve(capacity);
  return map;
}

void Map::reserve(size_t capacity) {
  Entry* entries = static_cast<Entry*>(arena_->allocate(capacity * sizeof(Entry), alignof(Entry)));
  for (size_t i = 0; i < size_; ++i) new (entries + i) Entry(entries_[i]);
  entries_ = entries;
  capacity_ = static_cast<uint32_t>(capacity);
  shared_ = false;
}

void Map::detach() {
  if (shared_) reserve(std::max<size_t>(capacity_, 4));
}

size_t Map::position(std::string_view key) const {
  const Entry* at = std::lower_bound(entries_, entries_ + size_, key,
                                     [](const Entry& entry, std::string_view k) { return entry.key.text() < k; });
  return static_cast<size_t>(at - entries_);
}

const Value* Map::find(const Key& key) const {
  // Hashes beside each other beat a binary search over strings until well beyond the usual sizes.
  constexpr uint32_t kScan = 32;
  if (size_ <= kScan) {
    for (uint32_t i = 0; i < size_; ++i) {
      if (entries_[i].key == key) return &entries_[i].value;
    }
    return nullptr;
  }
  size_t at = position(key.text());
  return at < size_ && entries_[at].key == key ? &entries_[at].value : nullptr;
}

void Map::set(const Key& key, Value value) {
  size_t at = size_ != 0 && entries_[size_ - 1].key.text() < key.text() ? size_ : position(key.text());
  if (at < size_ && entries_[at].key == key) {
    detach();
    entries_[at].value = value;
    return;
  }
  if (size_ == capacity_) {
    reserve(std::max<size_t>(size_t{capacity_} * 2, 4));
  } else {
    detach();
  }
  for (size_t i = size_; i > at; --i) entries_[i] = entries_[i - 1];
  new (entries_ + at) Entry{key, value};
  ++size_;
}

void Map::append(const Key& key, Value value) {
  if (size_ == capacity_) {
    reserve(std::max<size_t>(size_t{capacity_} * 2, 4));
  } else {
    detach();
  }
  new (entries_ + size_++) Entry{key, value};
}

void Map::sort() {
  detach();
  auto less = [](const Entry& a, const Entry& b) { return a.key.text() < b.key.text(); };
  if (!std::is_sorted(entries_, entries_ + size_, less)) std::stable_sort(entries_, entries_ + size_, less);
  uint32_t kept = 0;
  for (uint32_t i = 0; i < size_; ++i) {
    if (i + 1 < size_ && entries_[i].key == entries_[i + 1].key) continue;
    entries_[kept++] = entries_[i];
  }
  size_ = kept;
}

bool Map::erase(std::string_view key) {
  size_t at = position(key);
  if (at == size_ || entries_[at].key.text() != key) return false;
  detach();
  for (size_t i = at; i + 1 < size_; ++i) entries_[i] = entries_[i + 1];
  --size_;
  return true;
}

Map* Map::copy(Arena& arena) const {
  Map* to = make(arena, size_);
  for (uint32_t i = 0; i < size_; ++i) new (to->entries_ + i) Entry(entries_[i]);
  to->size_ = size_;
  return to;
}

Map::Snapshot::Snapshot(Map* map) : map_(map), entries_(map->entries()), first_(!map->shared_) { map->shared_ = true; }

Map::Snapshot::~Snapshot() {
  // Only the outermost snapshot of these very entries may say that nobody shares them any longer.
  if (first_ && map_->entries_ == entries_.data()) map_->shared_ = false;
}

const Field* Struct::find(std::string_view name) const {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  for (const Field& field : fields) {
    if (!field.embedded || !field.value.is_struct() || field.value.is_nil()) continue;
    if (const Field* found = field.value.structure()->find(name)) return found;
  }
  return nullptr;
}

void ListBuilder::grow() {
  size_t capacity = std::max<size_t>(capacity_ * 2, 8);
  Value* items = arena_->array<Value>(capacity);
  for (size_t i = 0; i < size_; ++i) new (items + i) Value(items_[i]);
  items_ = items;
  capacity_ = capacity;
}

namespace {

// Values are read from YAML with a depth limit, but templates can nest maps further: recursion is counted.
constexpr int kMaxDepth = 50000;  // with a sanitizer a level takes some 4 KB of the 256 MiB

Value copy_value(Arena& arena, Value value, bool strings, int depth);

// What copystructure makes of a struct: fields that are not exported are left at zero, but a time is copied whole.
Value copy_struct(Arena& arena, Value value, int depth) {
  std::span<const Field> from = value.structure()->fields;
  if (value.type() == Type::kTime || value.type() == Type::kTimePointer || from.empty()) return value;
  Field* to = arena.array<Field>(from.size());
  for (size_t i = 0; i < from.size(); ++i) {
    new (to + i) Field(from[i]);
    Value part = from[i].value;
    to[i].value = from[i].exported() ? copy_value(arena, part, false, depth + 1) : Value::zero(part.type());
  }
  return Value::of(arena.make<Struct>(std::span<const Field>(to, from.size()), nullptr), value.type());
}

Value copy_value(Arena& arena, Value value, bool strings, int depth) {
  if (depth > kMaxDepth) throw ArenaFull();  // only a cycle gets here
  if (value.is_map() && !value.is_nil()) {
    const Map* from = value.map();
    Map* to = Map::make(arena, from->size());
    for (const Map::Entry& entry : from->entries()) {
      Key key = strings ? Key(arena.copy(entry.key.text())) : entry.key;
      to->append(key, copy_value(arena, entry.value, strings, depth + 1));
    }
    return Value::of(to, value.type());
  }
  if (value.is_list() && !value.is_nil()) {
    std::span<const Value> from = value.items();
    Value* to = arena.array<Value>(from.size());
    for (size_t i = 0; i < from.size(); ++i) new (to + i) Value(copy_value(arena, from[i], strings, depth + 1));
    return Value::of(std::span<const Value>(to, from.size()), value.type());
  }
  if (!strings && value.is_struct() && !value.is_nil()) return copy_struct(arena, value, depth);
  if (strings && value.is_string()) return Value::of(arena.copy(value.string()));
  if (strings && value.is_bytes() && !value.is_nil()) return Value::of_bytes(arena.copy(value.bytes()));
  return value;
}

class Equality {
 public:
  explicit Equality(uint64_t& steps) : steps_(steps) {}

  bool equal(Value a, Value b, int depth) {
    if (depth > kMaxDepth) return true;  // only two cycles get here
    if (steps_ == 0) return false;
    --steps_;
    if (a.is_nothing() || b.is_nothing()) return a.is_nothing() && b.is_nothing();
    if (a.type() != b.type()) return false;
    switch (a.store()) {
      case Store::kNone:
      case Store::kNil: return true;
      case Store::kBool:
      case Store::kInt:
      case Store::kUint: return a.integer() == b.integer();
      case Store::kFloat: return a.floating() == b.floating();
      case Store::kComplex: return a.complex() == b.complex();
      case Store::kString: return a.string() == b.string();
      case Store::kBytes: return a.is_nil() == b.is_nil() && a.bytes() == b.bytes();
      case Store::kMap: return maps(a.map(), b.map(), depth + 1);
      case Store::kStruct: return structs(a.structure(), b.structure(), depth + 1);
      case Store::kList: return lists(a, b, depth + 1);
    }
    return false;
  }

 private:
  bool maps(const Map* a, const Map* b, int depth) {
    if (a == b) return true;
    if (a == nullptr || b == nullptr || a->size() != b->size()) return false;
    for (size_t i = 0; i < a->size(); ++i) {
      const Map::Entry& x = a->entries()[i];
      const Map::Entry& y = b->entries()[i];
      if (!(x.key == y.key) || !equal(x.value, y.value, depth)) return false;
    }
    return true;
  }

  bool structs(const Struct* a, const Struct* b, int depth) {
    if (a == b) return true;
    if (a == nullptr || b == nullptr || a->fields.size() != b->fields.size()) return false;
    if (a->fields.empty() && a->native != b->native) return false;
    for (size_t i = 0; i < a->fields.size(); ++i) {
      if (!equal(a->fields[i].value, b->fields[i].value, depth)) return false;
    }
    return true;
  }

  bool lists(Value a, Value b, int depth) {
    if (a.is_nil() != b.is_nil() || a.length() != b.length()) return false;
    if (a.items().data() == b.items().data()) return true;
    for (size_t i = 0; i < a.length(); ++i) {
      if (!equal(a.items()[i], b.items()[i], depth)) return false;
    }
    return true;
  }

  uint64_t& steps_;
};

}  // namespace

Value deep_copy(Arena& arena, Value value) { return copy_value(arena, value, false, 0); }
Value deep_copy_with_strings(Arena& arena, Value value) { return copy_value(arena, value, true, 0); }

bool deep_equal(Value a, Value b, uint64_t& steps) { return Equality(steps).equal(a, b, 0); }

bool is_true(Value value) {
  switch (value.store()) {
    case Store::kNone:
    case Store::kNil: return false;
    case Store::kBool:
    case Store::kInt:
    case Store::kUint: return value.integer() != 0;
    case Store::kFloat: return value.floating() != 0;  // NaN is true, as in Go
    case Store::kComplex: return value.complex() != std::complex<double>();
    case Store::kString:
    case Store::kBytes:
    case Store::kList:
    case Store::kMap: return value.length() != 0;
    case Store::kStruct: return value.kind() != Kind::kPointer || !value.is_nil();
  }
  return false;
}

}  // namespace autonomous::render
