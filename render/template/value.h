// Value: one Go value as the template sees it, in 16 bytes; Map, List and Struct: what it can point to.
//
// A Value is a reference: copying it copies nothing behind it. What is behind it lives in the render's Arena (or
// longer). The Go type belongs to the reference, not to the map: `.Values` and the result of `set .Values …` are one
// Map under two types. Three ways of being nothing are kept apart: no value (is_none: reflect's invalid Value), the
// nil interface (is_nil_interface), and a typed nil (a nil map, slice or pointer: is_nil). Lists are immutable, maps
// are mutable by identity. One thread at a time, except for values that nobody writes to.
#pragma once

#include <complex>
#include <cstdint>
#include <span>
#include <string_view>

#include "render/template/arena.h"
#include "render/template/type.h"

namespace autonomous::render {

class Map;
class Value;
struct Struct;

// How the payload is stored; the Go type says the rest.
enum class Store : uint8_t { kNone, kNil, kBool, kInt, kUint, kFloat, kComplex, kString, kBytes, kList, kMap, kStruct };

class Value {
 public:
  constexpr Value() : store_(Store::kNone), flags_(0), type_(Type::kInvalid), length_(0), integer_(0) {}  // no value
  static constexpr Value nil() { return Value(Store::kNil, Type::kInterface); }  // nil interface
  static Value typed_nil(Type type);                                             // zero value of a nilable type
  static Value zero(Type type);                                                  // Go's zero value; not for structs

  static Value of(bool value) {
    Value v(Store::kBool, Type::kBool);
    v.integer_ = value;
    return v;
  }
  static Value of(int value) { return of_int(value); }
  static Value of(int64_t value, Type type) {
    Value v(Store::kInt, type);
    v.integer_ = value;
    return v;
  }
  static Value of_int(int64_t value) { return of(value, Type::kInt); }
  static Value of_int64(int64_t value) { return of(value, Type::kInt64); }
  static Value of_uint(uint64_t value, Type type = Type::kUint64) {
    Value v(Store::kUint, type);
    v.unsigned_ = value;
    return v;
  }
  static Value of(double value, Type type = Type::kFloat64) {
    Value v(Store::kFloat, type);
    v.float_ = value;
    return v;
  }
  // The characters are not copied: they must live as long as the value.
  static Value of(std::string_view text) {
    Value v(Store::kString, Type::kString);
    v.length_ = static_cast<uint32_t>(text.size());
    v.chars_ = text.data();
    return v;
  }
  static Value of(const char* text) { return of(std::string_view(text)); }
  static Value of_bytes(std::string_view bytes);
  static Value of(const std::complex<double>* value) {
    Value v(Store::kComplex, Type::kComplex128);
    v.complex_ = value;
    return v;
  }
  static Value of(std::span<const Value> items, Type type = Type::kList) {
    Value v(Store::kList, type);
    v.length_ = static_cast<uint32_t>(items.size());
    v.items_ = items.data();
    if (v.items_ == nullptr) v.items_ = empty_items();
    return v;
  }
  static Value of(Map* map, Type type = Type::kMap) {
    Value v(Store::kMap, type);
    v.map_ = map;
    return v;
  }
  static Value of(const Struct* fields, Type type) {
    Value v(Store::kStruct, type);
    v.struct_ = fields;
    return v;
  }

  Store store() const { return store_; }
  Type type() const { return type_; }  // the dynamic type, never interface {} unless nil
  Kind kind() const { return kind_of(type_); }
  std::string_view type_name() const { return render::type_name(type_); }
  // reflect's static type: interface {} for what came out of a []interface {} or map[string]interface {}.
  Type static_type() const { return in_interface() ? Type::kInterface : type_; }

