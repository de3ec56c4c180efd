// Writes YAML as Go's yaml.v2 does after sigs.k8s.io/yaml's JSON step (toYaml, kubectl, Helm's values), or as yaml.v3
// does without one (toYamlPretty): byte for byte.
//
// Driven by calls, so that any value class can be printed without a copy. The caller sorts a map's keys with key_less.
// One thread an emitter. `out` is appended to and must outlive it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gitops/base/result.h"
#include "gitops/yaml/resolve.h"

namespace autonomous::yaml {

// yaml.v2's and v3's order of string keys: runs of digits count as numbers, other signs come before letters.
bool key_less(std::string_view a, std::string_view b, Flavour flavour = Flavour::kV2);

class Emitter {
 public:
  explicit Emitter(std::string& out, Flavour flavour = Flavour::kV2);

  void begin_map();
  void key(std::string_view key);
  void end_map();
  void begin_list();
  void end_list();

  void null();
  void boolean(bool value);
  void integer(int64_t value);
  void uinteger(uint64_t value);
  // v2: through JSON's number first (1e6 → 1000000, -0 → 0). v3: Go's %g (1e+06).
  void number(double value);
  // v2: text that can't pass through JSON into yaml.v2 (\x7f, U+FFFE …) makes finish() fail, as it makes toYaml fail.
  void string(std::string_view value);
  // A plain scalar as it is: numbers and words that keep the spelling somebody gave them.
  void literal(std::string_view value);

  // Beyond so many bytes of `out` finish() is kLimit: whoever walks a big value asks full() and stops.
  void limit(size_t most) { most_ = most; }
  bool full() const { return out_.size() > most_; }
  // finish() will fail with this.
  void refuse(std::string why) { failure_ = std::move(why); }
  // Ends the document with its line end. kInvalid with Go's text when something can't be written; `out` then holds
  // rubbish.
  Result<void> finish();

 private:
  struct Frame {
    bool map;
    bool simple_key = false;
    int outer_indent;
  };
  struct Analysis;
  enum class Quote : uint8_t { kPlain, kSingle, kDouble, kLiteral };

  void before_node(bool is_key, bool simple);
  void open_pending();
  void scalar(std::string_view value, Quote style, bool is_key, std::string_view tag = {});
  void text(std::string_view value, bool is_key);
  void begin(bool map);
  void end(bool map);
  static Analysis analyze(std::string_view value, Flavour flavour);

  int increased_indent(bool flow, bool indentless) const;
  void put(char c);
  void put_break();
  void write(std::string_view value, size_t& at);
  void write_break(std::string_view value, size_t& at);
  void write_indent();
  void write_indicator(std::string_view indicator, bool need_whitespace, bool is_whitespace, bool is_indention);
  void write_plain(std::string_view value, bool allow_breaks);
  void write_single_quoted(std::string_view value, bool allow_breaks);
  void write_double_quoted(std::string_view value, bool allow_breaks);
  void write_literal(std::string_view value);
  void write_escape(uint32_t rune);

  std::string& out_;
  Flavour flavour_;
  std::vector<Frame> frames_;
  std::string failure_;
  size_t most_ = SIZE_MAX;
  char pending_ = 0;  // '{' or '[': begun, but not known yet whether it is empty
  int indent_ = -1;
  int column_ = 0;
  int width_;
  bool whitespace_ = true;
  bool indention_ = true;
  bool mapping_context_ = false;
};

// Go's strconv.FormatFloat(value, 'g', -1, 64 or 32), with yaml's .inf, -.inf and .nan.
std::string format_g(double value);
std::string format_g32(double value);
// encoding/json's text of a finite float64.
std::string json_number(double value);

}  // namespace autonomous::yaml
