// The only reader of YAML text: libyaml's events with limits, and with the words of Go's yaml.v2 where it fails.
//
// A Parser is pulled: next() gives one event after the other, whose texts live until the following call. libyaml itself
// has no limits and is quadratic in depth, so depth, size and number of nodes are counted here. Who needs no marks gets
// most texts without libyaml, from a quick scanner that says the same (simple.h). One thread a parser; the input must
// outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gitops/base/result.h"

namespace autonomous::yaml {

struct Limits {
  uint64_t bytes = 64u << 20;   // of a text, and of the scalars that its aliases repeat
  uint32_t depth = 10'000;      // go-yaml's, of flow and of block collections each
  uint64_t nodes = 20'000'000;  // scalars, collections and aliases, before aliases are expanded
};

struct Mark {
  uint32_t line = 0;    // from 0, as libyaml and Go count; people's counts start at 1
  uint32_t column = 0;  // from 0, in characters
  uint64_t index = 0;   // from 0, in characters
};

enum class Style : uint8_t { kPlain, kSingleQuoted, kDoubleQuoted, kLiteral, kFolded, kFlow, kBlock };

struct Event {
  enum class Type : uint8_t {
    kStreamEnd,
    kDocumentStart,
    kDocumentEnd,
    kScalar,
    kListStart,
    kListEnd,
    kMapStart,
    kMapEnd,
    kAlias
  };
  Type type = Type::kStreamEnd;
  Style style = Style::kPlain;
  bool plain_implicit = false;  // of a scalar: no tag and not quoted, so the text decides what it is
  bool implicit = false;        // of a document: without `---` (start) or `...` (end)
  std::string_view text;        // of a scalar
  std::string_view tag;         // long form, "" when there is none
  std::string_view anchor;      // of a node: its anchor; of an alias: the anchor it names
  Mark start;
  Mark end;
};

enum class Marks : uint8_t {
  kWanted,
  kUnwanted,  // those of events may be missing; those of errors are there
};

class Parser {
 public:
  explicit Parser(std::string_view text, const Limits& limits = {}, Marks marks = Marks::kWanted);
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  // False: it failed, error() says why, and every later call fails too. After kStreamEnd it gives kStreamEnd again.
  bool next(Event& event);

  // Go's text: "yaml: line 3: did not find expected key". kInvalid or kLimit. Only after next() returned false.
  const Error& error() const;
  // Where it failed (libyaml's mark, which Go's line is derived from).
  Mark where() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace autonomous::yaml