  bool is_none() const { return store_ == Store::kNone; }
  bool is_nil_interface() const { return store_ == Store::kNil; }
  bool is_nothing() const { return store_ <= Store::kNil; }  // a function with an interface {} parameter sees nil
  bool is_nil() const;                                       // any nil: interface, map, slice, pointer
  bool is_bool() const { return store_ == Store::kBool; }
  bool is_int() const { return store_ == Store::kInt; }
  bool is_uint() const { return store_ == Store::kUint; }
  bool is_float() const { return store_ == Store::kFloat; }
  bool is_string() const { return store_ == Store::kString; }
  bool is_bytes() const { return store_ == Store::kBytes; }
  bool is_list() const { return store_ == Store::kList; }  // any slice but []uint8
  bool is_map() const { return store_ == Store::kMap; }
  bool is_struct() const { return store_ == Store::kStruct; }  // a struct or a pointer to one

  // Each requires the matching is_….
  bool boolean() const { return integer_ != 0; }
  int64_t integer() const { return integer_; }
  uint64_t unsigned_integer() const { return unsigned_; }
  double floating() const { return float_; }
  const std::complex<double>& complex() const { return *complex_; }
  std::string_view string() const { return {chars_, length_}; }
  std::string_view bytes() const { return {chars_, length_}; }
  std::span<const Value> items() const { return {items_, length_}; }
  Map* map() const { return map_; }                    // nullptr: a nil map
  const Struct* structure() const { return struct_; }  // nullptr: a nil pointer
  const void* address() const { return chars_; }       // for %p and cycles

  // The same payload under another Go type of the same kind: `common.Values` ↔ map[string]interface {}.
  Value as(Type type) const {
    Value v = *this;
    v.type_ = type;
    return v;
  }

  // reflect's Kind() == Interface: the value was taken out of something that holds interfaces. Error texts need it.
  bool in_interface() const { return (flags_ & kInInterface) != 0 || store_ == Store::kNil; }
  Value wrapped() const {
    Value v = *this;
    if (store_ != Store::kNone) v.flags_ |= kInInterface;
    return v;
  }
  // What is inside the interface; the nil interface becomes no value.
  Value unwrapped() const {
    if (store_ == Store::kNil) return {};
    Value v = *this;
    v.flags_ &= static_cast<uint8_t>(~kInInterface);
    return v;
  }
  // reflect's CanAddr: a field reached through a pointer; methods of the pointer type apply.
  bool addressable() const { return (flags_ & kAddressable) != 0; }
  Value with_address() const {
    Value v = *this;
    v.flags_ |= kAddressable;
    return v;
  }
  Value without_address() const {
    Value v = *this;
    v.flags_ &= static_cast<uint8_t>(~kAddressable);
    return v;
  }

  // Element i of a list, with the static type that Go gives it; bytes are uint8. Requires i < length.
  Value at(size_t i) const;
  size_t length() const;  // of a string, bytes, list or map; else 0

 private:
  static constexpr uint8_t kInInterface = 1;
  static constexpr uint8_t kAddressable = 2;
  constexpr Value(Store store, Type type) : store_(store), flags_(0), type_(type), length_(0), integer_(0) {}
  static const Value* empty_items();

  Store store_;
  uint8_t flags_;
  Type type_;
  uint32_t length_;
  union {
    int64_t integer_;
    uint64_t unsigned_;
    double float_;
    const char* chars_;
    const std::complex<double>* complex_;
    const Value* items_;
    Map* map_;
    const Struct* struct_;
  };
};
static_assert(sizeof(Value) == 16);

// A map's key with its hash: made once, for constants at parse time.
class Key {
 public:
  constexpr Key() = default;
  explicit Key(std::string_view text)
      : chars_(text.data()), length_(static_cast<uint32_t>(text.size())), hash_(hash(text)) {}
  std::string_view text() const { return {chars_, length_}; }
  uint32_t hash() const { return hash_; }
  static uint32_t hash(std::string_view text);
  friend bool operator==(const Key& a, const Key& b) {
    return a.hash_ == b.hash_ && a.length_ == b.length_ && (a.chars_ == b.chars_ || a.text() == b.text());
  }

 private:
  const char* chars_ = nullptr;
  uint32_t length_ = 0;
  uint32_t hash_ = 0;
};

// A Go map with string keys, kept sorted by key (bytewise): the order in which Go prints and ranges. What Go leaves to
// chance (`keys`, `values`) follows the same order here.
class Map {
 public:
  struct Entry {
    Key key;
    Value value;
  };

