// What the fuzzers share: a property that must hold, and inputs of two parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace autonomous::fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

inline std::string_view text_of(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

// Whether a value, given as Go's encoder writes it as JSON, is one that helm itself does not read as it wrote it (seen
// with helm 4.3.1 and 3.22.0, `toYaml | fromYaml`; we lose the same):
// - a line break of YAML 1.1 that is none of ASCII (U+0085, U+2028, U+2029): yaml.v2 writes it as it is between single
//   quotes, and folds it into a space when it reads that,
// - a key `<<`, which is written plain, and read as a merge,
// - minus zero, which is written as 0.
inline bool helm_loses(std::string_view json) {
  for (std::string_view one : {"\xc2\x85", "\\u2028", "\\u2029", "\"\\u003c\\u003c\":", "-0]", "-0,", "-0}"})
    if (json.find(one) != std::string_view::npos) return true;
  return json == "-0";
}

// What stands before and after the first line "===".
inline std::pair<std::string_view, std::string_view> halves(std::string_view text) {
  constexpr std::string_view kCut = "===\n";
  size_t at = text.starts_with(kCut) ? 0 : text.find("\n===\n");
  if (at == std::string_view::npos) return {text, {}};
  size_t end = text.find(kCut, at) + kCut.size();
  return {text.substr(0, end - kCut.size()), text.substr(end)};
}

}  // namespace autonomous::fuzz
