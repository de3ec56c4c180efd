// Value: a configuration tree in which everything still knows the line that it was written on.
//
// What autonomous.yaml, platform.yaml and the overlays become before they turn into structs: the layers of an app's
// configuration are merged as Values, so that an error or `autonomous config` can name the line that won. Values own
// their children; the text of the file is shared and immutable, so copies may be read by any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::model {

// A file as it was read, for messages.
struct SourceText {
  SourceText(std::string file, std::string text);
  std::string line(uint32_t number) const;  // from 1, without its end; "" where there is none

  std::string file;
  std::string text;

 private:
  std::vector<uint32_t> starts_;  // of the lines: a big file has many places to show
};

struct Member;

struct Value {
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  bool plain = false;     // a scalar without quotes: 5 is a number, "5" is a text
  bool replaces = false;  // a short form of a record: as an overlay it replaces, although it has become a map
  std::string text;       // of a scalar, exactly as written: 1.10, yes, 0123
  std::vector<Value> items;
  std::vector<Member> members;  // in the order of the file; keys are unique

  std::shared_ptr<const SourceText> source;  // null: a default of ours
  uint32_t line = 0;
  uint32_t column = 0;

  static Value scalar(std::string text, bool plain = false);
  static Value map();

  bool is_null() const { return kind == Kind::kNull; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  const Value* find(std::string_view key) const;  // null where there is none, or no map
  Value* find(std::string_view key);
  Value& set(std::string_view key, Value value);  // adds or replaces
  void erase(std::string_view key);
  // With the line's text, so that an error shows a caret.
  Place place() const;
  Value& locate_like(const Value& other);  // takes over source, line and column
};

struct Member {
  std::string key;
  Value value;
  uint32_t line = 0;  // of the key
  uint32_t column = 0;

  Place place() const;  // of the key
};

// What a parser of a file says: all errors of the file at once. `value` is there only without errors.
template <typename T>
struct Parsed {
  std::unique_ptr<T> value;
  std::vector<Error> errors;
  std::vector<Error> warnings;

  explicit operator bool() const { return value != nullptr; }
  T& operator*() const { return *value; }
  T* operator->() const { return value.get(); }
  // All errors as one, for callers that carry a single Error: the first one's place, the others' text in the message.
  Error error() const { return merge_errors(errors); }

 private:
  static Error merge_errors(const std::vector<Error>& errors);
};

Error merge_errors(const std::vector<Error>& errors);
template <typename T>
Error Parsed<T>::merge_errors(const std::vector<Error>& errors) {
  return model::merge_errors(errors);
}

// YAML → Value: syntax, limits and duplicate keys are judged here, meaning is not. An empty file is an empty map.
Parsed<Value> parse_yaml(std::string_view text, std::string_view file);

// The merge rule of design.md §8: records merge, scalars and lists replace, a scalar replaces a record, null removes.
void merge(Value& base, const Value& overlay);

// Deterministic JSON: keys sorted, no white space. typed: plain scalars keep their YAML meaning (numbers, booleans, so
// this is what chart values are given as; it is YAML's flow style, so 0x1F stays as it is); else every scalar is text.
std::string to_json(const Value& value, bool typed);

}  // namespace autonomous::model
