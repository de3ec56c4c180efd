// Configuration files that people write (autonomous.yaml, platform.yaml, overlays): a tree whose every node knows the
// file, line and column it came from, and a reader that reports all that is wrong at once.
//
// Scalars keep their literal text: `1.10`, `yes` and `0123` stay what was typed; a reader asks for the type it wants.
// Nodes are values: cheap to copy (children are shared and immutable), safe to read from several threads, and they
// remember their file, so trees of several files can be merged (overlay) and each value still tells its line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"

namespace autonomous::yaml {

struct Source;  // the text of one file with its line starts

class Node {
 public:
  enum class Kind : uint8_t { kNull, kScalar, kList, kMap };
  struct Entry;

  Node() = default;  // null, from nowhere

  Kind kind() const { return kind_; }
  bool is_null() const { return kind_ == Kind::kNull; }
  bool is_scalar() const { return kind_ == Kind::kScalar; }
  bool is_list() const { return kind_ == Kind::kList; }
  bool is_map() const { return kind_ == Kind::kMap; }
  std::string_view kind_name() const;  // "null", "a text", "a list", "a map", as messages say it

  // The literal text of a scalar (quotes and escapes resolved); empty for others.
  const std::string& text() const;
  bool quoted() const { return quoted_; }        // written with quotes or as a block: always a text, never a number
  const std::vector<Node>& items() const;        // of a list, else empty
  const std::vector<Entry>& entries() const;     // of a map in the file's order, else empty
  const Node* find(std::string_view key) const;  // of a map; null values are found too

  // Where it was written, with the line's text for the caret. A node made by hand has no line.
  Place place() const;
  const std::string& file() const;
  uint32_t line() const { return line_; }      // from 1; 0 = unknown
  uint32_t column() const { return column_; }  // in bytes, from 1

  // Making nodes by hand (defaults, detection, tests). They have the place of `like` where one is given.
  static Node scalar(std::string text, const Node* like = nullptr);
  static Node list(std::vector<Node> items, const Node* like = nullptr);
  static Node map(std::vector<Entry> entries, const Node* like = nullptr);

 private:
  friend class TreeBuilder;
  Kind kind_ = Kind::kNull;
  bool quoted_ = false;
  uint32_t line_ = 0;
  uint32_t column_ = 0;
  std::shared_ptr<const Source> source_;
  std::shared_ptr<const std::string> text_;
  std::shared_ptr<const std::vector<Node>> items_;
  std::shared_ptr<const std::vector<Entry>> entries_;
};

struct Node::Entry {
  std::string key;
  Node name;  // the key as a scalar node: its place is what errors about the key point at
  Node value;
};

// Reads one document. Syntax errors, duplicate keys, a second document, anchors that don't exist: all are appended to
// `errors`, each with its place; what could be read is returned (null after a syntax error). Aliases and `<<` work,
// with a limit on what they may grow to. An empty text is a null node. Limits: 1 MiB, 100 levels, 100,000 nodes.
Node parse_located(std::string_view text, std::string file, std::vector<Error>& errors);

// `over` laid over `base`: maps merge by key, scalars and lists replace, a scalar replaces a whole map, and a null
// value removes the key. Order: base's keys, then new ones.
Node overlay(const Node& base, const Node& over);

// The tree as YAML text (block style, keys in their order, literal scalars unquoted where they were).
std::string to_text(const Node& node);

// Literal text → value, as the readers below do it. nullopt when it isn't one.
std::optional<bool> as_bool(const Node& node);    // true/false/yes/no/on/off in the cases YAML 1.1 knows, unquoted
std::optional<int64_t> as_int(const Node& node);  // decimal digits with an optional sign, unquoted
std::optional<double> as_number(const Node& node);

Error error_at(const Node& node, std::string message);

// Reads one map key by key, and at finish() reports the keys that nobody asked for, with the nearest known one.
// Each getter marks its key as known; a key with a null value reads as missing. Wrong types are appended to `errors`
// and read as missing. Keys that start with "x-", and "$schema", are free.
//
//   MapReader map(node, "apps.web", errors);
//   spec.image = map.text("image");
//   spec.port = map.integer("port", 1, 65535);
//   if (const Node* env = map.map("env")) …
//   map.finish();
class MapReader {
 public:
  // `what` names the map in messages ("apps.web"); "" is the file itself. Not a map: one error, then all is missing
  // (null: no error).
  MapReader(const Node& node, std::string what, std::vector<Error>& errors);

  const Node* get(std::string_view key);                  // any kind; nullptr when missing or null
  const Node* map(std::string_view key);                  // a map, or an error
  const Node* list(std::string_view key);                 // a list, or an error
  std::optional<std::string> text(std::string_view key);  // any scalar's literal text
  std::optional<bool> boolean(std::string_view key);
  std::optional<int64_t> integer(std::string_view key, int64_t min = INT64_MIN, int64_t max = INT64_MAX);
  std::optional<double> number(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // a list of scalars; one scalar is a list of one
  // One of `words`, with the nearest one in the message.
  std::optional<std::string> one_of(std::string_view key, const std::vector<std::string>& words);

  // Adds an error when `key` is missing or null. True when it is there.
  bool require(std::string_view key);
  bool has(std::string_view key) const;                   // there and not null; doesn't mark it as known
  void known(std::string_view key);                       // accepted although nobody reads it here
  void error(std::string_view key, std::string message);  // at the value of `key` (or at the map)

  const Node& node() const { return node_; }
  const std::string& what() const { return what_; }
  std::string path(std::string_view key) const;  // "apps.web.port"
  void finish();

 private:
  void wrong_type(std::string_view key, const Node& value, std::string_view wanted);

  Node node_;
  std::string what_;
  std::vector<Error>* errors_;
  std::vector<std::string> known_;
};

}  // namespace autonomous::yaml