  explicit Map(Arena& arena) : arena_(&arena) {}
  static Map* make(Arena& arena, size_t capacity = 0);

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // In the order of the keys. The span is a snapshot only while a Snapshot holds it.
  std::span<const Entry> entries() const { return {entries_, size_}; }

  const Value* find(const Key& key) const;  // nullptr: not there; the pointer lives until the next write
  const Value* find(std::string_view key) const { return find(Key(key)); }
  bool has(std::string_view key) const { return find(key) != nullptr; }
  // What Go's `m[key]` gives in a template: the value, or no value. Values of interface maps are marked so by the
  // caller, who knows the reference's type (field_of in evaluator).
  Value get(std::string_view key) const {
    const Value* v = find(key);
    return v ? *v : Value();
  }

  // The key's characters are not copied: they must live as long as the map.
  void set(const Key& key, Value value);
  void set(std::string_view key, Value value) { set(Key(key), value); }
  bool erase(std::string_view key);
  void clear() {
    detach();
    size_ = 0;
  }
  // Appends without looking: for readers that deliver keys in rising order or call sort() at the end.
  void append(const Key& key, Value value);
  void sort();  // after appends in any order; of equal keys the last one stays

  Map* copy(Arena& arena) const;  // shallow

  // While it lives, entries() as seen when it was made stay as they were, whatever is set meanwhile (`range`).
  class Snapshot {
   public:
    explicit Snapshot(Map* map);
    ~Snapshot();
    Snapshot(const Snapshot&) = delete;
    Snapshot& operator=(const Snapshot&) = delete;
    std::span<const Entry> entries() const { return entries_; }

   private:
    Map* map_;
    std::span<const Entry> entries_;
    bool first_;
  };

 private:
  size_t position(std::string_view key) const;  // of the first entry not less than key
  void reserve(size_t capacity);
  void detach();  // own entries again, when a snapshot shares them

  Arena* arena_;
  Entry* entries_ = nullptr;
  uint32_t size_ = 0;
  uint32_t capacity_ = 0;
  bool shared_ = false;
};

// The fields of a Go struct, in their order.
struct Field {
  std::string_view name;
  std::string_view json;  // its key in JSON and YAML; "": the name; "-": left out
  bool omit_empty = false;
  bool embedded = false;  // its fields are reached and printed through it
  Value value;
  // Go's rule: only printing and comparing see the others.
  bool exported() const { return name.front() >= 'A' && name.front() <= 'Z'; }
};
struct Struct {
  std::span<const Field> fields;
  const void* native = nullptr;                    // what methods work on: a time, a version
  const Field* find(std::string_view name) const;  // embedded ones too
};

// A text that grows in pieces and ends as an arena's string.
class ListBuilder {
 public:
  ListBuilder(Arena& arena, size_t capacity)
      : arena_(&arena), items_(arena.array<Value>(capacity)), capacity_(capacity) {}
  void add(Value value) {
    if (size_ == capacity_) grow();
    new (items_ + size_++) Value(value);
  }
  size_t size() const { return size_; }
  Value list(Type type = Type::kList) const { return Value::of(std::span<const Value>(items_, size_), type); }

 private:
  void grow();
  Arena* arena_;
  Value* items_;
  size_t size_ = 0;
  size_t capacity_;
};

// A copy of the value with all maps and lists in it, in `arena`; strings are shared, not copied.
Value deep_copy(Arena& arena, Value value);
// The same, strings and keys included: nothing of the source is needed afterwards.
Value deep_copy_with_strings(Arena& arena, Value value);
// reflect.DeepEqual, types included. Each pair that is looked at takes one of `steps`; with none left the answer,
// false, means nothing. Maps that contain themselves are equal when no difference was found.
bool deep_equal(Value a, Value b, uint64_t& steps);
// Go's truth of a value in `if`, `and`, `default`'s kin.
bool is_true(Value value);

}  // namespace autonomous::render
