// What a YAML scalar means, as Go's yaml.v2 and sigs.k8s.io/yaml decide it, and the reader that builds values from a
// document by these rules. Helm, kubectl and Argo CD read YAML this way: 1.1 bools (also as keys), 0777 and 0o17
// octal, 1_000, timestamps as strings, `<<`, and of duplicate keys the last.
//
// There is no value class here: whoever reads brings a Sink. Functions are pure and safe on any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gitops/base/result.h"
#include "gitops/yaml/events.h"

namespace autonomous::yaml {

enum class Flavour : uint8_t { kV2, kV3 };  // yaml.v2 (sigs.k8s.io/yaml) or yaml.v3 (toYamlPretty)

struct Scalar {
  enum class Kind : uint8_t { kNull, kBool, kInt, kUint, kFloat, kString, kTimestamp };
  Kind kind = Kind::kNull;
  bool boolean = false;
  int64_t integer = 0;    // kInt
  uint64_t uinteger = 0;  // kUint: above INT64_MAX only
  double number = 0;      // kFloat
  std::string_view text;  // the literal text, always; a timestamp reads as this string
};

// An untagged plain scalar.
Scalar resolve_plain(std::string_view text, Flavour flavour = Flavour::kV2);
// With a tag (long form, may be ""). "yaml: cannot decode !!str `x` as a !!int". !!binary isn't decoded here.
Result<Scalar> resolve(std::string_view tag, std::string_view text, bool plain_implicit);

// encoding/json's view of a number: what a decoded interface{} holds.
double to_float64(const Scalar& scalar);
// What sigs.k8s.io/yaml makes of a scalar whose Go target is a string (`version: 1.10` → "1.1").
std::string to_go_string(const Scalar& scalar);
// What it makes of a scalar that is a map key (`y:` → "true"). Error for null and for integers above INT64_MAX.
Result<std::string> to_key(const Scalar& scalar);

// Receives one document. Texts live during the call only. In a map the same key may come again: the last value wins
// (`<<` works by that too).
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void begin_map() = 0;
  virtual void key(std::string_view key) = 0;
  virtual void end_map() = 0;
  virtual void begin_list() = 0;
  virtual void end_list() = 0;
  virtual void scalar(const Scalar& scalar) = 0;
};

struct ReadOptions {
  Limits limits;
  bool json = true;  // refuse what JSON can't hold (.inf, .nan), with encoding/json's words
};

// Reads the first document of `text` into `sink`, as yaml.Unmarshal does (later documents are not looked at). An empty
// text is a null. Errors are the texts of Go's "yaml: …" or "json: …": sigs.k8s.io/yaml's caller sees them after
// "error converting YAML to JSON: ". What went into the sink before an error is to be thrown away.
Result<void> read(std::string_view text, Sink& sink, const ReadOptions& options = {});

// The same for every document: `sink` gets one after the other; `next_document` is called after each.
class DocumentSink : public Sink {
 public:
  virtual void next_document() = 0;
};
Result<void> read_all(std::string_view text, DocumentSink& sink, const ReadOptions& options = {});

}  // namespace autonomous::yaml
